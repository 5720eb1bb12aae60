//! What a failed call means for the message it was about.
//!
//! Telegram's codes are few and its words many: they are recognised by a part of the text, since
//! prefixes and letter case vary. Words that are not known mean that this one message can't be
//! delivered, so that it does not stand in the way of others.

use std::time::Duration;

use super::client::{CallError, Refusal};

/// What was tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attempt {
    /// A new message.
    New,
    /// A change of a message: doing it twice is as good as once.
    Edit,
}

/// What is to be done now. Reasons are in the words of whoever gave them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing: the message says already what it should.
    Done,
    /// The message to change is gone or can't be changed: a new one takes its place.
    SendAnew,
    /// The markup was refused: the plain text goes out instead.
    SendPlain,
    /// A button was refused: the message goes out without any.
    SendWithoutButtons,
    /// The topic is gone or closed: the message goes to the chat itself.
    TopicGone,
    /// The group has another number now.
    Migrated {
        /// The new one.
        to: i64,
    },
    /// The chat takes no messages of the bot.
    Unreachable {
        /// Why.
        reason: String,
    },
    /// The chat, or the whole bot, has to be silent for a while.
    Freeze {
        /// For how long.
        period: Duration,
    },
    /// It was not done and may well succeed later.
    Retry {
        /// Why.
        reason: String,
    },
    /// Nobody knows whether it was done.
    Uncertain {
        /// Why.
        reason: String,
    },
    /// This message can't be delivered, ever.
    Failed {
        /// Why.
        reason: String,
    },
    /// Nothing that the bot does will succeed before its configuration changes: the token was
    /// revoked, or the address is not that of a Bot API.
    BotStopped {
        /// Why.
        reason: String,
    },
}

/// How long to be silent when Telegram does not say.
const FREEZE_UNSAID: Duration = Duration::from_secs(5);

const MARKUP: [&str; 3] = ["can't parse entities", "entity_", "entities_"];
const BUTTONS: [&str; 4] = ["button_", "reply markup", "reply_markup", "keyboard"];
const TOPIC: [&str; 4] = [
    "message thread not found",
    "topic_closed",
    "topic_deleted",
    "topic_id_invalid",
];
const EDITED_GONE: [&str; 4] = [
    "message to edit not found",
    "message can't be edited",
    "there is no text in the message to edit",
    "message_id_invalid",
];
const CHAT: [&str; 15] = [
    "chat not found",
    "bot was kicked",
    "bot was blocked",
    "bot is not a member",
    "not enough rights",
    "need administrator rights",
    "have no rights",
    "user is deactivated",
    "group chat was deactivated",
    "group chat was deleted",
    "group chat was upgraded",
    "_forbidden",
    "chat_restricted",
    "channel_private",
    "peer_id_invalid",
];

/// What to do about a message whose sending or change failed.
pub fn classify(error: &CallError, attempt: Attempt) -> Verdict {
    let reason = error.to_string();
    match error {
        CallError::Unsent { .. } | CallError::Garbled { .. } => Verdict::Retry { reason },
        CallError::Lost { .. } => match attempt {
            Attempt::New => Verdict::Uncertain { reason },
            Attempt::Edit => Verdict::Retry { reason },
        },
        CallError::Refused(refusal) => refused(refusal, attempt),
    }
}

fn refused(refusal: &Refusal, attempt: Attempt) -> Verdict {
    let reason = refusal.description.clone();
    if let Some(to) = refusal.migrate_to {
        return Verdict::Migrated { to };
    }
    match refusal.code {
        401 | 404 => Verdict::BotStopped { reason },
        403 => Verdict::Unreachable { reason },
        429 => Verdict::Freeze {
            period: refusal.retry_after.unwrap_or(FREEZE_UNSAID),
        },
        409 | 500.. => Verdict::Retry { reason },
        _ => bad_request(reason, attempt),
    }
}

fn bad_request(reason: String, attempt: Attempt) -> Verdict {
    let words = reason.to_lowercase();
    let says = |known: &[&str]| known.iter().any(|part| words.contains(part));
    let edit = attempt == Attempt::Edit;
    if edit && says(&["message is not modified", "message_not_modified"]) {
        Verdict::Done
    } else if edit && says(&EDITED_GONE) {
        Verdict::SendAnew
    } else if says(&MARKUP) {
        Verdict::SendPlain
    } else if says(&BUTTONS) {
        Verdict::SendWithoutButtons
    } else if says(&TOPIC) {
        Verdict::TopicGone
    } else if says(&CHAT) {
        Verdict::Unreachable { reason }
    } else {
        Verdict::Failed { reason }
    }
}

#[cfg(test)]
mod tests;
