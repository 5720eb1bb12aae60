//! Who is reached through whom.

use std::collections::{BTreeMap, BTreeSet};

use crate::monitor::MonitorId;

/// Parents and children. It never goes round in a circle.
#[derive(Debug, Default)]
pub(super) struct Family {
    parents: BTreeMap<MonitorId, Vec<MonitorId>>,
    children: BTreeMap<MonitorId, BTreeSet<MonitorId>>,
}

/// A monitor would be its own parent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a monitor would be its own parent, by way of {} others", .0.len().saturating_sub(1))]
pub struct Cycle(
    /// From the monitor to a parent, to a parent of that, and so on; the last has it as a parent.
    pub Vec<MonitorId>,
);

impl Family {
    /// The parents of a monitor.
    pub(super) fn parents(&self, id: MonitorId) -> &[MonitorId] {
        self.parents.get(&id).map_or(&[], Vec::as_slice)
    }

    /// Those that are reached through it.
    pub(super) fn children(&self, id: MonitorId) -> impl Iterator<Item = MonitorId> + '_ {
        self.children.get(&id).into_iter().flatten().copied()
    }

    /// These are its parents from now on; those that would close a circle are left out.
    pub(super) fn set(&mut self, id: MonitorId, parents: &[MonitorId]) {
        for parent in self.parents.remove(&id).unwrap_or_default() {
            if let Some(children) = self.children.get_mut(&parent) {
                children.remove(&id);
                if children.is_empty() {
                    self.children.remove(&parent);
                }
            }
        }
        let mut kept = Vec::new();
        for parent in parents.iter().copied() {
            if !kept.contains(&parent) && self.accepts(id, &[parent]).is_ok() {
                self.children.entry(parent).or_default().insert(id);
                kept.push(parent);
            }
        }
        if !kept.is_empty() {
            self.parents.insert(id, kept);
        }
    }

    /// Whether a monitor may have these parents.
    pub(super) fn accepts(&self, id: MonitorId, parents: &[MonitorId]) -> Result<(), Cycle> {
        // From whom each was reached, to tell the way.
        let mut seen: BTreeMap<MonitorId, MonitorId> = BTreeMap::new();
        let mut open: Vec<(MonitorId, MonitorId)> = parents.iter().map(|to| (id, *to)).collect();
        while let Some((from, to)) = open.pop() {
            if to == id {
                return Err(Cycle(way(&seen, id, from)));
            }
            if seen.insert(to, from).is_none() {
                open.extend(self.parents(to).iter().map(|next| (to, *next)));
            }
        }
        Ok(())
    }
}

/// The way from `first` to `last`.
fn way(seen: &BTreeMap<MonitorId, MonitorId>, first: MonitorId, last: MonitorId) -> Vec<MonitorId> {
    let mut way = vec![last];
    let mut at = last;
    while let Some(from) = seen.get(&at).filter(|_| at != first) {
        way.push(*from);
        at = *from;
    }
    way.reverse();
    way
}
