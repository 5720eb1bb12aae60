//! Handing deliveries to couriers, and taking back how it went.

use std::collections::HashMap;
use std::time::Duration;

use super::cards::card_change;
use super::{Effects, Engine, OnDuty};
use crate::card::{CardId, Shown, Told, View};
use crate::change::Change;
use crate::chat::ChatKey;
use crate::delivery::{
    Attempt, Content, DIGEST_WITHOUT_FILE_MAX, Delivery, DeliveryId, Fate, Note, Outcome, Priority,
    Send, Settled, Work,
};
use crate::destination::Destination;
use crate::incident::{IncidentId, State};
use crate::message::Message;
use crate::message::card::{Extras, Member, MemberNews, buttons, card, digest, follow_up, listing};
use crate::notification::{Notification, Reason};
use crate::time::Timestamp;

/// How long after an end a receiver that refuses it is told it again, at each beat of the group.
const REFUSED_ENDS_TOLD_FOR: Duration = Duration::from_secs(24 * 3_600);

/// Requests, and what the ledger notes when they were accepted.
type Spoken = (Vec<Send>, Vec<Note>);

impl Engine {
    /// What a courier has to send for these deliveries of one chat now; `None` if there is nothing
    /// any more. Several cards are told in one digest.
    pub fn take(&mut self, now: Timestamp, ids: &[DeliveryId], out: &mut Effects) -> Option<Work> {
        let work = self.work_of(now, ids, out);
        self.announce_touched(now, out);
        work
    }

