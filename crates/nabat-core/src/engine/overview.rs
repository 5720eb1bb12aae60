//! What fires at one moment, to be read without disturbing the engine.

use std::sync::Arc;

use super::{Engine, Known, Settings};
use crate::alert::{Fingerprint, Labels, NAME};
use crate::incident::{Incident, Pulse};
use crate::matcher::Matcher;
use crate::route::{GroupBy, Route, Routing, Spec, Takers};
use crate::shards::Shards;
use crate::sieve::Sieve;
use crate::silence::Silence;
use crate::silence::cover::Cover;
use crate::time::Timestamp;

/// The receiver of all alerts where the configuration has no routes: whoever subscribed.
pub const SUBSCRIBERS: &str = "subscribers";

/// What fires and what hushes it, as it was when this was asked for. Cheap to make, and it stays
/// as it is while the engine goes on.
#[derive(Debug, Clone)]
pub struct Overview {
    incidents: Shards<Known>,
    silences: Arc<Cover>,
    routing: Arc<Routing>,
}

/// Something that fires.
#[derive(Debug, Clone)]
pub struct Firing {
    /// The incident; its own signs of life may be a step behind.
    pub incident: Arc<Incident>,
    /// Its signs of life.
    pub pulse: Pulse,
    /// The routes that take it; where there are none, one for all that people subscribed to.
    pub takers: Takers,
    /// The alert that explains it, so that it is not told.
    pub inhibited_by: Option<Fingerprint>,
}

impl Engine {
    /// What fires now.
    pub fn overview(&self) -> Overview {
        Overview {
            incidents: self.incidents.clone(),
            silences: self.silences.cover(),
            routing: Arc::clone(self.sorter.routing()),
        }
    }
}

/// The routing that is shown: the one in force, else one for whoever subscribed.
pub(super) fn routing(settings: &Settings) -> Arc<Routing> {
    let routing = settings.routing.as_ref();
    routing
        .filter(|routing| routing.has_routes())
        .map_or_else(|| Arc::new(subscribed()), Arc::clone)
}

/// The routing where there is none: everything goes to whoever subscribed, grouped as in chats.
fn subscribed() -> Routing {
    let spec = Spec {
        receiver: Some(SUBSCRIBERS.into()),
        group_by: Some(GroupBy::Labels(vec![NAME.into()])),
        ..Spec::default()
    };
    Routing::new(Route::root(spec), [])
}

impl Overview {
    /// What fires and fulfils all `matchers`, in order of fingerprints.
    pub fn firing(&self, now: Timestamp, matchers: &[Matcher]) -> Vec<Firing> {
        let needed = Sieve::needed(matchers);
        let over = |pulse: Pulse| pulse.expires.is_some_and(|expires| expires.at < now);
        // What lies elsewhere in memory is looked at last.
        let lives = |known: &&Known| {
            known.sieve.lets_through(needed)
                && !over(known.pulse)
                && !known.incident.ended()
                && matchers
                    .iter()
                    .all(|matcher| matcher.matches(&known.incident.labels))
        };
        let firing = self.incidents.values().filter(lives).map(|known| Firing {
            incident: Arc::clone(&known.incident),
            pulse: known.pulse,
            takers: Arc::clone(&known.takers),
            inhibited_by: known.inhibited_by,
        });
        let mut firing: Vec<Firing> = firing.collect();
        // Each incident is looked up once, not for every comparison.
        firing.sort_by_cached_key(|firing| firing.incident.fingerprint);
        firing
    }

    /// The silences in force that cover an alert.
    pub fn silenced_by<'a>(
        &'a self,
        now: Timestamp,
        labels: &'a Labels,
    ) -> impl Iterator<Item = &'a Silence> {
        let silences = self.silences.of(labels);
        silences.filter(move |silence| now < silence.ends_at)
    }

    /// The time intervals because of which a route tells nothing new now.
    pub fn muted_by<'r>(&self, route: &'r Route, now: Timestamp) -> Vec<&'r str> {
        self.routing.calendar.muting(&route.hours, now)
    }
}
