//! By which routes what is told comes to whom.

use std::time::Duration;

use nabat_core::card::{Card, Through};
use nabat_core::change::Snapshot;
use nabat_core::destination::Destination;
use nabat_core::incident::Incident;
use nabat_core::route::{Route, Routing};

use super::super::hands::listener;
use super::super::world::World;
use super::Kept;

impl World {
    /// Whether the configuration brings an incident to a card: by its group, or to a chat.
    pub(super) fn is_led(&self, card: &Card, incident: &Incident) -> bool {
        card.through() != Through::Route || !self.ways(card, incident).is_empty()
    }

    /// Whether any route leads an incident to a destination, or it is no matter of routes.
    pub(super) fn leads_to(&self, there: Destination, incident: &Incident) -> bool {
        let Some(routing) = &self.settings.routing else {
            return false;
        };
        let spare = there == Destination::Integration(super::super::setting::SPARE);
        let mut routes = routing.root.find(&incident.labels).into_iter();
        spare || there.chat().is_some() || routes.any(|route| leads(routing, route, there))
    }

    /// Whether a card shows something that no route brings to it.
    pub(super) fn has_orphans(&self, kept: &Snapshot, card: &Card) -> bool {
        let shown = |incident: &&Incident| card.members.contains_key(&incident.id);
        let mut incidents = kept.incidents.iter().filter(shown);
        incidents.any(|incident| !self.is_led(card, incident))
    }

    /// The routes that bring an incident to a card.
    fn ways(&self, card: &Card, incident: &Incident) -> Vec<&Route> {
        let Some(routing) = &self.settings.routing else {
            return Vec::new();
        };
        let there = card.destination;
        let leads_here = |route: &&Route| {
            let its_group = || route.group(&incident.labels).0 == card.group;
            leads(routing, route, there) && (there.chat().is_some() || its_group())
        };
        let routes = routing.root.find(&incident.labels).into_iter();
        routes.map(|route| &**route).filter(leads_here).collect()
    }

    /// The shortest `group_wait` of the routes that bring an incident to a card of its group.
    pub(super) fn shortest_wait(&self, card: &Card, incident: &Incident) -> Option<Duration> {
        let ways = self.ways(card, incident).into_iter();
        let its_group = ways.filter(|route| route.group(&incident.labels).0 == card.group);
        its_group.map(|route| route.timing.group_wait).min()
    }

    /// What fires is on a card of every group of its routes, in a chat on one, and on none that is
    /// quiet while another could tell it.
    pub(super) fn check_ways(&mut self, kept: &Kept) {
        self.check_receivers(kept);
        if self.engine.next_due().is_some_and(|due| due <= self.now) {
            return;
        }
        for card in &kept.snapshot.cards {
            if card.through() == Through::Route {
                self.check_members(kept, card);
            }
        }
    }

    /// What is on a card and not known there is led there, by a route that is not quiet if there is
    /// one.
    fn check_members(&mut self, kept: &Kept, card: &Card) {
        let busy = kept.waiting.contains_key(&card.id);
        for (id, told) in &card.members {
            let key = (listener(card.destination, card.id), *id);
            let held = self.hands.iter().flat_map(|hand| &hand.work.told);
            let held = held.filter(|note| note.card == card.id && note.incident == *id);
            let unknown = told.edition == 0
                && !told.maybe
                && held.count() == 0
                && !self.doubted.contains(&key);
            let Some(incident) = kept.incident(*id).filter(|_| unknown) else {
                continue;
            };
            let ways = self.ways(card, incident);
            let led = !ways.is_empty();
            let open = self.any_open(&ways);
            let quiet = self.off_hours(card);
            self.claim(led, || format!("no route leads {incident:?} to {card:?}"));
            self.claim(incident.ended() || !quiet || !open || busy, || {
                format!("{incident:?} could be told, and waits on {card:?}")
            });
        }
    }

    fn any_open(&self, ways: &[&Route]) -> bool {
        let Some(routing) = &self.settings.routing else {
            return false;
        };
        let calendar = &routing.calendar;
        let mut hours = ways.iter().map(|route| &route.hours);
        hours.any(|hours| calendar.muting(hours, self.now).is_empty())
    }

    fn check_receivers(&mut self, kept: &Kept) {
        let Some(routing) = self.settings.routing.clone() else {
            return;
        };
        for incident in kept.firing() {
            for route in routing.root.find(&incident.labels) {
                let (group, _) = route.group(&incident.labels);
                for there in routing.of(&route.receiver) {
                    let there = Destination::Integration(there.id);
                    let mut cards = kept.snapshot.cards.iter();
                    let told = cards.any(|card| {
                        let told = card.members.get(&incident.id);
                        let known = card.group == group || self.ways(card, incident).is_empty();
                        card.destination == there && told.is_some() && known
                    });
                    self.claim(told, || {
                        format!("{} fires and {there} is not told", incident.labels)
                    });
                }
                for chat in routing.chats_of(&route.receiver) {
                    let key = (Destination::Chat(*chat), incident.id);
                    self.claim(kept.shown.contains(&key), || {
                        format!("{} fires and {chat} is not told", incident.labels)
                    });
                }
            }
        }
    }
}

/// Whether a route tells a destination.
fn leads(routing: &Routing, route: &Route, there: Destination) -> bool {
    match there {
        Destination::Chat(chat) => routing.chats_of(&route.receiver).contains(&chat),
        Destination::Integration(id) => routing.of(&route.receiver).any(|one| one.id == id),
    }
}
