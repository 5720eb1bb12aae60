//! The handle of a running emulator: starting and stopping, the world, and waiting for things to happen.

use std::fmt;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::faults::Fault;
use crate::limits::Limits;
use crate::model::{BotInfo, CallbackAnswer, Command, Message, Place, Request, Status, User};
use crate::server::Server;
use crate::world::{Kind, World, WorldError};
use crate::{api, control, page, request, webhook};

/// How the emulator behaves.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Where to listen; port 0 takes any free one.
    pub listen: SocketAddr,
    /// How much bots may send.
    pub limits: Limits,
    /// Whether unknown parameters are refused; Telegram ignores them.
    pub strict: bool,
    /// Whether `setWebhook` takes `http://127.0.0.1:PORT/…`, which Telegram does not.
    pub plain_webhooks: bool,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            limits: Limits::default(),
            strict: true,
            plain_webhooks: false,
        }
    }
}

/// What the tasks of the emulator share.
#[derive(Debug)]
pub(crate) struct Shared {
    world: Mutex<World>,
    pub(crate) settings: Settings,
    /// Counts changes of the world.
    pub(crate) changes: watch::Sender<u64>,
    stopping: Mutex<CancellationToken>,
}

impl Shared {
    /// The world, locked: never hold it across an await.
    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells everyone who waits that the world has changed.
    pub(crate) fn change(&self) {
        self.changes.send_modify(|count| *count += 1);
    }

    /// Cancelled once the running server is asked to stop.
    pub(crate) fn stopping(&self) -> CancellationToken {
        self.stopping
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

/// A running emulator. Clones are handles of the same one.
#[derive(Clone, Debug)]
pub struct Emulator {
    pub(crate) shared: Arc<Shared>,
    server: Arc<tokio::sync::Mutex<Option<Server>>>,
    address: SocketAddr,
}

/// What was waited for did not happen; says what did.
#[derive(thiserror::Error)]
#[error("not seen within {within:?}; what happened instead:\n{story}")]
pub struct TimedOut {
    within: Duration,
    story: String,
}

impl fmt::Debug for TimedOut {
    /// Readable as it is when a test unwraps it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Emulator {
    /// Starts to listen. Fails if the address can't be bound.
    pub async fn start(settings: Settings) -> std::io::Result<Emulator> {
        let listener = TcpListener::bind(settings.listen).await?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            world: Mutex::default(),
            settings,
            changes: watch::Sender::new(0),
            stopping: Mutex::new(CancellationToken::new()),
        });
        let emulator = Emulator {
            shared,
            server: Arc::default(),
            address,
        };
        emulator.serve(listener).await;
        Ok(emulator)
    }

    async fn serve(&self, listener: TcpListener) {
        let stopping = CancellationToken::new();
        *self
            .shared
            .stopping
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = stopping.clone();
        let app = Router::new()
            .merge(page::routes())
            .nest("/control", control::routes(self.clone()))
            .fallback(api::handle)
            .layer(DefaultBodyLimit::max(request::BODY_MAX))
            .with_state(Arc::clone(&self.shared));
        tokio::spawn(webhook::deliver(Arc::clone(&self.shared), stopping.clone()));
        *self.server.lock().await = Some(Server::start(listener, app, stopping));
    }

    /// Where it listens: the `api_url` for bots, and the address of the chat page.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Answers what is in hand and stops listening. The world stays; see [`Emulator::resume`].
    pub async fn stop(&self) {
        if let Some(server) = self.server.lock().await.take() {
            server.stop().await;
        }
    }

    /// Goes away without a word: open connections are cut, new ones refused. The world stays.
    pub async fn vanish(&self) {
        if let Some(server) = self.server.lock().await.take() {
            server.cut().await;
        }
    }

    /// Listens again on the same port with the same world, after [`Emulator::stop`] or [`Emulator::vanish`].
    pub async fn resume(&self) -> std::io::Result<()> {
        if self.server.lock().await.is_none() {
            let listener = TcpListener::bind(self.address).await?;
            self.serve(listener).await;
        }
        Ok(())
    }

