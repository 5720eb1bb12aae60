//! What the alerts of a history were last known to be, and random posts about them.
//!
//! What the documentation says is different on purpose is not posted, for everything that follows
//! would differ too: the end of an earlier life of an alert, another `generatorURL`, and in brief
//! histories the beginning of an alert before its last end.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use nabat_core::time::Timestamp;
use serde_json::{Value, json};

use super::alike::Given;
use super::config::LABELS;
use super::start;
use crate::world::dice::Dice;

/// An alert by its labels.
pub(super) type Identity = BTreeMap<&'static str, &'static str>;

/// What is known of the alerts so far.
#[derive(Debug, Default)]
pub(super) struct Lives {
    /// Those that fire.
    open: BTreeSet<Identity>,
    /// When each began last.
    begun: HashMap<Identity, Timestamp>,
    /// The latest end that was posted of each.
    over: HashMap<Identity, Timestamp>,
    /// Which alerts there are; none: any.
    pool: Vec<Identity>,
}

/// The moments of a history in which they matter.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moments {
    pub(super) now: Timestamp,
    /// When something may be over by itself.
    pub(super) expires: Timestamp,
}

/// The longest time ago that something began which is posted as soon as it fires, in milliseconds.
const BEGUN_AGO_MS: i64 = 200;

/// How far in the past or in the future posted times lie, in milliseconds: never so near that one
/// passes while a history is lived.
const NEAR_MS: usize = 120_000;
const FAR_MS: usize = 7_200_000;

/// How much later Nabat may have stamped a start than Alertmanager, in milliseconds.
const STAMPED_MS: i64 = 100;

fn later(dice: &mut Dice, than: Timestamp) -> Timestamp {
    let by = NEAR_MS + dice.below(FAR_MS);
    Timestamp::from_millis(than.as_millis() + by as i64)
}

/// A moment between both.
fn between(dice: &mut Dice, from: Timestamp, to: Timestamp) -> Timestamp {
    let span = to.as_millis() - from.as_millis();
    let span = usize::try_from(span).unwrap_or_default();
    Timestamp::from_millis(from.as_millis() + dice.below(span + 1) as i64)
}

impl Lives {
    /// Nothing yet of these alerts alone.
    pub(super) fn of(pool: Vec<Identity>) -> Self {
        Self {
            pool,
            ..Self::default()
        }
    }

    /// Learns from what Alertmanager shows at `now` which alerts fire since when.
    pub(super) fn learn(&mut self, alerts: &Value, now: Timestamp) {
        let before = std::mem::take(&mut self.open);
        for alert in alerts.as_array().unwrap() {
            let labels = LABELS.iter().filter_map(|(name, values)| {
                let shown = alert["labels"][name].as_str()?;
                let value = values.iter().copied().find(|known| *known == shown)?;
                Some((*name, value))
            });
            let identity: Identity = labels.collect();
            self.begun.insert(identity.clone(), start(alert));
            self.open.insert(identity);
        }
        // What was over by itself.
        let over = before.difference(&self.open);
        self.over
            .extend(over.map(|identity| (identity.clone(), now)));
    }

    /// Since when an alert fires, if it does.
    fn open_since(&self, identity: &Identity) -> Option<Timestamp> {
        let begun = self.begun.get(identity).copied();
        begun.filter(|_| self.open.contains(identity))
    }

    /// Some alerts to be posted together, at `now`.
    pub(super) fn batch(&mut self, dice: &mut Dice, now: Timestamp, given: &mut Given) -> Value {
        let identities = self.some_identities(dice);
        let identities = identities.iter();
        identities
            .map(|identity| self.post(dice, identity, now, given))
            .collect()
    }

    fn some_identities(&self, dice: &mut Dice) -> BTreeSet<Identity> {
        let count = 1 + dice.below(4);
        (0..count).map(|_| self.some_identity(dice)).collect()
    }

    /// One that fires, as often as any.
    fn some_identity(&self, dice: &mut Dice) -> Identity {
        if !self.open.is_empty() && dice.one_in(2) {
            let place = dice.below(self.open.len());
            return self.open.iter().nth(place).unwrap().clone();
        }
        if self.pool.is_empty() {
            return identity(dice);
        }
        self.pool[dice.below(self.pool.len())].clone()
    }

    /// Some alerts to be posted together, as Prometheus would: what begins begins now, and what
    /// ends by itself does so when nothing is told.
    pub(super) fn brief_batch(
        &mut self,
        dice: &mut Dice,
        moments: Moments,
        given: &mut Given,
    ) -> Value {
        let identities = self.some_identities(dice);
        let identities = identities.iter();
        identities
            .map(|identity| self.brief_post(dice, identity, moments, given))
            .collect()
    }

