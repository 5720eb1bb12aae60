//! The card of several alerts: what they have in common once, then each by what is its own.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::parts::{
    LINK_KINDS, STALE_EMOJI, description, description_of, emoji, ending_emoji, label_spans,
    link_spans, name, severity_emoji, shown_labels, summary,
};
use super::{Detail, Member, MemberNews, state_key};
use crate::incident::{Ending, Incident, State, summary_of};
use crate::message::words::Locale;
use crate::message::{Message, Span};
use crate::time::Timestamp;

/// How many alerts are shown one by one.
const SHOWN_MAX: usize = 10;
/// How many of those may tell of an end while more fire than can be shown.
const ENDED_SHOWN_MAX: usize = 3;
/// How many names of the rest are listed.
const REST_NAMES_MAX: usize = 8;

/// A group of alerts, sorted out.
pub(super) struct Group<'a> {
    counts: Counts,
    emoji: &'static str,
    shown: Vec<&'a Incident>,
    /// Names of those not shown with their number, the most severe first.
    rest: Vec<(String, usize)>,
    rest_count: usize,
    common: Common<'a>,
}

#[derive(Default)]
struct Counts {
    firing: usize,
    stale: usize,
    resolved: usize,
    expired: usize,
    closed: usize,
}

/// What all alerts of a group have in common.
struct Common<'a> {
    /// Any one of them.
    example: &'a Incident,
    name: bool,
    summary: bool,
    description: bool,
    labels: Vec<(&'a str, &'a str)>,
    links: [bool; LINK_KINDS.len()],
}

impl<'a> Group<'a> {
    /// Sorts out `members`, of which `example` is one.
    pub(super) fn of(example: &'a Incident, members: &[Member<'a>]) -> Self {
        let mut sorted = members.to_vec();
        sorted.sort_by_key(|member| {
            let incident = member.incident;
            let state = match incident.state {
                State::Firing => 0,
                State::Stale => 1,
                State::Ended { .. } => 2,
            };
            (
                state,
                member.news,
                Reverse(incident.severity()),
                Reverse(incident.starts_at),
                incident.id,
            )
        });
        let (shown, rest) = choose(&sorted);
        Self {
            counts: Counts::of(members),
            emoji: group_emoji(members),
            rest_count: rest.len(),
            rest: names_of(&rest),
            shown,
            common: Common::of(example, members),
        }
    }

    /// The card.
    pub(super) fn compose(&self, detail: &Detail, locale: &Locale, now: Timestamp) -> Message {
        let common = &self.common;
        let mut message = Message::default().line(self.heading(detail, locale));
        let summary = summary(common.example, detail);
        if common.summary && !summary.is_empty() {
            message = message.line([Span::plain(summary)]);
        }
        let labels = label_spans(common.labels.iter().copied(), detail);
        if !labels.is_empty() {
            message = message.line(labels);
        }
        if common.description {
            message
                .blocks
                .extend(description(common.example, detail.description));
        }
        message = message.gap();
        for incident in &self.shown {
            message = self.entry(message, incident, detail, locale, now);
        }
        if self.rest_count > 0 {
            message = message.line(self.rest_line(detail, locale));
        }
        let links = link_spans(&common.example.links, detail, locale, |kind| {
            common.links.get(kind).is_some_and(|common| *common)
        });
        if !links.is_empty() {
            message = message.gap().line(links);
        }
        message
    }

    fn heading(&self, detail: &Detail, locale: &Locale) -> Vec<Span> {
        let emoji = Span::plain(format!("{} ", self.emoji));
        let counts = self.counts.text(locale);
        if !self.common.name {
            return vec![emoji, Span::bold(counts)];
        }
        vec![
            emoji,
            Span::bold(name(self.common.example, detail.name)),
            Span::plain(format!(" · {counts}")),
        ]
    }

    fn entry(
        &self,
        message: Message,
        incident: &Incident,
        detail: &Detail,
        locale: &Locale,
        now: Timestamp,
    ) -> Message {
        let common = &self.common;
        let mut head = Vec::new();
        if !common.name {
            head.push(Span::bold(name(incident, detail.name)));
        }
        let summary = summary(incident, detail);
        if !common.summary && !summary.is_empty() {
            let colon = if head.is_empty() { "" } else { ": " };
            head.push(Span::plain(format!("{colon}{summary}")));
        }
        let own_labels = shown_labels(incident).filter(|label| !common.labels.contains(label));
        let mut tail = label_spans(own_labels, detail);
        append(&mut tail, when(incident, locale, now));
        append(
            &mut tail,
            link_spans(&incident.links, detail, locale, |kind| {
                common.links.get(kind).is_some_and(|common| !common)
            }),
        );
        let mut first = vec![Span::plain(format!("{} ", emoji(incident)))];
        let mut message = if head.is_empty() {
            first.extend(tail);
            message.line(first)
        } else {
            first.extend(head);
            message.line(first).line(tail)
        };
        if !common.description {
            let room = detail.description / self.shown.len().max(1);
            message.blocks.extend(description(incident, room));
        }
        message
    }

    fn rest_line(&self, detail: &Detail, locale: &Locale) -> Vec<Span> {
        let mut names: Vec<String> = self
            .rest
            .iter()
            .take(REST_NAMES_MAX)
            .map(|(name, count)| {
                let name = crate::message::text::one_line(name, detail.name.min(80));
                match count {
                    1 => name,
                    count => format!("{name} ×{count}"),
                }
            })
            .collect();
        if self.rest.len() > REST_NAMES_MAX {
            names.push("…".into());
        }
        locale.spans(
            "rest",
            [
                ("n", self.rest_count.into()),
                ("names", names.join(", ").into()),
            ],
        )
    }
}

