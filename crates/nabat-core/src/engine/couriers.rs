//! Handing deliveries to couriers, and taking back how it went.

use std::sync::Arc;

use super::cards::card_change;
use super::{Effects, Engine};
use crate::alert::{Links, News, Status};
use crate::card::{CardId, Told};
use crate::change::Change;
use crate::chat::{Chat, ChatKey, Disabled};
use crate::delivery::{
    Content, Delivery, DeliveryId, Outcome, Priority, Send, Settled, Waiting, Work,
};
use crate::incident::{GroupKey, IncidentId};
use crate::message::card::{Member, card, follow_up};
use crate::time::Timestamp;

/// Requests, and what the ledger notes when they were accepted.
type Spoken = (Vec<Send>, Vec<(IncidentId, Told)>);

impl Engine {
    /// What a courier has to send for this delivery now; `None` if there is nothing any more.
    pub fn take(&mut self, now: Timestamp, id: DeliveryId, out: &mut Effects) -> Option<Work> {
        let delivery = self.deliveries.get(&id)?;
        let of_card = match delivery.content {
            Content::Card(card) => Some(card),
            Content::Say(_) | Content::Edit { .. } => None,
        };
        let work = |sends, told| Work {
            id,
            chat: delivery.chat,
            sends,
            told,
            created_at: delivery.created_at,
        };
        let work = match &delivery.content {
            Content::Say(message) => Some(work(
                vec![Send::New {
                    message: message.clone(),
                    reply_to: None,
                    live: false,
                }],
                Vec::new(),
            )),
            Content::Edit {
                message_id,
                message,
            } => Some(work(
                vec![Send::Edit {
                    message_id: *message_id,
                    message: message.clone(),
                    live: false,
                }],
                Vec::new(),
            )),
            Content::Card(card) => self
                .sends_of(now, *card)
                .map(|(sends, told)| work(sends, told)),
        };
        if work.is_none() {
            self.remove_delivery(id, out);
        } else if let Some(on_duty) = of_card.and_then(|card| self.cards.get_mut(&card)) {
            on_duty.in_hand = true;
        }
        work
    }

    fn sends_of(&self, now: Timestamp, id: CardId) -> Option<Spoken> {
        let on_duty = self.cards.get(&id)?;
        let chat = on_duty.card.chat;
        let incident = |id| self.incidents.get(&id).map(|known| &known.incident);
        let muted = self.muted(chat, now);
        let view = on_duty.card.view(incident, muted, on_duty.maybe_told())?;
        let locale = self.locale(chat);
        let members: Vec<Member<'_>> = view
            .members
            .iter()
            .map(|(incident, news)| Member {
                incident: incident.as_ref(),
                news: *news,
            })
            .collect();
        let mut message = card(&members, &locale, now);
        let Some(message_id) = on_duty.card.message_id else {
            message.silent |= !view.sounds;
            let live = Send::New {
                message,
                reply_to: None,
                live: true,
            };
            return Some((vec![live], view.told()));
        };
        let mut sends = vec![Send::Edit {
            message_id,
            message,
            live: true,
        }];
        if view.sounds {
            sends.push(Send::New {
                message: follow_up(&members, view.all_ended(), &locale, now),
                reply_to: Some(message_id),
                live: false,
            });
        }
        Some((sends, view.told()))
    }

    /// Takes back a delivery from a courier.
    pub fn settle(&mut self, now: Timestamp, settled: Settled, out: &mut Effects) {
        let Some(delivery) = self.deliveries.get(&settled.id).cloned() else {
            return; // It was dropped meanwhile: its card or its chat is gone.
        };
        if let (Content::Card(card), Some(message_id)) = (&delivery.content, settled.message_id) {
            self.note_message(*card, message_id, out);
        }
        match settled.outcome {
            Outcome::Sent { told } | Outcome::Failed { told, .. } => {
                self.delivered(now, &delivery, &told, out);
            }
            Outcome::Uncertain { reason, .. } if delivery.priority == Priority::Critical => {
                self.try_again(now, &delivery, reason, true, out);
            }
            Outcome::Uncertain { told, .. } => self.delivered(now, &delivery, &told, out),
            Outcome::Retry { partly, reason } => {
                self.try_again(now, &delivery, reason, partly, out);
            }
            Outcome::Unreachable { reason } => self.disable(now, delivery.chat, &reason, out),
            Outcome::TopicGone => {
                let to = ChatKey {
                    topic: None,
                    ..delivery.chat
                };
                self.move_chat(now, delivery.chat, to, out);
            }
            Outcome::Migrated { to } => self.migrate(now, delivery.chat, to, out),
        }
    }

    fn note_message(&mut self, id: CardId, message_id: i64, out: &mut Effects) {
        if let Some(on_duty) = self.cards.get_mut(&id)
            && on_duty.card.message_id != Some(message_id)
        {
            on_duty.card.message_id = Some(message_id);
            out.changes.push(card_change(&on_duty.card));
        }
    }

    fn delivered(
        &mut self,
        now: Timestamp,
        delivery: &Delivery,
        told: &[(IncidentId, Told)],
        out: &mut Effects,
    ) {
        self.remove_delivery(delivery.id, out);
        let Content::Card(id) = delivery.content else {
            return;
        };
        let Some(on_duty) = self.cards.get_mut(&id) else {
            return;
        };
        let leaving = on_duty.card.note(told);
        for (incident, told) in told {
            if on_duty.card.members.contains_key(incident) {
                out.changes.push(Change::Told {
                    card: id,
                    incident: *incident,
                    told: *told,
                });
            }
        }
        self.take_off(id, &leaving, out);
        // News may have come while the message was on its way.
        self.announce(now, id, out);
    }

