//! Monitors in memory.

use std::collections::BTreeMap;

use nabat_core::change::Change;
use nabat_core::monitor::MonitorId;
use nabat_core::monitor::record::{Edge, Kept, Ping};
use nabat_core::time::Timestamp;

use crate::store::{PINGS_KEPT, Watched};

#[derive(Debug, Default)]
pub(super) struct Monitors {
    kept: BTreeMap<MonitorId, Kept>,
    edges: BTreeMap<(MonitorId, Timestamp), Edge>,
    pings: BTreeMap<(MonitorId, u64), Ping>,
    until: Option<Timestamp>,
    numbers_used: u64,
}

impl Monitors {
    pub(super) fn apply(&mut self, change: Change) {
        match change {
            Change::Monitor(record) => {
                self.numbers_used = self.numbers_used.max(record.id.0);
                let known = self.kept.remove(&record.id);
                let made_at = known.as_ref().map_or(record.made_at, |k| k.record.made_at);
                let mut kept = Kept {
                    state: known.and_then(|known| known.state),
                    record: *record,
                    pings: 0,
                };
                kept.record.made_at = made_at;
                self.kept.insert(kept.record.id, kept);
            }
            Change::MonitorState(id, state) => {
                if let Some(kept) = self.kept.get_mut(&id) {
                    kept.state = Some(*state);
                }
            }
            Change::MonitorGone(id) => {
                self.kept.remove(&id);
                self.edges.retain(|(monitor, _), _| *monitor != id);
                self.pings.retain(|(monitor, _), _| *monitor != id);
            }
            Change::Edge(edge) => {
                let later = |id: MonitorId, at| id == edge.monitor && at >= edge.at;
                self.edges.retain(|(id, at), _| !later(*id, *at));
                self.edges.insert((edge.monitor, edge.at), *edge);
            }
            Change::EdgesGone(before) => {
                let mut last: BTreeMap<MonitorId, Timestamp> = BTreeMap::new();
                for (monitor, at) in self.edges.keys().filter(|(_, at)| *at <= before) {
                    last.insert(*monitor, *at);
                }
                let over = |id: &MonitorId, at| last.get(id).is_some_and(|last| at < *last);
                self.edges.retain(|(id, at), _| !over(id, *at));
            }
            Change::Ping(ping) => {
                let oldest = ping.number.saturating_sub(PINGS_KEPT);
                let old = |id: MonitorId, number| id == ping.monitor && number <= oldest;
                self.pings.retain(|(id, number), _| !old(*id, *number));
                self.pings.insert((ping.monitor, ping.number), *ping);
            }
            Change::WatchedUntil(until) => self.until = Some(until),
            _ => {}
        }
    }

    pub(super) fn all(&self) -> Watched {
        let counted = |kept: &Kept| Kept {
            pings: self.of(kept.record.id).next().map_or(0, |ping| ping.number),
            ..kept.clone()
        };
        Watched {
            monitors: self.kept.values().map(counted).collect(),
            until: self.until,
            numbers_used: self.numbers_used,
        }
    }

    pub(super) fn edges(&self, id: MonitorId, since: Timestamp) -> Vec<Edge> {
        let all = (id, Timestamp::from_millis(i64::MIN))..=(id, Timestamp::from_millis(i64::MAX));
        let edges: Vec<&Edge> = self.edges.range(all).map(|(_, edge)| edge).collect();
        let before = edges.iter().filter(|edge| edge.at < since).count();
        edges[before.saturating_sub(1)..]
            .iter()
            .map(|edge| (*edge).clone())
            .collect()
    }

    pub(super) fn pings(&self, id: MonitorId, limit: usize) -> Vec<Ping> {
        self.of(id).take(limit).cloned().collect()
    }

    /// The newest first.
    fn of(&self, id: MonitorId) -> impl Iterator<Item = &Ping> {
        let all = self.pings.range((id, 0)..=(id, u64::MAX));
        all.rev().map(|(_, ping)| ping)
    }
}
