//! The REST API: for `nabat` on the command line, for scripts, for whoever runs Nabat.
//!
//! Every handler takes an `Admin`, which only a request with an accepted token becomes.

pub(super) mod deliveries;
pub(super) mod incidents;
pub(super) mod monitors;
mod page;
pub(super) mod routes;
pub mod shape;
pub mod token;

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use nabat_core::silence::uuid::Names;

use super::State;
use super::answer::Problem;
use crate::config::{Config, Secret};
use crate::intake::access;
use crate::store::{History, StoreError};

/// What the API needs beside the engine.
#[derive(Debug, Clone)]
pub struct Api {
    /// What became of deliveries.
    pub history: Arc<dyn History>,
    /// What the file in the data folder says; the configuration may name another token.
    pub token: Secret,
    /// What silences are called outside.
    pub names: Names,
}

impl Api {
    /// Whether a request bears an accepted token.
    pub(super) fn admits(&self, config: &Config, headers: &HeaderMap) -> bool {
        let configured = config.api.as_ref().map(|api| &api.token);
        let accepted = [Some(&self.token), configured];
        access::bears(accepted.into_iter().flatten(), headers)
    }
}

/// Proof that whoever asks may.
#[derive(Debug)]
pub(super) struct Admin(());

impl FromRequestParts<State> for Admin {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &State) -> Result<Self, Problem> {
        if parts.headers.contains_key(header::ORIGIN) {
            return Err(Problem::from_a_page());
        }
        let config = state.config.borrow().clone();
        if state.api.admits(&config, &parts.headers) {
            return Ok(Self(()));
        }
        Err(Problem::new(
            StatusCode::UNAUTHORIZED,
            "unauthorized",
            "the request carries no token of the API, or a wrong one",
            "send `Authorization: Bearer TOKEN`; the token is in the file `api-token` in Nabat's data folder, or that of `api` in its configuration",
        ))
    }
}

/// Reads the history on a thread that may wait.
async fn look_back<T: Send + 'static>(
    state: &State,
    what: impl FnOnce(&dyn History) -> Result<T, StoreError> + Send + 'static,
) -> Result<T, Problem> {
    let history = Arc::clone(&state.api.history);
    let found = tokio::task::spawn_blocking(move || what(history.as_ref())).await;
    match found {
        Ok(Ok(found)) => Ok(found),
        Ok(Err(error)) => Err(unreadable(&error)),
        Err(error) => Err(unreadable(&error)),
    }
}

fn unreadable(error: &dyn std::error::Error) -> Problem {
    tracing::error!(%error, "the history can't be read");
    Problem::new(
        StatusCode::SERVICE_UNAVAILABLE,
        "store_unavailable",
        "the history can't be read at the moment",
        "see the log; what waits is shown by `/api/v1/deliveries?state=waiting`",
    )
}
