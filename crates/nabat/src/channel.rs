//! The places messages go to, one module per kind.

pub mod email;
mod readable;
pub mod telegram;

use std::time::Duration;

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
