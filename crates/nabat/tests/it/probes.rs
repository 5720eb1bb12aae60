//! Each kind of probe against real servers, and against peers that lie, dawdle or break off.

mod command;
mod dns;
mod domain;
mod http;
mod services;
mod tcp;
mod tls;

use std::time::Duration;

use nabat::probe::{Finding, Manner, Outcome, Report};

/// An ordinary probe with time enough.
const MANNER: Manner = Manner {
    fresh: true,
    ..Manner::within(Duration::from_secs(10))
};

/// A probe of what never answers.
const HASTY: Manner = Manner {
    timeout: Duration::from_millis(300),
    ..MANNER
};

/// Settings as people write them.
fn settings<T: serde::de::DeserializeOwned>(json: serde_json::Value) -> T {
    serde_json::from_value(json).unwrap()
}

/// Checks what came of a probe, and what was not as it should be.
#[track_caller]
fn assert_report(report: &Report, outcome: Outcome, words: &[&str]) {
    let is_met = |finding: &&Finding| finding.outcome == Outcome::Up;
    let unmet = report.findings.iter().filter(|finding| !is_met(finding));
    let unmet: Vec<&str> = unmet.map(|finding| finding.words.as_str()).collect();
    assert_eq!(
        (report.outcome, unmet.as_slice()),
        (outcome, words),
        "{report:?}"
    );
}

fn phases(report: &Report) -> Vec<&'static str> {
    report.phases.iter().map(|(name, _)| *name).collect()
}
