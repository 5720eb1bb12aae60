//! What sources say, and what time does to incidents.

use std::sync::Arc;
use std::time::Duration;

use super::{Effects, Ended, Engine, Known, Timer};
use crate::alert::{News, Status};
use crate::change::Change;
use crate::incident::{Ending, Heard, Incident, IncidentId, State, title_of};
use crate::time::Timestamp;

/// News that says nothing new is written at most this often.
const SEEN_STEP: Duration = Duration::from_secs(60);

/// Why alerts are not taken. Nothing of the request was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The limit of open incidents is reached.
    #[error(
        "{open} incidents are open and {limit} are the most; resolve some or raise `limits.max_open_incidents`"
    )]
    TooManyIncidents {
        /// How many are open.
        open: usize,
        /// The limit.
        limit: usize,
    },
}

/// When an incident began, when it ends by itself, and what came before.
struct Life {
    starts_at: Timestamp,
    expires_at: Option<Timestamp>,
    flaps: u32,
}

impl Engine {
    /// Takes what a source says. All of it, or nothing if it would open too many incidents.
    ///
    /// # Errors
    /// See [`Refusal`].
    pub fn news(
        &mut self,
        now: Timestamp,
        news: Vec<News>,
        out: &mut Effects,
    ) -> Result<(), Refusal> {
        let limit = self.settings.open_incidents_max;
        if self.open.len() + news.len() > limit && self.open.len() + self.unknown(&news) > limit {
            return Err(Refusal::TooManyIncidents {
                open: self.open.len(),
                limit,
            });
        }
        if news.iter().any(|news| !news.own) {
            self.last_news_at = Some(now);
        }
        for news in news {
            self.hear(now, news, out);
        }
        self.announce_touched(now, out);
        Ok(())
    }

    fn unknown(&self, news: &[News]) -> usize {
        news.iter()
            .filter(|news| matches!(news.status, Status::Firing { .. }))
            .filter(|news| !self.open.contains_key(&news.labels.fingerprint()))
            .count()
    }

    /// Takes what a source says of one alert.
    pub(super) fn hear(&mut self, now: Timestamp, news: News, out: &mut Effects) {
        let fingerprint = news.labels.fingerprint();
        if let Some(id) = self.open.get(&fingerprint).copied() {
            self.hear_of_open(now, id, &news, out);
            return;
        }
        let Status::Firing { expires_at } = news.status else {
            return; // Nobody was told that it fired.
        };
        if expires_at.is_some_and(|at| at <= now) {
            return;
        }
        // Late news of a life that ended a moment ago (a retry, another Alertmanager of the same
        // cluster) opens no second one. Later than that, a source that still says so is right.
        // A source whose clock runs ahead does not reach beyond the present.
        let starts_at = news.starts_at.map_or(now, |at| at.min(now));
        let ended = self.ended_lately.get(&fingerprint);
        // An end in the future says that the clock was set back: then nobody knows what is late.
        let late =
            |ended: &Ended| starts_at < ended.at && ended.at <= now && now < ended.remembered_until;
        if ended.is_some_and(late) {
            return;
        }
        let flaps = ended
            .filter(|ended| now < ended.remembered_until)
            .map_or(0, |ended| ended.flaps.saturating_add(1));
        let life = Life {
            starts_at,
            expires_at,
            flaps,
        };
        self.open_incident(now, news, &life, out);
    }

    fn open_incident(&mut self, now: Timestamp, news: News, life: &Life, out: &mut Effects) {
        let title = title_of(&news.labels, &news.annotations);
        let mut incident = Incident {
            flaps: life.flaps,
            annotations: news.annotations,
            links: news.links,
            starts_at: life.starts_at,
            expires_at: life.expires_at,
            ..Incident::new(IncidentId(self.number(out)), news.labels, now)
        };
        if let Some(group) = news.group {
            incident.group = group;
        }
        let incident = Arc::new(incident);
        out.changes.push(Change::Incident(Arc::clone(&incident)));
        self.remember(now, Arc::clone(&incident));
        self.tell(now, &incident, &title, news.own, out);
    }

