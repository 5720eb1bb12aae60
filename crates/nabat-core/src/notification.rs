//! What a group has to tell a receiver that is no chat: an e-mail address, a webhook.
//!
//! A chat is told by messages that are edited; an integration is handed the whole group each time,
//! as Alertmanager does. What becomes of it there (a letter, a JSON document) is the channel's
//! affair.

use std::sync::Arc;

use crate::alert::Labels;
use crate::card::{CardId, Shown};
use crate::delivery::DeliveryId;
use crate::incident::GroupKey;
use crate::message::Message;
use crate::message::card::{Extras, Member, card, subject};
use crate::message::words::Locale;
use crate::time::Timestamp;

/// What a group has to tell one integration of a receiver now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notification {
    /// The delivery that carries it. A repeat after a lost answer has the same number.
    pub number: DeliveryId,
    /// One life of the group, from its first alert to its end: what belongs together in a thread.
    pub thread: CardId,
    /// The receiver's name.
    pub receiver: Arc<str>,
    /// The group, as Alertmanager writes it: `{}/{team="db"}:{alertname="DiskFull"}`.
    pub group_key: GroupKey,
    /// The labels by which its route grouped it, with their values.
    pub group_labels: Labels,
    /// Why now.
    pub reason: Reason,
    /// All that fires in the group and what ended since the last time, in order of opening.
    pub members: Vec<Shown>,
    /// What is to be said beside its alerts.
    pub extras: Extras,
    /// In which language people read it, and by which clock.
    pub locale: Locale,
    /// The moment of which all this is true.
    pub at: Timestamp,
}

/// A notification in words for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    /// One line.
    pub subject: String,
    /// The whole.
    pub message: Message,
}

/// Why a group speaks, in the words of Alertmanager's `notification_reason`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// Nothing was told before.
    First,
    /// Something new fires.
    NewAlerts,
    /// Something ended, other alerts fire.
    SomeResolved,
    /// Everything ended.
    AllResolved,
    /// What fires is said again after the route's `repeat_interval`.
    Repeat,
    /// The text of something that fires changed, or it fell silent.
    Changed,
}

impl Notification {
    /// Whether anything of it fires.
    pub fn fires(&self) -> bool {
        self.members.iter().any(|shown| !shown.incident.ended())
    }

    /// Puts it into words. That is left to whoever wants them: programs read none.
    pub fn text(&self) -> Text {
        let members: Vec<Member<'_>> = self.members.iter().map(Shown::member).collect();
        Text {
            subject: subject(&members, &self.locale),
            message: card(&members, &self.extras, &self.locale, self.at),
        }
    }
}
