//! All monitors together: which probes are due, and what their samples come to.
//!
//! Each public method of [`Watch`] that takes `&mut` is one step: it is given the moment and adds to
//! [`Effects`], which [`Watch::drain`] hands over. Whoever owns the watch stores the state of what was
//! touched and the edges of the history, and carries the alarms on; the watch itself keeps nothing.
//!
//! Every monitor has one moment at which it wants to be looked at again, and all those moments are in
//! one ordered set: a step costs what is due, however many monitors there are.
//!
//! In reading order: this file (coming, going, pausing), `due` (what time brings), `samples`, `decide`
//! (whose fault a failure is), `signals` (heartbeats), `groups`, `entry` (edges and alarms of one monitor).

mod clock;
mod decide;
mod due;
mod entry;
mod family;
mod groups;
mod samples;
mod signals;

use std::collections::{BTreeMap, BTreeSet};
use std::mem;

use super::grid::Pace;
use super::state::{Phase, Standing, State};
use super::witness::{Witness, Witnesses};
use super::{Kind, Member, MonitorId, Rules, Status, Trouble};
use crate::time::Timestamp;

use clock::TURN;
use entry::{Entry, Next};
use family::Family;

pub use family::Cycle;

/// All monitors.
#[derive(Debug, Default)]
pub struct Watch {
    monitors: BTreeMap<MonitorId, Entry>,
    /// When each of them wants to be looked at.
    queue: BTreeSet<(Timestamp, MonitorId)>,
    /// Those whose suspicion is complete, and nobody knows yet whose fault it is.
    waiting: BTreeSet<MonitorId>,
    family: Family,
    /// Groups as children of their members.
    groups: Family,
    witnesses: Witnesses,
    pace: Pace,
    now: Timestamp,
    effects: Effects,
}

/// A probe to be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Due {
    /// Of which monitor.
    pub id: MonitorId,
    /// When it should be made.
    pub planned_at: Timestamp,
    /// What for.
    pub why: Why,
}

/// What a probe is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Why {
    /// It is its time.
    Round,
    /// To make sure of a failure, or of its end: with fresh names and connections.
    Retry,
    /// Somebody wants to know: a person, or a child that fails.
    Asked,
}

/// What came of one or more steps.
#[derive(Debug, Default, PartialEq)]
pub struct Effects {
    /// In order.
    pub list: Vec<Effect>,
    /// Whose [`State`] is to be stored.
    pub touched: BTreeSet<MonitorId>,
}

/// One thing that came of a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// An edge of the history: one interval ends and the next begins at `at`, the moment of truth,
    /// which is later than that of the edge before.
    Changed {
        /// Of which monitor.
        id: MonitorId,
        /// How it stood.
        from: Status,
        /// How it stands.
        to: Status,
        /// Since when: for `down` the first failure, for a late heartbeat the moment it was due.
        at: Timestamp,
        /// Why.
        words: String,
    },
    /// An alarm is raised; or, when it is on already since then, it says something else.
    Alarm {
        /// Of which monitor.
        id: MonitorId,
        /// What is wrong.
        what: Trouble,
        /// Since when.
        since: Timestamp,
        /// What was seen.
        words: String,
    },
    /// An alarm is called off.
    Calm {
        /// Of which monitor.
        id: MonitorId,
        /// What was wrong.
        what: Trouble,
        /// Since when it is not.
        at: Timestamp,
        /// What was seen.
        words: String,
    },
    /// Nabat itself is cut off: what fails is unknown from here on.
    Blind {
        /// Since when.
        since: Timestamp,
        /// How one knows.
        words: String,
    },
    /// It is not any more.
    Sees {
        /// Since when.
        at: Timestamp,
    },
    /// All witnesses are to be probed, once, now.
    AskWitnesses,
}

impl Watch {
    /// One without monitors. `blind_since`: what was said last before the restart, and not taken back.
    pub fn new(now: Timestamp, blind_since: Option<Timestamp>) -> Self {
        let mut watch = Self {
            now,
            ..Self::default()
        };
        if let Some(since) = blind_since {
            watch.witnesses.blind(since);
        }
        watch
    }

    /// What came of the steps since it was asked last; groups follow only now.
    pub fn drain(&mut self) -> Effects {
        let mut next = 0;
        while let Some(effect) = self.effects.list.get(next) {
            if let Effect::Changed { id, at, .. } = *effect {
                self.tally_groups_of(id, at);
            }
            next += 1;
        }
        mem::take(&mut self.effects)
    }

