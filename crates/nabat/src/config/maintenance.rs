//! The settings of `maintenance`: what is silenced again and again.

use jiff::tz::TimeZone;
use nabat_core::cron::Cron;
use nabat_core::matcher::Matcher;
use nabat_core::silence::window::Window;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, de};

use super::period::Period;
use super::{Config, matchers, zone};

/// What is silenced again and again, such as backups at night.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Maintenance {
    /// What it is called where it is shown; unique.
    #[schemars(
        regex(pattern = "^.{1,100}$"),
        extend("x-expected" = "a name of 1 to 100 characters")
    )]
    pub name: String,
    /// Which alerts: those that fulfil every matcher, such as `team="db"`. Each entry may hold
    /// several.
    #[serde(deserialize_with = "matchers::lists")]
    #[schemars(schema_with = "matchers::lists_schema")]
    pub matchers: Vec<Matcher>,
    /// When it begins, as in cron: minute, hour, day of the month, month, day of the week.
    #[serde(deserialize_with = "cron")]
    #[schemars(with = "String", extend("format" = "cron"))]
    pub start: Cron,
    /// For how long, from `1m` to `31d`.
    pub duration: Period,
    /// Whose clocks say when it begins. Without it, `time_zone` of the whole.
    #[serde(default, deserialize_with = "some_zone")]
    #[schemars(schema_with = "zone::schema")]
    pub time_zone: Option<TimeZone>,
}

impl Config {
    /// When what is silenced.
    pub fn windows(&self) -> Vec<Window> {
        let window = |maintenance: &Maintenance| Window {
            name: maintenance.name.clone(),
            matchers: maintenance.matchers.clone(),
            start: maintenance.start.clone(),
            duration: maintenance.duration.duration(),
            zone: maintenance
                .time_zone
                .clone()
                .unwrap_or_else(|| self.time_zone.clone()),
        };
        self.maintenance.iter().map(window).collect()
    }
}

pub(super) fn cron<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Cron, D::Error> {
    let text = String::deserialize(deserializer)?;
    text.parse().map_err(de::Error::custom)
}

pub(super) fn some_zone<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<TimeZone>, D::Error> {
    zone::deserialize(deserializer).map(Some)
}
