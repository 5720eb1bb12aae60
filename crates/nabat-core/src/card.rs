//! What one destination is told of one alert group, and the ledger of what it has been told.
//!
//! In a chat a card is a live message; to an integration it is a series of notifications. It lives
//! from the first firing incident until every incident on it has ended and the destination has been
//! told so. It knows, for each of its incidents, which edition was told; what has to be told is the
//! difference to what the incidents are now. So news that comes while a destination can't be
//! reached collapses by itself, and nobody who was told "firing" misses the end.
//!
//! Invariant: an incident that was told stays on the card until its end was told too, whatever
//! becomes of subscriptions, mutes and silences meanwhile.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::alert::{Fingerprint, Labels};
use crate::delivery::Priority;
use crate::destination::Destination;
use crate::incident::{GroupKey, Incident, IncidentId, Severity, State};
use crate::message::card::{Member, MemberNews};
use crate::route::{Hours, Timing};
use crate::time::Timestamp;

/// How many ended incidents stay on a card whose others still fire.
const ENDED_SHOWN_MAX: usize = 10;

/// The number of a card; never used twice.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct CardId(pub i64);

/// What a chat knows of one incident: the ledger's entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Told {
    /// The edition that was told; 0 before the first.
    pub edition: u32,
    /// Whether that edition said that it is over.
    pub ended: bool,
    /// Whether a message of it may have been seen although nothing was told for sure. Noted where
    /// no delivery waits that would say so after a restart.
    pub maybe: bool,
}

impl Told {
    /// The entry after the chat has been told of the incident as it is.
    pub fn of(incident: &Incident) -> Self {
        Self {
            edition: incident.edition,
            ended: incident.ended(),
            maybe: false,
        }
    }
}

/// What one destination is told of one alert group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Card {
    /// Its number.
    pub id: CardId,
    /// Who is told.
    pub destination: Destination,
    /// Whose incidents it shows.
    pub group: GroupKey,
    /// What its route says of it; `None` if a subscription made it, which speaks at once.
    pub routed: Option<Routed>,
    /// The message that shows it, once it was sent to a chat.
    pub message_id: Option<i64>,
    /// Whether that message shows less than the chat knows: a digest told the rest.
    pub behind: bool,
    /// The ledger: what the destination knows of each incident.
    pub members: BTreeMap<IncidentId, Told>,
}

/// Through what the incidents of a card come to its destination. A destination has one card of a
/// group for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Through {
    /// Somebody subscribed, or operates Nabat.
    Subscription,
    /// A route leads there.
    Route,
    /// It is told instead of another destination.
    Fallback,
}

impl Through {
    /// Of a card of which this is said.
    pub fn of(routed: Option<&Routed>) -> Self {
        match routed {
            None => Self::Subscription,
            Some(routed) if routed.instead_of.is_some() => Self::Fallback,
            Some(_) => Self::Route,
        }
    }
}

/// What a route says of a card.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Routed {
    /// The labels by which the group was made.
    pub labels: Labels,
    /// When the group speaks.
    pub timing: Timing,
    /// When it tells nothing new.
    #[serde(default, skip_serializing_if = "Hours::are_all")]
    pub hours: Hours,
    /// Since when it has something to say, according to its first alert.
    pub opened_at: Timestamp,
    /// When something was told last.
    pub told_at: Option<Timestamp>,
    /// The beat at which it speaks next: decided, and stored, when it gets something to say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub beat: Option<Timestamp>,
    /// What this stands in for, if it is a fallback: the name of the destination that failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instead_of: Option<String>,
}

impl Routed {
    /// When it may speak first after what it said last, or at all.
    pub fn speaks_at(&self, now: Timestamp) -> Timestamp {
        match self.told_at {
            None => due(self.opened_at, self.timing.group_wait, now),
            Some(at) => due(at, self.timing.group_interval, now),
        }
    }

    /// When news that comes now may be told. After the first word, and after `group_wait` in
    /// which nothing could be said, a group speaks every `group_interval` and not between, so that
    /// what comes together is told together.
    pub fn next_beat(&self, now: Timestamp) -> Timestamp {
        let first = self.speaks_at(now);
        if first >= now {
            return first;
        }
        let interval = self.timing.group_interval.as_millis().max(1);
        let beats = now.since(first).as_millis().div_ceil(interval);
        first.after(millis(beats * interval))
    }

