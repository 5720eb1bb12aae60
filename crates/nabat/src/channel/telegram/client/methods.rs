//! The methods of the Bot API that Nabat uses, with as much of their types as it needs.
//!
//! Fields that Telegram adds are ignored. Updates stay JSON here: one that can't be read must not
//! hide the others.

use std::time::Duration;

use nabat_core::chat::{ChatKey, PersonId};
use nabat_core::message::Button;
use nabat_core::message::words::Language;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Map, Value, json};

use super::{CallError, Client, Upload};
use crate::channel::telegram::render::keyboard;
use crate::config::Secret;
use crate::config::monitor::Place;

/// For messages: under pressure Telegram holds a request for long, and then carries it out.
pub const SEND_TIMEOUT: Duration = Duration::from_secs(60);
/// For calls that somebody waits for, or that can be made again.
pub const SHORT_TIMEOUT: Duration = Duration::from_secs(10);
/// For how long Telegram waits for something to happen; it allows no more.
pub const POLL_TIMEOUT: Duration = Duration::from_secs(50);
/// What the network may add to that.
const POLL_SLACK: Duration = Duration::from_secs(15);
/// Telegram keeps the choice of whoever polled last, so every poll says it.
pub const ALLOWED_UPDATES: [&str; 3] = ["message", "callback_query", "my_chat_member"];

/// The topic under which Telegram files what was said outside of any topic. It is not to be named.
const GENERAL_TOPIC: i64 = 1;

/// A user or bot.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct User {
    /// Telegram's number.
    pub id: i64,
    /// Without the `@`. Every bot has one.
    #[serde(default)]
    pub username: String,
}

/// A text as it is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Text<'a> {
    /// With Telegram's markup.
    Html(&'a str),
    /// As it is.
    Plain(&'a str),
}

/// A message to send.
#[derive(Debug, Clone, Copy)]
pub struct NewMessage<'a> {
    /// Where to.
    pub chat: ChatKey,
    /// What it says.
    pub text: Text<'a>,
    /// Rows of buttons below it.
    pub buttons: &'a [Vec<Button>],
    /// Whether it arrives without a sound.
    pub silent: bool,
    /// The message it answers. If that one is gone, it is sent all the same.
    pub reply_to: Option<i64>,
}

/// A message to change. Buttons that are not given disappear.
#[derive(Debug, Clone, Copy)]
pub struct Edit<'a> {
    /// Where it is.
    pub chat: ChatKey,
    /// Which one.
    pub message_id: i64,
    /// What it says from now on.
    pub text: Text<'a>,
    /// Rows of buttons below it.
    pub buttons: &'a [Vec<Button>],
}

#[derive(Deserialize)]
struct Sent {
    message_id: i64,
}

/// A chat, as whoever asks for it is told.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct FullChat {
    /// Telegram's number.
    pub id: i64,
    /// `private`, `group`, `supergroup` or `channel`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The name of a group or channel.
    #[serde(default)]
    pub title: String,
    /// The name of a person.
    #[serde(default)]
    pub first_name: String,
    /// What its members may do.
    #[serde(default)]
    pub permissions: Permissions,
}

/// What members of a group may do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
pub struct Permissions {
    /// Whether they may write.
    pub can_send_messages: Option<bool>,
}

/// What somebody is in a chat.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Member {
    /// `creator`, `administrator`, `member`, `restricted`, `left` or `kicked`.
    pub status: String,
    /// Of a restricted one: whether they may write.
    pub can_send_messages: Option<bool>,
    /// Of an administrator of a channel: whether they may write.
    pub can_post_messages: Option<bool>,
}

impl Client {
    /// Who the bot is.
    ///
    /// # Errors
    /// See [`CallError`]; 401 means that the token is not valid (any more).
    pub async fn get_me(&self) -> Result<User, CallError> {
        self.call("getMe", &json!({}), SHORT_TIMEOUT).await
    }

    /// The updates from `offset` on, as JSON; earlier ones are confirmed by it. Without an offset
    /// all that are not confirmed. Telegram waits for the first as long as `patience`, at most
    /// [`POLL_TIMEOUT`].
    ///
    /// # Errors
    /// See [`CallError`]; 409 means that somebody else asks too, or that a webhook is set.
    pub async fn get_updates(
        &self,
        offset: Option<i64>,
        patience: Duration,
    ) -> Result<Vec<Value>, CallError> {
        let params = json!({
            "offset": offset.unwrap_or(0),
            "timeout": patience.as_secs(),
            "allowed_updates": ALLOWED_UPDATES,
        });
        self.call("getUpdates", &params, patience + POLL_SLACK)
            .await
    }

    /// Sends a message; returns its number within the chat.
    ///
    /// # Errors
    /// See [`CallError`], and [`classify`](crate::channel::telegram::outcome::classify).
    pub async fn send_message(&self, message: &NewMessage<'_>) -> Result<i64, CallError> {
        let mut params = body(message.chat, message.text, message.buttons);
        if let Some(topic) = message.chat.topic.filter(|topic| *topic != GENERAL_TOPIC) {
            params.insert("message_thread_id".into(), topic.into());
        }
        if message.silent {
            params.insert("disable_notification".into(), true.into());
        }
        if let Some(id) = message.reply_to {
            let reply = json!({"message_id": id, "allow_sending_without_reply": true});
            params.insert("reply_parameters".into(), reply);
        }
        let sent: Sent = self.call("sendMessage", &params, SEND_TIMEOUT).await?;
        Ok(sent.message_id)
    }

