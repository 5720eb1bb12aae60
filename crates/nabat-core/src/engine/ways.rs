//! By which of the routes that lead to a destination an incident is told there.
//!
//! An integration is told of each of its groups, as by Alertmanager: an incident is on one card for
//! each group key. In a chat a person wants one message, so there it is on one card, however many
//! routes lead there: that of the subscription, which never waits, else that of the route that can
//! speak soonest. What a destination knows stays on its card; what it does not know yet goes where it
//! is told sooner when the hours of its route begin. So a route that is quiet now keeps no other from
//! telling.
//!
//! After a change of the configuration what was not told leaves the cards to which no route brings it
//! any more; what was told stays until its end, but nothing else is told of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::cards::card_change;
use super::{Effects, Engine, OnDuty, Timer, overview};
use crate::card::{CardId, Routed, Through};
use crate::destination::Destination;
use crate::incident::{GroupKey, Incident, IncidentId, title_of};
use crate::route::{Hours, Integration, Route, Routing, Sorter, Takers, Timing};
use crate::time::Timestamp;

/// How the names of own alerts begin.
const OWN_ALERTS: &str = "Nabat";

/// A route that leads an incident to a destination.
#[derive(Debug)]
struct Way<'r> {
    route: &'r Route,
    group: GroupKey,
}

impl Way<'_> {
    fn routed(&self, incident: &Incident, now: Timestamp) -> Routed {
        let route = self.route;
        Routed {
            labels: route.group_labels(&incident.labels),
            timing: route.timing,
            hours: route.hours.clone(),
            opened_at: opened_at(incident, route.timing, now),
            told_at: None,
            beat: None,
            instead_of: None,
        }
    }

    /// Whether this is what is said of a card.
    fn is(&self, routed: Option<&Routed>) -> bool {
        let (timing, hours) = (&self.route.timing, &self.route.hours);
        routed.is_some_and(|routed| routed.timing == *timing && routed.hours == *hours)
    }
}

/// The ways to a destination of which one is enough, and the card by which it is told there.
#[derive(Debug)]
struct Slot<'r> {
    ways: Vec<Way<'r>>,
    card: Option<CardId>,
}

impl OnDuty {
    /// Whether the destination knows of an incident, or is being told.
    pub(super) fn knows(&self, incident: IncidentId) -> bool {
        let told = self.card.members.get(&incident);
        told.is_some_and(|told| told.edition > 0) || self.is_on_its_way(incident)
    }

    /// Whether the destination knows of an incident, or may.
    pub(super) fn may_know(&self, incident: IncidentId) -> bool {
        self.knows(incident) || self.maybe_told(incident)
    }
}

impl Engine {
    /// Finds the routes of everything anew: there are others.
    pub(super) fn sort_anew(&mut self) {
        self.sorter = Sorter::new(overview::routing(&self.settings));
        let sorter = &mut self.sorter;
        for known in self.incidents.values_mut() {
            known.takers = sorter.takers(&known.incident.labels);
        }
    }

    /// Puts everything on the cards to which the configuration brings it, and takes it off others.
    pub(super) fn arrange_all(&mut self, now: Timestamp, out: &mut Effects) {
        for on_duty in self.cards.values_mut() {
            on_duty.left.clear();
            on_duty.strays = false;
            on_duty.adopted = false;
        }
        let routed = self.cards.iter();
        let routed = routed.filter(|(_, on_duty)| on_duty.card.through() == Through::Route);
        self.unrouted = routed.map(|(id, _)| (*id, None)).collect();
        let known = self.incidents.values();
        let mut all: Vec<_> = known.map(|known| Arc::clone(&known.incident)).collect();
        all.sort_unstable_by_key(|incident| incident.id);
        for incident in all {
            self.arrange(now, &incident, out);
        }
        for (card, route) in std::mem::take(&mut self.unrouted) {
            if let Some(route) = route {
                self.follow(card, route, out);
                if let Some(on_duty) = self.cards.get_mut(&card) {
                    on_duty.adopted = true;
                }
            }
        }
    }

