//! What changes on a chat's cards when it subscribes and unsubscribes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{Effects, Engine};
use crate::card::CardId;
use crate::change::Change;
use crate::chat::ChatKey;
use crate::incident::{Incident, IncidentId, title_of};
use crate::subscription::index::Index;
use crate::subscription::{Selector, Subscription, SubscriptionId};
use crate::time::Timestamp;

impl Engine {
    /// Takes a subscription in. Returns how many alerts fire that it selects.
    pub(super) fn add_subscription(
        &mut self,
        subscription: Subscription,
        out: &mut Effects,
    ) -> usize {
        out.changes.push(Change::Subscription(subscription.clone()));
        self.index.add(subscription.id, &subscription.selector);
        self.own_chats.add(&subscription);
        let firing = self.catch_up(subscription.chat, &subscription.selector, out);
        self.subscriptions.insert(subscription.id, subscription);
        firing
    }

    /// Ends a subscription of a chat. Returns what it was to.
    pub(super) fn remove_subscription(
        &mut self,
        now: Timestamp,
        chat: ChatKey,
        id: SubscriptionId,
        out: &mut Effects,
    ) -> Option<String> {
        let gone = self.forget_subscription(chat, id, out)?;
        self.after_unsubscribing(now, chat, out);
        Some(gone)
    }

    /// The same where others of the chat follow: [`Engine::after_unsubscribing`] is due then.
    pub(super) fn forget_subscription(
        &mut self,
        chat: ChatKey,
        id: SubscriptionId,
        out: &mut Effects,
    ) -> Option<String> {
        self.subscriptions
            .get(&id)
            .filter(|subscription| subscription.chat == chat)?;
        let gone = self.subscriptions.remove(&id)?;
        self.index.remove(id, &gone.selector);
        self.own_chats.remove(&gone);
        self.look_at_bot_soon(chat.bot);
        out.changes.push(Change::SubscriptionGone(id));
        Some(gone.selector.to_string())
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
            self.show_subscribed(chat, incident, out);
        }
        firing.len()
    }

    /// After subscriptions ended: what the chat was not told of and has no other subscription for
    /// leaves its cards. What it was told of stays until its end, and so does what a message on
    /// its way may tell it.
    pub(super) fn after_unsubscribing(&mut self, now: Timestamp, chat: ChatKey, out: &mut Effects) {
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
        let left: Vec<IncidentId> = leaving.iter().flat_map(|(_, ids)| ids.clone()).collect();
        for (card, incidents) in leaving {
            self.take_off(card, &incidents, out);
            // What is left may be less urgent, or nothing worth telling.
            self.touched.insert(card);
        }
        // A route may lead there all the same, or lead there no more.
        let showing = self.cards_of(chat.into()).into_iter();
        let showing = showing.filter_map(|id| self.cards.get(&id));
        let incidents: BTreeSet<IncidentId> = showing
            .flat_map(|on_duty| on_duty.card.members.keys().copied())
            .chain(left)
            .collect();
        for id in incidents {
            if let Some(known) = self.incidents.get(&id) {
                let incident = Arc::clone(&known.incident);
                self.arrange(now, &incident, out);
            }
        }
        // As a fallback it may have to be told as well.
        self.touch_those_it_stands_in_for(chat.into());
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

/// Whether any subscription of the index is about the incident.
pub(super) fn selected(index: &Index, incident: &Incident) -> bool {
    let title = title_of(&incident.labels, &incident.annotations);
    !index.find(&incident.labels, &title).is_empty()
}