    fn hear_of_open(&mut self, now: Timestamp, id: IncidentId, news: &News, out: &mut Effects) {
        let Some(known) = self.incidents.get_mut(&id) else {
            return;
        };
        let expired_before = known.incident.expires_at;
        // Copies only while a courier holds the incident.
        let heard = Arc::make_mut(&mut known.incident).hear(news, now, SEEN_STEP);
        if heard == Heard::Same {
            return;
        }
        let incident = Arc::clone(&known.incident);
        out.changes.push(Change::Incident(Arc::clone(&incident)));
        if heard == Heard::Changed || incident.expires_at != expired_before {
            self.set_timer(&incident);
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
        if let Some(at) = known.incident.expires_at.filter(|at| *at <= now) {
            Arc::make_mut(&mut known.incident).end(at, Ending::Expired);
        } else if known.incident.expires_at.is_none()
            && known.incident.state == State::Firing
            && known.incident.seen_at.after(stale_after) <= now
        {
            Arc::make_mut(&mut known.incident).grow_stale();
        } else {
            let incident = Arc::clone(&known.incident);
            self.set_timer(&incident);
            return;
        }
        let incident = Arc::clone(&known.incident);
        out.changes.push(Change::Incident(Arc::clone(&incident)));
        self.after_change(now, &incident);
    }

    /// After an incident changed in a way worth telling: its cards have something to say, and if
    /// it ended, its alert may open another one.
    pub(super) fn after_change(&mut self, now: Timestamp, incident: &Arc<Incident>) {
        if let State::Ended { at, .. } = incident.state {
            self.open.remove(&incident.fingerprint);
            self.affected.extend(self.inhibitions.end(incident.id));
            self.note_end(now, incident, at);
        }
        if let Some(known) = self.incidents.get(&incident.id) {
            self.touched.extend(&known.cards);
        }
        self.forget_if_untold(incident.id);
    }

    fn note_end(&mut self, now: Timestamp, incident: &Incident, at: Timestamp) {
        let remembered_until = now.after(Self::REORDER_WINDOW);
        let ended = Ended {
            at,
            remembered_until,
            flaps: incident.flaps,
        };
        self.ended_lately.insert(incident.fingerprint, ended);
        let timer = Timer::EndedLately(incident.fingerprint);
        self.timers.insert((remembered_until, timer));
    }

    /// Keeps an incident in memory.
    pub(super) fn remember(&mut self, now: Timestamp, incident: Arc<Incident>) {
        if let State::Ended { at, .. } = incident.state {
            self.note_end(now, &incident, at);
        } else {
            self.open.insert(incident.fingerprint, incident.id);
            let affected = self.inhibitions.open(incident.id, &incident.labels);
            self.affected.extend(affected);
            self.set_timer(&incident);
            self.watch_acknowledgement(&incident);
        }
        let silenced_until = self.silenced_until(&incident.labels);
        let known = Known {
            cards: Vec::new(),
            silenced_until,
            inhibited: false,
            incident,
        };
        self.incidents.insert(known.incident.id, known);
    }

    fn set_timer(&mut self, incident: &Incident) {
        if incident.ended() {
            return;
        }
        let at = match incident.expires_at {
            Some(at) => at,
            None if incident.state == State::Firing => {
                incident.seen_at.after(self.settings.stale_after)
            }
            None => return,
        };
        self.timers.insert((at, Timer::Incident(incident.id)));
    }

    /// Forgets an incident that is over and that no card has to tell of.
    pub(super) fn forget_if_untold(&mut self, id: IncidentId) {
        let over = self
            .incidents
            .get(&id)
            .is_some_and(|known| known.cards.is_empty() && known.incident.ended());
        if over {
            self.incidents.remove(&id);
        }
    }

    /// Forgets every incident that is over and that no card has to tell of.
    pub(super) fn forget_untold(&mut self) {
        self.incidents
            .retain(|_, known| !known.cards.is_empty() || !known.incident.ended());
    }
}
