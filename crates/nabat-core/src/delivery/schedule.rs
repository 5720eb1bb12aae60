//! Decides which delivery of a bot goes out next, within Telegram's limits.
//!
//! Telegram allows about one message a second to a chat (a short burst is let through), twenty a
//! minute to a group, thirty a second to a bot in all; edits count like messages. A refused
//! request (429) freezes its chat alone for as long as Telegram asks. Of what may go out now the
//! most urgent goes first, then the oldest; one chat's deliveries go one at a time, so that they
//! arrive in order.
//!
//! When clearly more news waits for a chat than it may be sent at once, all of it goes in one batch,
//! to be told in a digest. How much of what a chat takes is kept for whom is said in `allowance`,
//! what goes together in `line`.

mod allowance;
mod limits;
mod line;

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use super::{DeliveryId, Priority};
use crate::chat::ChatKey;
use crate::time::Timestamp;

pub use limits::Limits;

use line::Line;

/// The waiting deliveries of one bot and what it said lately.
#[derive(Debug, Default)]
pub struct Schedule {
    limits: Limits,
    chats: HashMap<i64, Line>,
    sent: VecDeque<Timestamp>,
    frozen_until: Option<Timestamp>,
    swept_at: Option<Timestamp>,
}

/// What to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// Send these now, several in one digest, and say [`Schedule::done`] afterwards.
    Send(Vec<DeliveryId>, ChatKey),
    /// Nothing may go out before then.
    Wait(Timestamp),
    /// Nothing waits.
    Idle,
}

impl Schedule {
    /// An empty schedule with these limits.
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            ..Self::default()
        }
    }

    /// Puts a delivery in line, or changes the urgency of one that is there.
    pub fn add(&mut self, id: DeliveryId, chat: ChatKey, priority: Priority) {
        self.line(chat).add(id, chat, priority);
    }

    fn line(&mut self, chat: ChatKey) -> &mut Line {
        let line = self.chats.entry(chat.chat);
        line.or_insert_with(|| Line::of(chat.chat))
    }

    /// What to send now. The deliveries leave the line, the first request is counted, and their
    /// chat gets nothing else until [`Schedule::done`].
    pub fn next(&mut self, now: Timestamp) -> Next {
        forget(&mut self.sent, now);
        self.sweep(now);
        let mut wait: Option<Timestamp> = None;
        let mut best: Option<(Priority, DeliveryId, i64)> = None;
        for (chat, line) in &self.chats {
            match line.first(&self.limits, now) {
                Some(Ok((priority, id)))
                    if best.is_none_or(|known| (priority, id) < (known.0, known.1)) =>
                {
                    best = Some((priority, id, *chat));
                }
                Some(Err(at)) => wait = Some(wait.map_or(at, |known| known.min(at))),
                Some(Ok(_)) | None => {}
            }
        }
        let Some((priority, id, chat)) = best else {
            return wait.map_or(Next::Idle, Next::Wait);
        };
        let free_at = self.free_at(now);
        if free_at > now {
            return Next::Wait(free_at);
        }
        let Some(line) = self.chats.get_mut(&chat) else {
            return Next::Idle;
        };
        let Some((ids, key)) = line.take(priority, id, &self.limits, now) else {
            return Next::Idle;
        };
        line.count_request(now);
        self.sent.push_back(now);
        Next::Send(ids, key)
    }

    /// Counts a further request of a delivery that is in hand, if it may be made now. The one
    /// before it has been answered.
    ///
    /// # Errors
    /// When it may be made, if not now.
    pub fn again(&mut self, chat: ChatKey, now: Timestamp) -> Result<(), Timestamp> {
        forget(&mut self.sent, now);
        let mut free_at = self.free_at(now);
        let line = self.chats.get_mut(&chat.chat);
        if let Some(line) = &line {
            free_at = free_at.max(line.goes_on_at(&self.limits, now));
        }
        if free_at > now {
            return Err(free_at);
        }
        if let Some(line) = line {
            line.answered(now);
            line.count_request(now);
        }
        self.sent.push_back(now);
        Ok(())
    }

    /// The chat's delivery is out of hand: the next one may go.
    pub fn done(&mut self, chat: ChatKey, now: Timestamp) {
        if let Some(line) = self.chats.get_mut(&chat.chat) {
            line.done(now);
        }
    }

    /// Forgets, now and then, chats to which nothing was said lately and for which nothing waits.
    fn sweep(&mut self, now: Timestamp) {
        /// How long a chat may be remembered in vain.
        const EVERY: Duration = Limits::GROUP_WINDOW;
        if self.swept_at.is_some_and(|at| now.since(at) < EVERY) {
            return;
        }
        self.swept_at = Some(now);
        self.chats.retain(|_, line| !line.rests(now));
    }

    /// The chat gets nothing before `until`.
    pub fn freeze(&mut self, chat: ChatKey, until: Timestamp) {
        self.line(chat).freeze(until);
    }

    /// The chat gets nothing before `until` unless somebody is in a hurry: something failed there.
    pub fn pause(&mut self, chat: ChatKey, until: Timestamp) {
        self.line(chat).pause(until);
    }

    /// Ends the pauses after failures, of the chat and of all. Limits, and what the provider asked
    /// for, stay.
    pub fn hurry(&mut self, chat: ChatKey) {
        self.frozen_until = None;
        if let Some(line) = self.chats.get_mut(&chat.chat) {
            line.hurry();
        }
    }

    /// No chat gets anything before `until`: the provider can't be reached.
    pub fn freeze_all(&mut self, until: Timestamp) {
        self.frozen_until = self.frozen_until.max(Some(until));
    }

    /// When the bot may send anything at all.
    fn free_at(&self, now: Timestamp) -> Timestamp {
        let full = self.sent.len().checked_sub(self.limits.bot_per_second);
        let full = full.and_then(|index| self.sent.get(index));
        let free_at = full.map_or(now, |oldest| oldest.after(Limits::BOT_WINDOW).max(now));
        self.frozen_until
            .map_or(free_at, |until| until.max(free_at))
    }
}

fn forget(sent: &mut VecDeque<Timestamp>, now: Timestamp) {
    let over = |at: &Timestamp| at.after(Limits::BOT_WINDOW) <= now;
    while sent.front().is_some_and(over) {
        sent.pop_front();
    }
}

#[cfg(test)]
mod tests;
