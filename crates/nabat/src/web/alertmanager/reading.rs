//! What every list of alerts begins with: what fires at one moment, and which of it somebody wants.

use std::sync::Arc;

use axum::http::StatusCode;
use tokio::sync::OwnedSemaphorePermit;

use nabat_core::engine::{Firing, Overview};
use nabat_core::route::Route;
use nabat_core::time::Timestamp;

use super::READERS_MAX;
use super::alert::{Alert, Wanted, Writer};
use super::answer::Refused;
use crate::{clock, web};

/// A list that is being read, and its reader's place, which is held until the list is sent.
pub(super) struct Reading {
    /// What is to be in it.
    pub(super) wanted: Wanted,
    /// Writes what is.
    pub(super) writer: Writer,
    overview: Overview,
    now: Timestamp,
    _place: OwnedSemaphorePermit,
}

impl Reading {
    /// Begins to read what these parameters ask for.
    ///
    /// # Errors
    /// When the parameters can't be read, too many read already, or the engine does not answer.
    pub(super) async fn begin(
        state: &web::State,
        parameters: &[(String, String)],
    ) -> Result<Self, Refused> {
        let wanted = Wanted::read(parameters)?;
        let place = place(state)?;
        let overview = state.engine.overview().await?;
        let now = clock::now();
        let resolve_timeout = state.config.borrow().global.resolve_timeout();
        Ok(Self {
            wanted,
            writer: Writer::new(now, resolve_timeout, state.api.names),
            overview,
            now,
            _place: place,
        })
    }

    /// What fires and has the labels that are wanted, by fingerprint.
    pub(super) fn firing(&self) -> Vec<Firing> {
        self.overview.firing(self.now, &self.wanted.matchers)
    }

    /// How an alert stands, if it is wanted then.
    pub(super) fn stands(&self, firing: Firing) -> Option<Alert> {
        let labels = &firing.incident.labels;
        let silences = self.overview.silenced_by(self.now, labels);
        let silenced_by = silences.map(|silence| silence.id).collect();
        let alert = Alert::new(firing, silenced_by);
        self.wanted.standing(&alert).then_some(alert)
    }

    /// The time intervals because of which a route tells nothing new.
    pub(super) fn muted_by(&self, route: &Route) -> Vec<String> {
        let names = self.overview.muted_by(route, self.now).into_iter();
        names.map(str::to_owned).collect()
    }
}

/// A place among those who read long lists.
fn place(state: &web::State) -> Result<OwnedSemaphorePermit, Refused> {
    Arc::clone(&state.readers).try_acquire_owned().map_err(|_| {
        state.metrics.alertmanager.turned_away();
        Refused::text(
            StatusCode::SERVICE_UNAVAILABLE,
            format!("Limit of concurrent GET requests reached ({READERS_MAX}), try again later.\n"),
        )
    })
}
