//! The handle's verbs: making the world, what people do in it, and faults on order.

use super::Emulator;
use crate::faults::Fault;
use crate::model::{BotInfo, Place, Status, User};
use crate::world::{Kind, WorldError};

impl Emulator {
    /// Adds a bot. The part of the token before the colon becomes its id.
    pub fn add_bot(&self, token: &str, username: &str) -> BotInfo {
        self.with(|world| world.add_bot(token, username))
    }

    /// Makes a bot's token invalid, as its owner can.
    pub fn revoke_bot(&self, bot: i64) {
        self.with(|world| {
            if let Some(bot) = world.bots.get_mut(&bot) {
                bot.revoked = true;
            }
        });
    }

    /// Adds a person.
    pub fn add_user(&self, user: User) {
        self.with(|world| world.users.insert(user.id, user));
    }

    /// Adds a basic group; `id` is below zero.
    pub fn add_group(&self, id: i64, title: &str) -> Place {
        self.with(|world| world.add_group(id, title, Kind::Group))
    }

    /// Adds a supergroup, with topics if it is a forum; `id` starts with -100.
    pub fn add_supergroup(&self, id: i64, title: &str, forum: bool) -> Place {
        self.with(|world| world.add_group(id, title, Kind::Supergroup { forum }))
    }

    /// Adds a topic to a forum and gives its id.
    pub fn add_topic(&self, chat: impl Into<Place>, name: &str) -> Result<i64, WorldError> {
        self.with(|world| world.add_topic(chat.into(), name))
    }

    /// Closes a topic, or opens it again: then only administrators may write there.
    pub fn close_topic(
        &self,
        chat: impl Into<Place>,
        topic: i64,
        closed: bool,
    ) -> Result<(), WorldError> {
        self.with(|world| world.close_topic(chat.into(), topic, closed))
    }

    /// Deletes a topic with its messages.
    pub fn delete_topic(&self, chat: impl Into<Place>, topic: i64) -> Result<(), WorldError> {
        self.with(|world| world.delete_topic(chat.into(), topic))
    }

    /// Gives a user or bot a status in a group: lets it join, leave, be promoted or kicked. Bots are told.
    pub fn set_status(
        &self,
        chat: impl Into<Place>,
        user: i64,
        status: Status,
    ) -> Result<(), WorldError> {
        self.set_status_by(chat, user, status, user)
    }

    /// Like [`Emulator::set_status`], done by somebody else: `by` is who added, promoted or removed.
    pub fn set_status_by(
        &self,
        chat: impl Into<Place>,
        user: i64,
        status: Status,
        by: i64,
    ) -> Result<(), WorldError> {
        self.with(|world| world.set_status(chat.into(), user, status, by))
    }

    /// A user blocks a bot, or unblocks it.
    pub fn block(&self, chat: impl Into<Place>, block: bool) -> Result<(), WorldError> {
        self.with(|world| world.block(chat.into(), block))
    }

    /// Deletes a group.
    pub fn delete_group(&self, chat: impl Into<Place>) -> Result<(), WorldError> {
        self.with(|world| world.delete_group(chat.into()))
    }

    /// Turns a group into the supergroup `new_id`.
    pub fn migrate(&self, chat: impl Into<Place>, new_id: i64) -> Result<Place, WorldError> {
        self.with(|world| world.migrate(chat.into(), new_id))
    }

    /// A person writes. Bots that would see it get an update; gives the id of the message.
    pub fn say(
        &self,
        chat: impl Into<Place>,
        from: i64,
        text: &str,
        topic: Option<i64>,
    ) -> Result<i64, WorldError> {
        self.with(|world| world.say(chat.into(), from, text, topic, None))
    }

    /// A person answers a message.
    pub fn reply(
        &self,
        chat: impl Into<Place>,
        from: i64,
        to: i64,
        text: &str,
    ) -> Result<i64, WorldError> {
        let chat = chat.into();
        self.with(|world| {
            let topic = world
                .chat(chat)?
                .messages
                .get(&to)
                .and_then(|message| message.topic);
            world.say(chat, from, text, topic, Some(to))
        })
    }

    /// A person presses the button with this text or callback data; gives the id of the callback query.
    pub fn press(
        &self,
        chat: impl Into<Place>,
        message: i64,
        from: i64,
        button: &str,
    ) -> Result<String, WorldError> {
        self.with(|world| world.press(chat.into(), message, from, button))
    }

    /// A person opens `https://t.me/BOT?start=CODE`, or `?startgroup=CODE` with the group to add the bot to.
    pub fn open_link(
        &self,
        user: i64,
        link: &str,
        group: Option<i64>,
    ) -> Result<Place, WorldError> {
        self.with(|world| world.open_link(user, link, group))
    }

    /// Orders a fault; several are played in the order in which they were ordered.
    pub fn fault(&self, fault: Fault) {
        self.with(|world| world.faults.order(fault));
    }

    /// Forgets the faults still to come.
    pub fn clear_faults(&self) {
        self.with(|world| world.faults.clear());
    }
}