    fn remove_delivery(&mut self, id: DeliveryId, out: &mut Effects) {
        let Some(delivery) = self.deliveries.remove(&id) else {
            return;
        };
        if let Content::Card(card) = delivery.content
            && let Some(on_duty) = self.cards.get_mut(&card)
        {
            on_duty.delivery = None;
            on_duty.in_hand = false;
            on_duty.in_doubt = false;
        }
        out.changes.push(Change::DeliveryGone(id));
    }

    fn try_again(
        &mut self,
        now: Timestamp,
        delivery: &Delivery,
        reason: String,
        maybe_seen: bool,
        out: &mut Effects,
    ) {
        let Some(known) = self.deliveries.get_mut(&delivery.id) else {
            return;
        };
        known.attempts = known.attempts.saturating_add(1);
        known.last_error = Some(reason);
        out.changes.push(Change::Delivery(known.clone()));
        out.waiting.push(Waiting {
            id: known.id,
            chat: known.chat,
            priority: known.priority,
        });
        if let Content::Card(card) = delivery.content {
            if let Some(on_duty) = self.cards.get_mut(&card) {
                on_duty.in_hand = false;
                on_duty.in_doubt |= maybe_seen;
            }
            self.announce(now, card, out);
        }
    }

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
            if let Some(known) = self.chats.get_mut(&chat) {
                known.disabled = Some(Disabled {
                    since: now,
                    reason: reason.to_owned(),
                });
                out.changes.push(Change::Chat(known.clone()));
                let known = known.clone();
                self.tell_unreachable(now, &known, Some(reason), out);
            }
            self.drop_deliveries(chat, out);
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

    /// Tells the operators that a chat takes no messages, or takes them again.
    fn tell_unreachable(
        &mut self,
        now: Timestamp,
        chat: &Chat,
        reason: Option<&str>,
        out: &mut Effects,
    ) {
        let place = chat.key.to_string();
        let labels = [
            ("alertname", "NabatChatUnreachable"),
            ("severity", "warning"),
            ("chat", place.as_str()),
        ];
        let name = if chat.title.is_empty() {
            &place
        } else {
            &chat.title
        };
        let summary = reason.map(|reason| format!("{name} takes no messages: {reason}"));
        let status = match reason {
            Some(_) => Status::Firing { expires_at: None },
            None => Status::Resolved { ends_at: None },
        };
        let news = News {
            labels: labels.into_iter().collect(),
            annotations: summary.map(|text| ("summary", text)).into_iter().collect(),
            links: Links::default(),
            group: None,
            starts_at: None,
            status,
            own: true,
        };
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

    fn drop_deliveries(&mut self, chat: ChatKey, out: &mut Effects) {
        let dropped: Vec<DeliveryId> = self
            .deliveries
            .values()
            .filter(|delivery| delivery.chat == chat)
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

    fn move_chat(&mut self, now: Timestamp, from: ChatKey, to: ChatKey, out: &mut Effects) {
        if from == to {
            return;
        }
        if let Some(mut chat) = self.chats.remove(&from) {
            out.changes.push(Change::ChatGone(from));
            chat.key = to;
            let chat = self.chats.entry(to).or_insert(chat);
            out.changes.push(Change::Chat(chat.clone()));
        }
        for subscription in self.subscriptions.values_mut() {
            if subscription.chat == from {
                subscription.chat = to;
                out.changes.push(Change::Subscription(subscription.clone()));
            }
        }
        self.move_deliveries(from, to, out);
        for (group, id) in self.cards_by_chat.remove(&from).unwrap_or_default() {
            self.move_card(now, id, &group, to, out);
        }
    }

    /// Answers follow their chat. Edits stay behind, their messages did too; cards announce
    /// themselves anew.
    fn move_deliveries(&mut self, from: ChatKey, to: ChatKey, out: &mut Effects) {
        let moved: Vec<Delivery> = self
            .deliveries
            .values()
            .filter(|delivery| delivery.chat == from)
            .cloned()
            .collect();
        for mut delivery in moved {
            if matches!(delivery.content, Content::Say(_)) {
                delivery.chat = to;
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
        group: &GroupKey,
        to: ChatKey,
        out: &mut Effects,
    ) {
        let there = self
            .cards_by_chat
            .get(&to)
            .and_then(|cards| cards.get(group))
            .copied();
        let Some(mut moved) = self.cards.remove(&id) else {
            return;
        };
        let Some(target) = there.and_then(|id| self.cards.get_mut(&id)) else {
            moved.card.chat = to;
            moved.card.message_id = None;
            out.changes.push(card_change(&moved.card));
            self.cards_by_chat
                .entry(to)
                .or_default()
                .insert(Arc::clone(group), id);
            self.cards.insert(id, moved);
            self.announce(now, id, out);
            return;
        };
        // The place has a card of that group already: it takes over what this one had told.
        let target_id = target.card.id;
        for (incident, told) in moved.card.members {
            target.card.members.entry(incident).or_insert(told);
            out.changes.push(Change::Told {
                card: target_id,
                incident,
                told,
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
