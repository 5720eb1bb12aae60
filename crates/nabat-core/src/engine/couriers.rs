//! Handing deliveries to couriers, and taking back how it went.

use std::collections::HashMap;
use std::sync::Arc;

use super::cards::card_change;
use super::{Effects, Engine};
use crate::alert::{Links, News, Status};
use crate::card::{CardId, Told, View};
use crate::change::Change;
use crate::chat::{Chat, ChatKey, Disabled};
use crate::delivery::{
    Content, Delivery, DeliveryId, Note, Outcome, Priority, Send, Settled, Waiting, Work,
};
use crate::incident::{GroupKey, IncidentId};
use crate::message::Message;
use crate::message::card::{Member, MemberNews, card, follow_up, listing};
use crate::time::Timestamp;

/// A digest of more alerts than this has the complete list with it, as a file.
const DIGEST_WITHOUT_FILE_MAX: usize = 10;

/// Requests, and what the ledger notes when they were accepted.
type Spoken = (Vec<Send>, Vec<Note>);

impl Engine {
    /// What a courier has to send for these deliveries of one chat now; `None` if there is nothing
    /// any more. Several cards are told in one digest.
    pub fn take(&mut self, now: Timestamp, ids: &[DeliveryId], out: &mut Effects) -> Option<Work> {
        let taken: Vec<Delivery> = ids
            .iter()
            .filter_map(|id| self.worth_taking(now, *id, ids.len() > 1, out))
            .collect();
        let first = taken.first()?;
        let cards: Vec<CardId> = taken.iter().filter_map(card_of).collect();
        let (sends, told) = match (&first.content, cards.as_slice()) {
            (Content::Say(message), _) => (vec![said(message)], Vec::new()),
            (
                Content::Edit {
                    message_id,
                    message,
                },
                _,
            ) => (vec![edited(*message_id, message)], Vec::new()),
            (Content::Card(_), [card]) => self.sends_of(now, *card)?,
            (Content::Card(_), cards) => self.digest_of(now, first.chat, cards),
        };
        for card in cards {
            if let Some(on_duty) = self.cards.get_mut(&card) {
                on_duty.doubt(); // Another courier had it and will not say how it went.
                on_duty.in_hand = on_duty.card.members.keys().max().copied();
            }
        }
        Some(Work {
            chat: first.chat,
            sends,
            told,
            created_at: taken.iter().map(|delivery| delivery.created_at).min()?,
            ids: taken.iter().map(|delivery| delivery.id).collect(),
        })
    }

    /// The delivery, if it has something to say. In a batch only what is news is said: a card that
    /// merely has to catch up waits for a turn of its own.
    fn worth_taking(
        &mut self,
        now: Timestamp,
        id: DeliveryId,
        in_batch: bool,
        out: &mut Effects,
    ) -> Option<Delivery> {
        let delivery = self.deliveries.get(&id)?.clone();
        let Some(card) = card_of(&delivery) else {
            return Some(delivery);
        };
        let Some(view) = self.view_of(now, card) else {
            self.remove_delivery(id, out);
            return None;
        };
        let news = |(_, news): &(_, MemberNews)| *news != MemberNews::Known;
        if in_batch && !view.members.iter().any(news) {
            let known = self.deliveries.get_mut(&id)?;
            known.priority = Priority::Quiet;
            out.changes.push(Change::Delivery(known.clone()));
            out.waiting.push(waiting(known));
            return None;
        }
        Some(delivery)
    }

    fn view_of(&self, now: Timestamp, id: CardId) -> Option<View> {
        let on_duty = self.cards.get(&id)?;
        let incident = |id| self.incidents.get(&id).map(|known| &known.incident);
        let muted = self.muted(on_duty.card.chat, now);
        on_duty
            .card
            .view(incident, muted, |id| on_duty.maybe_told(id))
    }

