//! Monitors that wait to be told: what their signals mean, and when silence means trouble.
//!
//! As in Healthchecks: a success puts the next deadline a period and the grace ahead; a start that no
//! success follows within the grace is a failure; a failure that was told is one at once. Each is
//! noted at the moment it was due, not when somebody noticed.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Heartbeat;
use crate::time::Timestamp;

/// The runs that are kept open at most; of more the oldest are forgotten.
const RUNS_MAX: usize = 32;
/// A run that takes longer was not one.
const RUN_MAX: Duration = Duration::from_secs(72 * 3_600);
/// Who could not be heard for no longer than this tries again, and is heard then.
const RETRIED: Duration = Duration::from_secs(60);

/// What pairs the start of a run with its end: any word the job chose.
pub type RunId = String;

/// What a heartbeat says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Signal {
    /// It is done, and well.
    Success,
    /// It begins.
    Start,
    /// It failed.
    Fail,
    /// It ended with this exit code; 0 is well.
    Exit(u8),
    /// Nothing of importance: kept by whoever keeps signals.
    Log,
}

/// What was heard of a heartbeat.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct Listening {
    /// What the next deadline counts from: when it was last heard, or when hearing it became possible
    /// again.
    from: Option<Timestamp>,
    /// Begun and not heard to end, the oldest first.
    runs: Vec<Started>,
    /// Not before then, whatever the deadline.
    spared_until: Option<Timestamp>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Started {
    id: Option<RunId>,
    at: Timestamp,
    /// That it did not end in time was told: nothing is expected of it any more.
    #[serde(default)]
    lost: bool,
}

impl Listening {
    /// When it should be heard next. One that runs should be heard to end, from its beginning on.
    pub(super) fn expected_at(&self, rules: &Heartbeat) -> Option<Timestamp> {
        let running = self.awaited().map(|run| run.at);
        self.next_at(rules).into_iter().chain(running).min()
    }

    /// Whether it should have been heard by now, and does not run either.
    pub(super) fn is_late(&self, rules: &Heartbeat, now: Timestamp) -> bool {
        !self.running() && self.next_at(rules).is_some_and(|at| at <= now)
    }

    fn next_at(&self, rules: &Heartbeat) -> Option<Timestamp> {
        self.from.and_then(|from| rules.expected.after(from))
    }

    /// The oldest run whose end is expected.
    fn awaited(&self) -> Option<&Started> {
        self.runs.iter().find(|run| !run.lost)
    }

    /// When silence becomes trouble: the moment that it is noted at.
    pub(super) fn deadline(&self, rules: &Heartbeat) -> Option<Timestamp> {
        self.expected_at(rules).map(|at| at.after(rules.grace))
    }

    /// When to look whether it did; later than the deadline after a time in which nobody could hear.
    pub(super) fn look_at(&self, rules: &Heartbeat) -> Option<Timestamp> {
        let deadline = self.deadline(rules)?;
        Some(
            self.spared_until
                .map_or(deadline, |until| until.max(deadline)),
        )
    }

    /// Whether it said that it runs, and not yet that it is done.
    pub(super) fn running(&self) -> bool {
        self.awaited().is_some()
    }

    /// What its silence is, for people.
    pub(super) fn silence(&self) -> String {
        match (self.awaited(), self.from) {
            (Some(run), _) => {
                let at = run.at.to_minute();
                format!("began at {at}, and was not heard to end")
            }
            (None, Some(from)) => format!("nothing was heard since {}", from.to_minute()),
            (None, None) => "nothing was heard".into(),
        }
    }

    /// It begins a run.
    pub(super) fn start(&mut self, now: Timestamp, id: Option<RunId>) {
        self.runs.retain(|run| run.id != id);
        if self.runs.len() >= RUNS_MAX {
            self.runs.remove(0);
        }
        self.runs.push(Started {
            id,
            at: now,
            lost: false,
        });
    }

    /// It is known to be down: the runs that should have ended by now are lost.
    pub(super) fn lose(&mut self, rules: &Heartbeat, now: Timestamp) {
        for run in &mut self.runs {
            run.lost |= run.at.after(rules.grace) <= now;
        }
    }

    /// It ends a run: how long it took, if it said when it began. Well: earlier ones are over as well;
    /// ill: all are.
    pub(super) fn end(
        &mut self,
        now: Timestamp,
        id: Option<&RunId>,
        well: bool,
    ) -> Option<Duration> {
        let began = self.runs.iter().position(|run| run.id.as_ref() == id);
        let took = began
            .and_then(|at| self.runs.get(at))
            .map(|run| now.since(run.at));
        match began {
            _ if !well => self.runs.clear(),
            Some(at) => drop(self.runs.drain(..=at)),
            None => {}
        }
        self.from = Some(now);
        self.spared_until = None;
        took.filter(|took| *took <= RUN_MAX)
    }

    /// Nobody could hear it from `from` to `now`. If it should have been heard in that time, it is
    /// given another chance, and the answer says since when nobody knows.
    pub(super) fn deaf(
        &mut self,
        rules: &Heartbeat,
        from: Timestamp,
        now: Timestamp,
    ) -> Option<Timestamp> {
        let expected = self.expected_at(rules)?;
        let deadline = expected.after(rules.grace);
        if expected >= now || deadline <= from {
            return None;
        }
        if now.since(from) <= RETRIED {
            self.spare(now);
            return None;
        }
        self.excuse(now);
        Some(expected.max(from))
    }

    /// It may have tried in vain a moment ago: its silence means nothing yet.
    pub(super) fn spare(&mut self, now: Timestamp) {
        self.spared_until = Some(now.after(RETRIED));
    }

    /// Its silence up to now means nothing.
    pub(super) fn excuse(&mut self, now: Timestamp) {
        self.from = self.from.map(|_| now);
        self.runs.clear();
        self.spared_until = None;
    }

    /// The clock was put back: what was heard was heard by now.
    pub(super) fn rewind(&mut self, now: Timestamp) {
        self.from = self.from.map(|from| from.min(now));
        for run in &mut self.runs {
            run.at = run.at.min(now);
        }
        let spared_until = now.after(RETRIED);
        self.spared_until = self.spared_until.map(|until| until.min(spared_until));
    }
}