    /// Puts an incident on the cards to which routes bring it, and takes it off others.
    pub(super) fn arrange(&mut self, now: Timestamp, incident: &Arc<Incident>, out: &mut Effects) {
        let Some(known) = self.incidents.get(&incident.id) else {
            return;
        };
        let (routing, takers) = (self.settings.routing.clone(), Arc::clone(&known.takers));
        let mut ways = routing
            .as_deref()
            .filter(|routing| routing.has_routes())
            .map(|routing| ways(routing, &takers, incident))
            .unwrap_or_default();
        for on_duty in known.cards.iter().filter_map(|id| self.cards.get(id)) {
            ways.entry(on_duty.card.destination).or_default();
        }
        for (there, ways) in ways {
            let slots = slots(there, ways);
            self.arrange_at(now, there, slots, incident, out);
        }
    }

    fn arrange_at(
        &mut self,
        now: Timestamp,
        there: Destination,
        mut slots: Vec<Slot<'_>>,
        incident: &Arc<Incident>,
        out: &mut Effects,
    ) {
        let mut orphans = Vec::new();
        for id in self.cards_showing(there, incident.id) {
            let Some(on_duty) = self.cards.get(&id) else {
                continue;
            };
            if on_duty.card.through() != Through::Route {
                if there.chat().is_some() {
                    return;
                }
                continue;
            }
            let group = &on_duty.card.group;
            let leads_here = |slot: &&mut Slot<'_>| slot.ways.iter().any(|way| way.group == *group);
            match slots.iter_mut().find(leads_here) {
                Some(slot) => slot.card = Some(id),
                None => orphans.push(id),
            }
        }
        orphans.sort_unstable();
        for id in orphans {
            let Some(on_duty) = self.cards.get_mut(&id) else {
                continue;
            };
            let knows = on_duty.may_know(incident.id);
            on_duty.strays |= on_duty.is_on_its_way(incident.id);
            let free = slots.iter_mut().find(|slot| slot.card.is_none());
            match free {
                // The group has another key now, by which nobody has heard of it.
                Some(slot) if knows => slot.card = Some(id),
                _ if knows => self.leave(there, id, incident),
                _ => self.take_off_anew(id, incident.id, out),
            }
        }
        for slot in slots {
            self.fill(now, there, &slot, incident, out);
        }
    }

    /// Sees to it that an incident is on a card of one of these ways.
    fn fill(
        &mut self,
        now: Timestamp,
        there: Destination,
        slot: &Slot<'_>,
        incident: &Arc<Incident>,
        out: &mut Effects,
    ) {
        let Some((id, on_duty)) = slot.card.and_then(|id| Some((id, self.cards.get(&id)?))) else {
            return self.put_soonest(now, there, slot, incident, false, out);
        };
        let Some(own) = slot.own(on_duty) else {
            return;
        };
        let its_group = own.group == on_duty.card.group;
        // Whoever may have heard of it in a group goes on hearing of it there.
        let settled = on_duty.knows(incident.id)
            || incident.ended()
            || (there.chat().is_none() && !its_group);
        if settled || !self.is_closed(&own.route.hours, now) {
            self.learn(id, own.route, its_group, out);
            self.watch_ways(now, id, slot);
            return;
        }
        match self.soonest(now, there, slot, incident) {
            Some(way) if way.group != on_duty.card.group => {
                // Whoever may have been told goes on being in doubt.
                let maybe = on_duty.maybe_told(incident.id);
                self.take_off_anew(id, incident.id, out);
                self.put_soonest(now, there, slot, incident, maybe, out);
            }
            Some(way) if !self.is_closed(&way.route.hours, now) => {
                self.unrouted.remove(&id);
                let route = way.route;
                self.follow(id, (route.timing, route.hours.clone()), out);
                self.watch_ways(now, id, slot);
            }
            // Others may have come to its card by a route that is not quiet.
            _ => {
                self.learn(id, own.route, its_group, out);
                self.watch_ways(now, id, slot);
            }
        }
    }

    fn put_soonest(
        &mut self,
        now: Timestamp,
        there: Destination,
        slot: &Slot<'_>,
        incident: &Arc<Incident>,
        maybe: bool,
        out: &mut Effects,
    ) {
        let way = self.soonest(now, there, slot, incident);
        if let Some(way) = way.filter(|_| !incident.ended()) {
            let routed = way.routed(incident, now);
            let id = self.put_on(there, &way.group, Some(routed), incident, maybe, out);
            self.let_speak(now, id, way.route, out);
            self.watch_ways(now, id, slot);
        }
    }

