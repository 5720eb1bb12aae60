//! An alert as Alertmanager shows it, and which of them somebody wants to see.

use std::time::Duration;

use axum::http::StatusCode;
use regex::Regex;
use serde::{Serialize, Serializer};

use nabat_core::alert::{Fingerprint, Labels};
use nabat_core::engine::{Firing, Overview};
use nabat_core::matcher::Matcher;
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
    receivers: Vec<Named<'a>>,
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
    muted_by: [&'a str; 0],
    silenced_by: &'a [String],
    state: &'static str,
}

/// Something that has a name and nothing else.
#[derive(Serialize)]
pub(super) struct Named<'a> {
    /// The name.
    pub(super) name: &'a str,
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

/// What hushes an alert.
pub(super) struct Standing {
    silenced_by: Vec<String>,
    inhibited_by: Vec<Shown<Fingerprint>>,
}

impl Standing {
    /// What hushes `firing`, where silences have these `names`.
    pub(super) fn of(overview: &Overview, firing: &Firing, names: Names) -> Self {
        let silences = overview.silenced_by(&firing.incident.labels);
        let inhibitors = overview.inhibited_by(&firing.incident).into_iter();
        Self {
            silenced_by: silences.into_iter().map(|id| names.uuid(id)).collect(),
            inhibited_by: inhibitors.map(Shown).collect(),
        }
    }

    fn state(&self) -> &'static str {
        if self.silenced_by.is_empty() && self.inhibited_by.is_empty() {
            "active"
        } else {
            "suppressed"
        }
    }
}

/// Which alerts somebody wants to see.
pub(super) struct Wanted {
    matchers: Vec<Matcher>,
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

    /// Whether an alert with these labels is.
    pub(super) fn labels(&self, labels: &Labels) -> bool {
        self.matchers.iter().all(|matcher| matcher.matches(labels))
    }

    /// Whether an alert that stands like this is.
    pub(super) fn standing(&self, standing: &Standing) -> bool {
        (self.active || standing.state() != "active")
            && (self.silenced || standing.silenced_by.is_empty())
            && (self.inhibited || standing.inhibited_by.is_empty())
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
    pub(super) open_end: Timestamp,
}

impl Writer {
    /// The writer of an answer that is given at `now`.
    pub(super) fn new(now: Timestamp, resolve_timeout: Duration) -> Self {
        Self {
            open_end: now.after(resolve_timeout),
        }
    }

    /// Appends an alert.
    pub(super) fn write(
        &self,
        firing: &Firing,
        standing: &Standing,
        receivers: &[&str],
        out: &mut Vec<u8>,
    ) {
        let incident = &firing.incident;
        let expires = firing.pulse.expires.map(|expires| expires.at);
        let gettable = Gettable {
            annotations: &incident.annotations,
            ends_at: Shown(expires.unwrap_or(self.open_end)),
            fingerprint: Shown(incident.fingerprint),
            receivers: receivers.iter().map(|name| Named { name }).collect(),
            starts_at: Shown(incident.starts_at),
            status: Status {
                inhibited_by: &standing.inhibited_by,
                muted_by: [],
                silenced_by: &standing.silenced_by,
                state: standing.state(),
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
