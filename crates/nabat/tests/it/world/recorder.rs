//! A webhook receiver that remembers all that comes, and takes it unless told otherwise.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, Method, Response, Uri};
use serde_json::Value;

use super::http::Server;
use super::wait;

/// A request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) method: Method,
    pub(crate) uri: Uri,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    /// What it was answered with.
    pub(crate) status: u16,
    /// When it came.
    pub(crate) at: Instant,
}

impl Request {
    /// A header that must be there.
    pub(crate) fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name);
        let value = value.unwrap_or_else(|| panic!("no `{name}` in {:?}", self.headers));
        value.to_str().unwrap()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

pub(crate) struct Recorder {
    state: Arc<Mutex<State>>,
    server: Server,
}

#[derive(Default)]
struct State {
    requests: Vec<Request>,
    answers: VecDeque<Response<Body>>,
}

impl Recorder {
    pub(crate) async fn start() -> Self {
        let state = Arc::new(Mutex::new(State::default()));
        let record = Arc::clone(&state);
        let hook = async move |method, uri, headers, body| {
            let mut state = record.lock().unwrap();
            let answer = state.answers.pop_front().unwrap_or_default();
            state.requests.push(Request {
                method,
                uri,
                headers,
                body,
                status: answer.status().as_u16(),
                at: Instant::now(),
            });
            answer
        };
        let server = Server::start(Router::new().fallback(hook)).await;
        Self { state, server }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/", self.server.address)
    }

    /// Answers one of the next requests, in order of the calls.
    pub(crate) fn answer(&self, status: u16, header: (&str, &str), body: impl Into<Body>) {
        let (name, value) = header;
        let answer = Response::builder().status(status).header(name, value);
        let answer = answer.body(body.into()).unwrap();
        self.state.lock().unwrap().answers.push_back(answer);
    }

    /// All that has come so far, in order.
    pub(crate) fn requests(&self) -> Vec<Request> {
        self.state.lock().unwrap().requests.clone()
    }

    /// The bodies of all that has come so far, in order.
    pub(crate) fn bodies(&self) -> Vec<Value> {
        self.requests().iter().map(Request::json).collect()
    }

    /// Waits for a body that `matches`; returns the first.
    pub(crate) async fn wait_for(&self, what: &str, matches: impl Fn(&Value) -> bool) -> Value {
        wait::until(what, async || {
            self.bodies().into_iter().find(|body| matches(body))
        })
        .await
    }
}
