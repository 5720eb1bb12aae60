//! Time that does not just pass: clocks that are put back, and times in which nobody watched.

use std::time::Duration;

use super::due::MISSED_MIN;
use super::entry::Next;
use super::{Watch, Why};
use crate::monitor::state::{Phase, Standing};
use crate::monitor::{Kind, MonitorId};
use crate::time::Timestamp;

/// A clock that goes back less than this is only being set.
const STEP: Duration = Duration::from_secs(1);
/// Nobody watched for so long: Nabat or its machine stood still, or the clock was put forward.
const STALL: Duration = Duration::from_secs(60);
/// The watch wants to be asked this often, to notice both.
pub(super) const TURN: Duration = Duration::from_secs(10);

impl Watch {
    /// It is `now`. A clock that was put back begins all plans anew. One that was put forward is a
    /// time in which nobody watched: what was missed of it is told when it is due.
    pub(super) fn step(&mut self, now: Timestamp) {
        let before = self.now;
        if now.after(STEP) < before {
            self.now = now;
            self.rewind();
        }
        self.now = self.now.max(now);
        if self.now.since(before) > STALL {
            self.stalled(before);
        }
    }

    /// Nothing happened from `from` to now: nobody was heard, and what is on its way is not late.
    fn stalled(&mut self, from: Timestamp) {
        let now = self.now;
        let ids: Vec<MonitorId> = self.monitors.keys().copied().collect();
        for id in ids {
            if let Some(entry) = self.monitors.get_mut(&id) {
                if let Some(flight) = &mut entry.in_flight {
                    flight.since = now;
                }
                self.deaf(id, from);
            }
            self.replan(id);
        }
    }

    /// A heartbeat could not be heard from `from` to now: it gets another chance if it should have been.
    fn deaf(&mut self, id: MonitorId, from: Timestamp) {
        let Some(entry) = self.monitors.get_mut(&id).filter(|entry| entry.listens()) else {
            return;
        };
        let Kind::Heartbeat(heartbeat) = &entry.rules.kind else {
            return;
        };
        let before = entry.state.listening.clone();
        let lost_at = entry.state.listening.deaf(heartbeat, from, self.now);
        if let Some(at) = lost_at {
            entry.lose_sight(id, at, "not watched".into(), &mut self.effects);
        } else if entry.state.listening != before {
            self.effects.touched.insert(id);
        }
    }

    fn rewind(&mut self) {
        let now = self.now;
        self.pace.rewind(now);
        self.witnesses.rewind(now);
        let ids: Vec<MonitorId> = self.monitors.keys().copied().collect();
        for id in ids {
            if self
                .monitors
                .get_mut(&id)
                .is_some_and(|entry| entry.rewind(id, now))
            {
                self.effects.touched.insert(id);
            }
            self.replan(id);
        }
    }

    /// Nobody watched from `from` to now, because Nabat did not run. What should have been looked at
    /// in that time is unknown since, and heartbeats that could not be heard get another chance.
    pub fn unwatched(&mut self, now: Timestamp, from: Timestamp) {
        self.step(now);
        let now = self.now;
        let gap = now.since(from);
        let ids: Vec<MonitorId> = self.monitors.keys().copied().collect();
        for id in ids {
            self.deaf(id, from);
            let Some(entry) = self.monitors.get_mut(&id) else {
                continue;
            };
            let seen = !entry.state.paused && entry.state.standing != Standing::Fresh;
            if let (Kind::Probed(probing), true) = (&entry.rules.kind, seen)
                && gap > probing.interval.max(MISSED_MIN)
            {
                let at = self.pace.slot(now, id, probing.interval);
                entry.next = Some(Next::new(at, Why::Round));
                entry.lose_sight(id, from, "not watched".into(), &mut self.effects);
            }
            self.replan(id);
        }
    }

    /// Nabat was cut off and is not any more: everything that failed is looked at anew.
    pub(super) fn look_anew(&mut self, blind_since: Timestamp) {
        let now = self.now;
        self.waiting.clear();
        let ids: Vec<MonitorId> = self.monitors.keys().copied().collect();
        for id in ids {
            let Some(entry) = self.monitors.get_mut(&id) else {
                continue;
            };
            let suspected = matches!(entry.state.phase, Phase::Suspicion { .. });
            let unknown = entry.state.unknown().is_some();
            match &entry.rules.kind {
                _ if entry.state.paused => {}
                Kind::Probed(probing) if suspected || unknown => {
                    let at = self.pace.slot(now, id, probing.interval);
                    entry.begin_again(at);
                    self.effects.touched.insert(id);
                }
                Kind::Heartbeat(_) if suspected => {
                    entry.begin_again(now);
                    self.effects.touched.insert(id);
                }
                Kind::Probed(_) | Kind::Heartbeat(_) | Kind::Group(_) => {}
            }
            self.deaf(id, blind_since);
            self.replan(id);
        }
    }
}
