//! What bots hear: who spoke, who came, who left.

use std::sync::Arc;

use super::{Effects, Engine};
use crate::change::{Change, Offset};
use crate::chat::{BotId, ChatKey, PersonId};
use crate::delivery::{Content, Delivery, DeliveryId, Priority};
use crate::incident::Incident;
use crate::message::Message;
use crate::message::words::Language;
use crate::time::Timestamp;

/// More answers than this do not wait for one chat, nor for all strangers together: whoever floods
/// a bot is not answered.
const ANSWERS_WAITING_MAX: usize = 20;
/// More answers than this do not wait for one stranger.
const STRANGERS_ANSWERS_MAX: usize = 2;
/// After this long without updates Telegram may begin with any number.
const NUMBERS_STAY: std::time::Duration = std::time::Duration::from_secs(6 * 86_400);

/// One update of a bot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heard {
    /// Which bot.
    pub bot: BotId,
    /// Its name, without the `@`.
    pub bot_name: String,
    /// Telegram's number of the update: dealt with once, however often it comes.
    pub update_id: i64,
    /// Fresh random bytes, should an invitation be asked for.
    pub entropy: [u8; 16],
    /// What happened.
    pub event: Event,
    /// What was looked up for [`Event::looks_back`]; `None` where nothing was, or nothing could be.
    pub past: Option<Vec<Arc<Incident>>>,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// Somebody wrote something that is meant for the bot.
    Said {
        /// Where.
        chat: ChatKey,
        /// The chat's name.
        title: String,
        /// Who.
        speaker: Speaker,
        /// What.
        text: String,
    },
    /// Somebody pressed a button.
    Pressed {
        /// Where.
        chat: ChatKey,
        /// Who.
        speaker: Speaker,
        /// What the button carries.
        data: String,
        /// The message it hangs on.
        message_id: i64,
    },
    /// The bot may speak in the chat (again).
    Welcome(ChatKey),
    /// The bot may speak in the chat no more.
    Unwelcome {
        /// Where.
        chat: ChatKey,
        /// Telegram's word for it: `kicked`, `left`, `restricted`.
        status: String,
    },
    /// A group moved to another number.
    Migrated {
        /// Where it was.
        from: ChatKey,
        /// Its new number.
        to: i64,
    },
    /// Nothing that matters here.
    Other,
}

/// Who spoke.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Speaker {
    /// Who.
    pub id: PersonId,
    /// Their name.
    pub name: String,
    /// The language of their Telegram.
    pub language: Option<Language>,
    /// Whether they administrate this group; `None` where nobody asked or nobody could tell.
    pub administrator: Option<bool>,
    /// Whether they speak as the group itself, so that nobody can tell who it is.
    pub anonymous: bool,
}

impl Engine {
    /// Deals with an update of a bot. Returns the short text shown to whoever pressed a button.
    pub fn heard(&mut self, now: Timestamp, heard: &Heard, out: &mut Effects) -> Option<String> {
        let known = self.offsets.get(&heard.bot);
        if known.is_some_and(|offset| {
            heard.update_id <= offset.update_id && now.since(offset.at) < NUMBERS_STAY
        }) {
            return None;
        }
        let offset = Offset {
            update_id: heard.update_id,
            at: now,
        };
        self.offsets.insert(heard.bot, offset);
        out.changes.push(Change::Offset(heard.bot, offset));
        match &heard.event {
            Event::Said { .. } | Event::Pressed { .. } => {
                let toast = self.talk(now, heard, out);
                self.announce_touched(now, out);
                return toast;
            }
            Event::Welcome(chat) => self.enable(now, *chat, out),
            Event::Unwelcome { chat, status } => {
                self.disable(now, *chat, status, out);
            }
            Event::Migrated { from, to } => self.migrate(now, *from, *to, out),
            Event::Other => {}
        }
        self.announce_touched(now, out);
        None
    }

    /// Puts an answer into the outbox.
    pub(super) fn say(
        &mut self,
        now: Timestamp,
        chat: ChatKey,
        priority: Priority,
        message: Message,
        out: &mut Effects,
    ) {
        self.put_answer(now, chat, priority, Content::Say(message), out);
    }

    /// Puts a new text for a message of the bot into the outbox.
    pub(super) fn rewrite(
        &mut self,
        now: Timestamp,
        chat: ChatKey,
        message_id: i64,
        message: Message,
        out: &mut Effects,
    ) {
        // A button that hangs on a live message can't have come from there.
        let cards = self.cards_of(chat.into()).into_iter();
        let mut live = cards.filter_map(|id| self.cards.get(&id)?.card.message_id);
        if live.any(|live| live == message_id) {
            return;
        }
        let content = Content::Edit {
            message_id,
            message,
        };
        self.put_answer(now, chat, Priority::Answer, content, out);
    }

    fn put_answer(
        &mut self,
        now: Timestamp,
        chat: ChatKey,
        priority: Priority,
        content: Content,
        out: &mut Effects,
    ) {
        let stranger = priority == Priority::Stranger;
        let waiting = self
            .deliveries
            .values()
            .filter(|delivery| delivery.priority == priority)
            .filter(|delivery| stranger || delivery.destination == chat.into())
            .count();
        let here = self
            .deliveries
            .values()
            .filter(|delivery| delivery.destination == chat.into())
            .count();
        if waiting >= ANSWERS_WAITING_MAX || (stranger && here >= STRANGERS_ANSWERS_MAX) {
            return;
        }
        let delivery = Delivery {
            id: DeliveryId(self.number(out)),
            destination: chat.into(),
            content,
            priority,
            created_at: now,
            attempts: 0,
            last_error: None,
        };
        out.changes.push(Change::Delivery(delivery.clone()));
        self.put_delivery(delivery, out);
    }
}
