//! What fires: `GET /api/v2/alerts`.

use axum::extract::State;
use axum::response::Response;

use nabat_core::route::Route;

use super::alert::{Standing, Wanted, Writer};
use super::answer::Refused;
use super::query::Parameters;
use super::{reader, stream};
use crate::{clock, web};

/// Shows what fires, by fingerprint.
pub(super) async fn list(
    State(state): State<web::State>,
    parameters: Parameters,
) -> Result<Response, Refused> {
    let wanted = Wanted::read(&parameters)?;
    let place = reader(&state)?;
    let overview = state.engine.overview().await?;
    let (now, names) = (clock::now(), state.api.names);
    let writer = Writer::new(now, state.config.borrow().global.resolve_timeout());
    let firing = overview.firing(now, |labels| wanted.labels(labels));
    let mut found = firing.into_iter();
    let shown = std::iter::from_fn(move || {
        let _held = &place;
        loop {
            let firing = found.next()?;
            let standing = Standing::of(&overview, &firing, names);
            let routes = overview.routing().root.find(&firing.incident.labels);
            let receivers: Vec<&str> = routes
                .iter()
                .map(|route: &&Route| &*route.receiver)
                .collect();
            if wanted.standing(&standing) && receivers.iter().any(|name| wanted.receiver(name)) {
                let mut json = Vec::new();
                writer.write(&firing, &standing, &receivers, &mut json);
                return Some(json);
            }
        }
    });
    Ok(stream::array(shown, |json, out| {
        out.extend_from_slice(&json);
    }))
}
