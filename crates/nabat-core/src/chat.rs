//! Chats and people, as the bots meet them.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::message::words::Language;
use crate::time::Timestamp;

/// A bot: the number in front of the colon of its token. It stays when the token is changed.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct BotId(pub i64);

/// A person, by the number Telegram gave them. Above zero.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct PersonId(pub i64);

/// The token of a bot. Nothing prints it.
#[derive(Clone, PartialEq, Eq)]
pub struct BotToken(pub String);

impl fmt::Debug for BotToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

/// A bot that is not of the configuration: its token came in while Nabat ran.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MadeBot {
    /// Which bot.
    pub id: BotId,
    /// Its name, without the `@`.
    pub username: String,
    /// What admits to it.
    pub token: BotToken,
    /// Since when it is known.
    pub made_at: Timestamp,
}

/// Where messages go: a chat as one bot sees it, or one topic of it.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
pub struct ChatKey {
    /// The bot that speaks there.
    pub bot: BotId,
    /// Telegram's number of the chat: above zero a person, below zero a group or channel.
    pub chat: i64,
    /// The topic, in groups that have topics.
    pub topic: Option<i64>,
}

impl ChatKey {
    /// Whether this is a conversation with one person.
    pub fn is_private(&self) -> bool {
        self.chat > 0
    }
}

impl fmt::Display for ChatKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.chat)?;
        self.topic.map_or(Ok(()), |topic| write!(f, "/{topic}"))
    }
}

/// What Nabat knows of a chat it speaks in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chat {
    /// Where it is.
    pub key: ChatKey,
    /// Its name, as Telegram last told it.
    pub title: String,
    /// The language chosen there, or that of the person who spoke first.
    pub language: Option<Language>,
    /// The IANA time zone chosen there.
    pub zone: Option<String>,
    /// Until when nothing new is told.
    pub muted_until: Option<Timestamp>,
    /// Why nothing can be told there, in the provider's words, and since when.
    pub disabled: Option<Disabled>,
}

/// Why a chat takes no messages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Disabled {
    /// Since when.
    pub since: Timestamp,
    /// The provider's words.
    pub reason: String,
}

/// Someone who may use the bots.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// Who.
    pub id: PersonId,
    /// Their name, as Telegram last told it.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// Since when.
    pub since: Timestamp,
}

/// What a person may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Use the bots.
    Member,
    /// Also invite others.
    Owner,
}

/// Whom an invitation lets in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admits {
    /// The person who opens it in a private chat.
    Person(Role),
    /// The group in which it is opened. Everyone there can read its code.
    Group,
}

/// A link that lets somebody in, once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invite {
    /// SHA-256 of the code in the link: the code itself is not kept.
    pub code_hash: [u8; 32],
    /// Whom it lets in.
    pub admits: Admits,
    /// When it stops working.
    pub expires_at: Timestamp,
}
