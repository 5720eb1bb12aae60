//! The parts that cards are put together from.

use super::{Detail, Member, MemberNews};
use crate::alert::{Labels, Links, NAME};
use crate::incident::{Ending, Incident, Severity, State, summary_of};
use crate::message::text::{cut, one_line, width};
use crate::message::words::Locale;
use crate::message::{Block, Span};
use crate::monitor::Trouble;
use crate::time::Timestamp;

/// The longest address that is linked, in bytes: longer ones are refused here and there.
const ADDRESS_MAX_BYTES: usize = 1_500;
/// How many lines of a description are shown.
const DESCRIPTION_LINES_MAX: usize = 30;

/// Labels that say where the trouble is, the most telling first.
const PLACE_LABELS: [&str; 12] = [
    "instance",
    "host",
    "hostname",
    "node",
    "pod",
    "container",
    "device",
    "service",
    "deployment",
    "job",
    "namespace",
    "cluster",
];

/// The sign of where an incident stands.
pub(in crate::message) fn emoji(incident: &Incident) -> &'static str {
    match incident.state {
        State::Firing => severity_emoji(incident.severity()),
        State::Stale => STALE_EMOJI,
        State::Ended { how, .. } => ending_emoji(how),
    }
}

/// The sign of where an incident stands, for a chat that may have missed it.
pub(super) fn sign(member: &Member<'_>) -> &'static str {
    match member.news {
        MemberNews::Missed => MISSED_EMOJI,
        MemberNews::New | MemberNews::Changed | MemberNews::Known => emoji(member.incident),
    }
}

/// The sign of what came and went untold.
pub(super) const MISSED_EMOJI: &str = "⚪";

/// The sign of silence from a source.
pub(super) const STALE_EMOJI: &str = "🔇";

/// The sign of an end.
pub(super) const fn ending_emoji(how: Ending) -> &'static str {
    match how {
        Ending::Resolved => "✅",
        Ending::Expired | Ending::Closed => "⚪",
    }
}

/// The sign of a firing alert.
pub(super) const fn severity_emoji(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "🔥",
        Severity::Error => "🟠",
        Severity::Warning => "🟡",
        Severity::Info => "🔵",
    }
}

/// The severity in the words of its source, if it gave one.
pub(super) fn severity_word(incident: &Incident) -> Option<String> {
    let word = incident.labels.value(severity_label(&incident.labels));
    Some(one_line(word, 24)).filter(|word| !word.is_empty())
}

fn severity_label(labels: &Labels) -> &'static str {
    if labels.get("severity").is_some() {
        "severity"
    } else {
        "priority"
    }
}

/// The bold name and, behind a colon, the summary.
pub(super) fn heading(incident: &Incident, detail: &Detail) -> Vec<Span> {
    let mut spans = vec![Span::bold(name(incident, detail.name))];
    let summary = summary(incident, detail);
    if !summary.is_empty() {
        spans.push(Span::plain(format!(": {summary}")));
    }
    spans
}

/// The name on one line.
pub(super) fn name(incident: &Incident, max: usize) -> String {
    let name = one_line(&incident.name(), max);
    if name.is_empty() { "?".into() } else { name }
}

/// The summary on one line; empty if there is none.
pub(super) fn summary(incident: &Incident, detail: &Detail) -> String {
    one_line(summary_of(&incident.annotations), detail.summary)
}

/// The description, at most `max` wide: a line if it is short, else set apart, folded up if long.
pub(super) fn description(incident: &Incident, max: usize) -> Option<Block> {
    let text = description_of(&incident.annotations);
    if max < 60 || text.is_empty() {
        return None;
    }
    let short = cut(text, max);
    let lines: Vec<Vec<Span>> = short
        .lines()
        .map(str::trim_end)
        .filter(|line| !line.is_empty())
        .take(DESCRIPTION_LINES_MAX)
        .map(|line| vec![Span::plain(line)])
        .collect();
    let wide = width(&short);
    match lines.as_slice() {
        [] => None,
        [line] if wide <= 200 => Some(Block::Line(line.clone())),
        _ => Some(Block::Quote {
            expandable: wide > 400 || lines.len() > 5,
            lines,
        }),
    }
}

/// What is said about an alert beyond its summary; empty if nothing is.
pub(super) fn description_of(annotations: &Labels) -> &str {
    let summary = summary_of(annotations);
    ["description", "message", "details"]
        .iter()
        .find_map(|name| {
            annotations
                .get(name)
                .map(str::trim)
                .filter(|text| !text.is_empty() && *text != summary.trim())
        })
        .unwrap_or_default()
}

