//! What heartbeats say, and what it means when they say nothing.

use std::time::Duration;

use super::Watch;
use super::samples::clipped;
use crate::monitor::heartbeat::{RunId, Signal};
use crate::monitor::state::{Phase, Standing};
use crate::monitor::{Kind, MonitorId, Trouble};
use crate::time::Timestamp;

impl Watch {
    /// Takes in what a heartbeat said, with the run it says it of and words for people. How long the
    /// run took, if it said when it began and it took no longer than 72 hours.
    pub fn signal(
        &mut self,
        now: Timestamp,
        id: MonitorId,
        signal: Signal,
        run: Option<RunId>,
        words: String,
    ) -> Option<Duration> {
        self.step(now);
        let now = self.now;
        let entry = self.monitors.get_mut(&id).filter(|e| !e.state.paused)?;
        if entry.probing().is_some() {
            return None;
        }
        let well = match signal {
            Signal::Log => return None,
            Signal::Start => {
                entry.state.listening.start(now, run);
                self.effects.touched.insert(id);
                self.replan(id);
                return None;
            }
            Signal::Success | Signal::Exit(0) => true,
            Signal::Fail | Signal::Exit(_) => false,
        };
        let was = entry.state.standing;
        if let (Kind::Heartbeat(heartbeat), Standing::Down) = (&entry.rules.kind, was) {
            entry.state.listening.lose(heartbeat, now);
        }
        let took = entry.state.listening.end(now, run.as_ref(), well);
        let (standing, proof) = match well {
            true => (Standing::Up, None),
            false => (Standing::Down, Some(Trouble::Down)),
        };
        entry.decide_at = None;
        let said = said(signal, words);
        let says_otherwise = !well && said != entry.state.words;
        if was != standing || says_otherwise || entry.state.unknown().is_some() {
            entry.state.words = said;
        }
        entry.state.stand(standing, now);
        let told = entry.state.alarm;
        entry.turn(id, now, now, was, proof, &mut self.effects);
        if says_otherwise && told.is_some() && entry.state.alarm == told {
            entry.say(id, &mut self.effects);
        }
        self.waiting.remove(&id);
        self.replan(id);
        self.look_again(vec![id]);
        took
    }

    /// Notices that a heartbeat is overdue.
    pub(super) fn wake_listener(&mut self, id: MonitorId) {
        let now = self.now;
        let Some(entry) = self.monitors.get_mut(&id).filter(|entry| entry.listens()) else {
            return;
        };
        let Kind::Heartbeat(heartbeat) = &entry.rules.kind else {
            return;
        };
        let listening = &entry.state.listening;
        let due = listening.look_at(heartbeat).filter(|at| *at <= now);
        let Some(deadline) = due.and_then(|_| listening.deadline(heartbeat)) else {
            return;
        };
        entry.state.words = listening.silence();
        entry.state.phase = Phase::Suspicion {
            first_failed_at: deadline,
            failed: 0,
            probed: 0,
            complete: Some(now),
        };
        self.effects.touched.insert(id);
        self.witnesses.want(now);
        self.ask_parents(id, deadline);
        self.decide(id);
    }
}

/// What a signal says, for people.
fn said(signal: Signal, words: String) -> String {
    let said = match (signal, words.is_empty()) {
        (Signal::Exit(code), true) => format!("exit code {code}"),
        (Signal::Exit(code), false) if code != 0 => format!("exit code {code} · {words}"),
        (Signal::Fail, true) => "it reported a failure".into(),
        (Signal::Success | Signal::Start | Signal::Log, true) => "heard".into(),
        (_, false) => words,
    };
    clipped(said)
}
