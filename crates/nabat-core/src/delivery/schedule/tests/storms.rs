//! What people wait for in a storm: a table of storms, each played against the limits as Telegram
//! applies them.

use std::collections::{BTreeMap, VecDeque};

use super::super::super::DIGEST_WITHOUT_FILE_MAX;
use super::*;

/// How long a request takes.
const REQUEST_MS: i64 = 40;
const PERSON: i64 = 5;
const GROUP: i64 = -5;

/// Something that comes again and again: its urgency, the first one, the distance and the number.
type Series = (Priority, i64, i64, i64);

/// A storm, and for each urgency the longest that any of it may wait.
struct Storm {
    name: &'static str,
    chat: i64,
    comes: &'static [Series],
    waits: &'static [(Priority, i64)],
    requests_max: usize,
}

const STORMS: &[Storm] = &[
    Storm {
        name: "a thousand in two seconds to a person",
        chat: PERSON,
        comes: &[
            (Priority::News, 0, 2, 1_000),
            (Priority::Critical, 600, 600, 3),
            (Priority::Answer, 1_200, 1, 1),
        ],
        waits: &[
            (Priority::News, 8_000),
            (Priority::Critical, 1_000),
            (Priority::Answer, 1_000),
        ],
        requests_max: 12,
    },
    Storm {
        name: "a thousand in half a minute to a group",
        chat: GROUP,
        comes: &[
            (Priority::News, 0, 30, 1_000),
            (Priority::Critical, 9_000, 9_000, 3),
            (Priority::Answer, 18_000, 1, 1),
        ],
        waits: &[
            (Priority::News, 40_000),
            (Priority::Critical, 100),
            (Priority::Answer, 200),
        ],
        requests_max: 20,
    },
    Storm {
        name: "ten thousand in a minute to a group",
        chat: GROUP,
        comes: &[
            (Priority::News, 0, 6, 10_000),
            (Priority::Critical, 10_000, 10_000, 6),
            (Priority::Answer, 5_000, 20_000, 3),
        ],
        waits: &[
            (Priority::News, 40_000),
            (Priority::Critical, 200),
            (Priority::Answer, 200),
        ],
        requests_max: 30,
    },
    Storm {
        name: "a storm without end, six criticals and three questions a minute",
        chat: GROUP,
        comes: &[
            (Priority::News, 0, 100, 6_000),
            (Priority::Critical, 1_000, 10_000, 60),
            (Priority::Answer, 5_000, 20_000, 30),
        ],
        waits: &[
            (Priority::News, 40_000),
            (Priority::Critical, 500),
            (Priority::Answer, 200),
        ],
        requests_max: 190,
    },
    Storm {
        name: "all six criticals at the worst moment",
        chat: GROUP,
        comes: &[
            (Priority::News, 0, 100, 600),
            (Priority::Critical, 58_000, 10, 6),
        ],
        waits: &[(Priority::Critical, 500)],
        requests_max: 20,
    },
    Storm {
        name: "more criticals than a group takes",
        chat: GROUP,
        comes: &[
            (Priority::Critical, 0, 300, 1_000),
            (Priority::News, 0, 1_000, 300),
            (Priority::Answer, 10_000, 20_000, 14),
        ],
        waits: &[
            (Priority::Critical, 35_000),
            (Priority::News, 35_000),
            (Priority::Answer, 300),
        ],
        requests_max: 100,
    },
    Storm {
        name: "more criticals than a person takes",
        chat: PERSON,
        comes: &[
            (Priority::Critical, 0, 200, 1_000),
            (Priority::News, 0, 1_000, 200),
            (Priority::Answer, 10_000, 5_000, 38),
        ],
        waits: &[
            (Priority::Critical, 2_000),
            (Priority::News, 5_000),
            (Priority::Answer, 1_500),
        ],
        requests_max: 210,
    },
    Storm {
        name: "somebody asks without end",
        chat: GROUP,
        comes: &[
            (Priority::Answer, 0, 1_000, 300),
            (Priority::Critical, 5_000, 10_000, 30),
        ],
        waits: &[(Priority::Critical, 200)],
        requests_max: usize::MAX,
    },
];

/// What Telegram counts.
#[derive(Default)]
struct Telegram {
    minute: VecDeque<i64>,
    full_at: i64,
    requests: usize,
}

impl Telegram {
    /// Takes a request that arrives at `ms`, as the documentation says it may.
    fn take(&mut self, chat: i64, ms: i64, storm: &str) {
        self.requests += 1;
        if chat > 0 {
            assert!(self.full_at <= ms + 2_000, "{storm}: 429 at {ms}");
            self.full_at = self.full_at.max(ms) + 1_000;
            return;
        }
        self.minute.retain(|at| *at > ms - 60_000);
        self.minute.push_back(ms);
        assert!(self.minute.len() <= 20, "{storm}: 429 at {ms}");
    }
}

impl Storm {
    /// Everything that comes: when, and how urgent it is.
    fn arrivals(&self) -> Vec<(i64, Priority)> {
        let mut arrivals: Vec<(i64, Priority)> = self
            .comes
            .iter()
            .flat_map(|(priority, first, distance, count)| {
                (0..*count).map(move |n| (first + n * distance, *priority))
            })
            .collect();
        arrivals.sort_unstable();
        arrivals
    }

    /// Plays the storm to its end; returns when each arrival was told and how many requests
    /// that took.
    fn play(&self, arrivals: &[(i64, Priority)]) -> (Vec<i64>, usize) {
        let mut schedule = Schedule::default();
        let mut telegram = Telegram::default();
        let mut told = vec![None; arrivals.len()];
        let mut coming = (0..).zip(arrivals).peekable();
        let mut now = 0;
        loop {
            while let Some((id, (_, priority))) = coming.next_if(|(_, (at, _))| *at <= now) {
                add(&mut schedule, id, self.chat, *priority);
            }
            let soon = coming.peek().map(|(_, (at, _))| *at);
            match schedule.next(at(now)) {
                Next::Send(ids, key) => {
                    for id in &ids {
                        told[usize::try_from(id.0).unwrap()] = Some(now);
                    }
                    now += REQUEST_MS;
                    telegram.take(self.chat, now, self.name);
                    if ids.len() > DIGEST_WITHOUT_FILE_MAX {
                        assert_eq!(schedule.again(key, at(now)), Ok(()), "{}", self.name);
                        now += REQUEST_MS;
                        telegram.take(self.chat, now, self.name);
                    }
                    schedule.done(key, at(now));
                }
                Next::Wait(then) => {
                    let then = then.as_millis() - at(0).as_millis();
                    now = soon.map_or(then, |soon| soon.min(then));
                }
                Next::Idle => match soon {
                    Some(soon) => now = soon,
                    None => break,
                },
            }
        }
        let told = told.into_iter().map(|at| at.expect("all is told"));
        (told.collect(), telegram.requests)
    }
}

#[test]
fn nobody_waits_longer_than_this() {
    for storm in STORMS {
        let arrivals = storm.arrivals();
        let (told, requests) = storm.play(&arrivals);
        let mut slowest: BTreeMap<Priority, i64> = BTreeMap::new();
        for ((came, priority), told) in arrivals.iter().zip(told) {
            let longest = slowest.entry(*priority).or_default();
            *longest = (*longest).max(told - came);
        }
        for (priority, most) in storm.waits {
            let longest = slowest[priority];
            assert!(
                longest <= *most,
                "{}: {priority:?} {longest} ms",
                storm.name
            );
        }
        assert!(requests <= storm.requests_max, "{}: {requests}", storm.name);
    }
}
