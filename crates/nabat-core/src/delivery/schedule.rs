//! Decides which delivery of a bot goes out next, within Telegram's limits.
//!
//! Telegram allows about one message a second to a chat (a short burst is let through), twenty a
//! minute to a group, thirty a second to a bot in all; edits count like messages. A refused
//! request (429) freezes its chat alone for as long as Telegram asks. Of what may go out now the
//! most urgent goes first, then the oldest; one chat's deliveries go one at a time, so that they
//! arrive in order.
//!
//! When clearly more news waits for a chat than it may be sent at once, all of it goes in one batch,
//! to be told in a digest. To a group news goes in a small burst and then at a steady pace, so that in a
//! storm a digest comes every few seconds; critical news and answers need not keep that pace. A few
//! messages of a group's minute are kept for critical news and for answers, and answers never take
//! all of it: whoever asks much keeps nobody from hearing what is critical.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::time::Duration;

use super::{DeliveryId, Priority};
use crate::chat::ChatKey;
use crate::time::Timestamp;

/// How much a bot may say. Windows slide.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Messages to one private chat in [`Limits::PRIVATE_WINDOW`].
    pub private_burst: usize,
    /// Messages to one group in a minute.
    pub group_per_minute: usize,
    /// Of those, how many are kept for answers.
    pub group_reserve: usize,
    /// Of those, how many more are kept for critical news.
    pub group_critical_reserve: usize,
    /// The most answers to one group in a minute.
    pub group_answers: usize,
    /// How many pieces of news a group gets at once before the pace begins.
    pub group_burst: u32,
    /// Messages of the bot in a second.
    pub bot_per_second: usize,
}

impl Limits {
    /// The window of [`Limits::private_burst`].
    pub const PRIVATE_WINDOW: Duration = Duration::from_secs(3);
    /// The window of [`Limits::group_per_minute`].
    pub const GROUP_WINDOW: Duration = Duration::from_secs(60);
    /// How far apart news to a group is, once its burst is used up.
    pub const GROUP_PACE: Duration = Duration::from_secs(5);
    /// The window of [`Limits::bot_per_second`].
    pub const BOT_WINDOW: Duration = Duration::from_secs(1);
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            private_burst: 3,
            group_per_minute: 19,
            group_reserve: 3,
            group_critical_reserve: 4,
            group_answers: 15,
            group_burst: 4,
            bot_per_second: 25,
        }
    }
}

/// The waiting deliveries of one bot and what it said lately.
#[derive(Debug, Default)]
pub struct Schedule {
    limits: Limits,
    chats: HashMap<i64, Line>,
    sent: VecDeque<Timestamp>,
    frozen_until: Option<Timestamp>,
    swept_at: Option<Timestamp>,
}

/// So many pieces of news beyond what may be sent at once still get a message each: a live message
/// is worth waiting a few seconds for.
const WORTH_WAITING_FOR: usize = 2;
/// More deliveries than this are not told in one digest.
const BATCH_MAX: usize = 2_000;

