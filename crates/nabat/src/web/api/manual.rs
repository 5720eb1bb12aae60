//! What the API says of itself.

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use serde_json::Value;

use super::operation::{self, JSON, Operation};
use crate::web;

/// What can be asked.
pub(super) fn operations() -> [Operation; 1] {
    [operation::get("/api/v1/openapi.json", openapi)
        .named("getOpenApi", "Describe the API")
        .about("This document: OpenAPI 3.1. It takes no token.")
        .gives::<Value>(StatusCode::OK, "The document.")]
}

async fn openapi(State(state): State<web::State>) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, JSON)], state.api.document)
}
