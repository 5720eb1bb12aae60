//! What waits in the outbox and for how long, what is kept of it afterwards, and what people do
//! about it.

use super::couriers::card_of;
use super::{Effects, Engine, Timer};
use crate::alert::{News, Status};
use crate::change::Change;
use crate::chat::ChatKey;
use crate::delivery::{Content, Delivery, DeliveryId, Done, Fate, Note, Priority, Waiting};
use crate::destination::Destination;
use crate::incident::title_of;
use crate::time::Timestamp;

/// The alert that says that a critical alert has not been delivered for long.
const DELIVERY_LATE: &str = "NabatDeliveryLate";
/// The longest subject in characters.
const SUBJECT_CHARS_MAX: usize = 200;

/// Which of the waiting deliveries are wanted, in the order of [`Engine::pending`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wanted {
    /// Only this one's; `None`: everyone's.
    pub destination: Option<Destination>,
    /// Only those that come after this one.
    pub after: Option<(Priority, DeliveryId)>,
    /// At most so many.
    pub limit: usize,
}

impl Default for Wanted {
    fn default() -> Self {
        Self {
            destination: None,
            after: None,
            limit: usize::MAX,
        }
    }
}

/// A delivery that waits, as people are shown it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pending {
    /// The delivery itself.
    pub delivery: Delivery,
    /// What it is about, on one line.
    pub subject: String,
    /// What its destination is called.
    pub destination_name: String,
}

/// What became of a wish to drop a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dropped {
    /// It is forgotten.
    Done,
    /// A courier has it: nobody can say whether it arrives.
    OnItsWay,
    /// No such delivery waits.
    Unknown,
}

impl Engine {
    /// What waits, the most urgent and then the oldest first.
    pub fn pending(&self, wanted: Wanted) -> Vec<Pending> {
        let rank = |delivery: &Delivery| (delivery.priority, delivery.id);
        let mut deliveries: Vec<&Delivery> = self
            .deliveries
            .values()
            .filter(|delivery| {
                wanted
                    .destination
                    .is_none_or(|at| at == delivery.destination)
            })
            .filter(|delivery| wanted.after.is_none_or(|after| rank(delivery) > after))
            .collect();
        if deliveries.len() > wanted.limit {
            // Of a long outbox only what is shown is worth sorting.
            deliveries.select_nth_unstable_by_key(wanted.limit, |delivery| rank(delivery));
            deliveries.truncate(wanted.limit);
        }
        deliveries.sort_unstable_by_key(|delivery| rank(delivery));
        deliveries
            .into_iter()
            .map(|delivery| self.shown(delivery))
            .collect()
    }

    /// One delivery, if it waits.
    pub fn pending_one(&self, id: DeliveryId) -> Option<Pending> {
        self.deliveries.get(&id).map(|known| self.shown(known))
    }

    fn shown(&self, delivery: &Delivery) -> Pending {
        Pending {
            subject: self.subject(delivery),
            destination_name: self.name_of(delivery.destination),
            delivery: delivery.clone(),
        }
    }

    /// Has a waiting delivery tried now, whatever pause its courier makes after failures. Returns
    /// whether it waits.
    pub fn hurry(&self, id: DeliveryId, out: &mut Effects) -> bool {
        let Some(delivery) = self.deliveries.get(&id) else {
            return false;
        };
        out.waiting.push(Waiting {
            hurried: true,
            ..delivery.waiting()
        });
        true
    }

    /// Takes a person's word that a chat that took no messages takes them again: what it missed
    /// and still matters is told. Returns whether it took none.
    pub fn reach_again(
        &mut self,
        now: Timestamp,
        destination: Destination,
        out: &mut Effects,
    ) -> bool {
        let Some(chat) = destination.chat() else {
            return false;
        };
        let known = self.chats.get(&chat);
        if known.is_none_or(|known| known.disabled.is_none()) {
            return false;
        }
        self.enable(now, chat, out);
        self.announce_touched(now, out);
        true
    }

    /// What a destination is called for people.
    pub fn name_of(&self, destination: Destination) -> String {
        match destination {
            Destination::Chat(chat) => self
                .chats
                .get(&chat)
                .filter(|known| !known.title.is_empty())
                .map_or_else(|| self.name_by_routes(chat), |known| known.title.clone()),
            Destination::Integration(_) => self
                .integration(destination)
                .map_or_else(|| destination.to_string(), |known| known.name.to_string()),
        }
    }

    /// What a chat is called in which nobody has said a word: by a receiver that tells it, if one
    /// does.
    fn name_by_routes(&self, chat: ChatKey) -> String {
        let routing = self.settings.routing.as_deref();
        let mut routes = routing
            .into_iter()
            .flat_map(|routing| routing.leading_to(chat));
        match routes.next() {
            Some(route) => format!("{} ({chat})", route.receiver),
            None => chat.to_string(),
        }
    }

    /// Forgets a delivery because a person says so: its destination is not told what it would
    /// have been, and is taken to know it. The ends of what it may have seen are told all the same.
    pub fn drop_delivery(&mut self, now: Timestamp, id: DeliveryId, out: &mut Effects) -> Dropped {
        let Some(delivery) = self.deliveries.get(&id).cloned() else {
            return Dropped::Unknown;
        };
        let mut told = self.notes_now(now, &delivery);
        if let Some(on_duty) = card_of(&delivery).and_then(|id| self.cards.get(&id)) {
            if on_duty.on_its_way() {
                return Dropped::OnItsWay;
            }
            // Who may have seen that it fires has to be told the end all the same.
            for note in &mut told {
                if note.told.ended && on_duty.maybe_told(note.incident) {
                    note.told.ended = false;
                    note.told.edition = note.told.edition.saturating_sub(1);
                }
            }
        }
        let deliveries = [delivery];
        self.end(now, &deliveries, &told, Fate::Dropped, out);
        self.delivered(now, &deliveries, &told, false, out);
        self.announce_touched(now, out);
        Dropped::Done
    }

