//! Chats that can't be reached, that can be again, and that moved; who is told instead.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use super::cards::card_change;
use super::{Effects, Engine, Timer};
use crate::alert::{News, Status};
use crate::card::{Card, CardId, Look, Routed, Through};
use crate::change::Change;
use crate::chat::{Chat, ChatKey, Disabled};
use crate::delivery::{Content, Delivery, DeliveryId};
use crate::destination::Destination;
use crate::incident::{GroupKey, Incident, IncidentId};
use crate::message::card::MemberNews;
use crate::route::{Hours, Timing};
use crate::time::Timestamp;

impl Engine {
    /// The chat takes no messages: nothing is tried until it does. Its cards keep what it would
    /// have to be told.
    pub(super) fn disable(
        &mut self,
        now: Timestamp,
        key: ChatKey,
        reason: &str,
        out: &mut Effects,
    ) {
        for chat in self.keys_of(key) {
            let spoken_to = self.cards_at.contains_key(&chat.into());
            let known = match spoken_to {
                true => Some(self.chat_or_new(chat)),
                false => self.chats.get_mut(&chat),
            };
            if let Some(known) = known {
                let before = known.disabled.as_ref();
                known.disabled = Some(Disabled {
                    since: before.map_or(now, |before| before.since),
                    reason: reason.to_owned(),
                });
                out.changes.push(Change::Chat(known.clone()));
                let known = known.clone();
                self.tell_unreachable(now, &known, Some(reason), out);
            }
            self.drop_deliveries(chat.into(), out);
            // Whoever is told instead has to learn of it in time.
            self.touched.extend(self.cards_of(chat.into()));
        }
    }

    /// The chat takes messages again: what it missed and still matters is told.
    pub(super) fn enable(&mut self, now: Timestamp, key: ChatKey, out: &mut Effects) {
        for chat in self.keys_of(key) {
            let Some(known) = self.chats.get_mut(&chat) else {
                continue;
            };
            if known.disabled.take().is_some() {
                out.changes.push(Change::Chat(known.clone()));
                let known = known.clone();
                self.announce_all(now, chat, out);
                self.tell_unreachable(now, &known, None, out);
            }
        }
    }

    /// Tells somebody else of a card that could not be told since then, when the time has come.
    pub(super) fn fall_back_in_time(
        &mut self,
        now: Timestamp,
        id: CardId,
        since: Timestamp,
        out: &mut Effects,
    ) {
        let Some(on_duty) = self.cards.get(&id) else {
            return;
        };
        let outlet = on_duty.card.destination.outlet();
        let Some(fallback) = self.settings.fallbacks.get(&outlet) else {
            return;
        };
        let at = since.after(fallback.after);
        if at > now {
            self.timers.insert((at, Timer::Card(id)));
        } else {
            self.fall_back(now, id, None, out);
        }
    }

    /// Tells somebody else what a destination can't be told: what fires and is not known there.
    /// They are told its end too, as anyone is. With `only`, of nothing else.
    pub(super) fn fall_back(
        &mut self,
        now: Timestamp,
        id: CardId,
        only: Option<&[IncidentId]>,
        out: &mut Effects,
    ) {
        let Some(on_duty) = self.cards.get(&id) else {
            return;
        };
        let card = &on_duty.card;
        let Some(fallback) = self.settings.fallbacks.get(&card.destination.outlet()) else {
            return;
        };
        let muted = self.muted(card, now);
        let untold: Vec<Arc<Incident>> = card
            .members
            .iter()
            .filter(|(id, _)| only.is_none_or(|only| only.contains(id)))
            .filter_map(|(id, told)| Some((self.look(on_duty, *id)?, *told)))
            .filter(|(look, told)| {
                // What may have been told here is not known there: a silence holds it back.
                let maybe_told = false;
                let look = Look {
                    maybe_told,
                    ..*look
                };
                card.news_of(*told, &look, muted) == Some(MemberNews::New)
            })
            .map(|(look, _)| Arc::clone(look.incident))
            .collect();
        let labels = card.routed.as_ref().map(|routed| routed.labels.clone());
        let routed = Routed {
            labels: labels.unwrap_or_default(),
            timing: Timing {
                group_wait: Duration::ZERO,
                ..Timing::default()
            },
            hours: Hours::default(),
            opened_at: now,
            told_at: None,
            beat: None,
            instead_of: Some(self.name_of(card.destination)),
        };
        let (group, to) = (Arc::clone(&card.group), fallback.to.clone());
        for destination in to {
            for incident in &untold {
                self.tell_instead(now, destination, &group, &routed, incident, out);
            }
        }
    }

