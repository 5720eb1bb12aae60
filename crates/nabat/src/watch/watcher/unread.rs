//! Monitors of the store that this version of Nabat can't read, as after a step back to an older one:
//! they are not watched, and they stay. Their numbers, names and keys are theirs until somebody writes
//! them anew under their name, or removes them.

use std::collections::BTreeMap;

use nabat_core::monitor::MonitorId;
use nabat_core::monitor::record::Record;

/// All of them, by name.
#[derive(Debug, Default)]
pub(super) struct Unread(BTreeMap<String, One>);

#[derive(Debug)]
struct One {
    id: MonitorId,
    key: Option<String>,
}

impl Unread {
    pub(super) fn add(&mut self, record: Record) {
        let Record { id, name, key, .. } = record;
        self.0.insert(name, One { id, key });
    }

    /// The number of the one of this name.
    pub(super) fn id(&self, name: &str) -> Option<MonitorId> {
        self.0.get(name).map(|one| one.id)
    }

    /// Whose key this is.
    pub(super) fn with_key(&self, key: &str) -> Option<MonitorId> {
        let mut all = self.0.values();
        let one = all.find(|one| one.key.as_deref() == Some(key));
        one.map(|one| one.id)
    }

    /// The one with this number was written anew, or removed. Whether there was one.
    pub(super) fn settle(&mut self, id: MonitorId) -> bool {
        let before = self.0.len();
        self.0.retain(|_, one| one.id != id);
        self.0.len() < before
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &String> {
        self.0.keys()
    }
}
