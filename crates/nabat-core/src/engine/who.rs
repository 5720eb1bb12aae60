//! Who would be told about an alert by subscriptions, for people who ask.

use super::Engine;
use crate::alert::Labels;
use crate::chat::ChatKey;
use crate::destination::Destination;
use crate::incident::title_of;
use crate::subscription::SubscriptionId;

/// A subscription that takes an alert.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscribed {
    /// Its number.
    pub id: SubscriptionId,
    /// Whose it is.
    pub place: ChatKey,
    /// What that chat is called for people.
    pub chat: String,
    /// Which alerts it is about, as it was written.
    pub selector: String,
}

impl Engine {
    /// The subscriptions that take an alert with these labels and no annotations, the oldest first.
    pub fn subscribed(&self, labels: &Labels) -> Vec<Subscribed> {
        let title = title_of(labels, &Labels::default());
        let found = self.index.find(labels, &title);
        let known = found.iter().filter_map(|id| self.subscriptions.get(id));
        known
            .filter(|subscription| self.may_hear(subscription.chat))
            .map(|subscription| Subscribed {
                id: subscription.id,
                place: subscription.chat,
                chat: self.name_of(Destination::Chat(subscription.chat)),
                selector: subscription.selector.to_string(),
            })
            .collect()
    }
}