    /// Sees to a clock that was set back: what was told in a time that is to come was told now, for
    /// all that anyone knows. So it is not told again at once, nor waits for the clock to catch up.
    /// Returns whether anything changed.
    pub fn follow_clock(&mut self, now: Timestamp) -> bool {
        let ahead = self.told_at.is_some_and(|at| at > now);
        if ahead {
            self.told_at = Some(now);
            self.beat = None;
        }
        ahead
    }

    /// When what still fires is told again: the first beat at which `repeat_interval` is over, so
    /// exactly then if it is a multiple of `group_interval`.
    pub fn repeats_at(&self, now: Timestamp) -> Option<Timestamp> {
        let interval = self.timing.group_interval.as_millis().max(1);
        let beats = self.timing.repeat_interval.as_millis().div_ceil(interval);
        Some(due(self.told_at?, millis(beats.max(1) * interval), now))
    }
}

fn millis(count: u128) -> Duration {
    Duration::from_millis(u64::try_from(count).unwrap_or(u64::MAX))
}

/// When `period` is over. A beginning in the future says that the clock was set back: then nobody
/// knows how long ago it was, and nothing waits for the clock to catch up.
fn due(since: Timestamp, period: Duration, now: Timestamp) -> Timestamp {
    if since > now {
        now
    } else {
        since.after(period)
    }
}

/// An incident on a card, and what is so of it at this moment.
#[derive(Debug, Clone, Copy)]
pub struct Look<'a> {
    /// The incident.
    pub incident: &'a Arc<Incident>,
    /// Until when a silence covers it.
    pub silenced_until: Option<Timestamp>,
    /// Whether another alert that fires explains it.
    pub inhibited: bool,
    /// Whether it is there only until its end: no route leads it there any more.
    pub left: bool,
    /// Whether the destination may have seen a message of it although the ledger knows nothing.
    pub maybe_told: bool,
}

impl Look<'_> {
    /// Whether it is not told to anyone who does not know it.
    pub const fn held(&self) -> bool {
        self.silenced_until.is_some() || self.inhibited || self.left
    }
}

/// What a card has to tell now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View {
    /// Everything it shows, in order of opening.
    pub members: Vec<Shown>,
    /// Earlier lives of alerts that fire again: told by telling of the later one.
    pub superseded: Vec<(IncidentId, Told)>,
    /// Whether a message that answers the live one says what happened: something new fires, or
    /// everything is over, or it is said again.
    pub answers: bool,
    /// Whether people hear of it. What is held back ends without a sound.
    pub sounds: bool,
}

/// An incident as a card shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// The incident.
    pub incident: Arc<Incident>,
    /// What is new about it.
    pub news: MemberNews,
    /// Until when a silence covers it.
    pub silenced_until: Option<Timestamp>,
    /// Whether it is not told to anyone who does not know it.
    pub held: bool,
}

impl Shown {
    /// What a message says of it.
    pub fn member(&self) -> Member<'_> {
        Member {
            incident: &self.incident,
            news: self.news,
            silenced_until: self.silenced_until,
        }
    }
}

impl View {
    /// The entries the ledger gets once this was told.
    pub fn told(&self) -> Vec<(IncidentId, Told)> {
        let shown = self.members.iter().map(|member| {
            let incident = &member.incident;
            (incident.id, Told::of(incident))
        });
        shown.chain(self.superseded.iter().copied()).collect()
    }

    /// Whether all of it is known.
    pub fn says_nothing_new(&self) -> bool {
        let mut news = self.members.iter().map(|member| member.news);
        self.superseded.is_empty() && news.all(|news| news == MemberNews::Known)
    }

    /// Whether everything it shows is over.
    pub fn all_ended(&self) -> bool {
        self.members.iter().all(|member| member.incident.ended())
    }
}

/// For how long something must have fired untold for its end to be told.
const MISSED_AFTER: Duration = Duration::from_secs(10);

