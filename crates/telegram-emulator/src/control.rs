//! The handle's abilities over HTTP, for the chat page and for tests in other processes. See the crate's README.
//!
//! Every call answers JSON: what was asked for, or `{"error": "…"}` with 404 (no such thing) or 400 (bad request).

mod acts;
mod views;

use std::sync::Arc;

use axum::Json;
use axum::Router;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde_json::json;

use crate::emulator::{Emulator, Shared};
use crate::world::WorldError;

pub(crate) fn routes(emulator: Emulator) -> Router<Arc<Shared>> {
    Router::new()
        .route("/state", get(views::state))
        .route("/changes", get(views::changes))
        .route("/chats/{chat}/messages", get(views::messages))
        .route("/files/{id}", get(views::file))
        .route("/answers/{query}", get(views::answer))
        .route(
            "/requests",
            get(views::requests).delete(views::forget_requests),
        )
        .route("/bots", post(acts::add_bot))
        .route("/users", post(acts::add_user))
        .route("/groups", post(acts::add_group))
        .route("/topics", post(acts::add_topic).patch(acts::change_topic))
        .route("/status", post(acts::set_status))
        .route("/migrate", post(acts::migrate))
        .route("/delete-group", post(acts::delete_group))
        .route("/say", post(acts::say))
        .route("/press", post(acts::press))
        .route("/open", post(acts::open_link))
        .route("/block", post(acts::block))
        .route("/faults", post(acts::fault).delete(acts::clear_faults))
        .layer(axum::Extension(emulator))
}

/// A control call that failed.
pub(crate) struct Failed(StatusCode, String);

impl From<WorldError> for Failed {
    fn from(error: WorldError) -> Failed {
        let status = match error {
            WorldError::BadLink(_) | WorldError::NotThere { .. } => StatusCode::BAD_REQUEST,
            _ => StatusCode::NOT_FOUND,
        };
        Failed(status, error.to_string())
    }
}

impl IntoResponse for Failed {
    fn into_response(self) -> Response {
        (self.0, Json(json!({ "error": self.1 }))).into_response()
    }
}