    /// What is known of a monitor, to be stored.
    pub fn state(&self, id: MonitorId) -> Option<&State> {
        self.monitors.get(&id).map(|entry| &entry.state)
    }

    /// How a monitor stands, for people.
    pub fn status(&self, id: MonitorId, now: Timestamp) -> Option<Status> {
        self.monitors.get(&id).map(|entry| entry.status(now))
    }

    /// The members of a group, as it is judged now; none of anything else.
    pub fn members(&self, id: MonitorId) -> &[Member] {
        match self.monitors.get(&id).map(|entry| &entry.rules.kind) {
            Some(Kind::Group(group)) => &group.members,
            _ => &[],
        }
    }

    /// Whether a heartbeat said that it runs, and not yet that it is done.
    pub fn running(&self, id: MonitorId) -> bool {
        let entry = self.monitors.get(&id);
        entry.is_some_and(|entry| entry.state.listening.running())
    }

    /// All monitors, by number.
    pub fn ids(&self) -> impl Iterator<Item = MonitorId> + '_ {
        self.monitors.keys().copied()
    }

    /// Since when Nabat has been cut off, if it is.
    pub fn blind_since(&self) -> Option<Timestamp> {
        self.witnesses.blind_since()
    }

    /// There are these witnesses, known by their index. Without any, nothing can be blind.
    pub fn set_witnesses(&mut self, now: Timestamp, witnesses: &[Witness]) {
        self.step(now);
        self.witnesses.set(self.now, witnesses);
        self.see();
    }

    /// Watches a monitor by these rules: from the beginning, from where `state` left it, or on, if it
    /// is watched already. A new one is looked at at once, of many one after the other.
    pub fn set(&mut self, now: Timestamp, id: MonitorId, rules: Rules, state: Option<State>) {
        self.step(now);
        self.family.set(id, &rules.parents);
        self.groups.set(id, &rules.members());
        match self.monitors.remove(&id) {
            Some(mut entry) if state.is_none() && entry.same_kind(&rules) => {
                let interval = |rules: &Rules| match &rules.kind {
                    Kind::Probed(probing) => Some(probing.interval),
                    Kind::Heartbeat(_) | Kind::Group(_) => None,
                };
                let moved = interval(&entry.rules) != interval(&rules);
                entry.rules = rules;
                if moved && entry.next.is_some_and(|next| next.why == Why::Round) {
                    entry.next = None;
                }
                entry.plan_round(id, self.now);
                self.monitors.insert(id, entry);
            }
            known => {
                if let Some(entry) = &known {
                    self.forget(id, entry);
                }
                self.add(id, rules, state);
                if let (Some(entry), Some(known)) = (self.monitors.get_mut(&id), known) {
                    entry.in_flight = known.in_flight;
                }
            }
        }
        self.replan(id);
        self.tally(id, self.now);
        self.tally_groups_of(id, self.now);
    }

    /// These are about to be [set](Watch::set) anew: what they are to one another until then counts no
    /// more. Two of them may exchange who is reached through whom.
    pub fn loosen(&mut self, ids: impl IntoIterator<Item = MonitorId>) {
        for id in ids {
            self.family.set(id, &[]);
            self.groups.set(id, &[]);
        }
    }

    fn add(&mut self, id: MonitorId, rules: Rules, state: Option<State>) {
        let fresh = state.is_none();
        let mut state = state.unwrap_or_else(|| State::fresh(self.now));
        let unsure = match state.phase {
            Phase::Steady => false,
            // Its parents and witnesses have yet to be asked again.
            Phase::Suspicion {
                complete: Some(_), ..
            } => {
                state.phase = Phase::Steady;
                self.effects.touched.insert(id);
                true
            }
            Phase::Suspicion { .. } | Phase::Recovering { .. } => true,
        };
        if fresh {
            self.effects.touched.insert(id);
        }
        let at_once = !state.paused && (unsure || state.standing == Standing::Fresh);
        let mut entry = Entry::new(rules, state);
        if let (Kind::Probed(probing), true) = (&entry.rules.kind, at_once) {
            let at = self.pace.slot(self.now, id, probing.interval);
            let why = if unsure { Why::Retry } else { Why::Round };
            entry.next = Some(Next::new(at, why));
        }
        entry.plan_round(id, self.now);
        self.monitors.insert(id, entry);
    }

    /// Watches a monitor no more. Its alarm is called off.
    pub fn remove(&mut self, now: Timestamp, id: MonitorId) {
        self.step(now);
        let Some(entry) = self.monitors.remove(&id) else {
            return;
        };
        self.family.set(id, &[]);
        self.groups.set(id, &[]);
        self.forget(id, &entry);
        if let Some(alarm) = entry.state.alarm {
            self.effects.list.push(Effect::Calm {
                id,
                what: alarm.what,
                at: self.now,
                words: "no longer watched".into(),
            });
        }
        self.effects.touched.remove(&id);
        self.leave_groups(id);
        self.look_again(vec![id]);
    }

    fn forget(&mut self, id: MonitorId, entry: &Entry) {
        self.waiting.remove(&id);
        if let Some(at) = entry.wake_at {
            self.queue.remove(&(at, id));
        }
    }

    /// Stops watching a monitor until [`Watch::resume`]. Its alarm is called off.
    pub fn pause(&mut self, now: Timestamp, id: MonitorId) {
        self.step(now);
        let Some(entry) = self.monitors.get_mut(&id).filter(|e| !e.state.paused) else {
            return;
        };
        entry.state = State {
            paused: true,
            maintenance: entry.state.maintenance,
            alarm: entry.state.alarm,
            alarm_words: mem::take(&mut entry.state.alarm_words),
            edge: entry.state.edge,
            words: "paused".into(),
            ..State::fresh(self.now)
        };
        entry.next = None;
        entry.decide_at = None;
        entry.settle(id, self.now, None, &mut self.effects);
        self.waiting.remove(&id);
        self.replan(id);
        self.look_again(vec![id]);
    }

    /// Watches a paused monitor again, from the beginning and at once.
    pub fn resume(&mut self, now: Timestamp, id: MonitorId) {
        self.step(now);
        let Some(entry) = self.monitors.get_mut(&id).filter(|e| e.state.paused) else {
            return;
        };
        entry.state.paused = false;
        entry.state.since = self.now;
        entry.state.words.clear();
        entry.settle(id, self.now, None, &mut self.effects);
        self.ask(now, id);
        self.tally(id, self.now);
    }

    /// A monitor is being worked on until then: nobody is woken for it. `None`: no longer.
    pub fn maintain(&mut self, now: Timestamp, id: MonitorId, until: Option<Timestamp>) {
        self.step(now);
        let Some(entry) = self.monitors.get_mut(&id) else {
            return;
        };
        let until = until.filter(|until| *until > self.now);
        if until.is_none() {
            self.end_maintenance(id, self.now);
        } else if entry.state.maintenance != until {
            entry.state.maintenance = until;
            entry.settle(id, self.now, None, &mut self.effects);
        }
        self.replan(id);
    }

    /// Looks at a monitor as soon as possible, unless it is about to be anyway.
    pub fn ask(&mut self, now: Timestamp, id: MonitorId) {
        self.step(now);
        if let Some(entry) = self.monitors.get_mut(&id) {
            entry.ask(self.now);
        }
        self.replan(id);
    }

    /// When [`Watch::due`] has to be called next: when time brings something, and every ten seconds, to
    /// tell a time in which nobody watched from one in which nothing happened. `None`: there are no
    /// monitors.
    pub fn next_due(&self) -> Option<Timestamp> {
        let turn = (!self.monitors.is_empty()).then(|| self.now.after(TURN));
        let monitor = self.queue.first().map(|(at, _)| *at);
        let moments = [turn, monitor, self.witnesses.ask_at()];
        moments.into_iter().flatten().min()
    }

    /// Whether a monitor may have these parents: not if it would come to be its own.
    ///
    /// # Errors
    /// The way from it back to itself.
    pub fn parents_ok(&self, id: MonitorId, parents: &[MonitorId]) -> Result<(), Cycle> {
        self.family.accepts(id, parents)
    }

    /// Puts a monitor where it belongs in the queue.
    fn replan(&mut self, id: MonitorId) {
        let Some(entry) = self.monitors.get_mut(&id) else {
            return;
        };
        let wake_at = entry.next_wake();
        if wake_at != entry.wake_at {
            if let Some(at) = entry.wake_at {
                self.queue.remove(&(at, id));
            }
            if let Some(at) = wake_at {
                self.queue.insert((at, id));
            }
            entry.wake_at = wake_at;
        }
    }

    /// Whether something gives no answer, as far as is known.
    fn fails(&self, id: MonitorId) -> bool {
        let entry = self.monitors.get(&id);
        entry.is_some_and(|entry| entry.state.standing.fails() && !entry.state.paused)
    }

    fn standing(&self, id: MonitorId) -> Option<Standing> {
        self.monitors.get(&id).map(|entry| entry.state.standing)
    }
}