    /// Sends a text as a file, without a sound; returns the message's number within the chat.
    ///
    /// # Errors
    /// See [`CallError`], and [`classify`](crate::channel::telegram::outcome::classify).
    pub async fn send_file(&self, chat: ChatKey, name: &str, text: &str) -> Result<i64, CallError> {
        let mut fields = vec![
            ("chat_id", chat.chat.to_string()),
            ("disable_notification", "true".to_owned()),
        ];
        if let Some(topic) = chat.topic.filter(|topic| *topic != GENERAL_TOPIC) {
            fields.push(("message_thread_id", topic.to_string()));
        }
        let file = Upload {
            field: "document",
            name,
            content: text.as_bytes(),
        };
        let sent: Sent = self
            .upload("sendDocument", &fields, file, SEND_TIMEOUT)
            .await?;
        Ok(sent.message_id)
    }

    /// Changes a message.
    ///
    /// # Errors
    /// See [`CallError`], and [`classify`](crate::channel::telegram::outcome::classify).
    pub async fn edit_message_text(&self, edit: &Edit<'_>) -> Result<(), CallError> {
        let mut params = body(edit.chat, edit.text, edit.buttons);
        params.insert("message_id".into(), edit.message_id.into());
        self.done("editMessageText", &Value::Object(params), SEND_TIMEOUT)
            .await
    }

    /// Ends the waiting of whoever pressed a button; an empty text shows nothing.
    ///
    /// # Errors
    /// See [`CallError`]; after about 15 seconds nobody waits any more.
    pub async fn answer_callback_query(&self, id: &str, text: &str) -> Result<(), CallError> {
        /// What Telegram shows, in characters.
        const TOAST_MAX_CHARS: usize = 200;
        let text: String = text.chars().take(TOAST_MAX_CHARS).collect();
        let mut params = json!({ "callback_query_id": id });
        if !text.is_empty() {
            params["text"] = text.into();
        }
        self.done("answerCallbackQuery", &params, SHORT_TIMEOUT)
            .await
    }

    /// What a person or a bot is in a chat; `timeout` is for the whole exchange.
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn get_chat_member(
        &self,
        chat: i64,
        user: i64,
        timeout: Duration,
    ) -> Result<Member, CallError> {
        let params = json!({"chat_id": chat, "user_id": user});
        self.call("getChatMember", &params, timeout).await
    }

    /// What Telegram knows of a chat that the bot knows.
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn get_chat(&self, chat: &Place) -> Result<FullChat, CallError> {
        let params = json!({ "chat_id": chat });
        self.call("getChat", &params, SHORT_TIMEOUT).await
    }

    /// Shows in a chat for some seconds that the bot writes: where it may not, that is refused.
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn send_typing(&self, chat: i64, topic: Option<i64>) -> Result<(), CallError> {
        let mut params = json!({"chat_id": chat, "action": "typing"});
        if let Some(topic) = topic {
            params["message_thread_id"] = topic.into();
        }
        self.done("sendChatAction", &params, SHORT_TIMEOUT).await
    }

    /// Whether somebody administrates a group; `timeout` is for the whole exchange.
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn is_administrator(
        &self,
        chat: i64,
        person: PersonId,
        timeout: Duration,
    ) -> Result<bool, CallError> {
        let member = self.get_chat_member(chat, person.0, timeout).await?;
        Ok(matches!(
            member.status.as_str(),
            "creator" | "administrator"
        ))
    }

    /// Sets the menu of commands (name and description) for people with this language, or for
    /// those with any other.
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn set_my_commands(
        &self,
        commands: &[(&str, String)],
        language: Option<Language>,
    ) -> Result<(), CallError> {
        let commands: Vec<Value> = commands
            .iter()
            .map(|(name, description)| json!({"command": name, "description": description}))
            .collect();
        let mut params = json!({"commands": commands});
        if let Some(language) = language {
            // Telegram knows two letters only, without a country.
            let code = language.code();
            params["language_code"] = code.split('-').next().unwrap_or(code).into();
        }
        self.done("setMyCommands", &params, SHORT_TIMEOUT).await
    }

    /// Lets Telegram call `url`, one update at a time and proving itself with `secret`.
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn set_webhook(&self, url: &str, secret: &Secret) -> Result<(), CallError> {
        let params = json!({
            "url": url,
            "secret_token": secret.expose(),
            // Several at once would come out of order.
            "max_connections": 1,
            "allowed_updates": ALLOWED_UPDATES,
        });
        self.done("setWebhook", &params, SHORT_TIMEOUT).await
    }

    /// Lets Telegram keep updates until they are asked for.
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn delete_webhook(&self) -> Result<(), CallError> {
        self.done("deleteWebhook", &json!({}), SHORT_TIMEOUT).await
    }

    async fn done(&self, method: &str, params: &Value, timeout: Duration) -> Result<(), CallError> {
        self.call::<_, IgnoredAny>(method, params, timeout)
            .await
            .map(|_| ())
    }
}

/// What new and changed messages have in common.
fn body(chat: ChatKey, text: Text<'_>, buttons: &[Vec<Button>]) -> Map<String, Value> {
    let mut params = Map::new();
    params.insert("chat_id".into(), chat.chat.into());
    match text {
        Text::Html(html) => {
            params.insert("text".into(), html.into());
            params.insert("parse_mode".into(), "HTML".into());
        }
        Text::Plain(plain) => {
            params.insert("text".into(), plain.into());
        }
    }
    params.insert("link_preview_options".into(), json!({"is_disabled": true}));
    if !buttons.is_empty() {
        params.insert("reply_markup".into(), keyboard(buttons));
    }
    params
}
