//! What the handle shows: messages, answers, menus, calls; and waiting for them.

use std::fmt;
use std::time::Duration;

use super::Emulator;
use crate::model::{CallbackAnswer, Command, Message, Place, Request};
use crate::world::World;

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
