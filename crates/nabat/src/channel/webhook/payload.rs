//! The body of a webhook: Alertmanager's `template.Data`, version 4.
//!
//! One difference on purpose: what is said of the whole (status, common labels and annotations) is
//! said of all alerts, also of those that `max_alerts` cuts off. Alertmanager looks at what is
//! left, and says "resolved" of a group of which a cut-off alert still fires.

use std::fmt::{self, Display, Write as _};
use std::num::NonZeroUsize;

use jiff::tz::TimeZone;
use nabat_core::alert::{Fingerprint, Labels, order};
use nabat_core::incident::{Incident, State};
use nabat_core::notification::{Notification, Reason};
use nabat_core::time::Timestamp;
use serde::{Serialize, Serializer};

/// About so many bytes an alert takes: eleven labels and three annotations are 1,200.
const ALERT_BYTES: usize = 1_500;
/// What Go writes for "no time".
const ZERO_TIME: &str = "0001-01-01T00:00:00Z";

/// The JSON that tells `notification`, in Alertmanager's order, with at most `max_alerts` of its alerts: firing ones first,
/// if not all can be.
pub fn body(
    notification: &Notification,
    external_url: &str,
    max_alerts: Option<NonZeroUsize>,
) -> Vec<u8> {
    let all = sorted(notification);
    let payload = Payload {
        version: "4",
        group_key: &notification.group_key,
        truncated_alerts: max_alerts.map_or(0, |max| all.len().saturating_sub(max.get())),
        receiver: Quoted(&notification.receiver),
        status: Status::of(!notification.fires()),
        notification_reason: words(notification.reason),
        group_labels: &notification.group_labels,
        common_labels: common(all.iter().map(|incident| &incident.labels)),
        common_annotations: common(all.iter().map(|incident| &incident.annotations)),
        external_url,
        alerts: listed(all, max_alerts),
    };
    let mut body = Vec::with_capacity(ALERT_BYTES * (payload.alerts.len() + 1));
    serde_json::to_writer(&mut body, &payload).expect("texts and lists of them are always JSON");
    body
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Payload<'a> {
    version: &'static str,
    group_key: &'a str,
    truncated_alerts: usize,
    #[serde(serialize_with = "displayed")]
    receiver: Quoted<'a>,
    status: Status,
    #[serde(rename = "notification_reason")]
    notification_reason: &'static str,
    group_labels: &'a Labels,
    #[serde(serialize_with = "object")]
    common_labels: Vec<(&'a str, &'a str)>,
    #[serde(serialize_with = "object")]
    common_annotations: Vec<(&'a str, &'a str)>,
    #[serde(rename = "externalURL")]
    external_url: &'a str,
    alerts: Vec<Alert<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Alert<'a> {
    status: Status,
    labels: &'a Labels,
    annotations: &'a Labels,
    #[serde(serialize_with = "displayed")]
    starts_at: GoTime,
    #[serde(serialize_with = "displayed")]
    ends_at: GoTime,
    #[serde(rename = "generatorURL")]
    generator_url: &'a str,
    #[serde(serialize_with = "displayed")]
    fingerprint: Fingerprint,
}

#[derive(Serialize)]
#[serde(rename_all = "lowercase")]
enum Status {
    Firing,
    Resolved,
}

impl Status {
    fn of(ended: bool) -> Self {
        if ended { Self::Resolved } else { Self::Firing }
    }
}

impl<'a> Alert<'a> {
    fn of(incident: &'a Incident) -> Self {
        Self {
            status: Status::of(incident.ended()),
            labels: &incident.labels,
            annotations: &incident.annotations,
            starts_at: GoTime(Some(incident.starts_at)),
            ends_at: GoTime(match incident.state {
                State::Ended { at, .. } => Some(at),
                State::Firing | State::Stale => None,
            }),
            generator_url: incident.links.generator.as_deref().unwrap_or_default(),
            fingerprint: incident.fingerprint,
        }
    }
}

/// The alerts in the order in which Alertmanager tells those of a group.
fn sorted(notification: &Notification) -> Vec<&Incident> {
    let members = notification.members.iter();
    let all: Vec<&Incident> = members.map(|shown| &*shown.incident).collect();
    let labels = all.iter().map(|incident| &incident.labels);
    let places = order::in_a_group(labels).into_iter();
    places.filter_map(|place| all.get(place).copied()).collect()
}

/// As many as there may be, in their order: those that fire stay in before those that ended.
fn listed(all: Vec<&Incident>, max: Option<NonZeroUsize>) -> Vec<Alert<'_>> {
    let max = max.map_or(usize::MAX, NonZeroUsize::get);
    let firing = all.iter().filter(|incident| !incident.ended()).count();
    let (mut room_for_firing, mut room_for_ended) = (max, max.saturating_sub(firing));
    let stays = |incident: &&Incident| {
        let room = match incident.ended() {
            true => &mut room_for_ended,
            false => &mut room_for_firing,
        };
        let stays = *room > 0;
        *room = room.saturating_sub(1);
        stays
    };
    all.into_iter().filter(stays).map(Alert::of).collect()
}

/// The pairs that all have. A missing one is an empty one, as in Prometheus.
fn common<'a>(mut each: impl Iterator<Item = &'a Labels>) -> Vec<(&'a str, &'a str)> {
    let mut common: Vec<_> = each.next().into_iter().flat_map(Labels::iter).collect();
    for labels in each {
        if common.is_empty() {
            break;
        }
        common.retain(|(name, value)| labels.value(name) == *value);
    }
    common
}

/// Alertmanager knows no notification because of a changed text; its word for what it does not
/// know is `unknown`.
fn words(reason: Reason) -> &'static str {
    match reason {
        Reason::First => "first notification",
        Reason::NewAlerts => "new alerts added",
        Reason::SomeResolved => "some alerts resolved",
        Reason::AllResolved => "all alerts resolved",
        Reason::Repeat => "repeat interval elapsed",
        Reason::Changed => "unknown",
    }
}

fn object<S: Serializer>(pairs: &[(&str, &str)], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(pairs.iter().copied())
}

fn displayed<S: Serializer>(value: &impl Display, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}

/// A receiver's name as Alertmanager gives it away: through Go's `regexp.QuoteMeta`.
struct Quoted<'a>(&'a str);

impl Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for character in self.0.chars() {
            if r"\.+*?()|[]{}^$".contains(character) {
                f.write_char('\\')?;
            }
            f.write_char(character)?;
        }
        Ok(())
    }
}

/// An instant as Go writes it in JSON: a fraction only as long as it has to be.
struct GoTime(Option<Timestamp>);

impl Display for GoTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(at) => Display::fmt(&at.in_zone(&TimeZone::UTC).timestamp(), f),
            None => f.write_str(ZERO_TIME),
        }
    }
}

#[cfg(test)]
mod tests;
