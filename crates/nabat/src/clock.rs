//! The one place where the program asks what time it is.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use nabat_core::time::Timestamp;

/// The wall clock's time. It may step when the system's clock is set.
pub fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    let millis = since.map_or(0, |since| {
        i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
    });
    Timestamp::from_millis(millis)
}

/// A clock that never steps: for limits and pauses, which are about periods.
#[derive(Debug, Clone, Copy)]
pub struct Steady {
    begun: Instant,
    begun_at: Timestamp,
}

impl Steady {
    /// A clock that shows the wall clock's time now.
    pub fn start() -> Self {
        Self {
            begun: Instant::now(),
            begun_at: now(),
        }
    }

    /// The time it shows.
    pub fn now(&self) -> Timestamp {
        self.begun_at.after(self.begun.elapsed())
    }

    /// The moment at which it shows `at`; the past is now.
    pub fn instant(&self, at: Timestamp) -> tokio::time::Instant {
        tokio::time::Instant::from_std(self.begun + at.since(self.begun_at))
    }
}