/// One chat's line. Limits hold for the chat with all its topics.
#[derive(Debug, Default)]
struct Line {
    waiting: BTreeSet<(Priority, DeliveryId)>,
    places: HashMap<DeliveryId, (Priority, ChatKey)>,
    in_hand: bool,
    /// The provider asked for it.
    frozen_until: Option<Timestamp>,
    /// Something failed.
    paused_until: Option<Timestamp>,
    sent: VecDeque<Timestamp>,
    /// Those of them that were answers.
    answered: VecDeque<Timestamp>,
    /// Up to when the pace of news to a group is used up: the theoretical arrival time of the
    /// generic cell rate algorithm (ITU-T I.371).
    paced_until: Option<Timestamp>,
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
        let line = self.chats.entry(chat.chat).or_default();
        if let Some((before, _)) = line.places.insert(id, (priority, chat)) {
            line.waiting.remove(&(before, id));
        }
        line.waiting.insert((priority, id));
    }

    /// What to send now. The deliveries leave the line, the first request is counted, and their
    /// chat gets nothing else until [`Schedule::done`].
    pub fn next(&mut self, now: Timestamp) -> Next {
        forget(&mut self.sent, now, Limits::BOT_WINDOW);
        self.sweep(now);
        let mut wait: Option<Timestamp> = None;
        let mut best: Option<(Priority, DeliveryId, i64)> = None;
        for (chat, line) in &mut self.chats {
            if line.in_hand {
                continue;
            }
            // What is more urgent may have to wait for room that the rest may not use anyway.
            for (priority, id) in line.first_of_each().into_iter().flatten() {
                let at = line.free_at(*chat, priority, self.limits, now);
                if at > now {
                    wait = Some(wait.map_or(at, |known| known.min(at)));
                    continue;
                }
                if best.is_none_or(|known| (priority, id) < (known.0, known.1)) {
                    best = Some((priority, id, *chat));
                }
                break;
            }
        }
        let Some((priority, id, chat)) = best else {
            return wait.map_or(Next::Idle, Next::Wait);
        };
        let free_at = self.free_at(now);
        if free_at > now {
            return Next::Wait(free_at);
        }
        let limits = self.limits;
        let Some((ids, key)) = self
            .chats
            .get_mut(&chat)
            .and_then(|line| line.take(chat, priority, id, limits, now))
        else {
            return Next::Idle;
        };
        self.count(key, priority, now);
        Next::Send(ids, key)
    }

    /// Counts a further request of a delivery that is in hand, if it may be made now.
    ///
    /// # Errors
    /// When it may be made, if not now.
    pub fn again(&mut self, chat: ChatKey, now: Timestamp) -> Result<(), Timestamp> {
        forget(&mut self.sent, now, Limits::BOT_WINDOW);
        let bot = self.free_at(now);
        let limits = self.limits;
        let free_at = self.chats.get_mut(&chat.chat).map_or(bot, |line| {
            line.free_at(chat.chat, Priority::Critical, limits, now)
                .max(bot)
        });
        if free_at > now {
            return Err(free_at);
        }
        self.count(chat, Priority::Critical, now);
        Ok(())
    }

    fn count(&mut self, chat: ChatKey, priority: Priority, now: Timestamp) {
        self.sent.push_back(now);
        if let Some(line) = self.chats.get_mut(&chat.chat) {
            line.sent.push_back(now);
            if priority.is_answer() {
                line.answered.push_back(now);
            }
            if paced(chat.chat, priority) {
                let from = line.paced_until.map_or(now, |until| until.max(now));
                line.paced_until = Some(from.after(Limits::GROUP_PACE));
            }
        }
    }

    /// The chat's delivery is out of hand: the next one may go.
    pub fn done(&mut self, chat: ChatKey) {
        if let Some(line) = self.chats.get_mut(&chat.chat) {
            line.in_hand = false;
        }
    }

    /// Forgets, now and then, chats to which nothing was said lately and for which nothing waits.
    fn sweep(&mut self, now: Timestamp) {
        if self
            .swept_at
            .is_some_and(|at| now.since(at) < Limits::GROUP_WINDOW)
        {
            return;
        }
        self.swept_at = Some(now);
        self.chats.retain(|_, line| !line.rests(now));
    }

    /// The chat gets nothing before `until`.
    pub fn freeze(&mut self, chat: ChatKey, until: Timestamp) {
        let line = self.chats.entry(chat.chat).or_default();
        line.frozen_until = line.frozen_until.max(Some(until));
    }

    /// The chat gets nothing before `until` unless somebody is in a hurry: something failed there.
    pub fn pause(&mut self, chat: ChatKey, until: Timestamp) {
        let line = self.chats.entry(chat.chat).or_default();
        line.paused_until = line.paused_until.max(Some(until));
    }

    /// Ends the pauses after failures, of the chat and of all. Limits, and what the provider asked
    /// for, stay.
    pub fn hurry(&mut self, chat: ChatKey) {
        self.frozen_until = None;
        if let Some(line) = self.chats.get_mut(&chat.chat) {
            line.paused_until = None;
        }
    }

    /// No chat gets anything before `until`: the provider can't be reached.
    pub fn freeze_all(&mut self, until: Timestamp) {
        self.frozen_until = self.frozen_until.max(Some(until));
    }

    fn free_at(&self, now: Timestamp) -> Timestamp {
        let full = window_free_at(
            &self.sent,
            self.limits.bot_per_second,
            Limits::BOT_WINDOW,
            now,
        );
        self.frozen_until.map_or(full, |until| until.max(full))
    }
}

impl Line {
    /// The oldest delivery of each urgency, the most urgent first.
    fn first_of_each(&self) -> [Option<(Priority, DeliveryId)>; Priority::ALL.len()] {
        Priority::ALL.map(|priority| {
            let mut of_this = self.waiting.range((priority, DeliveryId(i64::MIN))..);
            of_this
                .next()
                .filter(|(known, _)| *known == priority)
                .copied()
        })
    }

    /// Whether there is nothing to remember of the chat.
    fn rests(&mut self, now: Timestamp) -> bool {
        forget(&mut self.sent, now, Limits::GROUP_WINDOW);
        let past = |until: Option<Timestamp>| until.is_none_or(|until| until <= now);
        let idle = self.places.is_empty() && !self.in_hand && self.sent.is_empty();
        idle && past(self.frozen_until) && past(self.paused_until) && past(self.paced_until)
    }