    /// Keeps in the history how deliveries ended. An answer that arrived leaves no trace there.
    pub(super) fn end(
        &mut self,
        now: Timestamp,
        deliveries: &[Delivery],
        told: &[Note],
        fate: Fate,
        out: &mut Effects,
    ) {
        for delivery in deliveries {
            if delivery.priority.is_answer() && fate == Fate::Sent {
                continue;
            }
            let mut subject = self.subject_of_notes(delivery, told);
            if subject.is_empty() {
                subject = self.subject(delivery);
            }
            // Whoever drops one makes no attempt.
            let last = u32::from(fate != Fate::Dropped);
            out.changes.push(Change::DeliveryDone(Box::new(Done {
                id: delivery.id,
                destination: delivery.destination,
                subject,
                priority: delivery.priority,
                fate,
                attempts: delivery.attempts.saturating_add(last),
                created_at: delivery.created_at,
                done_at: now,
            })));
        }
        if fate != Fate::Dropped {
            self.keep_told(now, deliveries, told, fate, out);
        }
    }

    fn subject_of_notes(&self, delivery: &Delivery, told: &[Note]) -> String {
        let card = card_of(delivery);
        let mut news = told
            .iter()
            .filter(|note| Some(note.card) == card)
            .filter(|note| {
                let on_duty = self.cards.get(&note.card);
                let known = on_duty.and_then(|known| known.card.members.get(&note.incident));
                known != Some(&note.told)
            })
            .filter_map(|note| self.incidents.get(&note.incident));
        let Some(first) = news.next() else {
            return String::new();
        };
        let title = title_of(&first.incident.labels, &first.incident.annotations);
        subject(&title, news.count())
    }

    /// What a waiting delivery is about. Answers may hold invitations: they are only named.
    fn subject(&self, delivery: &Delivery) -> String {
        let Content::Card(id) = delivery.content else {
            return "an answer".to_owned();
        };
        let members = self.cards.get(&id).map(|known| &known.card.members);
        let all: Vec<_> = members
            .into_iter()
            .flatten()
            .filter_map(|(id, told)| Some((&self.incidents.get(id)?.incident, told)))
            .collect();
        let news = all
            .iter()
            .filter(|(incident, told)| told.edition != incident.edition);
        // A repeat has no news: it is about all of it.
        let about: Vec<_> = match news.clone().next() {
            Some(_) => news.collect(),
            None => all.iter().collect(),
        };
        let Some((first, _)) = about.first() else {
            return String::new();
        };
        let title = title_of(&first.labels, &first.annotations);
        subject(&title, about.len() - 1)
    }

    /// Remembers a delivery if it is critical.
    pub(super) fn note_critical(&mut self, delivery: &Delivery) {
        if delivery.priority == Priority::Critical {
            self.criticals.insert((delivery.created_at, delivery.id));
        }
    }

    /// The critical delivery that has waited longest.
    pub(super) fn oldest_critical(&self) -> Option<&Delivery> {
        let mut known = self.criticals.iter();
        known.find_map(|(_, id)| self.critical(*id))
    }

    fn critical(&self, id: DeliveryId) -> Option<&Delivery> {
        let delivery = self.deliveries.get(&id);
        delivery.filter(|delivery| delivery.priority == Priority::Critical)
    }

    /// Whether the own alert about a critical delivery that is late fires.
    pub(super) fn tells_of_late(&self) -> bool {
        let resolved = Status::Resolved { ends_at: None };
        let news = News::about_itself(DELIVERY_LATE, &[], None, resolved);
        self.open.contains_key(&news.labels.fingerprint())
    }

    /// Raises or ends the own alert about a critical delivery that is late.
    pub(super) fn look_whether_late(&mut self, now: Timestamp, out: &mut Effects) {
        while let Some((_, id)) = self.criticals.first()
            && self.critical(*id).is_none()
        {
            self.criticals.pop_first();
        }
        let limit = self.settings.late_after;
        let due = self.criticals.first().map(|(since, _)| since.after(limit));
        if let Some(due) = due.filter(|due| *due > now) {
            self.timers.insert((due, Timer::Late));
        }
        let late = self
            .oldest_critical()
            .filter(|_| due.is_some_and(|due| due <= now));
        let words = late.map(|delivery| {
            let name = self.name_of(delivery.destination);
            let error = delivery
                .last_error
                .as_deref()
                .unwrap_or("nothing was tried yet");
            format!("A critical alert has not reached {name} yet: {error}")
        });
        if words.is_some() == self.late {
            return;
        }
        self.late = words.is_some();
        let status = match &words {
            Some(_) => Status::Firing { expires: None },
            None => Status::Resolved { ends_at: None },
        };
        let summary = words.as_deref().map(|text| ("summary", text));
        let news = News::about_itself(DELIVERY_LATE, &[], summary, status);
        self.hear(now, news, out);
    }
}

/// A title, and how many more there are.
fn subject(title: &str, more: usize) -> String {
    let mut subject: String = title.chars().take(SUBJECT_CHARS_MAX).collect();
    if more > 0 {
        subject.push_str(&format!(" (and {more} more)"));
    }
    subject
}
