//! `GET /probe`: one probe, as blackbox_exporter makes it. Open to whoever may see `/metrics`, but
//! there is none unless the configuration names modules.

use std::time::{Duration, Instant};

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::IntoResponse;
use serde::Deserialize;

use super::answer::Problem;
use crate::blackbox::{self, Refused, Request};
use crate::metrics::plain;

/// In which Prometheus says how long it waits, in seconds.
const PATIENCE: &str = "x-prometheus-scrape-timeout-seconds";

/// How many probes are made at once: whoever reaches the port can ask, and each may hold a large
/// answer.
pub(super) const AT_ONCE: usize = 200;
/// How long a probe waits for its turn.
const TURN: Duration = Duration::from_secs(3);

/// What Prometheus asks for.
#[derive(Debug, Deserialize)]
pub(super) struct Parameters {
    #[serde(default)]
    target: String,
    module: Option<String>,
    hostname: Option<String>,
    debug: Option<String>,
}

/// Probes once.
pub(super) async fn probe(
    State(state): State<super::State>,
    parameters: Result<Query<Parameters>, QueryRejection>,
    headers: HeaderMap,
) -> Result<impl IntoResponse, Problem> {
    let modules = state.config.borrow().modules.clone();
    let modules = modules.ok_or_else(off)?;
    let Query(parameters) = parameters.map_err(|error| unread(&error))?;
    let patience = patience(&headers)?;
    let begun = Instant::now();
    // It is never closed.
    let turn = tokio::time::timeout(TURN, state.probes.acquire()).await;
    let _turn = turn.map_err(|_| busy())?;
    let request = Request {
        module: parameters.module,
        target: parameters.target,
        hostname: parameters.hostname,
        patience: patience.map(|patience| patience.saturating_sub(begun.elapsed())),
    };
    let probed = blackbox::probe(&modules, &request, &state.tools).await?;
    let (kind, text) = match parameters.debug.as_deref() {
        Some("true") => ("text/plain; charset=utf-8", probed.debug()),
        _ => (plain::TYPE, probed.metrics()),
    };
    Ok(([(header::CONTENT_TYPE, kind)], text))
}

fn off() -> Problem {
    Problem::new(
        StatusCode::NOT_FOUND,
        "no_modules",
        "nothing is probed here",
        "name a `blackbox.yml` in `probe.modules_file`",
    )
}

fn unread(error: &QueryRejection) -> Problem {
    Problem::new(
        StatusCode::BAD_REQUEST,
        "invalid_query",
        error.body_text(),
        "a probe takes `target`, `module`, `hostname` and `debug`, each once",
    )
}

fn busy() -> Problem {
    Problem::new(
        StatusCode::SERVICE_UNAVAILABLE,
        "too_many_probes",
        format!("{AT_ONCE} probes are being made already"),
        "ask again later, or for fewer targets at once",
    )
}

/// How long Prometheus waits, if it says so.
fn patience(headers: &HeaderMap) -> Result<Option<Duration>, Problem> {
    let Some(said) = headers.get(PATIENCE).filter(|said| !said.is_empty()) else {
        return Ok(None);
    };
    let seconds = said.to_str().ok().and_then(|said| said.parse::<f64>().ok());
    let patience = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    patience.map(Some).ok_or_else(|| {
        Problem::new(
            // blackbox_exporter's answer.
            StatusCode::INTERNAL_SERVER_ERROR,
            "invalid_timeout",
            "`X-Prometheus-Scrape-Timeout-Seconds` is no number of seconds",
            "leave it out, or send it as Prometheus does",
        )
    })
}

impl From<Refused> for Problem {
    fn from(refused: Refused) -> Self {
        let (code, hint) = match refused {
            Refused::UnknownModule { .. } => (
                "unknown_module",
                "`probe.modules_file` names the file with the modules",
            ),
            Refused::NoTarget => ("no_target", "name it: `/probe?module=http_2xx&target=…`"),
            Refused::Misfit(_) => ("two_hosts", "leave one of them out"),
        };
        Self::new(StatusCode::BAD_REQUEST, code, refused.to_string(), hint)
    }
}