    /// By which of these ways an incident that is not known yet is told soonest; if by none now, the
    /// first.
    fn soonest<'s, 'r>(
        &self,
        now: Timestamp,
        there: Destination,
        slot: &'s Slot<'r>,
        incident: &Incident,
    ) -> Option<&'s Way<'r>> {
        let tells_at = |way: &&Way<'_>| {
            let closed = self.is_closed(&way.route.hours, now);
            let card = self.card_at(there, Through::Route, &way.group);
            let on_duty = card.and_then(|id| self.cards.get(&id));
            let at = match on_duty.map(|on_duty| (on_duty.delivery, &on_duty.card.routed)) {
                Some((Some(_), _)) => now,
                Some((None, Some(routed))) => {
                    let next = routed.next_beat(now);
                    routed.beat.map_or(next, |beat| beat.min(next))
                }
                _ => way.routed(incident, now).next_beat(now),
            };
            (closed, if closed { now } else { at.max(now) })
        };
        match slot.ways.as_slice() {
            [only] => Some(only),
            ways => ways.iter().min_by_key(tells_at),
        }
    }

    /// Lets a card speak by the route by which something came, if it has that of another group, or
    /// one that is quiet while this one is not.
    fn let_speak(&mut self, now: Timestamp, id: CardId, route: &Route, out: &mut Effects) {
        let Some(on_duty) = self.cards.get_mut(&id) else {
            return;
        };
        // What joins it is of its own group, which so says what the configuration says of it.
        let adopted = std::mem::take(&mut on_duty.adopted) | self.unrouted.remove(&id).is_some();
        let on_duty = self.cards.get(&id);
        let quiet = on_duty.is_some_and(|on_duty| self.is_off_hours(&on_duty.card, now));
        if adopted || (quiet && !self.is_closed(&route.hours, now)) {
            self.follow(id, (route.timing, route.hours.clone()), out);
        }
    }

    /// A card learns by which route one of its incidents comes, if it has yet to learn what the
    /// configuration says of it. One of its own group says it; if there is none, any other.
    fn learn(&mut self, id: CardId, route: &Route, its_group: bool, out: &mut Effects) {
        if its_group && self.unrouted.remove(&id).is_some() {
            self.follow(id, (route.timing, route.hours.clone()), out);
        } else if let Some(other) = self.unrouted.get_mut(&id) {
            other.get_or_insert_with(|| (route.timing, route.hours.clone()));
        }
    }

    /// Gives a card the timing and the hours of a route.
    fn follow(&mut self, id: CardId, (timing, hours): (Timing, Hours), out: &mut Effects) {
        if let Some(on_duty) = self.cards.get_mut(&id)
            && let Some(routed) = &mut on_duty.card.routed
            && (routed.timing != timing || routed.hours != hours)
        {
            routed.timing = timing;
            routed.hours = hours;
            routed.beat = None;
            out.changes.push(card_change(&on_duty.card));
            self.touched.insert(id);
        }
    }

    /// Nothing brings an incident to a card any more that the destination may know: only its end is
    /// told there. Unless the chat hears of it by itself.
    fn leave(&mut self, there: Destination, id: CardId, incident: &Incident) {
        let title = title_of(&incident.labels, &incident.annotations);
        let own = incident.name().starts_with(OWN_ALERTS);
        let listens = |chat| self.listeners(incident, &title, own).contains(&chat);
        let listens = there.chat().is_some_and(listens);
        if let Some(on_duty) = self.cards.get_mut(&id)
            && !listens
            && on_duty.left.insert(incident.id)
        {
            self.touched.insert(id);
        }
    }

    /// Takes an incident off a card, which then may have less to say, or nothing.
    fn take_off_anew(&mut self, id: CardId, incident: IncidentId, out: &mut Effects) {
        self.take_off(id, &[incident], out);
        self.touched.insert(id);
    }

    /// Sees to it that what could be told in several ways is looked at again when the hours of one
    /// of them begin or end.
    fn watch_ways(&mut self, now: Timestamp, id: CardId, slot: &Slot<'_>) {
        if slot.ways.len() > 1 {
            let hours = slot.ways.iter().map(|way| &way.route.hours);
            let at = hours
                .filter_map(|hours| self.hours_change_at(hours, now))
                .min();
            self.timers.extend(at.map(|at| (at, Timer::Ways(id))));
        }
    }

    /// The hours of a way have begun or ended: what is not known yet of a card may be told sooner by
    /// another.
    pub(super) fn look_at_ways(&mut self, now: Timestamp, id: CardId, out: &mut Effects) {
        let Some(on_duty) = self.cards.get(&id) else {
            return;
        };
        let members = on_duty.card.members.keys();
        let unknown: Vec<Arc<Incident>> = members
            .filter(|incident| !on_duty.knows(**incident))
            .filter_map(|incident| self.incidents.get(incident))
            .map(|known| Arc::clone(&known.incident))
            .collect();
        let there = on_duty.card.destination;
        for incident in unknown {
            self.arrange(now, &incident, out);
        }
        // Where it is a fallback it may have to be told all the same.
        self.touch_those_it_stands_in_for(there);
    }

    /// What a courier had does not arrive: by now it may be told sooner by another way, or none may
    /// lead there any more.
    pub(super) fn look_at_ways_again(&mut self, now: Timestamp, id: CardId, out: &mut Effects) {
        let Some(on_duty) = self.cards.get(&id) else {
            return;
        };
        if on_duty.strays || self.is_off_hours(&on_duty.card, now) {
            self.look_at_ways(now, id, out);
        }
    }

    /// The clock was set back: nobody knows what hours it is for whom.
    pub(super) fn look_at_all_ways(&mut self, now: Timestamp) {
        let routed = self.cards.iter();
        let routed = routed.filter(|(_, on_duty)| on_duty.card.through() == Through::Route);
        self.timers
            .extend(routed.map(|(id, _)| (now, Timer::Ways(*id))));
    }
}

