//! Where messages go, and who carries them there.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::chat::{BotId, ChatKey};

/// One integration of a receiver, such as an e-mail address or a webhook: a number made of the
/// receiver's name and the address, so that it is the same after a restart or a reordering.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct IntegrationId(pub i64);

/// Where messages go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Destination {
    /// A chat, in which messages are edited and answered.
    Chat(ChatKey),
    /// An integration, which is handed whole notifications.
    Integration(IntegrationId),
}

/// Who carries deliveries: one courier each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outlet {
    /// A bot, to all its chats.
    Bot(BotId),
    /// An integration of a receiver.
    Integration(IntegrationId),
}

impl Destination {
    /// The chat, if it is one.
    pub fn chat(self) -> Option<ChatKey> {
        match self {
            Self::Chat(chat) => Some(chat),
            Self::Integration(_) => None,
        }
    }

    /// Who carries deliveries there.
    pub fn outlet(self) -> Outlet {
        match self {
            Self::Chat(chat) => Outlet::Bot(chat.bot),
            Self::Integration(id) => Outlet::Integration(id),
        }
    }
}

impl From<ChatKey> for Destination {
    fn from(chat: ChatKey) -> Self {
        Self::Chat(chat)
    }
}

/// `chat/7/-100`, `chat/7/-100/5` (a topic), `integration/42`: as stored and as the API shows it.
impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Chat(chat) => write!(f, "chat/{}/{chat}", chat.bot.0),
            Self::Integration(id) => write!(f, "integration/{}", id.0),
        }
    }
}

/// The text is no destination.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no destination: expected `chat/BOT/CHAT[/TOPIC]` or `integration/NUMBER`")]
pub struct NoDestination(String);

impl FromStr for Destination {
    type Err = NoDestination;

    fn from_str(text: &str) -> Result<Self, NoDestination> {
        let read = || {
            let (kind, rest) = text.split_once('/')?;
            if kind == "integration" {
                return Some(Self::Integration(IntegrationId(rest.parse().ok()?)));
            }
            let mut parts = rest.split('/').map(str::parse::<i64>);
            let bot = BotId(parts.next()?.ok()?);
            let chat = parts.next()?.ok()?;
            let topic = parts.next().transpose().ok()?;
            let chat = ChatKey { bot, chat, topic };
            (kind == "chat" && parts.next().is_none()).then_some(Self::Chat(chat))
        };
        read().ok_or_else(|| NoDestination(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_destination_is_read_as_it_is_written() {
        let chat = |topic| {
            Destination::Chat(ChatKey {
                bot: BotId(7),
                chat: -100,
                topic,
            })
        };
        let integration = Destination::Integration(IntegrationId(-5));
        for destination in [chat(None), chat(Some(5)), integration] {
            assert_eq!(destination.to_string().parse(), Ok(destination));
        }
        for text in [
            "",
            "chat",
            "chat/7",
            "chat/7/1/2/3",
            "integration/x",
            "mail/1",
        ] {
            assert!(text.parse::<Destination>().is_err(), "{text}");
        }
    }
}