/// Whether an incident that nobody was told of is told although it is over: it was critical, or
/// it fired for so long that it would have been told had nothing failed.
pub fn worth_telling_late(incident: &Incident) -> bool {
    match incident.state {
        State::Ended { at, .. } => {
            incident.severity() == Severity::Critical
                || at.since(incident.opened_at) >= MISSED_AFTER
        }
        State::Firing | State::Stale => true,
    }
}

impl Card {
    /// Through what its incidents come.
    pub fn through(&self) -> Through {
        Through::of(self.routed.as_ref())
    }

    /// The card without its ledger, to be stored.
    pub fn head(&self) -> Self {
        Self {
            members: BTreeMap::new(),
            routed: self.routed.clone(),
            group: Arc::clone(&self.group),
            ..*self
        }
    }

    /// What is new about one of its incidents, or `None` if it is not to be told at all now: in a
    /// muted chat, in hours in which a route tells nothing new, under a silence, while another
    /// alert explains it, and where no route leads it any more, what is not known yet is held back.
    pub fn news_of(&self, told: Told, look: &Look<'_>, muted: bool) -> Option<MemberNews> {
        let incident = look.incident;
        let unknown = told.edition == 0;
        // Even what may have been seen is not told again; only its end is.
        let held = muted || look.held();
        if unknown && held && (!look.maybe_told || !incident.ended()) {
            return None;
        }
        if unknown && !look.maybe_told && incident.ended() {
            return worth_telling_late(incident).then_some(MemberNews::Missed);
        }
        Some(if unknown && !incident.ended() {
            MemberNews::New
        } else if told.edition == incident.edition {
            MemberNews::Known
        } else {
            MemberNews::Changed
        })
    }

    /// What is to be told now, or `None` if everything is known that may be heard. With `again`,
    /// what fires is told although nothing of it is new.
    pub fn view<'a>(
        &self,
        look: impl Fn(IncidentId) -> Option<Look<'a>>,
        muted: bool,
        again: bool,
    ) -> Option<View> {
        let mut members: Vec<Shown> = Vec::with_capacity(self.members.len());
        let mut worth_telling: Vec<bool> = Vec::with_capacity(self.members.len());
        let (mut sounds, mut ends, mut ends_aloud) = (false, false, false);
        for (id, told) in &self.members {
            let Some(look) = look(*id) else {
                continue;
            };
            let Some(news) = self.news_of(*told, &look, muted) else {
                continue;
            };
            let incident = look.incident;
            let critical = incident.severity() == Severity::Critical;
            let held = muted || look.held();
            let changed = news == MemberNews::Changed;
            sounds |= match news {
                MemberNews::New => true,
                MemberNews::Missed => critical,
                MemberNews::Changed => told.edition < incident.loud && !incident.ended() && !held,
                MemberNews::Known => false,
            };
            ends |= changed;
            ends_aloud |= changed && !held;
            worth_telling.push(self.urgency_of(*told, incident, news, held).is_some());
            members.push(Shown {
                incident: Arc::clone(incident),
                news,
                silenced_until: look.silenced_until,
                held: look.held(),
            });
        }
        let all_ended = members.iter().all(|member| member.incident.ended());
        let sounds = !muted && (sounds || again || (ends_aloud && all_ended));
        let known_to_go_on = self.known_to_go_on(members.iter().map(|shown| &*shown.incident));
        let mut all = members.iter().zip(&worth_telling);
        let news_at_all =
            all.any(|(shown, worth)| *worth && !known_to_go_on.contains(&shown.incident.id));
        let superseded = take_superseded(&mut members);
        (news_at_all || self.behind || again).then_some(View {
            members,
            superseded,
            answers: sounds || (ends && all_ended),
            sounds,
        })
    }

    /// Of what is shown, in order of opening: earlier lives whose end alone is no news, since the
    /// destination was told that the alert fires again.
    pub fn known_to_go_on<'a>(
        &self,
        shown: impl Iterator<Item = &'a Incident> + Clone,
    ) -> HashSet<IncidentId> {
        let Some((earlier, latest)) = lives(shown) else {
            return HashSet::new();
        };
        let goes_on = |latest: &IncidentId| {
            let told = self.members.get(latest);
            told.is_some_and(|told| told.edition > 0 && !told.ended)
        };
        let known = earlier.into_iter();
        known
            .filter(|(_, fingerprint)| latest.get(fingerprint).is_some_and(goes_on))
            .map(|(id, _)| id)
            .collect()
    }

    /// How urgent it is to tell what is new about an incident, or `None` if it is not worth
    /// telling: an end always is, another text only where a message is there to be edited. What is
    /// `held` does not demand attention.
    pub fn urgency_of(
        &self,
        told: Told,
        incident: &Incident,
        news: MemberNews,
        held: bool,
    ) -> Option<Priority> {
        // The end of what may have been seen is as urgent as it is where nothing was.
        let matters = match incident.ended() {
            true => told.edition == 0,
            false => !held,
        };
        let demands_attention = told.edition < incident.loud && matters;
        match news {
            MemberNews::New if incident.severity() == Severity::Critical => {
                Some(Priority::Critical)
            }
            MemberNews::New | MemberNews::Missed => Some(Priority::News),
            MemberNews::Changed if demands_attention => Some(Priority::News),
            MemberNews::Changed if self.message_id.is_some() || incident.ended() => {
                Some(Priority::Quiet)
            }
            MemberNews::Changed | MemberNews::Known => None,
        }
    }

    /// Notes what was told, by the card's own message or by a digest. Returns the incidents that
    /// leave the card: all of them when every one has ended (the card is done), else the oldest
    /// ended ones beyond a few. While the live message is behind, none leaves.
    pub fn note(&mut self, told: &[(IncidentId, Told)], by_digest: bool) -> Vec<IncidentId> {
        for (id, entry) in told {
            if let Some(known) = self.members.get_mut(id) {
                *known = *entry;
            }
        }
        self.behind = by_digest && self.message_id.is_some();
        if self.behind {
            return Vec::new();
        }
        let ended: Vec<IncidentId> = self
            .members
            .iter()
            .filter(|(_, told)| told.ended)
            .map(|(id, _)| *id)
            .collect();
        let keep = if ended.len() == self.members.len() {
            0
        } else {
            ENDED_SHOWN_MAX
        };
        let leaving: Vec<IncidentId> = ended
            .iter()
            .take(ended.len().saturating_sub(keep))
            .copied()
            .collect();
        for id in &leaving {
            self.members.remove(id);
        }
        leaving
    }
}

