//! How Alertmanager refuses: three shapes, which clients know how to show.
//!
//! What a handler has against a request is a bare JSON string. What its input must be, by the
//! schema, is `{"code": 602, "message": …}` with 422, and what HTTP itself forbids the same with the
//! status as its code.

use std::future::{Ready, ready};

use axum::Json;
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::super::answer::Problem;
use crate::engine::NotTaken;

/// The code of a value whose format or type is wrong.
pub(super) const WRONG_FORMAT: u16 = 601;
/// The code of a value that is missing.
pub(super) const REQUIRED: u16 = 602;

/// A request that is not done, and how its client is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refused {
    status: StatusCode,
    retry_after_s: Option<u32>,
    shape: Shape,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Shape {
    Said(String),
    Coded { code: u16, message: String },
    Text(String),
    Empty,
}

impl Refused {
    fn new(status: StatusCode, shape: Shape) -> Self {
        Self {
            status,
            retry_after_s: None,
            shape,
        }
    }

    /// What a handler has against a request: a bare JSON string.
    pub(super) fn said(status: StatusCode, message: impl Into<String>) -> Self {
        Self::new(status, Shape::Said(message.into()))
    }

    /// What does not follow the schema: 422 with a code such as [`REQUIRED`].
    pub(super) fn invalid(code: u16, message: impl Into<String>) -> Self {
        let message = message.into();
        let shape = Shape::Coded { code, message };
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, shape)
    }

    /// What HTTP forbids, or what can't be read at all.
    pub(super) fn transport(status: StatusCode, message: impl Into<String>) -> Self {
        let shape = Shape::Coded {
            code: status.as_u16(),
            message: message.into(),
        };
        Self::new(status, shape)
    }

    /// Words that are no JSON.
    pub(super) fn text(status: StatusCode, message: impl Into<String>) -> Self {
        Self::new(status, Shape::Text(message.into()))
    }

    /// A status and nothing else.
    pub(super) fn empty(status: StatusCode) -> Self {
        Self::new(status, Shape::Empty)
    }

    /// Whoever asks has not shown that they may.
    pub(super) fn unauthorized() -> Self {
        Self::said(
            StatusCode::UNAUTHORIZED,
            "send the credentials of `intake.auth` in `Authorization`",
        )
    }

    /// The HTTP status it is answered with.
    pub(super) fn status(&self) -> StatusCode {
        self.status
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        #[derive(Serialize)]
        struct Coded {
            code: u16,
            message: String,
        }
        let mut response = match self.shape {
            Shape::Said(message) => Json(message).into_response(),
            Shape::Coded { code, message } => Json(Coded { code, message }).into_response(),
            Shape::Text(message) => message.into_response(),
            Shape::Empty => ().into_response(),
        };
        *response.status_mut() = self.status;
        if let Some(seconds) = self.retry_after_s {
            let seconds = HeaderValue::from(seconds);
            response.headers_mut().insert(header::RETRY_AFTER, seconds);
        }
        if self.status == StatusCode::UNAUTHORIZED {
            let ways = HeaderValue::from_static("Bearer, Basic realm=\"nabat\"");
            response
                .headers_mut()
                .insert(header::WWW_AUTHENTICATE, ways);
        }
        response
    }
}

impl From<NotTaken> for Refused {
    fn from(error: NotTaken) -> Self {
        Problem::from(error).into()
    }
}

/// What every way in refuses alike.
impl From<Problem> for Refused {
    fn from(problem: Problem) -> Self {
        Self {
            retry_after_s: problem.retry_after_s(),
            ..Self::transport(problem.status(), problem.message())
        }
    }
}

/// Answers for a path that there is not.
pub(super) async fn not_found(uri: Uri) -> Refused {
    let message = format!("path /api/v2{} was not found", uri.path());
    Refused::transport(StatusCode::NOT_FOUND, message)
}

/// Answers for a method that a path does not take, which takes `methods`.
pub(super) fn only(
    methods: &'static str,
) -> impl Fn(Method) -> Ready<([(HeaderName, &'static str); 1], Refused)> + Clone {
    move |method| {
        let message = format!("method {method} is not allowed, but [{methods}] are");
        let refused = Refused::transport(StatusCode::METHOD_NOT_ALLOWED, message);
        ready(([(header::ALLOW, methods)], refused))
    }
}

/// Answers for what Alertmanager had once.
pub(super) async fn gone() -> impl IntoResponse {
    const GONE: &str =
        "Alertmanager's API v1 is gone since its version 0.27; the same is below `/api/v2`";
    let body = serde_json::json!({ "status": "deprecated", "error": GONE });
    (StatusCode::GONE, Json(body))
}
