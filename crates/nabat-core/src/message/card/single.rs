//! The card of one alert.

use super::hush::Hush;
use super::parts::{
    append, description, flapped, heading, label_spans, link_spans, severity_word, shown_labels,
    sign,
};
use super::{Detail, Member, MemberNews, state_key};
use crate::incident::{Ending, Incident, State};
use crate::message::words::Locale;
use crate::message::{Message, Span};
use crate::time::Timestamp;

/// The card.
pub(super) fn compose(
    member: &Member<'_>,
    detail: &Detail,
    locale: &Locale,
    now: Timestamp,
) -> Message {
    let incident = member.incident;
    let mut message = Message::default().line(first_line(member, detail, locale));
    for line in Hush::of(&[*member]).lines(locale, now) {
        message = message.line([Span::plain(line)]);
    }
    message
        .blocks
        .extend(description(incident, detail.description));
    let labels = label_spans(shown_labels(incident), detail);
    if !labels.is_empty() {
        message = message.line(labels);
    }
    let mut times = when(incident, locale, now);
    append(&mut times, flapped(incident, locale).map(Span::plain));
    message = message.line(times);
    if let Some(why) = why_ended(incident, locale) {
        message = message.line([Span::italic(why)]);
    }
    let links = link_spans(&incident.links, detail, locale, |_| true);
    if !links.is_empty() {
        message = message.line(links);
    }
    message
}

/// `🔥 critical · DiskFull: Disk of db-1 is full`.
pub(super) fn first_line(member: &Member<'_>, detail: &Detail, locale: &Locale) -> Vec<Span> {
    let state = match member.incident.state {
        State::Ended { .. } if member.news == MemberNews::Missed => {
            Some(locale.text("state-missed", []))
        }
        State::Ended { how, .. } => Some(locale.text(state_key(how), [])),
        State::Firing | State::Stale => severity_word(member.incident),
    };
    let mut line = vec![Span::plain(format!("{} ", sign(member)))];
    if let Some(state) = state {
        line.push(Span::plain(format!("{state} · ")));
    }
    line.extend(heading(member.incident, detail));
    line
}

/// Since when it fires, or from when to when it did, with the reader's zone.
pub(super) fn when(incident: &Incident, locale: &Locale, now: Timestamp) -> Vec<Span> {
    let since = locale.moment_in_zone(incident.starts_at, now);
    match incident.state {
        State::Firing => locale.spans("since", [("at", since.into())]),
        State::Stale => {
            let seen = locale.moment_in_zone(incident.seen_at, now);
            locale.spans("stale", [("at", Span::bold(seen).into())])
        }
        State::Ended { at, .. } => locale.spans(
            "period",
            [
                ("from", locale.moment(incident.starts_at, now).into()),
                ("to", locale.moment_in_zone(at, now).into()),
                ("span", locale.span(at.since(incident.starts_at)).into()),
            ],
        ),
    }
}

/// An end that its source has not confirmed is explained.
fn why_ended(incident: &Incident, locale: &Locale) -> Option<String> {
    match incident.state {
        State::Ended { how, .. } => match how {
            Ending::Resolved => None,
            Ending::Expired => Some(locale.text("why-expired", [])),
            Ending::Closed => Some(locale.text("why-closed", [])),
        },
        State::Firing | State::Stale => None,
    }
}
