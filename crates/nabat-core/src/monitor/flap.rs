//! Targets that come and go: when the ends are no news any more.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::Flap;
use crate::time::Timestamp;

/// The latest changes of a target, and whether there are too many.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct Flaps {
    changes: VecDeque<Timestamp>,
    flapping: bool,
}

impl Flaps {
    /// Whether it flaps.
    pub(super) const fn flapping(&self) -> bool {
        self.flapping
    }

    /// It went down or came up. Whether it begins to flap with this.
    pub(super) fn change(&mut self, rule: Option<&Flap>, now: Timestamp) -> bool {
        let Some(rule) = rule else {
            *self = Self::default();
            return false;
        };
        self.changes.push_back(now);
        let begin = now.before(rule.within);
        // A step of the clock must not keep the future in the window for ever.
        self.changes.retain(|at| (begin..=now).contains(at));
        let count = self.changes.len();
        let enough = count >= usize::try_from(rule.changes).unwrap_or(usize::MAX);
        let begins = enough && !self.flapping;
        self.flapping |= enough;
        if self.flapping {
            // No more than tells when it was calm.
            let spare = count.saturating_sub(rule.changes as usize);
            self.changes.drain(..spare);
        }
        begins
    }

    /// When it is calm if nothing changes before, if it flaps.
    pub(super) fn calm_at(&self, rule: Option<&Flap>) -> Option<Timestamp> {
        let latest = self.changes.back().filter(|_| self.flapping)?;
        Some(rule.map_or(*latest, |rule| latest.after(rule.within / 2)))
    }

    /// The clock was put back: what changed did so by now.
    pub(super) fn rewind(&mut self, now: Timestamp) {
        for at in &mut self.changes {
            *at = now.min(*at);
        }
    }

    /// It was calm long enough.
    pub(super) fn calm(&mut self) {
        *self = Self::default();
    }
}
