//! Couriers: what they take, what people see of it, and what Nabat learns of that.

use std::collections::{BTreeMap, HashSet};

use nabat_core::card::{CardId, worth_telling_late};
use nabat_core::chat::ChatKey;
use nabat_core::delivery::{DeliveryId, Note, Outcome, Priority, Send, Settled, Work};
use nabat_core::destination::{Destination, Outlet};
use nabat_core::engine::Effects;
use nabat_core::incident::IncidentId;

use super::setting::{self, HOOK, MAIL, SPARE};
use super::world::{COURIER, MOVED_GROUP, World, chat};
use crate::store::Store;

/// Everyone who carries something.
const COURIERS: [Outlet; 4] = [
    COURIER,
    Outlet::Integration(MAIL),
    Outlet::Integration(HOOK),
    Outlet::Integration(SPARE),
];

/// What a courier holds.
pub(super) struct Hand {
    pub(super) work: Work,
    /// It says again what is known, as its route wants.
    repeats: bool,
}

impl World {
    /// Deliveries that no courier holds, by destination.
    fn waiting(&self) -> BTreeMap<Destination, Vec<DeliveryId>> {
        let busy: HashSet<Destination> = self.hands.iter().map(|h| h.work.destination).collect();
        let mut waiting: BTreeMap<Destination, Vec<DeliveryId>> = BTreeMap::new();
        for delivery in COURIERS
            .iter()
            .flat_map(|outlet| self.engine.waiting(*outlet))
        {
            if !busy.contains(&delivery.destination) {
                let there = waiting.entry(delivery.destination).or_default();
                there.push(delivery.id);
            }
        }
        waiting
    }

    pub(super) fn take(&mut self) {
        let mut waiting: Vec<_> = self.waiting().into_values().collect();
        if waiting.is_empty() {
            return;
        }
        let at = self.dice.below(waiting.len());
        let ids = waiting.swap_remove(at);
        let id = ids[self.dice.below(ids.len())];
        self.take_these(&[id]);
    }

    pub(super) fn take_batch(&mut self) {
        let mut chats = self.waiting().into_iter();
        let last = chats.rfind(|(to, _)| to.chat().is_some());
        if let Some((_, ids)) = last {
            let cards: Vec<DeliveryId> = self
                .engine
                .waiting(COURIER)
                .filter(|waiting| waiting.priority != Priority::Answer)
                .map(|waiting| waiting.id)
                .filter(|id| ids.contains(id))
                .collect();
            self.take_these(&cards);
        }
    }

    fn take_these(&mut self, ids: &[DeliveryId]) {
        let mut out = Effects::default();
        let work = self.engine.take(self.now, ids, &mut out);
        self.commit(&out.changes);
        self.log.push(format!("taken {ids:?}: {}", work.is_some()));
        if let Some(work) = work {
            let repeats = self.check_may_be_told(&work);
            self.hands.push(Hand { work, repeats });
        }
    }

    /// The provider takes it: people see it. Returns the number of the live message, if it sent
    /// one.
    fn shown(&mut self, hand: &Hand) -> Option<i64> {
        let work = &hand.work;
        let mut live_message = None;
        for send in &work.sends {
            if let Send::New { live: true, .. } = send {
                self.message_id += 1;
                live_message = Some(self.message_id);
            }
        }
        self.log
            .push(format!("{} sees {:?}", work.destination, work.told));
        if !self.waits(work) {
            // Dropped meanwhile: Nabat does not note that it was seen.
            self.doubts += work.ids.len();
            self.doubted.extend(keys(work));
        }
        let mut nothing_new = !work.told.is_empty();
        for Note { incident, told, .. } in &work.told {
            let key = (work.destination, *incident);
            let before = self.seen.insert(key, *told);
            nothing_new &= before == Some(*told);
            let of_the_unknown = before.is_none()
                && told.ended
                && !self.doubted.contains(&key)
                && !self.is_missed(*incident);
            self.claim(!of_the_unknown, || {
                format!(
                    "{} hears the end of {incident:?} and never heard of it",
                    key.0
                )
            });
            let backwards = before.is_some_and(|before| before.edition > told.edition);
            self.claim(!backwards, || {
                format!(
                    "{} hears of {incident:?} what was so before {before:?}",
                    key.0
                )
            });
            self.refused.remove(&key);
        }
        let heard = |send: &Send| matches!(send, Send::New { .. } | Send::Notify(_));
        let again = nothing_new && !hand.repeats && work.sends.iter().any(heard);
        if again {
            self.log.push("which is known there".to_owned());
        }
        self.repeats += usize::from(again);
        live_message
    }

