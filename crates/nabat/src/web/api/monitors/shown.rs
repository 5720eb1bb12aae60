//! Monitors and reports in the API's shapes.

use std::time::Duration;

use nabat_core::monitor::record::Origin;
use nabat_core::token::Role;

use crate::config::masking::masked;
use crate::probe;
use crate::watch::Shown;
use crate::web;
use crate::web::api::caller::Caller;
use crate::web::api::shape::monitor::{Alarm, Finding, Look, Monitor, Phase, Report};

/// A monitor as the API shows it to whoever asks.
pub(super) fn shown(monitor: Shown, state: &web::State, caller: &Caller) -> Monitor {
    let is_admin = caller.role == Role::Admin;
    let definition = masked(&monitor.definition(), is_admin);
    let record = &monitor.record;
    let config = state.config.borrow().clone();
    let base = config.external_url.as_deref().unwrap_or(&state.about.home);
    let key = record.key.as_ref().filter(|_| is_admin);
    Monitor {
        id: record.id.0,
        name: record.name.clone(),
        kind: monitor.kind.to_owned(),
        target: monitor.target.to_string(),
        status: monitor.status,
        since: monitor.since.to_string(),
        words: monitor.words,
        alarm: monitor.alarm.map(|alarm| Alarm {
            what: alarm.what,
            since: alarm.since.to_string(),
        }),
        flaps: monitor.flaps,
        paused: monitor.paused,
        maintenance_until: monitor.maintenance_until.map(|until| until.to_string()),
        last: monitor.last.as_ref().map(|last| Look {
            at: last.at.to_string(),
            outcome: last.outcome,
            latency_ms: last.latency.map(millis),
            words: last.words.to_string(),
        }),
        severity: monitor.monitor.severity.clone(),
        labels: monitor.monitor.labels.clone(),
        parents: monitor.monitor.parents.clone(),
        configured: record.origin == Origin::Config,
        made_by: record.origin.maker().map(str::to_owned),
        made_at: record.made_at.to_string(),
        changed_at: record.changed_at.to_string(),
        // Who knows it can speak for the job.
        ping_url: key.map(|key| format!("{base}/ping/{key}")),
        definition,
    }
}

impl From<probe::Report> for Report {
    fn from(report: probe::Report) -> Self {
        Self {
            outcome: report.outcome,
            words: report.words(),
            latency_ms: report.latency.map(millis),
            address: report.address,
            phases: report
                .phases
                .into_iter()
                .map(|(name, took)| Phase {
                    name: name.to_owned(),
                    ms: millis(took),
                })
                .collect(),
            findings: report
                .findings
                .into_iter()
                .map(|finding| Finding {
                    outcome: finding.outcome,
                    words: finding.words,
                })
                .collect(),
        }
    }
}

/// In milliseconds, to the microsecond.
pub(super) fn millis(time: Duration) -> f64 {
    time.as_micros() as f64 / 1_000.0
}
