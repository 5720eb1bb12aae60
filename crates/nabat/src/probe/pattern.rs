//! A regular expression of a setting, searched in what a target sends.

use std::str::FromStr;

use regex::bytes::{Regex, RegexBuilder};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, de};

/// The most memory that one compiled expression may take, in bytes.
const MAX_SIZE: usize = 1024 * 1024;

/// A regular expression, searched anywhere in the bytes that were received.
#[derive(Clone, Debug)]
pub struct Pattern(Regex);

impl Pattern {
    /// The expression as it was written.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// Where its first match in `bytes` ends.
    pub(super) fn end(&self, bytes: &[u8]) -> Option<usize> {
        self.0.find(bytes).map(|found| found.end())
    }

    /// `template` with what its groups found in `bytes` for `${1}` and the like.
    pub(super) fn complete(&self, template: &str, bytes: &[u8]) -> String {
        let mut complete = Vec::new();
        if let Some(found) = self.0.captures(bytes) {
            found.expand(template.as_bytes(), &mut complete);
        }
        String::from_utf8_lossy(&complete).into_owned()
    }

    /// Whether it is found in `bytes`.
    pub fn is_match(&self, bytes: &[u8]) -> bool {
        self.0.is_match(bytes)
    }
}

/// Why a text is no regular expression, on one line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct PatternError(String);

impl FromStr for Pattern {
    type Err = PatternError;

    fn from_str(text: &str) -> Result<Self, PatternError> {
        let built = RegexBuilder::new(text).size_limit(MAX_SIZE).build();
        built.map(Self).map_err(|error| {
            // Above it the expression is drawn once more, with an arrow.
            let words = error.to_string();
            let last = words.lines().last().unwrap_or_default();
            PatternError(last.trim_start_matches("error: ").to_owned())
        })
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for Pattern {}

impl<'de> Deserialize<'de> for Pattern {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

impl JsonSchema for Pattern {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Pattern".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "format": "regex", "maxLength": 1000})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_expression_is_told_on_one_line() {
        for (text, told) in [
            ("(", "unclosed group"),
            (
                "[z-a]",
                "invalid character class range, the start must be <= the end",
            ),
            (
                r"\w{9999}{999}",
                "Compiled regex exceeds size limit of 1048576 bytes.",
            ),
        ] {
            let error = text.parse::<Pattern>().unwrap_err();
            assert_eq!(error.to_string(), told, "{text}");
        }
    }

    #[test]
    fn a_pattern_is_found_anywhere_in_bytes() {
        let pattern: Pattern = "b+".parse().unwrap();
        assert_eq!(pattern.end(b"\xffabbc"), Some(4));
        assert!(!pattern.is_match(b"ac"));
    }
}
