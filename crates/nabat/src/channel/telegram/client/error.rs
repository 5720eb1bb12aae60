//! The ways in which a call of the Bot API can fail, told apart by whether it had an effect.

use std::time::Duration;

/// Why a call did not succeed. No text of it ever holds a token or an address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// Telegram surely did not get the request: no connection was made.
    #[error("Telegram was not reached: {reason}")]
    Unsent {
        /// What the system says.
        reason: String,
    },
    /// The request may have been carried out; its answer never came, or can't be understood.
    #[error("Telegram's answer got lost: {reason}")]
    Lost {
        /// What the system says.
        reason: String,
    },
    /// Telegram answered no.
    #[error("Telegram refused: {}", .0.description)]
    Refused(Refusal),
    /// Something in front of Telegram answered instead, such as a proxy with a page of HTML.
    #[error("not Telegram but something on the way answered, with status {status}")]
    Garbled {
        /// The HTTP status.
        status: u16,
    },
}

/// Telegram's no.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// `error_code`, else the HTTP status.
    pub code: u16,
    /// Telegram's words.
    pub description: String,
    /// How long Telegram wants to hear nothing of the kind.
    pub retry_after: Option<Duration>,
    /// The new number of a group that moved.
    pub migrate_to: Option<i64>,
}

impl CallError {
    /// Telegram's no, if it is one.
    pub fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Refused(refusal) => Some(refusal),
            _ => None,
        }
    }

    /// Whether Telegram refused with this code.
    pub fn is_refusal(&self, code: u16) -> bool {
        self.refusal().is_some_and(|refusal| refusal.code == code)
    }

    /// Whether the request may have been carried out all the same.
    pub fn maybe_done(&self) -> bool {
        match self {
            Self::Unsent { .. } => false,
            Self::Lost { .. } | Self::Garbled { .. } => true,
            Self::Refused(refusal) => refusal.code >= 500,
        }
    }

    /// The same error with its foreign words passed through `redact`.
    pub(super) fn redacted(self, redact: impl Fn(String) -> String) -> Self {
        match self {
            Self::Unsent { reason } => Self::Unsent {
                reason: redact(reason),
            },
            Self::Lost { reason } => Self::Lost {
                reason: redact(reason),
            },
            Self::Refused(refusal) => Self::Refused(Refusal {
                description: redact(refusal.description),
                ..refusal
            }),
            Self::Garbled { status } => Self::Garbled { status },
        }
    }
}