    /// Changes the world and tells everyone who waits.
    pub(crate) fn with<T>(&self, act: impl FnOnce(&mut World) -> T) -> T {
        let result = act(&mut self.shared.world());
        self.shared.change();
        result
    }

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

    /// The messages of a chat as they stand now, oldest first; none if there is no such chat.
    pub fn messages(&self, chat: impl Into<Place>) -> Vec<Message> {
        let world = self.shared.world();
        world
            .chat(chat.into())
            .map(|chat| chat.messages.values().cloned().collect())
            .unwrap_or_default()
    }

    /// What the bot answered to a pressed button; `None` while it has not.
    pub fn answer(&self, query: &str) -> Option<CallbackAnswer> {
        self.shared.world().queries.get(query)?.answer.clone()
    }

    /// The menu a bot set for a scope (`default`, `all_private_chats`, `chat:-5`, …) and a language (or "").
    pub fn menu(&self, bot: i64, scope: &str, language: &str) -> Vec<Command> {
        let world = self.shared.world();
        let key = (scope.to_owned(), language.to_owned());
        world
            .bots
            .get(&bot)
            .and_then(|bot| bot.menus.get(&key))
            .cloned()
            .unwrap_or_default()
    }

    /// How many updates wait for a bot.
    pub fn waiting_updates(&self, bot: i64) -> usize {
        self.shared
            .world()
            .bots
            .get(&bot)
            .map_or(0, |bot| bot.queue.len())
    }

    /// Every call of the Bot API, oldest first.
    pub fn requests(&self) -> Vec<Request> {
        self.shared.world().requests().cloned().collect()
    }

    /// The calls of one method, oldest first.
    pub fn calls(&self, method: &str) -> Vec<Request> {
        self.shared
            .world()
            .requests()
            .filter(|request| request.method == method)
            .cloned()
            .collect()
    }

    /// Forgets the calls seen so far.
    pub fn forget_requests(&self) {
        self.with(World::forget_requests);
    }

    /// Waits until `look` finds something; it is asked at once and after every change.
    pub async fn wait_for<T>(
        &self,
        within: Duration,
        mut look: impl FnMut(&Emulator) -> Option<T>,
    ) -> Result<T, TimedOut> {
        let mut changes = self.shared.changes.subscribe();
        let search = async {
            loop {
                changes.mark_unchanged();
                if let Some(found) = look(self) {
                    return found;
                }
                // Never fails: this handle keeps the sender alive.
                let _ = changes.changed().await;
            }
        };
        let found = tokio::time::timeout(within, search).await;
        found.map_err(|_| TimedOut {
            within,
            story: self.story(),
        })
    }

    /// Waits for a message of a bot that contains `text`, in its current form.
    pub async fn wait_for_message(
        &self,
        within: Duration,
        chat: impl Into<Place>,
        text: &str,
    ) -> Result<Message, TimedOut> {
        let chat = chat.into();
        self.wait_for(within, |emulator| {
            let world = emulator.shared.world();
            let messages = &world.chat(chat).ok()?.messages;
            let by_bot = |message: &&Message| world.bots.contains_key(&message.from);
            messages
                .values()
                .rev()
                .filter(by_bot)
                .find(|message| message.text.contains(text))
                .cloned()
        })
        .await
    }

    /// The last calls and messages, for the text of a failed wait.
    fn story(&self) -> String {
        const LINES: usize = 20;
        let world = self.shared.world();
        let mut lines: Vec<String> = Vec::new();
        let calls: Vec<&Request> = world
            .requests()
            .filter(|request| request.method != "getUpdates")
            .collect();
        for call in calls.iter().rev().take(LINES).rev() {
            lines.push(format!(
                "  {} {} {} -> {} {}",
                call.bot, call.method, call.params, call.status, call.answer
            ));
        }
        for chat in world.chats.values() {
            for message in chat.messages.values().rev().take(LINES).rev() {
                lines.push(format!(
                    "  [{}] #{} from {}: {:?}",
                    chat.place, message.id, message.from, message.text
                ));
            }
        }
        if lines.is_empty() {
            "  nothing".to_owned()
        } else {
            lines.join("\n")
        }
    }
}

impl fmt::Display for Emulator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "emulated Telegram at {}", self.url())
    }
}