impl Counts {
    fn of(members: &[Member<'_>]) -> Self {
        let mut counts = Self::default();
        for member in members {
            match member.incident.state {
                State::Firing => counts.firing += 1,
                State::Stale => counts.stale += 1,
                State::Ended { how, .. } => match how {
                    Ending::Resolved => counts.resolved += 1,
                    Ending::Expired => counts.expired += 1,
                    Ending::Closed => counts.closed += 1,
                },
            }
        }
        counts
    }

    fn text(&self, locale: &Locale) -> String {
        let parts: Vec<String> = [
            ("count-firing", self.firing),
            ("count-stale", self.stale),
            ("count-resolved", self.resolved),
            ("count-expired", self.expired),
            ("count-closed", self.closed),
        ]
        .into_iter()
        .filter(|(_, n)| *n > 0)
        .map(|(key, n)| locale.text(key, [("n", n.into())]))
        .collect();
        parts.join(", ")
    }
}

impl<'a> Common<'a> {
    fn of(first: &'a Incident, members: &[Member<'a>]) -> Self {
        let all = |same: &dyn Fn(&Incident) -> bool| members.iter().all(|m| same(m.incident));
        Self {
            example: first,
            name: all(&|other| other.name() == first.name()),
            summary: all(&|o| summary_of(&o.annotations) == summary_of(&first.annotations)),
            description: all(&|o| {
                description_of(&o.annotations) == description_of(&first.annotations)
            }),
            labels: shown_labels(first)
                .filter(|(name, value)| all(&|other| other.labels.get(name) == Some(value)))
                .collect(),
            links: LINK_KINDS.map(|kind| all(&|o| kind.of(&o.links) == kind.of(&first.links))),
        }
    }
}

/// Whom to show one by one, and the rest: the first in order, but ends that are news are not
/// pushed out altogether by the many that fire.
fn choose<'a>(sorted: &[Member<'a>]) -> (Vec<&'a Incident>, Vec<&'a Incident>) {
    let first_ended = sorted.partition_point(|member| !member.incident.ended());
    let (open, ended) = sorted.split_at(first_ended);
    let told_ends = ended
        .iter()
        .filter(|member| member.news != MemberNews::Known)
        .count()
        .min(ENDED_SHOWN_MAX);
    let open_shown = open.len().min(SHOWN_MAX - told_ends);
    let ended_shown = ended.len().min(SHOWN_MAX - open_shown);
    let incidents = |members: &[Member<'a>]| members.iter().map(|m| m.incident).collect::<Vec<_>>();
    let (open, open_rest) = open.split_at(open_shown);
    let (ended, ended_rest) = ended.split_at(ended_shown);
    (
        incidents(&[open, ended].concat()),
        incidents(&[open_rest, ended_rest].concat()),
    )
}

fn names_of(incidents: &[&Incident]) -> Vec<(String, usize)> {
    let mut names = BTreeMap::new();
    for incident in incidents {
        let (severity, count) = names
            .entry(incident.name())
            .or_insert((incident.severity(), 0usize));
        *severity = incident.severity().max(*severity);
        *count += 1;
    }
    let mut names: Vec<_> = names.into_iter().collect();
    names.sort_by_key(|(_, (severity, count))| Reverse((*severity, *count)));
    names
        .into_iter()
        .map(|(name, (_, count))| (name, count))
        .collect()
}

/// The sign of the whole: of the worst that fires; an end only when all have ended.
fn group_emoji(members: &[Member<'_>]) -> &'static str {
    let states = || members.iter().map(|member| member.incident.state);
    let worst_firing = members
        .iter()
        .filter(|member| member.incident.state == State::Firing)
        .map(|member| member.incident.severity())
        .max();
    let resolved = |state| {
        matches!(
            state,
            State::Ended {
                how: Ending::Resolved,
                ..
            }
        )
    };
    match worst_firing {
        Some(severity) => severity_emoji(severity),
        None if states().any(|state| state == State::Stale) => STALE_EMOJI,
        None if states().all(resolved) => ending_emoji(Ending::Resolved),
        None => ending_emoji(Ending::Expired),
    }
}

fn when(incident: &Incident, locale: &Locale, now: Timestamp) -> Vec<Span> {
    let since = locale.moment(incident.starts_at, now);
    let text = match incident.state {
        State::Firing => locale.text("entry-since", [("at", since.into())]),
        State::Stale => locale.text(
            "entry-stale",
            [("at", locale.moment(incident.seen_at, now).into())],
        ),
        State::Ended { at, how } => locale.text(
            "entry-ended",
            [
                ("state", locale.text(state_key(how), []).into()),
                ("from", since.into()),
                ("to", locale.moment(at, now).into()),
                ("span", locale.span(at.since(incident.starts_at)).into()),
            ],
        ),
    };
    vec![Span::plain(text)]
}

fn append(line: &mut Vec<Span>, part: Vec<Span>) {
    if !line.is_empty() && !part.is_empty() {
        line.push(Span::plain(" · "));
    }
    line.extend(part);
}
