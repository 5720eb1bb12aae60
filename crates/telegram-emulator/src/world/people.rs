//! What people do: write, press buttons, open links, block bots. Each makes the updates that bots would see.

use std::time::Instant;

use serde_json::json;

use super::{Chat, Draft, Kind, Query, World, WorldError};
use crate::html::Formatted;
use crate::model::{ANONYMOUS, Place, Status, User};
use crate::{detect, wire};

impl World {
    /// A person writes; in a private chat this also starts (or unblocks) the bot.
    pub(crate) fn say(
        &mut self,
        place: Place,
        from: i64,
        text: &str,
        topic: Option<i64>,
        reply_to: Option<i64>,
    ) -> Result<i64, WorldError> {
        let place = self.resolve(place);
        self.enter(place, from)?;
        let chat = self.chat(place)?;
        if let Some(topic) = topic
            && !chat.topics.contains_key(&topic)
        {
            return Err(WorldError::NoTopic { chat: place, topic });
        }
        if let Some(message) = reply_to
            && !chat.messages.contains_key(&message)
        {
            return Err(WorldError::NoMessage {
                chat: place,
                message,
            });
        }
        let content = Formatted {
            text: text.to_owned(),
            entities: detect::entities(text),
        };
        let draft = Draft {
            topic,
            from,
            content,
            reply_to,
            ..Draft::default()
        };
        let id = self.post(place, draft)?;
        let payload = self.message_json(place, id);
        for bot in self.readers(place, text, reply_to) {
            self.tell(bot, "message", payload.clone());
        }
        Ok(id)
    }

    /// Makes sure that the user may write in the place.
    fn enter(&mut self, place: Place, user: i64) -> Result<(), WorldError> {
        if user == ANONYMOUS {
            let anonymous = User {
                username: Some("GroupAnonymousBot".into()),
                is_bot: true,
                ..User::new(user, "Group", "en")
            };
            self.users.entry(user).or_insert(anonymous);
            return self.chat(place).map(|_| ());
        }
        self.be_there(place, user)?;
        let Place::Private { bot, .. } = place else {
            return Ok(());
        };
        if !self.bots.contains_key(&bot) {
            return Err(WorldError::NoBot(bot.to_string()));
        }
        if self.blocks(place) {
            self.block(place, false)?;
        }
        let title = self.user(user)?.first_name.clone();
        let kind = Kind::Private {
            started: true,
            blocked: false,
        };
        self.chats
            .entry(place)
            .or_insert_with(|| Chat::new(place, kind, &title))
            .kind = kind;
        Ok(())
    }

    /// A user is in their own private chats, and in groups that still exist and that they have joined.
    fn be_there(&self, place: Place, user: i64) -> Result<(), WorldError> {
        self.user(user)?;
        let there = match place {
            Place::Private { user: owner, .. } => owner == user,
            Place::Group(_) => {
                let chat = self.chat(place)?;
                chat.status_of(user).is_present() && !chat.deleted && chat.migrated_to.is_none()
            }
        };
        if there {
            Ok(())
        } else {
            Err(WorldError::NotThere { user, chat: place })
        }
    }

    fn blocks(&self, place: Place) -> bool {
        matches!(
            self.chat(place).map(|chat| chat.kind),
            Ok(Kind::Private { blocked: true, .. })
        )
    }

    /// The bots that see a message: in groups, privacy mode leaves them commands and answers to their own
    /// messages, unless they are administrators.
    fn readers(&self, place: Place, text: &str, reply_to: Option<i64>) -> Vec<i64> {
        if let Place::Private { bot, .. } = place {
            return vec![bot];
        }
        let Ok(chat) = self.chat(place) else {
            return Vec::new();
        };
        let answered = reply_to
            .and_then(|id| chat.messages.get(&id))
            .map(|message| message.from);
        let first_word = text.split_whitespace().next().unwrap_or("");
        let addressee = first_word
            .strip_prefix('/')
            .and_then(|command| command.split_once('@'))
            .map(|(_, name)| name);
        let sees = |bot: &super::Bot| match chat.status_of(bot.info.id) {
            Status::Administrator | Status::Creator => true,
            Status::Member => {
                let meant =
                    addressee.is_none_or(|name| name.eq_ignore_ascii_case(&bot.info.username));
                answered == Some(bot.info.id) || (text.starts_with('/') && meant)
            }
            Status::Left | Status::Kicked => false,
        };
        self.bots
            .values()
            .filter(|bot| sees(bot))
            .map(|bot| bot.info.id)
            .collect()
    }

