//! Whose fault a failure is, once enough probes failed: the target's, a parent's, or ours.

use std::time::Duration;

use super::{Effect, Watch, Why};
use crate::monitor::judge::Judged;
use crate::monitor::state::{Phase, Standing};
use crate::monitor::witness::Sight;
use crate::monitor::{Kind, MonitorId, Trouble};
use crate::time::Timestamp;

/// How long one waits to learn whether a parent is down as well.
const PARENTS_PATIENCE: Duration = Duration::from_secs(60);
/// Children don't ask a parent more often.
const ASKED_EVERY: Duration = Duration::from_secs(1);

/// Whether the parents of a monitor explain that it fails.
enum Explained {
    /// All of them are down.
    Yes,
    /// At least one is not.
    No,
    /// They are being looked at.
    Unclear,
}

impl Watch {
    /// A witness was probed, beginning at `at`.
    pub fn witness_sampled(&mut self, now: Timestamp, index: usize, at: Timestamp, up: bool) {
        self.step(now);
        self.witnesses.sampled(self.now, index, at, up);
        self.hear();
    }

    /// Whether any witness fails: only then it matters what [crosses](Watch::crossed) the network.
    pub fn doubts_witnesses(&self) -> bool {
        self.witnesses.any_fails()
    }

    /// Something that was probed from `at` on answered, and is not on this machine.
    pub fn crossed(&mut self, now: Timestamp, at: Timestamp) {
        self.step(now);
        if self.witnesses.crossed(self.now, at) {
            self.hear();
        }
    }

    /// Goes by what the witnesses say now.
    fn hear(&mut self) {
        self.see();
        for id in self.waiting.clone() {
            self.decide(id);
        }
    }

    /// Notices when Nabat is not cut off any more.
    pub(super) fn see(&mut self) {
        let Some(since) = self.witnesses.blind_since() else {
            return;
        };
        // Witnesses that are gone for good must not make it blind for good.
        let unbelieved = || self.witnesses.tell_nothing(self.now) && self.most_answer();
        if self.witnesses.answer(since) || unbelieved() {
            self.witnesses.see();
            self.effects.list.push(Effect::Sees { at: self.now });
            self.look_anew(since);
        }
    }

    /// Whether at least half of what is probed across the network is known to answer.
    fn most_answer(&self) -> bool {
        let probed = self
            .monitors
            .values()
            .filter(|e| e.probing().is_some() && !e.state.paused && !e.rules.is_local);
        let (answer, all) = probed.fold((0, 0), |(answer, all), entry| {
            let answers = entry.state.unknown().is_none() && !entry.state.standing.fails();
            (answer + usize::from(answers), all + 1)
        });
        answer * 2 >= all
    }

    /// Whether it would be news that this monitor fails.
    pub(super) fn news(&self, id: MonitorId) -> bool {
        self.monitors
            .get(&id)
            .is_some_and(|entry| match entry.state.standing {
                Standing::Unreachable => !self.cut_off(id),
                Standing::Down => entry.state.maintenance.is_none() && !self.cut_off(id),
                Standing::Fresh | Standing::Up | Standing::Degraded => true,
            })
    }

    /// Whether it has parents and all of them fail.
    fn cut_off(&self, id: MonitorId) -> bool {
        let mut parents = self.parents(id).peekable();
        parents.peek().is_some() && parents.all(|parent| self.fails(parent))
    }

