//! An alert as Alertmanager shows it, and which of them somebody wants to see.

use std::sync::Arc;
use std::time::Duration;

use axum::http::StatusCode;
use regex::Regex;
use serde::{Serialize, Serializer};

use nabat_core::alert::{Fingerprint, Labels};
use nabat_core::engine::Firing;
use nabat_core::matcher::Matcher;
use nabat_core::route::Route;
use nabat_core::silence::SilenceId;
use nabat_core::silence::uuid::Names;
use nabat_core::time::Timestamp;

use super::answer::Refused;
use super::query;

/// An alert.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Gettable<'a> {
    annotations: &'a Labels,
    ends_at: Time,
    fingerprint: Shown<Fingerprint>,
    receivers: &'a [Named<'a>],
    starts_at: Time,
    status: Status<'a>,
    updated_at: Time,
    #[serde(rename = "generatorURL", skip_serializing_if = "Option::is_none")]
    generator_url: Option<&'a str>,
    labels: &'a Labels,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Status<'a> {
    inhibited_by: &'a [Shown<Fingerprint>],
    muted_by: &'a [String],
    silenced_by: &'a [String],
    state: &'static str,
}

/// Something that has a name and nothing else.
#[derive(Serialize)]
pub(super) struct Named<'a> {
    /// The name.
    pub(super) name: &'a str,
}

impl<'a> Named<'a> {
    /// The receiver of a route.
    pub(super) fn receiver(route: &'a Arc<Route>) -> Self {
        Self {
            name: &route.receiver,
        }
    }
}

/// A time with three digits behind the second.
type Time = Shown<Timestamp>;

/// Written as it is displayed.
struct Shown<T>(T);

impl<T: std::fmt::Display> Serialize for Shown<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

/// Something that fires, and what hushes it.
pub(super) struct Alert {
    /// What fires.
    pub(super) firing: Firing,
    silenced_by: Box<[SilenceId]>,
}

impl Alert {
    /// What fires while these silences cover it.
    pub(super) fn new(firing: Firing, mut silenced_by: Box<[SilenceId]>) -> Self {
        silenced_by.sort_unstable();
        Self {
            firing,
            silenced_by,
        }
    }

    fn state(&self) -> &'static str {
        if self.silenced_by.is_empty() && self.firing.inhibited_by.is_none() {
            "active"
        } else {
            "suppressed"
        }
    }
}

/// Which alerts somebody wants to see.
pub(super) struct Wanted {
    /// What its labels fulfil.
    pub(super) matchers: Vec<Matcher>,
    receiver: Option<Regex>,
    active: bool,
    silenced: bool,
    inhibited: bool,
}

impl Wanted {
    /// Reads the parameters.
    ///
    /// # Errors
    /// When a matcher or the receiver's expression can't be read.
    pub(super) fn read(parameters: &[(String, String)]) -> Result<Self, Refused> {
        let receiver = query::all(parameters, "receiver")
            .last()
            .filter(|text| !text.is_empty())
            .map(|text| {
                Regex::new(&format!("^(?:{text})$")).map_err(|error| {
                    // The first lines draw where it is.
                    let error = error.to_string();
                    let problem = error.lines().last().unwrap_or_default();
                    let problem = problem.trim_start_matches("error: ");
                    let message = format!(
                        "failed to parse receiver param: error parsing regexp: {problem}: `^(?:{text})$`"
                    );
                    Refused::said(StatusCode::BAD_REQUEST, message)
                })
            });
        Ok(Self {
            matchers: query::filters(parameters)?,
            receiver: receiver.transpose()?,
            active: query::flag(parameters, "active"),
            silenced: query::flag(parameters, "silenced"),
            inhibited: query::flag(parameters, "inhibited"),
        })
    }

    /// Whether an alert is that stands like this one.
    pub(super) fn standing(&self, alert: &Alert) -> bool {
        (self.active || alert.state() != "active")
            && (self.silenced || alert.silenced_by.is_empty())
            && (self.inhibited || alert.firing.inhibited_by.is_none())
    }

    /// Whether what goes to this receiver is.
    pub(super) fn receiver(&self, name: &str) -> bool {
        let wanted = self.receiver.as_ref();
        wanted.is_none_or(|receiver| receiver.is_match(name))
    }
}

/// What does not change between the alerts of one answer.
pub(super) struct Writer {
    /// When an alert is shown to end whose source gave no end and is believed until it does.
    open_end: Timestamp,
    names: Names,
}

impl Writer {
    /// The writer of an answer that is given at `now`.
    pub(super) fn new(now: Timestamp, resolve_timeout: Duration, names: Names) -> Self {
        Self {
            open_end: now.after(resolve_timeout),
            names,
        }
    }

    /// Appends an alert, and the time intervals because of which it is not told now.
    pub(super) fn write(
        &self,
        alert: &Alert,
        receivers: &[Named],
        muted_by: &[String],
        out: &mut Vec<u8>,
    ) {
        let firing = &alert.firing;
        let incident = &firing.incident;
        let expires = firing.pulse.expires.map(|expires| expires.at);
        let inhibited_by = firing.inhibited_by.map(Shown);
        let silences = alert.silenced_by.iter();
        let silences: Vec<String> = silences.map(|id| self.names.uuid(*id)).collect();
        let gettable = Gettable {
            annotations: &incident.annotations,
            ends_at: Shown(expires.unwrap_or(self.open_end)),
            fingerprint: Shown(incident.fingerprint),
            receivers,
            starts_at: Shown(incident.starts_at),
            status: Status {
                inhibited_by: inhibited_by.as_slice(),
                muted_by,
                silenced_by: &silences,
                state: alert.state(),
            },
            updated_at: Shown(firing.pulse.seen_at),
            generator_url: incident.links.generator.as_deref(),
            labels: &incident.labels,
        };
        append(&gettable, out);
    }
}

/// Appends a value as JSON.
pub(super) fn append(value: &impl Serialize, out: &mut Vec<u8>) {
    // Writing texts and lists to memory does not fail.
    let _ = serde_json::to_writer(out, value);
}
