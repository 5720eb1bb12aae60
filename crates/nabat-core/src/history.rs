//! What happened to an incident between its beginning and its end: who was told, who took it,
//! what silenced it.
//!
//! Beginning, end and text are the incident's own. Each [`Entry`] is one line of what else people
//! ask afterwards; of what a destination is told only the first word and the end are kept, so that
//! an incident that repeats for weeks stays a few lines.

use serde::{Deserialize, Serialize};

use crate::delivery::{DeliveryId, Fate};
use crate::destination::Destination;
use crate::incident::IncidentId;
use crate::silence::SilenceId;
use crate::time::Timestamp;

/// The number of an entry, in order of creation; never used twice.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct EntryId(pub i64);

/// One thing that happened to an incident.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its number.
    pub id: EntryId,
    /// To which incident.
    pub incident: IncidentId,
    /// When.
    pub at: Timestamp,
    /// What.
    pub what: What,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "what")]
pub enum What {
    /// A destination was told of it for the first time, or told its end.
    Told {
        /// Where.
        destination: Destination,
        /// In which delivery.
        delivery: DeliveryId,
        /// How that went: sent, or nobody knows, or refused for good.
        fate: Fate,
        /// Whether it was told that it is over.
        ended: bool,
    },
    /// Somebody took it.
    Acknowledged {
        /// Who.
        by: String,
        /// Until when.
        until: Timestamp,
    },
    /// Nobody sees to it any more: they let go of it, or their time was up.
    Unattended,
    /// A silence held it back from then on.
    Silenced {
        /// Which: the one that lasts longest.
        silence: SilenceId,
        /// Who made it.
        by: String,
        /// Until when, as it was then.
        until: Timestamp,
    },
}
