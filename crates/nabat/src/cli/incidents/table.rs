//! Incidents as people read them at a terminal.

use std::fmt::Write as _;
use std::time::Duration;

use nabat_core::delivery::Fate;
use nabat_core::incident::Severity;
use nabat_core::time::Timestamp;

use crate::cli::table::{Table, age, clean, span};
use crate::web::api::shape::incident::{Happened, Incident, Kind, State, Told};

/// A line for each, no wider than `width` if that can be.
pub(super) fn list(incidents: &[Incident], now: Timestamp, width: Option<usize>) -> String {
    let table = Table {
        head: ["ID", "STATE", "SEVERITY", "BEGAN", "LASTED", "TITLE"],
        flexible_from: 5,
        rows: incidents.iter().map(|known| row(known, now)).collect(),
    };
    table.text(width)
}

fn row(known: &Incident, now: Timestamp) -> [String; 6] {
    [
        known.id.to_string(),
        state(known),
        severity(known.severity).to_owned(),
        format!("{} ago", age(&known.starts_at, now)),
        lasted(known),
        clean(&known.title),
    ]
}

/// Everything about one.
pub(super) fn one(known: &Incident, now: Timestamp) -> String {
    let mut text = String::new();
    let mut line = |name: &str, value: &str| {
        let _ = writeln!(text, "{name:<9} {}", clean(value));
    };
    line("incident", &known.id.to_string());
    line("title", &known.title);
    line("state", &state(known));
    line("severity", severity(known.severity));
    let ago = |at: &str| format!("{at} ({} ago)", age(at, now));
    line("began", &ago(&known.starts_at));
    line("learnt", &ago(&known.opened_at));
    if let Some(at) = &known.ended_at {
        line("ended", &ago(at));
    }
    line("lasted", &lasted(known));
    if known.flaps > 0 {
        line("flapped", &format!("{}×", known.flaps));
    }
    line("labels", &known.labels.to_string());
    for (name, value) in known.annotations.iter() {
        line(name, value);
    }
    for happened in known.history.iter().flatten() {
        let _ = writeln!(
            text,
            "  {}  {}",
            clean(&happened.at),
            clean(&said(happened))
        );
    }
    text
}

fn said(happened: &Happened) -> String {
    match &happened.what {
        Kind::Told(to) => told(to, ""),
        Kind::ToldEnd(to) => told(to, " that it is over"),
        Kind::Acknowledged { by, until } => format!("acknowledged by {by} until {until}"),
        Kind::Unattended => "nobody sees to it any more".to_owned(),
        Kind::Silenced { silence, by, until } => {
            let by = match by.as_str() {
                "" => String::new(),
                by => format!(" by {by}"),
            };
            format!("silenced{by} until {until} (silence {silence})")
        }
    }
}

fn told(to: &Told, what: &str) -> String {
    let doubt = match to.fate {
        Fate::Uncertain => ", but nobody knows whether it arrived",
        Fate::Failed => ", but it was refused for good",
        _ => "",
    };
    let (name, delivery) = (&to.destination_name, to.delivery);
    format!("told {name}{what} (delivery {delivery}){doubt}")
}

fn lasted(known: &Incident) -> String {
    let so_far = if known.state.over() { "" } else { " so far" };
    format!("{}{so_far}", span(Duration::from_secs(known.seconds)))
}

fn state(known: &Incident) -> String {
    let word = match known.state {
        State::Firing => "firing",
        State::Stale => "no news",
        State::Resolved => "resolved",
        State::Expired => "expired",
        State::Closed => "closed",
    };
    match &known.acknowledged {
        Some(taken) => format!("{word} ({})", clean(&taken.by)),
        None => word.to_owned(),
    }
}

fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "critical",
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "info",
    }
}
