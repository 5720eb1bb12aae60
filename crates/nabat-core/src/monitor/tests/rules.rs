//! What rules are refused, when probes are due, and how a time is shared out.

use proptest::prelude::*;

use super::{Kind, Rules, at, probed, secs, usual};
use crate::monitor::grid::{Pace, next_round};
use crate::monitor::rules::BadRules;
use crate::monitor::uptime::{Interval, Shares, uptime};
use crate::monitor::{Expected, Flap, Heartbeat, MonitorId, Status};
use crate::time::Timestamp;

#[test]
fn rules_that_can_not_be_kept_are_refused() {
    let flap = |changes, seconds| Rules {
        flap: Some(Flap {
            changes,
            within: secs(seconds),
        }),
        ..usual()
    };
    let heartbeat = |period, grace| {
        Rules::of(Kind::Heartbeat(Heartbeat {
            expected: Expected::Every(secs(period)),
            grace: secs(grace),
        }))
    };
    let failures = |needed, probes| Err(BadRules::Failures { needed, probes });
    let cases: [(Rules, Result<(), BadRules>); 17] = [
        (usual(), Ok(())),
        (Rules::every(secs(1)), Ok(())),
        (Rules::every(secs(0)), Err(BadRules::Interval)),
        (Rules::every(secs(366 * 86_400)), Err(BadRules::Interval)),
        (probed(|p| p.retries = vec![secs(1); 10]), Ok(())),
        (
            probed(|p| p.retries = vec![secs(1); 11]),
            Err(BadRules::Retries),
        ),
        (
            probed(|p| p.retries = vec![secs(3_601)]),
            Err(BadRules::Retries),
        ),
        (probed(|p| p.failures_needed = Some(4)), Ok(())),
        (probed(|p| p.failures_needed = Some(5)), failures(5, 4)),
        (probed(|p| p.failures_needed = Some(0)), failures(0, 4)),
        (probed(|p| p.recoveries_needed = 0), Err(BadRules::Rounds)),
        (probed(|p| p.slow_rounds = 101), Err(BadRules::Rounds)),
        (flap(2, 3_600), Err(BadRules::Flap)),
        (flap(6, 59), Err(BadRules::Flap)),
        (heartbeat(60, 1), Ok(())),
        (heartbeat(60, 0), Err(BadRules::Heartbeat)),
        (heartbeat(366 * 86_400, 60), Err(BadRules::Heartbeat)),
    ];
    for (rules, expected) in cases {
        assert_eq!(rules.check(), expected, "{rules:?}");
    }
}

#[test]
fn many_that_come_at_once_are_spread_and_one_is_not_kept_waiting() {
    let mut pace = Pace::default();
    let slots: Vec<Timestamp> = (0..10_000)
        .map(|id| pace.slot(at(0), MonitorId(id), secs(30)))
        .collect();
    assert_eq!(slots.first(), Some(&at(0)));
    assert!(slots.iter().all(|slot| (at(0)..=at(30)).contains(slot)));
    let in_second = |second| {
        let second = at(second)..at(second + 1);
        slots.iter().filter(|slot| second.contains(slot)).count()
    };
    // Those that find no place within the interval are scattered over it.
    assert!((1..30).all(|second| in_second(second) < 500));
    assert_eq!(pace.slot(at(100), MonitorId(1), secs(30)), at(100));
}

proptest! {
    #[test]
    fn rounds_are_an_interval_apart_and_where_they_were(
        id in any::<u64>(),
        interval_s in 1u64..100_000,
        after in -1_000_000i64..1_000_000,
    ) {
        let (id, interval) = (MonitorId(id), secs(interval_s));
        let first = next_round(id, interval, at(after));
        prop_assert!(first > at(after) && first <= at(after).after(interval));
        prop_assert_eq!(next_round(id, interval, first), first.after(interval));
        let before = Timestamp::from_millis(first.as_millis() - 1);
        prop_assert_eq!(next_round(id, interval, before), first);
    }

    #[test]
    fn every_moment_of_a_time_has_one_share(
        lengths in prop::collection::vec((0u64..500, 0usize..10), 0..20),
        from in 0i64..500,
        length in 1i64..3_000,
    ) {
        let mut begin = at(0);
        let intervals: Vec<Interval> = lengths.iter().map(|(length, status)| {
            let from = begin;
            begin = begin.after(secs(*length));
            Interval { status: Status::ALL[*status], from, to: Some(begin) }
        }).collect();
        let shares = uptime(&intervals, at(from), at(from + length));
        let sum = shares.up_ms + shares.degraded_ms + shares.down_ms + shares.unknown_ms
            + shares.maintenance_ms;
        prop_assert_eq!(sum, length.unsigned_abs() * 1_000);
        prop_assert!((0.0..=1.0).contains(&shares.coverage));
        prop_assert!(shares.ratio.is_none_or(|ratio| (0.0..=1.0).contains(&ratio)));
    }
}

#[test]
fn a_time_is_shared_out_by_intervals() {
    let interval = |status, from, to: Option<i64>| Interval {
        status,
        from: at(from),
        to: to.map(at),
    };
    let cases: [(&[Interval], Shares); 4] = [
        (
            &[],
            Shares {
                unknown_ms: 100_000,
                ..Shares::default()
            },
        ),
        (
            &[interval(Status::Up, -50, None)],
            Shares {
                up_ms: 100_000,
                ratio: Some(1.0),
                coverage: 1.0,
                ..Shares::default()
            },
        ),
        (
            &[
                interval(Status::Up, -50, Some(30)),
                interval(Status::Down, 30, Some(40)),
                interval(Status::Unknown, 40, Some(50)),
                interval(Status::Maintenance, 50, Some(70)),
                interval(Status::Degraded, 70, Some(500)),
            ],
            Shares {
                up_ms: 30_000,
                degraded_ms: 30_000,
                down_ms: 10_000,
                unknown_ms: 10_000,
                maintenance_ms: 20_000,
                ratio: Some(60.0 / 70.0),
                coverage: 70.0 / 80.0,
            },
        ),
        (
            &[interval(Status::Paused, 0, Some(100))],
            Shares {
                maintenance_ms: 100_000,
                coverage: 1.0,
                ..Shares::default()
            },
        ),
    ];
    for (intervals, expected) in cases {
        assert_eq!(uptime(intervals, at(0), at(100)), expected);
    }
}
