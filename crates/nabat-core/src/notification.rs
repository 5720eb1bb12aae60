//! What a group has to tell a receiver that is no chat: an e-mail address, a webhook.
//!
//! A chat is told by messages that are edited; an integration is handed the whole group each time,
//! as Alertmanager does. What becomes of it there (a letter, a JSON document) is the channel's
//! affair.

use std::sync::Arc;

use crate::alert::Labels;
use crate::card::CardId;
use crate::delivery::DeliveryId;
use crate::incident::{GroupKey, Incident};
use crate::message::Message;
use crate::message::card::MemberNews;

/// What a group has to tell one integration of a receiver now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notification {
    /// The delivery that carries it. A repeat after a lost answer has the same number.
    pub number: DeliveryId,
    /// One life of the group, from its first alert to its end: what belongs together in a thread.
    pub thread: CardId,
    /// Whether nothing of this life of the group was told there before.
    pub first: bool,
    /// The receiver's name.
    pub receiver: Arc<str>,
    /// The group, as Alertmanager writes it: `{}/{team="db"}:{alertname="DiskFull"}`.
    pub group_key: GroupKey,
    /// The labels by which its route grouped it, with their values.
    pub group_labels: Labels,
    /// Why now.
    pub reason: Reason,
    /// All that fires in the group and what ended since the last time, in order of opening.
    pub members: Vec<(Arc<Incident>, MemberNews)>,
    /// One line for people.
    pub subject: String,
    /// The whole for people.
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
        self.members.iter().any(|(incident, _)| !incident.ended())
    }
}
