//! What holds news back that nobody said should be: inhibition, and the hours of routes.
//!
//! Like a silence, both hold back what is not known yet and stop repeats; whoever was told that
//! something fires is told its end all the same.
//!
//! Who is inhibited is decided at the end of a step, so that the order in which one request names
//! its alerts does not matter. For an incident that ends, it stays as it was: what ends in one
//! request with what explained it is not told after all.

use super::{Engine, Timer};
use crate::card::{Card, CardId};
use crate::inhibition::Inhibitions;
use crate::route::Hours;
use crate::time::Timestamp;

const DAY_MS: i64 = 86_400_000;

impl Engine {
    /// Decides of all to whom it may matter since whether they are inhibited.
    pub(super) fn decide_inhibitions(&mut self) {
        self.affected.extend(self.inhibitions.take_affected());
        while let Some(id) = self.affected.pop_first() {
            let by = self.inhibitions.by(id);
            let by = by.and_then(|by| self.incidents.get(&by));
            let by = by.map(|known| known.incident.fingerprint);
            let Some(known) = self.incidents.get_mut(&id) else {
                continue;
            };
            if known.incident.ended() {
                continue;
            }
            if known.inhibited_by.is_some() != by.is_some() {
                self.touched.extend(&known.cards);
            }
            known.inhibited_by = by;
        }
    }

    /// Holds everything that fires against the rules as they are now.
    pub(super) fn inhibit_anew(&mut self) {
        self.inhibitions = Inhibitions::new(&self.settings.inhibit_rules);
        for id in self.open.values() {
            if let Some(known) = self.incidents.get(id) {
                self.inhibitions.open(*id, &known.incident.labels);
            }
        }
        self.affected.extend(self.open.values());
    }

    /// Whether nothing new is told on a card now: its chat is muted, or it is none of its route's
    /// hours.
    pub(super) fn muted(&self, card: &Card, now: Timestamp) -> bool {
        let chat = card.destination.chat();
        let until = chat.and_then(|chat| self.chats.get(&chat)?.muted_until);
        until.is_some_and(|until| until > now) || self.is_off_hours(card, now)
    }

    /// Whether it is none of the hours of a card's route.
    pub(super) fn is_off_hours(&self, card: &Card, now: Timestamp) -> bool {
        let routed = card.routed.as_ref();
        routed.is_some_and(|routed| self.is_closed(&routed.hours, now))
    }

    /// Whether a route with these hours tells nothing new now.
    pub(super) fn is_closed(&self, hours: &Hours, now: Timestamp) -> bool {
        let routing = self.settings.routing.as_ref();
        routing.is_some_and(|routing| !routing.calendar.muting(hours, now).is_empty())
    }

    /// Sees to it that a card is looked at again when its route's hours begin or end.
    pub(super) fn watch_hours(&mut self, now: Timestamp, id: CardId) {
        let card = self.cards.get(&id).map(|on_duty| &on_duty.card);
        let routed = card.and_then(|card| card.routed.as_ref());
        if let Some(at) = routed.and_then(|routed| self.hours_change_at(&routed.hours, now)) {
            self.timers.insert((at, Timer::Card(id)));
        }
    }

    /// When to look whether a card's route tells news again, while it is none of its hours.
    pub(super) fn opens_at(&self, card: &Card, now: Timestamp) -> Option<Timestamp> {
        let hours = &card.routed.as_ref()?.hours;
        let closed = self.is_closed(hours, now);
        self.hours_change_at(hours, now).filter(|_| closed)
    }

    /// When hours begin or end, or midnight if they do not until then: so no timer outlives its card
    /// for long.
    pub(super) fn hours_change_at(&self, hours: &Hours, now: Timestamp) -> Option<Timestamp> {
        let days = now.as_millis().div_euclid(DAY_MS);
        let midnight = Timestamp::from_millis(days.saturating_add(1).saturating_mul(DAY_MS));
        let routing = self.settings.routing.as_ref()?;
        routing.calendar.steady_until(hours, now, midnight)
    }
}
