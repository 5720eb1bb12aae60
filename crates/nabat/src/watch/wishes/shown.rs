//! Monitors and reports as chats are shown them.

use std::sync::Arc;
use std::time::Duration;

use nabat_core::monitor::Trouble;
use nabat_core::monitor::record::Record;
use nabat_core::monitor::uptime::{intervals, uptime};
use nabat_core::monitor::view::{Look, Trace, Uptime, View};

use crate::clock;
use crate::probe::Report;
use crate::store::History;
use crate::watch::Shown;

/// The times for which uptime is shown, the longest last.
const PERIODS: [Duration; 3] = [days(1), days(7), days(30)];

const fn days(days: u64) -> Duration {
    Duration::from_secs(days * 86_400)
}

pub(super) fn view(shown: &Shown) -> View {
    let record = &shown.record;
    let troubles = [Trouble::Down, Trouble::Degraded];
    View {
        id: record.id,
        name: record.name.clone(),
        kind: shown.kind.to_owned(),
        target: shown.target.to_string(),
        origin: record.origin.clone(),
        status: shown.status,
        since: shown.since,
        words: shown.words.clone(),
        flaps: shown.flaps,
        maintenance_until: shown.maintenance_until,
        last: shown.last.as_ref().map(|last| Look {
            at: last.at,
            outcome: last.outcome,
            latency: last.latency,
            words: last.words.to_string(),
        }),
        alerts: troubles.map(|what| shown.alert_labels(what)).into(),
    }
}

pub(super) fn trace(report: Report) -> Trace {
    let findings = report.findings.into_iter();
    Trace {
        outcome: report.outcome,
        latency: report.latency,
        address: report.address,
        phases: report.phases,
        findings: findings
            .map(|finding| (finding.outcome, finding.words))
            .collect(),
    }
}

/// How much of several times a monitor was up, up to the first that is longer than it exists;
/// nothing if that can't be read.
pub(super) async fn uptimes(history: &Arc<dyn History>, record: &Record) -> Vec<Uptime> {
    let now = clock::now();
    let (id, since) = (record.id, now.before(PERIODS[PERIODS.len() - 1]));
    let history = Arc::clone(history);
    let read = tokio::task::spawn_blocking(move || history.edges(id, since)).await;
    let problem = match read {
        Ok(Ok(edges)) => {
            let spans = intervals(&edges);
            let mut uptimes = Vec::with_capacity(PERIODS.len());
            for period in PERIODS {
                // What was before it was made is nobody's.
                let from = now.before(period).max(record.made_at);
                let shares = uptime(&spans, from, now);
                uptimes.push(Uptime::new(period, shares.ratio, shares.watched()));
                if from == record.made_at {
                    break; // A longer time would say the same.
                }
            }
            return uptimes;
        }
        Ok(Err(error)) => error.to_string(),
        Err(error) => error.to_string(),
    };
    tracing::error!(problem, "the history of a monitor can't be read");
    Vec::new()
}
