//! What changes on a chat's cards when it subscribes and unsubscribes.

use std::collections::BTreeMap;

use super::{Effects, Engine};
use crate::card::CardId;
use crate::chat::ChatKey;
use crate::destination::Destination;
use crate::incident::{Incident, IncidentId, title_of};
use crate::subscription::index::Index;
use crate::subscription::{Selector, SubscriptionId};

impl Engine {
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

/// Whether any subscription of the index is about the incident.
pub(super) fn selected(index: &Index, incident: &Incident) -> bool {
    let title = title_of(&incident.labels, &incident.annotations);
    !index.find(&incident.labels, &title).is_empty()
}
