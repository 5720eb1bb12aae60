//! Who must be told: cards, their deliveries, and the chats that hold them back.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::couriers::card_of;
use super::{Effects, Engine, OnDuty, Timer, overview};
use crate::card::{Card, CardId, Look, Routed, Told};
use crate::change::Change;
use crate::chat::{ChatKey, Role};
use crate::delivery::{Content, Delivery, DeliveryId, Priority};
use crate::destination::Destination;
use crate::incident::{GroupKey, Incident, IncidentId, Severity, title_of};
use crate::message::card::MemberNews;
use crate::route::{Integration, Sorter, Timing};
use crate::subscription::index::Index;
use crate::subscription::{Selector, SubscriptionId};
use crate::time::Timestamp;

/// How the names of own alerts begin.
const OWN_ALERTS: &str = "Nabat";
/// More missed incidents than this are not kept on a card, nor on any of a destination that has
/// this many cards: who was away for a week is not told of everything.
const MISSED_MAX: usize = 100;
const CARDS_WITH_MISSED_MAX: usize = 5_000;

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

    /// Announces every card that changed in this step, and looks whether anything critical is
    /// late. To be called at the end of each.
    pub(super) fn announce_touched(&mut self, now: Timestamp, out: &mut Effects) {
        self.announce_each(now, out);
        self.end_resolved_silences(now, out);
        self.look_whether_late(now, out);
        self.announce_each(now, out);
    }

    /// Announcing a card touches others where somebody else is told instead.
    fn announce_each(&mut self, now: Timestamp, out: &mut Effects) {
        self.decide_inhibitions();
        while let Some(card) = self.touched.pop_first() {
            self.announce(now, card, out);
        }
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
    fn firing(&self) -> Vec<Arc<Incident>> {
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

    /// Sees to it that a card that has something to tell waits for a courier, and that one with
    /// nothing left goes.
    pub(super) fn announce(&mut self, now: Timestamp, id: CardId, out: &mut Effects) {
        self.drop_untold(now, id, out);
        self.watch_hours(now, id);
        let Some(on_duty) = self.cards.get(&id) else {
            return;
        };
        let (destination, waiting) = (on_duty.card.destination, on_duty.delivery);
        let Some(priority) = self.urgency(now, on_duty) else {
            self.keep_quiet(now, id, out);
            return;
        };
        if !self.is_carried(destination) {
            return;
        }
        if let Some(since) = self.disabled_since(destination) {
            self.fall_back_in_time(now, id, since, out);
            return;
        }
        if let Some(delivery) = waiting {
            self.wait_on(now, delivery, priority, out);
            return;
        }
        if let Some(at) = self.held_until(now, id, out) {
            self.keep_doubts(id, out);
            self.timers.insert((at, Timer::Card(id)));
            return;
        }
        let delivery = Delivery {
            id: DeliveryId(self.number(out)),
            destination,
            content: Content::Card(id),
            priority,
            created_at: now,
            attempts: 0,
            last_error: None,
        };
        out.changes.push(Change::Delivery(delivery.clone()));
        self.put_delivery(delivery, out);
        self.fall_back_in_time(now, id, now, out);
    }

    /// A card waits already: it may be more urgent by now, and somebody else has to know in time.
    fn wait_on(&mut self, now: Timestamp, id: DeliveryId, priority: Priority, out: &mut Effects) {
        let Some(delivery) = self.deliveries.get_mut(&id) else {
            return;
        };
        let changed = priority != delivery.priority;
        delivery.priority = priority;
        let delivery = delivery.clone();
        if let Some(card) = card_of(&delivery) {
            self.fall_back_in_time(now, card, delivery.created_at, out);
        }
        if changed {
            self.note_critical(&delivery);
            out.waiting.push(delivery.waiting());
            out.changes.push(Change::Delivery(delivery));
        }
    }

    /// A card that has nothing to say any more does not wait. One of a route says again what
    /// fires, in time.
    fn keep_quiet(&mut self, now: Timestamp, id: CardId, out: &mut Effects) {
        self.keep_doubts(id, out);
        let known = self.cards.get(&id);
        let opens = known.and_then(|on_duty| self.opens_at(&on_duty.card, now));
        let Some(on_duty) = self.cards.get_mut(&id) else {
            return;
        };
        if let Some(routed) = &mut on_duty.card.routed {
            // Who had to be quiet for a night need not wait for a beat on top of it.
            let opens = opens.map(|opens| opens.max(routed.speaks_at(now)));
            let beat = opens.or(routed.repeats_at(now)).filter(|at| *at > now);
            // Not stored: without news a restart decides the same.
            routed.beat = beat;
            self.timers.extend(beat.map(|at| (at, Timer::Card(id))));
        }
        let idle = on_duty.delivery.filter(|_| !on_duty.on_its_way());
        if let Some(delivery) = idle {
            self.remove_delivery(delivery, out);
        }
    }

    /// Until when the card's route lets it wait, if it has to. Once its beat has come, it does not
    /// wait for another.
    fn held_until(&mut self, now: Timestamp, id: CardId, out: &mut Effects) -> Option<Timestamp> {
        let on_duty = self.cards.get_mut(&id)?;
        let routed = on_duty.card.routed.as_mut()?;
        if routed.beat.is_some_and(|beat| beat <= now) {
            return None;
        }
        let next = routed.next_beat(now);
        let beat = routed.beat.map_or(next, |beat| beat.min(next));
        let held = (beat > now).then_some(beat);
        if routed.beat != held {
            routed.beat = held;
            out.changes.push(card_change(&on_duty.card));
        }
        held
    }

    /// Whether the card tells again what fires: its route's time has come, nobody muted it, and
    /// something of it is neither held back nor in somebody's hands.
    pub(super) fn again(&self, now: Timestamp, card: &Card) -> bool {
        let routed = card.routed.as_ref();
        let due = routed.and_then(|routed| routed.repeats_at(now));
        due.is_some_and(|at| at <= now)
            && !self.muted(card, now)
            && card.members.keys().any(|id| {
                self.incidents.get(id).is_some_and(|known| {
                    !known.incident.ended()
                        && known.incident.acknowledged.is_none()
                        && known.silenced_until.is_none()
                        && known.inhibited_by.is_none()
                })
            })
    }

    /// What is so of an incident of a card at this moment.
    pub(super) fn look(&self, on_duty: &OnDuty, id: IncidentId) -> Option<Look<'_>> {
        let known = self.incidents.get(&id)?;
        Some(Look {
            incident: &known.incident,
            silenced_until: known.silenced_until,
            inhibited: known.inhibited_by.is_some(),
            maybe_told: on_duty.maybe_told(id),
        })
    }

    /// How urgent it is that the card speaks, or `None` if it has nothing to say.
    fn urgency(&self, now: Timestamp, on_duty: &OnDuty) -> Option<Priority> {
        let card = &on_duty.card;
        let muted = self.muted(card, now);
        let shown = card.members.iter().filter_map(|(id, told)| {
            let look = self.look(on_duty, *id)?;
            let news = card.news_of(*told, &look, muted);
            let held = muted || look.held();
            let this = news.and_then(|news| card.urgency_of(*told, look.incident, news, held));
            Some((look.incident, news.is_some(), this))
        });
        let (mut urgency, mut all_ended, mut flapped) = (None, true, false);
        for (incident, _, this) in shown.clone() {
            all_ended &= incident.ended();
            flapped |= incident.flaps > 0;
            urgency = urgency.into_iter().chain(this).min();
        }
        if flapped {
            let told_now = shown.clone().filter(|(_, told_now, _)| *told_now);
            let no_news = card.known_to_go_on(told_now.map(|(incident, _, _)| &**incident));
            urgency = shown
                .filter(|(incident, _, _)| !no_news.contains(&incident.id))
                .filter_map(|(_, _, this)| this)
                .min();
        }
        match urgency {
            Some(Priority::Quiet) if all_ended && !muted => Some(Priority::News),
            None if card.behind => Some(Priority::Quiet),
            None if self.again(now, card) => Some(Priority::News),
            other => other,
        }
    }

    /// Takes incidents off a card that are over before anyone was told of them, unless the
    /// destination was to be told and could not be.
    fn drop_untold(&mut self, now: Timestamp, id: CardId, out: &mut Effects) {
        let Some(on_duty) = self.cards.get(&id) else {
            return;
        };
        let card = &on_duty.card;
        let crowded = self
            .cards_at
            .get(&card.destination)
            .is_some_and(|cards| cards.len() > CARDS_WITH_MISSED_MAX);
        // What its route lets wait is not missed, it was not to be told yet; unless it is critical.
        let held = card.routed.is_some() && on_duty.delivery.is_none();
        let given_up = crowded || self.disabled_since(card.destination).is_some();
        let tells_ends = self.tells_ends(card.destination);
        let muted = self.muted(card, now);
        let mut missed = Vec::new();
        let mut leaving = Vec::new();
        for (id, told) in &card.members {
            let Some(look) = self.look(on_duty, *id) else {
                leaving.push(*id);
                continue;
            };
            // Who wants no ends only has to be told to the end what is on its way.
            let stays = match tells_ends {
                true => look.maybe_told || told.edition > 0,
                false => on_duty.on_its_way(),
            };
            if !look.incident.ended() || stays {
                continue;
            }
            let news = card.news_of(*told, &look, muted);
            let not_yet = held && look.incident.severity() != Severity::Critical;
            if news == Some(MemberNews::Missed) && tells_ends && !given_up && !not_yet {
                missed.push(*id);
            } else {
                leaving.push(*id);
            }
        }
        let too_many = missed.len().saturating_sub(MISSED_MAX);
        leaving.extend(missed.drain(..too_many));
        self.take_off(id, &leaving, out);
    }

    /// Whether a destination is told that something is over.
    fn tells_ends(&self, destination: Destination) -> bool {
        self.integration(destination)
            .is_none_or(|integration| integration.send_resolved)
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

    /// Lets every card of a chat speak that has something to say.
    pub(super) fn announce_all(&mut self, now: Timestamp, chat: ChatKey, out: &mut Effects) {
        for card in self.cards_of(chat.into()) {
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
        let mut firing = self.firing();
        firing.retain(|incident| selected(&wanted, incident));
        for incident in &firing {
            self.show(chat.into(), &incident.group, None, incident, out);
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
            .cards_at
            .get(&chat.into())
            .into_iter()
            .flat_map(BTreeMap::values)
            .filter_map(|id| self.cards.get(id))
            // What it is told as a fallback is no matter of subscriptions.
            .filter(|on_duty| on_duty.card.routed.is_none())
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
            // What is left may be less urgent, or nothing worth telling.
            self.touched.insert(card);
        }
        // As a fallback it may have to be told all the same.
        let fallbacks = &self.settings.fallbacks;
        let stands_in = |at: &Destination| {
            let fallback = fallbacks.get(&at.outlet());
            fallback.is_some_and(|fallback| fallback.to.contains(&chat.into()))
        };
        let others = self.cards_at.iter().filter(|(at, _)| stands_in(at));
        self.touched
            .extend(others.flat_map(|(_, cards)| cards.values()));
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

/// Whether any subscription of the index is about the incident.
fn selected(index: &Index, incident: &Incident) -> bool {
    let title = title_of(&incident.labels, &incident.annotations);
    !index.find(&incident.labels, &title).is_empty()
}

/// The change that stores a card without its ledger.
pub(super) fn card_change(card: &Card) -> Change {
    Change::Card(Box::new(card.head()))
}
