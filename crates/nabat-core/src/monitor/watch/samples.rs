//! What probes found.

use std::time::Duration;

use super::due::MISSED_MIN;
use super::entry::Next;
use super::{Watch, Why};
use crate::monitor::judge::{self, Finding, Judged};
use crate::monitor::state::{Phase, Standing};
use crate::monitor::{Kind, MonitorId, Outcome, Probing, Sample, Status, Trouble, WORDS_CHARS_MAX};
use crate::time::Timestamp;

impl Watch {
    /// Takes in what a probe of a monitor found.
    pub fn sampled(&mut self, now: Timestamp, id: MonitorId, sample: Sample) {
        self.step(now);
        let now = self.now;
        let outcome = self.outcome(id, &sample);
        let finding = Finding {
            at: sample.at.min(now),
            now,
            outcome,
            slow: outcome == Outcome::Degraded && sample.outcome == Outcome::Up,
            news: sample.outcome == Outcome::Down && self.news(id),
        };
        let blind = self.witnesses.blind_since().is_some() && !self.is_local(id);
        let Some(entry) = self.monitors.get_mut(&id) else {
            return;
        };
        entry.in_flight = None;
        let Kind::Probed(probing) = &entry.rules.kind else {
            return;
        };
        if entry.state.paused {
            return self.replan(id);
        }
        let was = entry.state.standing;
        let judged = match finding.outcome {
            // What is down can't be seen to be so either.
            Outcome::Down if blind && was.fails() => {
                let known = entry.state.unknown().is_none();
                entry.state.lose_sight(finding.at);
                if known { Judged::Changed } else { Judged::Same }
            }
            _ => entry.state.judge(probing, finding),
        };
        if matches!(finding.outcome, Outcome::Up | Outcome::Degraded) {
            entry.answered_at = entry.answered_at.max(Some(finding.at));
        }
        // What is believed to be well is not said to be degraded.
        let well = matches!(entry.state.status(), Status::Pending | Status::Up);
        let unsure = finding.outcome == Outcome::Degraded && well;
        let hurry = match finding.slow {
            true => None,
            false => judge::again(&entry.state, probing),
        };
        // That Nabat sees nothing says more than that this one did not answer either.
        let unseen = blind && finding.outcome == Outcome::Down && entry.state.unknown().is_some();
        if judged != Judged::Same && !unseen {
            let words = match slowness(probing, &sample) {
                _ if unsure && !finding.slow => String::new(),
                _ if unsure => sample.words,
                Some(slowness) if sample.words.is_empty() => slowness,
                Some(slowness) => format!("{slowness}; {}", sample.words),
                None => sample.words,
            };
            entry.state.words = clipped(words);
        }
        let degraded =
            finding.outcome == Outcome::Degraded && entry.state.standing == Standing::Degraded;
        let untold = entry.state.alarm.is_none() && entry.state.maintenance.is_none();
        if judged != Judged::Same || degraded && untold {
            let at = match (entry.state.unknown(), entry.state.standing == was) {
                (Some(since), _) => since,
                (None, false) => entry.state.since,
                (None, true) => finding.at,
            };
            entry.turn(
                id,
                now,
                at,
                was,
                degraded.then_some(Trouble::Degraded),
                &mut self.effects,
            );
        }
        self.plan(id, hurry);
        self.heed(id, judged, was);
        self.replan(id);
    }

    /// The probe of a monitor that was under way says nothing of what it is by now.
    pub fn disregard(&mut self, now: Timestamp, id: MonitorId) {
        self.step(now);
        if let Some(entry) = self.monitors.get_mut(&id) {
            entry.in_flight = None;
            entry.plan_round(id, self.now);
        }
        self.replan(id);
    }

    /// What a sample comes to, by everything that it can't know.
    fn outcome(&self, id: MonitorId, sample: &Sample) -> Outcome {
        let Some((entry, probing)) = self.monitors.get(&id).and_then(|e| Some((e, e.probing()?)))
        else {
            return sample.outcome;
        };
        let late = |limit| {
            let planned_at = entry.in_flight.map(|flight| flight.planned_at);
            planned_at.is_some_and(|planned_at| sample.at.since(planned_at) >= limit)
        };
        match sample.outcome {
            Outcome::Up if slowness(probing, sample).is_some() => Outcome::Degraded,
            // Where we are so late, the failure may be ours as well.
            Outcome::Down if late(probing.interval.max(MISSED_MIN)) => Outcome::Unknown,
            outcome => outcome,
        }
    }

    /// Plans the next probe of a monitor after a sample, if it is not looked at again sooner.
    fn plan(&mut self, id: MonitorId, sooner: Option<Duration>) {
        let now = self.now;
        let Some(entry) = self.monitors.get_mut(&id) else {
            return;
        };
        let Some(probing) = entry.probing() else {
            return;
        };
        let again = match entry.state.phase {
            Phase::Suspicion {
                probed,
                complete: None,
                ..
            } => probing.retry_after(probed),
            Phase::Recovering { succeeded, .. } => probing.retry_after(succeeded),
            Phase::Steady | Phase::Suspicion { .. } => sooner,
        };
        match (again, entry.next) {
            (Some(pause), _) => entry.next = Some(Next::new(now.after(pause), Why::Retry)),
            // A round that came due while the probe was out is skipped.
            (None, Some(next))
                if next.why == Why::Retry || next.why == Why::Round && next.at <= now =>
            {
                entry.next = None;
                entry.plan_round(id, now);
            }
            (None, Some(_)) => {}
            (None, None) => entry.plan_round(id, now),
        }
    }
}

/// That a target answered too slowly, for people, if it did.
fn slowness(probing: &Probing, sample: &Sample) -> Option<String> {
    let limit = probing.slow_after?;
    let took = sample.took.filter(|took| *took > limit)?;
    let millis = |period: Duration| period.as_millis();
    Some(format!(
        "answered after {} ms, not within {} ms",
        millis(took),
        millis(limit)
    ))
}

/// As many characters of it as are kept.
pub(super) fn clipped(mut words: String) -> String {
    if let Some((end, _)) = words.char_indices().nth(WORDS_CHARS_MAX) {
        words.truncate(end);
    }
    words
}