    /// Takes the first delivery out of the line, and with it, if it is news, whatever other news
    /// waits for the same place, should that be more than may be sent now.
    fn take(
        &mut self,
        chat: i64,
        priority: Priority,
        id: DeliveryId,
        limits: Limits,
        now: Timestamp,
    ) -> Option<(Vec<DeliveryId>, ChatKey)> {
        let (_, key) = *self.places.get(&id)?;
        let mut ids = vec![id];
        if mergeable(priority) {
            let others = self.waiting.iter().filter(|(priority, other)| {
                let same_place = self.places.get(other).is_some_and(|(_, at)| *at == key);
                *other != id && mergeable(*priority) && same_place
            });
            let others: Vec<DeliveryId> = others.take(BATCH_MAX - 1).map(|(_, id)| *id).collect();
            let alone = self.room(chat, priority, limits, now) + WORTH_WAITING_FOR;
            if others.len() + 1 > alone {
                ids.extend(others);
            }
        }
        for id in &ids {
            if let Some((priority, _)) = self.places.remove(id) {
                self.waiting.remove(&(priority, *id));
            }
        }
        self.in_hand = true;
        Some((ids, key))
    }

    /// How many messages of this urgency the chat may be sent now, one after the other.
    fn room(&self, chat: i64, priority: Priority, limits: Limits, now: Timestamp) -> usize {
        let (allowed, window) = self.window(chat, priority, limits);
        let lately = self.sent.iter().filter(|at| at.after(window) > now).count();
        let left = allowed.saturating_sub(lately);
        if !paced(chat, priority) {
            return left;
        }
        let debt = self
            .paced_until
            .map_or(Duration::ZERO, |until| until.since(now));
        let pace_ms = Limits::GROUP_PACE.as_millis();
        let used = usize::try_from(debt.as_millis().div_ceil(pace_ms)).unwrap_or(usize::MAX);
        left.min((limits.group_burst as usize).saturating_sub(used))
    }

    fn window(&self, chat: i64, priority: Priority, limits: Limits) -> (usize, Duration) {
        if chat > 0 {
            return (limits.private_burst, Limits::PRIVATE_WINDOW);
        }
        let reserve = match priority {
            Priority::Answer | Priority::Stranger => 0,
            Priority::Critical => limits.group_reserve,
            Priority::News | Priority::Quiet => {
                limits.group_reserve + limits.group_critical_reserve
            }
        };
        let allowed = limits.group_per_minute.saturating_sub(reserve).max(1);
        (allowed, Limits::GROUP_WINDOW)
    }

    fn free_at(
        &mut self,
        chat: i64,
        priority: Priority,
        limits: Limits,
        now: Timestamp,
    ) -> Timestamp {
        self.frozen_until = self.frozen_until.filter(|until| *until > now);
        self.paused_until = self.paused_until.filter(|until| *until > now);
        forget(&mut self.sent, now, Limits::GROUP_WINDOW);
        forget(&mut self.answered, now, Limits::GROUP_WINDOW);
        let (allowed, window) = self.window(chat, priority, limits);
        let mut free_at = window_free_at(&self.sent, allowed, window, now);
        if chat < 0 && priority.is_answer() {
            let answers = limits.group_answers;
            let answer_at = window_free_at(&self.answered, answers, Limits::GROUP_WINDOW, now);
            free_at = free_at.max(answer_at);
        }
        if paced(chat, priority) {
            let burst = Limits::GROUP_PACE * limits.group_burst.saturating_sub(1);
            let pace = self.paced_until.map_or(now, |until| until.before(burst));
            free_at = free_at.max(pace);
        }
        let held = self.frozen_until.max(self.paused_until);
        held.map_or(free_at, |until| until.max(free_at))
    }
}

/// Whether deliveries of this urgency keep the pace of a group.
fn paced(chat: i64, priority: Priority) -> bool {
    chat < 0 && !matches!(priority, Priority::Answer | Priority::Critical)
}

/// Whether deliveries of this urgency can be told together.
fn mergeable(priority: Priority) -> bool {
    matches!(priority, Priority::Critical | Priority::News)
}

/// When a window that lets `allowed` through has room for one more.
fn window_free_at(
    sent: &VecDeque<Timestamp>,
    allowed: usize,
    window: Duration,
    now: Timestamp,
) -> Timestamp {
    sent.len()
        .checked_sub(allowed.max(1))
        .and_then(|index| sent.get(index))
        .map_or(now, |oldest| oldest.after(window).max(now))
}

fn forget(sent: &mut VecDeque<Timestamp>, now: Timestamp, window: Duration) {
    while sent.front().is_some_and(|at| at.after(window) <= now) {
        sent.pop_front();
    }
}

#[cfg(test)]
mod tests;
