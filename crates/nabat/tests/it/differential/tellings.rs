//! What was told of one group at one tick by each, and whether it is the same, but for what Nabat
//! tells better: each [`Excuse`] by its name.
//!
//! Alertmanager remembers which alerts fired when it spoke last, and forgets what is muted by then;
//! Nabat remembers of each alert what it told. Nearly all that differs follows from that.

use std::collections::{BTreeMap, BTreeSet};

use nabat_core::time::Timestamp;
use serde_json::Value;

use super::hush::Hush;
use super::start;

/// Why Nabat may tell something else than Alertmanager.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Excuse {
    /// The end of what was told is told although it is muted by now. Alertmanager forgets it.
    EndOfMuted,
    /// The end of what was told is told although Alertmanager, all of whose other alerts are over
    /// or muted, believes that nothing fires.
    EndUnnoticed,
    /// An alert that began anew is told. Alertmanager takes it for the one that it told before, of
    /// whose end it did not speak.
    Anew,
    /// What is critical is told although it was over before its group could speak.
    Missed,
    /// The end of what was never told is not. Alertmanager adds it to what it has to say, or says
    /// nothing else.
    NeverTold,
    /// What is known is not told once more. Alertmanager forgot it while it was muted.
    KnownStill,
    /// When nothing else fires, what is muted and known goes along with the ends of others, so that
    /// they are not taken for the end of everything.
    MutedGoesOn,
}

/// An alert by its fingerprint.
pub(super) type Fingerprint = String;

/// What one of both told of a group.
#[derive(Clone, Debug, Default)]
pub(super) struct Telling {
    pub(super) firing: BTreeMap<Fingerprint, Value>,
    pub(super) resolved: BTreeMap<Fingerprint, Value>,
}

impl Telling {
    pub(super) fn of(payload: &Value) -> Self {
        let mut telling = Self::default();
        for alert in payload["alerts"].as_array().unwrap() {
            let fingerprint = alert["fingerprint"].as_str().unwrap().to_owned();
            let part = match alert["status"].as_str().unwrap() {
                "firing" => &mut telling.firing,
                _ => &mut telling.resolved,
            };
            part.insert(fingerprint, alert.clone());
        }
        telling
    }

    fn says(&self, other: &Self) -> bool {
        self.firing.keys().eq(other.firing.keys()) && self.resolved.keys().eq(other.resolved.keys())
    }
}

/// What both have told of a group so far.
#[derive(Debug, Default)]
pub(super) struct Group {
    /// What fired when Alertmanager spoke last, and whether it may have noted since that nothing
    /// does, without a word: a receiver that wants no ends hears none.
    log: BTreeSet<Fingerprint>,
    log_may_be_empty: bool,
    /// What Nabat told as firing, with its start, and not as over.
    told: BTreeMap<Fingerprint, Timestamp>,
}

/// What is so at a tick.
pub(super) struct Tick<'a> {
    pub(super) hush: &'a Hush,
    pub(super) sends_resolved: bool,
    /// All that fires, muted or not, with its start as Nabat shows it.
    pub(super) firing: &'a BTreeMap<Fingerprint, Timestamp>,
}

impl Group {
    /// Takes what both told at a tick. Returns why it differs, if it does.
    ///
    /// # Errors
    /// What there is no excuse for.
    pub(super) fn hear(
        &mut self,
        tick: &Tick<'_>,
        theirs: Option<&Telling>,
        ours: Option<&Telling>,
    ) -> Result<BTreeSet<Excuse>, String> {
        if !tick.sends_resolved {
            // What is over is no news there, and forgotten.
            self.told.retain(|alert, _| tick.firing.contains_key(alert));
        }
        let excuses = self.compare(tick, theirs, ours)?;
        if let Some(theirs) = theirs {
            self.log = theirs.firing.keys().cloned().collect();
            self.log_may_be_empty = false;
        } else if !tick.sends_resolved
            && !self.log.iter().all(|alert| tick.firing.contains_key(alert))
        {
            self.log_may_be_empty = true;
        }
        if let Some(ours) = ours {
            for (alert, value) in &ours.firing {
                self.told.insert(alert.clone(), start(value));
            }
            for alert in ours.resolved.keys() {
                self.told.remove(alert);
            }
        }
        Ok(excuses)
    }

    fn compare(
        &self,
        tick: &Tick<'_>,
        theirs: Option<&Telling>,
        ours: Option<&Telling>,
    ) -> Result<BTreeSet<Excuse>, String> {
        let mut excuses = BTreeSet::new();
        let nothing = Telling::default();
        let said = (theirs.unwrap_or(&nothing), ours.unwrap_or(&nothing));
        let (t, o) = said;
        if theirs.is_some() == ours.is_some() && t.says(o) {
            return Ok(excuses);
        }
        let no_excuse = |what: &str, alert: &str| Err(format!("{what} {alert}"));
        for (alert, value) in but(&o.resolved, &t.resolved) {
            let known = self.told.contains_key(alert);
            excuses.insert(if known && tick.hush.mutes(value) {
                Excuse::EndOfMuted
            } else if known && theirs.is_none() && (self.log.is_empty() || self.log_may_be_empty) {
                Excuse::EndUnnoticed
            } else if !known && value["labels"]["severity"] == "critical" {
                Excuse::Missed
            } else {
                return no_excuse("only Nabat tells the end of", alert);
            });
        }
        for (alert, _) in but(&t.resolved, &o.resolved) {
            if self.told.contains_key(alert) {
                return no_excuse("only Alertmanager tells the end of", alert);
            }
            excuses.insert(Excuse::NeverTold);
        }
        for (alert, _) in but(&t.firing, &o.firing) {
            let told = self.told.get(alert);
            if ours.is_some() || told.is_none() || told != tick.firing.get(alert) {
                return no_excuse("only Alertmanager tells that it fires:", alert);
            }
        }
        if ours.is_none() && t.firing.keys().any(|alert| !self.log.contains(alert)) {
            excuses.insert(Excuse::KnownStill);
        }
        let mut anew = false;
        for (alert, value) in but(&o.firing, &t.firing) {
            let known = self.told.get(alert) == Some(&start(value));
            let muted = tick.hush.mutes(value);
            if muted && known && t.firing.is_empty() {
                excuses.insert(Excuse::MutedGoesOn);
            } else if muted || theirs.is_some() {
                return no_excuse("only Nabat tells that it fires:", alert);
            } else if !known && (self.log.contains(alert)) {
                anew = true;
            } else if !known {
                return no_excuse("only Nabat tells that there is", alert);
            }
        }
        excuses.extend(anew.then_some(Excuse::Anew));
        if theirs.is_none() && !anew && o.resolved.is_empty() {
            return no_excuse("Nabat repeats itself:", &format!("{:?}", o.firing.keys()));
        }
        Ok(excuses)
    }
}

/// What is in the one and not in the other.
fn but<'a>(
    these: &'a BTreeMap<Fingerprint, Value>,
    those: &'a BTreeMap<Fingerprint, Value>,
) -> impl Iterator<Item = (&'a Fingerprint, &'a Value)> {
    these
        .iter()
        .filter(|(alert, _)| !those.contains_key(*alert))
}
