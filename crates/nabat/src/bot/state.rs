//! How a bot's ears do: shown to whoever watches, and logged when it changes.

use nabat_core::time::Timestamp;
use tokio::sync::watch;

use crate::channel::telegram::client::{CallError, User};
use crate::clock;

/// How a bot's ears do.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum State {
    /// Telegram has not answered yet.
    #[default]
    Starting,
    /// Telegram is asked for updates.
    Polling {
        /// The bot's name, without the `@`.
        username: String,
        /// Since when without a break.
        since: Timestamp,
    },
    /// Telegram calls.
    Webhook {
        /// The bot's name, without the `@`.
        username: String,
        /// Since when.
        since: Timestamp,
    },
    /// Another program asks for this bot's updates, so that each gets a part of them.
    Conflict {
        /// The bot's name, without the `@`.
        username: String,
        /// Since when.
        since: Timestamp,
    },
    /// The token is not valid (any more): nothing is tried until the configuration changes.
    TokenRefused,
    /// Telegram can't be reached, or does not do what it should.
    Unreachable {
        /// The bot's name, without the `@`, if Telegram told it before.
        username: Option<String>,
        /// The last failure.
        reason: String,
        /// Since when.
        since: Timestamp,
    },
}

impl State {
    /// The bot's name, without the `@`, if it is known.
    pub fn username(&self) -> Option<&str> {
        match self {
            Self::Polling { username, .. }
            | Self::Webhook { username, .. }
            | Self::Conflict { username, .. } => Some(username),
            Self::Unreachable { username, .. } => username.as_deref(),
            Self::Starting | Self::TokenRefused => None,
        }
    }

    /// What keeps the bot from hearing, in words; `None` if it hears or has only just begun.
    pub fn trouble(&self) -> Option<String> {
        match self {
            Self::Starting | Self::Polling { .. } | Self::Webhook { .. } => None,
            Self::Conflict { .. } => Some(
                "another program polls this bot: it hears only a part of what is said to it"
                    .to_owned(),
            ),
            Self::TokenRefused => Some("Telegram refuses its token".to_owned()),
            Self::Unreachable { reason, .. } => {
                Some(format!("Telegram can't be reached: {reason}"))
            }
        }
    }

    /// Whether updates come in.
    pub fn listens(&self) -> bool {
        matches!(self, Self::Polling { .. } | Self::Webhook { .. })
    }
}

/// Tells the state, and logs each change of it once.
#[derive(Debug)]
pub(super) struct Voice {
    bot: String,
    username: Option<String>,
    state: watch::Sender<State>,
}

impl Voice {
    pub(super) fn new(bot: String, state: watch::Sender<State>) -> Self {
        Self {
            bot,
            username: None,
            state,
        }
    }

    /// The bot's name is known from now on.
    pub(super) fn meet(&mut self, me: &User) {
        self.username = Some(me.username.clone());
    }

    pub(super) fn polls(&self) {
        if !matches!(*self.state.borrow(), State::Polling { .. }) {
            tracing::info!(bot = %self.bot, username = %self.username(), "the bot listens");
            self.state.send_replace(State::Polling {
                username: self.username(),
                since: clock::now(),
            });
        }
    }

    pub(super) fn called(&self) {
        tracing::info!(bot = %self.bot, username = %self.username(), "the bot listens to Telegram's calls");
        self.state.send_replace(State::Webhook {
            username: self.username(),
            since: clock::now(),
        });
    }

    pub(super) fn conflict(&self, error: &CallError) {
        if !matches!(*self.state.borrow(), State::Conflict { .. }) {
            tracing::error!(
                bot = %self.bot, %error,
                "another program polls this bot: stop it, or give one of the two another bot"
            );
            self.state.send_replace(State::Conflict {
                username: self.username(),
                since: clock::now(),
            });
        }
    }

    pub(super) fn token_refused(&self) {
        tracing::error!(
            bot = %self.bot,
            "Telegram refuses the bot's token: put the one that @BotFather shows into the configuration and reload it"
        );
        self.state.send_replace(State::TokenRefused);
    }

    pub(super) fn unreachable(&self, error: &CallError) {
        let since = match &*self.state.borrow() {
            State::Unreachable { since, .. } => Some(*since),
            _ => None,
        };
        if since.is_none() {
            tracing::warn!(bot = %self.bot, %error, "the bot hears nothing; it keeps trying");
        }
        self.state.send_replace(State::Unreachable {
            username: self.username.clone(),
            reason: error.to_string(),
            since: since.unwrap_or_else(clock::now),
        });
    }

    pub(super) fn no_secret(&self, error: &getrandom::Error) {
        tracing::error!(bot = %self.bot, %error, "the system gives no random numbers: the bot does not listen");
        self.state.send_replace(State::Unreachable {
            username: self.username.clone(),
            reason: format!("the system gives no random numbers: {error}"),
            since: clock::now(),
        });
    }

    fn username(&self) -> String {
        self.username.clone().unwrap_or_default()
    }
}
