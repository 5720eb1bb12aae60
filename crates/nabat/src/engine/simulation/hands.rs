//! Couriers: what they take, what people see of it, and what Nabat learns of that.

use std::collections::{BTreeMap, HashSet};

use nabat_core::card::{CardId, worth_telling_late};
use nabat_core::change::Snapshot;
use nabat_core::chat::ChatKey;
use nabat_core::delivery::{
    Content, Delivery, DeliveryId, Note, Outcome, Priority, Send, Settled, Work,
};
use nabat_core::destination::{Destination, Outlet};
use nabat_core::engine::{Dropped, Effects};
use nabat_core::incident::{Incident, IncidentId, Severity};

use super::setting::{self, HOOK, MAIL, SPARE, tells_ends};
use super::world::{COURIER, MOVED_GROUP, World};
use crate::store::Store;

/// Everyone who carries something.
const COURIERS: [Outlet; 4] = [
    COURIER,
    Outlet::Integration(MAIL),
    Outlet::Integration(HOOK),
    Outlet::Integration(SPARE),
];

/// Who hears of something: a chat, or at an integration those who follow one of its groups.
pub(super) type Listener = (Destination, Option<CardId>);

/// Who hears of what is on a card.
pub(super) fn listener(there: Destination, card: CardId) -> Listener {
    (there, there.chat().is_none().then_some(card))
}

/// What a courier holds.
pub(super) struct Hand {
    pub(super) work: Work,
    /// It says again what is known, as its route wants.
    repeats: bool,
}

