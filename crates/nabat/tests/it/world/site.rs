//! A web site that is watched: it answers with the status that the test wants.

use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};

use axum::Router;
use axum::http::StatusCode;

use super::http::Server;

pub(crate) struct Site {
    status: Arc<AtomicU16>,
    server: Server,
}

impl Site {
    /// One that answers 200.
    pub(crate) async fn start() -> Self {
        let status = Arc::new(AtomicU16::new(200));
        let answered = Arc::clone(&status);
        let page =
            move || async move { StatusCode::from_u16(answered.load(Ordering::Relaxed)).unwrap() };
        let server = Server::start(Router::new().fallback(page)).await;
        Self { status, server }
    }

    /// From now on it answers so.
    pub(crate) fn answer(&self, status: u16) {
        self.status.store(status, Ordering::Relaxed);
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/", self.server.address)
    }
}
