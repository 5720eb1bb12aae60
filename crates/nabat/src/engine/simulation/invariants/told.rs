//! What may be told at the moment at which a courier takes it.

use std::time::Duration;

use nabat_core::card::Card;
use nabat_core::change::Snapshot;
use nabat_core::delivery::{Content, Note, Send, Work};
use nabat_core::incident::Incident;
use nabat_core::notification::Reason;

use super::super::hands::listener;
use super::super::world::World;
use crate::store::Store;

impl World {
    /// What is taken may be told now. Returns whether it repeats what is known, because its route
    /// wants so.
    pub(in super::super) fn check_may_be_told(&mut self, work: &Work) -> bool {
        let kept = self.store.snapshot(self.now).unwrap();
        self.note_marks(&kept);
        for note in &work.told {
            self.check_is_not_hushed(&kept, work, note);
        }
        let cards = kept.cards.iter();
        let cards: Vec<&Card> = cards
            .filter(|card| work.told.iter().any(|note| note.card == card.id))
            .collect();
        for card in &cards {
            self.check_time_to_speak(&kept, card);
        }
        let due = |card: &&Card| {
            let routed = card.routed.as_ref();
            let at = routed.and_then(|routed| routed.repeats_at(self.now));
            at.is_some_and(|at| at <= self.now)
        };
        let repeats = cards.iter().all(due) && !cards.is_empty();
        if let [Send::Notify(notification)] = work.sends.as_slice()
            && notification.reason == Reason::Repeat
        {
            self.check_repeat(&kept, work, repeats);
        }
        repeats
    }

    /// Nobody hears anything new that is silenced or explained, nor in a muted chat or at the wrong
    /// hour.
    fn check_is_not_hushed(&mut self, kept: &Snapshot, work: &Work, note: &Note) {
        let key = (listener(work.destination, note.card), note.incident);
        if self.seen.contains_key(&key) || self.doubted.contains(&key) {
            return;
        }
        let incident = kept
            .incidents
            .iter()
            .find(|known| known.id == note.incident);
        let card = kept.cards.iter().find(|card| card.id == note.card);
        let hushed = card.is_some_and(|card| self.muted(kept, card))
            || incident.is_some_and(|incident| self.hushed(kept, incident));
        let there = work.destination;
        self.claim(!hushed, || {
            format!("{there} hears of {incident:?} for the first time, hushed")
        });
        let led = card
            .zip(incident)
            .is_none_or(|(card, incident)| self.is_led(card, incident));
        self.claim(led, || {
            format!("{there} hears of {incident:?} for the first time, and no route leads there")
        });
    }

    /// A group waits for its first alerts and does not speak twice within its interval. But people
    /// see at once what they did.
    fn check_time_to_speak(&mut self, kept: &Snapshot, card: &Card) {
        let Some(routed) = &card.routed else {
            return;
        };
        if self.shows_old_marks(card, &kept.incidents) {
            return;
        }
        let now = self.now;
        // A group that several routes bring may have gone by another of them when it was decided.
        let incidents = kept.incidents.iter();
        let shown = incidents.filter(|incident| card.members.contains_key(&incident.id));
        let waits = shown.filter_map(|incident| self.shortest_wait(card, incident));
        let wait = waits.fold(routed.timing.group_wait, Duration::min);
        let first = routed.opened_at.after(wait);
        // Since then the clock may have been set back and have caught up again.
        let mut deliveries = kept.deliveries.iter();
        let delivery = deliveries.find(|delivery| delivery.content == Content::Card(card.id));
        let decided_at = delivery.map_or(now, |delivery| delivery.created_at);
        let waited = first <= decided_at || routed.opened_at > decided_at;
        // Another configuration may have given it another time to wait meanwhile.
        let waited = waited || self.reconfigured;
        self.claim(routed.told_at.is_some() || waited, || {
            format!("at {now:?} too early speaks {card:?}")
        });
        let off_beat = delivery.is_some_and(|known| self.off_beat.contains(&known.id));
        let spoke = self.spoke.get(&card.id).copied().filter(|_| !off_beat);
        let next = spoke.map(|at| at.after(routed.timing.group_interval));
        self.claim(next.is_none_or(|next| next <= now), || {
            format!("at {now:?} after {spoke:?} speaks again {card:?}")
        });
    }

    /// What is repeated is due, and something of it nobody sees to.
    fn check_repeat(&mut self, kept: &Snapshot, work: &Work, due: bool) {
        let free = |incident: &Incident| {
            let told = work.told.iter().any(|note| note.incident == incident.id);
            told && !incident.ended()
                && incident.acknowledged.is_none()
                && !self.hushed(kept, incident)
                && self.leads_to(work.destination, incident)
        };
        let free = kept.incidents.iter().any(free);
        self.claim(due && free, || {
            format!("{work:?} repeats: due {due}, in nobody's hands {free}")
        });
    }
}
