//! Reads an update of the Bot API: what happened, where, and who it was.
//!
//! Whatever is not understood is [`Event::Other`], so that it is confirmed and gone. Channels are
//! not listened to: nobody can tell there who speaks.

use nabat_core::chat::{BotId, ChatKey, PersonId};
use nabat_core::command::{Command, button_changes_the_chat};
use nabat_core::engine::{Event, Speaker};
use nabat_core::message::words::Language;
use serde::Deserialize;
use serde_json::Value;

/// Under this number administrators speak as their group.
const GROUP_ANONYMOUS_BOT: i64 = 1_087_968_824;

/// What people send to a bot in private without a word. A service message has none of them.
const WORDLESS: [&str; 13] = [
    "animation",
    "audio",
    "contact",
    "dice",
    "document",
    "location",
    "photo",
    "poll",
    "sticker",
    "story",
    "video",
    "video_note",
    "voice",
];

/// The bot that hears.
#[derive(Debug, Clone)]
pub(super) struct Me {
    pub(super) id: BotId,
    /// Without the `@`.
    pub(super) username: String,
}

/// An update, read.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Update {
    /// Telegram's number of it.
    pub(super) id: i64,
    /// What happened.
    pub(super) event: Event,
    /// The press that waits for an answer.
    pub(super) query: Option<String>,
}

#[derive(Deserialize)]
struct Chat {
    id: i64,
    #[serde(rename = "type", default)]
    kind: String,
    title: Option<String>,
    #[serde(flatten)]
    person: Name,
}

#[derive(Deserialize)]
struct Name {
    first_name: Option<String>,
    last_name: Option<String>,
    username: Option<String>,
}

#[derive(Deserialize)]
struct From {
    id: i64,
    #[serde(default)]
    is_bot: bool,
    language_code: Option<String>,
    #[serde(flatten)]
    name: Name,
}

#[derive(Deserialize)]
struct Message {
    message_id: i64,
    chat: Chat,
    from: Option<From>,
    sender_chat: Option<Chat>,
    message_thread_id: Option<i64>,
    #[serde(default)]
    is_topic_message: bool,
    #[serde(default)]
    is_automatic_forward: bool,
    text: Option<String>,
    caption: Option<String>,
    reply_to_message: Option<Value>,
    migrate_to_chat_id: Option<i64>,
    migrate_from_chat_id: Option<i64>,
}

#[derive(Deserialize)]
struct CallbackQuery {
    from: From,
    message: Option<Message>,
    data: Option<String>,
}

#[derive(Deserialize)]
struct MemberUpdated {
    chat: Chat,
    new_chat_member: Member,
}

#[derive(Deserialize)]
struct Member {
    status: String,
    can_send_messages: Option<bool>,
}

/// Reads an update for the bot `me`; `None` if it has no number.
pub(super) fn read(update: &Value, me: &Me) -> Option<Update> {
    let id = update.get("update_id")?.as_i64()?;
    let query = update["callback_query"]["id"].as_str().map(str::to_owned);
    let event = if let Some(message) = update.get("message") {
        said(message, me)
    } else if let Some(query) = update.get("callback_query") {
        pressed(query, me)
    } else if let Some(member) = update.get("my_chat_member") {
        membership(member, me)
    } else {
        None
    };
    Some(Update {
        id,
        event: event.unwrap_or(Event::Other),
        query,
    })
}

/// The group and the speaker whose rights there have to be known before the engine decides.
pub(super) fn rights_to_ask<'e>(
    event: &'e mut Event,
    bot_name: &str,
) -> Option<(i64, &'e mut Speaker)> {
    let (chat, speaker, changes) = match event {
        Event::Said {
            chat,
            speaker,
            text,
            ..
        } => {
            let command = Command::parse(text, bot_name);
            let changes = command.is_some_and(|command| command.changes_the_chat());
            (chat, speaker, changes)
        }
        Event::Pressed {
            chat,
            speaker,
            data,
            ..
        } => (chat, speaker, button_changes_the_chat(data)),
        _ => return None,
    };
    (changes && !chat.is_private() && !speaker.anonymous).then_some((chat.chat, speaker))
}

