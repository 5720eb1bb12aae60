//! `/api/v1/monitors/NAME/samples`, `/hours` and `/days`: what probes saw, and what that came to.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use nabat_core::monitor::MonitorId;
use nabat_core::time::Timestamp;
use schemars::JsonSchema;
use serde::Deserialize;

use super::seen;
use super::shown::millis;
use crate::clock;
use crate::samples::{self, Samples, SamplesError};
use crate::web;
use crate::web::answer::Problem;
use crate::web::api::caller::{Caller, Scoped, Viewer};
use crate::web::api::request::Segment;
use crate::web::api::shape::monitor as shape;
use crate::web::api::{page, unreadable};

const HINT: &str = "`since` and `until` are times in RFC 3339, or periods such as `24h` before now; `limit` is a whole number";

/// The parameters as they come.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Params {
    /// From when on: a moment in RFC 3339, or how long ago (`24h`).
    since: Option<String>,
    /// Until when: a moment in RFC 3339, or how long ago. Without it, now.
    until: Option<String>,
    /// How many samples at the most. Without it, 100.
    #[schemars(with = "Option<u16>", range(min = 1, max = 1000))]
    limit: Option<String>,
}

/// Which time is wanted.
struct Span {
    since: Timestamp,
    until: Timestamp,
    limit: usize,
}

/// Lists what each probe saw; of the last hour unless the request says.
pub(super) async fn samples(
    State(state): State<web::State>,
    Scoped(viewer): Scoped<Viewer>,
    Segment(name): Segment,
    params: Result<Query<Params>, QueryRejection>,
) -> Result<Json<shape::Samples>, Problem> {
    let span = span(params, "1h")?;
    let found = read(&state, &viewer.caller, &name, move |samples, id| {
        samples.range(id, span.since, span.until, span.limit)
    });
    let samples = found.await?.into_iter().map(|sample| shape::Sample {
        at: sample.at.to_string(),
        outcome: sample.outcome,
        latency_ms: sample.latency.map(millis),
        loss_percent: sample.loss_percent,
    });
    Ok(Json(shape::Samples {
        samples: samples.collect(),
    }))
}

/// Lists what hours came to; of the last day unless the request says.
pub(super) async fn hours(
    State(state): State<web::State>,
    Scoped(viewer): Scoped<Viewer>,
    Segment(name): Segment,
    params: Result<Query<Params>, QueryRejection>,
) -> Result<Json<shape::Summaries>, Problem> {
    let span = span(params, "1d")?;
    let found = read(&state, &viewer.caller, &name, move |samples, id| {
        samples.hours(id, span.since, span.until)
    });
    Ok(Json(summaries(found.await?)))
}

/// Lists what days came to; of the last 30 unless the request says.
pub(super) async fn days(
    State(state): State<web::State>,
    Scoped(viewer): Scoped<Viewer>,
    Segment(name): Segment,
    params: Result<Query<Params>, QueryRejection>,
) -> Result<Json<shape::Summaries>, Problem> {
    let span = span(params, "30d")?;
    let found = read(&state, &viewer.caller, &name, move |samples, id| {
        samples.days(id, span.since, span.until)
    });
    Ok(Json(summaries(found.await?)))
}

/// Reads on a thread that may wait.
async fn read<T: Send + 'static>(
    state: &web::State,
    caller: &Caller,
    name: &str,
    what: impl FnOnce(&Samples, MonitorId) -> Result<T, SamplesError> + Send + 'static,
) -> Result<T, Problem> {
    let id = seen(state, caller, name).await?.id();
    let samples = Arc::clone(&state.samples);
    let found = tokio::task::spawn_blocking(move || what(&samples, id)).await;
    match found {
        Ok(Ok(found)) => Ok(found),
        Ok(Err(error)) => Err(unreadable(&error)),
        Err(error) => Err(unreadable(&error)),
    }
}

fn span(params: Result<Query<Params>, QueryRejection>, usual: &str) -> Result<Span, Problem> {
    let wrong =
        |message: String| Problem::new(StatusCode::BAD_REQUEST, "invalid_query", message, HINT);
    let Query(params) = params.map_err(|error| wrong(page::cut(&error.body_text())))?;
    let now = clock::now();
    let moment = |name: &str, text: &str| {
        let moment = page::moment(text, now);
        moment.map_err(|()| wrong(format!("`{name}` is no time: `24h`, `7d` or RFC 3339")))
    };
    let until = params.until.as_deref();
    Ok(Span {
        since: moment("since", params.since.as_deref().unwrap_or(usual))?,
        until: until.map_or(Ok(now), |until| moment("until", until))?,
        limit: page::limit(params.limit.as_deref()).map_err(wrong)?,
    })
}

fn summaries(found: Vec<samples::Summary>) -> shape::Summaries {
    let summaries = found.into_iter().map(|found| shape::Summary {
        at: found.at.to_string(),
        up: found.counts.up,
        degraded: found.counts.degraded,
        down: found.counts.down,
        unknown: found.counts.unknown,
        latency: found.latency.map(|latency| shape::Latency {
            min_ms: millis(latency.min),
            mean_ms: millis(latency.mean),
            p50_ms: millis(latency.p50),
            p95_ms: millis(latency.p95),
            p99_ms: millis(latency.p99),
            max_ms: millis(latency.max),
        }),
        loss_percent: found.loss_percent,
    });
    shape::Summaries {
        summaries: summaries.collect(),
    }
}
