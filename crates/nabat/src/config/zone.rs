//! Time zones by their IANA names, from the database that is built in.

use jiff::tz::TimeZone;
use schemars::{Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, de};

/// The zone called `name`, or nothing if there is none.
pub(super) fn find(name: &str) -> Option<TimeZone> {
    TimeZone::get(name).ok()
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<TimeZone, D::Error> {
    let name = String::deserialize(deserializer)?;
    find(&name).ok_or_else(|| de::Error::custom("not the name of a time zone"))
}

pub(super) fn schema(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "string", "format": "time-zone"})
}
