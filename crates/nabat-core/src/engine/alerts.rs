//! What sources say, and what time does to incidents.

use std::sync::Arc;
use std::time::Duration;

use super::{Effects, Ended, Engine, Known, Timer};
use crate::alert::{Fingerprint, News, Status};
use crate::change::Change;
use crate::incident::{Ending, Expiry, Heard, Incident, IncidentId, Pulse, State, title_of};
use crate::sieve::Sieve;
use crate::time::Timestamp;

/// News that says nothing new is written at most this often, and where it gives an end only every
/// fourth time: [`GRACE_MIN`] is longer.
const SEEN_STEP: Duration = Duration::from_secs(60);

/// Why some alerts are not taken. Those of the request that are not concerned are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The limit of open incidents is reached: what would open another is refused.
    #[error(
        "{limit} incidents are open, which is the most: {refused} new of this request were refused, the rest of it was taken; resolve some or raise `limits.max_open_incidents`"
    )]
    TooManyIncidents {
        /// How many alerts of the request were refused.
        refused: usize,
        /// The limit.
        limit: usize,
    },
    /// The limit of subscriptions is reached.
    #[error(
        "there are {limit} subscriptions, which is the most: no other chat can be told of monitors; end some or raise `limits.max_subscriptions`"
    )]
    TooManySubscriptions {
        /// The limit.
        limit: usize,
    },
}

/// When a life is told that began with news from before the end of another, if it is not over by
/// then. Two of a pair of Prometheus evaluate a minute apart at most, unless told otherwise.
const CONFIRMED_AFTER: Duration = Duration::from_secs(75);

/// For how long, at the least, what fired before a start goes on after it: nobody could be told of
/// its source meanwhile, and what is stored of its end may lag behind.
const GRACE_MIN: Duration = Duration::from_secs(300);

/// When an incident began, when it ends by itself, and what came before.
struct Life {
    starts_at: Timestamp,
    expires: Option<Expiry>,
    flaps: u32,
}

impl Engine {
    /// Takes what a source says. What would open too many incidents is refused; ends and signs of
    /// life are taken all the same, or what is known would be taken for over.
    ///
    /// # Errors
    /// See [`Refusal`]. What was decided of the rest is to be stored before it is told.
    pub fn news(
        &mut self,
        now: Timestamp,
        news: Vec<News>,
        out: &mut Effects,
    ) -> Result<(), Refusal> {
        if news.iter().any(|news| !news.own) {
            self.last_news_at = Some(now);
        }
        let limit = self.settings.open_incidents_max;
        let mut refused = 0;
        for news in news {
            if self.open.len() >= limit && self.would_open(&news) {
                refused += 1;
            } else {
                self.hear(now, news, out);
            }
        }
        self.announce_touched(now, out);
        match refused {
            0 => Ok(()),
            _ => Err(Refusal::TooManyIncidents { refused, limit }),
        }
    }

    fn would_open(&self, news: &News) -> bool {
        let fires = matches!(news.status, Status::Firing { .. });
        fires && !self.open.contains_key(&news.labels.fingerprint())
    }

    /// Takes what a source says of one alert.
    pub(super) fn hear(&mut self, now: Timestamp, news: News, out: &mut Effects) {
        let fingerprint = news.labels.fingerprint();
        if let Some(id) = self.open.get(&fingerprint).copied() {
            if !self.is_known_end(id, fingerprint, news.status) {
                self.hear_of_open(now, id, &news, out);
            }
            return;
        }
        let Status::Firing { expires } = news.status else {
            // Nobody was told that it fires, or everyone that it is over.
            return self.amend_end(now, &news, out);
        };
        if expires.is_some_and(|expires| expires.at <= now) {
            return;
        }
        // Late news of a life that ended a moment ago (a retry, another Alertmanager of the same
        // cluster) opens no second one. Later than that, a source that still says so is right. One
        // that says until when may be another of a pair, which knows better or sees the same end a
        // little later: it is believed, and told if it does not see it soon. A source whose clock
        // runs ahead does not reach beyond the present.
        let began_at = news.starts_at.map_or(now, |at| at.min(now));
        let ended = self.ended_lately.get(&fingerprint);
        // An end in the future says that the clock was set back: then nobody knows what is late.
        let late = |ended: &Ended| {
            ended.said && began_at < ended.at && ended.at <= now && now < ended.remembered_until
        };
        let late = ended.filter(|ended| late(ended));
        if expires.is_none() && late.is_some() {
            return;
        }
        let doubtful = late.is_some_and(|ended| !ended.disputed);
        let flaps = ended
            .filter(|ended| now < ended.remembered_until)
            .map_or(0, |ended| ended.flaps.saturating_add(1));
        // Whoever gives an end may also give a start that lies ahead, as to Alertmanager.
        let starts_at = expires.and(news.starts_at).unwrap_or(began_at);
        let life = Life {
            starts_at,
            expires,
            flaps,
        };
        let id = self.open_incident(now, news, &life, out);
        if doubtful && let Some(known) = self.incidents.get_mut(&id) {
            known.doubtful = true;
            let timer = Timer::Confirmed(id);
            self.timers.insert((now.after(CONFIRMED_AFTER), timer));
        }
    }