    fn parents(&self, id: MonitorId) -> impl Iterator<Item = MonitorId> + '_ {
        let parents = self.family.parents(id).iter().copied();
        parents.filter(|parent| self.monitors.contains_key(parent))
    }

    /// Does what follows from a sample beyond the monitor itself.
    pub(super) fn heed(&mut self, id: MonitorId, judged: Judged, was: Standing) {
        let Some(entry) = self.monitors.get(&id) else {
            return;
        };
        let suspicion = match entry.state.phase {
            Phase::Suspicion {
                first_failed_at, ..
            } => Some(first_failed_at),
            Phase::Steady | Phase::Recovering { .. } => None,
        };
        if let Some(since) = suspicion {
            self.witnesses.want(self.now);
            self.ask_parents(id, since);
        } else {
            self.waiting.remove(&id);
        }
        if judged == Judged::Complete {
            self.decide(id);
        }
        let turned = self
            .standing(id)
            .is_some_and(|is| is.fails() != was.fails());
        if turned || !self.waiting.is_empty() {
            self.look_again(vec![id]);
        }
    }

    /// Has those looked at through which a monitor is reached, unless they answered since.
    pub(super) fn ask_parents(&mut self, id: MonitorId, since: Timestamp) {
        let parents: Vec<MonitorId> = self.parents(id).collect();
        for parent in parents {
            let Some(entry) = self.monitors.get_mut(&parent) else {
                continue;
            };
            let answered = entry.answered_at.is_some_and(|at| at >= since);
            if !answered && !entry.state.standing.fails() {
                let earliest = entry.asked_at.map(|at| at.after(ASKED_EVERY));
                entry.ask(earliest.map_or(self.now, |at| at.max(self.now)));
                self.replan(parent);
            }
        }
    }

    /// Something is known of these: those that are reached through them are decided or looked at.
    pub(super) fn look_again(&mut self, mut of: Vec<MonitorId>) {
        while let Some(parent) = of.pop() {
            let children: Vec<MonitorId> = match self.fails(parent) {
                true => Vec::new(),
                false => self.family.children(parent).collect(),
            };
            for child in children {
                if self.standing(child) == Some(Standing::Unreachable) {
                    self.look_at_child(child);
                }
            }
            let of_parent: Vec<MonitorId> = self
                .waiting
                .iter()
                .copied()
                .filter(|id| self.family.parents(*id).contains(&parent))
                .collect();
            of.extend(
                of_parent
                    .into_iter()
                    .filter(|child| self.decide_one(*child)),
            );
        }
    }

    /// A parent of it is back.
    fn look_at_child(&mut self, id: MonitorId) {
        let now = self.now;
        let Some(entry) = self.monitors.get_mut(&id) else {
            return;
        };
        match &entry.rules.kind {
            Kind::Probed(probing) => {
                let asked = entry.next.is_some_and(|next| next.why == Why::Asked);
                if !asked && entry.state.phase == Phase::Steady {
                    let at = self.pace.slot(now, id, probing.interval);
                    entry.ask(at);
                }
            }
            Kind::Heartbeat(_) => {
                entry.state.listening.excuse(now);
                self.effects.touched.insert(id);
            }
            Kind::Group(_) => {}
        }
        self.replan(id);
    }

    /// Decides of a monitor, and of what waits for that.
    pub(super) fn decide(&mut self, id: MonitorId) {
        if self.decide_one(id) {
            self.look_again(vec![id]);
        }
    }

    /// Whose fault it is that a monitor fails. Whether that is decided now.
    fn decide_one(&mut self, id: MonitorId) -> bool {
        let now = self.now;
        let Some((first_failed_at, complete)) = self.complete(id) else {
            self.waiting.remove(&id);
            return false;
        };
        let patient = |patience| now.since(complete) < patience;
        let patience = self.witnesses.patience(now);
        let sight = match self.is_local(id) {
            true => Sight::Clear,
            false => {
                let patient = patient(patience);
                self.witnesses
                    .sight(now, first_failed_at, complete, patient)
            }
        };
        match sight {
            Sight::Dark => self.lose_sight(id, first_failed_at),
            Sight::WasDark => self.begin_again(id),
            Sight::Unclear => {
                self.witnesses.want(now);
                return self.wait(id, complete.after(patience));
            }
            Sight::Clear => match self.explained(id, first_failed_at) {
                Explained::Yes => self.fell(id, first_failed_at, Standing::Unreachable),
                Explained::Unclear if patient(PARENTS_PATIENCE) => {
                    return self.wait(id, complete.after(PARENTS_PATIENCE));
                }
                Explained::No | Explained::Unclear => {
                    self.fell(id, first_failed_at, Standing::Down);
                }
            },
        }
        self.waiting.remove(&id);
        self.replan(id);
        true
    }

    /// Whether no network is needed to look at it.
    pub(super) fn is_local(&self, id: MonitorId) -> bool {
        let entry = self.monitors.get(&id);
        entry.is_some_and(|entry| entry.rules.is_local)
    }

    /// Since when it has failed, and since when often enough.
    fn complete(&self, id: MonitorId) -> Option<(Timestamp, Timestamp)> {
        match self.monitors.get(&id)?.state.phase {
            Phase::Suspicion {
                first_failed_at,
                complete: Some(complete),
                ..
            } => Some((first_failed_at, complete)),
            _ => None,
        }
    }

    /// It is not decided yet.
    fn wait(&mut self, id: MonitorId, until: Timestamp) -> bool {
        self.waiting.insert(id);
        if let Some(entry) = self.monitors.get_mut(&id) {
            entry.decide_at = Some(until);
        }
        self.replan(id);
        false
    }

    fn explained(&self, id: MonitorId, since: Timestamp) -> Explained {
        let mut explained = Explained::No;
        let mut all = true;
        for parent in self.parents(id) {
            let Some(entry) = self.monitors.get(&parent) else {
                continue;
            };
            if self.fails(parent) {
                explained = if all {
                    Explained::Yes
                } else {
                    Explained::Unclear
                };
            } else if entry.in_question(since) {
                all = false;
                explained = Explained::Unclear;
            } else {
                return Explained::No;
            }
        }
        explained
    }

    /// It fails, and that is its own fault or a parent's.
    fn fell(&mut self, id: MonitorId, since: Timestamp, standing: Standing) {
        let now = self.now;
        let Some(entry) = self.monitors.get_mut(&id) else {
            return;
        };
        let was = entry.state.standing;
        entry.decide_at = None;
        entry.state.stand(standing, since);
        let proof = match standing {
            Standing::Unreachable => {
                entry.state.words = "all its parents are down".into();
                entry.state.listening.excuse(now);
                None
            }
            _ => Some(Trouble::Down),
        };
        entry.turn(id, now, since, was, proof, &mut self.effects);
    }

    /// It fails as everything does: nobody knows how it stands.
    fn lose_sight(&mut self, id: MonitorId, since: Timestamp) {
        let words = self.witnesses.words();
        if self.witnesses.blind_since().is_none() {
            self.witnesses.blind(since);
            self.effects.list.push(Effect::Blind {
                since,
                words: words.clone(),
            });
        }
        let now = self.now;
        if let Some(entry) = self.monitors.get_mut(&id) {
            entry.decide_at = None;
            entry.state.listening.excuse(now);
            entry.lose_sight(id, since, words, &mut self.effects);
        }
    }

    /// What it looked like is worth nothing: it is looked at anew.
    fn begin_again(&mut self, id: MonitorId) {
        let now = self.now;
        if let Some(entry) = self.monitors.get_mut(&id) {
            entry.begin_again(now);
            entry.state.listening.spare(now);
            self.effects.touched.insert(id);
        }
    }

    /// The time for work on it is over at `at`.
    pub(super) fn end_maintenance(&mut self, id: MonitorId, at: Timestamp) {
        let now = self.now;
        let Some(entry) = self.monitors.get_mut(&id) else {
            return;
        };
        if entry.state.maintenance.take().is_none() {
            return;
        }
        // What is probed proves it once more; a heartbeat that failed has said so.
        let told = entry.probing().is_none() && entry.state.standing == Standing::Down;
        entry.settle(id, at, told.then_some(Trouble::Down), &mut self.effects);
        if entry.state.standing.fails() && entry.state.alarm.is_none() {
            entry.ask(now);
        }
    }
}
