//! What a failure means for the notification.
//!
//! Only what the server says of this very letter, of its recipients or its content, is final.
//! What concerns the account (no connection, a wrong password, a sender it does not like) is
//! mended by a person, and then every letter that waited goes out.

use super::{Account, Address};
use crate::channel::Refusal;

/// How far the conversation with the server had come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// Connecting, TLS and greetings.
    Connect,
    /// Name and password.
    Login,
    /// `MAIL FROM`.
    Sender,
    /// `RCPT TO`.
    Recipients,
    /// `DATA`.
    Announce,
    /// The letter itself.
    Letter,
}

/// Why a letter was not taken, as far as is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Failure {
    /// No answer came, or one that makes no sense.
    Lost {
        /// What it would have answered.
        step: Step,
        /// What happened.
        words: String,
    },
    /// The server said no.
    Refused {
        /// To what.
        step: Step,
        /// Its reply code: 4xx for now, 5xx for good.
        code: u16,
        /// Its words.
        words: String,
    },
    /// The server takes the letter for none of the recipients.
    Nobody {
        /// All of them.
        unserved: Vec<Unserved>,
    },
}

/// The server closes the connection.
const CLOSING: u16 = 421;

impl Failure {
    /// Whether the connection ended before anything was said of the letter, so that another one
    /// may serve.
    pub(super) fn is_of_the_connection(&self) -> bool {
        match self {
            Self::Lost { step, .. } => *step == Step::Sender,
            Self::Refused { step, code, .. } => *step == Step::Sender && *code == CLOSING,
            Self::Nobody { .. } => false,
        }
    }
}

/// Somebody for whom the mail server did not take a letter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unserved {
    /// Who.
    pub address: Address,
    /// The server's reply code: 4xx for now, 5xx for good.
    pub code: u16,
    /// The server's words.
    pub reason: String,
}

/// The server wants a name and a password, whatever it was asked.
const AUTHENTICATION_REQUIRED: u16 = 530;

/// What `failure` means for the notification.
pub(super) fn classify(failure: &Failure, account: &Account) -> Refusal {
    let reason = reason(failure, account);
    match failure {
        Failure::Lost { step, .. } => match step {
            Step::Letter => Refusal::Uncertain { reason },
            _ => later(reason),
        },
        Failure::Refused { step, code, .. } => match step {
            Step::Connect | Step::Login | Step::Sender => later(reason),
            Step::Recipients | Step::Announce | Step::Letter => said(*code, reason),
        },
        Failure::Nobody { unserved } => {
            let hope = unserved.iter().find(|one| !is_final(one.code));
            said(hope.or(unserved.first()).map_or(0, |one| one.code), reason)
        }
    }
}

fn said(code: u16, reason: String) -> Refusal {
    if is_final(code) {
        Refusal::Never { reason }
    } else {
        later(reason)
    }
}

fn later(reason: String) -> Refusal {
    Refusal::Later {
        after: None,
        reason,
    }
}

fn is_final(code: u16) -> bool {
    code >= 500 && code != AUTHENTICATION_REQUIRED
}

fn reason(failure: &Failure, account: &Account) -> String {
    let server = format!("the mail server {}", account.smarthost);
    match failure {
        Failure::Lost { step, words } => match step {
            Step::Connect => format!("no connection to {server}: {words}"),
            Step::Letter => format!("no answer of {server} whether it took the letter: {words}"),
            _ => format!("lost the connection to {server}: {words}"),
        },
        Failure::Refused { step, code, words } => match step {
            Step::Connect => format!("{server} takes no connection: {code} {words}"),
            Step::Login => format!(
                "{server} refuses the user name or the password, correct them: {code} {words}"
            ),
            Step::Sender => {
                let from = account.from.bare();
                format!("{server} takes no letters from {from}: {code} {words}")
            }
            Step::Recipients | Step::Announce | Step::Letter => {
                format!("{server} refuses the letter: {code} {words}")
            }
        },
        Failure::Nobody { unserved } => {
            let each: Vec<String> = unserved
                .iter()
                .map(|one| format!("{}: {} {}", one.address.bare(), one.code, one.reason))
                .collect();
            format!("{server} takes no letters for {}", each.join("; "))
        }
    }
}

#[cfg(test)]
mod tests;
