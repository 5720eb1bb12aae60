//! Everything that exists: bots, people, chats and what was said in them. Plain data behind one lock.
//!
//! `people` holds what people do, `groups` what becomes of groups. The Bot API's methods, in `api`, act on the same
//! data. Nothing here waits; who changes the world tells the others through `Shared::change`.

mod groups;
mod people;

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use serde_json::Value;

use crate::faults::Faults;
use crate::limits::Sent;
use crate::model::{BotInfo, CallbackAnswer, Command, File, Message, Place, Request, Status, User};
use crate::updates::Queue;
use crate::wire;

/// Something was asked about what does not exist in the emulated world.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum WorldError {
    /// No bot was added, or none with this name.
    #[error("there is no bot `{0}`; add it first")]
    NoBot(String),
    /// No such user.
    #[error("there is no user {0}; add them first")]
    NoUser(i64),
    /// No such chat.
    #[error("there is no chat {0}; add it first")]
    NoChat(Place),
    /// No such topic.
    #[error("there is no topic {topic} in chat {chat}; add it first")]
    NoTopic {
        /// The chat.
        chat: Place,
        /// The topic.
        topic: i64,
    },
    /// No such message.
    #[error("there is no message {message} in chat {chat}")]
    NoMessage {
        /// The chat.
        chat: Place,
        /// The message.
        message: i64,
    },
    /// No such button under the message.
    #[error("message {message} has no button `{button}` that can be pressed; it has: {present}")]
    NoButton {
        /// The message.
        message: i64,
        /// What was looked for.
        button: String,
        /// What is there.
        present: String,
    },
    /// The user may not do this, for instance because they are not in the group.
    #[error("user {user} is not in chat {chat}; let them join first")]
    NotThere {
        /// The user.
        user: i64,
        /// The chat.
        chat: Place,
    },
    /// A link that is not one to a bot of this world.
    #[error(
        "`{0}` is not a link to a bot here; expected https://t.me/BOT?start=CODE or ?startgroup=CODE"
    )]
    BadLink(String),
}

/// A bot and all that Telegram keeps about it.
#[derive(Debug)]
pub(crate) struct Bot {
    pub(crate) info: BotInfo,
    pub(crate) revoked: bool,
    pub(crate) queue: Queue,
    pub(crate) menus: BTreeMap<(String, String), Vec<Command>>,
    pub(crate) sent: Sent,
    /// Private chats of one bot share the numbering of messages.
    next_message: i64,
}

/// The kind of a chat, with what only this kind has.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Kind {
    Private { started: bool, blocked: bool },
    Group,
    Supergroup { forum: bool },
}

#[derive(Clone, Debug)]
pub(crate) struct Topic {
    pub(crate) name: String,
    pub(crate) closed: bool,
}

#[derive(Debug)]
pub(crate) struct Chat {
    pub(crate) place: Place,
    pub(crate) kind: Kind,
    pub(crate) title: String,
    pub(crate) members: BTreeMap<i64, Status>,
    pub(crate) topics: BTreeMap<i64, Topic>,
    pub(crate) messages: BTreeMap<i64, Message>,
    pub(crate) deleted: bool,
    pub(crate) migrated_to: Option<i64>,
    next_message: i64,
}

/// A pressed button.
#[derive(Debug)]
pub(crate) struct Query {
    pub(crate) bot: i64,
    pub(crate) asked_at: Instant,
    pub(crate) answer: Option<CallbackAnswer>,
}

/// A message to be put into a chat; the rest of [`Message`] follows from where and when.
#[derive(Debug, Default)]
pub(crate) struct Draft {
    pub(crate) topic: Option<i64>,
    pub(crate) from: i64,
    pub(crate) content: crate::html::Formatted,
    pub(crate) reply_to: Option<i64>,
    pub(crate) silent: bool,
    pub(crate) file: Option<File>,
    pub(crate) markup: Option<Value>,
    pub(crate) service: Option<Value>,
}

#[derive(Debug, Default)]
pub(crate) struct World {
    pub(crate) users: BTreeMap<i64, User>,
    pub(crate) bots: BTreeMap<i64, Bot>,
    first_bot: Option<i64>,
    pub(crate) chats: BTreeMap<Place, Chat>,
    pub(crate) queries: HashMap<String, Query>,
    pub(crate) files: HashMap<String, File>,
    pub(crate) faults: Faults,
    requests: VecDeque<Request>,
    requests_forgotten: usize,
    next_id: i64,
}

/// How many requests are remembered; a demo may run for days.
const REQUESTS_KEPT: usize = 20_000;

impl World {
    pub(crate) fn add_bot(&mut self, token: &str, username: &str) -> BotInfo {
        let id = token
            .split(':')
            .next()
            .and_then(|id| id.parse().ok())
            .unwrap_or_else(|| self.fresh_id());
        let info = BotInfo {
            id,
            username: username.to_owned(),
            token: token.to_owned(),
        };
        let user = User {
            id,
            first_name: username.to_owned(),
            username: Some(username.to_owned()),
            language_code: None,
            is_bot: true,
        };
        self.users.insert(id, user);
        let bot = Bot {
            info: info.clone(),
            revoked: false,
            queue: Queue::default(),
            menus: BTreeMap::new(),
            sent: Sent::default(),
            next_message: 1,
        };
        self.bots.insert(id, bot);
        self.first_bot.get_or_insert(id);
        info
    }

