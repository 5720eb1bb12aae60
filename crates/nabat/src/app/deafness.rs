//! When the operators are told that a bot does not hear, and when that it hears again.
//!
//! What an earlier process or an earlier configuration has told is not known: that a bot hears is
//! told at its first hearing, too.

use std::time::{Duration, Instant};

/// How long a bot may be deaf before the operators are told.
const DEAF_PATIENCE: Duration = Duration::from_secs(60);
/// How long it must hear again before they are told so.
const RELIEF_PATIENCE: Duration = Duration::from_secs(1);
/// How often they are told again while it lasts, and how soon when it could not be told.
const REPEAT_AFTER: Duration = Duration::from_secs(3_600);
const RETRY_AFTER: Duration = Duration::from_secs(10);

/// Whether a bot is deaf, and what the operators know of it.
#[derive(Debug)]
pub(super) struct Deafness {
    deaf: Option<bool>,
    told: Option<bool>,
    due: Instant,
}

impl Deafness {
    /// A bot of which nothing is known.
    pub(super) fn new(now: Instant) -> Self {
        Self {
            deaf: None,
            told: None,
            due: now,
        }
    }

    /// Notes whether the bot is deaf; `None` while that can't be said. The patience begins only
    /// when that changes.
    pub(super) fn see(&mut self, deaf: Option<bool>, now: Instant) {
        if deaf == self.deaf {
            return;
        }
        self.deaf = deaf;
        let patience = match deaf {
            Some(true) => DEAF_PATIENCE,
            _ => RELIEF_PATIENCE,
        };
        self.due = now + patience;
    }

    /// When the operators are to be told, if there is something to tell.
    pub(super) fn due(&self) -> Option<Instant> {
        match self.deaf? {
            false if self.told == Some(false) => None,
            _ => Some(self.due),
        }
    }

    /// They were told how it is, or could not be.
    pub(super) fn told(&mut self, done: bool, now: Instant) {
        if done {
            self.told = self.deaf;
        }
        self.due = now + if done { REPEAT_AFTER } else { RETRY_AFTER };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bot_that_fails_again_and_again_is_told_to_be_deaf_after_a_minute() {
        let begin = Instant::now();
        let mut bot = Deafness::new(begin);
        assert_eq!(bot.due(), None);
        for seconds in [1, 20, 50] {
            bot.see(Some(true), begin + Duration::from_secs(seconds));
        }
        assert_eq!(bot.due(), Some(begin + Duration::from_secs(61)));
    }

    #[test]
    fn its_end_is_told_once_and_at_the_first_hearing_too() {
        let now = Instant::now();
        let mut bot = Deafness::new(now);
        bot.see(Some(false), now);
        assert_eq!(bot.due(), Some(now + RELIEF_PATIENCE));
        bot.told(true, now);
        assert_eq!(bot.due(), None);
        bot.see(Some(true), now);
        bot.see(Some(false), now);
        assert_eq!(bot.due(), None, "nobody was told that it was deaf");
    }

    #[test]
    fn what_could_not_be_told_is_told_soon_and_what_lasts_now_and_then() {
        let now = Instant::now();
        let mut bot = Deafness::new(now);
        bot.see(Some(true), now);
        bot.told(false, now);
        assert_eq!(bot.due(), Some(now + RETRY_AFTER));
        bot.told(true, now);
        assert_eq!(bot.due(), Some(now + REPEAT_AFTER));
        bot.see(Some(false), now);
        assert_eq!(bot.due(), Some(now + RELIEF_PATIENCE));
    }
}
