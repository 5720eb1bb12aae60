//! The rates Telegram allows: how many messages and edits a bot may send to one chat and in all.
//!
//! Groups and the whole bot have sliding windows; a private chat has a rate with a burst. Sends and edits share
//! them; only what was let through counts. Instants are passed in, so that the arithmetic can be tested.

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

/// How many messages and edits may be sent. `None` means without limit.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Messages per second to one private chat, in the long run.
    pub per_chat_per_second: Option<u32>,
    /// How many messages to one private chat may come at once before that rate applies.
    pub per_chat_burst: u32,
    /// Messages to one group in any 60 seconds.
    pub per_group_per_minute: Option<u32>,
    /// Messages of one bot to all its chats in any second.
    pub per_bot_per_second: Option<u32>,
    /// Whether `getUpdates` slows down a bot that asks again and again with the same offset.
    pub slow_hot_polling: bool,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            per_chat_per_second: Some(1),
            per_chat_burst: 3,
            per_group_per_minute: Some(20),
            per_bot_per_second: Some(30),
            slow_hot_polling: true,
        }
    }
}

impl Limits {
    /// No limits at all, for tests about something else.
    pub fn off() -> Limits {
        Limits {
            per_chat_per_second: None,
            per_chat_burst: 0,
            per_group_per_minute: None,
            per_bot_per_second: None,
            slow_hot_polling: false,
        }
    }
}

/// Messages arrive a little closer together than they were sent; so much haste is forgiven.
const HASTE: Duration = Duration::from_millis(100);
const MINUTE: Duration = Duration::from_secs(60);
const SECOND: Duration = Duration::from_secs(1);

/// What one bot has sent lately.
#[derive(Debug, Default)]
pub(crate) struct Sent {
    to_all: VecDeque<Instant>,
    to_groups: HashMap<i64, VecDeque<Instant>>,
    /// Per private chat: the moment at which its whole burst is available again.
    to_people: HashMap<i64, Instant>,
}

impl Sent {
    /// Counts one message or edit to `chat` at `now`, or says for how long the bot must wait.
    pub(crate) fn take(
        &mut self,
        limits: &Limits,
        chat: i64,
        now: Instant,
    ) -> Result<(), Duration> {
        let mut wait = Duration::ZERO;
        if let Some(count) = limits.per_bot_per_second {
            wait = wait.max(wait_for_window(&mut self.to_all, count, SECOND, now));
        }
        if chat < 0 {
            if let Some(count) = limits.per_group_per_minute {
                let window = self.to_groups.entry(chat).or_default();
                wait = wait.max(wait_for_window(window, count, MINUTE, now));
            }
        } else if let Some(rate) = limits.per_chat_per_second {
            let full_at = *self.to_people.get(&chat).unwrap_or(&now);
            let allowed_debt = interval(rate) * limits.per_chat_burst.saturating_sub(1) + HASTE;
            wait = wait.max(
                full_at
                    .saturating_duration_since(now)
                    .saturating_sub(allowed_debt),
            );
        }
        if !wait.is_zero() {
            return Err(wait);
        }
        if limits.per_bot_per_second.is_some() {
            self.to_all.push_back(now);
        }
        if chat < 0 {
            if limits.per_group_per_minute.is_some() {
                self.to_groups.entry(chat).or_default().push_back(now);
            }
        } else if let Some(rate) = limits.per_chat_per_second {
            let full_at = self.to_people.entry(chat).or_insert(now);
            *full_at = (*full_at).max(now) + interval(rate);
        }
        Ok(())
    }
}

fn interval(rate: u32) -> Duration {
    SECOND / rate.max(1)
}

fn wait_for_window(
    window: &mut VecDeque<Instant>,
    count: u32,
    length: Duration,
    now: Instant,
) -> Duration {
    while window
        .front()
        .is_some_and(|first| now.saturating_duration_since(*first) >= length)
    {
        window.pop_front();
    }
    let over = (window.len() + 1).saturating_sub(count as usize);
    match over.checked_sub(1).and_then(|index| window.get(index)) {
        Some(oldest) => (*oldest + length).saturating_duration_since(now),
        None => Duration::ZERO,
    }
}

/// `retry_after` of a wait: whole seconds, rounded up, at least one.
pub(crate) fn retry_after(wait: Duration) -> u64 {
    (wait.as_secs() + u64::from(wait.subsec_nanos() > 0)).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sends at the given milliseconds and says for each whether it was let through or what `retry_after` it got.
    fn play(chat: i64, times_ms: &[u64]) -> Vec<u64> {
        let start = Instant::now();
        let mut sent = Sent::default();
        let take = |ms: &u64| match sent.take(
            &Limits::default(),
            chat,
            start + Duration::from_millis(*ms),
        ) {
            Ok(()) => 0,
            Err(wait) => retry_after(wait),
        };
        times_ms.iter().map(take).collect()
    }

    #[test]
    fn a_private_chat_takes_a_burst_of_three_and_then_one_per_second() {
        assert_eq!(
            play(7, &[0, 0, 0, 0, 500, 1000, 1000, 2000]),
            [0, 0, 0, 1, 1, 0, 1, 0]
        );
        assert_eq!(
            play(7, &[0, 0, 0, 10_000, 10_000, 10_000, 10_000]),
            [0, 0, 0, 0, 0, 0, 1]
        );
    }

    #[test]
    fn a_group_takes_twenty_in_any_minute() {
        let mut times: Vec<u64> = (0..20).map(|n| n * 1000).collect();
        times.extend([20_000, 59_999, 60_000, 60_000, 61_000]);
        let answers = play(-7, &times);
        assert!(answers[..20].iter().all(|answer| *answer == 0));
        assert_eq!(answers[20..], [40, 1, 0, 1, 0]);
    }

    #[test]
    fn a_bot_sends_thirty_in_any_second_to_all_chats() {
        let start = Instant::now();
        let mut sent = Sent::default();
        for chat in 1..=30 {
            assert_eq!(sent.take(&Limits::default(), chat, start), Ok(()));
        }
        let late = start + Duration::from_millis(400);
        assert_eq!(
            sent.take(&Limits::default(), 31, late),
            Err(Duration::from_millis(600))
        );
        assert_eq!(sent.take(&Limits::default(), 31, start + SECOND), Ok(()));
    }

    #[test]
    fn without_limits_everything_goes_through() {
        let mut sent = Sent::default();
        let now = Instant::now();
        assert!((0..1000).all(|_| sent.take(&Limits::off(), -1, now).is_ok()));
    }
}
