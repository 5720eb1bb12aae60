//! `/api/v1/routes`: who is told about which alerts, and who would be about one.

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::StatusCode;

use nabat_core::alert::Labels;

use super::Admin;
use super::shape::routes::{Routes, Told};
use crate::clock;
use crate::web;
use crate::web::answer::Problem;

/// Shows the routing in force.
pub(in crate::web) async fn show(State(state): State<web::State>, _: Admin) -> Json<Routes> {
    let config = state.config.borrow().clone();
    Json(Routes::of(&config, clock::now()))
}

/// Says who would be told about an alert; each parameter is one of its labels.
pub(in crate::web) async fn test(
    State(state): State<web::State>,
    _: Admin,
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