fn said(json: &Value, me: &Me) -> Option<Event> {
    let message = Message::deserialize(json).ok()?;
    let chat = message.chat.key(me);
    if let Some(to) = message.migrate_to_chat_id {
        return Some(Event::Migrated { from: chat, to });
    }
    if let Some(from) = message.migrate_from_chat_id {
        let from = ChatKey { chat: from, ..chat };
        let to = message.chat.id;
        return Some(Event::Migrated { from, to });
    }
    if message.chat.kind == "channel" || message.is_automatic_forward {
        return None;
    }
    let speaker = message.speaker()?;
    let wordless = || {
        let sent = WORDLESS.iter().any(|kind| json.get(kind).is_some());
        (chat.is_private() && sent).then(String::new)
    };
    let text = message.text.clone().or_else(|| message.caption.clone());
    let text = text.or_else(wordless)?;
    let meant = chat.is_private() || text.starts_with('/') || message.answers(me);
    meant.then(|| Event::Said {
        chat: message.place(me),
        title: message.chat.title(),
        speaker,
        text,
    })
}

fn pressed(json: &Value, me: &Me) -> Option<Event> {
    let query = CallbackQuery::deserialize(json).ok()?;
    // Without a message it hangs on one that a person sent through the bot: none of ours.
    let message = query.message?;
    Some(Event::Pressed {
        chat: message.place(me),
        speaker: query.from.speaker(),
        data: query.data?,
        message_id: message.message_id,
    })
}

fn membership(json: &Value, me: &Me) -> Option<Event> {
    let update = MemberUpdated::deserialize(json).ok()?;
    let chat = update.chat.key(me);
    let member = update.new_chat_member;
    match member.status.as_str() {
        "creator" | "administrator" | "member" => Some(Event::Welcome(chat)),
        "restricted" if member.can_send_messages == Some(true) => Some(Event::Welcome(chat)),
        "restricted" | "left" | "kicked" => Some(Event::Unwelcome {
            chat,
            status: member.status,
        }),
        _ => None,
    }
}

impl Chat {
    /// The chat as a whole.
    fn key(&self, me: &Me) -> ChatKey {
        ChatKey {
            bot: me.id,
            chat: self.id,
            topic: None,
        }
    }

    fn title(&self) -> String {
        self.title.clone().unwrap_or_else(|| self.person.full())
    }
}

impl Name {
    fn full(&self) -> String {
        let parts = [&self.first_name, &self.last_name];
        let parts: Vec<&str> = parts.into_iter().flatten().map(String::as_str).collect();
        if parts.is_empty() {
            self.username.clone().unwrap_or_default()
        } else {
            parts.join(" ")
        }
    }
}

impl From {
    fn speaker(&self) -> Speaker {
        let code = self.language_code.as_deref();
        Speaker {
            id: PersonId(self.id),
            name: self.name.full(),
            language: code.and_then(Language::from_code),
            administrator: None,
            anonymous: false,
        }
    }
}

impl Message {
    /// The chat or topic it is in. A thread of replies is no topic.
    fn place(&self, me: &Me) -> ChatKey {
        ChatKey {
            topic: self.message_thread_id.filter(|_| self.is_topic_message),
            ..self.chat.key(me)
        }
    }

    /// Who wrote it; `None` for other bots, with whom there is nothing to talk about.
    fn speaker(&self) -> Option<Speaker> {
        let group = |as_whom: &Chat| Speaker {
            id: PersonId(
                self.from
                    .as_ref()
                    .map_or(GROUP_ANONYMOUS_BOT, |from| from.id),
            ),
            name: as_whom.title(),
            language: None,
            administrator: None,
            anonymous: true,
        };
        match (&self.sender_chat, &self.from) {
            (Some(as_whom), _) => Some(group(as_whom)),
            (None, None) => Some(group(&self.chat)),
            (None, Some(from)) if from.id == GROUP_ANONYMOUS_BOT => Some(group(&self.chat)),
            (None, Some(from)) if from.is_bot => None,
            (None, Some(from)) => Some(from.speaker()),
        }
    }

    /// Whether it answers a message of the bot. Within a topic everything answers, formally, the
    /// message that created it.
    fn answers(&self, me: &Me) -> bool {
        self.reply_to_message.as_ref().is_some_and(|answered| {
            answered["from"]["id"].as_i64() == Some(me.id.0)
                && answered.get("forum_topic_created").is_none()
        })
    }
}

#[cfg(test)]
mod tests;