    /// Whether it is told although it is over, because it should have been told while it fired.
    fn is_missed(&self, id: IncidentId) -> bool {
        let kept = self.store.snapshot(self.now).unwrap();
        let incident = kept.incidents.iter().find(|incident| incident.id == id);
        incident.is_some_and(worth_telling_late)
    }

    /// People saw it, and Nabat does not learn it.
    fn shown_in_vain(&mut self, hand: &Hand) -> Option<i64> {
        // What was one digest may come again as a message for each of its cards.
        self.doubts += hand.work.ids.len();
        self.doubted.extend(keys(&hand.work));
        self.shown(hand)
    }

    pub(super) fn settle_one(&mut self) {
        if self.hands.is_empty() {
            return;
        }
        let at = self.dice.below(self.hands.len());
        let hand = self.hands.remove(at);
        let kind = self.dice.below(14);
        let work = &hand.work;
        let reason = "because".to_owned();
        let told = work.told.clone();
        let group = work.destination.chat().filter(|chat| chat.chat < 0);
        let (message_id, outcome) = match kind {
            0..=6 => (self.shown(&hand), Outcome::Sent { told }),
            // The first requests were carried out, a later one was not.
            7 => {
                let partly = true;
                (self.shown_in_vain(&hand), Outcome::Retry { partly, reason })
            }
            8 => {
                self.doubted.extend(keys(work));
                let given_up = !self.is_tried_again(work);
                if self.dice.below(2) == 0 {
                    self.shown_in_vain(&hand);
                } else if given_up {
                    self.missed.extend(keys(work));
                }
                (None, Outcome::Uncertain { told, reason })
            }
            9 => {
                self.doubt_parts(work);
                (None, Outcome::Unreachable { reason })
            }
            10 => {
                self.doubted.extend(keys(work));
                self.refused.extend(keys(work));
                (None, Outcome::Failed { told, reason })
            }
            11 if group.is_some_and(|chat| chat.chat != MOVED_GROUP) && self.waits(work) => {
                self.doubt_parts(work);
                self.moves(group);
                (None, Outcome::Migrated { to: MOVED_GROUP })
            }
            _ => {
                let partly = false;
                (None, Outcome::Retry { partly, reason })
            }
        };
        self.log
            .push(format!("{:?} is settled: {outcome:?}", work.ids));
        self.settle(work, message_id, outcome);
    }

    /// Of a message that came in several parts some may have been seen, whatever the last answer.
    fn doubt_parts(&mut self, work: &Work) {
        if !matches!(work.sends.as_slice(), [Send::New { live: true, .. }]) {
            self.doubted.extend(keys(work));
        }
    }

    /// Whether nothing of it was dropped meanwhile.
    fn waits(&self, work: &Work) -> bool {
        let waits = |id: &DeliveryId| self.engine.pending_one(*id).is_some();
        work.ids.iter().all(waits)
    }

    /// Whether it is worth a second copy when its answer got lost.
    fn is_tried_again(&self, work: &Work) -> bool {
        let mut waiting = COURIERS
            .iter()
            .flat_map(|outlet| self.engine.waiting(*outlet));
        let critical = |priority| priority == Priority::Critical;
        let kept = self.store.snapshot(self.now).unwrap();
        let tells_end = |note: &Note| {
            let card = kept.cards.iter().find(|card| card.id == note.card);
            let known = card.and_then(|card| card.members.get(&note.incident));
            note.told.ended && known.is_some_and(|known| !known.ended)
        };
        let urgent = waiting
            .any(|waiting| work.ids.contains(&waiting.id) && critical(waiting.priority))
            || work.told.iter().any(tells_end);
        let mut tried = kept.deliveries.iter();
        urgent && tried.all(|delivery| !work.ids.contains(&delivery.id) || delivery.attempts < 2)
    }

    /// The group gets another number; its people have seen what they have seen.
    fn moves(&mut self, from: Option<ChatKey>) {
        let (Some(from), to) = (from, chat(MOVED_GROUP)) else {
            return;
        };
        for number in &mut self.chats {
            if *number == from.chat {
                *number = to.chat;
            }
        }
        let moved = |key: (Destination, IncidentId)| match key.0 == from.into() {
            true => (to.into(), key.1),
            false => key,
        };
        self.seen = self
            .seen
            .drain()
            .map(|(key, told)| (moved(key), told))
            .collect();
        for keys in [&mut self.missed, &mut self.refused, &mut self.doubted] {
            *keys = keys.drain().map(moved).collect();
        }
    }

