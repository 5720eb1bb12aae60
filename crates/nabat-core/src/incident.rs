//! One life of an alert, from firing to its end.
//!
//! [`Incident::hear`] takes what a source says of an alert that already has an open incident and
//! says what becomes of it; the engine decides about opening new ones. An ended incident stays
//! ended: when the alert fires again, that is another incident.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::alert::{Fingerprint, Labels, Links, NAME, News, Status};
use crate::time::Timestamp;

/// The number of an incident, given in order of opening; never used twice.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct IncidentId(pub i64);

/// What incidents have in common that are told in one message: the group labels the source
/// grouped them by, else the alert's name.
pub type GroupKey = Arc<str>;

/// One life of an alert.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incident {
    /// Its number.
    pub id: IncidentId,
    /// Counts every change worth storing, from 1; the store refuses a stale one.
    pub revision: u32,
    /// Counts every change worth telling, from 1; the ledger notes which one a chat has seen.
    pub edition: u32,
    /// The latest edition that is worth a sound: the first, or that at which an acknowledgement
    /// ran out.
    pub loud: u32,
    /// How many earlier lives of its alert ended just before it began, one after the other.
    pub flaps: u32,
    /// The alert's identity.
    pub fingerprint: Fingerprint,
    /// The alert's labels.
    pub labels: Labels,
    /// What is said about it now.
    pub annotations: Labels,
    /// Where it can be looked at.
    pub links: Links,
    /// Which incidents it is told together with.
    pub group: GroupKey,
    /// Since when it fires, according to its source; the earliest if several say so.
    pub starts_at: Timestamp,
    /// When Nabat learnt of it.
    pub opened_at: Timestamp,
    /// When a source last said that it fires; see [`Pulse`].
    pub seen_at: Timestamp,
    /// When it is over unless news comes before; see [`Pulse`].
    pub expires: Option<Expiry>,
    /// Who took it, if somebody did.
    pub acknowledged: Option<Box<Acknowledgement>>,
    /// Where it stands.
    pub state: State,
}

/// When something that fires is over by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Expiry {
    /// When.
    pub at: Timestamp,
    /// Whether its source gave no end, so that this one is only how long Nabat waits for news.
    pub presumed: bool,
}

impl Expiry {
    /// The end that a source gave.
    pub const fn given(at: Timestamp) -> Self {
        Self {
            at,
            presumed: false,
        }
    }

    /// The end of waiting for a source that gave none.
    pub const fn presumed(at: Timestamp) -> Self {
        Self { at, presumed: true }
    }
}

/// The signs of life of an open incident. A source that repeats itself moves them each time, so
/// they are kept beside the incident, which follows them a step behind: that is what is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pulse {
    /// When a source last said that it fires.
    pub seen_at: Timestamp,
    /// When it is over unless news comes before.
    pub expires: Option<Expiry>,
}

/// A person's word that they see to it: it is not repeated, until it is over or time is up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acknowledgement {
    /// Their name.
    pub by: String,
    /// Since when.
    pub at: Timestamp,
    /// Until when.
    pub until: Timestamp,
}

/// Where an incident stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum State {
    /// It fires.
    Firing,
    /// It fires as far as anyone knows, but its source has said nothing for long.
    Stale,
    /// It is over.
    Ended {
        /// Since when.
        at: Timestamp,
        /// Who said so.
        how: Ending,
    },
}

/// How an incident ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// Its source said so.
    Resolved,
    /// Its source fell silent and the end time it had given came.
    Expired,
    /// It is looked at no more.
    Closed,
}

/// What became of an incident when its source spoke.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heard {
    /// Nothing to store or tell.
    Same,
    /// Worth storing, not worth telling (it was seen again; it expires later).
    Kept,
    /// Worth storing and telling: the text changed, it ended, or its source is back.
    Changed,
}

impl Incident {
    /// One that begins and is learnt of at `at`, of which no more is known than the alert's labels.
    /// Its group is the alert's name.
    pub fn new(id: IncidentId, labels: Labels, at: Timestamp) -> Self {
        Self {
            id,
            revision: 1,
            edition: 1,
            loud: 1,
            flaps: 0,
            fingerprint: labels.fingerprint(),
            group: labels.value(NAME).into(),
            labels,
            annotations: Labels::default(),
            links: Links::default(),
            starts_at: at,
            opened_at: at,
            seen_at: at,
            expires: None,
            acknowledged: None,
            state: State::Firing,
        }
    }

    /// Whether it is over.
    pub fn ended(&self) -> bool {
        matches!(self.state, State::Ended { .. })
    }

    /// The name of its alert: the label `alertname`, or all labels where there is none.
    pub fn name(&self) -> String {
        name_of(&self.labels)
    }

