//! A world of targets and witnesses around a watch: makes the probes it asks for, lets time pass,
//! restarts it, and holds everything it says against what must always be so.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};
use std::time::Duration;

use crate::monitor::*;
use crate::time::Timestamp;

/// What an answer takes, and how long a probe waits for one that does not come.
pub(super) const LATENCY: Duration = Duration::from_millis(20);
pub(super) const TIMEOUT: Duration = Duration::from_secs(1);
/// The world's beginning.
pub(super) const START: Timestamp = Timestamp::from_millis(1_800_000_000_000);

/// So many seconds after the beginning.
pub(super) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(START.as_millis() + seconds * 1_000)
}

/// How the world is.
pub(super) trait Nature {
    /// What a probe that begins then will find.
    fn outcome(&mut self, id: MonitorId, at: Timestamp) -> Outcome;

    /// Whether a witness answers then.
    fn answers(&mut self, _index: usize, _at: Timestamp) -> bool {
        true
    }
}

impl<F: FnMut(MonitorId, Timestamp) -> Outcome> Nature for F {
    fn outcome(&mut self, id: MonitorId, at: Timestamp) -> Outcome {
        self(id, at)
    }
}

/// What comes back when.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Landing {
    Probe(MonitorId, u8),
    Witness(usize, bool),
}

const OUTCOMES: [Outcome; 4] = [
    Outcome::Up,
    Outcome::Degraded,
    Outcome::Down,
    Outcome::Unknown,
];

/// The watch and all around it. Times are the world's own; the watch is told what its clock shows.
pub(super) struct World<N> {
    pub(super) watch: Watch,
    pub(super) nature: N,
    pub(super) now: Timestamp,
    /// How far the clock is ahead of the world, in milliseconds.
    clock_ahead_ms: i64,
    witnesses: Vec<Witness>,
    pub(super) rules: BTreeMap<MonitorId, Rules>,
    /// What was said, and when by the world.
    pub(super) said: Vec<(Timestamp, Effect)>,
    /// Whether that is kept.
    pub(super) listens: bool,
    pub(super) samples: u64,
    /// The most probes that were handed out within a second.
    pub(super) busiest: usize,
    second: (i64, usize),
    /// How often the watch was asked at this moment.
    turns: (Timestamp, usize),
    /// How often something was stored.
    pub(super) touches: usize,
    stored: BTreeMap<MonitorId, String>,
    on_the_way: BinaryHeap<Reverse<(Timestamp, u64, Timestamp, Landing)>>,
    out: BTreeSet<MonitorId>,
    count: u64,
    history: BTreeMap<MonitorId, (Status, Timestamp)>,
    pub(super) alarms: BTreeMap<MonitorId, (Trouble, Timestamp)>,
    blind: Option<Timestamp>,
}

impl<N: Nature> World<N> {
    pub(super) fn new(nature: N) -> Self {
        Self {
            watch: Watch::new(START, None),
            nature,
            now: START,
            clock_ahead_ms: 0,
            witnesses: Vec::new(),
            rules: BTreeMap::new(),
            said: Vec::new(),
            listens: true,
            samples: 0,
            busiest: 0,
            second: (0, 0),
            turns: (START, 0),
            touches: 0,
            stored: BTreeMap::new(),
            on_the_way: BinaryHeap::new(),
            out: BTreeSet::new(),
            count: 0,
            history: BTreeMap::new(),
            alarms: BTreeMap::new(),
            blind: None,
        }
    }

    /// What its clock shows.
    pub(super) fn clock(&self) -> Timestamp {
        Timestamp::from_millis(self.now.as_millis() + self.clock_ahead_ms)
    }

    fn by_world(&self, clock: Timestamp) -> Timestamp {
        Timestamp::from_millis(clock.as_millis() - self.clock_ahead_ms)
    }

    pub(super) fn add(&mut self, id: u64, rules: Rules) {
        let id = MonitorId(id);
        rules.check().unwrap();
        self.rules.insert(id, rules.clone());
        let now = self.clock();
        self.history.entry(id).or_insert((Status::Pending, now));
        self.watch.set(self.clock(), id, rules, None);
        self.heed();
    }

