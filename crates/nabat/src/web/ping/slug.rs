//! Heartbeats that are called by name, and made by their first call.

use std::path::Path;

use axum::http::StatusCode;
use nabat_core::monitor::record::Origin;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::signal;
use crate::config::parse_monitor;
use crate::watch::{Address, Mode, Refused, Wanted};
use crate::web;
use crate::web::answer::Problem;

/// The longest name, in bytes: that of a monitor.
const BYTES_MAX: usize = 100;
/// When a heartbeat is due of which nothing is said.
const PERIOD: &str = "1d";
const GRACE: &str = "1h";

/// When a heartbeat is due that its first call makes.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Due {
    /// How long after each call.
    period: Option<String>,
    /// When, as in cron.
    cron: Option<String>,
    /// By whose clocks.
    tz: Option<String>,
    /// How late it may be.
    grace: Option<String>,
}

impl Due {
    /// The settings of such a heartbeat.
    fn settings(&self) -> Map<String, Value> {
        let given = [
            ("period", &self.period),
            ("cron", &self.cron),
            ("time_zone", &self.tz),
            ("grace", &self.grace),
        ];
        let given = given
            .into_iter()
            .filter_map(|(key, value)| Some((key.to_owned(), value.as_deref()?.into())));
        let mut settings: Map<String, Value> = given.collect();
        if self.cron.is_none() {
            settings.entry("period").or_insert_with(|| PERIOD.into());
        }
        settings.entry("grace").or_insert_with(|| GRACE.into());
        settings
    }
}

/// How the heartbeat of this name is called.
pub(super) fn address(name: String) -> Result<Address, Problem> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_.-".contains(c);
    // Who forgot the name would else call a heartbeat `start`.
    let is_name = name.len() <= BYTES_MAX && name.chars().all(plain) && signal(&name).is_none();
    is_name.then_some(Address::Slug(name)).ok_or_else(|| {
        Problem::new(
            StatusCode::BAD_REQUEST,
            "invalid_slug",
            "no heartbeat can be called by this name",
            "a name here has 1 to 100 characters from A-Z, a-z, 0-9, `_`, `.` and `-`, and is none of \
             `start`, `fail`, `log` and the exit codes",
        )
    })
}

/// Makes the heartbeat of this name; returns whether there was none.
pub(super) async fn make(state: &web::State, name: &str, due: &Due) -> Result<bool, Problem> {
    let definition = json!({"name": name, "heartbeat": due.settings()}).to_string();
    let wanted = Wanted {
        written: parse_monitor(Path::new("the address"), definition.as_bytes())?,
        origin: Origin::Called,
        introduced: None,
    };
    match state.watch.put(vec![wanted], Mode::Create).await {
        Ok(_) => Ok(true),
        // Somebody else made it meanwhile: another call, or the configuration.
        Err(Refused::Exists { .. } | Refused::Configured { .. }) => Ok(false),
        Err(refused) => Err(refused.into()),
    }
}
