//! Who must be told: cards, their deliveries, and the chats that hold them back.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{Effects, Engine, OnDuty};
use crate::card::{Card, CardId, Told};
use crate::change::Change;
use crate::chat::{ChatKey, Role};
use crate::delivery::{Content, Delivery, DeliveryId, Priority};
use crate::incident::{GroupKey, Incident, IncidentId, Severity, title_of};
use crate::subscription::index::Index;
use crate::subscription::{Selector, SubscriptionId};
use crate::time::Timestamp;

impl Engine {
    /// Puts a new incident on the cards of everyone who must know.
    pub(super) fn tell_subscribers(
        &mut self,
        incident: &Arc<Incident>,
        title: &str,
        own: bool,
        out: &mut Effects,
    ) {
        let mut chats: BTreeSet<ChatKey> = self
            .index
            .find(&incident.labels, title)
            .iter()
            .filter_map(|id| self.subscriptions.get(id))
            .map(|subscription| subscription.chat)
            .filter(|chat| self.may_hear(*chat))
            .collect();
        if own {
            chats.extend(self.operators());
        }
        for chat in chats {
            self.show(chat, incident, out);
        }
    }

    /// Where Nabat speaks about itself.
    fn operators(&self) -> Vec<ChatKey> {
        if !self.settings.operators.is_empty() {
            return self.settings.operators.clone();
        }
        let owned = |chat: &ChatKey| {
            self.people
                .values()
                .any(|person| person.role == Role::Owner && person.id.0 == chat.chat)
        };
        self.chats.keys().copied().filter(owned).collect()
    }

    /// Puts an incident on the chat's card of its group.
    fn show(&mut self, chat: ChatKey, incident: &Arc<Incident>, out: &mut Effects) {
        let known = self
            .cards_by_chat
            .get(&chat)
            .and_then(|cards| cards.get(&incident.group))
            .copied();
        let id = known.unwrap_or_else(|| self.new_card(chat, &incident.group, out));
        let Some(on_duty) = self.cards.get_mut(&id) else {
            return;
        };
        if on_duty.card.members.contains_key(&incident.id) {
            return;
        }
        let told = Told::default();
        on_duty.card.members.insert(incident.id, told);
        out.changes.push(Change::Told {
            card: id,
            incident: incident.id,
            told,
        });
        if let Some(known) = self.incidents.get_mut(&incident.id) {
            known.cards.push(id);
        }
        self.touched.insert(id);
    }

    /// Announces every card that changed in this step. To be called at the end of each.
    pub(super) fn announce_touched(&mut self, now: Timestamp, out: &mut Effects) {
        for card in std::mem::take(&mut self.touched) {
            self.announce(now, card, out);
        }
    }

    fn new_card(&mut self, chat: ChatKey, group: &GroupKey, out: &mut Effects) -> CardId {
        let card = Card {
            id: CardId(self.number(out)),
            chat,
            group: Arc::clone(group),
            message_id: None,
            behind: false,
            members: BTreeMap::new(),
        };
        let id = card.id;
        out.changes.push(card_change(&card));
        self.put_card(card);
        id
    }

    /// Keeps a card in memory.
    pub(super) fn put_card(&mut self, card: Card) {
        for incident in card.members.keys() {
            if let Some(known) = self.incidents.get_mut(incident) {
                known.cards.push(card.id);
            }
        }
        self.cards_by_chat
            .entry(card.chat)
            .or_default()
            .insert(Arc::clone(&card.group), card.id);
        self.cards.insert(card.id, OnDuty::of(card));
    }

