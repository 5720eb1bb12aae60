//! Time zones by their IANA names, from the database that is built in, and that of the machine.

use std::fs;

use jiff::tz::TimeZone;
use schemars::{Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, de};

use super::environment::environment;

/// What Alertmanager calls the zone of the machine.
const LOCAL: &str = "Local";

/// The zone called `name`, or nothing if there is none.
pub(super) fn find(name: &str) -> Option<TimeZone> {
    match name {
        LOCAL => Some(local()),
        name => TimeZone::get(name).ok(),
    }
}

/// That of `TZ`, or that of the machine; UTC if neither says anything.
fn local() -> TimeZone {
    if let Some(zone) = environment("TZ") {
        return TimeZone::get(zone.trim_start_matches(':')).unwrap_or(TimeZone::UTC);
    }
    let read = fs::read("/etc/localtime").ok();
    let zone = read.and_then(|data| TimeZone::tzif(LOCAL, &data).ok());
    zone.unwrap_or(TimeZone::UTC)
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
