//! What became of deliveries, for people who ask: read beside the writer, never in its way.

use nabat_core::delivery::{Attempt, DeliveryId, Done, Fate};
use nabat_core::destination::Destination;
use nabat_core::time::Timestamp;

use super::StoreError;

/// Shows how deliveries went.
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