    /// Sees to it that a card that has something to tell waits for a courier, and that one with
    /// nothing left goes.
    pub(super) fn announce(&mut self, now: Timestamp, id: CardId, out: &mut Effects) {
        self.drop_untold(id, out);
        let Some(on_duty) = self.cards.get(&id) else {
            return;
        };
        let (chat, waiting) = (on_duty.card.chat, on_duty.delivery);
        if self.chats.get(&chat).is_some_and(|c| c.disabled.is_some()) {
            return;
        }
        let Some(priority) = self.urgency(now, on_duty) else {
            return;
        };
        if let Some(delivery) = waiting.and_then(|id| self.deliveries.get_mut(&id)) {
            if priority < delivery.priority {
                delivery.priority = priority;
                out.changes.push(Change::Delivery(delivery.clone()));
                out.waiting.push(delivery.waiting());
            }
            return;
        }
        let delivery = Delivery {
            id: DeliveryId(self.number(out)),
            chat,
            content: Content::Card(id),
            priority,
            created_at: now,
            attempts: 0,
            last_error: None,
        };
        out.changes.push(Change::Delivery(delivery.clone()));
        self.put_delivery(delivery, out);
    }

    /// How urgent it is that the card speaks, or `None` if it has nothing to say.
    fn urgency(&self, now: Timestamp, on_duty: &OnDuty) -> Option<Priority> {
        let card = &on_duty.card;
        let muted = self.muted(card.chat, now);
        let mut urgency = None;
        let mut all_ended = true;
        for (id, told) in &card.members {
            let Some(known) = self.incidents.get(id) else {
                continue;
            };
            let incident = &known.incident;
            all_ended &= incident.ended();
            let new = told.edition == 0;
            let held_back = new && !on_duty.maybe_told(*id) && (muted || incident.ended());
            let worth_telling = new || card.tells_change_of(incident);
            if told.edition == incident.edition || held_back || !worth_telling {
                continue;
            }
            let this = match (new && !incident.ended(), incident.severity()) {
                (true, Severity::Critical) => Priority::Critical,
                (true, _) => Priority::News,
                (false, _) => Priority::Quiet,
            };
            urgency = Some(urgency.map_or(this, |known: Priority| known.min(this)));
        }
        match urgency {
            Some(Priority::Quiet) if all_ended && !muted => Some(Priority::News),
            None if card.behind => Some(Priority::Quiet),
            other => other,
        }
    }

    /// Takes incidents off a card that are over before anyone was told of them.
    fn drop_untold(&mut self, id: CardId, out: &mut Effects) {
        let Some(on_duty) = self.cards.get(&id) else {
            return;
        };
        let over = |incident: &IncidentId| {
            self.incidents
                .get(incident)
                .is_none_or(|known| known.incident.ended())
        };
        let leaving: Vec<IncidentId> = on_duty
            .card
            .members
            .iter()
            .filter(|(id, told)| told.edition == 0 && !on_duty.maybe_told(**id) && over(id))
            .map(|(incident, _)| *incident)
            .collect();
        self.take_off(id, &leaving, out);
    }

    /// Takes incidents off a card, and the card away when nothing is left on it to be told.
    pub(super) fn take_off(&mut self, id: CardId, leaving: &[IncidentId], out: &mut Effects) {
        let Some(on_duty) = self.cards.get_mut(&id) else {
            return;
        };
        let mut leaving = leaving.to_vec();
        for incident in &leaving {
            on_duty.card.members.remove(incident);
        }
        let done = !on_duty.card.behind && on_duty.card.members.values().all(|told| told.ended);
        if done {
            leaving.extend(on_duty.card.members.keys());
        }
        for incident in &leaving {
            if !done {
                out.changes.push(Change::ToldGone {
                    card: id,
                    incident: *incident,
                });
            }
            if let Some(known) = self.incidents.get_mut(incident) {
                known.cards.retain(|card| *card != id);
            }
            self.forget_if_untold(*incident);
        }
        if done {
            self.remove_card(id, out);
        }
    }

