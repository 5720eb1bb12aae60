//! What became of incidents and deliveries, for people who ask: read beside the writer, never in
//! its way.

use std::sync::Arc;
use std::time::Duration;

use nabat_core::change::Given;
use nabat_core::delivery::{Attempt, DeliveryId, Done, Fate};
use nabat_core::destination::Destination;
use nabat_core::history::Entry;
use nabat_core::incident::{Incident, IncidentId};
use nabat_core::matcher::Matcher;
use nabat_core::monitor::MonitorId;
use nabat_core::monitor::record::{Edge, Kept, Ping};
use nabat_core::subscription::Selector;
use nabat_core::time::Timestamp;
use nabat_core::token::Token;

use super::StoreError;

/// Shows what fired, who was told, and how deliveries went.
pub trait History: Send + Sync + std::fmt::Debug {
    /// Deliveries that wait no more, the newest first.
    ///
    /// # Errors
    /// When the store can't be read.
    fn deliveries(&self, query: &Query) -> Result<Vec<Record>, StoreError>;

    /// One of them.
    ///
    /// # Errors
    /// When the store can't be read.
    fn delivery(&self, id: DeliveryId) -> Result<Option<Record>, StoreError>;

    /// The attempts of a delivery that did not go through, the first one first; those of one that
    /// waits too.
    ///
    /// # Errors
    /// When the store can't be read.
    fn attempts(&self, id: DeliveryId) -> Result<Vec<Attempt>, StoreError>;

    /// Incidents, the one that was opened last first.
    ///
    /// # Errors
    /// When the store can't be read.
    fn incidents(&self, query: &IncidentQuery) -> Result<IncidentPage, StoreError>;

    /// One of them.
    ///
    /// # Errors
    /// When the store can't be read.
    fn incident(&self, id: IncidentId) -> Result<Option<Incident>, StoreError>;

    /// What happened to an incident, in order.
    ///
    /// # Errors
    /// When the store can't be read.
    fn entries(&self, id: IncidentId) -> Result<Vec<Entry>, StoreError>;

    /// All tokens of the API, by name.
    ///
    /// # Errors
    /// When the store can't be read.
    fn tokens(&self) -> Result<Vec<Token>, StoreError>;

    /// The answers of the API that are given again, of after `since`, the oldest first.
    ///
    /// # Errors
    /// When the store can't be read.
    fn given(&self, since: Timestamp) -> Result<Vec<Given>, StoreError>;

    /// All monitors, and up to when they have been watched.
    ///
    /// # Errors
    /// When the store can't be read.
    fn monitors(&self) -> Result<Watched, StoreError>;

    /// The edges of one monitor from `since` on, the first one first, and before them the last one
    /// of before, which says what its status was then.
    ///
    /// # Errors
    /// When the store can't be read.
    fn edges(&self, id: MonitorId, since: Timestamp) -> Result<Vec<Edge>, StoreError>;

    /// The last signs of life of a monitor, the newest first.
    ///
    /// # Errors
    /// When the store can't be read.
    fn pings(&self, id: MonitorId, limit: usize) -> Result<Vec<Ping>, StoreError>;
}

/// What is kept of all monitors.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Watched {
    /// All of them, the one that was made first first.
    pub monitors: Vec<Kept>,
    /// Up to when they have been watched.
    pub until: Option<Timestamp>,
    /// The last number that was given to one, there or gone.
    pub numbers_used: u64,
}

/// How many signs of life are kept of each monitor.
pub const PINGS_KEPT: u64 = 100;

/// For how long answers of the API are kept, to be given again.
pub const GIVEN_KEPT_FOR: Duration = Duration::from_secs(24 * 3_600);
/// How many of them are kept in all.
pub const GIVEN_KEPT: usize = 10_000;
/// How many of them are kept of one asker, and how many bytes of these beside the last one.
pub const GIVEN_KEPT_OF_ONE: usize = 1_000;
pub const GIVEN_BYTES_KEPT_OF_ONE: usize = 1 << 20;

/// Which incidents are wanted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct IncidentQuery {
    /// Only those with a lesser number.
    pub before: Option<IncidentId>,
    /// Only those that are open, or only those that ended.
    pub open: Option<bool>,
    /// Only those that were open then or later.
    pub since: Option<Timestamp>,
    /// Only those that were opened by then.
    pub until: Option<Timestamp>,
    /// Only those that it selects.
    pub selector: Option<Selector>,
    /// Only those that all of these take.
    pub scope: Arc<[Matcher]>,
    /// At most so many.
    pub limit: usize,
}

/// Some incidents.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct IncidentPage {
    /// The one that was opened last first.
    pub incidents: Vec<Incident>,
    /// What to ask for as `before` to get more; `None`: there is no more. There may be more even
    /// after a page that is not full.
    pub next: Option<IncidentId>,
}

/// Which deliveries of the history are wanted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Query {
    /// Only those with a lesser number.
    pub before: Option<DeliveryId>,
    /// Only those that ended so; empty: however they ended.
    pub fates: Vec<Fate>,
    /// Only those of this destination.
    pub destination: Option<Destination>,
    /// At most so many.
    pub limit: usize,
}

/// A delivery of the history, as people are shown it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The delivery itself.
    pub done: Done,
    /// Why its last attempt that did not go through did not, in the provider's words.
    pub last_error: Option<String>,
}

/// How much of the history is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keep {
    /// What ended before is forgotten.
    pub since: Timestamp,
    /// Of what is left, only so many that ended last are kept.
    pub rows: usize,
}
