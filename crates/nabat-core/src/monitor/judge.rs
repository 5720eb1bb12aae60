//! What a sample makes of what is known of a target. One monitor at a time: whether it is our own
//! fault, or a parent's, is decided by whoever asks, once a suspicion is *complete*.

use std::time::Duration;

use super::state::{Phase, Run, Standing, State, UNKNOWN_AFTER};
use super::{Outcome, Probing, Trouble};
use crate::time::Timestamp;

/// After how long it is looked at again to make sure that it is degraded, if that is in question.
pub(super) fn again(state: &State, rules: &Probing) -> Option<Duration> {
    let unsure = matches!(state.standing, Standing::Fresh | Standing::Up);
    let run = state
        .slow
        .filter(|_| unsure && state.phase == Phase::Steady)?;
    rules.retry_after(run.count)
}

/// A sample, made comparable.
#[derive(Debug, Clone, Copy)]
pub(super) struct Finding {
    /// When the probe began.
    pub(super) at: Timestamp,
    /// When it was over.
    pub(super) now: Timestamp,
    pub(super) outcome: Outcome,
    /// Whether it is degraded for no other reason than that it took long.
    pub(super) slow: bool,
    /// Whether a failure would be news: nothing that is known explains it, or keeps it from being told.
    pub(super) news: bool,
}

/// What became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Judged {
    /// It is as it was.
    Same,
    /// Something worth storing changed.
    Changed,
    /// This is the first failure.
    Suspected,
    /// Enough probes failed: it is down, unless it is not its fault.
    Complete,
}

impl State {
    /// Takes in what a probe found.
    pub(super) fn judge(&mut self, rules: &Probing, finding: Finding) -> Judged {
        let before = self.belief();
        match finding.outcome {
            Outcome::Unknown => self.doubted(finding.at),
            Outcome::Down if self.failed(rules, finding) => return self.suspected(),
            Outcome::Down => {}
            Outcome::Up | Outcome::Degraded => self.answered(rules, finding),
        }
        match self.belief() == before {
            true => Judged::Same,
            false => Judged::Changed,
        }
    }

    /// All that a sample may change.
    fn belief(&self) -> (Standing, Timestamp, Phase, Option<Run>, Option<Run>) {
        (self.standing, self.since, self.phase, self.doubt, self.slow)
    }

    /// The next failure would be news: it is not down yet, or down without anybody knowing.
    fn suspected(&self) -> Judged {
        match self.phase {
            Phase::Suspicion {
                complete: Some(_), ..
            } => Judged::Complete,
            Phase::Suspicion { probed: 1, .. } => Judged::Suspected,
            _ => Judged::Changed,
        }
    }

    /// It could not be looked at. A suspicion that can't be followed is dropped: to begin anew when
    /// one can look again is better than to count what lies far apart.
    fn doubted(&mut self, at: Timestamp) {
        let doubt = Run::more(self.doubt, at, UNKNOWN_AFTER);
        self.doubt = Some(doubt);
        if doubt.count >= UNKNOWN_AFTER {
            self.phase = Phase::Steady;
        }
    }

    /// It gave no answer, or not the right one. Whether a suspicion goes on.
    fn failed(&mut self, rules: &Probing, finding: Finding) -> bool {
        self.slow = None;
        if let Phase::Suspicion {
            failed,
            probed,
            complete,
            ..
        } = &mut self.phase
        {
            if complete.is_none() {
                *failed += 1;
                *probed += 1;
                *complete = (*failed >= rules.failures()).then_some(finding.now);
                self.drop_hopeless(rules);
            }
            return true;
        }
        let alarmed = matches!(self.alarm, Some(alarm) if alarm.what == Trouble::Down);
        let known = match self.standing {
            Standing::Down => alarmed || !finding.news,
            Standing::Unreachable => !finding.news,
            Standing::Fresh | Standing::Up | Standing::Degraded => false,
        };
        if known {
            self.stand(self.standing, self.since);
            return false;
        }
        self.phase = Phase::Suspicion {
            first_failed_at: finding.at,
            failed: 1,
            probed: 1,
            complete: (rules.failures() <= 1).then_some(finding.now),
        };
        self.drop_hopeless(rules);
        true
    }

    /// It gave an answer. Slowness has to last for some rounds; what else is wanting is made sure of
    /// like a failure.
    fn answered(&mut self, rules: &Probing, finding: Finding) {
        let Finding { at, slow, .. } = finding;
        let degraded = finding.outcome == Outcome::Degraded;
        let looks = if slow {
            rules.slow_rounds
        } else {
            rules.probes()
        };
        let enough = rules.slow_rounds.max(rules.probes());
        self.slow = degraded.then(|| Run::more(self.slow, at, enough));
        let degraded_since = self.slow.filter(|run| run.count >= looks);
        let degraded_since = degraded_since.map(|run| run.first_at);
        if let Phase::Suspicion {
            probed, complete, ..
        } = &mut self.phase
        {
            *probed += 1;
            if complete.is_some() || self.standing.fails() {
                self.phase = Phase::Steady;
            } else {
                self.drop_hopeless(rules);
            }
        }
        if matches!(self.phase, Phase::Suspicion { .. }) {
            return;
        }
        match (self.standing, degraded_since) {
            (Standing::Down | Standing::Unreachable, since) => self.recover(rules, at, since),
            (Standing::Degraded, None) if !degraded => self.recover(rules, at, None),
            (Standing::Fresh | Standing::Up, Some(since)) => self.stand(Standing::Degraded, since),
            (Standing::Fresh, None) if slow || !degraded => self.stand(Standing::Up, at),
            (standing, _) => self.stand(standing, self.since),
        }
    }

    /// It does what it did not do before, once more, but has been degraded since then, if it is.
    fn recover(&mut self, rules: &Probing, at: Timestamp, degraded_since: Option<Timestamp>) {
        let (first_ok_at, succeeded) = match self.phase {
            Phase::Recovering {
                first_ok_at,
                succeeded,
            } => (first_ok_at, succeeded + 1),
            Phase::Steady | Phase::Suspicion { .. } => (at, 1),
        };
        if succeeded < rules.recoveries_needed {
            self.phase = Phase::Recovering {
                first_ok_at,
                succeeded,
            };
            return;
        }
        match degraded_since {
            Some(since) => self.stand(Standing::Degraded, since.max(first_ok_at)),
            None => self.stand(Standing::Up, first_ok_at),
        }
    }

    /// Ends a suspicion that can't come true any more.
    fn drop_hopeless(&mut self, rules: &Probing) {
        let Phase::Suspicion {
            failed,
            probed,
            complete: None,
            ..
        } = self.phase
        else {
            return;
        };
        let left = rules.probes().saturating_sub(probed);
        if failed.saturating_add(left) < rules.failures() {
            self.phase = Phase::Steady;
        }
    }
}
