//! `/api/v1/monitors/NAME/history` and `/pings`: how a monitor stood, and what a heartbeat said.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use nabat_core::monitor::uptime::{self, uptime};
use nabat_core::time::format_period;

use super::seen;
use crate::clock;
use crate::web;
use crate::web::answer::Problem;
use crate::web::api::caller::{Scoped, Viewer};
use crate::web::api::look_back;
use crate::web::api::request::Segment;
use crate::web::api::shape::monitor::{History, Interval, Ping, Pings, Uptime};

const DAY: Duration = Duration::from_secs(86_400);
/// The times for which uptime is shown.
const PERIODS: [Duration; 5] = [
    DAY,
    Duration::from_secs(7 * 86_400),
    Duration::from_secs(30 * 86_400),
    Duration::from_secs(90 * 86_400),
    Duration::from_secs(365 * 86_400),
];
/// How many intervals are shown at most: the newest ones.
const INTERVALS_MAX: usize = 1_000;
const PINGS_SHOWN: usize = 100;

/// Shows how a monitor stood within a year, and how much of the time it was up.
pub(super) async fn history(
    State(state): State<web::State>,
    Scoped(viewer): Scoped<Viewer>,
    Segment(name): Segment,
) -> Result<Json<History>, Problem> {
    let monitor = seen(&state, &viewer.caller, &name).await?;
    let now = clock::now();
    let (id, made_at) = (monitor.id(), monitor.record.made_at);
    let longest = PERIODS.iter().max().copied().unwrap_or(DAY);
    let since = now.before(longest);
    let edges = look_back(&state, move |history| history.edges(id, since)).await?;
    let spans = uptime::intervals(&edges);
    let uptime = PERIODS.map(|period| {
        // What was before it was made is nobody's.
        let shares = uptime(&spans, now.before(period).max(made_at), now);
        Uptime {
            period: format_period(period),
            ratio: shares.ratio,
            coverage: shares.coverage,
            watched_ms: u64::try_from(shares.watched().as_millis()).unwrap_or(u64::MAX),
            down_ms: shares.down_ms,
        }
    });
    let skipped = spans.len().saturating_sub(INTERVALS_MAX);
    let shown = spans.iter().zip(&edges).skip(skipped);
    Ok(Json(History {
        intervals: shown
            .map(|(span, edge)| Interval {
                status: span.status,
                from: span.from.to_string(),
                to: span.to.map(|to| to.to_string()),
                words: edge.words.clone(),
            })
            .collect(),
        uptime: uptime.into(),
    }))
}

/// Lists the last signs of life of a heartbeat.
pub(super) async fn pings(
    State(state): State<web::State>,
    Scoped(viewer): Scoped<Viewer>,
    Segment(name): Segment,
) -> Result<Json<Pings>, Problem> {
    let id = seen(&state, &viewer.caller, &name).await?.id();
    let pings = look_back(&state, move |history| history.pings(id, PINGS_SHOWN)).await?;
    let shown = pings.into_iter().map(|ping| Ping {
        number: ping.number,
        at: ping.at.to_string(),
        said: ping.said,
        took_ms: ping.took_millis,
        from: ping.from,
        body: ping.body,
    });
    Ok(Json(Pings {
        pings: shown.collect(),
    }))
}
