//! Who must be told: which incidents are on whose cards.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{Effects, Engine, OnDuty, overview};
use crate::card::{Card, CardId, Routed, Told};
use crate::change::Change;
use crate::chat::{ChatKey, Role};
use crate::destination::Destination;
use crate::incident::{GroupKey, Incident, IncidentId};
use crate::route::{Integration, Sorter, Timing};
use crate::time::Timestamp;

/// How the names of own alerts begin.
const OWN_ALERTS: &str = "Nabat";

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
        self.tell_receivers(now, incident, out);
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
            self.show(chat.into(), &incident.group, None, incident, out);
        }
    }

    /// Puts an incident on the cards of the receivers of its routes.
    /// None is told of its own failures, which would only fail again.
    fn tell_receivers(&mut self, now: Timestamp, incident: &Arc<Incident>, out: &mut Effects) {
        let routing = self.settings.routing.clone();
        let Some(routing) = routing.filter(|routing| routing.has_routes()) else {
            return;
        };
        let known = self.incidents.get(&incident.id);
        let Some(takers) = known.map(|known| Arc::clone(&known.takers)) else {
            return;
        };
        for route in takers.iter() {
            let (group, labels) = route.group(&incident.labels);
            let routed = Routed {
                labels,
                timing: route.timing,
                hours: route.hours.clone(),
                opened_at: opened_at(incident, route.timing, now),
                told_at: None,
                beat: None,
                instead_of: None,
            };
            let its_own_failure = |integration: &&Integration| {
                let about_it = incident.labels.value("to") == &*integration.name;
                about_it && incident.name().starts_with(OWN_ALERTS)
            };
            let integrations = routing.of(&route.receiver);
            let destinations = integrations
                .filter(|integration| !its_own_failure(integration))
                .map(|integration| Destination::Integration(integration.id))
                .chain(
                    routing
                        .chats_of(&route.receiver)
                        .iter()
                        .map(|chat| Destination::Chat(*chat)),
                );
            for destination in destinations {
                self.follow_route(destination, &group, &routed, out);
                self.show(destination, &group, Some(&routed), incident, out);
            }
        }
    }

    /// Finds the routes of everything anew: there are others.
    pub(super) fn sort_anew(&mut self) {
        self.sorter = Sorter::new(overview::routing(&self.settings));
        let sorter = &mut self.sorter;
        for known in self.incidents.values_mut() {
            known.takers = sorter.takers(&known.incident.labels);
        }
    }

    /// Gives an open group the timing and the hours that its route has now.
    fn follow_route(
        &mut self,
        destination: Destination,
        group: &GroupKey,
        route: &Routed,
        out: &mut Effects,
    ) {
        let cards = self.cards_at.get(&destination);
        let known = cards.and_then(|cards| cards.get(group)).copied();
        let Some(on_duty) = known.and_then(|id| self.cards.get_mut(&id)) else {
            return;
        };
        if let Some(routed) = &mut on_duty.card.routed
            && (routed.timing != route.timing || routed.hours != route.hours)
        {
            routed.timing = route.timing;
            routed.hours.clone_from(&route.hours);
            routed.beat = None;
            out.changes.push(card_change(&on_duty.card));
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

    /// Puts an incident on the destination's card of a group. It is told once per destination: if
    /// another card there shows it already, that one stays the only one.
    pub(super) fn show(
        &mut self,
        destination: Destination,
        group: &GroupKey,
        routed: Option<&Routed>,
        incident: &Arc<Incident>,
        out: &mut Effects,
    ) {
        let shown = self.incidents.get(&incident.id).is_some_and(|known| {
            let mut cards = known.cards.iter().filter_map(|id| self.cards.get(id));
            cards.any(|on_duty| on_duty.card.destination == destination)
        });
        if shown {
            return;
        }
        let known = self
            .cards_at
            .get(&destination)
            .and_then(|cards| cards.get(group))
            .copied();
        let id = known.unwrap_or_else(|| self.new_card(destination, group, routed, out));
        let Some(on_duty) = self.cards.get_mut(&id) else {
            return;
        };
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

    /// Puts what fires on the cards of receivers that do not show it: they are new.
    pub(super) fn tell_new_receivers(&mut self, now: Timestamp, out: &mut Effects) {
        if self.settings.routing.is_none() {
            return;
        }
        for incident in self.firing() {
            self.tell_receivers(now, &incident, out);
        }
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
        routed: Option<&Routed>,
        out: &mut Effects,
    ) -> CardId {
        let card = Card {
            id: CardId(self.number(out)),
            destination,
            group: Arc::clone(group),
            routed: routed.cloned(),
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
            .insert(Arc::clone(&card.group), card.id);
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
            cards.remove(&on_duty.card.group);
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

/// Since when a group waits for others: since its first alert was heard of, unless that fired for
/// longer than `group_wait` by then and so need not wait.
fn opened_at(incident: &Incident, timing: Timing, now: Timestamp) -> Timestamp {
    let waited = now.before(timing.group_wait);
    if incident.starts_at < waited {
        waited
    } else {
        now
    }
}

/// The change that stores a card without its ledger.
pub(super) fn card_change(card: &Card) -> Change {
    Change::Card(Box::new(card.head()))
}
