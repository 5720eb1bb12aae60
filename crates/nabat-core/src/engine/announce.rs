//! Which cards have something to say, how urgent it is, and when they may say it.

use super::cards::card_change;
use super::couriers::card_of;
use super::{Effects, Engine, OnDuty, Timer};
use crate::card::{Card, CardId, Look, Told};
use crate::change::Change;
use crate::chat::ChatKey;
use crate::delivery::{Content, Delivery, DeliveryId, Priority};
use crate::destination::Destination;
use crate::incident::{IncidentId, Severity};
use crate::message::card::MemberNews;
use crate::time::Timestamp;

/// More missed incidents than this are not kept on a card, nor on any of a destination that has
/// this many cards: who was away for a week is not told of everything.
const MISSED_MAX: usize = 100;
const CARDS_WITH_MISSED_MAX: usize = 5_000;

impl Engine {
    /// Sees to it that no group was told of in a time that is still to come.
    pub(super) fn follow_clock(&mut self, now: Timestamp, out: &mut Effects) {
        for on_duty in self.cards.values_mut() {
            on_duty.awaits_beat = false;
            if let Some(routed) = &mut on_duty.card.routed
                && routed.follow_clock(now)
            {
                out.changes.push(card_change(&on_duty.card));
            }
        }
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

    /// Lets every card of a chat speak that has something to say.
    pub(super) fn announce_all(&mut self, now: Timestamp, chat: ChatKey, out: &mut Effects) {
        for card in self.cards_of(chat.into()) {
            self.announce(now, card, out);
        }
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

    /// Whether what joins a card changes nothing before its beat: it has news for that already.
    pub(super) fn awaits_beat(&self, id: CardId) -> bool {
        let known = self.cards.get(&id);
        known.is_some_and(|on_duty| {
            let card = &on_duty.card;
            let beat = card.routed.as_ref().and_then(|routed| routed.beat);
            on_duty.awaits_beat
                && on_duty.delivery.is_none()
                && beat.is_some_and(|beat| beat > self.ticked_at)
                && self.disabled_since(card.destination).is_none()
        })
    }

    /// A card waits already: it may be more urgent by now, and somebody else has to know in time.
    fn wait_on(&mut self, now: Timestamp, id: DeliveryId, priority: Priority, out: &mut Effects) {
        let known = self.deliveries.get(&id);
        let known = known.and_then(|known| Some((card_of(known)?, known.created_at)));
        if let Some((card, since)) = known {
            self.fall_back_in_time(now, card, since, out);
        }
        self.set_priority(id, priority, out);
    }

    fn set_priority(&mut self, id: DeliveryId, priority: Priority, out: &mut Effects) {
        let known = self.deliveries.get_mut(&id);
        let Some(delivery) = known.filter(|delivery| delivery.priority != priority) else {
            return;
        };
        delivery.priority = priority;
        let delivery = delivery.clone();
        self.note_critical(&delivery);
        out.waiting.push(delivery.waiting());
        out.changes.push(Change::Delivery(delivery));
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
        on_duty.awaits_beat = false;
        if let Some(routed) = &mut on_duty.card.routed {
            // Who had to be quiet for a night need not wait for a beat on top of it.
            let opens = opens.map(|opens| opens.max(routed.speaks_at(now)));
            let beat = opens.or(routed.repeats_at(now)).filter(|at| *at > now);
            // Not stored: without news a restart decides the same.
            routed.beat = beat;
            self.timers.extend(beat.map(|at| (at, Timer::Card(id))));
        }
        let on_its_way = on_duty.on_its_way();
        match on_duty.delivery {
            // What a courier has of it is urgent no more, so it is not late either.
            Some(delivery) if on_its_way => self.set_priority(delivery, Priority::Quiet, out),
            Some(delivery) => self.remove_delivery(delivery, out),
            None => {}
        }
    }

    /// Until when the card's route lets it wait, if it has to. Once its beat has come, it does not
    /// wait for another; and people see at once what they did.
    fn held_until(&mut self, now: Timestamp, id: CardId, out: &mut Effects) -> Option<Timestamp> {
        if self.shows_old_marks(id) {
            return None;
        }
        let on_duty = self.cards.get_mut(&id)?;
        on_duty.awaits_beat = false;
        let routed = on_duty.card.routed.as_mut()?;
        if routed.beat.is_some_and(|beat| beat <= now) {
            return None;
        }
        let next = routed.next_beat(now);
        let beat = routed.beat.map_or(next, |beat| beat.min(next));
        let held = (beat > now).then_some(beat);
        on_duty.awaits_beat = held.is_some();
        if routed.beat != held {
            routed.beat = held;
            out.changes.push(card_change(&on_duty.card));
        }
        held
    }

    /// Whether the card's message shows other than it is who sees to something or what is silenced.
    fn shows_old_marks(&self, id: CardId) -> bool {
        let known = self.cards.get(&id).map(|on_duty| &on_duty.card);
        let Some(card) = known.filter(|card| card.message_id.is_some()) else {
            return false;
        };
        card.members.iter().any(|(id, told)| {
            let known = self.incidents.get(id);
            told.edition > 0
                && known.is_some_and(|known| !known.incident.ended() && told.edition < known.marked)
        })
    }

    /// Whether a group has spoken when its destination was told this: of a beginning or an end, what
    /// demands attention, or all of it again. Marks alone on a message are no word of it, so they
    /// put off neither the next beat nor the next repeat.
    pub(super) fn speaks(&self, now: Timestamp, card: &Card, told: &[(IncidentId, Told)]) -> bool {
        let due = card
            .routed
            .as_ref()
            .and_then(|routed| routed.repeats_at(now));
        let news = |(id, now): &(IncidentId, Told)| {
            let (known, then) = (self.incidents.get(id), card.members.get(id));
            let Some((known, then)) = known.zip(then) else {
                return true;
            };
            then.edition == 0
                || (now.ended && !then.ended)
                || (then.edition < known.incident.loud && !now.ended)
        };
        card.message_id.is_none()
            || told.is_empty()
            || due.is_some_and(|at| at <= now)
            || told.iter().any(news)
    }

    /// Whether the card tells again what fires: its route's time has come, nobody muted it, and
    /// something of it is neither held back nor in somebody's hands.
    pub(super) fn again(&self, now: Timestamp, on_duty: &OnDuty) -> bool {
        let card = &on_duty.card;
        let routed = card.routed.as_ref();
        let due = routed.and_then(|routed| routed.repeats_at(now));
        due.is_some_and(|at| at <= now)
            && !self.muted(card, now)
            && card.members.keys().any(|id| {
                self.look(on_duty, *id).is_some_and(|look| {
                    let incident = look.incident;
                    !incident.ended() && incident.acknowledged.is_none() && !look.held()
                })
            })
    }

    /// What is so of an incident of a card at this moment.
    pub(super) fn look(&self, on_duty: &OnDuty, id: IncidentId) -> Option<Look<'_>> {
        let known = self.incidents.get(&id)?;
        Some(Look {
            incident: &known.incident,
            silenced_until: known.silenced_until,
            inhibited: known.inhibited_by.is_some() || known.doubtful,
            left: on_duty.left.contains(&id),
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
            None if self.again(now, on_duty) => Some(Priority::News),
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
}
