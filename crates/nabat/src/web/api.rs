//! The REST API: for `nabat` on the command line, for scripts, for whoever runs Nabat.
//!
//! Each resource lists its [`Operation`]s beside their handlers; of that one list both the routes and
//! the OpenAPI document are made. Every handler takes the proof that whoever asks may, see
//! [`caller`].

mod alerts_in;
mod bots;
pub mod caller;
mod deliveries;
mod document;
mod incidents;
pub mod keyring;
pub mod manual;
mod monitors;
pub mod once;
pub mod operation;
mod page;
pub mod patch;
pub mod request;
mod routes;
pub mod shape;
pub mod token;
mod tokens;

use std::sync::Arc;

use axum::http::{HeaderMap, StatusCode};
use axum::{Router, middleware};
use nabat_core::silence::uuid::Names;
use nabat_core::token::Role;
use serde_json::Value;

use super::State;
use super::answer::Problem;
use crate::clock;
use crate::config::{Config, Secret};
use crate::intake::access;
use crate::store::{History, StoreError};

use caller::Caller;
use keyring::Keyring;
use manual::Manual;
use operation::Operation;

/// What a token is called that no command made: the one in the file, the one of the configuration.
const ROOT: &str = "api-token";

/// What the API needs beside the engine.
#[derive(Debug, Clone)]
pub struct Api {
    /// What became of deliveries.
    pub history: Arc<dyn History>,
    /// What the file in the data folder says; the configuration may name another token.
    pub token: Secret,
    /// The tokens that people made.
    pub keyring: Keyring,
    /// What silences are called outside.
    pub names: Names,
    /// The answers that are given again.
    pub answers: once::Answers,
    /// What it says of itself.
    pub manual: Manual,
}

impl Api {
    /// Whether a request bears the token of the file or of the configuration.
    pub(super) fn admits(&self, config: &Config, headers: &HeaderMap) -> bool {
        let configured = config.api.as_ref().map(|api| &api.token);
        let accepted = [Some(&self.token), configured];
        access::bears(accepted.into_iter().flatten(), headers)
    }

    /// Whoever sent a request, if it bears an accepted token.
    async fn caller(&self, state: &State, headers: &HeaderMap) -> Option<Caller> {
        let config = state.config.borrow().clone();
        if self.admits(&config, headers) {
            return Some(Caller {
                name: ROOT.into(),
                id: [0; 32],
                role: Role::Admin,
                scope: Arc::default(),
            });
        }
        let given = access::bearer(headers)?;
        let now = clock::now();
        let Some(known) = self.keyring.find(given, now) else {
            tracing::debug!("a request bears a token that is not accepted");
            return None;
        };
        self.keyring.used(&state.engine, &known, now).await;
        Some(Caller::from(&known.token))
    }
}

/// Everything that can be asked.
fn operations() -> Vec<Operation> {
    let all = [
        Vec::from(manual::operations()),
        alerts_in::operations().into(),
        bots::operations().into(),
        deliveries::operations().into(),
        incidents::operations().into(),
        monitors::operations(),
        routes::operations().into(),
        tokens::operations().into(),
    ];
    all.into_iter().flatten().collect()
}

/// The OpenAPI document of the API below `prefix`; an empty one is none.
pub fn document(prefix: &str) -> Value {
    document::document(&operations(), prefix)
}

/// The routes of the API.
pub(super) fn router(state: &State) -> Router<State> {
    let add = |router: Router<State>, operation: Operation| {
        let handler = match operation.once {
            true => {
                let once = middleware::from_fn_with_state(state.clone(), once::once);
                operation.handler.layer(once)
            }
            false => operation.handler,
        };
        router.route(operation.path, handler)
    };
    operations().into_iter().fold(Router::new(), add)
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
