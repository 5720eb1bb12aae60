//! The card of several alerts: what they have in common once, then each by what is its own.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::counts::{Counts, delta};
use super::hush::Hush;
use super::parts::{
    LINK_KINDS, MISSED_EMOJI, STALE_EMOJI, append, description, description_of, ending_emoji,
    flapped, label_spans, link_spans, name, period, severity_emoji, shown_labels, sign, summary,
};
use super::{Detail, Member, MemberNews, state_key};
use crate::incident::{Ending, Incident, State, summary_of};
use crate::message::text::one_line;
use crate::message::words::Locale;
use crate::message::{Message, Span};
use crate::time::Timestamp;

/// How many alerts are shown one by one.
const SHOWN_MAX: usize = 10;
/// How many of those may tell of an end, and how many of what was missed, while more fire than can
/// be shown.
const ENDED_SHOWN_MAX: usize = 3;
const MISSED_SHOWN_MAX: usize = 3;
/// How many names of the rest are listed, and in a subject.
const REST_NAMES_MAX: usize = 8;
const SUBJECT_NAMES_MAX: usize = 3;

/// A group of alerts, sorted out.
pub(super) struct Group<'a> {
    members: &'a [Member<'a>],
    counts: Counts,
    emoji: &'static str,
    hush: Hush<'a>,
    common: Common<'a>,
    known: Chosen<'a>,
    /// What came and went before anyone could be told.
    missed: Chosen<'a>,
}