/// Takes out earlier lives of alerts of which a later one is shown. An end of one that is not known
/// yet is told with the end of the later one, though that is known.
fn take_superseded(members: &mut Vec<Shown>) -> Vec<(IncidentId, Told)> {
    let mut superseded = Vec::new();
    let Some((earlier, _)) = lives(members.iter().map(|member| &*member.incident)) else {
        return superseded;
    };
    let mut ends: HashSet<Fingerprint> = HashSet::new();
    members.retain(|member| {
        let incident = &member.incident;
        let is_earlier = earlier.contains_key(&incident.id);
        if is_earlier {
            superseded.push((incident.id, Told::of(incident)));
            if member.news != MemberNews::Known {
                ends.insert(incident.fingerprint);
            }
        }
        !is_earlier
    });
    for member in members {
        let incident = &member.incident;
        let known_to_be_over = member.news == MemberNews::Known && incident.ended();
        if known_to_be_over && ends.contains(&incident.fingerprint) {
            member.news = MemberNews::Changed;
        }
    }
    superseded
}

/// Earlier lives of alerts that fire again, and the latest of each.
type Lives = (
    HashMap<IncidentId, Fingerprint>,
    HashMap<Fingerprint, IncidentId>,
);

/// Earlier lives and the latest, of incidents in order of opening; `None` if none flapped.
fn lives<'a>(shown: impl Iterator<Item = &'a Incident> + Clone) -> Option<Lives> {
    if !shown.clone().any(|incident| incident.flaps > 0) {
        return None;
    }
    let mut latest = HashMap::new();
    let mut earlier = HashMap::new();
    for incident in shown {
        if let Some(id) = latest.insert(incident.fingerprint, incident.id) {
            earlier.insert(id, incident.fingerprint);
        }
    }
    Some((earlier, latest))
}
