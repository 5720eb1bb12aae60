//! One monitor in the watch: when it wants to be looked at, the edges of its history, its alarm.

use std::time::Duration;

use super::{Effect, Effects, Why};
use crate::monitor::grid;
use crate::monitor::state::{Alarm, Edge, Phase, Standing, State};
use crate::monitor::{Kind, MonitorId, Probing, Rules, Status, Trouble};
use crate::time::{Timestamp, format_period};

/// A probe that is not back after so long, and longer than an interval, never will be.
const LOST_AFTER: Duration = Duration::from_secs(300);

/// Each edge of a history is at least this much later than the one before.
const TICK: Duration = Duration::from_millis(1);

/// A monitor, and what need not survive a restart.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) rules: Rules,
    pub(super) state: State,
    /// The next probe; while one is in flight, that after it.
    pub(super) next: Option<Next>,
    pub(super) in_flight: Option<InFlight>,
    /// When it is decided whose fault it is, come what may.
    pub(super) decide_at: Option<Timestamp>,
    /// When it answered last.
    pub(super) answered_at: Option<Timestamp>,
    /// When somebody asked last.
    pub(super) asked_at: Option<Timestamp>,
    /// Where it is in the queue.
    pub(super) wake_at: Option<Timestamp>,
}

/// A probe to come.
#[derive(Debug, Clone, Copy)]
pub(super) struct Next {
    /// When to hand it out.
    pub(super) at: Timestamp,
    /// When it should have been.
    pub(super) planned_at: Timestamp,
    pub(super) why: Why,
    /// Whether it was put off already because too many came at once.
    pub(super) held_up: bool,
}

impl Next {
    pub(super) const fn new(at: Timestamp, why: Why) -> Self {
        Self {
            at,
            planned_at: at,
            why,
            held_up: false,
        }
    }
}

/// A probe that is being made.
#[derive(Debug, Clone, Copy)]
pub(super) struct InFlight {
    pub(super) planned_at: Timestamp,
    pub(super) since: Timestamp,
}

impl Entry {
    pub(super) fn new(rules: Rules, state: State) -> Self {
        Self {
            rules,
            state,
            next: None,
            in_flight: None,
            decide_at: None,
            answered_at: None,
            asked_at: None,
            wake_at: None,
        }
    }

    /// Whether it goes on under these rules as what it is.
    pub(super) fn same_kind(&self, rules: &Rules) -> bool {
        std::mem::discriminant(&self.rules.kind) == std::mem::discriminant(&rules.kind)
    }

    /// How it is probed, if it is.
    pub(super) fn probing(&self) -> Option<&Probing> {
        match &self.rules.kind {
            Kind::Probed(probing) => Some(probing),
            Kind::Heartbeat(_) | Kind::Group(_) => None,
        }
    }

    /// How it stands, for people.
    pub(super) fn status(&self, now: Timestamp) -> Status {
        let is_late = match &self.rules.kind {
            Kind::Heartbeat(heartbeat) => self.state.listening.is_late(heartbeat, now),
            Kind::Probed(_) | Kind::Group(_) => false,
        };
        match self.state.status() {
            Status::Up if is_late => Status::Suspect,
            status => status,
        }
    }

    /// Plans the next round, if no probe is planned.
    pub(super) fn plan_round(&mut self, id: MonitorId, after: Timestamp) {
        let planned = self.next.is_some() || self.state.paused;
        if let (Some(probing), false) = (self.probing(), planned) {
            let at = grid::next_round(id, probing.interval, after);
            self.next = Some(Next::new(at, Why::Round));
        }
    }

    /// Plans a probe for `at`, unless one comes before, or soon by itself.
    pub(super) fn ask(&mut self, at: Timestamp) {
        let follows = matches!(
            self.state.phase,
            Phase::Suspicion { complete: None, .. } | Phase::Recovering { .. }
        );
        let soon = self.next.is_some_and(|next| next.at <= at) || follows;
        if self.probing().is_some() && !self.state.paused && !soon {
            self.next = Some(Next::new(at, Why::Asked));
            self.asked_at = Some(at);
        }
    }

