//! How often Nabat dies, and among what: a dozen times, or as often as `cargo xtask crash` asks.

use std::str::FromStr;
use std::time::{SystemTime, UNIX_EPOCH};

/// How often it dies, and among what.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) seed: u64,
    pub(super) kills: usize,
    /// Whether Telegram fails as well.
    pub(super) faults: bool,
}

impl Plan {
    /// As `NABAT_TEST_KILLS` and `NABAT_TEST_SEED` say; without them `kills` kills from a seed of
    /// its own.
    pub(super) fn or_as_asked(kills: usize, faults: bool) -> Self {
        Self {
            seed: asked("NABAT_TEST_SEED").unwrap_or_else(fresh_seed),
            kills: asked("NABAT_TEST_KILLS").unwrap_or(kills),
            faults,
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the one place where these tests are told to be longer"
)]
fn asked<T: FromStr>(variable: &str) -> Option<T> {
    let text = std::env::var(variable).ok()?;
    let number = text.parse().ok();
    Some(number.unwrap_or_else(|| panic!("{variable} is no number: {text}")))
}

/// Another one each time, since moments can't be replayed anyway; a failure prints it.
pub(super) fn fresh_seed() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    now.as_millis() as u64
}
