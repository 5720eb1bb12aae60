//! `/ping/KEY` and `/ping/PING_KEY/NAME`: signs of life of heartbeats, called as at Healthchecks.

mod slug;

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
use crate::config::Secret;
use crate::watch::{Address, Beat, Refused};

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
    /// `1`: a heartbeat that is called by a name which none has is made.
    create: Option<String>,
    /// When that one is due.
    #[serde(flatten)]
    due: slug::Due,
}

/// A call of a key: it is done, and well.
pub(super) async fn key(
    state: State<super::State>,
    from: From,
    key: Result<Path<String>, PathRejection>,
    params: Asked,
    body: Body,
) -> Result<Response, Problem> {
    let Path(key) = key.map_err(|_| Refused::UnknownKey)?;
    heard(state, from, Address::Key(key), None, params, body).await
}

/// Behind the key that all share stands a name; behind the key of one, what it says.
pub(super) async fn word(
    State(state): State<super::State>,
    from: From,
    path: Result<Path<(String, String)>, PathRejection>,
    params: Asked,
    body: Body,
) -> Result<Response, Problem> {
    let Path((key, word)) = path.map_err(|_| Refused::UnknownKey)?;
    let (address, said) = match is_shared(&state, &key) {
        true => (slug::address(word)?, None),
        false => (Address::Key(key), Some(word)),
    };
    heard(State(state), from, address, said, params, body).await
}

/// Behind the key that all share stand a name and what it says.
pub(super) async fn name_and_word(
    State(state): State<super::State>,
    from: From,
    path: Result<Path<(String, String, String)>, PathRejection>,
    params: Asked,
    body: Body,
) -> Result<Response, Problem> {
    let Path((key, name, word)) = path.map_err(|_| Refused::UnknownKey)?;
    if !is_shared(&state, &key) {
        return Err(Refused::UnknownKey.into());
    }
    let address = slug::address(name)?;
    heard(State(state), from, address, Some(word), params, body).await
}

/// Whether this is the key that all heartbeats share.
fn is_shared(state: &super::State, key: &str) -> bool {
    let config = state.config.borrow();
    config.watch.ping_key.as_ref() == Some(&Secret::new(key))
}

/// What a word says; nothing if it says nothing.
fn signal(word: &str) -> Option<Signal> {
    match word {
        "start" => Some(Signal::Start),
        "fail" => Some(Signal::Fail),
        "log" => Some(Signal::Log),
        code => exit_code(code).map(Signal::Exit),
    }
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
    address: Address,
    word: Option<String>,
    params: Asked,
    body: Body,
) -> Result<Response, Problem> {
    let Query(params) =
        params.map_err(|_| wrong("invalid_query", "the parameters can't be read"))?;
    // Nothing is read for whoever knows no key.
    let expected = state.watch.expects(address.clone()).await;
    let unknown = matches!(expected, Err(Refused::UnknownSlug { .. }));
    let is_new = unknown && params.create.as_deref() == Some("1");
    if !is_new {
        expected?;
    }
    let signal = match word {
        None => Signal::Success,
        Some(word) => {
            signal(&word).ok_or_else(|| wrong("invalid_signal", "this is no sign of life"))?
        }
    };
    let made = match &address {
        Address::Slug(name) if is_new => slug::make(&state, name, &params.due).await?,
        _ => false,
    };
    let body = webhook::beginning(body, BODY_MAX).await?;
    let run = params
        .rid
        .map(|rid| rid.chars().take(RUN_CHARS_MAX).collect());
    state
        .watch
        .beat(Beat {
            address,
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
    let (status, words) = match made {
        true => (StatusCode::CREATED, "Created"),
        false => (StatusCode::OK, "OK"),
    };
    Ok((status, headers, words).into_response())
}