    /// When it wants to be looked at.
    pub(super) fn next_wake(&self) -> Option<Timestamp> {
        let state = &self.state;
        let probe = match self.in_flight {
            Some(in_flight) => Some(in_flight.since.after(self.patience())),
            None => self.next.map(|next| next.at),
        };
        let heard = match &self.rules.kind {
            Kind::Heartbeat(heartbeat) if self.listens() => state.listening.look_at(heartbeat),
            _ => None,
        };
        [
            probe,
            heard,
            state.maintenance,
            self.decide_at,
            self.calm_at(),
        ]
        .into_iter()
        .flatten()
        .min()
    }

    /// How long a probe may be in flight.
    pub(super) fn patience(&self) -> Duration {
        let interval = self.probing().map_or(Duration::ZERO, |p| p.interval);
        interval.max(LOST_AFTER)
    }

    /// Whether the silence of a heartbeat would be news.
    pub(super) fn listens(&self) -> bool {
        let steady = self.state.phase == Phase::Steady;
        steady && !self.state.paused && self.state.standing != Standing::Down
    }

    /// Whether one may yet learn that it has been down since `since`.
    pub(super) fn in_question(&self, since: Timestamp) -> bool {
        let suspected = matches!(self.state.phase, Phase::Suspicion { .. });
        let asked = self.next.is_some_and(|next| next.why == Why::Asked);
        let answered = self.answered_at.is_some_and(|at| at >= since);
        let coming = (self.in_flight.is_some() || asked) && !answered;
        !self.state.paused && (suspected || coming)
    }

    /// When it has come and gone for the last time, if nothing changes before.
    pub(super) fn calm_at(&self) -> Option<Timestamp> {
        let calm = self.state.phase == Phase::Steady && !self.state.standing.fails();
        let at = self.state.flaps.calm_at(self.rules.flap.as_ref());
        at.filter(|_| calm)
    }

    /// It stands otherwise, or there is proof of how it stands: history, flapping and alarm follow.
    pub(super) fn turn(
        &mut self,
        id: MonitorId,
        now: Timestamp,
        at: Timestamp,
        was: Standing,
        proof: Option<Trouble>,
        effects: &mut Effects,
    ) {
        let up = |standing| matches!(standing, Standing::Up | Standing::Degraded);
        let is = self.state.standing;
        let changed = is != was && (is == Standing::Down || was == Standing::Down && up(is));
        let begins = changed && self.state.flaps.change(self.rules.flap.as_ref(), now);
        let told = self.state.alarm;
        self.settle(id, at, proof, effects);
        if begins && told.is_some() && self.state.alarm == told {
            self.say(id, effects);
        }
    }

    /// Since `at` nobody knows how it stands, and why.
    pub(super) fn lose_sight(
        &mut self,
        id: MonitorId,
        at: Timestamp,
        words: String,
        effects: &mut Effects,
    ) {
        self.state.lose_sight(at);
        self.state.words = words;
        self.settle(id, at, None, effects);
    }

    /// It changed: notes the edge of its history, if it is one, and lets its alarm follow. `proof`:
    /// of what there has just been proof enough to raise one.
    pub(super) fn settle(
        &mut self,
        id: MonitorId,
        at: Timestamp,
        proof: Option<Trouble>,
        effects: &mut Effects,
    ) {
        effects.touched.insert(id);
        let status = self.state.kept();
        if status != self.state.edge.status {
            let edge = Edge {
                status,
                at: at.max(self.state.edge.at.after(TICK)),
            };
            effects.list.push(Effect::Changed {
                id,
                from: self.state.edge.status,
                to: status,
                at: edge.at,
                words: self.state.words.clone(),
            });
            self.state.edge = edge;
        }
        self.ring(id, at, proof, effects);
    }

