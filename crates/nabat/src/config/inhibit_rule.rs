//! The settings of `inhibit_rules`: which alerts explain which, in Alertmanager's own words.

use nabat_core::inhibition::Rule;
use nabat_core::matcher::Matcher;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;

use super::matchers;
use super::schema::unsupported;

/// While an alert fires that fulfils all source matchers, alerts that fulfil all target matchers
/// and have the same values of the labels in `equal` are not told.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(extend("x-unsupported" = unsupported([
    ("sources", "write one rule with `source_matchers`; a rule looks for one source"),
])))]
pub struct InhibitRule {
    /// What the rule is called, for those who read the file.
    pub name: Option<String>,
    /// What the alert that explains others must fulfil. Each entry may hold several matchers.
    #[serde(deserialize_with = "matchers::lists")]
    #[schemars(schema_with = "matchers::lists_schema")]
    pub source_matchers: Vec<Matcher>,
    /// The older way to write source matchers with `=`.
    #[serde(deserialize_with = "matchers::equal")]
    #[schemars(schema_with = "matchers::labels_schema")]
    pub source_match: Vec<Matcher>,
    /// The older way to write source matchers with `=~`.
    #[serde(deserialize_with = "matchers::expressions")]
    #[schemars(schema_with = "matchers::labels_schema")]
    pub source_match_re: Vec<Matcher>,
    /// What the alerts must fulfil that are not told meanwhile. Each entry may hold several matchers.
    #[serde(deserialize_with = "matchers::lists")]
    #[schemars(schema_with = "matchers::lists_schema")]
    pub target_matchers: Vec<Matcher>,
    /// The older way to write target matchers with `=`.
    #[serde(deserialize_with = "matchers::equal")]
    #[schemars(schema_with = "matchers::labels_schema")]
    pub target_match: Vec<Matcher>,
    /// The older way to write target matchers with `=~`.
    #[serde(deserialize_with = "matchers::expressions")]
    #[schemars(schema_with = "matchers::labels_schema")]
    pub target_match_re: Vec<Matcher>,
    /// The labels whose values must be the same on both; a label that is missing has an empty
    /// value. Without any, one source explains all targets.
    #[schemars(schema_with = "equal_schema")]
    pub equal: Vec<String>,
}

impl InhibitRule {
    /// The rule as the engine reads it.
    pub(super) fn rule(&self) -> Rule {
        let all = |of: [&Vec<Matcher>; 3]| of.into_iter().flatten().cloned().collect();
        Rule {
            source: all([
                &self.source_matchers,
                &self.source_match,
                &self.source_match_re,
            ]),
            target: all([
                &self.target_matchers,
                &self.target_match,
                &self.target_match_re,
            ]),
            equal: self.equal.iter().map(|name| name.as_str().into()).collect(),
        }
    }
}

fn equal_schema(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "array",
        "items": {"type": "string", "x-expected": "the name of a label"},
        "maxItems": 100,
        "default": [],
    })
}
