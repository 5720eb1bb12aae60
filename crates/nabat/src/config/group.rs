//! Groups of monitors, as they are written.

use std::str::FromStr;

use nabat_core::matcher::Matcher;
use nabat_core::monitor::DownWhen;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, de};

use super::matchers;
use crate::probe::Short;

/// Other monitors that are told of together. A text alone stands for its `members`, separated by
/// commas.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Group {
    /// The names of the monitors by which it stands; groups as well.
    #[serde(default)]
    #[schemars(length(max = 1000))]
    pub members: Vec<String>,
    /// By which labels monitors join it, as in `team="web"`: all that fulfil all of these, as they come
    /// and go. They are the labels of a monitor's alert, `kind` and `instance` among them. Groups do
    /// not join by labels.
    #[serde(default, deserialize_with = "matchers::lists")]
    #[schemars(schema_with = "matchers::lists_schema")]
    pub matchers: Vec<Matcher>,
    /// How many of them have to be down for it to be down: `any`, `all`, or a share such as `50%`.
    #[serde(default = "any", deserialize_with = "down_when")]
    #[schemars(schema_with = "share_schema")]
    pub down_when: DownWhen,
}

impl Short for Group {
    fn short(text: &str) -> Result<Self, String> {
        let names = text
            .split(',')
            .map(str::trim)
            .filter(|name| !name.is_empty());
        let members: Vec<String> = names.map(str::to_owned).collect();
        if members.is_empty() {
            return Err("there is no member".to_owned());
        }
        Ok(Self {
            members,
            matchers: Vec::new(),
            down_when: any(),
        })
    }

    fn text_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "pattern": "[^,\\s]",
            "maxLength": 10_000,
            "x-expected": "names of monitors, separated by commas",
        })
    }
}

const fn any() -> DownWhen {
    DownWhen::Any
}

fn share_schema(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "string",
        "pattern": "^(any|all|(100|[1-9][0-9]?)%)$",
        "x-expected": "`any`, `all` or a share such as `50%`",
        "default": "any",
    })
}

fn down_when<'de, D: Deserializer<'de>>(deserializer: D) -> Result<DownWhen, D::Error> {
    let text = String::deserialize(deserializer)?;
    Ok(match text.as_str() {
        "any" => DownWhen::Any,
        "all" => DownWhen::All,
        share => {
            let percent = share.strip_suffix('%').unwrap_or(share);
            DownWhen::Percent(u8::from_str(percent).map_err(de::Error::custom)?)
        }
    })
}
