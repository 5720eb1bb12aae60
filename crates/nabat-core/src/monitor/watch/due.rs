//! What time brings: probes that are due, deadlines, and the gaps in which nobody watched.

use std::time::Duration;

use super::entry::{InFlight, Next};
use super::{Due, Effect, Watch, Why};
use crate::monitor::{MonitorId, Outcome, Sample};
use crate::time::Timestamp;

/// A round that is later than this was held up: many would come at once.
const LATE: Duration = Duration::from_secs(2);
/// A probe is missed when it is later than an interval, and than this.
pub(super) const MISSED_MIN: Duration = Duration::from_secs(10);

impl Watch {
    /// The probes to be made now; everything else that is due is done. A monitor is handed out again
    /// only after its sample came.
    pub fn due(&mut self, now: Timestamp) -> Vec<Due> {
        self.step(now);
        let now = self.now;
        if self.witnesses.ask(now, !self.waiting.is_empty()) {
            self.see();
            self.effects.list.push(Effect::AskWitnesses);
        }
        let mut ready = Vec::new();
        while let Some((at, id)) = self.queue.pop_first() {
            if at > now {
                self.queue.insert((at, id));
                break;
            }
            if let Some(entry) = self.monitors.get_mut(&id) {
                entry.wake_at = None;
            }
            ready.push(id);
        }
        let mut due = Vec::new();
        for id in ready {
            self.wake(id);
            due.extend(self.hand_out(id));
            self.replan(id);
        }
        due
    }

    /// Does everything but probing that is due for a monitor.
    fn wake(&mut self, id: MonitorId) {
        let now = self.now;
        let due = |at: Option<Timestamp>| at.is_some_and(|at| at <= now);
        let Some(entry) = self.monitors.get_mut(&id) else {
            return;
        };
        if let Some(until) = entry.state.maintenance.filter(|until| *until <= now) {
            self.end_maintenance(id, until);
        }
        let Some(entry) = self.monitors.get_mut(&id) else {
            return;
        };
        if due(entry.calm_at()) {
            entry.state.flaps.calm();
            entry.settle(id, now, None, &mut self.effects);
        }
        if due(entry.decide_at) {
            self.decide(id);
        }
        self.wake_listener(id);
        let Some(entry) = self.monitors.get_mut(&id) else {
            return;
        };
        let lost = entry
            .in_flight
            .filter(|flight| now.since(flight.since) >= entry.patience());
        if let Some(flight) = lost {
            let sample = Sample {
                at: flight.since,
                took: None,
                outcome: Outcome::Unknown,
                words: "the probe never came back".into(),
            };
            self.sampled(now, id, sample);
        }
    }

    /// The probe of a monitor that is to be made now.
    fn hand_out(&mut self, id: MonitorId) -> Option<Due> {
        let now = self.now;
        let entry = self.monitors.get_mut(&id)?;
        let mut next = entry
            .next
            .filter(|next| next.at <= now && entry.in_flight.is_none())?;
        let Some(interval) = entry.probing().map(|probing| probing.interval) else {
            // What is not probed plans nothing; if it did, time would stand still.
            entry.next = None;
            return None;
        };
        let late = now.since(next.planned_at);
        let missed = next.why != Why::Asked && late >= interval.max(MISSED_MIN);
        if missed {
            // Nothing is known of the time since it should have been made.
            let words = "not watched".to_owned();
            entry.lose_sight(id, next.planned_at, words, &mut self.effects);
        }
        if !next.held_up && (missed || next.why == Why::Round && late >= LATE) {
            next = Next {
                at: self.pace.slot(now, id, interval),
                planned_at: if missed { now } else { next.planned_at },
                why: Why::Round,
                held_up: true,
            };
            if next.at > now {
                entry.next = Some(next);
                return None;
            }
        }
        entry.in_flight = Some(InFlight {
            planned_at: next.planned_at,
            since: now,
        });
        entry.next = None;
        entry.plan_round(id, now.after(interval / 2));
        Some(Due {
            id,
            planned_at: next.planned_at,
            why: next.why,
        })
    }
}
