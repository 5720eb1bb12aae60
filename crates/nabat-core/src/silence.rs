//! Reasons not to tell of what fires, for a time.
//!
//! A silence holds back what nobody has been told yet and stops repeats; whoever was told that
//! something fires is told its end all the same. It is pending until it begins, active until it
//! ends, and kept for a while when it has expired. In which of these it is stands in the silence
//! itself, not in the clock: whatever follows from a change happens once, at that change.
//!
//! `cover` finds the active silences of an alert, `uuid` names silences for Alertmanager's
//! clients, `window` is for those that come again by themselves.

pub mod cover;
pub mod uuid;
pub mod window;

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::alert::Labels;
use crate::chat::ChatKey;
use crate::matcher::{Matcher, Operator};
use crate::time::Timestamp;

/// The largest silence in bytes.
pub const SILENCE_BYTES_MAX: usize = 16 << 10;

/// The number of a silence; never used twice. Those of maintenance windows are below zero.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct SilenceId(pub i64);

/// What is not told for a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Silence {
    /// Its number.
    pub id: SilenceId,
    /// Which alerts: those that fulfil all. Never empty.
    pub matchers: Vec<Matcher>,
    /// Since when.
    pub starts_at: Timestamp,
    /// Until when.
    pub ends_at: Timestamp,
    /// When somebody changed it last.
    pub updated_at: Timestamp,
    /// Who made it.
    pub created_by: String,
    /// Why.
    pub comment: String,
    /// What programs noted on it.
    pub annotations: Labels,
    /// It ends when the last firing alert that it covers does, if that is before its time is up.
    pub until_resolved: bool,
    /// Where it stands.
    pub phase: Phase,
    /// Where it comes from.
    pub origin: Origin,
}

/// Where a silence stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// It has not begun.
    Pending,
    /// It holds alerts back.
    Active {
        /// Incidents with a greater number opened while it was active, whatever became of the
        /// clock.
        since: i64,
    },
    /// It is over.
    Expired,
}

/// Where a silence comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// A program.
    Api,
    /// A person in a chat, who is reminded there of its end.
    Chat {
        /// Where.
        chat: ChatKey,
        /// Whether the chat was told that the end is near.
        reminded: bool,
    },
    /// A maintenance window of the configuration.
    Window {
        /// What the window said when the silence was made of it.
        rule: String,
    },
}

/// A silence as somebody wants it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// The one that it takes the place of.
    pub id: Option<SilenceId>,
    /// Which alerts.
    pub matchers: Vec<Matcher>,
    /// Since when.
    pub starts_at: Timestamp,
    /// Until when.
    pub ends_at: Timestamp,
    /// Who wants it.
    pub created_by: String,
    /// Why.
    pub comment: String,
    /// What a program notes on it; `None`: what is noted already.
    pub annotations: Option<Labels>,
    /// See [`Silence::until_resolved`]; `None`: as before.
    pub until_resolved: Option<bool>,
    /// Where it comes from.
    pub origin: Origin,
}

/// Why a silence is not made or changed. The words are Alertmanager's, whose clients show them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The one to change is not there.
    #[error("silence not found")]
    Unknown,
    /// It would end before it begins.
    #[error("Failed to create silence: start time must be before end time")]
    NoTime,
    /// It would be over already.
    #[error("Failed to create silence: end time can't be in the past")]
    Over,
    /// It would cover every alert without certain labels.
    #[error("silence invalid: at least one matcher must not match the empty string")]
    MatchesAll,
    /// It is too large.
    #[error("silence exceeded maximum size: {bytes} bytes (limit: {SILENCE_BYTES_MAX} bytes)")]
    TooLarge {
        /// How large.
        bytes: usize,
    },
    /// There are too many.
    #[error("exceeded maximum number of silences: {limit} (limit: {limit}); end some first")]
    TooMany {
        /// How many there may be.
        limit: usize,
    },
}

impl Draft {
    /// Whether a silence can be made of it at `now`, as far as it alone can say.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn check(&self, now: Timestamp) -> Result<(), Refusal> {
        if self.starts_at >= self.ends_at {
            return Err(Refusal::NoTime);
        }
        if self.ends_at < now {
            return Err(Refusal::Over);
        }
        if self.matchers.iter().all(asks_for_nothing) {
            return Err(Refusal::MatchesAll);
        }
        let bytes = self.bytes();
        if bytes > SILENCE_BYTES_MAX {
            return Err(Refusal::TooLarge { bytes });
        }
        Ok(())
    }

    fn bytes(&self) -> usize {
        let matchers = self.matchers.iter();
        let matchers: usize = matchers.map(|m| m.name.len() + m.value.len()).sum();
        let annotations = self.annotations.iter().flat_map(Labels::iter);
        let annotations: usize = annotations.map(|(k, v)| k.len() + v.len()).sum();
        matchers + annotations + self.created_by.len() + self.comment.len()
    }

    /// Whether `known` can become this at `now` and stay the same silence: the matchers never
    /// change, nor does the start of one that has begun.
    pub fn fits(&self, known: &Silence, now: Timestamp) -> bool {
        let second = |at: Timestamp| at.as_millis().div_euclid(1_000);
        self.matchers == known.matchers
            && match known.phase {
                Phase::Pending => self.starts_at >= now,
                Phase::Active { .. } => second(self.starts_at) == second(known.starts_at),
                Phase::Expired => false,
            }
    }
}

/// Whether a matcher is fulfilled by what lacks its label. As in Alertmanager, `!=` and `!~` are
/// taken to ask for something.
fn asks_for_nothing(matcher: &Matcher) -> bool {
    let positive = matches!(matcher.operator, Operator::Equal | Operator::Matches);
    positive && matcher.matches(&Labels::default())
}

impl Silence {
    /// Whether it holds alerts back.
    pub fn active(&self) -> bool {
        matches!(self.phase, Phase::Active { .. })
    }

    /// Whether it was active already when the incident with this number opened.
    pub fn since_before(&self, incident: i64) -> bool {
        matches!(self.phase, Phase::Active { since } if since < incident)
    }

    /// Whether it is about an alert with these labels.
    pub fn covers(&self, labels: &Labels) -> bool {
        covers(&self.matchers, labels)
    }

    /// When the chat it was made in is to be told that its end is near, if it is.
    pub fn reminds_at(&self, before: Duration) -> Option<Timestamp> {
        /// Who silences for no longer than this remembers.
        const SHORT: Duration = Duration::from_secs(3_600);
        let reminds = matches!(
            self.origin,
            Origin::Chat {
                reminded: false,
                ..
            }
        ) && self.active()
            && !before.is_zero()
            && self.ends_at.since(self.starts_at) > SHORT;
        reminds.then(|| self.ends_at.before(before))
    }
}

/// Whether an alert with these labels fulfils all of them. What costs least is asked first.
pub fn covers(matchers: &[Matcher], labels: &Labels) -> bool {
    let cheap =
        |matcher: &&Matcher| matches!(matcher.operator, Operator::Equal | Operator::NotEqual);
    let fulfils = |matcher: &Matcher| matcher.matches(labels);
    matchers.iter().filter(cheap).all(fulfils)
        && matchers
            .iter()
            .filter(|matcher| !cheap(matcher))
            .all(fulfils)
}

#[cfg(test)]
mod tests;
