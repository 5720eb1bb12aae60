//! Answers that got lost: nobody knows whether a message arrived.
//!
//! A critical alert and an end do more harm missing than said again, so they are, a few times;
//! anything else is taken as told, so that there is one copy of it at most. In a digest each card is
//! decided for itself.

use super::couriers::card_of;
use super::{Effects, Engine};
use crate::delivery::{Delivery, Fate, Note};
use crate::incident::Severity;
use crate::time::Timestamp;

/// How many copies there may be of what nobody confirms.
const COPIES_MAX: u32 = 2;

impl Engine {
    /// Takes back deliveries whose answer got lost.
    pub(super) fn uncertain(
        &mut self,
        now: Timestamp,
        deliveries: Vec<Delivery>,
        told: &[Note],
        reason: &str,
        out: &mut Effects,
    ) {
        self.attempted(now, &deliveries, Fate::Uncertain, reason, out);
        let by_digest = deliveries.len() > 1;
        let (again, over): (Vec<_>, Vec<_>) = deliveries
            .into_iter()
            .partition(|delivery| self.worth_a_copy(delivery, told));
        let noted: Vec<Note> = told
            .iter()
            .filter(|note| over.iter().any(|known| card_of(known) == Some(note.card)))
            .copied()
            .collect();
        self.give_up(now, &over, &noted, Fate::Uncertain, by_digest, out);
        self.try_again(now, &again, reason, true, out);
        for card in again.iter().filter_map(card_of) {
            if let Some(on_duty) = self.cards.get_mut(&card) {
                on_duty.lose_answer(&mut self.before);
            }
        }
    }

    /// Whether one more copy does less harm than a missing message.
    fn worth_a_copy(&self, delivery: &Delivery, told: &[Note]) -> bool {
        let Some(on_duty) = card_of(delivery).and_then(|card| self.cards.get(&card)) else {
            return false;
        };
        let card = &on_duty.card;
        let critical = |id| {
            let known = self.incidents.get(id);
            known.is_some_and(|known| known.incident.severity() == Severity::Critical)
        };
        // Whoever misses an end believes for good that something fires. What somebody
        // silenced since is as critical as before when the silence is over.
        let urgent = told.iter().any(|note| {
            let known = card.members.get(&note.incident);
            note.card == card.id
                && known.is_some_and(|known| match note.told.ended {
                    true => !known.ended,
                    false => known.edition == 0 && critical(&note.incident),
                })
        });
        urgent && on_duty.answers_lost() < COPIES_MAX
    }
}
