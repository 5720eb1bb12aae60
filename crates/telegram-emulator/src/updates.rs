//! A bot's queue of updates, with Telegram's rules about offsets, subscriptions and impatience.

use std::collections::VecDeque;
use std::hash::{BuildHasher, RandomState};
use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};

/// Not sent unless asked for by name.
const NOT_BY_DEFAULT: [&str; 3] = ["chat_member", "message_reaction", "message_reaction_count"];
/// Telegram keeps an update for a day.
const KEPT_FOR: Duration = Duration::from_secs(24 * 60 * 60);

#[derive(Debug)]
struct Update {
    id: i64,
    kind: &'static str,
    payload: Value,
    made_at: Instant,
}

/// Where the updates of a bot go instead of waiting for `getUpdates`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Webhook {
    pub(crate) url: String,
    pub(crate) secret: Option<String>,
    pub(crate) max_connections: i64,
}

#[derive(Debug)]
pub(crate) struct Queue {
    next_id: i64,
    waiting: VecDeque<Update>,
    /// `None` is Telegram's default set.
    allowed: Option<Vec<String>>,
    pub(crate) webhook: Option<Webhook>,
    /// Counts polls; a waiting poll that is not the newest one has lost its turn.
    turn: u64,
    last_poll: Option<(i64, Instant)>,
}

/// What a poll may wait for and take, after Telegram's corrections.
#[derive(Debug, PartialEq)]
pub(crate) struct Poll {
    pub(crate) turn: u64,
    pub(crate) limit: usize,
    pub(crate) timeout: Duration,
}

impl Default for Queue {
    fn default() -> Queue {
        // Telegram starts anywhere, so that nobody relies on 1.
        let start = RandomState::new().hash_one("first update") % 900_000_000;
        Queue {
            next_id: 100_000_000 + i64::try_from(start).unwrap_or(0),
            waiting: VecDeque::new(),
            allowed: None,
            webhook: None,
            turn: 0,
            last_poll: None,
        }
    }
}

impl Queue {
    pub(crate) fn push(&mut self, kind: &'static str, payload: Value) {
        let wanted = match &self.allowed {
            Some(allowed) => allowed.iter().any(|known| known == kind),
            None => !NOT_BY_DEFAULT.contains(&kind),
        };
        if wanted {
            self.waiting.push_back(Update {
                id: self.next_id,
                kind,
                payload,
                made_at: Instant::now(),
            });
            self.next_id += 1;
        }
    }

    /// Remembers which kinds the bot wants from now on; an empty list is the default set.
    pub(crate) fn subscribe(&mut self, allowed: Vec<String>) {
        self.allowed = (!allowed.is_empty()).then_some(allowed);
    }

    pub(crate) fn allowed(&self) -> Option<&[String]> {
        self.allowed.as_deref()
    }

    /// Begins a poll: confirms by offset, takes the turn from an older poll, slows down the impatient.
    pub(crate) fn begin(
        &mut self,
        offset: i64,
        limit: i64,
        timeout: i64,
        slow: bool,
        now: Instant,
    ) -> Poll {
        self.confirm(offset);
        let since = self
            .last_poll
            .filter(|(last, _)| slow && *last == offset)
            .map(|(_, at)| now - at);
        let mut timeout = Duration::from_secs(u64::try_from(timeout.clamp(0, 50)).unwrap_or(0));
        let mut limit = if (1..=100).contains(&limit) {
            usize::try_from(limit).unwrap_or(100)
        } else {
            100
        };
        if since.is_some_and(|since| since < Duration::from_secs(3)) {
            timeout = timeout.max(Duration::from_secs(3));
        }
        if since.is_some_and(|since| since < Duration::from_millis(500)) {
            limit = 1;
        }
        self.last_poll = Some((offset, now));
        self.turn += 1;
        Poll {
            turn: self.turn,
            limit,
            timeout,
        }
    }

    fn confirm(&mut self, offset: i64) {
        if offset < 0 {
            let kept = usize::try_from(offset.unsigned_abs()).unwrap_or(usize::MAX);
            while self.waiting.len() > kept {
                self.waiting.pop_front();
            }
        } else if offset <= self.next_id + 10 {
            while self
                .waiting
                .front()
                .is_some_and(|update| update.id < offset)
            {
                self.waiting.pop_front();
            }
        }
    }