    /// Its importance, from the label `severity`.
    pub fn severity(&self) -> Severity {
        Severity::of(&self.labels)
    }

    /// Its signs of life as far as it knows them.
    pub fn pulse(&self) -> Pulse {
        Pulse {
            seen_at: self.seen_at,
            expires: self.expires,
        }
    }

    /// Takes over its signs of life, to be stored with it.
    pub fn follow(&mut self, pulse: Pulse) {
        self.seen_at = pulse.seen_at;
        self.expires = pulse.expires;
    }

    /// Takes what a source says of this open incident's alert at `now`.
    ///
    /// `step` is how far what is stored may lag behind `pulse`, and four times that where an end is
    /// given: news that says nothing new is written at most that often, so that the repeats of a
    /// hundred thousand alerts cost no disk, and no copy of an incident that somebody else holds too.
    pub fn hear(
        self: &mut Arc<Self>,
        pulse: &mut Pulse,
        news: &News,
        now: Timestamp,
        step: Duration,
    ) -> Heard {
        debug_assert!(!self.ended(), "an ended incident hears nothing");
        match news.status {
            Status::Resolved { ends_at } => self.resolve(*pulse, news, ends_at, now),
            Status::Closed { at } => self.close(*pulse, news, at, now),
            Status::Firing { expires } => self.refresh(pulse, news, expires, now, step),
        }
    }

    fn resolve(
        self: &mut Arc<Self>,
        pulse: Pulse,
        news: &News,
        ends_at: Option<Timestamp>,
        now: Timestamp,
    ) -> Heard {
        // News that an earlier life ended, arriving late: this one began after that end. A source
        // whose clock lags may also say so of this life; then it does not name an earlier start.
        // A start that lies ahead, as of an alert that came with nothing but an end, says nothing.
        let began_at = self.starts_at.min(self.opened_at);
        let earlier = |at: Option<Timestamp>| at.is_some_and(|at| at < began_at);
        if earlier(news.starts_at) && earlier(ends_at) {
            return Heard::Same;
        }
        let incident = Arc::make_mut(self);
        incident.follow(pulse);
        incident.hear_last_words(news);
        incident.end(ends_at.unwrap_or(now), now, Ending::Resolved);
        Heard::Changed
    }

    fn close(
        self: &mut Arc<Self>,
        pulse: Pulse,
        news: &News,
        at: Timestamp,
        now: Timestamp,
    ) -> Heard {
        let incident = Arc::make_mut(self);
        incident.follow(pulse);
        incident.hear_last_words(news);
        incident.end(at, now, Ending::Closed);
        Heard::Changed
    }

    fn refresh(
        self: &mut Arc<Self>,
        pulse: &mut Pulse,
        news: &News,
        expires: Option<Expiry>,
        now: Timestamp,
        step: Duration,
    ) -> Heard {
        let (starts_at, expires) = self.merge(pulse.expires, news.starts_at, expires, now);
        *pulse = Pulse {
            seen_at: now,
            expires,
        };
        let changed = self.state == State::Stale || self.annotations != news.annotations;
        // Whoever gives an end is believed until then, and a restart grants more than four steps.
        let lag = if expires.is_some() { 4 * step } else { step };
        let kept = now.since(self.seen_at) >= lag
            || starts_at != self.starts_at
            || moved_far(self.expires, expires, lag);
        if !changed && !kept {
            return Heard::Same;
        }
        let incident = Arc::make_mut(self);
        incident.follow(*pulse);
        incident.starts_at = starts_at;
        // Of a pair of Prometheus each names itself in the links: that is no news, and no write.
        incident.links.clone_from(&news.links);
        if !changed {
            incident.revision += 1;
            return Heard::Kept;
        }
        incident.annotations.clone_from(&news.annotations);
        incident.state = State::Firing;
        incident.count_change();
        Heard::Changed
    }

    /// When it began and when it is over by itself, after a source said something of that. As in
    /// Alertmanager (`types.Alert.Merge`): what overlaps is one, from the earliest start to the
    /// latest end that a source gave; what does not takes its place.
    fn merge(
        &self,
        held: Option<Expiry>,
        starts_at: Option<Timestamp>,
        said: Option<Expiry>,
        now: Timestamp,
    ) -> (Timestamp, Option<Expiry>) {
        let (Some(held), Some(said)) = (held, said) else {
            let starts_at = starts_at.unwrap_or(self.starts_at);
            return (starts_at.min(self.starts_at), said);
        };
        let starts_at = starts_at.unwrap_or(now);
        let within = |at: Timestamp| at > self.starts_at && at < held.at;
        if !within(starts_at) && !within(said.at) {
            return (starts_at, Some(said));
        }
        let at = if held.presumed {
            said.at
        } else {
            said.at.max(held.at)
        };
        let expires = Expiry { at, ..said };
        (starts_at.min(self.starts_at), Some(expires))
    }