    fn sends_of(&self, now: Timestamp, id: CardId) -> Option<Spoken> {
        let on_duty = self.cards.get(&id)?;
        let view = self.view_of(now, id)?;
        let locale = self.locale(on_duty.card.chat);
        let members = members_of(&view);
        let mut message = card(&members, &locale, now);
        let told = notes_of(id, &view);
        let Some(message_id) = on_duty.card.message_id else {
            message.silent |= !view.sounds;
            let live = Send::New {
                message,
                reply_to: None,
                live: true,
            };
            return Some((vec![live], told));
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
        Some((sends, told))
    }

    /// What is new on several cards, in one message: the chat could not take one for each.
    fn digest_of(&self, now: Timestamp, chat: ChatKey, cards: &[CardId]) -> Spoken {
        let views: Vec<(CardId, View)> = cards
            .iter()
            .filter_map(|id| Some((*id, self.view_of(now, *id)?)))
            .collect();
        let news: Vec<Member<'_>> = views
            .iter()
            .flat_map(|(_, view)| members_of(view))
            .filter(|member| member.news != MemberNews::Known)
            .collect();
        let locale = self.locale(chat);
        let mut message = card(&news, &locale, now);
        message.silent |= !views.iter().any(|(_, view)| view.sounds);
        let mut sends = vec![Send::New {
            message,
            reply_to: None,
            live: false,
        }];
        if news.len() > DIGEST_WITHOUT_FILE_MAX {
            sends.push(Send::File {
                name: "alerts.txt".to_owned(),
                text: listing(&news, &locale, now),
            });
        }
        let notes = views.iter().flat_map(|(id, view)| notes_of(*id, view));
        (sends, notes.collect())
    }

    /// Takes back deliveries from a courier.
    pub fn settle(&mut self, now: Timestamp, settled: Settled, out: &mut Effects) {
        // Some may have been dropped meanwhile: their card or their chat is gone.
        let deliveries: Vec<Delivery> = settled
            .ids
            .iter()
            .filter_map(|id| self.deliveries.get(id).cloned())
            .collect();
        let Some(first) = deliveries.first() else {
            return;
        };
        if let (Content::Card(card), Some(message_id)) = (&first.content, settled.message_id) {
            self.note_message(*card, message_id, out);
        }
        let by_digest = settled.ids.len() > 1;
        let critical = deliveries
            .iter()
            .any(|delivery| delivery.priority == Priority::Critical);
        match settled.outcome {
            Outcome::Sent { told } | Outcome::Failed { told, .. } => {
                self.delivered(now, &deliveries, &told, by_digest, out);
            }
            Outcome::Uncertain { reason, .. } if critical => {
                self.try_again(now, &deliveries, &reason, true, out);
            }
            Outcome::Uncertain { told, .. } => {
                self.delivered(now, &deliveries, &told, by_digest, out);
            }
            Outcome::Retry { partly, reason } => {
                self.try_again(now, &deliveries, &reason, partly, out);
            }
            Outcome::Unreachable { reason } => self.disable(now, first.chat, &reason, out),
            Outcome::TopicGone => {
                let to = ChatKey {
                    topic: None,
                    ..first.chat
                };
                self.move_chat(now, first.chat, to, out);
            }
            Outcome::Migrated { to } => self.migrate(now, first.chat, to, out),
        }
        self.announce_touched(now, out);
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
        deliveries: &[Delivery],
        told: &[Note],
        by_digest: bool,
        out: &mut Effects,
    ) {
        let mut by_card: HashMap<CardId, Vec<(IncidentId, Told)>> = HashMap::new();
        for note in told {
            let of_card = by_card.entry(note.card).or_default();
            of_card.push((note.incident, note.told));
        }
        for delivery in deliveries {
            self.remove_delivery(delivery.id, out);
            let Content::Card(id) = delivery.content else {
                continue;
            };
            let Some(on_duty) = self.cards.get_mut(&id) else {
                continue;
            };
            let of_card = by_card.remove(&id).unwrap_or_default();
            on_duty.in_hand = None;
            on_duty.in_doubt = None;
            let was_behind = on_duty.card.behind;
            let leaving = on_duty.card.note(&of_card, by_digest);
            if on_duty.card.behind != was_behind {
                out.changes.push(card_change(&on_duty.card));
            }
            for (incident, told) in of_card {
                if on_duty.card.members.contains_key(&incident) {
                    out.changes.push(Change::Told {
                        card: id,
                        incident,
                        told,
                    });
                }
            }
            self.take_off(id, &leaving, out);
            // News may have come while the message was on its way.
            self.announce(now, id, out);
        }
    }

    fn remove_delivery(&mut self, id: DeliveryId, out: &mut Effects) {
        let Some(delivery) = self.deliveries.remove(&id) else {
            return;
        };
        if let Content::Card(card) = delivery.content
            && let Some(on_duty) = self.cards.get_mut(&card)
        {
            on_duty.delivery = None;
            on_duty.doubt();
        }
        out.changes.push(Change::DeliveryGone(id));
    }

    fn try_again(
        &mut self,
        now: Timestamp,
        deliveries: &[Delivery],
        reason: &str,
        maybe_seen: bool,
        out: &mut Effects,
    ) {
        for delivery in deliveries {
            let Some(known) = self.deliveries.get_mut(&delivery.id) else {
                continue;
            };
            known.attempts = known.attempts.saturating_add(1);
            known.last_error = Some(reason.to_owned());
            out.changes.push(Change::Delivery(known.clone()));
            out.waiting.push(waiting(known));
            if let Content::Card(card) = delivery.content {
                if let Some(on_duty) = self.cards.get_mut(&card) {
                    if maybe_seen {
                        on_duty.doubt();
                    }
                    on_duty.in_hand = None;
                }
                self.announce(now, card, out);
            }
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
            let spoken_to = self.cards_by_chat.contains_key(&chat);
            let known = match spoken_to {
                true => Some(self.chat_or_new(chat)),
                false => self.chats.get_mut(&chat),
            };
            if let Some(known) = known {
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
        let bot = chat.key.bot.0.to_string();
        let labels = [
            ("alertname", "NabatChatUnreachable"),
            ("severity", "warning"),
            ("bot", bot.as_str()),
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
            moved.card.behind = false;
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
            let known = target.card.members.entry(incident).or_default();
            if told.edition > known.edition {
                *known = told;
            }
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

fn card_of(delivery: &Delivery) -> Option<CardId> {
    match delivery.content {
        Content::Card(card) => Some(card),
        Content::Say(_) | Content::Edit { .. } => None,
    }
}

fn waiting(delivery: &Delivery) -> Waiting {
    Waiting {
        id: delivery.id,
        chat: delivery.chat,
        priority: delivery.priority,
    }
}

fn said(message: &Message) -> Send {
    Send::New {
        message: message.clone(),
        reply_to: None,
        live: false,
    }
}

fn edited(message_id: i64, message: &Message) -> Send {
    Send::Edit {
        message_id,
        message: message.clone(),
        live: false,
    }
}

fn members_of(view: &View) -> Vec<Member<'_>> {
    let members = view.members.iter();
    members
        .map(|(incident, news)| Member {
            incident: incident.as_ref(),
            news: *news,
        })
        .collect()
}

fn notes_of(card: CardId, view: &View) -> Vec<Note> {
    let told = view.told().into_iter();
    told.map(|(incident, told)| Note {
        card,
        incident,
        told,
    })
    .collect()
}