    /// Tells a fallback of an incident, unless it knows of it, or will be told at its own hours.
    fn tell_instead(
        &mut self,
        now: Timestamp,
        there: Destination,
        group: &GroupKey,
        routed: &Routed,
        incident: &Arc<Incident>,
        out: &mut Effects,
    ) {
        let cards = self.cards_showing(there, incident.id);
        let told_anyway = |id: &CardId| {
            self.cards.get(id).is_some_and(|on_duty| {
                on_duty.may_know(incident.id) || !self.is_off_hours(&on_duty.card, now)
            })
        };
        if cards.iter().any(told_anyway) {
            return;
        }
        // A chat is told once.
        for id in cards.into_iter().filter(|_| there.chat().is_some()) {
            self.take_off(id, &[incident.id], out);
            self.touched.insert(id);
        }
        let routed = Some(routed.clone());
        self.put_on(there, group, routed, incident, false, out);
    }

    /// Has all looked at again that a destination may be told instead of others.
    pub(super) fn touch_those_it_stands_in_for(&mut self, there: Destination) {
        let fallbacks = &self.settings.fallbacks;
        let stands_in = |at: &Destination| {
            let fallback = fallbacks.get(&at.outlet());
            fallback.is_some_and(|fallback| fallback.to.contains(&there))
        };
        let others = self.cards_at.iter().filter(|(at, _)| stands_in(at));
        self.touched
            .extend(others.flat_map(|(_, cards)| cards.values()));
    }

    /// After a start: a courier may have had what waits until the process died, or until the chat
    /// was given up. What a silence has held back since it began can't have been told.
    pub(super) fn doubt_all(&mut self) {
        let doubted: Vec<(CardId, BTreeSet<IncidentId>)> = self
            .cards
            .iter()
            .filter(|(_, on_duty)| {
                let given_up = self.disabled_since(on_duty.card.destination).is_some();
                on_duty.delivery.is_some() || given_up
            })
            .map(|(id, on_duty)| (*id, self.maybe_told_of(&on_duty.card)))
            .collect();
        for (id, doubt) in doubted {
            if let Some(on_duty) = self.cards.get_mut(&id) {
                on_duty.doubt_these(doubt, &mut self.before);
            }
        }
    }

    fn maybe_told_of(&self, card: &Card) -> BTreeSet<IncidentId> {
        let silenced = |incident: &Incident| {
            let mut silences = self.silences.covering(&incident.labels);
            silences.any(|silence| silence.since_before(incident.id.0))
        };
        let members = card.members.iter().filter(|(_, told)| told.edition == 0);
        members
            .filter_map(|(id, _)| self.incidents.get(id))
            .filter(|known| !silenced(&known.incident))
            .map(|known| known.incident.id)
            .collect()
    }

    /// Whether there is an outlet for the destination in the configuration.
    pub(super) fn is_carried(&self, destination: Destination) -> bool {
        match destination {
            Destination::Chat(chat) => {
                self.settings.allowed.contains_key(&chat.bot)
                    || self.made_bots.contains_key(&chat.bot)
            }
            Destination::Integration(_) => self.integration(destination).is_some(),
        }
    }

    /// Forgets what waits for outlets that are no more configured, and what their integrations were
    /// told. Chats keep their cards, should their bot come back.
    pub(super) fn drop_uncarried(&mut self, out: &mut Effects) {
        let waiting: Vec<DeliveryId> = self
            .deliveries
            .values()
            .filter(|delivery| !self.is_carried(delivery.destination))
            .map(|delivery| delivery.id)
            .collect();
        for delivery in waiting {
            self.remove_delivery(delivery, out);
        }
        let gone: Vec<CardId> = self
            .cards_at
            .iter()
            .filter(|(destination, _)| destination.chat().is_none())
            .filter(|(destination, _)| !self.is_carried(**destination))
            .flat_map(|(_, cards)| cards.values().copied())
            .collect();
        for card in gone {
            let on_duty = self.cards.get(&card).into_iter();
            let members: Vec<_> = on_duty
                .flat_map(|known| known.card.members.keys().copied())
                .collect();
            self.take_off(card, &members, out);
            self.remove_card(card, out);
        }
    }

    /// Tells the operators that a chat takes no messages, or takes them again.
    fn tell_unreachable(
        &mut self,
        now: Timestamp,
        chat: &Chat,
        reason: Option<&str>,
        out: &mut Effects,
    ) {
        let place = chat.key.to_string();
        let bot = chat.key.bot.0.to_string();
        let labels = [("bot", bot.as_str()), ("chat", place.as_str())];
        let name = if chat.title.is_empty() {
            &place
        } else {
            &chat.title
        };
        let summary = reason.map(|reason| format!("{name} takes no messages: {reason}"));
        let status = match reason {
            Some(_) => Status::Firing { expires: None },
            None => Status::Resolved { ends_at: None },
        };
        let words = summary.as_deref().map(|text| ("summary", text));
        let news = News::about_itself("NabatChatUnreachable", &labels, words, status);
        self.hear(now, news, out);
    }

