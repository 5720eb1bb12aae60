//! What is kept of monitors.

use serde::{Deserialize, Serialize};

use super::{MonitorId, State, Status};
use crate::chat::{ChatKey, PersonId};
use crate::time::Timestamp;

/// A monitor as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Its number, for good.
    pub id: MonitorId,
    /// What people call it; unique.
    pub name: String,
    /// Where it comes from.
    pub origin: Origin,
    /// What is watched and how, in JSON, as people wrote it; may hold secrets.
    pub definition: String,
    /// The end of a heartbeat's address, if it is one.
    pub key: Option<String>,
    /// When it was made.
    pub made_at: Timestamp,
    /// When its definition changed last.
    pub changed_at: Timestamp,
}

/// Where a monitor comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// The configuration, where alone it can be changed.
    Config,
    /// Somebody made it by the API or on the command line.
    Made {
        /// Who, in words for people.
        by: String,
        /// Whether they may look at public addresses only.
        public_only: bool,
    },
    /// A job that called for the first time made it.
    Called,
    /// Somebody made it in a chat.
    Chat {
        /// Their name.
        by: String,
        /// Who.
        person: PersonId,
        /// Where.
        chat: ChatKey,
        /// Whether they may look at public addresses only.
        public_only: bool,
    },
}

impl Origin {
    /// Whether only public addresses may be looked at.
    pub const fn public_only(&self) -> bool {
        match self {
            Self::Config | Self::Called => false,
            Self::Made { public_only, .. } | Self::Chat { public_only, .. } => *public_only,
        }
    }

    /// Who made it, in words for people; nobody if it is in the configuration.
    pub fn maker(&self) -> Option<&str> {
        match self {
            Self::Config => None,
            Self::Called => Some("its first call"),
            Self::Made { by, .. } | Self::Chat { by, .. } => Some(by),
        }
    }
}

/// From a moment on a monitor has another status: until its next edge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edge {
    /// Which monitor.
    pub monitor: MonitorId,
    /// The moment of truth, not that of noticing.
    pub at: Timestamp,
    /// The status from then on.
    pub status: Status,
    /// Why, in words for people.
    pub words: String,
}

/// A sign of life that somebody gave for a heartbeat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ping {
    /// Which monitor.
    pub monitor: MonitorId,
    /// Counts those of one monitor, from 1.
    pub number: u64,
    /// When it came.
    pub at: Timestamp,
    /// What it said: `success`, `start`, `fail`, `log` or `exit 3`.
    pub said: String,
    /// How long the job ran, in milliseconds, if it had said that it began.
    pub took_millis: Option<u64>,
    /// Which address it came from.
    pub from: String,
    /// What came with it, cut.
    pub body: String,
}

/// A monitor and its state, as they come back at a start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// The monitor.
    pub record: Record,
    /// Its state, if it has been looked at.
    pub state: Option<State>,
    /// The number of its last sign of life; 0 without any.
    pub pings: u64,
}
