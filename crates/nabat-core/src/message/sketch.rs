//! What tests share: messages as short texts, and an incident to tell of.

use jiff::tz::TimeZone;

use super::words::{Language, Locale};
use super::{Block, Message, Press, Span, Style};
use crate::alert::Labels;
use crate::incident::{Ending, Incident, IncidentId, State};
use crate::time::Timestamp;

/// A message as text: `*bold*`, `_italic_`, `` `code` ``, `[link]`, `| quote`, `|+ folded quote`,
/// buttons as `{text → data}`.
pub(super) fn sketch(message: &Message) -> String {
    let mut lines: Vec<String> = message.blocks.iter().map(block).collect();
    for row in &message.buttons {
        let row = row.iter().map(|button| match &button.press {
            Press::Callback(data) | Press::Url(data) => format!("{{{} → {data}}}", button.text),
        });
        lines.push(row.collect());
    }
    lines.join("\n")
}

fn block(block: &Block) -> String {
    match block {
        Block::Line(spans) => line(spans),
        Block::Quote { lines, expandable } => {
            let mark = if *expandable { "|+" } else { "|" };
            let lines: Vec<String> = lines
                .iter()
                .map(|spans| format!("{mark} {}", line(spans)))
                .collect();
            lines.join("\n")
        }
        Block::Code(text) => format!("```\n{text}\n```"),
        Block::Gap => String::new(),
    }
}

fn line(spans: &[Span]) -> String {
    spans
        .iter()
        .map(|Span { text, style }| match style {
            Style::Plain => text.clone(),
            Style::Bold => format!("*{text}*"),
            Style::Italic => format!("_{text}_"),
            Style::Strike => format!("~{text}~"),
            Style::Code => format!("`{text}`"),
            Style::Link(_) => format!("[{text}]"),
        })
        .collect()
}

pub(super) fn at(text: &str) -> Timestamp {
    Timestamp::parse_rfc3339(text).unwrap().unwrap()
}

/// 15:30 in London on the day that all incidents of the tests begin.
pub(super) fn now() -> Timestamp {
    at("2026-11-20T15:30:00Z")
}

pub(super) fn locale(language: Language) -> Locale {
    let zone = match language {
        Language::En => "UTC",
        Language::Ru => "Europe/Moscow",
        Language::PtBr => "America/Sao_Paulo",
    };
    Locale {
        language,
        zone: TimeZone::get(zone).unwrap(),
    }
}

/// Fires since 15:04 UTC.
pub(super) fn incident(labels: &[(&str, &str)], annotations: &[(&str, &str)]) -> Incident {
    let labels: Labels = labels.iter().copied().collect();
    Incident {
        annotations: annotations.iter().copied().collect(),
        group: "group".into(),
        starts_at: at("2026-11-20T15:04:00Z"),
        seen_at: at("2026-11-20T15:10:00Z"),
        ..Incident::new(IncidentId(1), labels, at("2026-11-20T15:04:10Z"))
    }
}

/// A full disk of `instance`.
pub(super) fn disk_full(instance: &str) -> Incident {
    incident(
        &[
            ("alertname", "DiskFull"),
            ("severity", "critical"),
            ("instance", instance),
            ("job", "node"),
        ],
        &[("summary", &format!("Disk of {instance} is full"))],
    )
}

/// The same, over since 15:16 UTC.
pub(super) fn ended(incident: Incident, how: Ending) -> Incident {
    let at = at("2026-11-20T15:16:00Z");
    Incident {
        state: State::Ended { at, how },
        ..incident
    }
}

/// The same, its source silent.
pub(super) fn stale(incident: Incident) -> Incident {
    Incident {
        state: State::Stale,
        ..incident
    }
}