    fn remove_card(&mut self, id: CardId, out: &mut Effects) {
        let Some(on_duty) = self.cards.remove(&id) else {
            return;
        };
        if let Some(delivery) = on_duty.delivery {
            self.deliveries.remove(&delivery);
            out.changes.push(Change::DeliveryGone(delivery));
        }
        if let Some(cards) = self.cards_by_chat.get_mut(&on_duty.card.chat) {
            cards.remove(&on_duty.card.group);
            if cards.is_empty() {
                self.cards_by_chat.remove(&on_duty.card.chat);
            }
        }
        out.changes.push(Change::CardGone(id));
    }

    /// Whether nothing new is told to the chat now.
    pub(super) fn muted(&self, chat: ChatKey, now: Timestamp) -> bool {
        self.chats
            .get(&chat)
            .and_then(|chat| chat.muted_until)
            .is_some_and(|until| until > now)
    }

    /// Lets every card of a chat speak that has something to say.
    pub(super) fn announce_all(&mut self, now: Timestamp, chat: ChatKey, out: &mut Effects) {
        let cards: Vec<CardId> = self
            .cards_by_chat
            .get(&chat)
            .map(|cards| cards.values().copied().collect())
            .unwrap_or_default();
        for card in cards {
            self.announce(now, card, out);
        }
    }

    /// After a subscription was made: what fires already is told too. Returns how many do.
    pub(super) fn catch_up(
        &mut self,
        chat: ChatKey,
        selector: &Selector,
        out: &mut Effects,
    ) -> usize {
        let wanted = Index::new([(SubscriptionId::default(), selector)]);
        let mut firing: Vec<Arc<Incident>> = self
            .open
            .values()
            .filter_map(|id| self.incidents.get(id))
            .map(|known| &known.incident)
            .filter(|incident| selected(&wanted, incident))
            .cloned()
            .collect();
        firing.sort_unstable_by_key(|incident| incident.id);
        for incident in &firing {
            self.show(chat, incident, out);
        }
        firing.len()
    }

    /// After subscriptions ended: what the chat was not told of and has no other subscription for
    /// leaves its cards. What it was told of stays until its end, and so does what a message on
    /// its way may tell it.
    pub(super) fn after_unsubscribing(&mut self, chat: ChatKey, out: &mut Effects) {
        let wanted = Index::new(
            self.subscriptions
                .values()
                .filter(|subscription| subscription.chat == chat)
                .map(|subscription| (subscription.id, &subscription.selector)),
        );
        let unwanted = |id: &IncidentId| {
            self.incidents
                .get(id)
                .is_none_or(|known| !selected(&wanted, &known.incident))
        };
        let leaving: Vec<(CardId, Vec<IncidentId>)> = self
            .cards_by_chat
            .get(&chat)
            .into_iter()
            .flat_map(BTreeMap::values)
            .filter_map(|id| self.cards.get(id))
            .map(|on_duty| {
                let members = on_duty.card.members.iter();
                let untold = members
                    .filter(|(id, told)| told.edition == 0 && !on_duty.maybe_told(**id))
                    .map(|(id, _)| *id);
                (on_duty.card.id, untold.filter(unwanted).collect())
            })
            .collect();
        for (card, incidents) in leaving {
            self.take_off(card, &incidents, out);
        }
    }

    /// The subscriptions of a chat, oldest first.
    pub(super) fn subscriptions_of(&self, chat: ChatKey) -> Vec<(SubscriptionId, String)> {
        self.subscriptions
            .values()
            .filter(|subscription| subscription.chat == chat)
            .map(|subscription| (subscription.id, subscription.selector.to_string()))
            .collect()
    }
}

/// Whether any subscription of the index is about the incident.
fn selected(index: &Index, incident: &Incident) -> bool {
    let title = title_of(&incident.labels, &incident.annotations);
    !index.find(&incident.labels, &title).is_empty()
}

/// The change that stores a card without its ledger.
pub(super) fn card_change(card: &Card) -> Change {
    Change::Card {
        id: card.id,
        chat: card.chat,
        group: Arc::clone(&card.group),
        message_id: card.message_id,
        behind: card.behind,
    }
}
