//! How much Telegram lets a bot say, and for whom how much of it is kept.

use std::time::Duration;

/// How much a bot may say. The windows of a group and of the bot slide.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Messages to a private chat at once; from then on one in each [`Limits::PRIVATE_PACE`].
    pub private_burst: u32,
    /// Of those, how many news leaves for what is critical and for answers.
    pub private_reserve: u32,
    /// Messages to one group in a minute.
    pub group_per_minute: usize,
    /// Of those, how many are kept for critical news. So many in a minute keep no distance.
    pub group_criticals: usize,
    /// Of those, how many are kept for answers.
    pub group_answers: usize,
    /// How many other messages in a minute keep no distance.
    pub group_burst: usize,
    /// Messages of the bot in a second.
    pub bot_per_second: usize,
}

impl Limits {
    /// How often a private chat may be sent something in the long run.
    pub const PRIVATE_PACE: Duration = Duration::from_secs(1);
    /// The window of [`Limits::group_per_minute`].
    pub const GROUP_WINDOW: Duration = Duration::from_secs(60);
    /// How far apart news to a group is once its burst is used up, were only one more message left
    /// to it; with more of them left it is closer by as much.
    pub const GROUP_DISTANCE: Duration = Duration::from_secs(40);
    /// The window of [`Limits::bot_per_second`].
    pub const BOT_WINDOW: Duration = Duration::from_secs(1);
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            private_burst: 3,
            private_reserve: 1,
            group_per_minute: 19,
            group_criticals: 6,
            group_answers: 3,
            group_burst: 4,
            bot_per_second: 25,
        }
    }
}
