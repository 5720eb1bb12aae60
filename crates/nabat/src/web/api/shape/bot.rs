//! What the API answers about bots.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::bot;

/// All bots.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Bots {
    /// Those of the configuration first, in its order; then those that came in by the API, by number.
    pub bots: Vec<Bot>,
}

/// A bot, without its token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Bot {
    /// Its number, which stands before the colon of its token.
    pub id: i64,
    /// What it is called in logs and metrics.
    pub name: String,
    /// Its name in Telegram, without the `@`; nothing: Telegram has not told it yet.
    pub username: Option<String>,
    /// Its token, of which only the number is shown: `123456789:…`.
    pub token: String,
    /// Whether the configuration defines it.
    pub configured: bool,
    /// Since when it is known, in RFC 3339, if it came in by the API.
    pub made_at: Option<String>,
    /// How it does.
    pub state: State,
    /// What keeps it from hearing, in words; nothing: nothing does.
    pub problem: Option<String>,
    /// The chats that monitors tell by it, each with these monitors.
    pub chats: Vec<Chat>,
}

/// How a bot does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "BotState")]
pub enum State {
    /// Telegram has not answered yet.
    Starting,
    /// It hears, and so it may speak.
    Works,
    /// Another program hears for it as well; it speaks all the same.
    Conflict,
    /// Telegram does not take its token.
    TokenRefused,
    /// Telegram can't be reached.
    Unreachable,
    /// It does not run: it has just come in, or is leaving.
    Stopped,
}

/// A chat that monitors tell by themselves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "BotChat")]
pub struct Chat {
    /// Its id in Telegram.
    pub chat: i64,
    /// The topic of it, if it is one.
    pub topic: Option<i64>,
    /// What it is called.
    pub title: String,
    /// The names of the monitors that tell it.
    pub monitors: Vec<String>,
}

impl From<Option<&bot::State>> for State {
    fn from(state: Option<&bot::State>) -> Self {
        match state {
            None => Self::Stopped,
            Some(bot::State::Starting) => Self::Starting,
            Some(bot::State::Polling { .. } | bot::State::Webhook { .. }) => Self::Works,
            Some(bot::State::Conflict { .. }) => Self::Conflict,
            Some(bot::State::TokenRefused) => Self::TokenRefused,
            Some(bot::State::Unreachable { .. }) => Self::Unreachable,
        }
    }
}
