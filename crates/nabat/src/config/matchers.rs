//! Matchers as settings: lists of them, and the two older ways to write them.

use std::collections::BTreeMap;

use nabat_core::matcher::{Matcher, Operator, classic};
use schemars::{Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, de};

pub(super) fn lists<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Matcher>, D::Error> {
    let texts = Vec::<String>::deserialize(deserializer)?;
    let lists = texts.iter().map(|text| classic::parse_list(text));
    let lists: Vec<Vec<Matcher>> = lists.collect::<Result<_, _>>().map_err(de::Error::custom)?;
    Ok(lists.into_iter().flatten().collect())
}

pub(super) fn equal<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Matcher>, D::Error> {
    let labels = BTreeMap::<String, String>::deserialize(deserializer)?;
    let equal = |(name, value): (&String, &String)| Matcher::equal(name, value);
    Ok(labels.iter().map(equal).collect())
}

pub(super) fn expressions<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<Matcher>, D::Error> {
    let labels = BTreeMap::<String, String>::deserialize(deserializer)?;
    let matches = |(name, value): (&String, &String)| Matcher::new(name, Operator::Matches, value);
    let matchers: Result<_, _> = labels.iter().map(matches).collect();
    matchers.map_err(de::Error::custom)
}

pub(super) fn lists_schema(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "array",
        "items": {"type": "string", "x-expected": "a matcher such as `severity=\"critical\"`"},
        "maxItems": 100,
        "default": [],
    })
}

pub(super) fn labels_schema(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "object",
        "additionalProperties": {"type": "string"},
        "x-expected": "a mapping of labels to texts",
        "default": {},
    })
}
