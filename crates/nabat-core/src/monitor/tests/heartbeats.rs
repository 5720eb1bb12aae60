//! What is expected of heartbeats, what they say, and when their silence is told.

use std::time::Duration;

use jiff::tz::TimeZone;

use super::world::World;
use super::{MonitorId, ONE, Script, Steps, at, check, secs, told};
use crate::monitor::Outcome::{Down, Up};
use crate::monitor::Signal::{Exit, Fail, Log, Start, Success};
use crate::monitor::{Expected, Heartbeat, Kind, Rules, Signal, Status, Watch};
use crate::time::Timestamp;

/// Every minute, half a minute late at most.
fn rules() -> Rules {
    Rules::of(Kind::Heartbeat(Heartbeat {
        expected: Expected::Every(secs(60)),
        grace: secs(30),
    }))
}

type Said = (i64, Signal, Option<&'static str>);

fn world() -> World<Script> {
    let mut world = World::new(Script {
        targets: Vec::new(),
        witnesses: &[],
    });
    world.add(ONE.0, rules());
    world
}

fn say(world: &mut World<Script>, said: &[Said]) -> Vec<Option<Duration>> {
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
        (69, None),
        (70, None),
        (100, None),
        (110, Some(Start)),
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
        (Status::Up, false),
        (Status::Suspect, false),
        (Status::Down, false),
        (Status::Down, true),
    ];
    assert_eq!(shown, expected);
}

#[test]
fn nobody_is_blamed_for_what_nabat_could_not_hear() {
    let restarted = |said: &[Said], when, pause| {
        let mut world = world();
        say(&mut world, said);
        world.run(at(when));
        world.restart(secs(pause));
        told(world)
    };
    let once: &[Said] = &[(10, Success, None)];
    check(
        "before it was due",
        &restarted(once, 20, 45),
        &[
            "10.0: 1 up since 10.0",
            "100.0: 1 down since 100.0",
            "100.0: 1 alarm, down since 100.0",
        ],
    );
    check(
        "for a moment",
        &restarted(once, 95, 20),
        &[
            "10.0: 1 up since 10.0",
            "175.0: 1 down since 100.0",
            "175.0: 1 alarm, down since 100.0",
        ],
    );
    check(
        "as it was due",
        &restarted(once, 65, 120),
        &[
            "10.0: 1 up since 10.0",
            "185.0: 1 unknown since 70.0",
            "275.0: 1 down since 275.0",
            "275.0: 1 alarm, down since 275.0",
        ],
    );
    check(
        "long after",
        &restarted(once, 200, 120),
        &[
            "10.0: 1 up since 10.0",
            "100.0: 1 down since 100.0",
            "100.0: 1 alarm, down since 100.0",
        ],
    );
}

#[test]
fn maintenance_and_pauses_hold_for_heartbeats_too() {
    let done = |act: fn(&mut Watch, Timestamp), then: &[Said]| {
        let mut world = world();
        say(&mut world, &[(10, Success, None)]);
        world.act(act);
        say(&mut world, then);
        told(world)
    };
    let maintain = |watch: &mut Watch, now| watch.maintain(now, ONE, Some(at(300)));
    check(
        "still late",
        &done(maintain, &[]),
        &[
            "10.0: 1 up since 10.0",
            "10.0: 1 maintenance since 10.0",
            "300.0: 1 down since 300.0",
            "300.0: 1 alarm, down since 100.0",
        ],
    );
    check(
        "heard in time",
        &done(maintain, &[(250, Success, None)]),
        &[
            "10.0: 1 up since 10.0",
            "10.0: 1 maintenance since 10.0",
            "300.0: 1 up since 300.0",
            "340.0: 1 down since 340.0",
            "340.0: 1 alarm, down since 340.0",
        ],
    );
    let pause = |watch: &mut Watch, now| watch.pause(now, ONE);
    check(
        "paused",
        &done(pause, &[(250, Fail, None)]),
        &["10.0: 1 up since 10.0", "10.0: 1 paused since 10.0"],
    );
}

#[test]
fn its_parents_and_witnesses_are_asked_as_for_any() {
    let with = |parent: Steps, witnesses: &'static [(i64, bool)]| {
        let mut world = World::new(Script {
            targets: vec![(2, parent)],
            witnesses,
        });
        world.set_witnesses(1);
        world.add(2, super::usual());
        let parents = vec![MonitorId(2)];
        world.add(ONE.0, Rules { parents, ..rules() });
        say(&mut world, &[(10, Success, None)]);
        told(world)
    };
    check(
        "parent up",
        &with(&[], &[]),
        &[
            "10.0: 1 up since 10.0",
            "100.0: 1 down since 100.0",
            "100.0: 1 alarm, down since 100.0",
        ],
    );
    check(
        "parent down",
        &with(&[(60, Down), (200, Up)], &[]),
        &[
            "10.0: 1 up since 10.0",
            "83.1: 2 down since 68.1",
            "83.1: 2 alarm, down since 68.1",
            "100.0: 1 unreachable since 100.0",
            "219.2: 2 up since 218.1",
            "219.2: 2 calm, not down at 218.1",
            "309.2: 1 down since 309.2",
            "309.2: 1 alarm, down since 309.2",
        ],
    );
    check(
        "blind",
        &with(&[], &[(60, false), (200, true)]),
        &[
            "10.0: 1 up since 10.0",
            "101.0: blind since 100.0",
            "101.0: 1 unknown since 100.0",
            "200.0: sees",
            "281.0: 1 down since 281.0",
            "281.0: 1 alarm, down since 281.0",
        ],
    );
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
        let rules = Rules::of(Kind::Heartbeat(Heartbeat {
            expected: Expected::Cron {
                cron: cron.parse().unwrap(),
                zone: TimeZone::get("Europe/Berlin").unwrap(),
            },
            grace: secs(grace * 3_600),
        }));
        let mut watch = Watch::new(time(heard), None);
        watch.set(time(heard), ONE, rules, None);
        watch.signal(time(heard), ONE, Success, None, String::new());
        assert_eq!(watch.next_due(), Some(time(deadline)), "{cron} {heard}");
    }
}
