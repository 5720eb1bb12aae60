//! Who must be told: which incidents are on whose cards.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{Effects, Engine, OnDuty};
use crate::card::{Card, CardId, Routed, Through, Told};
use crate::change::Change;
use crate::chat::{ChatKey, Role};
use crate::destination::Destination;
use crate::incident::{GroupKey, Incident, IncidentId};
use crate::route::Integration;
use crate::time::Timestamp;

impl Engine {
    /// Puts a new incident on the cards of everyone who must know.
    pub(super) fn tell(
        &mut self,
        now: Timestamp,
        incident: &Arc<Incident>,
        title: &str,
        own: bool,
        out: &mut Effects,
    ) {
        for chat in self.listeners(incident, title, own) {
            self.show_subscribed(chat, incident, out);
        }
        self.arrange(now, incident, out);
    }

    /// The chats that hear of an incident by themselves: who subscribed, and of an alert of Nabat's
    /// `own` the operators.
    pub(super) fn listeners(
        &self,
        incident: &Incident,
        title: &str,
        own: bool,
    ) -> BTreeSet<ChatKey> {
        let found = self.index.find(&incident.labels, title);
        let mut chats: BTreeSet<ChatKey> = found
            .iter()
            .filter_map(|id| self.subscriptions.get(id))
            .map(|subscription| subscription.chat)
            .filter(|chat| self.may_hear(*chat))
            .collect();
        if own {
            chats.extend(self.operators());
        }
        chats
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

    /// Puts an incident on a chat's card of its own group, for somebody subscribed. That speaks at
    /// once, so what a route was to tell there and has not yet is told by it.
    pub(super) fn show_subscribed(
        &mut self,
        chat: ChatKey,
        incident: &Arc<Incident>,
        out: &mut Effects,
    ) {
        let there = Destination::Chat(chat);
        let mut maybe = false;
        for id in self.cards_showing(there, incident.id) {
            let Some(on_duty) = self.cards.get_mut(&id) else {
                continue;
            };
            if on_duty.card.through() != Through::Route || on_duty.knows(incident.id) {
                if on_duty.left.remove(&incident.id) {
                    self.touched.insert(id);
                }
                return;
            }
            maybe |= on_duty.maybe_told(incident.id);
            self.take_off(id, &[incident.id], out);
            self.touched.insert(id);
        }
        self.put_on(there, &incident.group, None, incident, maybe, out);
    }

    /// Puts an incident on the destination's card of a group. `maybe`: it may have been told there.
    pub(super) fn put_on(
        &mut self,
        destination: Destination,
        group: &GroupKey,
        routed: Option<Routed>,
        incident: &Arc<Incident>,
        maybe: bool,
        out: &mut Effects,
    ) -> CardId {
        let through = Through::of(routed.as_ref());
        let known = self.card_at(destination, through, group);
        let id = known.unwrap_or_else(|| self.new_card(destination, group, routed, out));
        let Some(on_duty) = self.cards.get_mut(&id) else {
            return id;
        };
        let told = Told {
            maybe,
            ..Told::default()
        };
        on_duty.card.members.insert(incident.id, told);
        out.changes.push(Change::Told {
            card: id,
            incident: incident.id,
            told,
        });
        if let Some(known) = self.incidents.get_mut(&incident.id) {
            known.cards.push(id);
        }
        // In a group of many, each that joins would have all of them looked at.
        if !self.awaits_beat(id) {
            self.touched.insert(id);
        }
        id
    }

    /// The destination's card of a group.
    pub(super) fn card_at(
        &self,
        destination: Destination,
        through: Through,
        group: &GroupKey,
    ) -> Option<CardId> {
        let cards = self.cards_at.get(&destination)?;
        cards.get(&(through, Arc::clone(group))).copied()
    }

    /// The cards of a destination that show an incident.
    pub(super) fn cards_showing(&self, there: Destination, incident: IncidentId) -> Vec<CardId> {
        let known = self.incidents.get(&incident);
        let cards = known.map_or(&[][..], |known| &known.cards).iter();
        cards
            .filter(|id| {
                self.cards
                    .get(*id)
                    .is_some_and(|it| it.card.destination == there)
            })
            .copied()
            .collect()
    }

    /// What fires, in order of opening.
    pub(super) fn firing(&self) -> Vec<Arc<Incident>> {
        let known = self.open.values().filter_map(|id| self.incidents.get(id));
        let mut firing: Vec<_> = known.map(|known| Arc::clone(&known.incident)).collect();
        firing.sort_unstable_by_key(|incident| incident.id);
        firing
    }

    fn new_card(
        &mut self,
        destination: Destination,
        group: &GroupKey,
        routed: Option<Routed>,
        out: &mut Effects,
    ) -> CardId {
        let card = Card {
            id: CardId(self.number(out)),
            destination,
            group: Arc::clone(group),
            routed,
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
        self.cards_at
            .entry(card.destination)
            .or_default()
            .insert((card.through(), Arc::clone(&card.group)), card.id);
        self.cards.insert(card.id, OnDuty::of(card));
    }

    /// The integration behind a destination, as it is configured.
    pub(super) fn integration(&self, destination: Destination) -> Option<&Integration> {
        let Destination::Integration(id) = destination else {
            return None;
        };
        self.settings.routing.as_ref()?.integration(id)
    }

    /// Takes incidents off a card, and the card away when nothing is left on it to be told.
    pub(super) fn take_off(&mut self, id: CardId, leaving: &[IncidentId], out: &mut Effects) {
        let Some(on_duty) = self.cards.get_mut(&id) else {
            return;
        };
        let mut leaving = leaving.to_vec();
        for incident in &leaving {
            on_duty.card.members.remove(incident);
            on_duty.left.remove(incident);
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

    pub(super) fn remove_card(&mut self, id: CardId, out: &mut Effects) {
        let Some(on_duty) = self.cards.remove(&id) else {
            return;
        };
        self.before.note(&on_duty);
        if let Some(delivery) = on_duty.delivery {
            self.deliveries.remove(&delivery);
            out.changes.push(Change::DeliveryGone(delivery));
        }
        if let Some(cards) = self.cards_at.get_mut(&on_duty.card.destination) {
            cards.remove(&(on_duty.card.through(), Arc::clone(&on_duty.card.group)));
            if cards.is_empty() {
                self.cards_at.remove(&on_duty.card.destination);
            }
        }
        out.changes.push(Change::CardGone(id));
    }

    /// Since when nothing can be told there, if so.
    pub(super) fn disabled_since(&self, destination: Destination) -> Option<Timestamp> {
        let chat = self.chats.get(&destination.chat()?)?;
        chat.disabled.as_ref().map(|disabled| disabled.since)
    }

    /// The cards of a destination.
    pub(super) fn cards_of(&self, destination: Destination) -> Vec<CardId> {
        let cards = self.cards_at.get(&destination);
        cards
            .map(|cards| cards.values().copied().collect())
            .unwrap_or_default()
    }
}

/// The change that stores a card without its ledger.
pub(super) fn card_change(card: &Card) -> Change {
    Change::Card(Box::new(card.head()))
}
