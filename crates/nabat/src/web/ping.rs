//! `/ping/KEY`: signs of life of heartbeats, called as at Healthchecks.

use std::net::SocketAddr;

use axum::Extension;
use axum::body::Bytes;
use axum::extract::{ConnectInfo, Path, Query, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use nabat_core::monitor::Signal;
use serde::Deserialize;

use super::answer::Problem;
use crate::watch::Beat;

/// How much of what comes with a sign of life is kept, in bytes.
pub(super) const BODY_MAX: usize = 10_000;
/// How long the word may be that pairs the beginning and the end of a run.
const RUN_CHARS_MAX: usize = 64;

/// Who calls.
type From = Option<Extension<ConnectInfo<SocketAddr>>>;

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
    Path(key): Path<String>,
    params: Query<Params>,
    body: Bytes,
) -> Result<Response, Problem> {
    heard(state, from, key, Signal::Success, params, &body).await
}

/// It says something else: that it begins, how it ended.
pub(super) async fn signal(
    state: State<super::State>,
    from: From,
    Path((key, word)): Path<(String, String)>,
    params: Query<Params>,
    body: Bytes,
) -> Result<Response, Problem> {
    let signal = match word.as_str() {
        "start" => Signal::Start,
        "fail" => Signal::Fail,
        "log" => Signal::Log,
        code => match code.parse() {
            Ok(code) => Signal::Exit(code),
            Err(_) => {
                return Err(Problem::new(
                    StatusCode::BAD_REQUEST,
                    "invalid_signal",
                    "this is no sign of life",
                    "after the key comes nothing, `/start`, `/fail`, `/log` or an exit code from 0 to 255",
                ));
            }
        },
    };
    heard(state, from, key, signal, params, &body).await
}

async fn heard(
    State(state): State<super::State>,
    from: From,
    key: String,
    signal: Signal,
    Query(params): Query<Params>,
    body: &[u8],
) -> Result<Response, Problem> {
    let run = params
        .rid
        .map(|rid| rid.chars().take(RUN_CHARS_MAX).collect());
    let body = &body[..body.len().min(BODY_MAX)];
    state
        .watch
        .beat(Beat {
            key,
            signal,
            run,
            from: from.map_or(String::new(), |Extension(ConnectInfo(from))| {
                from.ip().to_string()
            }),
            body: String::from_utf8_lossy(body).into_owned(),
        })
        .await?;
    let limit = HeaderName::from_static("ping-body-limit");
    let headers = HeaderMap::from_iter([(limit, HeaderValue::from(BODY_MAX))]);
    Ok((StatusCode::OK, headers, "OK").into_response())
}
