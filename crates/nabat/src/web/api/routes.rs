//! `/api/v1/routes`: who is told about which alerts, and who would be about one.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::StatusCode;

use nabat_core::alert::Labels;
use nabat_core::token::Role;

use super::caller::Viewer;
use super::operation::{self, Operation};
use super::shape::routes::{Routes, Told};
use crate::clock;
use crate::web;
use crate::web::answer::Problem;

/// What can be asked.
pub(super) fn operations() -> [Operation; 2] {
    [
        operation::get("/api/v1/routes", show)
            .named("getRoutes", "Show the routing in force")
            .needs(Role::Viewer)
            .gives::<Routes>(
                StatusCode::OK,
                "The tree of routes, and whom each receiver tells.",
            ),
        operation::get("/api/v1/routes/test", test)
            .named("testRoutes", "Say who would be told about an alert")
            .about("Each parameter is one of its labels: `?alertname=DiskFull&severity=critical`.")
            .needs(Role::Viewer)
            .query::<BTreeMap<String, String>>()
            .gives::<Told>(StatusCode::OK, "Who would be told, if no group were open."),
    ]
}

/// Shows the routing in force.
async fn show(State(state): State<web::State>, _: Viewer) -> Json<Routes> {
    let config = state.config.borrow().clone();
    Json(Routes::of(&config, clock::now()))
}

/// Says who would be told about an alert; each parameter is one of its labels.
async fn test(
    State(state): State<web::State>,
    _: Viewer,
    labels: Result<Query<Vec<(String, String)>>, QueryRejection>,
) -> Result<Json<Told>, Problem> {
    let Query(labels) = labels.map_err(|_| {
        Problem::new(
            StatusCode::BAD_REQUEST,
            "invalid_labels",
            "the labels can't be read",
            "write them as parameters: ?alertname=DiskFull&severity=critical",
        )
    })?;
    let labels: Labels = labels
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    let subscribed = state.engine.subscribed(labels.clone()).await?;
    let config = state.config.borrow().clone();
    let told = Told::of(&config, &labels, Some(subscribed), clock::now());
    Ok(Json(told))
}
