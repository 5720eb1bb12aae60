//! What requests say, taken apart: parts of the path and bodies. Whatever can't be read is answered
//! in the envelope of all problems.

use axum::body::Body;
use axum::extract::path::ErrorKind;
use axum::extract::rejection::PathRejection;
use axum::extract::{FromRequest, FromRequestParts, Path};
use axum::http::request::Parts;
use axum::http::{Request, StatusCode};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::operation::MERGE_PATCH;
use super::page;
use crate::web::State;
use crate::web::answer::Problem;
use crate::web::media::Media;
use crate::web::webhook;

/// The largest body that the API takes, in bytes.
pub(super) const BODY_BYTES_MAX: u64 = 1 << 20;

/// The only variable part of a path, percent-decoded once.
#[derive(Debug)]
pub struct Segment(pub String);

/// The only variable part of a path, where that is a number.
#[derive(Debug)]
pub struct Number(pub i64);

/// A body: one object in JSON. It comes last among the arguments of a handler: whoever may not is told so first.
#[derive(Debug)]
pub struct Sent<T>(pub T);

impl FromRequestParts<State> for Segment {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &State) -> Result<Self, Problem> {
        let path = Path::<String>::from_request_parts(parts, state).await;
        path.map(|Path(text)| Self(text)).map_err(|rejection| {
            let words = match rejection {
                PathRejection::FailedToDeserializePathParams(error) => match error.into_kind() {
                    ErrorKind::InvalidUtf8InPathParam { .. } => "it is no UTF-8".to_owned(),
                    kind => kind.to_string(),
                },
                other => other.body_text(),
            };
            Problem::new(
                StatusCode::BAD_REQUEST,
                "invalid_path",
                format!("the path can't be read: {}", page::cut(&words)),
                "percent-encode names as UTF-8, once",
            )
        })
    }
}

impl FromRequestParts<State> for Number {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &State) -> Result<Self, Problem> {
        let Segment(text) = Segment::from_request_parts(parts, state).await?;
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let number = digits.then(|| text.parse().ok()).flatten();
        number.map(Self).ok_or_else(|| {
            Problem::new(
                StatusCode::BAD_REQUEST,
                "invalid_id",
                "it has a number, and that is none",
                "a list shows the number of each as `id`",
            )
        })
    }
}

impl<T: DeserializeOwned> FromRequest<State> for Sent<T> {
    type Rejection = Problem;

    async fn from_request(request: Request<Body>, state: &State) -> Result<Self, Problem> {
        match Media::of(request.headers()) {
            Media::Json | Media::Unsaid => {}
            Media::Other(kind) if kind.eq_ignore_ascii_case(MERGE_PATCH) => {}
            Media::Compressed => {
                return Err(unsupported(
                    "the body is compressed".to_owned(),
                    "send it without `Content-Encoding`",
                ));
            }
            Media::Other(kind) => {
                return Err(unsupported(
                    format!("the body is `{kind}`"),
                    "send JSON; with curl: `-H 'Content-Type: application/json'`",
                ));
            }
        }
        let _room = webhook::room(state, request.headers(), BODY_BYTES_MAX).await?;
        let body = webhook::read(request.into_body(), BODY_BYTES_MAX).await?;
        read(&body).map(Self)
    }
}

/// Reads one object in JSON.
///
/// # Errors
/// What is wrong, and where.
pub(super) fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    // First whether it is JSON at all: what it says is of no interest before.
    let value: Value =
        serde_json::from_slice(body).map_err(|error| unreadable(false, &error.to_string()))?;
    if !value.is_object() {
        return Err(unreadable(true, "it is no object"));
    }
    from_value(value)
}

/// Makes of a value that was read what it says.
///
/// # Errors
/// What can't be, and where.
pub(super) fn from_value<T: DeserializeOwned>(value: Value) -> Result<T, Problem> {
    serde_path_to_error::deserialize(value).map_err(|error| {
        let path = error.path().to_string();
        unreadable(true, &placed(&path, &plain(&error.into_inner())))
    })
}

fn placed(path: &str, words: &str) -> String {
    match path {
        "." => words.to_owned(),
        path => format!("`{path}`: {words}"),
    }
}

fn plain(error: &serde_json::Error) -> String {
    let words = error.to_string();
    match words.rfind(" at line ") {
        Some(end) => words[..end].to_owned(),
        None => words,
    }
}

fn unreadable(is_json: bool, words: &str) -> Problem {
    let words = page::cut(words);
    match is_json {
        true => Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "invalid_content",
            format!("what the body says can't be: {words}"),
            "`GET /api/v1/openapi.json` says what each operation takes; nothing of the request was taken",
        ),
        false => Problem::new(
            StatusCode::BAD_REQUEST,
            "invalid_body",
            format!("the body is not JSON: {words}"),
            "send one JSON value; nothing of the request was taken",
        ),
    }
}

fn unsupported(message: String, hint: &str) -> Problem {
    Problem::new(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "unsupported_media_type",
        message,
        hint,
    )
}