    pub(super) fn remove(&mut self, id: u64) {
        let id = MonitorId(id);
        self.act(|watch, now| watch.remove(now, id));
        self.rules.remove(&id);
    }

    pub(super) fn set_witnesses(&mut self, count: usize) {
        self.watched_by(vec![false; count]);
    }

    /// By routers (`true`) and hosts further away.
    pub(super) fn watched_by(&mut self, links: Vec<bool>) {
        let witness = |(link, index)| Witness {
            name: format!("w{index}"),
            link,
        };
        self.witnesses = links.into_iter().zip(1..).map(witness).collect();
        self.watch.set_witnesses(self.clock(), &self.witnesses);
        self.heed();
    }

    /// Puts the clock forward, or back. Who waits for a moment notices.
    pub(super) fn put_clock(&mut self, seconds: i64) {
        self.clock_ahead_ms += seconds * 1_000;
        self.ask();
    }

    /// Does something with the watch now.
    pub(super) fn act<T>(&mut self, act: impl FnOnce(&mut Watch, Timestamp) -> T) -> T {
        let now = self.clock();
        let done = act(&mut self.watch, now);
        self.heed();
        done
    }

    /// Lets time pass.
    pub(super) fn run(&mut self, until: Timestamp) {
        loop {
            let due_at = self.watch.next_due().map(|at| self.by_world(at));
            let lands_at = self.on_the_way.peek().map(|Reverse((at, ..))| *at);
            let next = due_at.into_iter().chain(lands_at).min();
            let Some(next) = next.filter(|next| *next <= until) else {
                break;
            };
            self.now = self.now.max(next);
            if lands_at.is_some_and(|at| at <= self.now) {
                self.land();
            } else {
                self.ask();
            }
        }
        self.now = self.now.max(until);
    }

    fn land(&mut self) {
        let Some(Reverse((_, _, began_at, landing))) = self.on_the_way.pop() else {
            return;
        };
        let now = self.clock();
        match landing {
            Landing::Witness(index, up) => self.watch.witness_sampled(now, index, began_at, up),
            Landing::Probe(id, outcome) => {
                self.out.remove(&id);
                self.samples += 1;
                let outcome = OUTCOMES[usize::from(outcome)];
                let sample = Sample {
                    at: began_at,
                    took: (outcome == Outcome::Up).then_some(LATENCY),
                    outcome,
                    words: if outcome == Outcome::Down {
                        "no answer"
                    } else {
                        "answered"
                    }
                    .into(),
                };
                let is_local = self.rules.get(&id).is_some_and(|rules| rules.is_local);
                if outcome == Outcome::Up && !is_local {
                    self.watch.crossed(now, began_at);
                }
                self.watch.sampled(now, id, sample);
            }
        }
        self.heed();
    }

    fn ask(&mut self) {
        let now = self.clock();
        let at_once = self.turns.1 + 1;
        self.turns = if self.turns.0 == self.now {
            (self.now, at_once)
        } else {
            (self.now, 1)
        };
        assert!(self.turns.1 < 1_000, "time stands still");
        let due = self.watch.due(now);
        self.note_pace(due.len());
        for due in due {
            assert!(self.out.insert(due.id), "{due:?} is out already");
            let outcome = self.nature.outcome(due.id, self.now);
            let code = OUTCOMES.iter().position(|known| *known == outcome);
            let landing = Landing::Probe(due.id, code.unwrap_or_default() as u8);
            self.send(landing, outcome != Outcome::Down);
        }
        self.heed();
    }

    fn note_pace(&mut self, handed_out: usize) {
        let second = self.now.as_millis() / 1_000;
        if self.second.0 != second {
            self.second = (second, 0);
        }
        self.second.1 += handed_out;
        self.busiest = self.busiest.max(self.second.1);
    }

    fn send(&mut self, landing: Landing, answers: bool) {
        let lands_at = self.now.after(if answers { LATENCY } else { TIMEOUT });
        self.count += 1;
        let began_at = self.clock();
        self.on_the_way
            .push(Reverse((lands_at, self.count, began_at, landing)));
    }

