//! The short message that answers a card, so that people are notified of what happened.

use std::time::Duration;

use super::parts::{
    MISSED_EMOJI, STALE_EMOJI, ending_emoji, name, period, place, severity_emoji, summary,
};
use super::{Detail, Extras, LEVELS, Member, MemberNews, fits, remark};
use crate::incident::{Ending, Incident, State};
use crate::message::text::cut;
use crate::message::words::{Arg, Locale};
use crate::message::{Message, Span};
use crate::time::Timestamp;

/// How many alerts are named on one line.
const NAMED_MAX: usize = 4;

const DETAIL: Detail = Detail {
    name: 80,
    summary: 200,
    ..LEVELS[0]
};
const NARROW: Detail = Detail {
    name: 30,
    summary: 60,
    ..DETAIL
};

/// What is told on one line of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    New,
    /// The time of whoever acknowledged it is up.
    Unattended,
    Changed,
    /// Said again, because its route wants that.
    Still,
    Stale,
    Resolved,
    Expired,
    Closed,
    Missed,
}

impl Kind {
    const ALL: [Self; 9] = [
        Self::New,
        Self::Unattended,
        Self::Changed,
        Self::Still,
        Self::Stale,
        Self::Resolved,
        Self::Expired,
        Self::Closed,
        Self::Missed,
    ];

    /// What is told of a member. With `again`, nothing that happened is the reason.
    fn of(member: &Member<'_>, again: bool) -> Self {
        let incident = member.incident;
        match incident.state {
            State::Firing if again => Self::Still,
            State::Firing if member.news == MemberNews::New => Self::New,
            State::Firing if member.news == MemberNews::Changed && unattended(incident) => {
                Self::Unattended
            }
            State::Firing => Self::Changed,
            State::Stale => Self::Stale,
            State::Ended { .. } if member.news == MemberNews::Missed => Self::Missed,
            State::Ended { how, .. } => match how {
                Ending::Resolved => Self::Resolved,
                Ending::Expired => Self::Expired,
                Ending::Closed => Self::Closed,
            },
        }
    }

    fn is_end(self) -> bool {
        matches!(self, Self::Resolved | Self::Expired | Self::Closed)
    }
}

/// Whether the latest there is to tell is that an acknowledgement ran out.
fn unattended(incident: &Incident) -> bool {
    incident.acknowledged.is_none() && incident.loud > 1 && incident.loud == incident.edition
}

/// Whether nothing happened that people are to hear of: what fires is said again.
fn again(members: &[Member<'_>]) -> bool {
    !members.iter().any(|member| match member.news {
        MemberNews::New | MemberNews::Missed => true,
        MemberNews::Changed => member.incident.ended() || unattended(member.incident),
        MemberNews::Known => false,
    })
}

/// Whether it fires and nobody sees to it, nor wants to hear nothing of it.
fn demands_attention(member: &Member<'_>) -> bool {
    let incident = member.incident;
    !incident.ended() && incident.acknowledged.is_none() && member.silenced_until.is_none()
}

/// The answer to a group's card that tells what is new in it, given all that the card shows; if
/// nothing is, what still fires and demands attention.
///
/// `all_ended` is whether nothing of the group fires any more, told or not.
pub fn follow_up(
    members: &[Member<'_>],
    all_ended: bool,
    extras: &Extras,
    locale: &Locale,
    now: Timestamp,
) -> Message {
    let again = again(members);
    let all_seen_to = !members.iter().any(demands_attention);
    let worth_it = |member: &&Member<'_>| match again {
        true => all_seen_to || demands_attention(member),
        false => member.news != MemberNews::Known,
    };
    let mut told: Vec<(Kind, &Incident)> = members
        .iter()
        .filter(worth_it)
        .map(|member| (Kind::of(member, again), member.incident))
        .collect();
    if told.is_empty() {
        return Message::of(locale.text("alerts-none", []));
    }
    told.sort_by_key(|(kind, incident)| {
        let missed = *kind == Kind::Missed;
        (*kind, missed.then_some(incident.starts_at))
    });
    let compose = |detail| {
        let mut message = lines(&told, detail, locale, now);
        if let Some(key) = last_line(&told, members.len(), all_ended) {
            message = message.line([Span::plain(locale.text(key, []))]);
        }
        remark(message, extras, locale)
    };
    Some(compose(&DETAIL))
        .filter(fits)
        .unwrap_or_else(|| compose(&NARROW))
}

/// What is told of the group as a whole, where its alerts alone would mislead.
fn last_line(told: &[(Kind, &Incident)], group: usize, all_ended: bool) -> Option<&'static str> {
    if all_ended {
        return (group > 1).then_some("follow-over");
    }
    let ends = told.iter().any(|(kind, _)| kind.is_end());
    ends.then_some("follow-others")
}

