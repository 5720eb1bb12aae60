//! What the API's answers look like, for those who write them and for those who read them.

pub mod bot;
pub mod failure;
pub mod incident;
pub mod monitor;
pub mod routes;
pub mod token;
mod words;

pub use failure::Failure;

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use nabat_core::delivery::{Fate, Priority};

/// A delivery.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Delivery {
    /// Its number.
    pub id: i64,
    /// Where it goes: `chat/BOT/CHAT[/TOPIC]` or `integration/NUMBER`.
    pub destination: String,
    /// What that is called.
    pub destination_name: String,
    /// What it is about, on one line.
    pub subject: String,
    /// Its urgency.
    #[schemars(schema_with = "words::priority")]
    pub priority: Priority,
    /// How it is.
    pub state: State,
    /// How often it was tried.
    pub attempts: u32,
    /// Since when it waits or had waited, in RFC 3339.
    pub created_at: String,
    /// When it ended.
    pub done_at: Option<String>,
    /// Why its last attempt that did not go through did not, in the provider's words.
    pub last_error: Option<String>,
    /// Every attempt that did not go through, if one delivery was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub history: Option<Vec<Tried>>,
}

/// An attempt that did not go through.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Tried {
    /// Counts from 1.
    pub number: u32,
    /// When, in RFC 3339.
    pub at: String,
    /// What became of it.
    #[schemars(schema_with = "words::fate")]
    pub fate: Fate,
    /// The provider's words.
    pub words: String,
}

/// Some deliveries.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Deliveries")]
pub struct Page {
    /// Those that wait first, then the newest.
    pub deliveries: Vec<Delivery>,
    /// What to send as `before` to get more; `None`: there is no more.
    pub next: Option<String>,
}

/// What came of a wish.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Done {
    /// `hurried`, `reached_again`, `dropped`.
    pub result: String,
    /// In words for people.
    pub message: String,
}

/// How a delivery is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "DeliveryState")]
pub enum State {
    /// It is to be sent.
    Waiting,
    /// The provider took it.
    Sent,
    /// Nobody knows whether the provider took it.
    Uncertain,
    /// The provider refused it for good.
    Failed,
    /// Its chat took no messages.
    Unreachable,
    /// A person dropped it.
    Dropped,
    /// Its place moved.
    Moved,
}

impl State {
    const ALL: [(Self, &'static str); 7] = [
        (Self::Waiting, "waiting"),
        (Self::Sent, "sent"),
        (Self::Uncertain, "uncertain"),
        (Self::Failed, "failed"),
        (Self::Unreachable, "unreachable"),
        (Self::Dropped, "dropped"),
        (Self::Moved, "moved"),
    ];

    /// How a delivery of that state ended; `None` if it waits.
    pub fn fate(self) -> Option<Fate> {
        match self {
            Self::Waiting => None,
            Self::Sent => Some(Fate::Sent),
            Self::Uncertain => Some(Fate::Uncertain),
            Self::Failed => Some(Fate::Failed),
            Self::Unreachable => Some(Fate::Unreachable),
            Self::Dropped => Some(Fate::Dropped),
            Self::Moved => Some(Fate::Moved),
        }
    }
}

impl From<Fate> for State {
    fn from(fate: Fate) -> Self {
        match fate {
            Fate::Retry => Self::Waiting,
            Fate::Sent => Self::Sent,
            Fate::Uncertain => Self::Uncertain,
            Fate::Failed => Self::Failed,
            Fate::Unreachable => Self::Unreachable,
            Fate::Dropped => Self::Dropped,
            Fate::Moved => Self::Moved,
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = Self::ALL.iter().find(|(state, _)| state == self);
        f.pad(name.map_or("", |(_, name)| name))
    }
}

/// The word names no state.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "a delivery is never `{0}`: it is waiting, sent, uncertain, failed, unreachable, dropped or moved"
)]
pub struct NoState(String);

impl FromStr for State {
    type Err = NoState;

    fn from_str(word: &str) -> Result<Self, NoState> {
        let found = Self::ALL.iter().find(|(_, name)| *name == word);
        found
            .map(|(state, _)| *state)
            .ok_or_else(|| NoState(word.chars().take(40).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_is_written_the_same_everywhere() {
        for (state, name) in State::ALL {
            assert_eq!(state.to_string(), name);
            assert_eq!(name.parse(), Ok(state));
            assert_eq!(serde_json::to_value(state).unwrap(), name);
            assert_eq!(state.fate().map(State::from), state.fate().map(|_| state));
            let known = "gone".parse::<State>().unwrap_err().to_string();
            assert!(known.contains(name), "{known}");
        }
    }
}
