//! What Nabat answers over HTTP.
//!
//! A handler takes a request apart, calls one function and maps the result. All paths stand in
//! [`router`], all errors in `answer`.

pub(crate) mod alertmanager;
mod answer;
pub mod api;
mod health;
mod media;
mod ping;
mod probe;
pub mod server;
mod webhook;

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::response::Redirect;
use axum::routing::{get, post};
use nabat_core::time::Timestamp;
use tokio::sync::{Semaphore, mpsc};

use crate::bot::{Roster, WebhookEars};
use crate::config::Config;
use crate::engine::Handle;
use crate::metrics::Metrics;
use crate::probe::Tools;
use crate::samples::Samples;
use crate::watch;

pub use alertmanager::Turns;

/// Which Nabat this is.
#[derive(Debug, Clone)]
pub struct About {
    /// What tells it from others.
    pub instance: String,
    /// Since when it runs.
    pub started_at: Timestamp,
    /// Where it listens.
    pub address: SocketAddr,
    /// Under which address it is found if the configuration does not say it.
    pub home: String,
}

/// What handlers need.
#[derive(Debug, Clone)]
pub struct State {
    /// The engine.
    pub engine: Handle,
    /// The configuration in force.
    pub config: tokio::sync::watch::Receiver<Arc<Config>>,
    /// Which Nabat this is.
    pub about: Arc<About>,
    /// The counters.
    pub metrics: Arc<Metrics>,
    /// The watch.
    pub watch: watch::Handle,
    /// What probes share.
    pub tools: Arc<Tools>,
    /// Room for probes that Prometheus asks for.
    pub probes: Arc<Semaphore>,
    /// What probes saw.
    pub samples: Arc<Samples>,
    /// What the REST API needs.
    pub api: api::Api,
    /// Where updates of bots in webhook mode go.
    pub ears: WebhookEars,
    /// Which bots run, and how they do.
    pub roster: Roster,
    /// Room for the bodies that are being read, in KiB.
    pub bodies: Arc<Semaphore>,
    /// Room for those who read long lists.
    pub readers: Arc<Semaphore>,
    /// Whose turn it is to write a part of one.
    pub turns: Turns,
    /// Asks for the configuration to be read again.
    pub reload: mpsc::Sender<server::Reload>,
}

/// As much room for bodies as there is.
pub fn bodies() -> Arc<Semaphore> {
    Arc::new(Semaphore::new(webhook::BODIES_KIB_MAX as usize))
}

/// Every path there is, below `prefix`; an empty one is none.
pub fn under(prefix: &str, state: State) -> Router {
    let router = router(state);
    if prefix.is_empty() {
        return router;
    }
    let home = format!("{prefix}/");
    let to_home = move || async move { Redirect::to(&home) };
    Router::new()
        .route("/", get(to_home))
        .nest_service(prefix, router)
        .fallback(answer::not_found)
}

/// As much room for readers of long lists as there is.
pub fn readers() -> Arc<Semaphore> {
    Arc::new(Semaphore::new(alertmanager::READERS_MAX))
}

/// As much room for probes that Prometheus asks for as there is.
pub fn probes() -> Arc<Semaphore> {
    Arc::new(Semaphore::new(probe::AT_ONCE))
}

/// Every path there is.
pub fn router(state: State) -> Router {
    Router::new()
        .route("/", get(health::index).post(webhook::open))
        .merge(api::router(&state))
        .route("/ping/{key}", get(ping::key).post(ping::key))
        .route("/ping/{key}/{word}", get(ping::word).post(ping::word))
        .route(
            "/ping/{key}/{name}/{word}",
            get(ping::name_and_word).post(ping::name_and_word),
        )
        .route("/telegram/{bot}", post(webhook::telegram))
        .merge(alertmanager::former())
        .nest("/api/v2", alertmanager::router(&state))
        .route("/metrics", get(health::metrics))
        .route("/probe", get(probe::probe))
        .route("/-/healthy", get(health::healthy))
        .route("/-/ready", get(health::ready))
        .route("/-/reload", post(health::reload))
        .fallback(answer::not_found)
        .method_not_allowed_fallback(answer::method_not_allowed)
        .with_state(state)
}
