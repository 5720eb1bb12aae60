//! `/ping/KEY`: signs of life of heartbeats, called as at Healthchecks.

use std::net::SocketAddr;

use axum::Extension;
use axum::body::Body;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{ConnectInfo, Path, Query, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use nabat_core::monitor::Signal;
use serde::Deserialize;

use super::answer::Problem;
use super::webhook;
use crate::watch::{Beat, Refused};

/// How much of what comes with a sign of life is kept, in bytes.
pub(super) const BODY_MAX: usize = 10_000;
/// How long the word may be that pairs the beginning and the end of a run.
const RUN_CHARS_MAX: usize = 64;

const SIGNALS: &str =
    "after the key comes nothing, `/start`, `/fail`, `/log` or an exit code from 0 to 255";

/// Who calls.
type From = Option<Extension<ConnectInfo<SocketAddr>>>;
/// The parameters as they come.
type Asked = Result<Query<Params>, QueryRejection>;

/// The parameters.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Params {
    /// What pairs the beginning and the end of a run.
    rid: Option<String>,
}

/// It is done, and well.
pub(super) async fn success(
    state: State<super::State>,
    from: From,
    key: Result<Path<String>, PathRejection>,
    params: Asked,
    body: Body,
) -> Result<Response, Problem> {
    let Path(key) = key.map_err(|_| Refused::UnknownKey)?;
    heard(state, from, key, Signal::Success, params, body).await
}

/// It says something else: that it begins, how it ended.
pub(super) async fn signal(
    state: State<super::State>,
    from: From,
    path: Result<Path<(String, String)>, PathRejection>,
    params: Asked,
    body: Body,
) -> Result<Response, Problem> {
    let Path((key, word)) = path.map_err(|_| Refused::UnknownKey)?;
    let signal = match word.as_str() {
        "start" => Signal::Start,
        "fail" => Signal::Fail,
        "log" => Signal::Log,
        code => {
            let code = exit_code(code);
            Signal::Exit(code.ok_or_else(|| wrong("invalid_signal", "this is no sign of life"))?)
        }
    };
    heard(state, from, key, signal, params, body).await
}

/// An exit code as it is written: neither `+3` nor `003`.
fn exit_code(text: &str) -> Option<u8> {
    let code: u8 = text.parse().ok()?;
    (code.to_string() == text).then_some(code)
}

fn wrong(code: &'static str, message: &'static str) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, code, message, SIGNALS)
}

async fn heard(
    State(state): State<super::State>,
    from: From,
    key: String,
    signal: Signal,
    params: Asked,
    body: Body,
) -> Result<Response, Problem> {
    let Query(params) =
        params.map_err(|_| wrong("invalid_query", "the parameters can't be read"))?;
    // Nothing is read for whoever knows no key.
    state.watch.expects(&key).await?;
    let body = webhook::beginning(body, BODY_MAX).await?;
    let run = params
        .rid
        .map(|rid| rid.chars().take(RUN_CHARS_MAX).collect());
    state
        .watch
        .beat(Beat {
            key,
            signal,
            run,
            from: from.map_or(String::new(), |Extension(ConnectInfo(from))| {
                from.ip().to_string()
            }),
            body: String::from_utf8_lossy(&body).into_owned(),
        })
        .await?;
    let limit = HeaderName::from_static("ping-body-limit");
    let headers = HeaderMap::from_iter([(limit, HeaderValue::from(BODY_MAX))]);
    Ok((StatusCode::OK, headers, "OK").into_response())
}