    fn settle(&mut self, work: &Work, message_id: Option<i64>, outcome: Outcome) {
        self.note_spoken(work, &outcome);
        let settled = Settled {
            ids: work.ids.clone(),
            message_id,
            outcome,
        };
        let mut out = Effects::default();
        if self.dice.below(10) == 0 {
            self.log
                .push("its outcome is not stored at first".to_owned());
            self.engine.settle(self.now, settled.clone(), &mut out);
            self.restore();
            out = Effects::default();
        }
        self.engine.settle(self.now, settled, &mut out);
        self.commit(&out.changes);
    }

    /// Notes when a card spoke for the last time.
    fn note_spoken(&mut self, work: &Work, outcome: &Outcome) {
        let spoken = self.waits(work)
            && match outcome {
                Outcome::Sent { .. } | Outcome::Failed { .. } => true,
                Outcome::Uncertain { .. } => !self.is_tried_again(work),
                _ => false,
            };
        if spoken {
            let cards: HashSet<CardId> = work.told.iter().map(|note| note.card).collect();
            self.spoke
                .extend(cards.iter().map(|card| (*card, self.now)));
        }
    }

    /// A person drops what waits, and is thereby taken to know it.
    pub(super) fn drop_one(&mut self) {
        let kept = self.store.snapshot(self.now).unwrap();
        if kept.deliveries.is_empty() {
            return;
        }
        let delivery = &kept.deliveries[self.dice.below(kept.deliveries.len())];
        // What is on its way can't be dropped; that a store that failed may make it forget is not
        // lived through.
        let ids = |hand: &Hand| hand.work.ids.contains(&delivery.id);
        if self.hands.iter().any(ids) {
            return;
        }
        self.log.push(format!("{:?} is dropped", delivery.id));
        let mut out = Effects::default();
        self.engine.drop_delivery(self.now, delivery.id, &mut out);
        self.commit(&out.changes);
        let after = self.store.snapshot(self.now).unwrap();
        for card in kept.cards {
            let now = after.cards.iter().find(|known| known.id == card.id);
            for (incident, told) in card.members {
                let then = now.map(|card| card.members.get(&incident));
                if then.is_none_or(|then| then != Some(&told)) {
                    let key = (card.destination, incident);
                    self.doubted.insert(key);
                    self.missed.insert(key);
                    self.refused.insert(key);
                }
            }
            self.spoke.remove(&card.id);
        }
    }

    pub(super) fn hurry_one(&mut self) {
        let ids: Vec<DeliveryId> = self.waiting().into_values().flatten().collect();
        if let Some(id) = ids.first() {
            let mut out = Effects::default();
            let waits = self.engine.hurry(*id, &mut out);
            let told = out.waiting.iter().all(|waiting| waiting.hurried);
            self.claim(waits && told && out.changes.is_empty(), || {
                format!("{id:?} is not hurried: {out:?}")
            });
        }
    }

    pub(super) fn deliver_all(&mut self) {
        for _ in 0..1_000 {
            self.deliver_hands();
            let Some((_, ids)) = self.waiting().pop_first() else {
                return;
            };
            self.take_these(&ids[..1]);
        }
        self.claim(false, || "it never ends".to_owned());
    }

    fn deliver_hands(&mut self) {
        for hand in std::mem::take(&mut self.hands) {
            let message_id = self.shown(&hand);
            let told = hand.work.told.clone();
            self.settle(&hand.work, message_id, Outcome::Sent { told });
        }
    }

    /// Some of what couriers hold is carried out, and the process dies before it knows.
    pub(super) fn lose_answers(&mut self) {
        for hand in std::mem::take(&mut self.hands) {
            if self.dice.below(2) == 0 {
                self.shown_in_vain(&hand);
            }
        }
        self.crash();
    }

    /// Integrations that are configured no more have no courier, and nobody asks what they know.
    pub(super) fn forget_unconfigured(&mut self) {
        let there = |at| setting::exists(&self.settings, at);
        self.hands.retain(|hand| there(hand.work.destination));
        self.seen.retain(|(at, _), _| there(*at));
    }
}

/// What a delivery tells, and whom.
pub(super) fn keys(work: &Work) -> impl Iterator<Item = (Destination, IncidentId)> {
    let notes = work.told.iter();
    notes.map(|note| (work.destination, note.incident))
}
