//! How Nabat is: for people, for Prometheus and for whatever restarts it.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::IntoResponse;
use tokio::sync::oneshot;

use super::answer::Problem;
use crate::clock;
use crate::metrics::{monitors, plain};
use crate::watch::Filter;

/// Says what this is, to whoever looks with a browser.
pub(super) async fn index() -> impl IntoResponse {
    concat!(
        "Nabat ",
        env!("CARGO_PKG_VERSION"),
        "\n\n",
        "POST /api/v1/webhook/alertmanager   alerts, as Alertmanager sends them\n",
        "/api/v2/                            what Alertmanager has there: POST alerts, GET alerts\n",
        "GET  /api/v2/silences               what is silenced, as Alertmanager shows it\n",
        "GET  /api/v1/incidents              what fires and what fired; needs the API's token\n",
        "GET  /api/v1/routes                 who is told about which alerts; needs the token too\n",
        "GET  /api/v1/deliveries             what waits and what was sent; needs the token too\n",
        "GET  /api/v1/monitors               what Nabat watches; needs the token too\n",
        "     /ping/KEY, /ping/KEY/NAME      signs of life of jobs\n",
        "GET  /api/v1/docs                   all of the API, for people; openapi.json: for programs\n",
        "GET  /metrics                       figures for Prometheus\n",
        "GET  /probe                         one probe, as blackbox_exporter makes it\n",
        "GET  /-/healthy, /-/ready           whether it lives, whether it can take alerts\n",
        "POST /-/reload                      read the configuration again\n",
    )
}

/// The exposition: as OpenMetrics for who asks for it, as Prometheus does, else in the older format.
pub(super) async fn metrics(
    State(state): State<super::State>,
    headers: HeaderMap,
) -> impl IntoResponse {
    const NAME: &str = "application/openmetrics-text";
    /// What an exposition ends with.
    const END: &str = "# EOF";
    /// More monitors than these have no figures of their own.
    const MONITORS_MAX: usize = 10_000;
    const OPENMETRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    let figures = state.engine.look().await.ok().map(|look| look.figures);
    let readers = super::alertmanager::READERS_MAX - state.readers.available_permits();
    state.metrics.alertmanager.reading(readers);
    let mut text = state.metrics.exposition(figures, clock::now());
    let each = state.config.borrow().watch.metrics;
    let filter = Filter {
        limit: if each { MONITORS_MAX } else { 0 },
        ..Filter::default()
    };
    if let Ok(page) = state.watch.list(filter).await {
        let end = text.rfind(END).unwrap_or(text.len());
        text.insert_str(end, &monitors::exposition(&page));
    }
    let accepted = headers.get_all(header::ACCEPT).iter();
    let mut accepted = accepted.filter_map(|accepted| accepted.to_str().ok());
    let (kind, text) = match accepted.any(|accepted| accepted.contains(NAME)) {
        true => (OPENMETRICS, text),
        false => (plain::TYPE, plain::plain(&text)),
    };
    ([(header::CONTENT_TYPE, kind)], text)
}

/// Says that the process lives.
pub(super) async fn healthy() -> &'static str {
    "OK"
}

/// Says whether alerts can be taken.
pub(super) async fn ready(State(state): State<super::State>) -> Result<&'static str, Problem> {
    if state.engine.ready() {
        return Ok("OK");
    }
    Err(Problem::new(
        StatusCode::SERVICE_UNAVAILABLE,
        "store_unavailable",
        "nothing can be stored at the moment",
        "see the log; alerts are refused with 503 meanwhile",
    ))
}

/// Reads the configuration again; a bad one is refused and the old one stays.
pub(super) async fn reload(
    State(state): State<super::State>,
    headers: HeaderMap,
) -> Result<&'static str, Problem> {
    if headers.contains_key(header::ORIGIN) {
        return Err(Problem::from_a_page());
    }
    let (answer, answered) = oneshot::channel();
    let stopping = || {
        Problem::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "stopping",
            "Nabat is stopping",
            "nothing was read again",
        )
    };
    state
        .reload
        .send(super::server::Reload { answer })
        .await
        .map_err(|_| stopping())?;
    match answered.await.map_err(|_| stopping())? {
        Ok(()) => Ok("OK"),
        Err(problem) => Err(Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "invalid_config",
            problem,
            "the old configuration stays in force; mend the file and reload again",
        )),
    }
}
