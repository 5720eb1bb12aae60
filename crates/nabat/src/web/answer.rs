//! The one shape of errors, and the one place where they become an HTTP status.
//!
//! `{"error": {"code": "…", "message": "…", "hint": "…"}}`: the code is stable, the message says
//! what happened, the hint what to do.

use axum::Json;
use axum::http::{HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use nabat_core::engine::Refusal;
use serde::Serialize;

use crate::engine::NotTaken;
use crate::intake::alertmanager::Mistake;

/// What a client is told when something is not done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    #[serde(skip)]
    status: StatusCode,
    #[serde(skip)]
    retry_after_s: Option<u32>,
    code: &'static str,
    message: String,
    hint: String,
}

impl Problem {
    /// A problem with an HTTP status, a stable code, what happened and what to do.
    pub(super) fn new(
        status: StatusCode,
        code: &'static str,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) -> Self {
        Self {
            status,
            retry_after_s: None,
            code,
            message: message.into(),
            hint: hint.into(),
        }
    }

    /// Whoever calls what only programs call is no web page: a page in somebody's browser may not
    /// pretend.
    pub(super) fn from_a_page() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "from_a_page",
            "the request comes from a web page",
            "send it without `Origin`",
        )
    }

    /// The same, with where it is.
    pub(super) fn at(mut self, place: &str) -> Self {
        self.message = format!("{place}: {}", self.message);
        self
    }

    /// The HTTP status it is answered with.
    pub(super) fn status(&self) -> StatusCode {
        self.status
    }

    /// What happened.
    pub(super) fn message(&self) -> &str {
        &self.message
    }

    /// After how many seconds it is worth trying again, if that is known.
    pub(super) fn retry_after_s(&self) -> Option<u32> {
        self.retry_after_s
    }

    fn retry_after(mut self, seconds: u32) -> Self {
        self.retry_after_s = Some(seconds);
        self
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        #[derive(Serialize)]
        struct Envelope {
            error: Problem,
        }
        let (status, retry_after) = (self.status, self.retry_after_s);
        let mut response = (status, Json(Envelope { error: self })).into_response();
        let headers = response.headers_mut();
        if let Some(seconds) = retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if status == StatusCode::UNAUTHORIZED {
            let ways = HeaderValue::from_static("Bearer, Basic realm=\"nabat\"");
            headers.insert(header::WWW_AUTHENTICATE, ways);
        }
        response
    }
}

impl From<NotTaken> for Problem {
    fn from(error: NotTaken) -> Self {
        let message = error.to_string();
        match error {
            NotTaken::Refused(Refusal::TooManySubscriptions { .. }) => Self::new(
                StatusCode::CONFLICT,
                "too_many_subscriptions",
                message,
                "nothing of the request was taken",
            ),
            NotTaken::Refused(Refusal::TooManyIncidents { .. }) => Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "too_many_incidents",
                message,
                "nothing of the request was taken; send it again when there is room",
            )
            .retry_after(60),
            NotTaken::Unavailable { .. } => Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "store_unavailable",
                message,
                "nothing of the request was taken; send it again",
            )
            .retry_after(5),
            NotTaken::Busy => Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "busy",
                message,
                "nothing of the request was taken; send it again",
            )
            .retry_after(1),
            NotTaken::Stopping => Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "stopping",
                message,
                "send it again when Nabat is back",
            )
            .retry_after(5),
        }
    }
}

impl From<Mistake> for Problem {
    fn from(mistake: Mistake) -> Self {
        let message = mistake.to_string();
        match mistake {
            Mistake::Wrong { .. } => Self::new(
                StatusCode::BAD_REQUEST,
                "invalid_body",
                message,
                "send Alertmanager's webhook format (version 4); nothing of the request was taken",
            ),
            Mistake::TooMany { .. } => Self::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                "too_many_alerts",
                message,
                "group finer (Alertmanager: `group_by`), or raise `intake.max_alerts_per_request`",
            ),
        }
    }
}

/// Answers for a path that there is not.
pub(super) async fn not_found(uri: Uri) -> Problem {
    Problem::new(
        StatusCode::NOT_FOUND,
        "not_found",
        format!("there is no `{}`", uri.path()),
        "alerts go to `/api/v1/webhook/alertmanager`",
    )
}

/// Answers for a method that a path does not take.
pub(super) async fn method_not_allowed(method: Method, uri: Uri) -> Problem {
    Problem::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "method_not_allowed",
        format!("`{}` does not take {method}", uri.path()),
        "`GET /` lists what each path takes; alerts are sent with POST",
    )
}
