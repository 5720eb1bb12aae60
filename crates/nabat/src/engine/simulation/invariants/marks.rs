//! What people did about incidents: messages show it at once, whatever their routes say.

use nabat_core::card::Card;
use nabat_core::change::Snapshot;
use nabat_core::delivery::{Content, Work};
use nabat_core::incident::{Acknowledgement, Incident};
use nabat_core::time::Timestamp;

use super::super::world::World;
use super::Kept;

/// Who sees to an incident, until when it is silenced, and the edition at which that was new.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) struct Mark {
    acknowledged: Option<Box<Acknowledgement>>,
    silenced_until: Option<Timestamp>,
    edition: u32,
}

impl World {
    /// Notes what is different from the last time.
    pub(in super::super) fn note_marks(&mut self, kept: &Snapshot) {
        for incident in &kept.incidents {
            let silences = kept.silences.iter();
            let covers = silences.filter(|known| known.active() && known.covers(&incident.labels));
            let now = Mark {
                acknowledged: incident.acknowledged.clone(),
                silenced_until: covers.map(|silence| silence.ends_at).max(),
                edition: incident.edition,
            };
            let known = self.marks.get(&incident.id);
            let begins = Mark {
                acknowledged: None,
                edition: 0,
                ..now.clone()
            };
            let known = known.cloned().unwrap_or(begins);
            let same = (known.acknowledged == now.acknowledged)
                && (known.silenced_until == now.silenced_until);
            self.marks
                .insert(incident.id, if same { known } else { now });
        }
        for delivery in &kept.deliveries {
            let mut cards = kept.cards.iter();
            let card = cards.find(|card| delivery.content == Content::Card(card.id));
            if card.is_some_and(|card| self.shows_old_marks(card, &kept.incidents)) {
                self.off_beat.insert(delivery.id);
            }
        }
    }

    /// After a restart, what waited for a beat goes on waiting.
    pub(in super::super) fn forget_marks(&mut self) {
        for mark in self.marks.values_mut() {
            mark.edition = 0;
        }
    }

    /// Whether a card's message shows other than it is what people did.
    pub(in super::super) fn shows_old_marks(&self, card: &Card, incidents: &[Incident]) -> bool {
        let old = |incident: &Incident| {
            let (told, mark) = (card.members.get(&incident.id), self.marks.get(&incident.id));
            let told = told.filter(|told| told.edition > 0 && !incident.ended());
            told.zip(mark)
                .is_some_and(|(told, mark)| told.edition < mark.edition)
        };
        card.message_id.is_some() && incidents.iter().any(old)
    }

    /// People see what they did as soon as their chat takes messages.
    pub(super) fn check_marks(&mut self, kept: &Kept) {
        for card in &kept.snapshot.cards {
            let chat = card.destination.chat().and_then(|key| kept.chat(key));
            let disabled = chat.is_some_and(|chat| chat.disabled.is_some());
            let waits = kept.waiting.contains_key(&card.id);
            let old = self.shows_old_marks(card, &kept.snapshot.incidents);
            self.claim(!old || waits || disabled, || {
                format!("{card:?} does not show what people did")
            });
        }
    }

    /// Whether a group speaks by telling this: marks alone are no word of it.
    pub(in super::super) fn speaks(&self, before: &Snapshot, card: &Card, work: &Work) -> bool {
        let mut notes = work.told.iter().filter(|note| note.card == card.id);
        let due = |at: Timestamp| at <= self.now;
        let routed = card.routed.as_ref();
        card.message_id.is_none()
            || routed
                .and_then(|routed| routed.repeats_at(self.now))
                .is_some_and(due)
            || notes.any(|note| {
                let incidents = before.incidents.iter();
                let incident = incidents.clone().find(|known| known.id == note.incident);
                let known = card.members.get(&note.incident);
                known.zip(incident).is_none_or(|(known, incident)| {
                    known.edition == 0
                        || (note.told.ended && !known.ended)
                        || known.edition < incident.loud
                })
            })
    }
}