impl World {
    /// Deliveries that no courier holds, by destination.
    pub(super) fn waiting(&self) -> BTreeMap<Destination, Vec<DeliveryId>> {
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
            self.lost.extend(keys(work));
            self.doubted.extend(keys(work));
        }
        let kept = self.store.snapshot(self.now).unwrap();
        // What should have been told while it fired is told although it is over.
        let is_missed = |id| {
            let incident = kept.incidents.iter().find(|incident| incident.id == id);
            incident.is_some_and(worth_telling_late)
        };
        let lost = keys(work).any(|key| self.lost.contains(&key));
        let mut nothing_new = !work.told.is_empty();
        for Note {
            incident,
            told,
            card,
        } in &work.told
        {
            let key = (listener(work.destination, *card), *incident);
            let before = self.seen.insert(key, *told);
            nothing_new &= before == Some(*told);
            let of_the_unknown = before.is_none()
                && told.ended
                && !self.doubted.contains(&key)
                && !is_missed(*incident);
            self.claim(!of_the_unknown, || {
                format!(
                    "{} hears the end of {incident:?} and never heard of it",
                    work.destination
                )
            });
            let backwards = before.is_some_and(|before| before.edition > told.edition);
            self.claim(!backwards || self.merged.contains(&key), || {
                format!(
                    "{} hears of {incident:?} what was so before {before:?}",
                    work.destination
                )
            });
            self.refused.remove(&key);
        }
        let heard = |send: &Send| matches!(send, Send::New { .. } | Send::Notify(_));
        let again = nothing_new && !hand.repeats && work.sends.iter().any(heard);
        self.claim(!again || lost, || {
            format!("{work:?} says nothing new, and no answer to that got lost")
        });
        live_message
    }

    /// People saw it, and Nabat does not learn it.
    fn shown_in_vain(&mut self, hand: &Hand) -> Option<i64> {
        self.doubted.extend(keys(&hand.work));
        let live_message = self.shown(hand);
        self.lost.extend(keys(&hand.work));
        live_message
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
        let waits = self.waits(work);
        let place = work.destination.chat().filter(|_| waits);
        let mut unseen = false;
        let (message_id, outcome) = match kind {
            0..=6 => (self.shown(&hand), Outcome::Sent { told }),
            // The first requests were carried out, a later one was not.
            7 => {
                let partly = true;
                (self.shown_in_vain(&hand), Outcome::Retry { partly, reason })
            }
            8 => {
                self.doubted.extend(keys(work));
                match self.dice.below(2) {
                    0 => _ = self.shown_in_vain(&hand),
                    _ => unseen = true,
                }
                (None, Outcome::Uncertain { told, reason })
            }
            9 => {
                self.doubt_parts(work);
                if let Some(chat) = place {
                    self.doubt_hands(chat);
                }
                (None, Outcome::Unreachable { reason })
            }
            10 => {
                self.doubted.extend(keys(work));
                self.refused.extend(keys(work));
                (None, Outcome::Failed { told, reason })
            }
            11 if let Some(topic) = place.filter(|place| place.topic.is_some()) => {
                self.doubt_parts(work);
                self.moves(
                    topic,
                    ChatKey {
                        topic: None,
                        ..topic
                    },
                );
                (None, Outcome::TopicGone)
            }
            11 if let Some(group) =
                place.filter(|place| (MOVED_GROUP + 1..0).contains(&place.chat)) =>
            {
                self.doubt_parts(work);
                for from in self.places.clone() {
                    if from.chat == group.chat {
                        self.moves(
                            from,
                            ChatKey {
                                chat: MOVED_GROUP,
                                ..from
                            },
                        );
                    }
                }
                (None, Outcome::Migrated { to: MOVED_GROUP })
            }
            _ => {
                let partly = false;
                (None, Outcome::Retry { partly, reason })
            }
        };
        self.log
            .push(format!("{:?} is settled: {outcome:?}", work.ids));
        self.settle(work, message_id, outcome, unseen);
    }

    /// Of a message that came in several parts some may have been seen, whatever the last answer.
    fn doubt_parts(&mut self, work: &Work) {
        if !matches!(work.sends.as_slice(), [Send::New { live: true, .. }]) {
            self.doubted.extend(keys(work));
        }
    }

    /// What is in hand for a chat or one of its topics, which takes no messages any more, may have
    /// been seen before.
    pub(super) fn doubt_hands(&mut self, chat: ChatKey) {
        let there = |hand: &&Hand| {
            let place = hand.work.destination.chat();
            place.is_some_and(|place| place.chat == chat.chat)
        };
        let held = self.hands.iter().filter(there);
        self.doubted.extend(held.flat_map(|hand| keys(&hand.work)));
    }

    /// Whether nothing of it was dropped meanwhile.
    fn waits(&self, work: &Work) -> bool {
        let waits = |id: &DeliveryId| self.engine.pending_one(*id).is_some();
        work.ids.iter().all(waits)
    }

    /// A place becomes another one; its people have seen what they have seen. Where people were
    /// told something at both, what they were told at the one that stays counts.
    fn moves(&mut self, from: ChatKey, to: ChatKey) {
        for place in &mut self.places {
            if *place == from {
                *place = to;
            }
        }
        self.places.sort_unstable();
        self.places.dedup();
        let (from, to): (Destination, Destination) = (from.into(), to.into());
        let (reads, goes_on) = ((from, None), (to, None));
        // What is still in somebody's hands was sent before.
        for hand in &mut self.hands {
            if hand.work.destination == from {
                hand.work.destination = to;
                self.doubted.extend(keys(&hand.work));
            }
        }
        for keys in [&mut self.missed, &mut self.refused, &mut self.doubted] {
            let moved = keys.extract_if(|(at, _)| *at == reads);
            let moved: Vec<_> = moved.map(|(_, id)| (goes_on, id)).collect();
            let new = moved.into_iter().filter(|key| !self.seen.contains_key(key));
            keys.extend(new);
        }
        let seen: Vec<_> = self.seen.extract_if(|(at, _), _| *at == reads).collect();
        // What those heard who read the one, those who read the other may hear again.
        let cards = self.store.snapshot(self.now).unwrap().cards;
        let moving = cards.iter().filter(|card| card.destination == from);
        let waits = moving.flat_map(|card| card.members.keys().copied());
        let heard = seen.iter().map(|((_, id), _)| *id);
        self.lost.extend(waits.chain(heard).map(|id| (goes_on, id)));
        for ((_, id), told) in seen {
            self.merged.insert((goes_on, id));
            self.seen.entry((goes_on, id)).or_insert(told);
        }
    }

    /// What became of it is noted, at the second attempt if the store takes no writes at first.
    /// `unseen`: the answer got lost, and so did the message.
    fn settle(&mut self, work: &Work, message_id: Option<i64>, outcome: Outcome, unseen: bool) {
        let before = self.store.snapshot(self.now).unwrap();
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
            self.recover();
            out = Effects::default();
        }
        self.engine.settle(self.now, settled.clone(), &mut out);
        self.commit(&out.changes);
        let after = self.store.snapshot(self.now).unwrap();
        self.note_marks(&after);
        for delivery in &before.deliveries {
            let Content::Card(card) = delivery.content else {
                continue;
            };
            if !work.ids.contains(&delivery.id) {
                continue;
            }
            // What is held back by now does not wait, but is not given up either.
            let held_back = |note: &Note| {
                let mut cards = after.cards.iter().filter(|known| known.id == note.card);
                let known = cards.find_map(|card| card.members.get(&note.incident));
                note.card == card && known.is_some_and(|known| known.edition == 0)
            };
            let gone =
                self.engine.pending_one(delivery.id).is_none() && !work.told.iter().any(held_back);
            match settled.outcome {
                Outcome::Sent { .. } => self.note_spoken(&before, &after, card, work),
                Outcome::Failed { .. } => {
                    self.given_up
                        .extend(work.told.iter().map(|note| note.incident));
                    self.note_spoken(&before, &after, card, work);
                }
                Outcome::Uncertain { .. } if gone => {
                    self.note_given_up(&before, delivery, work, unseen);
                    self.note_spoken(&before, &after, card, work);
                }
                Outcome::Uncertain { .. } => *self.answers_lost.entry(card).or_default() += 1,
                _ => {}
            }
        }
    }

    /// Notes when a card spoke for the last time, and that Nabat knows what it told.
    fn note_spoken(&mut self, before: &Snapshot, after: &Snapshot, card: CardId, work: &Work) {
        let known = before.cards.iter().find(|known| known.id == card);
        if known.is_some_and(|known| self.speaks(before, known, work)) {
            self.spoke.insert(card, self.now);
        }
        self.answers_lost.remove(&card);
        let known = after.cards.iter().find(|known| known.id == card);
        // An end that a receiver refused is not noted, for it is told again.
        let untold = |note: &&Note| {
            let known = known.and_then(|card| card.members.get(&note.incident));
            known.is_some_and(|known| *known != note.told)
        };
        let notes = work.told.iter().filter(|note| note.card == card);
        for note in notes.filter(|note| !untold(note)) {
            let there = listener(work.destination, card);
            self.lost.remove(&(there, note.incident));
        }
    }

    /// An answer got lost, and it was not worth another copy. Was it not?
    fn note_given_up(&mut self, before: &Snapshot, delivery: &Delivery, work: &Work, unseen: bool) {
        let card = before
            .cards
            .iter()
            .find(|card| delivery.content == Content::Card(card.id));
        let Some(card) = card else {
            return;
        };
        let mut notes = work.told.iter().filter(|note| note.card == card.id);
        for note in notes.clone() {
            let key = (listener(work.destination, note.card), note.incident);
            self.given_up.insert(note.incident);
            if unseen {
                self.missed.insert(key);
            }
            if unseen && note.told.ended {
                self.refused.insert(key);
            }
        }
        let known = |note: &Note| card.members.get(&note.incident);
        let tells_end = notes
            .clone()
            .any(|note| note.told.ended && known(note).is_some_and(|known| !known.ended));
        // Who wants no ends is told nothing more of what is over by now.
        let matters = |incident: &Incident| !incident.ended() || tells_ends(work.destination);
        let critical = |note: &Note| {
            let mut incidents = before.incidents.iter();
            let incident = incidents.find(|incident| incident.id == note.incident);
            let incident = incident.filter(|incident| matters(incident));
            incident.is_some_and(|incident| incident.severity() == Severity::Critical)
        };
        // A place that became this one may have been told meanwhile.
        let is_new = |note: &Note| known(note).is_some_and(|known| known.edition == 0);
        let urgent = tells_end || notes.any(|note| is_new(note) && critical(note));
        let lost = self.answers_lost.get(&card.id).copied().unwrap_or(0);
        self.claim(!urgent || lost >= 2, || {
            format!("{delivery:?} is given up after {lost} lost answers and this one")
        });
    }

    /// A person drops what waits, and is thereby taken to know it.
    pub(super) fn drop_one(&mut self) {
        let kept = self.store.snapshot(self.now).unwrap();
        if kept.deliveries.is_empty() {
            return;
        }
        let delivery = &kept.deliveries[self.dice.below(kept.deliveries.len())];
        let id = delivery.id;
        let mut out = Effects::default();
        let dropped = self.engine.drop_delivery(self.now, id, &mut out);
        self.commit(&out.changes);
        self.log.push(format!("to drop {id:?}: {dropped:?}"));
        let card = matches!(delivery.content, Content::Card(_));
        let held = card && self.hands.iter().any(|hand| hand.work.ids.contains(&id));
        let expected = if held {
            Dropped::OnItsWay
        } else {
            Dropped::Done
        };
        self.claim(dropped == expected, || {
            format!("{delivery:?} is dropped: {dropped:?}, not {expected:?}")
        });
        let after = self.store.snapshot(self.now).unwrap();
        for card in kept.cards {
            let now = after.cards.iter().find(|known| known.id == card.id);
            for (incident, told) in card.members {
                let then = now.map(|card| card.members.get(&incident));
                if then.is_none_or(|then| then != Some(&told)) {
                    let key = (listener(card.destination, card.id), incident);
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
            let outcome = Outcome::Sent { told };
            self.settle(&hand.work, message_id, outcome, false);
        }
    }

    /// Some of what couriers hold is carried out, and the process dies before it knows.
    pub(super) fn lose_answers(&mut self) {
        let hands = std::mem::take(&mut self.hands);
        for hand in &hands {
            if self.dice.below(2) == 0 {
                self.shown_in_vain(hand);
            }
        }
        self.crash_with(hands);
    }

    /// Integrations that are configured no more have no courier, and nobody asks what they know.
    pub(super) fn forget_unconfigured(&mut self) {
        let there = |at| setting::exists(&self.settings, at);
        self.hands.retain(|hand| there(hand.work.destination));
        self.seen.retain(|((at, _), _), _| there(*at));
    }
}

/// What a delivery tells, and whom.
fn keys(work: &Work) -> impl Iterator<Item = (Listener, IncidentId)> {
    let notes = work.told.iter();
    notes.map(|note| (listener(work.destination, note.card), note.incident))
}
