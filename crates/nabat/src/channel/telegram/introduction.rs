//! Whether a token is that of a bot, and whether that bot may write in a chat: found out of Telegram
//! before anything is kept, without a message.

use std::time::Duration;

use super::client::{CallError, Client, FullChat, Member, Refusal, SHORT_TIMEOUT};
use crate::config::monitor::Place;

/// How long all of it may take.
const PATIENCE: Duration = Duration::from_secs(20);
/// Telegram asks for patience.
const TOO_MANY_REQUESTS: u16 = 429;

/// A bot and a chat in which it may write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Introduction {
    /// The bot's name, without the `@`.
    pub username: String,
    /// The chat's number, which may have changed since people noted it.
    pub chat: i64,
    /// What the chat is called.
    pub title: String,
}

/// Why there is none. No text of it holds a token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// Telegram does not take the token.
    #[error("the token is of no bot; Telegram says: {}", .0.description)]
    Token(Refusal),
    /// Telegram does not let the bot into the chat.
    #[error("@{username} can't write in the chat; Telegram says: {}", refusal.description)]
    Chat {
        /// The bot's name.
        username: String,
        /// Telegram's no.
        refusal: Refusal,
    },
    /// The bot is there, and may not write.
    #[error("@{username} may not write in {title}: {reason}")]
    Mute {
        /// The bot's name.
        username: String,
        /// What the chat is called.
        title: String,
        /// Why not.
        reason: &'static str,
    },
    /// Telegram was not reached, or had no time: neither yes nor no.
    #[error("Telegram could not be asked about the bot and its chat: {reason}")]
    Unknown {
        /// What happened.
        reason: String,
    },
}

/// Asks Telegram who the bot is and whether it may write in `chat`, in that topic if there is one.
///
/// # Errors
/// See [`Unfit`].
pub async fn introduce(
    client: &Client,
    chat: &Place,
    topic: Option<i64>,
) -> Result<Introduction, Unfit> {
    let asked = tokio::time::timeout(PATIENCE, ask(client, chat, topic)).await;
    asked.unwrap_or_else(|_| {
        Err(Unfit::Unknown {
            reason: format!("it took longer than {} s", PATIENCE.as_secs()),
        })
    })
}

async fn ask(client: &Client, chat: &Place, topic: Option<i64>) -> Result<Introduction, Unfit> {
    let me = client
        .get_me()
        .await
        .map_err(|error| unfit(error, Unfit::Token))?;
    let username = me.username;
    let no_chat = |error| {
        let username = username.clone();
        unfit(error, |refusal| Unfit::Chat { username, refusal })
    };
    let found = match client.get_chat(chat).await {
        Err(CallError::Refused(Refusal {
            migrate_to: Some(to),
            ..
        })) => client.get_chat(&Place::Id(to)).await,
        found => found,
    };
    let found = found.map_err(no_chat)?;
    let typing = client.send_typing(found.id, topic).await;
    typing.map_err(no_chat)?;
    let reason = match found.kind.as_str() {
        "private" => None,
        _ => {
            let member = client.get_chat_member(found.id, me.id, SHORT_TIMEOUT).await;
            muted(&found, &member.map_err(no_chat)?)
        }
    };
    let title = match found.title.is_empty() {
        true => found.first_name,
        false => found.title,
    };
    match reason {
        None => Ok(Introduction {
            username,
            chat: found.id,
            title,
        }),
        Some(reason) => Err(Unfit::Mute {
            username,
            title,
            reason,
        }),
    }
}

/// Why a member of a chat may not write there, if it may not.
fn muted(chat: &FullChat, member: &Member) -> Option<&'static str> {
    let forbidden = |right: Option<bool>| right == Some(false);
    match (chat.kind.as_str(), member.status.as_str()) {
        (_, "left" | "kicked") => Some("it is no member"),
        ("channel", "administrator") if forbidden(member.can_post_messages) => {
            Some("it is an administrator without the right to post messages")
        }
        (_, "administrator" | "creator") => None,
        ("channel", _) => Some("only administrators write in a channel"),
        (_, "restricted") if forbidden(member.can_send_messages) => {
            Some("an administrator took the right to write from it")
        }
        (_, "member") if forbidden(chat.permissions.can_send_messages) => {
            Some("only administrators write in this group")
        }
        _ => None,
    }
}

/// What a failed call means: a no, or no answer.
fn unfit(error: CallError, refused: impl FnOnce(Refusal) -> Unfit) -> Unfit {
    match error {
        CallError::Refused(refusal) if refusal.code < 500 && refusal.code != TOO_MANY_REQUESTS => {
            refused(refusal)
        }
        error => Unfit::Unknown {
            reason: error.to_string(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::channel::telegram::client::Permissions;

    #[test]
    fn no_answer_is_told_from_a_no() {
        let refused = |code| {
            CallError::Refused(Refusal {
                code,
                description: "chat not found".to_owned(),
                retry_after: None,
                migrate_to: None,
            })
        };
        let reason = || "timed out".to_owned();
        for (error, is_no) in [
            (refused(400), true),
            (refused(401), true),
            (refused(403), true),
            (refused(429), false),
            (refused(502), false),
            (CallError::Lost { reason: reason() }, false),
            (CallError::Unsent { reason: reason() }, false),
            (CallError::Garbled { status: 200 }, false),
        ] {
            let unfit = unfit(error.clone(), Unfit::Token);
            assert_eq!(matches!(unfit, Unfit::Token(_)), is_no, "{error}");
        }
    }

    #[test]
    fn who_may_not_write_is_told_from_who_may() {
        let (yes, no) = (Some(true), Some(false));
        for (kind, everyone, status, sends, posts, may) in [
            ("supergroup", yes, "member", None, None, true),
            ("supergroup", None, "member", None, None, true),
            ("supergroup", no, "member", None, None, false),
            ("supergroup", no, "administrator", None, None, true),
            ("group", yes, "restricted", no, None, false),
            ("group", no, "restricted", yes, None, true),
            ("group", yes, "left", None, None, false),
            ("group", yes, "kicked", None, None, false),
            ("channel", None, "administrator", None, yes, true),
            ("channel", None, "administrator", None, no, false),
            ("channel", None, "member", None, None, false),
        ] {
            let chat = FullChat {
                id: -1,
                kind: kind.to_owned(),
                title: "Ops".to_owned(),
                first_name: String::new(),
                permissions: Permissions {
                    can_send_messages: everyone,
                },
            };
            let member = Member {
                status: status.to_owned(),
                can_send_messages: sends,
                can_post_messages: posts,
            };
            assert_eq!(muted(&chat, &member).is_none(), may, "{kind} {status}");
        }
    }
}
