//! How long to wait after a call that failed.

use std::time::Duration;

use crate::channel::telegram::client::CallError;

const FIRST: Duration = Duration::from_secs(1);
const MAX: Duration = Duration::from_secs(30);
/// Another program polls the same bot: two that hurry would only disturb each other.
const CONFLICT: Duration = Duration::from_secs(10);

/// 1, 2, 4, … 30 seconds after failures in a row, or as long as Telegram says.
#[derive(Debug, Default)]
pub(super) struct Pace {
    failures: u32,
}

impl Pace {
    /// The pause after one more failure.
    pub(super) fn after(&mut self, error: &CallError) -> Duration {
        if error.is_refusal(409) {
            return CONFLICT;
        }
        let told = error.refusal().and_then(|refusal| refusal.retry_after);
        if let Some(period) = told {
            return period.max(FIRST);
        }
        let pause = FIRST * 2_u32.saturating_pow(self.failures.min(10));
        self.failures += 1;
        pause.min(MAX)
    }

    /// All is well again.
    pub(super) fn reset(&mut self) {
        self.failures = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::channel::telegram::client::Refusal;

    #[test]
    fn pauses_grow_to_half_a_minute_and_obey_telegram() {
        let mut pace = Pace::default();
        let down = CallError::Garbled { status: 502 };
        let refused = |code, seconds| {
            CallError::Refused(Refusal {
                code,
                description: String::new(),
                retry_after: seconds,
                migrate_to: None,
            })
        };
        let mut seconds = |error: &CallError| pace.after(error).as_secs();
        let grown: Vec<u64> = (0..7).map(|_| seconds(&down)).collect();
        assert_eq!(grown, [1, 2, 4, 8, 16, 30, 30]);
        let told = Some(Duration::from_secs(137));
        assert_eq!(seconds(&refused(429, told)), 137);
        assert_eq!(seconds(&refused(429, Some(Duration::ZERO))), 1);
        assert_eq!(seconds(&refused(409, None)), 10);
        pace.reset();
        assert_eq!(pace.after(&down).as_secs(), 1);
    }
}
