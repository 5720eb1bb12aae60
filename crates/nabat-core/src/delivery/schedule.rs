//! Decides which delivery of a bot goes out next, within Telegram's limits.
//!
//! Telegram allows about one message a second to a chat (a short burst is let through), twenty a
//! minute to a group, thirty a second to a bot in all; edits count like messages. A refused
//! request (429) freezes its chat alone for as long as Telegram asks. Of what may go out now the
//! most urgent goes first, then the oldest; one chat's deliveries go one at a time, so that they
//! arrive in order. Answers to people may use a few messages a minute that news may not.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::time::Duration;

use super::{DeliveryId, Priority, Waiting};
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
    /// Messages of the bot in a second.
    pub bot_per_second: usize,
}

impl Limits {
    /// The window of [`Limits::private_burst`].
    pub const PRIVATE_WINDOW: Duration = Duration::from_secs(3);
    /// The window of [`Limits::group_per_minute`].
    pub const GROUP_WINDOW: Duration = Duration::from_secs(60);
    /// The window of [`Limits::bot_per_second`].
    pub const BOT_WINDOW: Duration = Duration::from_secs(1);
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            private_burst: 3,
            group_per_minute: 19,
            group_reserve: 3,
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
}

/// One chat's line. Limits hold for the chat with all its topics.
#[derive(Debug, Default)]
struct Line {
    waiting: BTreeSet<(Priority, DeliveryId)>,
    places: HashMap<DeliveryId, (Priority, ChatKey)>,
    in_hand: bool,
    frozen_until: Option<Timestamp>,
    sent: VecDeque<Timestamp>,
}