    /// Takes what the watch says, stores what it touched, and holds it against what must be so.
    fn heed(&mut self) {
        let Effects { list, touched } = self.watch.drain();
        for effect in list {
            match &effect {
                Effect::AskWitnesses => {
                    for index in 0..self.witnesses.len() {
                        let up = self.nature.answers(index, self.now);
                        self.send(Landing::Witness(index, up), up);
                    }
                    continue;
                }
                Effect::Changed {
                    id, from, to, at, ..
                } => {
                    let known = self.history.insert(*id, (*to, *at)).unwrap();
                    assert_eq!(*from, known.0, "{id:?} at {at}");
                    assert_ne!(from, to, "{id:?} at {at}");
                    assert!(*at > known.1, "{id:?} goes back to {at}");
                    let never = [Status::Suspect, Status::Recovering];
                    assert!(!never.contains(to), "{id:?} is {to:?} in history");
                    assert!(touched.contains(id), "{id:?} is not stored");
                }
                Effect::Alarm {
                    id, what, since, ..
                } => {
                    let known = self.alarms.insert(*id, (*what, *since));
                    assert!(known.is_none_or(|known| known == (*what, *since)));
                    assert!(touched.contains(id), "{id:?} is not stored");
                }
                Effect::Calm { id, what, .. } => {
                    let known = self.alarms.remove(id);
                    assert_eq!(known.map(|known| known.0), Some(*what), "{id:?}");
                }
                Effect::Blind { since, .. } => {
                    assert_eq!(self.blind.replace(*since), None, "blind twice");
                }
                Effect::Sees { .. } => assert!(self.blind.take().is_some(), "never was blind"),
            }
            if self.listens {
                self.said.push((self.now, effect));
            }
        }
        self.touches += touched.len();
        for id in touched {
            let state = self.watch.state(id).unwrap();
            let alarm = state.alarm.map(|alarm| (alarm.what, alarm.since));
            assert_eq!(alarm, self.alarms.get(&id).copied(), "{id:?}");
            assert_eq!(state.interval(), self.history[&id], "{id:?}");
            let text = serde_json::to_string(state).unwrap();
            self.stored.insert(id, text);
        }
    }

    /// The process ends and begins anew after a while. What was on its way is lost.
    pub(super) fn restart(&mut self, pause: Duration) {
        for id in self.watch.ids() {
            let stored: State = serde_json::from_str(&self.stored[&id]).unwrap();
            assert_eq!(self.watch.state(id), Some(&stored), "not stored");
        }
        let watched_until = self.clock();
        self.on_the_way.clear();
        self.out.clear();
        self.now = self.now.after(pause);
        let now = self.clock();
        self.watch = Watch::new(now, self.blind);
        self.watch.set_witnesses(now, &self.witnesses);
        for (id, rules) in &self.rules {
            let state = serde_json::from_str(&self.stored[id]).unwrap();
            self.watch.set(now, *id, rules.clone(), Some(state));
        }
        self.watch.unwatched(now, watched_until);
        self.heed();
    }

    /// What was said since it was asked last, in short, with seconds since the beginning.
    pub(super) fn told(&mut self) -> Vec<String> {
        let list = std::mem::take(&mut self.said);
        let tell = |(said_at, effect): &(Timestamp, Effect)| {
            let text = match effect {
                Effect::Changed { id, to, at, .. } => {
                    format!("{} {} since {}", id.0, small(to), seconds(*at))
                }
                Effect::Alarm {
                    id, what, since, ..
                } => {
                    format!("{} alarm, {} since {}", id.0, small(what), seconds(*since))
                }
                Effect::Calm { id, what, at, .. } => {
                    format!("{} calm, not {} at {}", id.0, small(what), seconds(*at))
                }
                Effect::Blind { since, .. } => format!("blind since {}", seconds(*since)),
                Effect::Sees { .. } => "sees".into(),
                Effect::AskWitnesses => "asks".into(),
            };
            format!("{}: {text}", seconds(*said_at))
        };
        list.iter().map(tell).collect()
    }
}

fn small(word: &impl std::fmt::Debug) -> String {
    format!("{word:?}").to_lowercase()
}

/// Since the beginning, to a tenth.
fn seconds(at: Timestamp) -> String {
    let tenths = (at.as_millis() - START.as_millis() + 50).div_euclid(100);
    format!("{}.{}", tenths / 10, tenths % 10)
}
