//! What the world consists of: people, places, messages, and what was asked and answered.

use std::time::SystemTime;

use bytes::Bytes;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value;

use crate::html::Entity;

/// The id under which anonymous administrators of a group write.
pub const ANONYMOUS: i64 = 1_087_968_824;

/// A person. Bots have users too, see [`BotInfo`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct User {
    /// Telegram's id, above zero.
    pub id: i64,
    /// The name that is shown.
    pub first_name: String,
    /// Without `@`.
    #[serde(default)]
    pub username: Option<String>,
    /// IETF tag of the app's language.
    #[serde(default)]
    pub language_code: Option<String>,
    /// Whether this is a bot's own user.
    #[serde(default)]
    pub is_bot: bool,
}

impl User {
    /// A person with a name and a language.
    pub fn new(id: i64, first_name: &str, language_code: &str) -> User {
        User {
            id,
            first_name: first_name.to_owned(),
            username: Some(first_name.to_lowercase()),
            language_code: Some(language_code.to_owned()),
            is_bot: false,
        }
    }
}

/// A bot, as its owner knows it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct BotInfo {
    /// The number before the colon of the token.
    pub id: i64,
    /// Without `@`.
    pub username: String,
    /// The secret of the bot.
    pub token: String,
}

/// Where messages are: a private chat belongs to a bot and a user, so one user id is not enough to name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    /// A group or supergroup, by its id below zero.
    Group(i64),
    /// What a user and a bot say to each other.
    Private {
        /// The bot's id; zero stands for the first bot.
        bot: i64,
        /// The user's id.
        user: i64,
    },
}

impl Place {
    /// The `chat_id` by which bots know it.
    pub fn chat_id(&self) -> i64 {
        match self {
            Place::Group(id) => *id,
            Place::Private { user, .. } => *user,
        }
    }
}

impl From<i64> for Place {
    /// Below zero a group; above zero the user's private chat with the first bot.
    fn from(id: i64) -> Place {
        if id < 0 {
            Place::Group(id)
        } else {
            Place::Private { bot: 0, user: id }
        }
    }
}

impl From<(i64, i64)> for Place {
    /// The private chat of `(bot, user)`.
    fn from((bot, user): (i64, i64)) -> Place {
        Place::Private { bot, user }
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Place::Group(id) => write!(f, "{id}"),
            Place::Private { bot, user } => write!(f, "{bot}:{user}"),
        }
    }
}

impl std::str::FromStr for Place {
    type Err = std::num::ParseIntError;

    /// `-100123` (group), `7:42` (bot and user) or `42` (user and first bot).
    fn from_str(text: &str) -> Result<Place, Self::Err> {
        match text.split_once(':') {
            Some((bot, user)) => Ok(Place::Private {
                bot: bot.parse()?,
                user: user.parse()?,
            }),
            None => text.parse::<i64>().map(Place::from),
        }
    }
}

impl Serialize for Place {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

/// What a member may do in a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// The owner.
    Creator,
    /// May do what administrators do; a bot sees every message then.
    Administrator,
    /// An ordinary member.
    Member,
    /// Was never there, or went away.
    Left,
    /// Was thrown out; for a private chat: the user blocked the bot.
    Kicked,
}

impl Status {
    /// The Bot API's word.
    pub fn name(self) -> &'static str {
        match self {
            Status::Creator => "creator",
            Status::Administrator => "administrator",
            Status::Member => "member",
            Status::Left => "left",
            Status::Kicked => "kicked",
        }
    }

    pub(crate) fn is_present(self) -> bool {
        !matches!(self, Status::Left | Status::Kicked)
    }
}

/// A message as it stands now.
#[derive(Clone, Debug, Serialize)]
pub struct Message {
    /// Unique within its chat.
    pub id: i64,
    /// The topic it was written in; `None` outside of forums and in General.
    pub topic: Option<i64>,
    /// Who wrote it.
    pub from: i64,
    /// Unix time in seconds.
    pub date: i64,
    /// The text or caption, without formatting.
    pub text: String,
    /// The text as HTML that is safe to show.
    pub html: String,
    /// Formatting, in UTF-16 units of `text`.
    #[serde(serialize_with = "entities_as_json")]
    pub entities: Vec<Entity>,
    /// Rows of inline buttons.
    pub buttons: Vec<Vec<Button>>,
    /// The message it answers.
    pub reply_to: Option<i64>,
    /// Whether phones stayed silent.
    pub silent: bool,
    /// How often it was changed.
    pub edits: u32,
    /// The photo or document it carries.
    pub file: Option<File>,
    /// Emoji that bots put under it.
    pub reactions: Vec<String>,
    /// What happened, for messages that nobody wrote: `migrate_to_chat_id` and so on, as in the Bot API.
    pub service: Option<Value>,
    /// `reply_markup` as the bot sent it.
    pub markup: Option<Value>,
}

fn entities_as_json<S: Serializer>(entities: &[Entity], to: S) -> Result<S::Ok, S::Error> {
    to.collect_seq(entities.iter().map(Entity::to_json))
}

impl Message {
    /// The button with this text or callback data.
    pub fn button(&self, wanted: &str) -> Option<&Button> {
        let by = |matches: fn(&Button) -> Option<&str>| {
            self.buttons
                .iter()
                .flatten()
                .find(move |button| matches(button) == Some(wanted))
        };
        by(|button| button.data.as_deref()).or_else(|| by(|button| Some(&button.text)))
    }
}

/// An inline button.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Button {
    /// What is written on it.
    pub text: String,
    /// `callback_data`.
    pub data: Option<String>,
    /// The address it opens.
    pub url: Option<String>,
    /// The text it copies.
    pub copy: Option<String>,
    /// `danger`, `success` or `primary`.
    pub style: Option<String>,
}

/// A file that was uploaded.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct File {
    /// How bots refer to it.
    pub id: String,
    /// `photo` or `document`.
    pub kind: &'static str,
    /// File name.
    pub name: String,
    /// MIME type.
    pub mime: String,
    /// Width and height in pixels, of photos.
    pub size: Option<(u32, u32)>,
    /// The content.
    #[serde(skip)]
    pub bytes: Bytes,
}

/// What a bot answered to a pressed button.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct CallbackAnswer {
    /// The text shown on top of the chat.
    pub text: String,
    /// Whether it has to be confirmed.
    pub show_alert: bool,
    /// The address to open.
    pub url: Option<String>,
}

/// An entry of a bot's menu.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Command {
    /// Without the slash.
    pub command: String,
    /// What it does.
    pub description: String,
}

/// One call of the Bot API.
#[derive(Clone, Debug, Serialize)]
pub struct Request {
    /// The bot's username, or empty when the token was wrong.
    pub bot: String,
    /// The method, as Telegram writes it.
    pub method: String,
    /// The parameters as they came; an uploaded file shows as `attach://name`.
    pub params: Value,
    /// HTTP status; 0 while there is no answer or when the connection was cut.
    pub status: u16,
    /// The answer; null as long as there is none.
    pub answer: Value,
    /// When it came.
    #[serde(skip)]
    pub at: SystemTime,
}

impl Request {
    /// Whether Telegram said yes.
    pub fn is_ok(&self) -> bool {
        self.answer.get("ok") == Some(&Value::Bool(true))
    }

    /// The chat it is about: a form writes its number as text.
    pub fn chat(&self) -> Option<i64> {
        chat_of(self.params.get("chat_id")?)
    }
}

/// A chat's number, from JSON or from a form.
pub(crate) fn chat_of(id: &Value) -> Option<i64> {
    id.as_i64().or_else(|| id.as_str()?.parse().ok())
}
