//! Conditions that people write about what a probe saw, in CEL: `json.queue.depth < 100`.
//!
//! A condition is read once, when it is saved: what it speaks of, and whether that fits, is checked
//! then (`check`). Later it is only held against what was seen (`judge`). CEL knows no limit to
//! what an expression may cost; here its length, its nesting and its time are limited.

mod check;
mod facts;
mod judge;
mod language;
mod seen;
mod value;

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use cel::parser::Expression;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, de};

use super::pattern::Pattern;

pub(super) use facts::{Fact, Facts};
pub(super) use judge::{Evaluations, judge};

/// The most characters of a condition.
pub const MAX_CHARS: usize = 500;

/// A condition on what a probe saw. Cheap to clone.
#[derive(Clone)]
pub struct Condition(Arc<Compiled>);

struct Compiled {
    /// As it was written.
    source: String,
    expression: Expression,
    /// The regular expressions in it, which it knows by their index.
    patterns: Vec<Pattern>,
    /// What it speaks of.
    variables: BTreeSet<&'static str>,
    /// Whether it looks at each item of something.
    loops: bool,
}

/// Why a text is no condition.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("found {found}, expected {expected}")]
pub struct NoCondition {
    /// Where in the text, in bytes.
    pub at: usize,
    /// What stands there.
    pub found: String,
    /// What should.
    pub expected: String,
    /// What may help.
    pub hint: Option<String>,
}

impl Condition {
    /// Reads a condition on what a probe of this kind sees.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn read(text: &str, kind: &str) -> Result<Self, NoCondition> {
        let known = language::variables(kind);
        check::compile(text, &known).map(|compiled| Self(Arc::new(compiled)))
    }

    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.0.source
    }

    /// Whether it speaks of the body of an answer.
    pub(crate) fn wants_body(&self) -> bool {
        ["body", "json"]
            .iter()
            .any(|name| self.0.variables.contains(name))
    }
}

/// Reads a condition on what a probe of any kind may see.
impl FromStr for Condition {
    type Err = NoCondition;

    fn from_str(text: &str) -> Result<Self, NoCondition> {
        let known = language::all_variables();
        check::compile(text, &known).map(|compiled| Self(Arc::new(compiled)))
    }
}

impl PartialEq for Condition {
    fn eq(&self, other: &Self) -> bool {
        self.0.source == other.0.source
    }
}

impl Eq for Condition {}

impl fmt::Debug for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Condition").field(&self.0.source).finish()
    }
}

impl<'de> Deserialize<'de> for Condition {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

impl JsonSchema for Condition {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Condition".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "minLength": 1,
            "maxLength": MAX_CHARS,
            "x-expected": "a condition such as `latency < 300`, of at most 500 characters",
        })
    }
}

#[cfg(test)]
mod tests;