    pub(crate) fn bot_by_token(&self, token: &str) -> Option<&Bot> {
        self.bots
            .values()
            .find(|bot| bot.info.token == token && !bot.revoked)
    }

    pub(crate) fn bot_by_name(&self, username: &str) -> Result<i64, WorldError> {
        self.bots
            .values()
            .find(|bot| bot.info.username.eq_ignore_ascii_case(username))
            .map(|bot| bot.info.id)
            .ok_or_else(|| WorldError::NoBot(username.to_owned()))
    }

    /// The place with its bot filled in, where it was left open.
    pub(crate) fn resolve(&self, place: Place) -> Place {
        match (place, self.first_bot) {
            (Place::Private { bot: 0, user }, Some(bot)) => Place::Private { bot, user },
            _ => place,
        }
    }

    pub(crate) fn chat(&self, place: Place) -> Result<&Chat, WorldError> {
        let place = self.resolve(place);
        self.chats.get(&place).ok_or(WorldError::NoChat(place))
    }

    pub(crate) fn chat_mut(&mut self, place: Place) -> Result<&mut Chat, WorldError> {
        let place = self.resolve(place);
        self.chats.get_mut(&place).ok_or(WorldError::NoChat(place))
    }

    pub(crate) fn user(&self, id: i64) -> Result<&User, WorldError> {
        self.users.get(&id).ok_or(WorldError::NoUser(id))
    }

    /// A number that was not used before, for files, queries and the like.
    pub(crate) fn fresh_id(&mut self) -> i64 {
        self.next_id += 1;
        self.next_id
    }

    /// Puts a message into a chat and gives its id.
    pub(crate) fn post(&mut self, place: Place, draft: Draft) -> Result<i64, WorldError> {
        let place = self.resolve(place);
        let counter = match place {
            Place::Private { bot, .. } => self.bots.get_mut(&bot).map(|bot| &mut bot.next_message),
            Place::Group(_) => self
                .chats
                .get_mut(&place)
                .map(|chat| &mut chat.next_message),
        };
        let counter = counter.ok_or(WorldError::NoChat(place))?;
        let id = *counter;
        *counter += 1;
        let message = Message {
            id,
            topic: draft.topic,
            from: draft.from,
            date: unix_now(),
            html: crate::html::render(&draft.content),
            text: draft.content.text,
            entities: draft.content.entities,
            buttons: draft
                .markup
                .as_ref()
                .map(crate::keyboard::buttons)
                .unwrap_or_default(),
            reply_to: draft.reply_to,
            silent: draft.silent,
            edits: 0,
            file: draft.file,
            reactions: Vec::new(),
            service: draft.service,
            markup: draft.markup,
        };
        self.chat_mut(place)?.messages.insert(id, message);
        Ok(id)
    }

    /// The message as bots get it.
    pub(crate) fn message_json(&self, place: Place, id: i64) -> Value {
        let chat = self.chat(place).ok();
        match chat.and_then(|chat| Some((chat, chat.messages.get(&id)?))) {
            Some((chat, message)) => wire::message(self, chat, message),
            None => Value::Null,
        }
    }

    /// Puts an update into a bot's queue, if the bot wants this kind.
    pub(crate) fn tell(&mut self, bot: i64, kind: &'static str, payload: Value) {
        if let Some(bot) = self.bots.get_mut(&bot) {
            bot.queue.push(kind, payload);
        }
    }

    /// Remembers a request; the result names it in [`World::answered`].
    pub(crate) fn record(&mut self, request: Request) -> usize {
        if self.requests.len() == REQUESTS_KEPT {
            self.requests.pop_front();
            self.requests_forgotten += 1;
        }
        self.requests.push_back(request);
        self.requests_forgotten + self.requests.len() - 1
    }

    pub(crate) fn answered(&mut self, request: usize, status: u16, answer: &Value) {
        let index = request.checked_sub(self.requests_forgotten);
        if let Some(request) = index.and_then(|index| self.requests.get_mut(index)) {
            request.status = status;
            request.answer = answer.clone();
        }
    }

    pub(crate) fn requests(&self) -> impl Iterator<Item = &Request> {
        self.requests.iter()
    }

    pub(crate) fn forget_requests(&mut self) {
        self.requests_forgotten += self.requests.len();
        self.requests.clear();
    }
}

impl Chat {
    pub(crate) fn status_of(&self, user: i64) -> Status {
        self.members.get(&user).copied().unwrap_or(Status::Left)
    }

    /// The word Telegram uses in refusals.
    pub(crate) fn kind_name(&self) -> &'static str {
        match self.kind {
            Kind::Private { .. } => "private",
            Kind::Group => "group",
            Kind::Supergroup { .. } => "supergroup",
        }
    }
}

/// Unix time in seconds.
pub(crate) fn unix_now() -> i64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}
