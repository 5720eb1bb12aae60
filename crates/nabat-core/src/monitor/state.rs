//! What is known of one monitor: all that has to survive a restart, and nothing more.
//!
//! It changes only when something is worth storing: a sample that finds what was known leaves it as
//! it is.

use serde::{Deserialize, Serialize};

use super::flap::Flaps;
use super::heartbeat::Listening;
use super::{Status, Trouble};
use crate::time::Timestamp;

/// After how many probes in a row that could not be made a monitor is unknown.
pub(super) const UNKNOWN_AFTER: u32 = 3;

/// What is known of a monitor; stored as JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// What is believed of the target.
    pub standing: Standing,
    /// Since when.
    pub since: Timestamp,
    /// Whether that is being made sure of.
    pub phase: Phase,
    /// The latest words that made a difference.
    pub words: String,
    /// What fires.
    pub alarm: Option<Alarm>,
    /// Somebody stopped watching it.
    pub paused: bool,
    /// Until when it is being worked on.
    pub maintenance: Option<Timestamp>,
    /// What could not be looked at, since the last look.
    pub(super) doubt: Option<Run>,
    /// Slow or degraded, in a row.
    pub(super) slow: Option<Run>,
    pub(super) flaps: Flaps,
    pub(super) listening: Listening,
    /// The latest edge of its history.
    pub(super) edge: Edge,
}

/// What is believed of a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// Nothing was seen of it yet.
    Fresh,
    /// It works.
    Up,
    /// It works, but not as it should.
    Degraded,
    /// It does not work.
    Down,
    /// It can't be reached because all its parents are down.
    Unreachable,
}

impl Standing {
    /// Whether the target gives no answer.
    pub const fn fails(self) -> bool {
        matches!(self, Self::Down | Self::Unreachable)
    }
}

/// Whether what is believed is being made sure of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "phase")]
pub enum Phase {
    /// No.
    Steady,
    /// A probe failed.
    Suspicion {
        /// The first that did: since when it is down, if it is.
        first_failed_at: Timestamp,
        /// How many did.
        failed: u32,
        /// How many were made.
        probed: u32,
        /// Since when enough have failed: what is waited for is whether it is the target's fault.
        complete: Option<Timestamp>,
    },
    /// A probe succeeded again.
    Recovering {
        /// The first that did: since when it is up, if it is.
        first_ok_at: Timestamp,
        /// How many did, in a row.
        succeeded: u32,
    },
}

/// What fires.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alarm {
    /// What is wrong.
    pub what: Trouble,
    /// Since when.
    pub since: Timestamp,
}

/// The same thing several times in a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Run {
    pub(super) first_at: Timestamp,
    /// Counted no further than matters.
    pub(super) count: u32,
}

impl Run {
    /// One more of it.
    pub(super) fn more(run: Option<Self>, at: Timestamp, enough: u32) -> Self {
        let run = run.unwrap_or(Self {
            first_at: at,
            count: 0,
        });
        Self {
            count: run.count.saturating_add(1).min(enough),
            ..run
        }
    }
}

/// Since when history has it so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Edge {
    pub(super) status: Status,
    pub(super) at: Timestamp,
}

impl State {
    /// That of a monitor nothing was seen of yet.
    pub fn fresh(now: Timestamp) -> Self {
        Self {
            standing: Standing::Fresh,
            since: now,
            phase: Phase::Steady,
            words: String::new(),
            alarm: None,
            paused: false,
            maintenance: None,
            doubt: None,
            slow: None,
            flaps: Flaps::default(),
            listening: Listening::default(),
            edge: Edge {
                status: Status::Pending,
                at: now,
            },
        }
    }

    /// How it stands, for people; that a heartbeat is late only [`super::Watch::status`] knows.
    pub fn status(&self) -> Status {
        let standing = self.kept();
        match (&self.phase, standing) {
            (Phase::Suspicion { .. }, Status::Pending | Status::Up | Status::Degraded) => {
                Status::Suspect
            }
            (Phase::Recovering { .. }, Status::Down | Status::Unreachable) => Status::Recovering,
            _ => standing,
        }
    }

    /// How it stands, for history, and since when.
    pub fn interval(&self) -> (Status, Timestamp) {
        (self.edge.status, self.edge.at)
    }

    /// Whether its end is waited out because it flaps.
    pub fn flaps(&self) -> bool {
        self.flaps.flapping()
    }

    /// How it stands, for history.
    pub(super) fn kept(&self) -> Status {
        match self.standing {
            _ if self.paused => Status::Paused,
            _ if self.maintenance.is_some() => Status::Maintenance,
            _ if self.unknown().is_some() => Status::Unknown,
            Standing::Fresh => Status::Pending,
            Standing::Up => Status::Up,
            Standing::Degraded => Status::Degraded,
            Standing::Down => Status::Down,
            Standing::Unreachable => Status::Unreachable,
        }
    }

    /// Since when nobody knows how it stands, if nobody does.
    pub(super) fn unknown(&self) -> Option<Timestamp> {
        let doubt = self.doubt.filter(|doubt| doubt.count >= UNKNOWN_AFTER)?;
        Some(doubt.first_at)
    }

    /// From then on nobody knows how it stands, until something is seen of it.
    pub(super) fn lose_sight(&mut self, at: Timestamp) {
        if self.unknown().is_none() {
            self.doubt = Some(Run {
                first_at: self.doubt.map_or(at, |doubt| doubt.first_at.min(at)),
                count: UNKNOWN_AFTER,
            });
        }
        self.phase = Phase::Steady;
    }

    /// It is believed to stand like this.
    pub(super) fn stand(&mut self, standing: Standing, since: Timestamp) {
        self.phase = Phase::Steady;
        self.doubt = None;
        if self.standing != standing {
            self.standing = standing;
            self.since = since;
        }
    }
}
