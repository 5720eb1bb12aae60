//! What the API says of itself: to programs as an OpenAPI document, to people as a page.

mod page;

use std::sync::{Arc, OnceLock};

use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use axum::response::IntoResponse;
use bytes::Bytes;
use serde_json::Value;

use super::operation::{self, JSON, Operation};
use crate::web;

const HTML: &str = "text/html; charset=utf-8";
/// The page brings its style along and needs nothing else.
const NOTHING_ELSE: (HeaderName, &str) = (
    header::CONTENT_SECURITY_POLICY,
    "default-src 'none'; style-src 'unsafe-inline'",
);

/// What a proxy says of how it was asked.
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// The document and the page. They are made when somebody asks for them: to make them touches more of the
/// program than anything else at a start, and all that was touched stays in memory.
#[derive(Debug, Clone)]
pub struct Manual {
    prefix: String,
    made: Arc<OnceLock<Made>>,
}

/// As they are sent.
#[derive(Debug)]
struct Made {
    document: Bytes,
    page: String,
}

impl Manual {
    /// For an API below `prefix`; an empty one is none.
    pub fn new(prefix: &str) -> Self {
        Self {
            prefix: prefix.to_owned(),
            made: Arc::default(),
        }
    }

    fn made(&self) -> &Made {
        self.made.get_or_init(|| {
            let document = super::document(&self.prefix);
            Made {
                page: page::page(&document).unwrap_or_default(),
                document: document.to_string().into(),
            }
        })
    }
}

/// What can be asked.
pub(super) fn operations() -> [Operation; 2] {
    [
        operation::get("/api/v1/openapi.json", document)
            .named("getOpenApi", "Describe the API to programs")
            .about("This document: OpenAPI 3.1.")
            .gives::<Value>(StatusCode::OK, "The document."),
        operation::get("/api/v1/docs", page)
            .named("getDocs", "Describe the API to people")
            .about("The same as a page, with examples.")
            .gives_as::<String>("text/html", StatusCode::OK, "The page."),
    ]
}

async fn document(State(state): State<web::State>) -> impl IntoResponse {
    (
        [(header::CONTENT_TYPE, JSON)],
        state.api.manual.made().document.clone(),
    )
}

async fn page(State(state): State<web::State>, headers: HeaderMap) -> impl IntoResponse {
    let kind = (header::CONTENT_TYPE, HTML);
    let home = home(&headers).unwrap_or_else(|| format!("http://{}", state.about.address));
    (
        [kind, NOTHING_ELSE],
        page::at(&state.api.manual.made().page, &home),
    )
}

/// Where it was asked for.
fn home(headers: &HeaderMap) -> Option<String> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let host = text(header::HOST)?;
    let is_host = |c: char| c.is_ascii_alphanumeric() || ".-_:[]".contains(c);
    let is_secure = text(FORWARDED_PROTO) == Some("https");
    let scheme = if is_secure { "https" } else { "http" };
    (!host.is_empty() && host.chars().all(is_host)).then(|| format!("{scheme}://{host}"))
}
