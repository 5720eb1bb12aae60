//! Alertmanager's API v2: what Prometheus, amtool, karma and Grafana ask of an Alertmanager.
//!
//! Paths, shapes, texts and orders are Alertmanager's, for programs read them. Everything here is
//! open to whoever may send alerts.

mod alert;
mod alerts;
mod answer;
mod groups;
mod original;
mod pages;
mod post;
mod query;
mod reading;
pub(crate) mod silences;
mod status;
mod stream;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, any, get};

use crate::intake::access;

use answer::Refused;
pub use stream::Turns;

/// How many may read a list of alerts at once: each holds what was there when it began.
pub(super) const READERS_MAX: usize = 8;

/// Every path of it, below `/api/v2`; each may end with a slash.
pub(super) fn router(state: &super::State) -> Router<super::State> {
    let only = answer::only;
    let paths = [
        ("/status", get(status::show).fallback(only("GET"))),
        ("/receivers", get(status::receivers).fallback(only("GET"))),
        (
            "/alerts",
            get(alerts::list)
                .post(post::alerts)
                .fallback(only("GET,POST")),
        ),
        ("/alerts/groups", get(groups::list).fallback(only("GET"))),
        (
            "/silences",
            get(silences::list)
                .post(silences::set)
                .fallback(only("GET,POST")),
        ),
        (
            "/silence/{id}",
            get(silences::show)
                .delete(silences::expire)
                .fallback(only("GET,DELETE")),
        ),
    ];
    let add = |router: Router<super::State>, (path, methods): (&str, MethodRouter<_>)| {
        let router = router.route(path, methods.clone());
        router.route(&format!("{path}/"), methods)
    };
    let router = paths.into_iter().fold(Router::new(), add);
    router
        .fallback(answer::not_found)
        .layer(middleware::from_fn_with_state(state.clone(), guarded))
}

/// The paths of Alertmanager's API v1 that are not Nabat's own.
pub(super) fn former() -> Router<super::State> {
    const PATHS: [&str; 6] = [
        "/api/v1/alerts",
        "/api/v1/alerts/groups",
        "/api/v1/receivers",
        "/api/v1/silence/{id}",
        "/api/v1/silences",
        "/api/v1/status",
    ];
    let add = |router: Router<super::State>, path| router.route(path, any(answer::gone));
    PATHS.into_iter().fold(Router::new(), add)
}

/// Lets in who may send alerts, and says what browsers must hear.
async fn guarded(State(state): State<super::State>, request: Request, next: Next) -> Response {
    if pages::asks(request.method(), request.headers()) {
        let mut answer = HeaderMap::new();
        pages::may(request.headers(), &mut answer);
        return (StatusCode::OK, answer).into_response();
    }
    let method = request.method().clone();
    let from_a_page = request.headers().contains_key(header::ORIGIN);
    let mut response = match admitted(&state, request.headers()) {
        true => next.run(request).await,
        false => Refused::unauthorized().into_response(),
    };
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    pages::may_read(&method, from_a_page, headers);
    response
}

/// Whether a request carries what `intake.auth` demands; the secret of the webhook's path counts as
/// a token. Who bears the token of Nabat's own API may do all of it too.
fn admitted(state: &super::State, headers: &HeaderMap) -> bool {
    let config = state.config.borrow();
    let auth = config.intake.auth.as_ref();
    auth.is_none()
        || access::allowed(auth, headers, access::bearer(headers))
        || state.api.admits(&config, headers)
}