impl<'r> Slot<'r> {
    /// The way by which a card brings an incident: that of its group, and if there are several of
    /// that, the one whose timing and hours it has.
    fn own(&self, on_duty: &OnDuty) -> Option<&Way<'r>> {
        let card = &on_duty.card;
        let of_its_group = || self.ways.iter().filter(|way| way.group == card.group);
        of_its_group()
            .find(|way| way.is(card.routed.as_ref()))
            .or_else(|| of_its_group().next())
            .or(self.ways.first())
    }
}

/// The routes that lead an incident to each destination, in order.
fn ways<'r>(
    routing: &Routing,
    takers: &'r Takers,
    incident: &Incident,
) -> BTreeMap<Destination, Vec<Way<'r>>> {
    let mut ways: BTreeMap<Destination, Vec<Way<'r>>> = BTreeMap::new();
    // None is told of its own failures, which would only fail again.
    let its_own_failure = |integration: &&Integration| {
        let about_it = incident.labels.value("to") == &*integration.name;
        about_it && incident.name().starts_with(OWN_ALERTS)
    };
    for route in takers.iter() {
        let (group, _) = route.group(&incident.labels);
        let integrations = routing.of(&route.receiver);
        let integrations = integrations
            .filter(|integration| !its_own_failure(integration))
            .map(|integration| Destination::Integration(integration.id));
        let chats = routing.chats_of(&route.receiver).iter();
        for there in integrations.chain(chats.map(|chat| Destination::Chat(*chat))) {
            let group = Arc::clone(&group);
            ways.entry(there).or_default().push(Way { route, group });
        }
    }
    ways
}

/// The ways of which one is enough: in a chat of all, at an integration of each group.
fn slots(there: Destination, ways: Vec<Way<'_>>) -> Vec<Slot<'_>> {
    let mut slots: Vec<Slot<'_>> = Vec::new();
    for way in ways {
        let same = |slot: &&mut Slot<'_>| {
            there.chat().is_some() || slot.ways.iter().any(|other| other.group == way.group)
        };
        match slots.iter_mut().find(same) {
            Some(slot) => slot.ways.push(way),
            None => slots.push(Slot {
                ways: vec![way],
                card: None,
            }),
        }
    }
    slots
}

/// Since when a group waits for others: since its first alert was heard of, unless that has fired for
/// longer than `group_wait` by now and so need not wait.
fn opened_at(incident: &Incident, timing: Timing, now: Timestamp) -> Timestamp {
    let waited = now.before(timing.group_wait);
    if incident.starts_at < waited {
        waited
    } else {
        incident.opened_at.clamp(waited, now)
    }
}