    /// The chat itself and every topic of it that is known.
    pub(super) fn keys_of(&self, key: ChatKey) -> Vec<ChatKey> {
        let mut keys: Vec<ChatKey> = self
            .chats
            .keys()
            .filter(|known| known.bot == key.bot && known.chat == key.chat)
            .copied()
            .collect();
        if !keys.contains(&key) {
            keys.push(key);
        }
        keys.sort_unstable();
        keys
    }

    pub(super) fn chat_or_new(&mut self, key: ChatKey) -> &mut Chat {
        self.chats.entry(key).or_insert_with(|| Chat {
            key,
            title: String::new(),
            language: None,
            zone: None,
            muted_until: None,
            disabled: None,
        })
    }

    fn drop_deliveries(&mut self, destination: Destination, out: &mut Effects) {
        let dropped: Vec<DeliveryId> = self
            .deliveries
            .values()
            .filter(|delivery| delivery.destination == destination)
            .map(|delivery| delivery.id)
            .collect();
        for id in dropped {
            self.remove_delivery(id, out);
        }
    }

    /// A group became a supergroup: everything moves to its new number. Live messages stay
    /// behind, new ones take their place.
    pub(super) fn migrate(&mut self, now: Timestamp, from: ChatKey, to: i64, out: &mut Effects) {
        for key in self.keys_of(from) {
            self.move_chat(now, key, ChatKey { chat: to, ..key }, out);
        }
    }

    pub(super) fn move_chat(
        &mut self,
        now: Timestamp,
        from: ChatKey,
        to: ChatKey,
        out: &mut Effects,
    ) {
        if from == to {
            return;
        }
        if let Some(mut chat) = self.chats.remove(&from) {
            out.changes.push(Change::ChatGone(from));
            if chat.disabled.take().is_some() {
                self.tell_unreachable(now, &chat, None, out);
            }
            chat.key = to;
            let chat = self.chats.entry(to).or_insert(chat);
            out.changes.push(Change::Chat(chat.clone()));
            if let Some(until) = chat.muted_until {
                self.timers.insert((until, Timer::Unmute(to)));
            }
        }
        for subscription in self.subscriptions.values_mut() {
            if subscription.chat == from {
                self.own_chats.remove(subscription);
                subscription.chat = to;
                self.own_chats.add(subscription);
                out.changes.push(Change::Subscription(subscription.clone()));
            }
        }
        self.move_deliveries(from, to, out);
        for ((through, group), id) in self.cards_at.remove(&from.into()).unwrap_or_default() {
            self.move_card(now, id, (through, &group), to, out);
        }
    }

    /// Answers follow their chat. Edits stay behind, their messages did too; cards announce
    /// themselves anew.
    fn move_deliveries(&mut self, from: ChatKey, to: ChatKey, out: &mut Effects) {
        let moved: Vec<Delivery> = self
            .deliveries
            .values()
            .filter(|delivery| delivery.destination == from.into())
            .cloned()
            .collect();
        for mut delivery in moved {
            if matches!(delivery.content, Content::Say(_)) {
                delivery.destination = to.into();
                out.changes.push(Change::Delivery(delivery.clone()));
                self.put_delivery(delivery, out);
            } else {
                self.remove_delivery(delivery.id, out);
            }
        }
    }

    fn move_card(
        &mut self,
        now: Timestamp,
        id: CardId,
        (through, group): (Through, &GroupKey),
        to: ChatKey,
        out: &mut Effects,
    ) {
        let there = self.card_at(to.into(), through, group);
        let Some(mut moved) = self.cards.remove(&id) else {
            return;
        };
        self.before.note(&moved);
        let Some(target) = there.and_then(|id| self.cards.get_mut(&id)) else {
            moved.card.destination = to.into();
            moved.card.message_id = None;
            moved.card.behind = false;
            out.changes.push(card_change(&moved.card));
            self.cards_at
                .entry(to.into())
                .or_default()
                .insert((through, Arc::clone(group)), id);
            self.cards.insert(id, moved);
            self.announce(now, id, out);
            return;
        };
        // The place has a card of that group already: it takes over what was told by this one alone.
        // Of what both told, the message that stays shows what it told itself.
        let target_id = target.card.id;
        let members = std::mem::take(&mut moved.card.members);
        target
            .left
            .retain(|id| moved.left.contains(id) || !members.contains_key(id));
        target.take_over(moved, &mut self.before);
        for (incident, told) in members {
            let known = target.card.members.entry(incident).or_default();
            let maybe = told.maybe || known.maybe;
            if known.edition == 0 {
                *known = told;
            }
            known.maybe = maybe && known.edition == 0;
            out.changes.push(Change::Told {
                card: target_id,
                incident,
                told: *known,
            });
            if let Some(known) = self.incidents.get_mut(&incident) {
                known.cards.retain(|card| *card != id && *card != target_id);
                known.cards.push(target_id);
            }
        }
        out.changes.push(Change::CardGone(id));
        self.announce(now, target_id, out);
    }
}
