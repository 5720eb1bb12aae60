//! Heartbeats that could not be heard, or need not be: restarts, stalls, blindness, maintenance.

use super::heartbeats::{Said, rules, say, world};
use super::world::World;
use super::{MonitorId, ONE, Script, Steps, at, check, secs, told};
use crate::monitor::Outcome::{Down, Up};
use crate::monitor::Signal::{Fail, Success};
use crate::monitor::{Rules, Watch};
use crate::time::Timestamp;

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
fn a_time_in_which_nabat_stood_still_is_nobodys_fault() {
    let stalled = |when, seconds| {
        let mut world = world();
        say(&mut world, &[(10, Success, None)]);
        world.run(at(when));
        world.put_clock(seconds);
        told(world)
    };
    check(
        "before it was due",
        &stalled(20, 45),
        &[
            "10.0: 1 up since 10.0",
            "55.0: 1 down since 100.0",
            "55.0: 1 alarm, down since 100.0",
        ],
    );
    check(
        "as it was due",
        &stalled(65, 120),
        &[
            "10.0: 1 up since 10.0",
            "65.0: 1 unknown since 70.0",
            "155.0: 1 down since 275.0",
            "155.0: 1 alarm, down since 275.0",
        ],
    );
    check(
        "for long",
        &stalled(20, 3_600),
        &[
            "10.0: 1 up since 10.0",
            "20.0: 1 unknown since 70.0",
            "110.0: 1 down since 3710.0",
            "110.0: 1 alarm, down since 3710.0",
        ],
    );
    check(
        "back",
        &stalled(65, -3_600),
        &[
            "10.0: 1 up since 10.0",
            "155.0: 1 down since 10.0",
            "155.0: 1 alarm, down since -3445.0",
        ],
    );
}

#[test]
fn who_was_given_another_chance_has_it_by_the_clock_that_was_put_back() {
    let mut world = world();
    say(&mut world, &[(10, Success, None)]);
    world.run(at(95));
    world.restart(secs(20));
    world.put_clock(-3_600);
    let told = told(world);
    assert!(told[1].starts_with("205.0: 1 down"), "{told:?}");
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
