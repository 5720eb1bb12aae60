//! Which of a bot's addresses is in use, and how each of them does.
//!
//! The one in use stays in use until it can't be reached, or until several calls in a row came to
//! nothing for which Telegram gave no reason. Then the next one is used, in a ring. After a while
//! the first one, the operator's favourite, is worth a try.

use std::time::{Duration, Instant};

use super::error::CallError;

/// So many calls in a row may stay without an answer of Telegram's.
const STRIKES_MAX: u32 = 3;
/// For so long another address than the first is used before the first is tried again.
const RETURN_AFTER: Duration = Duration::from_secs(300);

#[derive(Debug)]
pub(super) struct Endpoints {
    all: Vec<Endpoint>,
    current: usize,
    /// When the first one was left, or last tried in vain.
    away_since: Option<Instant>,
}

#[derive(Debug)]
struct Endpoint {
    name: String,
    strikes: u32,
}

impl Endpoints {
    pub(super) fn new(names: impl Iterator<Item = String>) -> Self {
        let endpoint = |name| Endpoint { name, strikes: 0 };
        Self {
            all: names.map(endpoint).collect(),
            current: 0,
            away_since: None,
        }
    }

    pub(super) fn current(&self) -> usize {
        self.current
    }

    /// Notes an answer of Telegram's.
    pub(super) fn worked(&mut self, number: usize) {
        if let Some(endpoint) = self.all.get_mut(number) {
            endpoint.strikes = 0;
        }
    }

    /// Notes a failed call. Returns the address that is used from now on, if it is another one.
    pub(super) fn failed(
        &mut self,
        number: usize,
        error: &CallError,
        now: Instant,
    ) -> Option<String> {
        let severity = match error {
            CallError::Unsent { .. } => STRIKES_MAX,
            CallError::Lost { .. } | CallError::Garbled { .. } => 1,
            CallError::Refused(refusal) if refusal.code >= 500 => 1,
            CallError::Refused(_) => {
                self.worked(number);
                return None;
            }
        };
        let endpoint = self.all.get_mut(number)?;
        endpoint.strikes += severity;
        if endpoint.strikes < STRIKES_MAX {
            return None;
        }
        endpoint.strikes = 0;
        // Calls that began before the last move say nothing about where to go now.
        if number != self.current || self.all.len() == 1 {
            return None;
        }
        self.current = (number + 1) % self.all.len();
        self.away_since = (self.current != 0).then_some(now);
        self.all.get(self.current).map(|next| next.name.clone())
    }

    /// Whether the first address is to be tried again. Once it says so, not again for a while.
    pub(super) fn return_is_due(&mut self, now: Instant) -> bool {
        let due = self
            .away_since
            .is_some_and(|since| now.duration_since(since) >= RETURN_AFTER);
        if due {
            self.away_since = Some(now);
        }
        due
    }

    pub(super) fn return_to_first(&mut self) {
        self.current = 0;
        self.away_since = None;
    }
}

#[cfg(test)]
mod tests {
    use super::super::error::Refusal;
    use super::*;

    fn two() -> Endpoints {
        Endpoints::new(["https://a", "https://b"].into_iter().map(str::to_owned))
    }

    fn lost() -> CallError {
        CallError::Lost { reason: "x".into() }
    }

    fn unsent() -> CallError {
        CallError::Unsent { reason: "x".into() }
    }

    #[test]
    fn an_unreachable_address_is_left_at_once_and_a_bad_one_after_three_strikes() {
        let now = Instant::now();
        let mut endpoints = two();
        assert_eq!(
            endpoints.failed(0, &unsent(), now),
            Some("https://b".into())
        );
        assert_eq!(endpoints.failed(1, &lost(), now), None);
        assert_eq!(endpoints.failed(1, &lost(), now), None);
        assert_eq!(endpoints.failed(1, &lost(), now), Some("https://a".into()));
        assert_eq!(endpoints.current(), 0);
        assert!(!endpoints.return_is_due(now + 2 * RETURN_AFTER));
    }

    #[test]
    fn an_answer_of_telegrams_own_wipes_strikes() {
        let now = Instant::now();
        let mut endpoints = two();
        let refused = CallError::Refused(Refusal {
            code: 403,
            description: String::new(),
            retry_after: None,
            migrate_to: None,
        });
        for error in [lost(), lost(), refused, lost(), lost()] {
            assert_eq!(endpoints.failed(0, &error, now), None);
        }
        endpoints.worked(0);
        assert_eq!(endpoints.failed(0, &lost(), now), None);
    }

    #[test]
    fn late_failures_of_an_address_no_more_in_use_move_nothing() {
        let now = Instant::now();
        let mut endpoints = two();
        endpoints.failed(0, &unsent(), now);
        assert_eq!(endpoints.failed(0, &unsent(), now), None);
        assert_eq!(endpoints.current(), 1);
    }

    #[test]
    fn the_first_address_is_tried_again_after_a_while_and_then_after_another() {
        let now = Instant::now();
        let mut endpoints = two();
        assert!(!endpoints.return_is_due(now + RETURN_AFTER));
        endpoints.failed(0, &unsent(), now);
        assert!(!endpoints.return_is_due(now + RETURN_AFTER / 2));
        assert!(endpoints.return_is_due(now + RETURN_AFTER));
        assert!(!endpoints.return_is_due(now + RETURN_AFTER));
        assert!(endpoints.return_is_due(now + 2 * RETURN_AFTER));
        endpoints.return_to_first();
        assert!(!endpoints.return_is_due(now + 4 * RETURN_AFTER));
        assert_eq!(endpoints.current(), 0);
    }
}