fn lines(told: &[(Kind, &Incident)], detail: &Detail, locale: &Locale, now: Timestamp) -> Message {
    let mut message = Message::default();
    for kind in Kind::ALL {
        let incidents: Vec<&Incident> = told
            .iter()
            .filter(|(of, _)| *of == kind)
            .map(|(_, incident)| *incident)
            .collect();
        if !incidents.is_empty() {
            message = message.line(line(kind, &incidents, detail, locale, now));
        }
    }
    message
}

fn line(
    kind: Kind,
    incidents: &[&Incident],
    detail: &Detail,
    locale: &Locale,
    now: Timestamp,
) -> Vec<Span> {
    let n = incidents.len();
    let (emoji, what) = beginning(kind, incidents, locale, now);
    let mut spans = vec![Span::plain(format!("{emoji} {what}: "))];
    let summary = summary_of_one(kind, incidents, detail);
    for (index, incident) in incidents.iter().take(NAMED_MAX).enumerate() {
        if index > 0 {
            spans.push(Span::plain(", "));
        }
        spans.push(Span::bold(name(incident, detail.name)));
        let said = |place: &String| summary.as_ref().is_some_and(|all| all.starts_with(place));
        let place = place(incident).filter(|place| !said(place));
        if let Some(place) = place {
            spans.push(Span::plain(format!(" {}", cut(&place, detail.name))));
        }
        if kind == Kind::Missed && n > 1 {
            let period = period(incident, locale, now).unwrap_or_default();
            spans.push(Span::plain(format!(" {period}")));
        }
    }
    if n > NAMED_MAX {
        let more = [("n", Arg::Count(n - NAMED_MAX))];
        spans.push(Span::plain(format!(" {}", locale.text("more", more))));
    }
    if kind == Kind::Unattended {
        let still = locale.text("follow-still-firing", [("n", n.into())]);
        spans.push(Span::plain(format!(" {still}")));
    } else if let Some(summary) = summary {
        spans.push(Span::plain(format!(": {summary}")));
    }
    spans
}

/// What a line about one alert says of it besides its name.
fn summary_of_one(kind: Kind, incidents: &[&Incident], detail: &Detail) -> Option<String> {
    let ([incident], Kind::New | Kind::Changed | Kind::Still | Kind::Missed) = (incidents, kind)
    else {
        return None;
    };
    Some(summary(incident, detail)).filter(|summary| !summary.is_empty())
}

/// The sign of a line, and what happened.
fn beginning(
    kind: Kind,
    incidents: &[&Incident],
    locale: &Locale,
    now: Timestamp,
) -> (&'static str, String) {
    let n = incidents.len();
    let worst = || {
        incidents
            .iter()
            .map(|incident| incident.severity())
            .max()
            .map_or(STALE_EMOJI, severity_emoji)
    };
    let over = |how, one, many| (ending_emoji(how), ended(one, many, incidents, locale));
    match kind {
        Kind::New => (worst(), format!("+{n}")),
        Kind::Unattended => ("⏰", locale.text("follow-unattended", [("n", n.into())])),
        Kind::Changed => (worst(), locale.text("follow-changed", [("n", n.into())])),
        Kind::Still => (worst(), still(incidents, locale, now)),
        Kind::Stale => (STALE_EMOJI, stale(incidents, locale, now)),
        Kind::Resolved => over(Ending::Resolved, "follow-resolved", "count-resolved"),
        Kind::Expired => over(Ending::Expired, "follow-expired", "count-expired"),
        Kind::Closed => over(Ending::Closed, "follow-closed", "count-closed"),
        Kind::Missed => (MISSED_EMOJI, missed(incidents, locale, now)),
    }
}

fn still(incidents: &[&Incident], locale: &Locale, now: Timestamp) -> String {
    if let [incident] = incidents {
        let span = locale.span(now.since(incident.starts_at));
        return locale.text("follow-still", [("span", span.into())]);
    }
    locale.text("count-still-firing", [("n", incidents.len().into())])
}

/// The silence of several counts from the latest word of any.
fn stale(incidents: &[&Incident], locale: &Locale, now: Timestamp) -> String {
    let seen_at = incidents.iter().map(|incident| incident.seen_at).max();
    let at = locale.moment_in_zone(seen_at.unwrap_or(now), now);
    locale.text("follow-stale", [("at", at.into())])
}

fn missed(incidents: &[&Incident], locale: &Locale, now: Timestamp) -> String {
    if let [incident] = incidents {
        let period = period(incident, locale, now).unwrap_or_default();
        return format!("{} {period}", locale.text("state-missed", []));
    }
    locale.text("count-missed", [("n", incidents.len().into())])
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
