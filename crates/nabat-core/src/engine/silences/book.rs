//! The silences in memory, and which of them are active.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::alert::Labels;
use crate::silence::cover::Cover;
use crate::silence::{Phase, Silence, SilenceId};
use crate::time::Timestamp;

/// All silences that are not forgotten.
#[derive(Debug, Default)]
pub(in crate::engine) struct Book {
    all: BTreeMap<SilenceId, Arc<Silence>>,
    /// Shared with who looks at an overview.
    cover: Arc<Cover>,
    /// The expired ones, those that ended first in front.
    expired: BTreeSet<(Timestamp, SilenceId)>,
    /// Active until resolved, and something that they cover ended in this step.
    to_look_at: BTreeSet<SilenceId>,
}

impl Book {
    /// All of these.
    pub(in crate::engine) fn new(silences: Vec<Silence>) -> Self {
        let mut book = Self::default();
        for silence in silences {
            book.put(Arc::new(silence));
        }
        book
    }

    /// Keeps a silence as it is now; returns it as it was.
    pub(super) fn put(&mut self, silence: Arc<Silence>) -> Option<Arc<Silence>> {
        let before = self.forget(silence.id);
        match silence.phase {
            Phase::Active { .. } => Arc::make_mut(&mut self.cover).add(Arc::clone(&silence)),
            Phase::Expired => {
                self.expired.insert((silence.ends_at, silence.id));
            }
            Phase::Pending => {}
        }
        self.all.insert(silence.id, silence);
        before
    }

    /// Forgets a silence; returns it.
    pub(super) fn forget(&mut self, id: SilenceId) -> Option<Arc<Silence>> {
        let silence = self.all.remove(&id)?;
        if silence.active() {
            Arc::make_mut(&mut self.cover).remove(&silence);
        }
        self.expired.remove(&(silence.ends_at, id));
        Some(silence)
    }

    /// The silence with this number.
    pub(super) fn get(&self, id: SilenceId) -> Option<&Arc<Silence>> {
        self.all.get(&id)
    }

    /// All of them, in order of their numbers.
    pub(in crate::engine) fn all(&self) -> impl Iterator<Item = &Arc<Silence>> {
        self.all.values()
    }

    /// How many are not over.
    pub(in crate::engine) fn unexpired(&self) -> usize {
        self.all.len() - self.expired.len()
    }

    /// The expired ones beyond the last `count`.
    pub(super) fn too_old(&self, count: usize) -> Vec<SilenceId> {
        let surplus = self.expired.len().saturating_sub(count);
        self.expired
            .iter()
            .take(surplus)
            .map(|(_, id)| *id)
            .collect()
    }

    /// The active ones, as they are now.
    pub(in crate::engine) fn cover(&self) -> Arc<Cover> {
        Arc::clone(&self.cover)
    }

    /// The active ones that cover an alert.
    pub(in crate::engine) fn covering(&self, labels: &Labels) -> impl Iterator<Item = &Silence> {
        self.cover.of(labels)
    }

    /// How many are active, pending and expired.
    pub(in crate::engine) fn count(&self) -> [usize; 3] {
        let active = self.all.values().filter(|silence| silence.active()).count();
        [active, self.unexpired() - active, self.expired.len()]
    }

    /// Until when an alert with these labels is silenced, if it is. A silence whose time is up
    /// counts until its end has been dealt with.
    pub(in crate::engine) fn until(&self, labels: &Labels) -> Option<Timestamp> {
        self.covering(labels).map(|silence| silence.ends_at).max()
    }

    /// Notes that an alert with these labels is over.
    pub(in crate::engine) fn note_end(&mut self, labels: &Labels) {
        let waiting = self.cover.of(labels);
        let waiting = waiting.filter(|silence| silence.until_resolved);
        self.to_look_at.extend(waiting.map(|silence| silence.id));
    }

    /// Those of which the last alert may have ended since this was asked.
    pub(super) fn take_to_look_at(&mut self) -> BTreeSet<SilenceId> {
        std::mem::take(&mut self.to_look_at)
    }
}
