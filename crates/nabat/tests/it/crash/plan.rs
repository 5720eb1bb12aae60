//! How often Nabat dies, and among what: a dozen times, or as often as `cargo xtask crash` asks.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::world::asked::asked;

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

/// Another one each time, since moments can't be replayed anyway; a failure prints it.
pub(super) fn fresh_seed() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    now.as_millis() as u64
}