    fn brief_post(
        &mut self,
        dice: &mut Dice,
        identity: &Identity,
        Moments { now, expires }: Moments,
        given: &mut Given,
    ) -> Value {
        let before = |ms| Timestamp::from_millis(now.as_millis() - ms);
        let begun = self.open_since(identity);
        let over = self.over.get(identity).copied().unwrap_or_default();
        let starts_at = match begun {
            Some(_) => None,
            None => Some(between(dice, over.max(before(BEGUN_AGO_MS)), now)),
        };
        let (starts_at, ends_at) = match dice.below(8) {
            0..3 => (None, None),
            3 => (starts_at, None),
            4 => (Some(now), Some(expires)),
            5 => (Some(now), Some(later(dice, now))),
            _ => {
                let begun = self.begun.get(identity).copied();
                (begun.filter(|begun| *begun < now), Some(now))
            }
        };
        if ends_at == Some(now) {
            self.open.remove(identity);
            self.over.insert(identity.clone(), now);
        } else if self.open.insert(identity.clone()) {
            let stamped = Timestamp::from_millis(now.as_millis() + STAMPED_MS);
            let begun = starts_at.unwrap_or(stamped);
            self.begun.insert(identity.clone(), begun);
        }
        for time in starts_at.into_iter().chain(ends_at) {
            given.note(time, now);
        }
        alert(dice, identity, starts_at, ends_at)
    }

    /// The ends of all that fires.
    pub(super) fn all_over(&mut self, dice: &mut Dice, now: Timestamp) -> Value {
        let open = std::mem::take(&mut self.open);
        open.iter()
            .map(|identity| alert(dice, identity, None, Some(now)))
            .collect()
    }

    fn post(
        &mut self,
        dice: &mut Dice,
        identity: &Identity,
        now: Timestamp,
        given: &mut Given,
    ) -> Value {
        let begun = self.open_since(identity);
        let long_ago = Timestamp::from_millis(now.as_millis() - (NEAR_MS + FAR_MS) as i64);
        let past = between(dice, long_ago, now);
        let (starts_at, ends_at) = match dice.below(8) {
            0 => (None, None),
            1 => (Some(past), None),
            2 | 3 => (Some(past), Some(later(dice, now))),
            4 => (None, Some(later(dice, now))),
            5 => {
                let starts_at = later(dice, now);
                (Some(starts_at), Some(later(dice, starts_at)))
            }
            6 => (None, Some(past)),
            _ => {
                let mut earliest = long_ago;
                if let Some(begun) = begun {
                    // Not before its present life, of which each may have stamped the start.
                    earliest = now.min(Timestamp::from_millis(begun.as_millis() + STAMPED_MS));
                }
                let ends_at = between(dice, earliest, now);
                let starts_at = match begun {
                    // The end of what has not begun is news only with that start.
                    Some(begun) if begun > now => None,
                    _ => Some(between(dice, earliest, ends_at)),
                };
                (starts_at, Some(ends_at))
            }
        };
        let over = self.over.get(identity);
        let lagging = starts_at.filter(|start| over.is_some_and(|over| start < over));
        if let Some(start) = lagging {
            given.note_lagging(start);
        }
        if let Some(ends_at) = ends_at.filter(|ends_at| *ends_at <= now) {
            let over = begun.map_or(ends_at, |begun| ends_at.max(begun.min(now)));
            let known = self.over.entry(identity.clone()).or_insert(over);
            *known = over.max(*known);
        }
        for time in starts_at.into_iter().chain(ends_at) {
            given.note(time, now);
        }
        alert(dice, identity, starts_at, ends_at)
    }
}

/// Any alert.
pub(super) fn identity(dice: &mut Dice) -> Identity {
    let labels = LABELS
        .iter()
        .map(|(name, values)| (*name, dice.pick(values)));
    labels.filter(|(_, value)| !value.is_empty()).collect()
}

/// An alert as it is posted.
pub(super) fn alert(
    dice: &mut Dice,
    identity: &Identity,
    starts_at: Option<Timestamp>,
    ends_at: Option<Timestamp>,
) -> Value {
    let mut labels = json!(identity);
    if dice.one_in(6) {
        labels["empty"] = "".into();
    }
    let mut alert = json!({ "labels": labels });
    let summaries = ["", "at 91 %", "at 97 %", "диск \"полон\"\n<now> & here"];
    match dice.below(4) {
        0 => {}
        1 => alert["annotations"] = json!({}),
        _ => {
            let summary = dice.pick(&summaries);
            alert["annotations"] = json!({ "summary": summary, "runbook": "https://wiki/x" });
        }
    }
    // Always the same for one: Nabat takes another link for that of another Prometheus.
    match identity.len() % 3 {
        0 => alert["generatorURL"] = "http://p:9090/graph?g0.expr=a+%3C+b&g0.tab=1".into(),
        1 => alert["generatorURL"] = "/graph".into(),
        _ => {}
    }
    if let Some(at) = starts_at {
        alert["startsAt"] = at.to_string().into();
    }
    if let Some(at) = ends_at {
        alert["endsAt"] = at.to_string().into();
    }
    alert
}