    fn work_of(&mut self, now: Timestamp, ids: &[DeliveryId], out: &mut Effects) -> Option<Work> {
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
            (Content::Card(_), cards) => match (first.destination, cards) {
                (Destination::Chat(_), [card]) => self.sends_of(now, *card)?,
                (Destination::Chat(chat), cards) => self.digest_of(now, chat, cards),
                (Destination::Integration(_), _) => self.notification_of(now, first)?,
            },
        };
        for card in cards {
            if let Some(on_duty) = self.cards.get_mut(&card) {
                let notes = told.iter().filter(|note| note.card == card);
                let told = notes.map(|note| note.incident).collect();
                on_duty.hand_out(told, &mut self.before);
            }
        }
        Some(Work {
            destination: first.destination,
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
            self.touched.insert(card);
            return None;
        };
        let news = view.members.iter().any(|m| m.news != MemberNews::Known);
        if in_batch && !news {
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
        let card = &on_duty.card;
        let muted = self.muted(card, now);
        let look = |id| self.look(on_duty, id);
        card.view(look, muted, self.again(now, on_duty))
    }

    fn sends_of(&self, now: Timestamp, id: CardId) -> Option<Spoken> {
        let on_duty = self.cards.get(&id)?;
        let view = self.view_of(now, id)?;
        let locale = self.locale_at(on_duty.card.destination);
        let members = members_of(&view);
        let extras = self.extras(on_duty);
        let mut message = card(&members, &extras, &locale, now);
        message.buttons = buttons(id, &members, &locale);
        let told = notes_of(id, &view);
        message.silent |= !view.sounds;
        let Some(message_id) = on_duty.card.message_id else {
            let live = Send::New {
                message,
                reply_to: None,
                live: true,
            };
            return Some((vec![live], told));
        };
        let edit = Send::Edit {
            message_id,
            message,
            live: true,
        };
        let answer = || {
            let mut message = follow_up(&members, view.all_ended(), &extras, &locale, now);
            message.silent |= !view.sounds;
            Send::New {
                message,
                reply_to: Some(message_id),
                live: false,
            }
        };
        // What is only said again is shown already.
        let shown = view.says_nothing_new() && !on_duty.card.behind;
        let edit = (!shown).then_some(edit);
        let answer = view.answers.then(answer);
        Some((edit.into_iter().chain(answer).collect(), told))
    }

    /// What a message has to say beside its alerts.
    fn extras(&self, on_duty: &OnDuty) -> Extras {
        let routed = on_duty.card.routed.as_ref();
        Extras {
            first: on_duty.card.members.values().all(|told| told.edition == 0),
            maybe_repeated: on_duty.answers_lost() > 0,
            instead_of: routed.and_then(|routed| routed.instead_of.clone()),
        }
    }

    /// What a digest has to say beside its alerts: what is so of any of its cards, and whose place
    /// it takes if that is so of all.
    fn extras_of_all(&self, cards: &[CardId]) -> Extras {
        let on_duty = cards.iter().filter_map(|id| self.cards.get(id));
        let mut all = on_duty.map(|on_duty| self.extras(on_duty));
        let first = all.next().unwrap_or_default();
        all.fold(first, |so_far, extras| Extras {
            maybe_repeated: so_far.maybe_repeated || extras.maybe_repeated,
            instead_of: so_far
                .instead_of
                .filter(|name| extras.instead_of.as_ref() == Some(name)),
            ..so_far
        })
    }

    /// What an integration is handed: the whole group as it is now.
    fn notification_of(&self, now: Timestamp, delivery: &Delivery) -> Option<Spoken> {
        let id = card_of(delivery)?;
        let on_duty = self.cards.get(&id)?;
        let card_now = &on_duty.card;
        let integration = self.integration(card_now.destination)?;
        let mut view = self.view_of(now, id)?;
        let told = notes_of(id, &view);
        // An end is told once; a chat goes on showing it.
        let members = &mut view.members;
        members.retain(|shown| shown.news != MemberNews::Known || !shown.incident.ended());
        // As from Alertmanager, nothing is heard of what is silenced or inhibited; unless nothing else
        // fires, so that a notification never says that all is over while something is held back.
        let fires = |shown: &Shown| !shown.incident.ended();
        if members.iter().any(|shown| fires(shown) && !shown.held) {
            members.retain(|shown| !fires(shown) || !shown.held);
        }
        let members = members_of(&view);
        let extras = self.extras(on_duty);
        let routed = card_now.routed.as_ref();
        let notification = Notification {
            number: delivery.id,
            thread: id,
            receiver: integration.receiver.clone(),
            group_key: card_now.group.clone(),
            group_labels: routed
                .map(|routed| routed.labels.clone())
                .unwrap_or_default(),
            reason: reason(extras.first, &members),
            members: view.members,
            extras,
            locale: self.settings.locale.clone(),
            at: now,
        };
        Some((vec![Send::Notify(Box::new(notification))], told))
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
        let extras = self.extras_of_all(cards);
        let mut message = digest(&news, &extras, &locale, now);
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
        match settled.outcome {
            Outcome::Sent { told } => {
                self.end(now, &deliveries, &told, Fate::Sent, out);
                self.delivered(now, &deliveries, &told, by_digest, out);
            }
            Outcome::Failed { told, reason } => {
                self.attempted(now, &deliveries, Fate::Failed, &reason, out);
                let told = self.without_fresh_ends(now, told);
                self.give_up(now, &deliveries, &told, Fate::Failed, by_digest, out);
            }
            Outcome::Uncertain { told, reason } => {
                self.uncertain(now, deliveries, &told, &reason, out);
            }
            Outcome::Retry { partly, reason } => {
                self.attempted(now, &deliveries, Fate::Retry, &reason, out);
                self.try_again(now, &deliveries, &reason, partly, out);
            }
            Outcome::Unreachable { reason } => {
                self.unreachable(now, &deliveries, &reason, out);
            }
            Outcome::TopicGone => {
                self.moved(now, &deliveries, "its topic is gone", out);
                if let Destination::Chat(from) = first.destination {
                    let topic = None;
                    self.move_chat(now, from, ChatKey { topic, ..from }, out);
                }
            }
            Outcome::Migrated { to } => {
                let words = format!("the group's number is {to} now");
                self.moved(now, &deliveries, &words, out);
                if let Destination::Chat(from) = first.destination {
                    self.migrate(now, from, to, out);
                }
            }
        }
        self.announce_touched(now, out);
    }

    /// What surely or possibly never arrives is taken as told there, and somebody else is told.
    pub(super) fn give_up(
        &mut self,
        now: Timestamp,
        deliveries: &[Delivery],
        told: &[Note],
        fate: Fate,
        by_digest: bool,
        out: &mut Effects,
    ) {
        self.end(now, deliveries, told, fate, out);
        let given_up: Vec<IncidentId> = told.iter().map(|note| note.incident).collect();
        for card in deliveries.iter().filter_map(card_of) {
            self.fall_back(now, card, Some(&given_up), out);
        }
        self.delivered(now, deliveries, told, by_digest, out);
    }

    /// Leaves out the ends that a receiver refused and that may be told yet: they stay in the ledger
    /// as untold, and are told again at the next beat of their group. Otherwise one mistake of the
    /// other side would leave an alert open there for good.
    fn without_fresh_ends(&self, now: Timestamp, told: Vec<Note>) -> Vec<Note> {
        let speaks_again = |note: &Note| {
            let card = self.cards.get(&note.card).map(|on_duty| &on_duty.card);
            let at_beats =
                card.is_some_and(|card| card.destination.chat().is_none() && card.routed.is_some());
            let state = self.incidents.get(&note.incident);
            let fresh = state.is_some_and(|known| match known.incident.state {
                State::Ended { at, .. } => now.since(at) < REFUSED_ENDS_TOLD_FOR,
                State::Firing | State::Stale => false,
            });
            at_beats && note.told.ended && fresh
        };
        told.into_iter()
            .filter(|note| !speaks_again(note))
            .collect()
    }

    /// A chat is given up until it says otherwise. An integration never is: it is tried again.
    fn unreachable(
        &mut self,
        now: Timestamp,
        deliveries: &[Delivery],
        reason: &str,
        out: &mut Effects,
    ) {
        let chat = deliveries
            .first()
            .and_then(|first| first.destination.chat());
        self.attempted(now, deliveries, Fate::Unreachable, reason, out);
        let Some(chat) = chat else {
            return self.try_again(now, deliveries, reason, false, out);
        };
        self.end(now, deliveries, &[], Fate::Unreachable, out);
        self.not_taken(deliveries);
        self.disable(now, chat, reason, out);
        for card in deliveries.iter().filter_map(card_of) {
            self.look_at_ways_again(now, card, out);
        }
    }

    /// The place of these deliveries is another one now. Answers go on waiting, for that one.
    fn moved(&mut self, now: Timestamp, deliveries: &[Delivery], words: &str, out: &mut Effects) {
        self.attempted(now, deliveries, Fate::Moved, words, out);
        self.not_taken(deliveries);
        for delivery in deliveries {
            if let Content::Say(_) = delivery.content {
                if let Some(known) = self.deliveries.get_mut(&delivery.id) {
                    known.attempts = known.attempts.saturating_add(1);
                }
                continue;
            }
            let ended = std::slice::from_ref(delivery);
            self.end(now, ended, &[], Fate::Moved, out);
            self.remove_delivery(delivery.id, out);
            self.touched.extend(card_of(delivery));
        }
    }

    /// Nobody has seen a message that was refused, unless it came in several parts: those of a
    /// digest, or a new text for a message and an answer to it.
    fn not_taken(&mut self, deliveries: &[Delivery]) {
        let [
            Delivery {
                content: Content::Card(card),
                ..
            },
        ] = deliveries
        else {
            return;
        };
        if let Some(on_duty) = self.cards.get_mut(card)
            && on_duty.card.message_id.is_none()
        {
            on_duty.take_back(&mut self.before);
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

    pub(super) fn delivered(
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
            if delivery.priority.is_answer() {
                self.remove_delivery(delivery.id, out);
            } else {
                // Its row in the history has taken it out of the outbox.
                self.forget_delivery(delivery.id);
            }
            let Content::Card(id) = delivery.content else {
                continue;
            };
            let of_card = by_card.remove(&id).unwrap_or_default();
            let known = self.cards.get(&id);
            let speaks = known.is_some_and(|known| self.speaks(now, &known.card, &of_card));
            let Some(on_duty) = self.cards.get_mut(&id) else {
                continue;
            };
            let noted = of_card.iter().map(|(incident, _)| *incident);
            on_duty.clear_up(noted, &mut self.before);
            let was_behind = on_duty.card.behind;
            let leaving = on_duty.card.note(&of_card, by_digest);
            if let Some(routed) = &mut on_duty.card.routed {
                routed.beat = routed.beat.filter(|beat| !speaks && *beat > now);
                if speaks {
                    routed.told_at = Some(now);
                }
            }
            if on_duty.card.behind != was_behind || on_duty.card.routed.is_some() {
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
        if self.forget_delivery(id) {
            out.changes.push(Change::DeliveryGone(id));
        }
    }

    /// Takes a delivery out of memory; says whether it was there.
    fn forget_delivery(&mut self, id: DeliveryId) -> bool {
        let Some(delivery) = self.deliveries.remove(&id) else {
            return false;
        };
        if let Content::Card(card) = delivery.content
            && let Some(on_duty) = self.cards.get_mut(&card)
        {
            on_duty.delivery = None;
            on_duty.doubt(&mut self.before);
        }
        true
    }

    /// Keeps in the history how an attempt went that did not go through.
    pub(super) fn attempted(
        &self,
        now: Timestamp,
        deliveries: &[Delivery],
        fate: Fate,
        words: &str,
        out: &mut Effects,
    ) {
        for delivery in deliveries {
            out.changes.push(Change::Attempt(Attempt {
                delivery: delivery.id,
                number: delivery.attempts.saturating_add(1).min(Attempt::KEPT_MAX),
                at: now,
                fate,
                words: words.to_owned(),
            }));
        }
    }

    /// What would be noted if the delivery were told now.
    pub(super) fn notes_now(&self, now: Timestamp, delivery: &Delivery) -> Vec<Note> {
        let Some(id) = card_of(delivery) else {
            return Vec::new();
        };
        let view = self.view_of(now, id);
        view.map(|view| notes_of(id, &view)).unwrap_or_default()
    }

    pub(super) fn try_again(
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
                        on_duty.doubt(&mut self.before);
                    }
                    on_duty.take_back(&mut self.before);
                }
                self.look_at_ways_again(now, card, out);
                self.announce(now, card, out);
            }
        }
    }
}

/// Why a group speaks.
fn reason(first: bool, members: &[Member<'_>]) -> Reason {
    let any = |is: &dyn Fn(&Member<'_>) -> bool| members.iter().any(is);
    if first {
        Reason::First
    } else if any(&|member| member.news == MemberNews::New) {
        Reason::NewAlerts
    } else if members.iter().all(|member| member.incident.ended()) {
        Reason::AllResolved
    } else if any(&|member| member.incident.ended()) {
        Reason::SomeResolved
    } else if any(&|member| member.news == MemberNews::Changed) {
        Reason::Changed
    } else {
        Reason::Repeat
    }
}

pub(super) fn card_of(delivery: &Delivery) -> Option<CardId> {
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
    view.members.iter().map(Shown::member).collect()
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
