//! All alerts of a digest, as a plain text to look things up in.

use super::Member;
use super::parts::emoji;
use crate::incident::{Incident, State, summary_of};
use crate::message::text::one_line;
use crate::message::words::Locale;
use crate::time::Timestamp;

/// How wide a summary may be.
const SUMMARY_MAX: usize = 300;

/// Every alert on a line of its own: the most severe that fire first, the ended ones last.
pub fn listing(members: &[Member<'_>], locale: &Locale, now: Timestamp) -> String {
    let mut incidents: Vec<&Incident> = members.iter().map(|member| member.incident).collect();
    incidents.sort_by(|a, b| {
        let order =
            |incident: &Incident| (incident.ended(), std::cmp::Reverse(incident.severity()));
        order(a)
            .cmp(&order(b))
            .then_with(|| (a.starts_at, a.id).cmp(&(b.starts_at, b.id)))
    });
    let mut text = String::new();
    for incident in incidents {
        text.push_str(&line(incident, locale, now));
        text.push('\n');
    }
    text
}

fn line(incident: &Incident, locale: &Locale, now: Timestamp) -> String {
    let moment = |at| locale.moment_in_zone(at, now);
    let state = match incident.state {
        State::Firing => locale.text("entry-since", [("at", moment(incident.starts_at).into())]),
        State::Stale => locale.text("entry-stale", [("at", moment(incident.seen_at).into())]),
        State::Ended { at, .. } => format!("{} – {}", moment(incident.starts_at), moment(at)),
    };
    let summary = one_line(summary_of(&incident.annotations), SUMMARY_MAX);
    let summary = if summary.is_empty() {
        summary
    } else {
        format!(": {summary}")
    };
    let name = one_line(&incident.name(), SUMMARY_MAX);
    let labels = one_line(&incident.labels.to_string(), 4 * SUMMARY_MAX);
    format!("{} {name}{summary} · {state} · {labels}", emoji(incident))
}
