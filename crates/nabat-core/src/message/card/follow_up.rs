//! The short message that answers a card, so that people are notified of what happened.

use std::time::Duration;

use super::parts::{STALE_EMOJI, ending_emoji, name, severity_emoji, subject, summary};
use super::{DETAILS, Detail, Member, MemberNews};
use crate::incident::{Ending, Incident, State};
use crate::message::words::{Arg, Locale};
use crate::message::{Message, Span};
use crate::time::Timestamp;

/// How many alerts are named on one line.
const NAMED_MAX: usize = 4;

const DETAIL: Detail = Detail {
    name: 80,
    summary: 200,
    ..DETAILS[0]
};

/// What is told on one line of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    New,
    Changed,
    Stale,
    Resolved,
    Expired,
    Closed,
}

/// The answer to a group's card that tells what is new in it.
///
/// `all_ended` is whether nothing of the group fires any more, told or not.
pub fn follow_up(news: &[Member<'_>], all_ended: bool, locale: &Locale, now: Timestamp) -> Message {
    let known_only = news.iter().all(|member| member.news == MemberNews::Known);
    let told: Vec<(Kind, &Incident)> = news
        .iter()
        .filter(|member| known_only || member.news != MemberNews::Known)
        .map(|member| (Kind::of(member), member.incident))
        .collect();
    let kinds = [
        Kind::New,
        Kind::Changed,
        Kind::Stale,
        Kind::Resolved,
        Kind::Expired,
        Kind::Closed,
    ];
    let mut message = Message::default();
    for kind in kinds {
        let incidents: Vec<&Incident> = told
            .iter()
            .filter(|(of, _)| *of == kind)
            .map(|(_, incident)| *incident)
            .collect();
        if !incidents.is_empty() {
            message = message.line(line(kind, &incidents, locale, now));
        }
    }
    let ends = told.iter().filter(|(kind, _)| *kind > Kind::Stale).count();
    if message.blocks.is_empty() {
        return Message::of(locale.text("alerts-none", []));
    }
    if ends > 0 && !all_ended {
        return message.line([Span::plain(locale.text("follow-others", []))]);
    }
    if ends > 1 && all_ended {
        return message.line([Span::plain(locale.text("follow-over", []))]);
    }
    message
}

impl Kind {
    fn of(member: &Member<'_>) -> Self {
        match member.incident.state {
            State::Firing if member.news == MemberNews::New => Self::New,
            State::Firing => Self::Changed,
            State::Stale => Self::Stale,
            State::Ended { how, .. } => match how {
                Ending::Resolved => Self::Resolved,
                Ending::Expired => Self::Expired,
                Ending::Closed => Self::Closed,
            },
        }
    }
}

fn line(kind: Kind, incidents: &[&Incident], locale: &Locale, now: Timestamp) -> Vec<Span> {
    let n = incidents.len();
    let emoji = match kind {
        Kind::New | Kind::Changed => incidents
            .iter()
            .map(|incident| incident.severity())
            .max()
            .map_or(STALE_EMOJI, severity_emoji),
        Kind::Stale => STALE_EMOJI,
        Kind::Resolved => ending_emoji(Ending::Resolved),
        Kind::Expired => ending_emoji(Ending::Expired),
        Kind::Closed => ending_emoji(Ending::Closed),
    };
    let what = match kind {
        Kind::New => format!("+{n}"),
        Kind::Changed => locale.text("follow-changed", [("n", n.into())]),
        Kind::Stale => stale(incidents, locale, now),
        Kind::Resolved => ended("follow-resolved", "count-resolved", incidents, locale),
        Kind::Expired => ended("follow-expired", "count-expired", incidents, locale),
        Kind::Closed => ended("follow-closed", "count-closed", incidents, locale),
    };
    let mut spans = vec![Span::plain(format!("{emoji} {what}: "))];
    for (index, incident) in incidents.iter().take(NAMED_MAX).enumerate() {
        if index > 0 {
            spans.push(Span::plain(", "));
        }
        spans.push(Span::bold(name(incident, DETAIL.name)));
        if let Some(subject) = subject(incident) {
            spans.push(Span::plain(format!(" {subject}")));
        }
    }
    if n > NAMED_MAX {
        let more = [("n", Arg::Count(n - NAMED_MAX))];
        spans.push(Span::plain(format!(" {}", locale.text("more", more))));
    }
    if let ([incident], Kind::New | Kind::Changed) = (incidents, kind) {
        let summary = summary(incident, &DETAIL);
        if !summary.is_empty() {
            spans.push(Span::plain(format!(": {summary}")));
        }
    }
    spans
}

/// The silence of several counts from the latest word of any.
fn stale(incidents: &[&Incident], locale: &Locale, now: Timestamp) -> String {
    let seen_at = incidents.iter().map(|incident| incident.seen_at).max();
    let at = locale.moment_in_zone(seen_at.unwrap_or(now), now);
    locale.text("follow-stale", [("at", at.into())])
}

fn ended(one: &str, many: &str, incidents: &[&Incident], locale: &Locale) -> String {
    if let [incident] = incidents {
        let span = locale.span(lasted(incident));
        return locale.text(one, [("span", span.into())]);
    }
    locale.text(many, [("n", incidents.len().into())])
}

fn lasted(incident: &Incident) -> Duration {
    match incident.state {
        State::Ended { at, .. } => at.since(incident.starts_at),
        State::Firing | State::Stale => Duration::ZERO,
    }
}