/// What to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Send this one now and say [`Schedule::done`] afterwards.
    Send(DeliveryId, ChatKey),
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
    pub fn add(&mut self, waiting: Waiting) {
        let line = self.chats.entry(waiting.chat.chat).or_default();
        if let Some((priority, _)) = line
            .places
            .insert(waiting.id, (waiting.priority, waiting.chat))
        {
            line.waiting.remove(&(priority, waiting.id));
        }
        line.waiting.insert((waiting.priority, waiting.id));
    }

    /// How many deliveries wait.
    pub fn len(&self) -> usize {
        self.chats.values().map(|line| line.places.len()).sum()
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.chats.values().all(|line| line.places.is_empty())
    }

    /// What to send now. The delivery leaves the line, its first request is counted, and its chat
    /// gets nothing else until [`Schedule::done`].
    pub fn next(&mut self, now: Timestamp) -> Next {
        forget(&mut self.sent, now, Limits::BOT_WINDOW);
        let mut wait: Option<Timestamp> = None;
        let mut best: Option<(Priority, DeliveryId, i64)> = None;
        for (chat, line) in &mut self.chats {
            let Some((priority, id)) = line.waiting.first().copied() else {
                continue;
            };
            if line.in_hand {
                continue;
            }
            let at = line.free_at(*chat, priority, self.limits, now);
            if at > now {
                wait = Some(wait.map_or(at, |known| known.min(at)));
            } else if best.is_none_or(|known| (priority, id) < (known.0, known.1)) {
                best = Some((priority, id, *chat));
            }
        }
        let Some((priority, id, chat)) = best else {
            return wait.map_or(Next::Idle, Next::Wait);
        };
        let free_at = self.free_at(now);
        if free_at > now {
            return Next::Wait(free_at);
        }
        let key = self.chats.get_mut(&chat).and_then(|line| {
            line.waiting.remove(&(priority, id));
            line.in_hand = true;
            line.places.remove(&id)
        });
        key.map_or(Next::Idle, |(_, key)| {
            self.count(key, now);
            Next::Send(id, key)
        })
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
            line.free_at(chat.chat, Priority::Answer, limits, now)
                .max(bot)
        });
        if free_at > now {
            return Err(free_at);
        }
        self.count(chat, now);
        Ok(())
    }

    fn count(&mut self, chat: ChatKey, now: Timestamp) {
        self.sent.push_back(now);
        if let Some(line) = self.chats.get_mut(&chat.chat) {
            line.sent.push_back(now);
        }
    }

    /// The chat's delivery is out of hand: the next one may go.
    pub fn done(&mut self, chat: ChatKey, now: Timestamp) {
        if let Some(line) = self.chats.get_mut(&chat.chat) {
            line.in_hand = false;
            forget(&mut line.sent, now, Limits::GROUP_WINDOW);
            if line.places.is_empty() && line.sent.is_empty() && line.frozen_until.is_none() {
                self.chats.remove(&chat.chat);
            }
        }
    }

    /// The chat gets nothing before `until`.
    pub fn freeze(&mut self, chat: ChatKey, until: Timestamp) {
        self.chats.entry(chat.chat).or_default().frozen_until = Some(until);
    }

    /// No chat gets anything before `until`: the provider can't be reached.
    pub fn freeze_all(&mut self, until: Timestamp) {
        self.frozen_until = Some(until);
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
    fn free_at(
        &mut self,
        chat: i64,
        priority: Priority,
        limits: Limits,
        now: Timestamp,
    ) -> Timestamp {
        self.frozen_until = self.frozen_until.filter(|until| *until > now);
        forget(&mut self.sent, now, Limits::GROUP_WINDOW);
        let window = if chat > 0 {
            window_free_at(
                &self.sent,
                limits.private_burst,
                Limits::PRIVATE_WINDOW,
                now,
            )
        } else {
            let reserve = match priority {
                Priority::Answer => 0,
                _ => limits.group_reserve,
            };
            let allowed = limits.group_per_minute.saturating_sub(reserve).max(1);
            window_free_at(&self.sent, allowed, Limits::GROUP_WINDOW, now)
        };
        self.frozen_until.map_or(window, |until| until.max(window))
    }
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
mod tests {
    use super::*;
    use crate::chat::BotId;
    use proptest::prelude::*;

    fn chat(number: i64) -> ChatKey {
        ChatKey {
            bot: BotId(1),
            chat: number,
            topic: None,
        }
    }

    fn waiting(id: i64, number: i64, priority: Priority) -> Waiting {
        Waiting {
            id: DeliveryId(id),
            chat: chat(number),
            priority,
        }
    }

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_millis(1_000_000 + ms)
    }

    /// Sends whatever may go, each request taking no time; returns (ms, id).
    fn run(schedule: &mut Schedule, until_ms: i64) -> Vec<(i64, i64)> {
        let mut log = Vec::new();
        let mut now = 0;
        while now <= until_ms {
            match schedule.next(at(now)) {
                Next::Send(id, key) => {
                    schedule.done(key, at(now));
                    log.push((now, id.0));
                }
                Next::Wait(then) => now = then.as_millis() - at(0).as_millis(),
                Next::Idle => break,
            }
        }
        log
    }

    #[test]
    fn the_most_urgent_goes_first_then_the_oldest() {
        let mut schedule = Schedule::default();
        schedule.add(waiting(1, 5, Priority::News));
        schedule.add(waiting(2, 5, Priority::Quiet));
        schedule.add(waiting(3, 5, Priority::Critical));
        schedule.add(waiting(4, 5, Priority::News));
        schedule.add(waiting(5, 5, Priority::Answer));
        let order: Vec<i64> = run(&mut schedule, 60_000)
            .iter()
            .map(|sent| sent.1)
            .collect();
        assert_eq!(order, [5, 3, 1, 4, 2]);
    }

    #[test]
    fn a_chat_gets_one_delivery_at_a_time() {
        let mut schedule = Schedule::default();
        schedule.add(waiting(1, 5, Priority::News));
        schedule.add(waiting(2, 5, Priority::News));
        assert_eq!(schedule.next(at(0)), Next::Send(DeliveryId(1), chat(5)));
        assert_eq!(schedule.next(at(0)), Next::Idle);
        schedule.done(chat(5), at(0));
        assert_eq!(schedule.next(at(0)), Next::Send(DeliveryId(2), chat(5)));
    }

    #[test]
    fn a_frozen_chat_delays_no_other() {
        let mut schedule = Schedule::default();
        schedule.add(waiting(1, 5, Priority::Critical));
        schedule.add(waiting(2, 6, Priority::Quiet));
        schedule.freeze(chat(5), at(30_000));
        assert_eq!(run(&mut schedule, 60_000), [(0, 2), (30_000, 1)]);
    }

    #[test]
    fn answers_pass_a_group_that_is_full_of_news() {
        let mut schedule = Schedule::default();
        for id in 0..40 {
            schedule.add(waiting(id, -5, Priority::News));
        }
        let sent = run(&mut schedule, 59_000);
        assert_eq!(sent.len(), 16, "{sent:?}");
        schedule.add(waiting(100, -5, Priority::Answer));
        assert_eq!(
            schedule.next(at(59_000)),
            Next::Send(DeliveryId(100), chat(-5))
        );
    }

    proptest! {
        #[test]
        fn no_window_is_ever_exceeded(
            added in proptest::collection::vec((0usize..4, 0u8..4), 1..200),
        ) {
            let mut schedule = Schedule::default();
            let chats = [5, 6, -7, -8];
            let priorities = [Priority::Answer, Priority::Critical, Priority::News, Priority::Quiet];
            for (id, (chat, priority)) in (0..).zip(&added) {
                schedule.add(waiting(id, chats[*chat], priorities[usize::from(*priority)]));
            }
            let log = run(&mut schedule, 3_600_000);
            prop_assert_eq!(log.len(), added.len());
            for (start, _) in &log {
                let inside = |window: i64, of: Option<i64>| log.iter().filter(|(then, id)| {
                    let chat = chats[added[usize::try_from(*id).unwrap()].0];
                    (*start..*start + window).contains(then) && of.is_none_or(|of| of == chat)
                }).count();
                prop_assert!(inside(1_000, None) <= 25);
                for number in chats {
                    if number > 0 {
                        prop_assert!(inside(3_000, Some(number)) <= 3);
                    } else {
                        prop_assert!(inside(60_000, Some(number)) <= 19);
                    }
                }
            }
        }
    }
}
