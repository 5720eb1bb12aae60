//! Whether it is our own fault: targets that answer as long as Nabat itself has a network.
//!
//! A witness is believed to fail after two failures in a row, so that one lost packet is none. What
//! fails while all witnesses fail is nobody's fault but ours; what failed while they did for a moment
//! is looked at again.

use std::time::Duration;

use super::state::Run;
use crate::time::Timestamp;

/// A witness that has not answered for so long tells nothing.
const TRUSTED: Duration = Duration::from_secs(3_600);
/// A witness that has never answered is given so long: the network may come up after Nabat.
const AWAITED: Duration = Duration::from_secs(300);
/// So many failures in a row, and it fails.
const FAILS_AFTER: u32 = 2;
/// How long their answers are waited for before one decides without them.
const PATIENCE: Duration = Duration::from_secs(5);
/// The same where only routers are asked: most monitors are looked at within this time.
const ROUTERS_PATIENCE: Duration = Duration::from_secs(35);
/// From one round of questions to the next: without need, and with it.
const ROUND: Duration = Duration::from_secs(30);
const ROUND_MIN: Duration = Duration::from_secs(1);

/// What the witnesses say of the time since something began to fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sight {
    /// Some answered: it is not our fault.
    Clear,
    /// All fail.
    Dark,
    /// All failed for a while, and some answer again.
    WasDark,
    /// They have not been heard since.
    Unclear,
}

/// A host that answers as long as Nabat has a network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Witness {
    /// What people call it.
    pub name: String,
    /// Whether it stands only for the network next to Nabat, as a router does: whatever answers across
    /// that clears it.
    pub link: bool,
}

/// All witnesses.
#[derive(Debug, Default)]
pub(super) struct Witnesses {
    each: Vec<Known>,
    /// When all of them failed last.
    dark_until: Option<Timestamp>,
    /// When something answered though all witnesses that failed are refuted by that.
    refuted_at: Option<Timestamp>,
    asked_at: Option<Timestamp>,
    ask_at: Option<Timestamp>,
    /// Since when Nabat has been cut off, as was said.
    blind: Option<Timestamp>,
}

#[derive(Debug)]
struct Known {
    name: String,
    /// It stands for the network next to Nabat and nothing beyond: whatever answers across that network
    /// says the same. Routers that limit pings fall silent just when many are sent.
    link: bool,
    added_at: Timestamp,
    answered_at: Option<Timestamp>,
    /// In a row, the latest.
    failing: Option<Run>,
    failed_at: Option<Timestamp>,
    /// It failed while others answered, and either has never answered or stands only for what they
    /// came through: it tells nothing until it answers.
    mute: bool,
}

impl Known {
    fn counts(&self, now: Timestamp) -> bool {
        let listened_to = match self.answered_at {
            Some(at) => now.since(at) <= TRUSTED,
            None => now.since(self.added_at) <= AWAITED,
        };
        listened_to && !self.mute
    }

    fn fails(&self) -> bool {
        self.failing.is_some_and(|run| run.count >= FAILS_AFTER)
    }

    /// Whether it answered since, and does still.
    fn answers(&self, since: Timestamp) -> bool {
        self.failing.is_none() && self.answered_at >= Some(since)
    }
}

impl Witnesses {
    /// Nothing is known of these.
    pub(super) fn set(&mut self, now: Timestamp, witnesses: &[Witness]) {
        let known = |witness: &Witness| Known {
            name: witness.name.clone(),
            link: witness.link,
            added_at: now,
            answered_at: None,
            failing: None,
            failed_at: None,
            mute: false,
        };
        self.each = witnesses.iter().map(known).collect();
        self.dark_until = None;
        self.refuted_at = None;
        self.ask_at = (!witnesses.is_empty()).then_some(now);
    }

    /// Since when Nabat has been cut off, if it is.
    pub(super) const fn blind_since(&self) -> Option<Timestamp> {
        self.blind
    }

    /// Nabat is cut off.
    pub(super) const fn blind(&mut self, since: Timestamp) {
        self.blind = Some(since);
    }

    /// Nabat is not cut off any more.
    pub(super) const fn see(&mut self) {
        self.blind = None;
    }

    /// Whether a witness answers again, after Nabat was cut off at `since`, or none is left.
    pub(super) fn answer(&self, since: Timestamp) -> bool {
        self.each.is_empty()
            || self.refuted_at >= Some(since)
            || self.each.iter().any(|witness| witness.answers(since))
    }

    /// Whether they have been silent for so long that they tell nothing any more.
    pub(super) fn tell_nothing(&self, now: Timestamp) -> bool {
        !self.each.iter().any(|witness| witness.counts(now))
    }

    /// Whether any of them fails.
    pub(super) fn any_fails(&self) -> bool {
        self.each.iter().any(Known::fails)
    }