    /// A life that was doubtful goes on: it is told.
    pub(super) fn confirm(&mut self, id: IncidentId) {
        if let Some(known) = self.incidents.get_mut(&id) {
            known.doubtful = false;
            self.touched.extend(&known.cards);
        }
    }

    /// Whether only the end of an earlier life is said again, which Prometheus does for a quarter of
    /// an hour, while another of a pair goes on saying that it fires.
    fn is_known_end(&self, id: IncidentId, fingerprint: Fingerprint, status: Status) -> bool {
        let Status::Resolved { ends_at: Some(at) } = status else {
            return false;
        };
        let doubtful = self.incidents.get(&id).is_some_and(|known| known.doubtful);
        let ended = self.ended_lately.get(&fingerprint);
        !doubtful && ended.is_some_and(|ended| ended.said && ended.at == at)
    }

    fn open_incident(
        &mut self,
        now: Timestamp,
        news: News,
        life: &Life,
        out: &mut Effects,
    ) -> IncidentId {
        let title = title_of(&news.labels, &news.annotations);
        let mut incident = Incident {
            flaps: life.flaps,
            annotations: news.annotations,
            links: news.links,
            starts_at: life.starts_at,
            expires: life.expires,
            ..Incident::new(IncidentId(self.number(out)), news.labels, now)
        };
        if let Some(group) = news.group {
            incident.group = group;
        }
        let incident = Arc::new(incident);
        out.changes.push(Change::Incident(Arc::clone(&incident)));
        self.remember(now, Arc::clone(&incident), incident.pulse());
        self.keep_silenced(now, &incident, out);
        self.tell(now, &incident, &title, news.own, out);
        incident.id
    }

    fn hear_of_open(&mut self, now: Timestamp, id: IncidentId, news: &News, out: &mut Effects) {
        let Some(known) = self.incidents.get_mut(&id) else {
            return;
        };
        let before = known.pulse.expires;
        let heard = known.incident.hear(&mut known.pulse, news, now, SEEN_STEP);
        // One that ends later is found alive by the timer that it has, and given another.
        let pulse = known.pulse;
        let sooner = match (before, pulse.expires) {
            (Some(before), Some(expires)) => expires.at < before.at,
            (before, expires) => before != expires,
        };
        if heard == Heard::Same && !sooner {
            return;
        }
        let incident = Arc::clone(&known.incident);
        if heard == Heard::Changed || sooner {
            self.set_timer(&incident, pulse);
        }
        if heard != Heard::Same {
            out.changes.push(Change::Incident(Arc::clone(&incident)));
        }
        if heard == Heard::Changed {
            self.after_change(now, &incident);
        }
    }

    /// Looks whether an incident's end time has come or its source has been silent for too long.
    pub(super) fn look_at_incident(&mut self, now: Timestamp, id: IncidentId, out: &mut Effects) {
        let stale_after = self.settings.stale_after;
        let Some(known) = self.incidents.get_mut(&id) else {
            return;
        };
        if known.incident.ended() {
            return;
        }
        let pulse = known.pulse;
        let expired = pulse.expires.filter(|expires| expires.at <= now);
        let silent = pulse.expires.is_none()
            && known.incident.state == State::Firing
            && pulse.seen_at.after(stale_after) <= now;
        if expired.is_none() && !silent {
            let incident = Arc::clone(&known.incident);
            self.set_timer(&incident, pulse);
            return;
        }
        let incident = Arc::make_mut(&mut known.incident);
        incident.follow(pulse);
        match expired {
            Some(expires) => incident.end(expires.at, now, Ending::Expired),
            None => incident.grow_stale(),
        }
        let incident = Arc::clone(&known.incident);
        out.changes.push(Change::Incident(Arc::clone(&incident)));
        self.after_change(now, &incident);
    }

