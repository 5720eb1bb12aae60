//! Handing deliveries to couriers, and taking back how it went.

use std::collections::HashMap;

use super::cards::card_change;
use super::{Effects, Engine};
use crate::card::{CardId, Told, View};
use crate::change::Change;
use crate::chat::ChatKey;
use crate::delivery::{
    Content, Delivery, DeliveryId, Note, Outcome, Priority, Send, Settled, Work,
};
use crate::incident::IncidentId;
use crate::message::Message;
use crate::message::card::{Member, MemberNews, card, digest, follow_up, listing};
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
            out.waiting.push(known.waiting());
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
        let mut message = digest(&news, &locale, now);
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
            Outcome::Uncertain { told, reason } if critical || tells_an_end(&told) => {
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

    pub(super) fn remove_delivery(&mut self, id: DeliveryId, out: &mut Effects) {
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
            out.waiting.push(known.waiting());
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
}

/// Whether anyone who misses it would believe for good that something fires.
fn tells_an_end(notes: &[Note]) -> bool {
    notes.iter().any(|note| note.told.ended)
}

fn card_of(delivery: &Delivery) -> Option<CardId> {
    match delivery.content {
        Content::Card(card) => Some(card),
        Content::Say(_) | Content::Edit { .. } => None,
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
