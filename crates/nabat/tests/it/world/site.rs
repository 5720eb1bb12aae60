//! A web site that is watched: it answers with the status and the body that the test wants.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::http::StatusCode;

use super::http::Server;

pub(crate) struct Site {
    page: Arc<Mutex<(StatusCode, String)>>,
    server: Server,
}

impl Site {
    /// One that answers 200.
    pub(crate) async fn start() -> Self {
        let page = Arc::new(Mutex::new((StatusCode::OK, String::new())));
        let answered = Arc::clone(&page);
        let answer = move || async move { answered.lock().unwrap().clone() };
        let server = Server::start(Router::new().fallback(answer)).await;
        Self { page, server }
    }

    /// From now on it answers so.
    pub(crate) fn answer(&self, status: u16) {
        self.page.lock().unwrap().0 = StatusCode::from_u16(status).unwrap();
    }

    /// From now on this is what it shows.
    pub(crate) fn show(&self, body: &str) {
        body.clone_into(&mut self.page.lock().unwrap().1);
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/", self.server.address)
    }
}
