//! What is known of names, and for how long it holds.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use super::{Found, NameError};

/// An answer holds at least so long, whatever it says: who sets less balances load, and a probe is
/// none.
const SHORTEST: Duration = Duration::from_secs(5);
/// An answer holds at most so long, so that a change is noticed.
const LONGEST: Duration = Duration::from_secs(3_600);
/// How long it holds that there is no answer.
const IN_VAIN: Duration = Duration::from_secs(5);
/// How long after its end an answer may stand in for one that cannot be had.
const OLDEST: Duration = Duration::from_secs(86_400);
/// How many names are known at most.
const NAMES: usize = 20_000;

/// What a resolver said: the addresses, and for how long they hold.
pub(super) type Said = Result<(Vec<IpAddr>, Duration), NameError>;

#[derive(Debug, Default)]
pub(super) struct Cache {
    known: HashMap<String, Known>,
}

#[derive(Debug)]
struct Known {
    answer: Result<Found, NameError>,
    valid_until: Instant,
    kept_until: Instant,
}

/// What the cache has for a name.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Cached {
    /// It holds.
    Valid(Result<Found, NameError>),
    /// It held once.
    Older(Found),
}

impl Cache {
    pub(super) fn get(&self, name: &str, now: Instant) -> Option<Cached> {
        let known = self.known.get(name)?;
        if now < known.valid_until {
            return Some(Cached::Valid(known.answer.clone()));
        }
        let found = known.answer.as_ref().ok()?;
        (now < known.kept_until).then(|| Cached::Older(found.clone()))
    }

    /// Notes what a resolver said, and says what is to be made of it: an older answer stands in for
    /// one that could not be had.
    pub(super) fn put(&mut self, name: &str, said: Said, now: Instant) -> Result<Found, NameError> {
        let known = match said {
            Ok((addresses, holds_for)) => {
                let valid_until = now + holds_for.clamp(SHORTEST, LONGEST);
                Known {
                    answer: Ok(Found {
                        addresses,
                        trouble: None,
                    }),
                    valid_until,
                    kept_until: valid_until + OLDEST,
                }
            }
            Err(trouble) => {
                let older = self.known.remove(name);
                let older = older.filter(|known| now < known.kept_until);
                let valid_until = now + IN_VAIN;
                match (older, &trouble) {
                    (
                        Some(Known {
                            answer: Ok(found),
                            kept_until,
                            ..
                        }),
                        NameError::NoAnswer { .. },
                    ) => Known {
                        answer: Ok(Found {
                            trouble: Some(trouble),
                            ..found
                        }),
                        valid_until,
                        kept_until,
                    },
                    _ => Known {
                        answer: Err(trouble),
                        valid_until,
                        kept_until: valid_until,
                    },
                }
            }
        };
        let answer = known.answer.clone();
        if self.has_room_for(name, now) {
            self.known.insert(name.to_owned(), known);
        }
        answer
    }

    /// Makes room by what holds no more. Where all holds, a further name is asked for each time.
    fn has_room_for(&mut self, name: &str, now: Instant) -> bool {
        if self.known.len() >= NAMES && !self.known.contains_key(name) {
            self.known.retain(|_, known| now < known.valid_until);
        }
        self.known.len() < NAMES || self.known.contains_key(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3_600);

    fn said(seconds: u64) -> Said {
        Ok((vec![[10, 0, 0, 1].into()], Duration::from_secs(seconds)))
    }

    fn no_answer() -> NameError {
        NameError::NoAnswer {
            name: "a".to_owned(),
            problem: "time-out".to_owned(),
        }
    }

    fn none() -> NameError {
        NameError::None {
            name: "a".to_owned(),
        }
    }

    /// Whether it holds, and with which trouble.
    fn state(cache: &Cache, now: Instant) -> Option<(bool, Option<NameError>)> {
        Some(match cache.get("a", now)? {
            Cached::Valid(answer) => (true, answer.map_or_else(Some, |found| found.trouble)),
            Cached::Older(found) => (false, found.trouble),
        })
    }

    #[test]
    fn an_answer_holds_for_as_long_as_it_says_within_bounds() {
        let now = Instant::now();
        for (says, holds) in [(0, 5), (4, 5), (60, 60), (3_600, 3_600), (86_400, 3_600)] {
            let mut cache = Cache::default();
            cache.put("a", said(says), now).unwrap();
            let end = now + Duration::from_secs(holds);
            let before = end - Duration::from_millis(1);
            assert_eq!(state(&cache, before), Some((true, None)), "{says}");
            assert_eq!(state(&cache, end), Some((false, None)), "{says}");
            assert_eq!(state(&cache, end + 24 * HOUR), None, "{says}");
        }
    }

    #[test]
    fn an_older_answer_stands_in_while_nobody_answers() {
        let now = Instant::now();
        let mut cache = Cache::default();
        cache.put("a", said(60), now).unwrap();
        let later = now + HOUR;
        let stands_in = cache.put("a", Err(no_answer()), later).unwrap();
        assert_eq!(stands_in.trouble, Some(no_answer()));
        assert_eq!(stands_in.addresses, said(0).unwrap().0);
        assert_eq!(state(&cache, later), Some((true, Some(no_answer()))));
        let asks_again = later + IN_VAIN;
        assert_eq!(state(&cache, asks_again), Some((false, Some(no_answer()))));
        let day_after = now + 25 * HOUR;
        cache.put("a", Err(no_answer()), day_after).unwrap_err();
    }

    #[test]
    fn what_does_not_exist_has_no_older_answer() {
        let now = Instant::now();
        let mut cache = Cache::default();
        cache.put("a", said(60), now).unwrap();
        assert_eq!(cache.put("a", Err(none()), now), Err(none()));
        assert_eq!(state(&cache, now), Some((true, Some(none()))));
        assert_eq!(state(&cache, now + IN_VAIN), None);
    }

    #[test]
    fn no_more_names_are_kept_than_there_is_room_for() {
        let now = Instant::now();
        let mut cache = Cache::default();
        for number in 0..NAMES {
            cache.put(&number.to_string(), said(60), now).unwrap();
        }
        cache.put("a", said(60), now).unwrap();
        assert_eq!(state(&cache, now), None, "all that is there holds");
        cache.put("7", said(60), now).unwrap();
        assert!(
            cache.get("7", now).is_some(),
            "one that is known is renewed"
        );
        cache.put("a", said(60), now + HOUR).unwrap();
        assert!(state(&cache, now + HOUR).is_some());
        assert_eq!(cache.known.len(), 1);
    }
}
