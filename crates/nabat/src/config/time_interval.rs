//! The settings of `time_intervals`: recurring spans of time, in Alertmanager's own words.

use std::fmt::Display;
use std::str::FromStr;

use jiff::tz::TimeZone;
use nabat_core::time_interval::{self, TimeOfDay, Times};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, de};

use super::zone;

/// A name for spans of time, by which routes refer to them.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NamedIntervals {
    /// What routes call it; unique.
    #[schemars(
        regex(pattern = "^[^\\x00-\\x1f\\x7f]+$"), length(max = 200),
        extend("x-expected" = "1 to 200 characters on one line")
    )]
    pub name: String,
    /// The spans: a moment that lies in any of them counts.
    #[schemars(length(max = 1_000))]
    pub time_intervals: Vec<Interval>,
}

/// A span of time. A moment lies in it if it lies in all that is given; without anything, all do.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Interval {
    /// Parts of a day.
    #[serde(default)]
    #[schemars(schema_with = "times_schema")]
    pub times: Option<Vec<TimeRange>>,
    /// Days of a week, such as `monday:friday` or `sunday`. A week begins on Sunday.
    #[serde(deserialize_with = "ranges", default)]
    #[schemars(schema_with = "weekdays_schema")]
    pub weekdays: Option<Vec<time_interval::Weekdays>>,
    /// Days of a month, such as `1:5`, or counted from its end, such as `-3:-1`.
    #[serde(deserialize_with = "ranges", default)]
    #[schemars(schema_with = "days_schema")]
    pub days_of_month: Option<Vec<time_interval::DaysOfMonth>>,
    /// Months by name or number, such as `may:august` or `1:3`.
    #[serde(deserialize_with = "ranges", default)]
    #[schemars(schema_with = "months_schema")]
    pub months: Option<Vec<time_interval::Months>>,
    /// Years, such as `2026:2028` or `2030`.
    #[serde(deserialize_with = "ranges", default)]
    #[schemars(schema_with = "years_schema")]
    pub years: Option<Vec<time_interval::Years>>,
    /// Whose clock counts, by its IANA name.
    #[serde(deserialize_with = "zone::deserialize", default = "utc")]
    #[schemars(schema_with = "zone::schema", extend("default" = "UTC"))]
    pub location: TimeZone,
}

fn utc() -> TimeZone {
    TimeZone::UTC
}

/// A part of a day. It does not go past midnight.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TimeRange {
    /// Its first minute.
    #[serde(deserialize_with = "read")]
    #[schemars(schema_with = "time_schema")]
    pub start_time: TimeOfDay,
    /// The minute at which it is over; `24:00` is the end of the day.
    #[serde(deserialize_with = "read")]
    #[schemars(schema_with = "time_schema")]
    pub end_time: TimeOfDay,
}

impl Interval {
    /// The interval as the engine reads it.
    pub(super) fn interval(&self) -> time_interval::TimeInterval {
        // The rules see to it that each ends after it begins.
        let times = |range: &TimeRange| Times::new(range.start_time, range.end_time).ok();
        let times = |ranges: &Vec<TimeRange>| ranges.iter().filter_map(times).collect();
        time_interval::TimeInterval {
            times: self.times.as_ref().map(times),
            weekdays: self.weekdays.clone(),
            days_of_month: self.days_of_month.clone(),
            months: self.months.clone(),
            years: self.years.clone(),
            zone: self.location.clone(),
        }
    }
}

fn read<'de, D, R>(deserializer: D) -> Result<R, D::Error>
where
    D: Deserializer<'de>,
    R: FromStr<Err: Display>,
{
    let text = String::deserialize(deserializer)?;
    text.parse().map_err(de::Error::custom)
}

fn ranges<'de, D, R>(deserializer: D) -> Result<Option<Vec<R>>, D::Error>
where
    D: Deserializer<'de>,
    R: FromStr<Err: Display>,
{
    let texts = Vec::<String>::deserialize(deserializer)?;
    let ranges = texts.iter().map(|text| text.parse());
    ranges
        .collect::<Result<_, _>>()
        .map(Some)
        .map_err(de::Error::custom)
}

fn times_schema(generator: &mut SchemaGenerator) -> Schema {
    let range = generator.subschema_for::<TimeRange>();
    json_schema!({"type": ["array", "null"], "items": range, "maxItems": 100})
}

fn time_schema(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "string", "format": "time-of-day"})
}

fn list_of(format: &str) -> Schema {
    json_schema!({
        "type": ["array", "null"],
        "items": {"type": "string", "format": format},
        "maxItems": 100,
    })
}

fn weekdays_schema(_: &mut SchemaGenerator) -> Schema {
    list_of("weekdays")
}

fn days_schema(_: &mut SchemaGenerator) -> Schema {
    list_of("days-of-month")
}

fn months_schema(_: &mut SchemaGenerator) -> Schema {
    list_of("months")
}

fn years_schema(_: &mut SchemaGenerator) -> Schema {
    list_of("years")
}