    /// A witness was looked at, beginning at `at`.
    pub(super) fn sampled(&mut self, now: Timestamp, index: usize, at: Timestamp, up: bool) {
        let Some(witness) = self.each.get_mut(index) else {
            return;
        };
        if up {
            witness.answered_at = witness.answered_at.max(Some(at));
            witness.failing = None;
            witness.mute = false;
        } else {
            witness.failing = Some(Run::more(witness.failing, at, FAILS_AFTER));
            witness.failed_at = Some(at);
        }
        if self.dark(now) {
            self.dark_until = Some(now);
        }
    }

    /// Something that was looked at from `at` on answered across the network, so there is one. Who
    /// failed all the same tells nothing until it answers, if it never has, as many routers do not
    /// answer pings, or if it stands for no more than that network. Returns whether that changes what
    /// the witnesses say.
    pub(super) fn crossed(&mut self, now: Timestamp, at: Timestamp) -> bool {
        let (mut refuted, mut silenced) = (false, false);
        for witness in &mut self.each {
            let failed = witness.fails() && witness.failing.is_some_and(|run| run.first_at <= at);
            if failed && (witness.link || witness.answered_at.is_none()) {
                refuted = true;
                silenced |= !witness.mute;
                witness.mute = true;
            }
        }
        // Those that are left may know of a network further away, which is not there.
        if !refuted || self.dark(now) {
            return silenced;
        }
        self.refuted_at = self.refuted_at.max(Some(at));
        silenced || self.blind.is_some()
    }

    /// How long they are waited for before one decides without them. Whether a router alone is to be
    /// believed shows once others were looked at.
    pub(super) fn patience(&self, now: Timestamp) -> Duration {
        let mut counted = self.each.iter().filter(|witness| witness.counts(now));
        let only_links = !self.tell_nothing(now) && counted.all(|witness| witness.link);
        if only_links {
            ROUTERS_PATIENCE
        } else {
            PATIENCE
        }
    }

    fn dark(&self, now: Timestamp) -> bool {
        let mut counted = self.each.iter().filter(|witness| witness.counts(now));
        !self.tell_nothing(now) && counted.all(Known::fails)
    }

    /// What they say of what failed from `since` on and was sure to fail at `complete`; `patient`:
    /// whether their answers can be waited for.
    pub(super) fn sight(
        &self,
        now: Timestamp,
        since: Timestamp,
        complete: Timestamp,
        patient: bool,
    ) -> Sight {
        let counted = || self.each.iter().filter(|witness| witness.counts(now));
        if self.blind.is_some() {
            return Sight::Dark;
        }
        let dark = self.dark(now);
        if !dark && self.dark_until.is_some_and(|until| until >= since) {
            return Sight::WasDark;
        }
        if self.tell_nothing(now) {
            return Sight::Clear;
        }
        let lately = complete.before(ROUND_MIN);
        let sure = |witness: &Known| !witness.link && witness.failed_at >= Some(lately);
        if dark && (!patient || counted().all(sure)) {
            return Sight::Dark;
        }
        match !dark && (!patient || counted().any(|witness| witness.answers(since))) {
            true => Sight::Clear,
            false => Sight::Unclear,
        }
    }

    /// Somebody wants to know: they are asked soon.
    pub(super) fn want(&mut self, now: Timestamp) {
        if !self.each.is_empty() {
            let earliest = self.asked_at.map_or(now, |at| at.after(ROUND_MIN)).max(now);
            self.ask_at = Some(self.ask_at.map_or(earliest, |at| at.min(earliest)));
        }
    }

    /// When they are asked next.
    pub(super) const fn ask_at(&self) -> Option<Timestamp> {
        self.ask_at
    }

    /// Whether they are to be asked now; `needed`: somebody waits for what they say.
    pub(super) fn ask(&mut self, now: Timestamp, needed: bool) -> bool {
        let due = self.ask_at.is_some_and(|at| at <= now);
        if due {
            let needed = needed || self.blind.is_some();
            let round = if needed { ROUND_MIN } else { ROUND };
            self.asked_at = Some(now);
            self.ask_at = Some(now.after(round));
        }
        due
    }

    /// Which of them do not answer, for people.
    pub(super) fn words(&self) -> String {
        let names: Vec<&str> = self.each.iter().map(|witness| &*witness.name).collect();
        match &names[..] {
            [name] => format!("the witness {name} does not answer"),
            _ => format!("none of the witnesses {} answers", names.join(", ")),
        }
    }

    /// The clock was put back.
    pub(super) fn rewind(&mut self, now: Timestamp) {
        for witness in &mut self.each {
            witness.added_at = witness.added_at.min(now);
            for at in [&mut witness.answered_at, &mut witness.failed_at] {
                *at = at.map(|at| at.min(now));
            }
            if let Some(run) = &mut witness.failing {
                run.first_at = run.first_at.min(now);
            }
        }
        for at in [
            &mut self.dark_until,
            &mut self.refuted_at,
            &mut self.asked_at,
            &mut self.ask_at,
            &mut self.blind,
        ] {
            *at = at.map(|at| at.min(now));
        }
    }
}
