//! Time that does not just pass: clocks that are put back, and times in which nobody watched.

use std::time::Duration;

use super::Watch;
use super::due::MISSED_MIN;
use crate::monitor::state::{Phase, Standing};
use crate::monitor::{Kind, MonitorId};
use crate::time::Timestamp;

/// A clock that goes back less than this is only being set.
const STEP: Duration = Duration::from_secs(1);

impl Watch {
    /// It is `now`. A clock that was put back begins all plans anew; one that was put forward is a
    /// time in which nobody watched, which what is due will tell.
    pub(super) fn step(&mut self, now: Timestamp) {
        if now.after(STEP) < self.now {
            self.now = now;
            self.rewind();
        }
        self.now = self.now.max(now);
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
            let Some(entry) = self.monitors.get_mut(&id) else {
                continue;
            };
            if entry.state.paused || entry.state.standing == Standing::Fresh {
                continue;
            }
            let lost_at = match &entry.rules.kind {
                Kind::Probed(probing) => (gap > probing.interval.max(MISSED_MIN)).then_some(from),
                Kind::Heartbeat(_) if !entry.listens() => None,
                Kind::Heartbeat(heartbeat) => {
                    let listening = &mut entry.state.listening;
                    let before = listening.clone();
                    let lost_at = listening.deaf(heartbeat, from, now);
                    if *listening != before {
                        self.effects.touched.insert(id);
                    }
                    lost_at
                }
            };
            if let Some(at) = lost_at {
                entry.state.lose_sight(at);
                entry.state.words = "not watched".into();
                entry.settle(id, at, None, &mut self.effects);
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
                Kind::Heartbeat(heartbeat) if entry.listens() || suspected => {
                    entry.state.phase = Phase::Steady;
                    entry.decide_at = None;
                    self.effects.touched.insert(id);
                    let deaf = entry.state.listening.deaf(heartbeat, blind_since, now);
                    if let Some(at) = deaf {
                        entry.state.lose_sight(at);
                        entry.settle(id, at, None, &mut self.effects);
                    }
                }
                Kind::Probed(_) | Kind::Heartbeat(_) => {}
            }
            self.replan(id);
        }
    }
}
