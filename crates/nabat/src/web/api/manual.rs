//! What the API says of itself: to programs as an OpenAPI document, to people as a page.

mod page;

use std::sync::Arc;

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

/// The document and the page, as they are sent.
#[derive(Debug, Clone)]
pub struct Manual {
    document: Bytes,
    page: Arc<str>,
}

impl Manual {
    /// For an API below `prefix`; an empty one is none.
    pub fn new(prefix: &str) -> Self {
        let document = super::document(prefix);
        Self {
            page: page::page(&document).unwrap_or_default().into(),
            document: document.to_string().into(),
        }
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
    ([(header::CONTENT_TYPE, JSON)], state.api.manual.document)
}

async fn page(State(state): State<web::State>, headers: HeaderMap) -> impl IntoResponse {
    let kind = (header::CONTENT_TYPE, HTML);
    let home = home(&headers).unwrap_or_else(|| format!("http://{}", state.about.address));
    (
        [kind, NOTHING_ELSE],
        page::at(&state.api.manual.page, &home),
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