    /// After an incident changed in a way worth telling: its cards have something to say, and if
    /// it ended, its alert may open another one.
    pub(super) fn after_change(&mut self, now: Timestamp, incident: &Arc<Incident>) {
        if let State::Ended { at, how } = incident.state {
            self.open.remove(&incident.fingerprint);
            self.silences.note_end(&incident.labels);
            self.inhibitions.end(incident.id);
            self.note_end(now, incident, at, how);
        }
        if let Some(known) = self.incidents.get(&incident.id) {
            self.touched.extend(&known.cards);
        }
        self.forget_if_untold(incident.id);
    }

    fn note_end(&mut self, now: Timestamp, incident: &Incident, at: Timestamp, how: Ending) {
        let remembered_until = now.after(Self::REORDER_WINDOW);
        let known = self.incidents.get(&incident.id);
        let ended = Ended {
            disputed: known.is_some_and(|known| known.doubtful),
            incident: incident.id,
            at,
            said: how != Ending::Expired,
            remembered_until,
            flaps: incident.flaps,
        };
        self.ended_lately.insert(incident.fingerprint, ended);
        let timer = Timer::EndedLately(incident.fingerprint);
        self.timers.insert((remembered_until, timer));
    }

    /// Forgets the end of a life in time: not before a later life is over, to which it may be said
    /// again.
    pub(super) fn forget_end(&mut self, now: Timestamp, fingerprint: Fingerprint) {
        let ended = self.ended_lately.get(&fingerprint);
        if ended.is_none_or(|ended| ended.remembered_until > now) {
            return;
        }
        if self.open.contains_key(&fingerprint) {
            let later = now.after(Self::REORDER_WINDOW);
            self.timers.insert((later, Timer::EndedLately(fingerprint)));
        } else {
            self.ended_lately.remove(&fingerprint);
        }
    }

    /// The signs of life of an incident that comes from the store. One that would be over soon, or
    /// was while no Nabat ran, goes on for long enough that its source can be heard.
    pub(super) fn granted(&self, now: Timestamp, incident: &Incident) -> Pulse {
        let mut pulse = incident.pulse();
        let earliest = now.after(self.settings.resolve_timeout.max(GRACE_MIN));
        if let Some(expires) = &mut pulse.expires {
            expires.at = expires.at.max(earliest);
        }
        pulse
    }

    /// Keeps an incident in memory.
    pub(super) fn remember(&mut self, now: Timestamp, incident: Arc<Incident>, pulse: Pulse) {
        if let State::Ended { at, how } = incident.state {
            self.note_end(now, &incident, at, how);
        } else {
            self.open.insert(incident.fingerprint, incident.id);
            self.inhibitions.open(incident.id, &incident.labels);
            self.set_timer(&incident, pulse);
            self.watch_acknowledgement(&incident);
        }
        let silenced_until = self.silences.until(&incident.labels);
        let known = Known {
            cards: Vec::new(),
            silenced_until,
            inhibited_by: None,
            marked: 0,
            doubtful: false,
            pulse,
            sieve: Sieve::of(&incident.labels),
            takers: self.sorter.takers(&incident.labels),
            incident,
        };
        self.named.add(&known.incident);
        self.incidents.insert(known.incident.id, known);
    }

    fn set_timer(&mut self, incident: &Incident, pulse: Pulse) {
        if incident.ended() {
            return;
        }
        let at = match pulse.expires {
            Some(expires) => expires.at,
            None if incident.state == State::Firing => {
                pulse.seen_at.after(self.settings.stale_after)
            }
            None => return,
        };
        self.timers.insert((at, Timer::Incident(incident.id)));
    }

    /// Forgets an incident that is over and that no card has to tell of.
    pub(super) fn forget_if_untold(&mut self, id: IncidentId) {
        let Some(known) = self.incidents.get(&id) else {
            return;
        };
        if known.cards.is_empty() && known.incident.ended() {
            self.named.remove(id, &known.incident.labels);
            self.incidents.remove(&id);
        }
    }

    /// Forgets every incident that is over and that no card has to tell of.
    pub(super) fn forget_untold(&mut self) {
        self.incidents
            .retain(|known| !known.cards.is_empty() || !known.incident.ended());
        self.named = super::silences::Named::default();
        let known = self.incidents.values();
        known.for_each(|known| self.named.add(&known.incident));
    }
}
