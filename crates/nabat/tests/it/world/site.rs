//! A web site that is watched: it answers with the status and the body that the test wants.

use std::sync::{Arc, Mutex};

use axum::http::StatusCode;
use axum::{Router, extract::Request};

use super::http::Server;

pub(crate) struct Site {
    page: Arc<Mutex<(StatusCode, String)>>,
    /// What was asked last, with its head and its body.
    asked: Arc<Mutex<String>>,
    server: Server,
}

impl Site {
    /// One that answers 200.
    pub(crate) async fn start() -> Self {
        let page = Arc::new(Mutex::new((StatusCode::OK, String::new())));
        let asked = Arc::<Mutex<String>>::default();
        let (answered, noted) = (Arc::clone(&page), Arc::clone(&asked));
        let answer = move |request: Request| async move {
            let (head, body) = request.into_parts();
            let body = axum::body::to_bytes(body, 10_000).await.unwrap();
            *noted.lock().unwrap() = format!("{head:?} {body:?}");
            answered.lock().unwrap().clone()
        };
        let server = Server::start(Router::new().fallback(answer)).await;
        Self {
            page,
            asked,
            server,
        }
    }

    /// From now on it answers so.
    pub(crate) fn answer(&self, status: u16) {
        self.page.lock().unwrap().0 = StatusCode::from_u16(status).unwrap();
    }

    /// From now on this is what it shows.
    pub(crate) fn show(&self, body: &str) {
        body.clone_into(&mut self.page.lock().unwrap().1);
    }

    /// What was asked last.
    pub(crate) fn asked(&self) -> String {
        self.asked.lock().unwrap().clone()
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/", self.server.address)
    }
}
