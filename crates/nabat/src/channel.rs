//! The places messages go to, one module per kind.

pub mod email;
mod http;
pub(crate) mod readable;
pub mod telegram;
pub mod webhook;

use std::time::Duration;

use nabat_core::notification::Notification;

pub(crate) use http::chain;

/// Why a channel did not take a notification.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It surely was not taken, and may be later.
    #[error("{reason}")]
    Later {
        /// How long the other side asks to wait.
        after: Option<Duration>,
        /// The other side's words.
        reason: String,
    },
    /// Nobody knows whether it was taken: the answer got lost.
    #[error("{reason}")]
    Uncertain {
        /// What happened.
        reason: String,
    },
    /// It is not taken, ever; another one may be.
    #[error("{reason}")]
    Never {
        /// The other side's words.
        reason: String,
    },
}

/// How an integration of a receiver is reached.
#[derive(Debug)]
pub enum Channel {
    /// Letters to one address.
    Email {
        /// What sends them.
        mailer: Box<email::Mailer>,
        /// To whom.
        to: email::Address,
    },
    /// A webhook.
    Webhook(Box<webhook::Sender>),
}

impl Channel {
    /// Hands a notification over, once.
    ///
    /// # Errors
    /// See [`Refusal`].
    pub async fn send(&self, notification: &Notification) -> Result<(), Refusal> {
        match self {
            Self::Email { mailer, to } => {
                let text = notification.text();
                let to = std::slice::from_ref(to);
                mailer.send(notification, &text, to).await.map(drop)
            }
            Self::Webhook(sender) => sender.send(notification).await,
        }
    }

    /// What it is, in metrics.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Email { .. } => "email",
            Self::Webhook(_) => "webhook",
        }
    }

    /// How many notifications may be on their way at once.
    pub fn in_hand_max(&self) -> usize {
        match self {
            Self::Email { .. } => 2,
            Self::Webhook(_) => 64,
        }
    }
}
