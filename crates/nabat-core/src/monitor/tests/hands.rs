//! What people do with a monitor, and what happens to Nabat and its clock meanwhile.

use super::world::World;
use super::{ONE, Script, Steps, at, check, one, secs, told, usual};
use crate::monitor::Outcome::{Degraded, Down, Unknown, Up};

const BACK: Steps = &[(100, Down), (400, Up)];

/// The monitor, to which this is done at these times.
fn done(steps: Steps, acts: &[(i64, fn(&mut World<Script>))]) -> Vec<String> {
    let mut world = one(usual(), steps);
    for (when, act) in acts {
        world.run(at(*when));
        act(&mut world);
    }
    told(world)
}

fn maintain(world: &mut World<Script>) {
    world.act(|watch, now| watch.maintain(now, ONE, Some(at(300))));
}

fn pause(world: &mut World<Script>) {
    world.act(|watch, now| watch.pause(now, ONE));
}

fn resume(world: &mut World<Script>) {
    world.act(|watch, now| watch.resume(now, ONE));
}

#[test]
fn maintenance_holds_alarms_back_and_never_their_end() {
    let release =
        |world: &mut World<Script>| world.act(|watch, now| watch.maintain(now, ONE, None));
    check(
        "still down",
        &done(BACK, &[(50, maintain)]),
        &[
            "50.0: 1 maintenance since 50.0",
            "300.0: 1 down since 300.0",
            "315.0: 1 alarm, down since 122.5",
            "423.5: 1 up since 422.5",
            "423.5: 1 calm, not down at 422.5",
        ],
    );
    check(
        "up in time",
        &done(&[(100, Down), (250, Up)], &[(50, maintain)]),
        &["50.0: 1 maintenance since 50.0", "300.0: 1 up since 300.0"],
    );
    check(
        "from before",
        &done(&[(100, Down), (250, Up)], &[(150, maintain)]),
        &[
            "137.5: 1 down since 122.5",
            "137.5: 1 alarm, down since 122.5",
            "150.0: 1 maintenance since 150.0",
            "273.5: 1 calm, not down at 272.5",
            "300.0: 1 up since 300.0",
        ],
    );
    check(
        "ended early",
        &done(BACK, &[(50, maintain), (200, release)]),
        &[
            "50.0: 1 maintenance since 50.0",
            "200.0: 1 down since 200.0",
            "215.0: 1 alarm, down since 122.5",
            "423.5: 1 up since 422.5",
            "423.5: 1 calm, not down at 422.5",
        ],
    );
    check(
        "down as it ends",
        &done(&[(296, Down), (400, Up)], &[(50, maintain)]),
        &[
            "50.0: 1 maintenance since 50.0",
            "300.0: 1 up since 300.0",
            "317.5: 1 down since 302.5",
            "317.5: 1 alarm, down since 302.5",
            "423.5: 1 up since 422.5",
            "423.5: 1 calm, not down at 422.5",
        ],
    );
    check(
        "paused meanwhile",
        &done(BACK, &[(50, maintain), (200, pause), (250, resume)]),
        &[
            "50.0: 1 maintenance since 50.0",
            "200.0: 1 paused since 200.0",
            "250.0: 1 maintenance since 250.0",
            "300.0: 1 down since 300.0",
            "315.0: 1 alarm, down since 250.0",
            "423.5: 1 up since 422.5",
            "423.5: 1 calm, not down at 422.5",
        ],
    );
}

#[test]
fn a_paused_monitor_is_not_watched_and_begins_anew() {
    check(
        "down",
        &done(BACK, &[(200, pause), (350, resume)]),
        &[
            "137.5: 1 down since 122.5",
            "137.5: 1 alarm, down since 122.5",
            "200.0: 1 paused since 200.0",
            "200.0: 1 calm, not down at 200.0",
            "350.0: 1 pending since 350.0",
            "365.0: 1 down since 350.0",
            "365.0: 1 alarm, down since 350.0",
            "423.5: 1 up since 422.5",
            "423.5: 1 calm, not down at 422.5",
        ],
    );
    check(
        "suspected",
        &done(BACK, &[(126, pause), (500, resume)]),
        &[
            "126.0: 1 paused since 126.0",
            "500.0: 1 pending since 500.0",
            "500.0: 1 up since 500.0",
        ],
    );
    check(
        "twice",
        &done(
            BACK,
            &[(50, pause), (60, pause), (70, resume), (80, resume)],
        ),
        &[
            "50.0: 1 paused since 50.0",
            "70.0: 1 pending since 70.0",
            "70.0: 1 up since 70.0",
            "137.5: 1 down since 122.5",
            "137.5: 1 alarm, down since 122.5",
            "423.5: 1 up since 422.5",
            "423.5: 1 calm, not down at 422.5",
        ],
    );
}

#[test]
fn whoever_asks_has_it_looked_at_at_once() {
    let ask = |world: &mut World<Script>| world.act(|watch, now| watch.ask(now, ONE));
    check(
        "asked",
        &done(BACK, &[(101, ask)]),
        &[
            "116.0: 1 down since 101.0",
            "116.0: 1 alarm, down since 101.0",
            "423.5: 1 up since 422.5",
            "423.5: 1 calm, not down at 422.5",
        ],
    );
    check(
        "on its way",
        &done(BACK, &[(126, ask)]),
        &[
            "137.5: 1 down since 122.5",
            "137.5: 1 alarm, down since 122.5",
            "423.5: 1 up since 422.5",
            "423.5: 1 calm, not down at 422.5",
        ],
    );
}

