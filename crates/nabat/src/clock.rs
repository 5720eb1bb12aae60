//! The one place where the program asks what time it is.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use nabat_core::time::Timestamp;

/// The wall clock's time. It may step when the system's clock is set.
pub fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    let millis = since.map_or(0, |since| {
        i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
    });
    Timestamp::from_millis(millis)
}

/// No process runs for longer: a hundred years.
const FAR: Duration = Duration::from_secs(100 * 365 * 86_400);

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

    /// The moment at which it shows `at`, but not after a century or so; the past is now.
    pub fn instant(&self, at: Timestamp) -> tokio::time::Instant {
        tokio::time::Instant::from_std(self.begun + at.since(self.begun_at).min(FAR))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_time_is_a_moment_too() {
        let clock = Steady::start();
        let end = Timestamp::from_millis(i64::MAX);
        assert!(clock.instant(end) > clock.instant(now()));
    }
}
