//! Something to be watched: a metrics page whose numbers the test sets.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::routing::get;

use super::http::Server;

pub(crate) struct Target {
    gauges: Arc<Mutex<BTreeMap<String, f64>>>,
    server: Server,
}

impl Target {
    pub(crate) async fn start() -> Self {
        let gauges = Arc::new(Mutex::new(BTreeMap::<String, f64>::new()));
        let shown = Arc::clone(&gauges);
        let page = move || async move {
            let shown = shown.lock().unwrap();
            let lines = shown
                .iter()
                .map(|(name, value)| format!("{name} {value}\n"));
            lines.collect::<String>()
        };
        let server = Server::start(Router::new().route("/metrics", get(page))).await;
        Self { gauges, server }
    }

    /// Sets a metric; its name may carry labels, as in `disk_full{device="sda1"}`.
    pub(crate) fn set(&self, metric: &str, value: f64) {
        self.gauges.lock().unwrap().insert(metric.to_owned(), value);
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.server.address
    }
}