/// The labels worth showing: not the name and the severity, which stand elsewhere, nor internal
/// ones (`__…`), nor empty ones.
pub(super) fn shown_labels(incident: &Incident) -> impl Iterator<Item = (&str, &str)> {
    let severity = severity_label(&incident.labels);
    incident.labels.iter().filter(move |(name, value)| {
        *name != NAME && *name != severity && !name.starts_with("__") && !value.is_empty()
    })
}

/// Labels as `name=value`, the most telling first; how many are left out is said.
pub(super) fn label_spans<'a>(
    labels: impl Iterator<Item = (&'a str, &'a str)>,
    detail: &Detail,
) -> Vec<Span> {
    let mut labels: Vec<(&str, &str)> = labels.collect();
    labels.sort_by_key(|(name, _)| {
        PLACE_LABELS
            .iter()
            .position(|telling| telling == name)
            .unwrap_or(PLACE_LABELS.len())
    });
    let mut spans = Vec::new();
    for (name, value) in labels.iter().take(detail.labels) {
        if !spans.is_empty() {
            spans.push(Span::plain(" "));
        }
        spans.push(Span::code(one_line(
            &format!("{name}={}", cut(value, detail.label)),
            detail.label,
        )));
    }
    let left_out = labels.len().saturating_sub(detail.labels);
    if left_out > 0 {
        spans.push(Span::plain(format!(" +{left_out}")));
    }
    spans
}

/// The value of the most telling label.
pub(in crate::message) fn place(incident: &Incident) -> Option<String> {
    let name = incident.labels.value(NAME);
    let watched = [Trouble::Down, Trouble::Degraded].map(Trouble::alert);
    let labels: &[&str] = match watched.contains(&name) {
        true => &[Trouble::MONITOR],
        false => &PLACE_LABELS,
    };
    labels
        .iter()
        .map(|name| one_line(incident.labels.value(name), 60))
        .find(|value| !value.is_empty())
}

/// How often it flapped, if it did: that many lives of its alert ended just before.
pub(super) fn flapped(incident: &Incident, locale: &Locale) -> Option<String> {
    let flaps = incident.flaps as usize;
    (flaps > 0).then(|| locale.text("flapped", [("n", flaps.into())]))
}

/// The beginning and the end of what is over, by the reader's clock.
pub(in crate::message) fn period(
    incident: &Incident,
    locale: &Locale,
    now: Timestamp,
) -> Option<String> {
    let State::Ended { at, .. } = incident.state else {
        return None;
    };
    Some(locale.text(
        "period",
        [
            ("from", locale.moment(incident.starts_at, now).into()),
            ("to", locale.moment(at, now).into()),
            ("span", locale.span(at.since(incident.starts_at)).into()),
        ],
    ))
}

/// Adds `part` to `line` behind a dot.
pub(super) fn append(line: &mut Vec<Span>, part: impl IntoIterator<Item = Span>) {
    let mut part = part.into_iter().peekable();
    if !line.is_empty() && part.peek().is_some() {
        line.push(Span::plain(" · "));
    }
    line.extend(part);
}

/// What a link leads to, and the key of its text.
#[derive(Debug, Clone, Copy)]
pub(super) struct LinkKind {
    key: &'static str,
    of: fn(&Links) -> Option<&str>,
}

/// Every kind of link, in the order they are shown.
pub(super) const LINK_KINDS: [LinkKind; 4] = [
    LinkKind {
        key: "link-source",
        of: |links| links.generator.as_deref(),
    },
    LinkKind {
        key: "link-dashboard",
        of: |links| links.dashboard.as_deref(),
    },
    LinkKind {
        key: "link-runbook",
        of: |links| links.runbook.as_deref(),
    },
    LinkKind {
        key: "link-silence",
        of: |links| links.silence.as_deref(),
    },
];

impl LinkKind {
    /// The address of this kind.
    pub(super) fn of<'a>(&self, links: &'a Links) -> Option<&'a str> {
        (self.of)(links)
    }
}

/// The wanted links as words, between dots.
pub(super) fn link_spans(
    links: &Links,
    detail: &Detail,
    locale: &Locale,
    wanted: impl Fn(usize) -> bool,
) -> Vec<Span> {
    let mut spans = Vec::new();
    for (index, kind) in LINK_KINDS.iter().enumerate() {
        let address = kind
            .of(links)
            .filter(|url| detail.links && wanted(index) && url.len() <= ADDRESS_MAX_BYTES);
        if let Some(url) = address {
            if !spans.is_empty() {
                spans.push(Span::plain(" · "));
            }
            spans.push(Span::link(locale.text(kind.key, []), url));
        }
    }
    spans
}