    /// Raises or calls off what follows from how it stands. What holds alarms back keeps them from
    /// being raised, never from being called off.
    fn ring(
        &mut self,
        id: MonitorId,
        at: Timestamp,
        proof: Option<Trouble>,
        effects: &mut Effects,
    ) {
        let may = |what| proof == Some(what) && self.state.maintenance.is_none();
        let wanted = match self.state.standing {
            _ if self.state.paused => None,
            Standing::Down if may(Trouble::Down) => Some(Trouble::Down),
            Standing::Degraded if may(Trouble::Degraded) => Some(Trouble::Degraded),
            _ => None,
        };
        let over = self.state.alarm.filter(|alarm| match self.state.standing {
            _ if self.state.paused => true,
            Standing::Fresh | Standing::Up => !self.state.flaps(),
            Standing::Degraded => alarm.what == Trouble::Down && !self.state.flaps(),
            Standing::Down => alarm.what == Trouble::Degraded && wanted.is_some(),
            Standing::Unreachable => false,
        });
        if let Some(alarm) = over {
            self.state.alarm = None;
            self.state.alarm_words.clear();
            effects.list.push(Effect::Calm {
                id,
                what: alarm.what,
                at: at.max(alarm.since),
                words: self.state.words.clone(),
            });
        }
        if let (Some(what), None) = (wanted, self.state.alarm) {
            let since = self.state.since;
            self.state.alarm = Some(Alarm { what, since });
            self.say(id, effects);
        }
    }

    /// Says what fires, and that it flaps if it does.
    pub(super) fn say(&mut self, id: MonitorId, effects: &mut Effects) {
        let Some(Alarm { what, since }) = self.state.alarm else {
            return;
        };
        let words = match (&self.rules.flap, self.state.flaps()) {
            (Some(rule), true) => format!(
                "flapping: {} changes within {}; {}",
                rule.changes,
                format_period(rule.within),
                self.state.words
            ),
            _ => self.state.words.clone(),
        };
        self.state.alarm_words.clone_from(&words);
        effects.list.push(Effect::Alarm {
            id,
            what,
            since,
            words,
        });
    }
}

/// What is done to plans from outside.
impl Entry {
    /// Whatever was suspected is forgotten, and if it is probed, that happens again at `at`.
    pub(super) fn begin_again(&mut self, at: Timestamp) {
        self.state.phase = Phase::Steady;
        self.decide_at = None;
        if self.probing().is_some() {
            self.next = Some(Next::new(at, Why::Asked));
        }
    }

    /// The clock was put back to `now`: nothing lies further ahead than it should. Whether that is
    /// worth storing.
    pub(super) fn rewind(&mut self, id: MonitorId, now: Timestamp) -> bool {
        let before = self.state.clone();
        let held = |at: &mut Option<Timestamp>| *at = at.map(|at| at.min(now));
        held(&mut self.decide_at);
        held(&mut self.answered_at);
        held(&mut self.asked_at);
        if let Some(flight) = &mut self.in_flight {
            flight.since = flight.since.min(now);
            flight.planned_at = flight.planned_at.min(now);
        }
        match self.next.map(|next| next.why) {
            Some(Why::Round) => {
                self.next = None;
                self.plan_round(id, now);
            }
            Some(why) => self.next = Some(Next::new(now, why)),
            None => {}
        }
        if let Phase::Suspicion {
            first_failed_at,
            complete,
            ..
        } = &mut self.state.phase
        {
            *first_failed_at = now.min(*first_failed_at);
            held(complete);
        }
        if let Phase::Recovering { first_ok_at, .. } = &mut self.state.phase {
            *first_ok_at = now.min(*first_ok_at);
        }
        self.state.listening.rewind(now);
        self.state.flaps.rewind(now);
        self.state != before
    }
}