    pub(crate) fn has_turn(&self, turn: u64) -> bool {
        self.turn == turn
    }

    /// Ends a waiting poll, as `setWebhook` does.
    pub(crate) fn interrupt(&mut self) {
        self.turn += 1;
    }

    /// The oldest updates, which stay until confirmed.
    pub(crate) fn head(&mut self, limit: usize) -> Vec<Value> {
        while self
            .waiting
            .front()
            .is_some_and(|update| update.made_at.elapsed() > KEPT_FOR)
        {
            self.waiting.pop_front();
        }
        self.waiting
            .iter()
            .take(limit)
            .map(Update::to_json)
            .collect()
    }

    /// Confirms everything up to this update, once a webhook has taken it.
    pub(crate) fn delivered(&mut self, id: i64) {
        self.confirm(id + 1);
    }

    pub(crate) fn clear(&mut self) {
        self.waiting.clear();
    }

    pub(crate) fn len(&self) -> usize {
        self.waiting.len()
    }
}

impl Update {
    fn to_json(&self) -> Value {
        let mut fields = Map::new();
        fields.insert("update_id".into(), json!(self.id));
        fields.insert(self.kind.into(), self.payload.clone());
        Value::Object(fields)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(count: i64) -> Queue {
        let mut queue = Queue {
            next_id: 100,
            ..Queue::default()
        };
        (0..count).for_each(|n| queue.push("message", json!(n)));
        queue
    }

    fn ids(queue: &mut Queue, offset: i64, limit: i64) -> Vec<i64> {
        let poll = queue.begin(offset, limit, 0, false, Instant::now());
        queue
            .head(poll.limit)
            .iter()
            .filter_map(|update| update["update_id"].as_i64())
            .collect()
    }

    #[test]
    fn offsets_confirm_and_strange_ones_follow_telegram() {
        assert_eq!(ids(&mut filled(3), 0, 100), [100, 101, 102]);
        assert_eq!(ids(&mut filled(3), 101, 100), [101, 102]);
        assert!(ids(&mut filled(3), 103, 100).is_empty());
        assert_eq!(ids(&mut filled(3), 1000, 100), [100, 101, 102]);
        assert_eq!(ids(&mut filled(3), -1, 100), [102]);
        assert_eq!(ids(&mut filled(3), -9, 100), [100, 101, 102]);
        assert_eq!(ids(&mut filled(3), 0, 2), [100, 101]);
        assert_eq!(ids(&mut filled(3), 0, 0).len(), 3);
    }

    #[test]
    fn subscriptions_are_remembered_and_an_empty_list_is_the_default_set() {
        let mut queue = filled(0);
        queue.push("message_reaction", json!({}));
        assert_eq!(queue.len(), 0);
        queue.subscribe(vec!["message_reaction".into()]);
        queue.push("message_reaction", json!({}));
        queue.push("message", json!({}));
        assert_eq!(queue.len(), 1);
        queue.subscribe(Vec::new());
        queue.push("message", json!({}));
        queue.push("chat_member", json!({}));
        assert_eq!(queue.len(), 2);
    }

    #[test]
    fn the_impatient_are_slowed_down() {
        let mut queue = filled(3);
        let start = Instant::now();
        let after = |ms| start + Duration::from_millis(ms);
        let seconds = Duration::from_secs;
        assert_eq!(
            queue.begin(0, 100, 0, true, start),
            Poll {
                turn: 1,
                limit: 100,
                timeout: seconds(0)
            }
        );
        assert_eq!(
            queue.begin(0, 100, 0, true, after(100)),
            Poll {
                turn: 2,
                limit: 1,
                timeout: seconds(3)
            }
        );
        assert_eq!(
            queue.begin(0, 100, 0, true, after(1000)),
            Poll {
                turn: 3,
                limit: 100,
                timeout: seconds(3)
            }
        );
        assert_eq!(
            queue.begin(101, 100, 90, true, after(1001)),
            Poll {
                turn: 4,
                limit: 100,
                timeout: seconds(50)
            }
        );
        assert_eq!(
            queue.begin(101, 100, 0, true, after(9000)),
            Poll {
                turn: 5,
                limit: 100,
                timeout: seconds(0)
            }
        );
    }
}
