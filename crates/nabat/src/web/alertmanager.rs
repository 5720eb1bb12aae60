//! Alertmanager's API v2: what Prometheus, amtool, karma and Grafana ask of an Alertmanager.
//!
//! Paths, shapes, texts and orders are Alertmanager's, for programs read them. Everything here is
//! open to whoever may send alerts.

mod alert;
mod alerts;
mod answer;
mod groups;
mod original;
mod post;
mod query;
mod status;
mod stream;

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tokio::sync::OwnedSemaphorePermit;

use crate::intake::access;

use answer::Refused;

/// How many may read a list of alerts at once: each holds what was there when it began.
pub(super) const READERS_MAX: usize = 8;

/// Every path of it, below `/api/v2`.
pub(super) fn router(state: &super::State) -> Router<super::State> {
    Router::new()
        .route("/status", get(status::show))
        .route("/receivers", get(status::receivers))
        .route("/alerts", get(alerts::list).post(post::alerts))
        .route("/alerts/groups", get(groups::list))
        .fallback(answer::not_found)
        .layer(middleware::from_fn_with_state(state.clone(), guarded))
}

/// Lets in who may send alerts, and says what browsers must hear.
async fn guarded(State(state): State<super::State>, request: Request, next: Next) -> Response {
    let from_a_page = request.headers().contains_key(header::ORIGIN);
    let asked_first = request
        .headers()
        .get(header::ACCESS_CONTROL_REQUEST_METHOD)
        .cloned();
    let mut response = match asked_first {
        Some(wanted) if request.method() == Method::OPTIONS => may_ask(wanted),
        _ if !admitted(&state, request.headers()) => Refused::unauthorized().into_response(),
        _ => {
            let method = request.method().clone();
            name_methods(method, next.run(request).await)
        }
    };
    let headers = response.headers_mut();
    headers.insert(header::VARY, HeaderValue::from_static("Origin"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if from_a_page {
        let anyone = HeaderValue::from_static("*");
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, anyone);
    }
    response
}

/// Names the methods that a path takes, which only the router knows.
fn name_methods(method: Method, response: Response) -> Response {
    if response.status() != StatusCode::METHOD_NOT_ALLOWED {
        return response;
    }
    let allow = response.headers().get(header::ALLOW);
    let allow = allow
        .and_then(|allow| allow.to_str().ok())
        .unwrap_or_default();
    let methods: Vec<&str> = allow.split(',').filter(|name| *name != "HEAD").collect();
    let methods = methods.join(",");
    let message = format!("method {method} is not allowed, but [{methods}] are");
    let refused = Refused::transport(StatusCode::METHOD_NOT_ALLOWED, message);
    ([(header::ALLOW, methods)], refused).into_response()
}

/// What a browser is told that asks whether a page may send a request.
fn may_ask(wanted: HeaderValue) -> Response {
    let headers = [
        (header::ACCESS_CONTROL_ALLOW_METHODS, wanted),
        (
            header::ACCESS_CONTROL_ALLOW_HEADERS,
            HeaderValue::from_static("Accept, Authorization, Content-Type, Origin"),
        ),
    ];
    (StatusCode::OK, headers).into_response()
}

/// Whether a request carries what `intake.auth` demands; the secret of the webhook's path counts as
/// a token.
fn admitted(state: &super::State, headers: &HeaderMap) -> bool {
    let config = state.config.borrow();
    let auth = config.intake.auth.as_ref();
    auth.is_none() || access::allowed(auth, headers, access::bearer(headers))
}

/// A place among those who read long lists, to be held until the list is sent.
fn reader(state: &super::State) -> Result<OwnedSemaphorePermit, Refused> {
    Arc::clone(&state.readers).try_acquire_owned().map_err(|_| {
        Refused::text(
            StatusCode::SERVICE_UNAVAILABLE,
            format!("Limit of concurrent GET requests reached ({READERS_MAX}), try again later.\n"),
        )
    })
}