#[test]
fn a_removed_monitor_leaves_no_alarm() {
    let remove = |world: &mut World<Script>| world.remove(ONE.0);
    check(
        "down",
        &done(BACK, &[(200, remove)]),
        &[
            "137.5: 1 down since 122.5",
            "137.5: 1 alarm, down since 122.5",
            "200.0: 1 calm, not down at 200.0",
        ],
    );
    check("suspected", &done(BACK, &[(126, remove)]), &[]);
}

#[test]
fn new_rules_change_nothing_of_what_is_known() {
    let often =
        |world: &mut World<Script>| world.add(ONE.0, crate::monitor::Rules::every(secs(10)));
    check(
        "down",
        &done(BACK, &[(200, often)]),
        &[
            "137.5: 1 down since 122.5",
            "137.5: 1 alarm, down since 122.5",
            "403.5: 1 up since 402.5",
            "403.5: 1 calm, not down at 402.5",
        ],
    );
    check(
        "suspected",
        &done(BACK, &[(126, often)]),
        &[
            "137.5: 1 down since 122.5",
            "137.5: 1 alarm, down since 122.5",
            "403.5: 1 up since 402.5",
            "403.5: 1 calm, not down at 402.5",
        ],
    );
}

#[test]
fn a_restart_announces_nothing_that_was_known() {
    let restart = |world: &mut World<Script>| world.restart(secs(5));
    let long = |world: &mut World<Script>| world.restart(secs(200));
    check(
        "down",
        &done(BACK, &[(200, restart)]),
        &[
            "137.5: 1 down since 122.5",
            "137.5: 1 alarm, down since 122.5",
            "423.5: 1 up since 422.5",
            "423.5: 1 calm, not down at 422.5",
        ],
    );
    check(
        "suspected",
        &done(BACK, &[(126, restart)]),
        &[
            "140.0: 1 down since 122.5",
            "140.0: 1 alarm, down since 122.5",
            "423.5: 1 up since 422.5",
            "423.5: 1 calm, not down at 422.5",
        ],
    );
    check(
        "for long",
        &done(BACK, &[(200, long)]),
        &[
            "137.5: 1 down since 122.5",
            "137.5: 1 alarm, down since 122.5",
            "400.0: 1 unknown since 200.0",
            "401.0: 1 up since 400.0",
            "401.0: 1 calm, not down at 400.0",
        ],
    );
    check(
        "suspected, for long",
        &done(BACK, &[(126, long)]),
        &[
            "326.0: 1 unknown since 126.0",
            "341.0: 1 down since 326.0",
            "341.0: 1 alarm, down since 326.0",
            "423.5: 1 up since 422.5",
            "423.5: 1 calm, not down at 422.5",
        ],
    );
    check(
        "up, for long",
        &done(&[], &[(126, long)]),
        &["326.0: 1 unknown since 126.0", "326.0: 1 up since 326.0"],
    );
    check(
        "in maintenance",
        &done(BACK, &[(50, maintain), (290, restart)]),
        &[
            "50.0: 1 maintenance since 50.0",
            "300.0: 1 down since 300.0",
            "315.0: 1 alarm, down since 122.5",
            "423.5: 1 up since 422.5",
            "423.5: 1 calm, not down at 422.5",
        ],
    );
}

#[test]
fn a_clock_that_steps_makes_nobody_down() {
    let back = |world: &mut World<Script>| world.put_clock(-3_600);
    let ahead = |world: &mut World<Script>| world.put_clock(3_600);
    check(
        "back, suspected",
        &done(BACK, &[(126, back)]),
        &[
            "135.0: 1 down since 0.0",
            "135.0: 1 alarm, down since -3474.0",
            "423.5: 1 calm, not down at -3177.-5",
        ],
    );
    check(
        "ahead, suspected",
        &done(BACK, &[(126, ahead)]),
        &[
            "126.0: 1 unknown since 128.5",
            "141.0: 1 down since 3726.0",
            "141.0: 1 alarm, down since 3726.0",
            "423.5: 1 up since 4022.5",
            "423.5: 1 calm, not down at 4022.5",
        ],
    );
    check(
        "back, down",
        &done(BACK, &[(200, back)]),
        &[
            "137.5: 1 down since 122.5",
            "137.5: 1 alarm, down since 122.5",
            "423.5: 1 up since 122.5",
            "423.5: 1 calm, not down at 122.5",
        ],
    );
    check(
        "ahead, down",
        &done(BACK, &[(200, ahead)]),
        &[
            "137.5: 1 down since 122.5",
            "137.5: 1 alarm, down since 122.5",
            "200.0: 1 unknown since 212.5",
            "201.0: 1 down since 3800.0",
            "423.5: 1 up since 4022.5",
            "423.5: 1 calm, not down at 4022.5",
        ],
    );
    check("back, up", &done(&[], &[(200, back)]), &[]);
    check(
        "ahead, up",
        &done(&[], &[(200, ahead)]),
        &["200.0: 1 unknown since 212.5", "200.0: 1 up since 3800.0"],
    );
}

#[test]
fn what_goes_on_is_not_stored_again() {
    let cases: [(&str, Steps); 5] = [
        ("up", &[]),
        ("down", &[(0, Down)]),
        ("degraded", &[(0, Degraded)]),
        ("unknown", &[(0, Unknown)]),
        ("degraded after being down", &[(0, Down), (100, Degraded)]),
    ];
    for (name, steps) in cases {
        for maintained in [false, true] {
            let mut world = one(usual(), steps);
            let until = maintained.then_some(at(100_000));
            world.act(|watch, now| watch.maintain(now, ONE, until));
            world.run(at(900));
            let before = world.touches;
            world.run(at(9_000));
            assert_eq!(world.touches, before, "{name}, maintained: {maintained}");
        }
    }
}
