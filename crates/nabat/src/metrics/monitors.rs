//! What monitors look like in the exposition.

use std::fmt::Write as _;

use nabat_core::monitor::{Outcome, Status};

use crate::watch::{Page, Shown};

/// The monitors' part of an OpenMetrics text, without its end.
pub(crate) fn exposition(page: &Page) -> String {
    let mut text = String::new();
    head(
        &mut text,
        "nabat_monitors",
        "How many monitors there are with each status.",
    );
    for (status, count) in &page.counts {
        let _ = writeln!(
            text,
            "nabat_monitors{{status=\"{}\"}} {count}",
            status.word()
        );
    }
    let figures: [(&str, &str, fn(&Shown) -> Option<f64>); 3] = [
        (
            "nabat_monitor_up",
            "Whether it is up; nothing while nobody knows.",
            up,
        ),
        (
            "nabat_monitor_latency_seconds",
            "How long it took to answer the last time.",
            |shown| Some(shown.last.as_ref()?.latency?.as_secs_f64()),
        ),
        (
            "nabat_monitor_looked_at_timestamp_seconds",
            "When it was looked at the last time.",
            |shown| Some(shown.last.as_ref()?.at.as_millis() as f64 / 1_000.0),
        ),
    ];
    for (name, help, figure) in figures {
        head(&mut text, name, help);
        for shown in &page.monitors {
            if let Some(figure) = figure(shown) {
                let monitor = escaped(&shown.record.name);
                let (kind, instance) = (shown.kind, escaped(&shown.target));
                let _ = writeln!(
                    text,
                    "{name}{{monitor=\"{monitor}\",kind=\"{kind}\",instance=\"{instance}\"}} {figure}"
                );
            }
        }
    }
    text
}

fn head(text: &mut String, name: &str, help: &str) {
    let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} gauge");
}

fn up(shown: &Shown) -> Option<f64> {
    match shown.status {
        Status::Up | Status::Suspect | Status::Degraded => Some(1.0),
        Status::Down | Status::Recovering => Some(0.0),
        Status::Maintenance => {
            let outcome = shown.last.as_ref().map(|last| last.outcome);
            match outcome {
                Some(Outcome::Up | Outcome::Degraded) => Some(1.0),
                Some(Outcome::Down) => Some(0.0),
                Some(Outcome::Unknown) | None => None,
            }
        }
        Status::Pending | Status::Unknown | Status::Unreachable | Status::Paused => None,
    }
}

/// As the value of a label.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n")
}
