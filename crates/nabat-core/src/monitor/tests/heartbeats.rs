//! What is expected of heartbeats, what they say, and when their silence is told.

use std::time::Duration;

use jiff::tz::TimeZone;

use super::world::World;
use super::{ONE, Script, at, check, secs, told};
use crate::monitor::Signal::{Exit, Fail, Log, Start, Success};
use crate::monitor::heartbeat::Listening;
use crate::monitor::{Expected, Heartbeat, Kind, Rules, Signal, Status, Watch};
use crate::time::Timestamp;

/// Every minute, half a minute late at most.
pub(super) fn rules() -> Rules {
    Rules::of(Kind::Heartbeat(Heartbeat {
        expected: Expected::Every(secs(60)),
        grace: secs(30),
    }))
}

pub(super) type Said = (i64, Signal, Option<&'static str>);

pub(super) fn world() -> World<Script> {
    let mut world = World::new(Script {
        targets: Vec::new(),
        witnesses: &[],
    });
    world.add(ONE.0, rules());
    world
}

pub(super) fn say(world: &mut World<Script>, said: &[Said]) -> Vec<Option<Duration>> {
    let mut durations = Vec::new();
    for (when, signal, run) in said {
        world.run(at(*when));
        let run = run.map(str::to_owned);
        let took = |watch: &mut Watch, now| watch.signal(now, ONE, *signal, run, String::new());
        durations.push(world.act(took));
    }
    durations
}

/// What is said of a heartbeat that says this.
fn heard(said: &[Said]) -> Vec<String> {
    let mut world = world();
    say(&mut world, said);
    told(world)
}

#[test]
fn silence_is_told_with_the_moment_that_it_was_due() {
    check("never", &heard(&[]), &[]);
    check(
        "once",
        &heard(&[(10, Success, None)]),
        &[
            "10.0: 1 up since 10.0",
            "100.0: 1 down since 100.0",
            "100.0: 1 alarm, down since 100.0",
        ],
    );
    check(
        "in time",
        &heard(&[
            (10, Success, None),
            (99, Success, None),
            (188, Success, None),
        ]),
        &[
            "10.0: 1 up since 10.0",
            "278.0: 1 down since 278.0",
            "278.0: 1 alarm, down since 278.0",
        ],
    );
    check(
        "late",
        &heard(&[(10, Success, None), (101, Success, None)]),
        &[
            "10.0: 1 up since 10.0",
            "100.0: 1 down since 100.0",
            "100.0: 1 alarm, down since 100.0",
            "101.0: 1 up since 101.0",
            "101.0: 1 calm, not down at 101.0",
            "191.0: 1 down since 191.0",
            "191.0: 1 alarm, down since 191.0",
        ],
    );
}

#[test]
fn what_it_says_is_believed_at_once() {
    check(
        "fail",
        &heard(&[(10, Fail, None), (70, Exit(0), None)]),
        &[
            "10.0: 1 down since 10.0",
            "10.0: 1 alarm, down since 10.0",
            "70.0: 1 up since 70.0",
            "70.0: 1 calm, not down at 70.0",
            "160.0: 1 down since 160.0",
            "160.0: 1 alarm, down since 160.0",
        ],
    );
    check(
        "exit code",
        &heard(&[
            (10, Success, None),
            (20, Exit(3), None),
            (30, Exit(4), None),
        ]),
        &[
            "10.0: 1 up since 10.0",
            "20.0: 1 down since 20.0",
            "20.0: 1 alarm, down since 20.0",
            "30.0: 1 alarm, down since 20.0",
        ],
    );
    check(
        "log",
        &heard(&[(10, Success, None), (90, Log, None)]),
        &[
            "10.0: 1 up since 10.0",
            "100.0: 1 down since 100.0",
            "100.0: 1 alarm, down since 100.0",
        ],
    );
}

#[test]
fn a_run_that_does_not_end_is_told() {
    check(
        "first",
        &heard(&[(10, Start, None)]),
        &["40.0: 1 down since 40.0", "40.0: 1 alarm, down since 40.0"],
    );
    check(
        "ended",
        &heard(&[(10, Start, None), (39, Success, None)]),
        &[
            "39.0: 1 up since 39.0",
            "129.0: 1 down since 129.0",
            "129.0: 1 alarm, down since 129.0",
        ],
    );
    check(
        "too long",
        &heard(&[(10, Start, None), (41, Success, None)]),
        &[
            "40.0: 1 down since 40.0",
            "40.0: 1 alarm, down since 40.0",
            "41.0: 1 up since 41.0",
            "41.0: 1 calm, not down at 41.0",
            "131.0: 1 down since 131.0",
            "131.0: 1 alarm, down since 131.0",
        ],
    );
    check(
        "hangs",
        &heard(&[(10, Success, None), (20, Start, None)]),
        &[
            "10.0: 1 up since 10.0",
            "50.0: 1 down since 50.0",
            "50.0: 1 alarm, down since 50.0",
        ],
    );
    check(
        "failed",
        &heard(&[(10, Start, None), (20, Fail, Some("x"))]),
        &["20.0: 1 down since 20.0", "20.0: 1 alarm, down since 20.0"],
    );
    check(
        "two runs, the older hangs",
        &heard(&[
            (10, Start, Some("a")),
            (20, Start, Some("b")),
            (30, Success, Some("b")),
        ]),
        &[
            "30.0: 1 up since 30.0",
            "120.0: 1 down since 120.0",
            "120.0: 1 alarm, down since 120.0",
        ],
    );
    check(
        "two runs, the younger hangs",
        &heard(&[
            (10, Start, Some("a")),
            (20, Start, Some("b")),
            (30, Success, Some("a")),
        ]),
        &[
            "30.0: 1 up since 30.0",
            "50.0: 1 down since 50.0",
            "50.0: 1 alarm, down since 50.0",
        ],
    );
    check(
        "another run",
        &heard(&[(10, Start, Some("a")), (20, Success, Some("b"))]),
        &[
            "20.0: 1 up since 20.0",
            "40.0: 1 down since 40.0",
            "40.0: 1 alarm, down since 40.0",
        ],
    );
}

#[test]
fn a_run_that_was_told_to_be_lost_is_over() {
    check(
        "a success recovers",
        &heard(&[
            (10, Start, Some("a")),
            (11, Start, Some("b")),
            (12, Success, Some("a")),
            (50, Success, None),
            (60, Success, None),
        ]),
        &[
            "12.0: 1 up since 12.0",
            "41.0: 1 down since 41.0",
            "41.0: 1 alarm, down since 41.0",
            "50.0: 1 up since 50.0",
            "50.0: 1 calm, not down at 50.0",
            "150.0: 1 down since 150.0",
            "150.0: 1 alarm, down since 150.0",
        ],
    );
    check(
        "so it is if it became late while it was down",
        &heard(&[
            (10, Fail, None),
            (20, Start, Some("a")),
            (60, Success, None),
        ]),
        &[
            "10.0: 1 down since 10.0",
            "10.0: 1 alarm, down since 10.0",
            "60.0: 1 up since 60.0",
            "60.0: 1 calm, not down at 60.0",
            "150.0: 1 down since 150.0",
            "150.0: 1 alarm, down since 150.0",
        ],
    );
}

#[test]
fn what_it_said_last_is_told_as_long_as_it_is_down() {
    let mut world = world();
    let mut words = Vec::new();
    for (when, signal, said) in [
        (10, Success, "heard"),
        (110, Log, ""),
        (120, Exit(3), "hello"),
        (130, Exit(4), ""),
        (140, Fail, "disk full"),
        (150, Fail, "disk full"),
        (160, Exit(0), "done"),
    ] {
        world.run(at(when));
        world.act(|watch, now| watch.signal(now, ONE, signal, None, said.to_owned()));
        let state = world.watch.state(ONE).unwrap();
        words.push((state.words.clone(), state.alarm_words().to_owned()));
    }
    let expected = [
        ("heard", ""),
        (
            "nothing was heard since 2027-01-15 08:00 UTC",
            "nothing was heard since 2027-01-15 08:00 UTC",
        ),
        ("exit code 3 · hello", "exit code 3 · hello"),
        ("exit code 4", "exit code 4"),
        ("disk full", "disk full"),
        ("disk full", "disk full"),
        ("done", ""),
    ];
    let expected = expected.map(|(words, alarm)| (words.to_owned(), alarm.to_owned()));
    assert_eq!(words, expected);
    let mut told = world.told();
    told.retain(|line| line.contains("alarm"));
    let again = ["100.0", "120.0", "130.0", "140.0"];
    let again = again.map(|at| format!("{at}: 1 alarm, down since 100.0"));
    assert_eq!(told, again);
}

#[test]
fn start_and_end_make_a_duration() {
    let day = 86_400;
    let cases: [(&[Said], Option<u64>); 7] = [
        (&[(10, Success, None)], None),
        (&[(10, Start, None), (25, Success, None)], Some(15)),
        (
            &[
                (10, Start, Some("a")),
                (20, Start, Some("b")),
                (25, Success, Some("a")),
            ],
            Some(15),
        ),
        (
            &[
                (10, Start, Some("a")),
                (20, Start, Some("a")),
                (25, Success, Some("a")),
            ],
            Some(5),
        ),
        (&[(10, Start, Some("a")), (25, Success, Some("b"))], None),
        (
            &[(0, Start, None), (3 * day, Exit(1), None)],
            Some(3 * 86_400),
        ),
        (&[(0, Start, None), (3 * day + 1, Success, None)], None),
    ];
    for (said, expected) in cases {
        let took = say(&mut world(), said).pop().flatten();
        assert_eq!(took, expected.map(secs), "{said:?}");
    }
}

#[test]
fn no_more_than_32_open_runs_are_kept() {
    let mut world = world();
    for run in 0..33 {
        world.act(|watch, now| watch.signal(now, ONE, Start, Some(run.to_string()), String::new()));
    }
    let mut end = |run: &str| {
        let run = Some(run.to_owned());
        world.act(|watch, now| watch.signal(now, ONE, Success, run, String::new()))
    };
    assert_eq!(end("0"), None);
    assert_eq!(end("1"), Some(secs(0)));
}

#[test]
fn people_see_that_it_is_late_or_runs() {
    let mut world = world();
    let mut shown = Vec::new();
    for (when, signal) in [
        (10, Some(Success)),
        (20, Some(Start)),
        (30, Some(Success)),
        (89, None),
        (90, None),
        (120, None),
        (130, Some(Start)),
    ] {
        say(
            &mut world,
            &signal
                .map(|signal| (when, signal, None))
                .into_iter()
                .collect::<Vec<_>>(),
        );
        world.run(at(when));
        let now = world.clock();
        shown.push((
            world.watch.status(ONE, now).unwrap(),
            world.watch.running(ONE),
        ));
    }
    let expected = [
        (Status::Up, false),
        (Status::Up, true),
        (Status::Up, false),
        (Status::Up, false),
        (Status::Suspect, false),
        (Status::Down, false),
        (Status::Down, true),
    ];
    assert_eq!(shown, expected);
}

#[test]
fn clocks_that_change_by_season_make_nobody_late() {
    let cases = [
        // (cron, grace in hours, heard, deadline), in Berlin
        (
            "30 2 * * *",
            1,
            "2026-03-28T01:30:05Z",
            "2026-03-29T02:30:00Z",
        ),
        (
            "30 2 * * *",
            1,
            "2026-03-29T01:00:05Z",
            "2026-03-30T01:30:00Z",
        ),
        (
            "30 2 * * *",
            1,
            "2026-10-25T00:30:05Z",
            "2026-10-26T02:30:00Z",
        ),
        // The grace is three hours, not from one to four by the clock.
        (
            "0 1 * * *",
            3,
            "2026-03-28T00:00:05Z",
            "2026-03-29T03:00:00Z",
        ),
    ];
    for (cron, grace, heard, deadline) in cases {
        let time = |text| Timestamp::parse_rfc3339(text).unwrap().unwrap();
        let rules = Heartbeat {
            expected: Expected::Cron {
                cron: cron.parse().unwrap(),
                zone: TimeZone::get("Europe/Berlin").unwrap(),
            },
            grace: secs(grace * 3_600),
        };
        let mut listening = Listening::default();
        listening.end(time(heard), None, true);
        assert_eq!(
            listening.deadline(&rules),
            Some(time(deadline)),
            "{cron} {heard}"
        );
    }
}
