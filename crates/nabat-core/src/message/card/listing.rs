//! All alerts of a digest, as a plain text to look things up in.

use std::cmp::Reverse;

use super::parts::{flapped, sign};
use super::{Member, MemberNews};
use crate::incident::{State, summary_of};
use crate::message::text::one_line;
use crate::message::words::Locale;
use crate::time::Timestamp;

/// How wide a summary may be.
const SUMMARY_MAX: usize = 300;

/// Every alert on a line of its own: the most severe that fire first, then the ended ones, and
/// last, in order of time, what came and went untold.
pub fn listing(members: &[Member<'_>], locale: &Locale, now: Timestamp) -> String {
    let mut members = members.to_vec();
    members.sort_by_key(|member| {
        let incident = member.incident;
        let missed = member.news == MemberNews::Missed;
        let severity = (!missed).then(|| Reverse(incident.severity()));
        let standing = (missed, incident.ended(), severity);
        (standing, incident.starts_at, incident.id)
    });
    let mut text = String::new();
    for member in &members {
        text.push_str(&line(member, locale, now));
        text.push('\n');
    }
    text
}

fn line(member: &Member<'_>, locale: &Locale, now: Timestamp) -> String {
    let incident = member.incident;
    let moment = |at| locale.moment_in_zone(at, now);
    let state = match incident.state {
        State::Firing => locale.text("entry-since", [("at", moment(incident.starts_at).into())]),
        State::Stale => locale.text("entry-stale", [("at", moment(incident.seen_at).into())]),
        State::Ended { at, .. } => {
            let period = format!("{} – {}", moment(incident.starts_at), moment(at));
            match member.news {
                MemberNews::Missed => format!("{} {period}", locale.text("state-missed", [])),
                MemberNews::New | MemberNews::Changed | MemberNews::Known => period,
            }
        }
    };
    let state = match flapped(incident, locale) {
        Some(flapped) => format!("{state} · {flapped}"),
        None => state,
    };
    let summary = one_line(summary_of(&incident.annotations), SUMMARY_MAX);
    let summary = if summary.is_empty() {
        summary
    } else {
        format!(": {summary}")
    };
    let name = one_line(&incident.name(), SUMMARY_MAX);
    let labels = one_line(&incident.labels.to_string(), 4 * SUMMARY_MAX);
    format!("{} {name}{summary} · {state} · {labels}", sign(member))
}
