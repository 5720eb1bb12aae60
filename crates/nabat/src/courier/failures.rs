//! How long to pause after failures in a row: longer each time.

use std::collections::HashMap;
use std::time::Duration;

use nabat_core::time::Timestamp;

/// The first and the longest pause.
const PAUSE_FIRST: Duration = Duration::from_secs(1);
const PAUSE_MAX: Duration = Duration::from_secs(60);

/// How often in a row something failed.
#[derive(Debug, Default)]
pub(super) struct Failures {
    of_bot: u32,
    /// Until when the whole bot pauses.
    until: Option<Timestamp>,
    /// Of chats for which something waits that has failed.
    of_chats: HashMap<i64, u32>,
}

impl Failures {
    /// Telegram took something for the chat.
    pub(super) fn success(&mut self, chat: i64) {
        self.recover();
        self.forget(chat);
    }

    /// The other side can be reached.
    pub(super) fn recover(&mut self) {
        self.of_bot = 0;
        self.until = None;
    }

    /// What failed for the chat is no longer tried.
    pub(super) fn forget(&mut self, chat: i64) {
        self.of_chats.remove(&chat);
    }

    /// Something went wrong with the chat. Returns until when it pauses.
    pub(super) fn of_chat(&mut self, chat: i64, now: Timestamp) -> Timestamp {
        let failures = self.of_chats.entry(chat).or_default();
        *failures = failures.saturating_add(1);
        now.after(pause_after(*failures))
    }

    /// Telegram can't be reached. Returns until when the whole bot pauses. What was on its way
    /// when the pause began and fails as well is the same failure.
    pub(super) fn of_bot(&mut self, now: Timestamp) -> Timestamp {
        if let Some(until) = self.until.filter(|until| now < *until) {
            return until;
        }
        self.of_bot = self.of_bot.saturating_add(1);
        let until = now.after(pause_after(self.of_bot));
        self.until = Some(until);
        until
    }
}

/// 1, 2, 4… 60 s.
fn pause_after(failures: u32) -> Duration {
    let doubled = 2_u32.saturating_pow(failures.saturating_sub(1).min(8));
    (PAUSE_FIRST * doubled).min(PAUSE_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHAT: i64 = 7;

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_millis(0).after(Duration::from_secs(seconds))
    }

    #[test]
    fn pauses_grow_to_a_minute() {
        let mut failures = Failures::default();
        let pauses: Vec<Timestamp> = (0..8).map(|_| failures.of_chat(CHAT, at(0))).collect();
        assert_eq!(pauses, [1, 2, 4, 8, 16, 32, 60, 60].map(at));
        failures.success(CHAT);
        assert_eq!(failures.of_chat(CHAT, at(0)), at(1));
    }

    #[test]
    fn all_that_was_on_its_way_fails_once() {
        let mut failures = Failures::default();
        for _ in 0..64 {
            assert_eq!(failures.of_bot(at(0)), at(1));
        }
        assert_eq!(failures.of_bot(at(1)), at(3));
    }

    #[test]
    fn chats_that_are_given_up_are_forgotten() {
        let mut failures = Failures::default();
        failures.of_chat(CHAT, at(0));
        failures.forget(CHAT);
        assert!(failures.of_chats.is_empty());
    }
}
