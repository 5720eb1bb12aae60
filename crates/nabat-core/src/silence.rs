//! Reasons not to tell of what fires, made by people and for a time.
//!
//! A silence holds back what nobody has been told yet and stops repeats; whoever was told that
//! something fires is told its end all the same.

use serde::{Deserialize, Serialize};

use crate::alert::Labels;
use crate::matcher::Matcher;
use crate::time::Timestamp;

/// The number of a silence; never used twice.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct SilenceId(pub i64);

/// What is not told for a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Silence {
    /// Its number.
    pub id: SilenceId,
    /// Which alerts: those that fulfil all. Never empty.
    pub matchers: Vec<Matcher>,
    /// Since when.
    pub starts_at: Timestamp,
    /// Until when.
    pub ends_at: Timestamp,
    /// Who made it.
    pub created_by: String,
    /// Why.
    pub comment: String,
}

impl Silence {
    /// Whether it is in force. It began when it was made, even if the clock was set back since.
    pub fn active(&self, now: Timestamp) -> bool {
        now < self.ends_at
    }

    /// Whether it is about an alert with these labels.
    pub fn covers(&self, labels: &Labels) -> bool {
        self.matchers.iter().all(|matcher| matcher.matches(labels))
    }
}
