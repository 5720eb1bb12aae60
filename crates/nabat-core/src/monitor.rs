//! Monitors: what Nabat watches by itself, and when it believes what it sees.
//!
//! A *probe* looks at a target once; what it found is a [`Sample`]. [`Watch`] holds all monitors: it
//! says which probes are due, takes their samples and the signals of heartbeats, and says what became
//! of it: edges of the history, alarms, that Nabat itself is cut off. Others do the probes, store
//! what changed and carry the alarms on.
//!
//! In reading order: [`rules`] (what is expected of a monitor), [`state`] (what is known of it),
//! `judge` (what a sample makes of that), `flap`, `heartbeat`, `group`, `grid` (when probes are due),
//! `witness` (whether it is our own fault), [`watch`] (all of it together), [`uptime`].
//!
//! Invariants: an alarm is raised only after a confirmation, never by what could not be looked at;
//! our own fault is `unknown`, never `down`; history never goes backwards; parents, maintenance and
//! blindness keep alarms from being raised, never from being called off.

mod flap;
mod grid;
mod group;
mod heartbeat;
mod judge;
pub mod record;
pub mod rules;
pub mod shorthand;
pub mod state;
pub mod uptime;
pub mod view;
pub mod watch;
mod witness;

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

pub use group::{DownWhen, Group, Member};
pub use heartbeat::{RunId, Signal};
pub use rules::{BadRules, Expected, Flap, Heartbeat, Kind, Probing, Rules};
pub use state::{Standing, State};
pub use watch::{Due, Effect, Effects, Watch, Why};
pub use witness::Witness;

/// The most characters of evidence that are kept of a sample.
pub const WORDS_CHARS_MAX: usize = 500;

/// The number of a monitor; never used twice.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct MonitorId(pub u64);

/// What one probe found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sample {
    /// When the probe began.
    pub at: Timestamp,
    /// How long the target took to answer, if it did.
    pub took: Option<Duration>,
    /// What it comes to.
    pub outcome: Outcome,
    /// What was seen, for people: `status 503, expected 200-299`. Beyond [`WORDS_CHARS_MAX`] it is cut.
    pub words: String,
}

/// What one probe comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// All is as it should be.
    Up,
    /// It works, but something should be seen to: a certificate that expires soon.
    Degraded,
    /// It does not work.
    Down,
    /// Nobody can say, through our own fault: the probe could not be made, or was late.
    Unknown,
}

/// How a monitor stands, for people. History knows all of these but [`Status::Suspect`] and
/// [`Status::Recovering`], which are ours: the target is up or down meanwhile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Nothing was seen of it yet.
    Pending,
    /// It works.
    Up,
    /// A probe failed, or a heartbeat is late, and it is being made sure.
    Suspect,
    /// It works, but is slow or wants to be seen to.
    Degraded,
    /// It does not work, and that was made sure of.
    Down,
    /// It works again, and it is being made sure.
    Recovering,
    /// Nobody watched, or we could not.
    Unknown,
    /// It can't be reached because all its parents are down.
    Unreachable,
    /// It is being worked on: nobody is woken.
    Maintenance,
    /// Somebody stopped watching it.
    Paused,
}

/// What an alarm is about: each becomes an alert of its own name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trouble {
    /// The target does not work.
    Down,
    /// It works, but not as it should.
    Degraded,
}

impl Trouble {
    /// The name of its alert.
    pub const fn alert(self) -> &'static str {
        match self {
            Self::Down => "MonitorDown",
            Self::Degraded => "MonitorDegraded",
        }
    }

    /// How the monitor is then, in a word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Down => "down",
            Self::Degraded => "degraded",
        }
    }

    /// The label of its alert that names the monitor.
    pub const MONITOR: &'static str = "monitor";
}

#[cfg(test)]
mod tests;