    /// A person presses a button, named by its text or callback data; gives the id of the callback query.
    pub(crate) fn press(
        &mut self,
        place: Place,
        message: i64,
        from: i64,
        button: &str,
    ) -> Result<String, WorldError> {
        let place = self.resolve(place);
        self.be_there(place, from)?;
        let chat = self.chat(place)?;
        let found = chat.messages.get(&message).ok_or(WorldError::NoMessage {
            chat: place,
            message,
        })?;
        let pressed = found.button(button).and_then(|button| button.data.clone());
        let data = pressed.ok_or_else(|| WorldError::NoButton {
            message,
            button: button.to_owned(),
            present: found
                .buttons
                .iter()
                .flatten()
                .map(|button| button.text.as_str())
                .collect::<Vec<_>>()
                .join(", "),
        })?;
        let bot = found.from;
        let id = format!("{}{:09}", from, self.fresh_id());
        let payload = json!({
            "id": id,
            "from": self.users.get(&from).map(wire::user),
            "message": self.message_json(place, message),
            "chat_instance": format!("-{}", place.chat_id().unsigned_abs()),
            "data": data,
        });
        self.queries.insert(
            id.clone(),
            Query {
                bot,
                asked_at: Instant::now(),
                answer: None,
            },
        );
        self.tell(bot, "callback_query", payload);
        Ok(id)
    }

    /// A person blocks or unblocks a bot.
    pub(crate) fn block(&mut self, place: Place, block: bool) -> Result<(), WorldError> {
        let place = self.resolve(place);
        let Place::Private { bot, user } = place else {
            return Err(WorldError::NoChat(place));
        };
        let chat = self.chat_mut(place)?;
        let Kind::Private { started, blocked } = chat.kind else {
            return Err(WorldError::NoChat(place));
        };
        if blocked == block {
            return Ok(());
        }
        chat.kind = Kind::Private {
            started,
            blocked: block,
        };
        let status = |kicked: bool| {
            if kicked {
                Status::Kicked
            } else {
                Status::Member
            }
        };
        self.tell_status(place, bot, user, status(blocked), status(block));
        Ok(())
    }

    /// Tells a bot that its own status in a chat has changed.
    pub(super) fn tell_status(
        &mut self,
        place: Place,
        bot: i64,
        by: i64,
        old: Status,
        new: Status,
    ) {
        let (Ok(chat), Some(user), Some(by)) =
            (self.chat(place), self.users.get(&bot), self.users.get(&by))
        else {
            return;
        };
        let payload = json!({
            "chat": wire::chat(self, chat),
            "from": wire::user(by),
            "date": super::unix_now(),
            "old_chat_member": wire::member(user, old),
            "new_chat_member": wire::member(user, new),
        });
        self.tell(bot, "my_chat_member", payload);
    }

    /// A person opens a link to a bot: `https://t.me/BOT?start=CODE`, or `?startgroup=CODE` with the group to add
    /// the bot to. Gives the place in which `/start CODE` was said.
    pub(crate) fn open_link(
        &mut self,
        user: i64,
        link: &str,
        group: Option<i64>,
    ) -> Result<Place, WorldError> {
        let bad = || WorldError::BadLink(link.to_owned());
        let path = link
            .split_once("t.me/")
            .map(|(_, path)| path)
            .ok_or_else(bad)?;
        let (name, query) = path.split_once('?').unwrap_or((path, ""));
        let bot = self.bot_by_name(name)?;
        let (key, code) = query
            .split('&')
            .next()
            .and_then(|pair| pair.split_once('='))
            .unwrap_or(("start", ""));
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
        if code.len() > 64 || !code.chars().all(fits) {
            return Err(bad());
        }
        let (place, command) = match (key, group) {
            ("start", _) => (Place::Private { bot, user }, "/start".to_owned()),
            ("startgroup", Some(group)) => {
                self.set_status(Place::Group(group), bot, Status::Member, user)?;
                (Place::Group(group), format!("/start@{name}"))
            }
            _ => return Err(bad()),
        };
        let text = if code.is_empty() {
            command
        } else {
            format!("{command} {code}")
        };
        self.say(place, user, &text, None, None)?;
        Ok(place)
    }
}
