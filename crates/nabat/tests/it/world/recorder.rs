//! A webhook receiver that takes everything and remembers it.

use std::sync::{Arc, Mutex};

use axum::routing::post;
use axum::{Json, Router};
use serde_json::Value;

use super::http::Server;
use super::wait;

pub(crate) struct Recorder {
    bodies: Arc<Mutex<Vec<Value>>>,
    server: Server,
}

impl Recorder {
    pub(crate) async fn start() -> Self {
        let bodies = Arc::new(Mutex::new(Vec::new()));
        let record = Arc::clone(&bodies);
        let hook = async move |Json(body): Json<Value>| record.lock().unwrap().push(body);
        let server = Server::start(Router::new().route("/", post(hook))).await;
        Self { bodies, server }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/", self.server.address)
    }

    /// All that has come so far, in order.
    pub(crate) fn bodies(&self) -> Vec<Value> {
        self.bodies.lock().unwrap().clone()
    }

    /// Waits for a body that `matches`; returns the first.
    pub(crate) async fn wait_for(&self, what: &str, matches: impl Fn(&Value) -> bool) -> Value {
        wait::until(what, async || {
            self.bodies().into_iter().find(|body| matches(body))
        })
        .await
    }
}