    fn count_change(&mut self) {
        self.revision += 1;
        self.edition += 1;
    }

    /// Marks that its source has been silent for too long.
    pub fn grow_stale(&mut self) {
        self.state = State::Stale;
        self.count_change();
    }

    /// Notes that somebody took it, or lets go of it.
    pub fn acknowledge(&mut self, acknowledgement: Option<Acknowledgement>) {
        self.acknowledged = acknowledgement.map(Box::new);
        self.count_change();
    }

    /// Notes that a silence covers it from now on, or does no more.
    pub fn note_silence(&mut self) {
        self.count_change();
    }

    /// Ends an acknowledgement whose time is up: it demands attention again.
    pub fn outlive_acknowledgement(&mut self) {
        self.acknowledge(None);
        self.loud = self.edition;
    }

    /// Takes over what a source says at the end. One that says nothing but that leaves what was said
    /// before. Returns whether anything is other than before.
    fn hear_last_words(&mut self, news: &News) -> bool {
        let mut changed = false;
        if !news.annotations.is_empty() && news.annotations != self.annotations {
            self.annotations = news.annotations.clone();
            changed = true;
        }
        if news.links != Links::default() && news.links != self.links {
            self.links = news.links.clone();
            changed = true;
        }
        changed
    }

    /// Notes that it ended later than was said at first, and what its source said last. Nobody is
    /// told again for that. Returns whether anything is other than before.
    pub fn amend_end(&mut self, later: Timestamp, news: &News) -> bool {
        let State::Ended { at, how } = self.state else {
            return false;
        };
        let at_last = at.max(later);
        self.state = State::Ended { at: at_last, how };
        if !self.hear_last_words(news) && at == at_last {
            return false;
        }
        self.revision += 1;
        true
    }

    /// Ends it: not before its start, and not after `now`.
    pub fn end(&mut self, at: Timestamp, now: Timestamp, how: Ending) {
        self.state = State::Ended {
            at: at.max(self.starts_at).min(now),
            how,
        };
        self.count_change();
    }
}

/// Whether what is stored of an end is so far from the truth that nobody may go by it. A smaller
/// lag is less than what a restart grants.
fn moved_far(stored: Option<Expiry>, known: Option<Expiry>, lag: Duration) -> bool {
    let (Some(stored), Some(known)) = (stored, known) else {
        return stored != known;
    };
    let moved = known.at.since(stored.at).max(stored.at.since(known.at));
    stored.presumed != known.presumed || moved >= lag
}

/// The name of the alert with these labels.
pub fn name_of(labels: &Labels) -> String {
    labels
        .get(NAME)
        .filter(|name| !name.is_empty())
        .map_or_else(|| labels.to_string(), str::to_owned)
}

/// The longest title in characters: more of it is not searched, and not shown either.
const TITLE_CHARS_MAX: usize = 500;

/// What subscriptions search: the name of the alert and, behind a colon, its summary. It is the
/// first line of the message people see.
pub fn title_of(labels: &Labels, annotations: &Labels) -> String {
    let name = name_of(labels);
    let summary = summary_of(annotations);
    let mut title = if summary.is_empty() {
        name
    } else {
        format!("{name}: {summary}")
    };
    if let Some((end, _)) = title.char_indices().nth(TITLE_CHARS_MAX) {
        title.truncate(end);
    }
    title
}

/// The one-line summary among the annotations: `summary`, else `title`, else `message`.
pub fn summary_of(annotations: &Labels) -> &str {
    ["summary", "title", "message"]
        .iter()
        .find_map(|name| annotations.get(name).filter(|text| !text.is_empty()))
        .unwrap_or_default()
}

/// How important an alert is. Greater is more important.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// `info`, `none`, `debug`, `notice`.
    Info,
    /// `warning`, `minor`, and whatever has no severity or an unknown one.
    Warning,
    /// `error`, `high`, `major`.
    Error,
    /// `critical`, `page`, `emergency`, `fatal`, `disaster`.
    Critical,
}

impl Severity {
    /// Reads the label `severity` (or `priority`), in any letter case.
    pub fn of(labels: &Labels) -> Self {
        let text = labels
            .get("severity")
            .or_else(|| labels.get("priority"))
            .unwrap_or_default()
            .to_ascii_lowercase();
        match text.as_str() {
            "critical" | "crit" | "page" | "emergency" | "fatal" | "disaster" | "p1" => {
                Self::Critical
            }
            "error" | "err" | "high" | "major" | "p2" => Self::Error,
            "info" | "information" | "informational" | "none" | "debug" | "notice" | "low"
            | "p4" | "p5" => Self::Info,
            _ => Self::Warning,
        }
    }
}

#[cfg(test)]
mod tests;