/// Alerts of which the first are shown one by one and the rest is counted.
struct Chosen<'a> {
    shown: Vec<Member<'a>>,
    rest: Vec<Member<'a>>,
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
    pub(super) fn of(example: &'a Incident, members: &'a [Member<'a>]) -> Self {
        let (known, missed) = choose(members);
        Self {
            members,
            counts: Counts::of(members),
            emoji: group_emoji(members),
            hush: Hush::of(members),
            common: Common::of(example, members),
            known,
            missed,
        }
    }

    /// `🔥 DiskFull: 7 firing, 1 resolved`, with the names behind it where they differ.
    pub(super) fn subject(&self, detail: &Detail, locale: &Locale) -> String {
        let counts = self.counts.text(locale);
        if self.common.name {
            let name = name(self.common.example, detail.name);
            return format!("{} {name}: {counts}", self.emoji);
        }
        let names = names(self.members, SUBJECT_NAMES_MAX, detail.name.min(50));
        format!("{} {counts}: {names}", self.emoji)
    }

    /// The card. What changed is told unless it is the `first` time.
    pub(super) fn compose(
        &self,
        first: bool,
        detail: &Detail,
        locale: &Locale,
        now: Timestamp,
    ) -> Message {
        let common = &self.common;
        let mut message = self.head(first, detail, locale, now);
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
        if !self.known.is_empty() {
            message = self.entries(message.gap(), &self.known, detail, locale, now);
        }
        if !self.missed.is_empty() {
            message = message.gap();
            if !self.known.is_empty() {
                message = message.line([Span::bold(locale.text("missed-meanwhile", []))]);
            }
            message = self.entries(message, &self.missed, detail, locale, now);
        }
        let links = link_spans(&common.example.links, detail, locale, |kind| {
            common.links.get(kind).is_some_and(|common| *common)
        });
        if !links.is_empty() {
            message = message.gap().line(links);
        }
        message
    }

    /// How it stands, what changed, and who sees to it.
    fn head(&self, first: bool, detail: &Detail, locale: &Locale, now: Timestamp) -> Message {
        let counts = self.counts.text(locale);
        let delta = delta(self.members, locale).filter(|delta| !first && *delta != counts);
        let emoji = Span::plain(format!("{} ", self.emoji));
        let mut message = Message::default().line(if self.common.name {
            vec![
                emoji,
                Span::bold(name(self.common.example, detail.name)),
                Span::plain(format!(" · {counts}")),
            ]
        } else {
            vec![emoji, Span::bold(counts)]
        });
        if let Some(delta) = delta {
            // The message keeps its first time for ever, however often it is edited.
            let at = locale.moment(now, now);
            message = message.line([Span::bold(delta), Span::plain(format!(" · {at}"))]);
        }
        for line in self.hush.lines(locale, now) {
            message = message.line([Span::plain(line)]);
        }
        message
    }

    fn entries(
        &self,
        mut message: Message,
        chosen: &Chosen<'_>,
        detail: &Detail,
        locale: &Locale,
        now: Timestamp,
    ) -> Message {
        for member in &chosen.shown {
            message = self.entry(message, member, detail, locale, now);
        }
        if chosen.rest.is_empty() {
            return message;
        }
        let names = names(&chosen.rest, REST_NAMES_MAX, detail.name.min(80));
        let rest = [("n", chosen.rest.len().into()), ("names", names.into())];
        message.line(locale.spans("rest", rest))
    }

    fn entry(
        &self,
        message: Message,
        member: &Member<'_>,
        detail: &Detail,
        locale: &Locale,
        now: Timestamp,
    ) -> Message {
        let (common, incident) = (&self.common, member.incident);
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
        append(&mut tail, [Span::plain(when(member, locale, now))]);
        append(&mut tail, flapped(incident, locale).map(Span::plain));
        append(&mut tail, self.hush.mark(member).map(Span::plain));
        append(
            &mut tail,
            link_spans(&incident.links, detail, locale, |kind| {
                common.links.get(kind).is_some_and(|common| !common)
            }),
        );
        let mut first = vec![Span::plain(format!("{} ", sign(member)))];
        let mut message = if head.is_empty() {
            first.extend(tail);
            message.line(first)
        } else {
            first.extend(head);
            message.line(first).line(tail)
        };
        if !common.description {
            let shown = self.known.shown.len() + self.missed.shown.len();
            let room = detail.description / shown.max(1);
            message.blocks.extend(description(incident, room));
        }
        message
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

impl Chosen<'_> {
    fn is_empty(&self) -> bool {
        self.shown.is_empty() && self.rest.is_empty()
    }
}

/// Whom to show one by one: what fires first, then what ended, then what was missed; but ends that
/// are news, and what was missed, are not pushed out altogether by the many that fire.
fn choose<'a>(members: &[Member<'a>]) -> (Chosen<'a>, Chosen<'a>) {
    let is_missed = |member: &Member<'_>| member.news == MemberNews::Missed;
    let (mut missed, known): (Vec<Member<'a>>, Vec<_>) =
        members.iter().copied().partition(is_missed);
    let (mut ended, mut open): (Vec<Member<'a>>, Vec<_>) = known
        .into_iter()
        .partition(|member| member.incident.ended());
    for part in [&mut open, &mut ended, &mut missed] {
        part.sort_by_key(rank);
    }
    let told_ends = ended
        .iter()
        .filter(|member| member.news != MemberNews::Known)
        .count()
        .min(ENDED_SHOWN_MAX);
    let missed_at_least = missed.len().min(MISSED_SHOWN_MAX);
    let open_shown = open.len().min(SHOWN_MAX - told_ends - missed_at_least);
    let ended_shown = ended.len().min(SHOWN_MAX - open_shown - missed_at_least);
    let missed_shown = missed.len().min(SHOWN_MAX - open_shown - ended_shown);

    let (open_rest, ended_rest) = (open.split_off(open_shown), ended.split_off(ended_shown));
    let missed_rest = missed.split_off(missed_shown);
    missed.sort_by_key(|member| (member.incident.starts_at, member.incident.id));
    let known = Chosen {
        shown: [open, ended].concat(),
        rest: [open_rest, ended_rest].concat(),
    };
    let missed = Chosen {
        shown: missed,
        rest: missed_rest,
    };
    (known, missed)
}

/// What is worth a line of its own comes first.
fn rank(member: &Member<'_>) -> impl Ord + use<> {
    let incident = member.incident;
    (
        incident.state == State::Stale,
        member.news,
        Reverse(incident.severity()),
        Reverse(incident.starts_at),
        incident.id,
    )
}

/// The names of alerts with their number, the most severe first.
fn names(members: &[Member<'_>], names_max: usize, width_max: usize) -> String {
    let mut counted = BTreeMap::new();
    for Member { incident, .. } in members {
        let (severity, count) = counted
            .entry(incident.name())
            .or_insert((incident.severity(), 0usize));
        *severity = incident.severity().max(*severity);
        *count += 1;
    }
    let mut counted: Vec<_> = counted.into_iter().collect();
    counted.sort_by_key(|(_, (severity, count))| Reverse((*severity, *count)));
    let left_out = counted.len() > names_max;
    let mut names: Vec<String> = counted
        .into_iter()
        .take(names_max)
        .map(|(name, (_, count))| {
            let name = one_line(&name, width_max);
            match count {
                1 => name,
                count => format!("{name} ×{count}"),
            }
        })
        .collect();
    if left_out {
        names.push("…".into());
    }
    names.join(", ")
}

/// The sign of the whole: of the worst that fires; an end only when all have ended.
fn group_emoji(members: &[Member<'_>]) -> &'static str {
    let worst_firing = members
        .iter()
        .filter(|member| member.incident.state == State::Firing)
        .map(|member| member.incident.severity())
        .max();
    if let Some(severity) = worst_firing {
        return severity_emoji(severity);
    }
    let states = || members.iter().map(|member| member.incident.state);
    if states().any(|state| state == State::Stale) {
        return STALE_EMOJI;
    }
    if members.iter().all(|m| m.news == MemberNews::Missed) {
        return MISSED_EMOJI;
    }
    let resolved = |state| {
        matches!(
            state,
            State::Ended {
                how: Ending::Resolved,
                ..
            }
        )
    };
    ending_emoji(if states().all(resolved) {
        Ending::Resolved
    } else {
        Ending::Expired
    })
}

fn when(member: &Member<'_>, locale: &Locale, now: Timestamp) -> String {
    let incident = member.incident;
    let moment = |at| locale.moment(at, now).into();
    match incident.state {
        State::Firing => locale.text("entry-since", [("at", moment(incident.starts_at))]),
        State::Stale => locale.text("entry-stale", [("at", moment(incident.seen_at))]),
        State::Ended { .. } if member.news == MemberNews::Missed => {
            period(incident, locale, now).unwrap_or_default()
        }
        State::Ended { at, how } => locale.text(
            "entry-ended",
            [
                ("state", locale.text(state_key(how), []).into()),
                ("from", moment(incident.starts_at)),
                ("to", moment(at)),
                ("span", locale.span(at.since(incident.starts_at)).into()),
            ],
        ),
    }
}
