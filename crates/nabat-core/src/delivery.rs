//! What waits to be said, and when it may be said.
//!
//! A [`Delivery`] is a row of the outbox, a [`Done`] one of its history, an [`Attempt`] says why it
//! did not go through at first. [`schedule::Schedule`] decides, for one bot, which of
//! them goes out next within Telegram's limits.

pub mod schedule;

use serde::{Deserialize, Serialize};

use crate::card::{CardId, Told};
use crate::destination::Destination;
use crate::incident::IncidentId;
use crate::message::Message;
use crate::notification::Notification;
use crate::time::Timestamp;

/// A digest of more alerts than this has the complete list with it, as a file: a message more.
pub(crate) const DIGEST_WITHOUT_FILE_MAX: usize = 10;

/// The number of a delivery, in order of creation; never used twice.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct DeliveryId(pub i64);

/// Which delivery goes first. Lesser is more urgent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Priority {
    /// A critical alert that the destination does not know yet.
    Critical,
    /// Somebody waits for an answer.
    Answer,
    /// Other news.
    News,
    /// A message that only changes quietly.
    Quiet,
    /// An answer to somebody unknown, of whom there may be any number.
    Stranger,
}

impl Priority {
    /// All of them, the most urgent first.
    pub const ALL: [Self; 5] = [
        Self::Critical,
        Self::Answer,
        Self::News,
        Self::Quiet,
        Self::Stranger,
    ];

    /// Whether somebody asked for it.
    pub fn is_answer(self) -> bool {
        matches!(self, Self::Answer | Self::Stranger)
    }
}

/// One message for one destination that has to be sent: a row of the outbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Its number.
    pub id: DeliveryId,
    /// Where it goes.
    pub destination: Destination,
    /// What is said.
    pub content: Content,
    /// Its urgency.
    pub priority: Priority,
    /// Since when it waits.
    pub created_at: Timestamp,
    /// How often it was tried in vain.
    pub attempts: u32,
    /// Why the last attempt failed, in the provider's words.
    pub last_error: Option<String>,
}

impl Delivery {
    /// What a courier needs to know of it.
    pub fn waiting(&self) -> Waiting {
        Waiting {
            id: self.id,
            destination: self.destination,
            priority: self.priority,
            hurried: false,
        }
    }
}

/// What a delivery says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Content {
    /// Whatever the card has to tell when its turn comes.
    Card(CardId),
    /// A message of its own.
    Say(Message),
    /// A new text for a message that is there already.
    Edit {
        /// Which message.
        message_id: i64,
        /// Its new text.
        message: Message,
    },
}

/// What a courier needs to know of a waiting delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waiting {
    /// Which one.
    pub id: DeliveryId,
    /// Where it goes.
    pub destination: Destination,
    /// Its urgency.
    pub priority: Priority,
    /// A person wants it tried now: pauses after failures end, those the provider asked for do not.
    pub hurried: bool,
}

/// A delivery in a courier's hands: the content as it is at this moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Work {
    /// Which deliveries: several are told in one digest.
    pub ids: Vec<DeliveryId>,
    /// Where it goes.
    pub destination: Destination,
    /// The requests to make, in order.
    pub sends: Vec<Send>,
    /// What the ledger notes when all of them were accepted.
    pub told: Vec<Note>,
    /// Since when the oldest of the deliveries waited.
    pub created_at: Timestamp,
}

/// An entry for the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Note {
    /// On which card.
    pub card: CardId,
    /// Of which incident.
    pub incident: IncidentId,
    /// What the chat knows of it now.
    pub told: Told,
}

/// One request to the provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Send {
    /// A new message.
    New {
        /// What it says.
        message: Message,
        /// The message it answers; `None` for none.
        reply_to: Option<i64>,
        /// Whether it becomes the card's live message.
        live: bool,
    },
    /// A new text for a message.
    Edit {
        /// Which message.
        message_id: i64,
        /// What it says now.
        message: Message,
        /// What is sent as the new live message should this one be gone.
        live: bool,
    },
    /// What a group has to tell an integration.
    Notify(Box<Notification>),
    /// A text too long for a message, as a file. It arrives without a sound.
    File {
        /// The file's name.
        name: String,
        /// What stands in it.
        text: String,
    },
}

/// One attempt that did not go through.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// Of which delivery.
    pub delivery: DeliveryId,
    /// Counts from 1. Beyond [`Attempt::KEPT_MAX`] the last one takes the place of that one.
    pub number: u32,
    /// When.
    pub at: Timestamp,
    /// What became of it.
    pub fate: Fate,
    /// The provider's words.
    pub words: String,
}

impl Attempt {
    /// How many attempts of a delivery are kept: the first ones and the last.
    pub const KEPT_MAX: u32 = 50;
}

/// What became of an attempt or, in the end, of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    /// The provider took it.
    Sent,
    /// The provider did not take it; it is tried again.
    Retry,
    /// Nobody knows whether the provider took it: the answer got lost.
    Uncertain,
    /// The provider never takes it.
    Failed,
    /// The destination takes no messages.
    Unreachable,
    /// Its place moved or is gone; it goes elsewhere.
    Moved,
    /// A person dropped it.
    Dropped,
}

/// A delivery that waits no more: a row of the history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Done {
    /// Its number.
    pub id: DeliveryId,
    /// Where it went.
    pub destination: Destination,
    /// What it was about, on one line.
    pub subject: String,
    /// Its urgency.
    pub priority: Priority,
    /// How it ended.
    pub fate: Fate,
    /// How many attempts it took.
    pub attempts: u32,
    /// Since when it had waited.
    pub created_at: Timestamp,
    /// When it ended.
    pub done_at: Timestamp,
}

/// How a delivery went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settled {
    /// Which deliveries, as given with the [`Work`].
    pub ids: Vec<DeliveryId>,
    /// The live message that now shows the card, if one was sent.
    pub message_id: Option<i64>,
    /// What happened.
    pub outcome: Outcome,
}

/// What happened to a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The provider took it; the ledger notes what was told.
    Sent {
        /// As given with the [`Work`].
        told: Vec<Note>,
    },
    /// Nobody knows whether it was taken: the answer got lost. A critical one and an end are tried
    /// again, others are noted as told, so that there is at most one copy.
    Uncertain {
        /// As given with the [`Work`].
        told: Vec<Note>,
        /// What happened.
        reason: String,
    },
    /// It was not taken and is tried again later; the reason is shown meanwhile.
    Retry {
        /// Whether a part of it was taken, so that the chat may know the news already.
        partly: bool,
        /// The provider's words.
        reason: String,
    },
    /// This message can't be delivered, ever; others to this chat may.
    Failed {
        /// As given with the [`Work`]: not tried again, so noted as told.
        told: Vec<Note>,
        /// The provider's words.
        reason: String,
    },
    /// The chat takes no messages until it says otherwise.
    Unreachable {
        /// The provider's words.
        reason: String,
    },
    /// The topic is gone: its messages go to the chat itself from now on.
    TopicGone,
    /// The group moved to another number.
    Migrated {
        /// Telegram's new number of the chat.
        to: i64,
    },
}
