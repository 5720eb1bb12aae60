//! What fires: `GET /api/v2/alerts`.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;

use super::alert::{Alert, Named};
use super::answer::Refused;
use super::query::Parameters;
use super::reading::Reading;
use super::stream;
use crate::web;

/// Shows what fires, by fingerprint.
pub(super) async fn list(
    State(state): State<web::State>,
    parameters: Parameters,
) -> Result<Response, Refused> {
    let reading = Arc::new(Reading::begin(&state, &parameters).await?);
    stream::send(&state.turns, move || {
        let read = Arc::clone(&reading);
        let firing = reading.firing().into_iter().filter(move |firing| {
            let mut routes = firing.takers.iter();
            routes.any(|route| read.wanted.receiver(&route.receiver))
        });
        let read = Arc::clone(&reading);
        let alerts = firing.filter_map(move |firing| read.stands(firing));
        stream::array(alerts, move |alert: Alert, out| {
            let receivers: Vec<Named> = alert.firing.takers.iter().map(Named::receiver).collect();
            reading.writer.write(&alert, &receivers, &[], out);
        })
    })
    .await
}
