//! Whether it is our own fault: what is said when the witnesses fail as well.

use super::world::World;
use super::{Script, Steps, check, told, usual};
use crate::monitor::Outcome::{Down, Up};
use crate::monitor::Rules;

/// Monitors 1, 2, 3 that do this, beside two witnesses.
fn seen(targets: &'static [Steps], witnesses: &'static [(i64, bool)]) -> Vec<String> {
    let targets: Vec<(u64, Steps)> = (1..).zip(targets.iter().copied()).collect();
    let ids: Vec<u64> = targets.iter().map(|(id, _)| *id).collect();
    let mut world = World::new(Script { targets, witnesses });
    world.set_witnesses(2);
    for id in ids {
        world.add(id, usual());
    }
    told(world)
}

/// The rules of what is on this machine.
fn near() -> Rules {
    let is_local = true;
    Rules {
        is_local,
        ..usual()
    }
}

const FINE: Steps = &[];
const BACK: Steps = &[(100, Down), (400, Up)];

#[test]
fn what_fails_while_all_witnesses_fail_is_unknown() {
    let gone: &[(i64, bool)] = &[(100, false), (400, true)];
    check(
        "they answer",
        &seen(&[BACK], &[]),
        &[
            "137.5: 1 down since 122.5",
            "137.5: 1 alarm, down since 122.5",
            "423.5: 1 up since 422.5",
            "423.5: 1 calm, not down at 422.5",
        ],
    );
    check(
        "they don't",
        &seen(&[BACK, BACK, FINE], gone),
        &[
            "138.5: blind since 122.5",
            "138.5: 1 unknown since 122.5",
            "143.1: 2 unknown since 128.1",
            "400.1: 2 up since 400.1",
            "400.5: sees",
            "400.5: 1 up since 400.5",
        ],
    );
    check(
        "down before",
        &seen(&[&[(30, Down), (700, Up)], BACK], gone),
        &[
            "47.5: 1 down since 32.5",
            "47.5: 1 alarm, down since 32.5",
            "144.1: blind since 128.1",
            "144.1: 2 unknown since 128.1",
            "153.5: 1 unknown since 152.5",
            "400.1: 2 up since 400.1",
            "400.1: sees",
            "401.1: 1 down since 400.1",
            "723.5: 1 up since 722.5",
            "723.5: 1 calm, not down at 722.5",
        ],
    );
    check(
        "dead meanwhile",
        &seen(&[&[(100, Down)]], gone),
        &[
            "138.5: blind since 122.5",
            "138.5: 1 unknown since 122.5",
            "400.5: sees",
            "415.5: 1 down since 400.5",
            "415.5: 1 alarm, down since 400.5",
        ],
    );
}

#[test]
fn what_is_on_this_machine_needs_no_witness() {
    let gone: &[(i64, bool)] = &[(100, false), (400, true)];
    let targets = vec![(1, BACK), (2, BACK)];
    let mut world = World::new(Script {
        targets,
        witnesses: gone,
    });
    world.set_witnesses(1);
    world.add(1, usual());
    world.add(2, near());
    world.run(super::at(200));
    let far = world.watch.state(super::ONE).unwrap();
    assert_eq!(far.words, "the witness w1 does not answer");
    let expected = [
        "138.5: blind since 122.5",
        "138.5: 1 unknown since 122.5",
        "143.1: 2 down since 128.1",
        "143.1: 2 alarm, down since 128.1",
        "400.5: sees",
        "400.5: 1 up since 400.5",
        "429.2: 2 up since 428.1",
        "429.2: 2 calm, not down at 428.1",
    ];
    check("near", &told(world), &expected);
}

#[test]
fn what_is_on_this_machine_says_nothing_of_the_network() {
    let mut world = World::new(Script {
        targets: vec![(1, &[(0, Down), (400, Up)])],
        witnesses: &[(0, false), (400, true)],
    });
    world.set_witnesses(1);
    world.add(1, usual());
    world.add(2, near());
    let told = told(world);
    assert!(
        told.iter().any(|line| line.contains("blind since 0.0")),
        "{told:?}"
    );
    assert!(!told.iter().any(|line| line.contains("alarm")), "{told:?}");
}

#[test]
fn what_failed_while_they_failed_for_a_moment_is_looked_at_anew() {
    let blink: &[(i64, bool)] = &[(120, false), (130, true)];
    check("up", &seen(&[&[(120, Down), (130, Up)]], blink), &[]);
    check(
        "dead",
        &seen(&[&[(120, Down)]], blink),
        &[
            "152.5: 1 down since 137.5",
            "152.5: 1 alarm, down since 137.5",
        ],
    );
}

#[test]
fn witnesses_that_never_answered_tell_nothing_once_something_else_did() {
    check(
        "something else did before",
        &seen(&[&[(60, Down)], FINE], &[(0, false)]),
        &["77.5: 1 down since 62.5", "77.5: 1 alarm, down since 62.5"],
    );
    check(
        "nothing else did",
        &seen(&[&[(0, Down)]], &[(0, false)]),
        &["16.0: blind since 0.0", "16.0: 1 unknown since 0.0"],
    );
    check(
        "not from the beginning",
        &seen(&[&[(0, Down), (40, Up)]], &[(0, false), (40, true)]),
        &[
            "16.0: blind since 0.0",
            "16.0: 1 unknown since 0.0",
            "40.0: sees",
            "40.0: 1 up since 40.0",
        ],
    );
}

#[test]
fn a_witness_that_fails_alone_is_none() {
    struct OneGone;
    impl super::Nature for OneGone {
        fn outcome(&mut self, _: super::MonitorId, now: super::Timestamp) -> super::Outcome {
            if now < super::at(100) { Up } else { Down }
        }
        fn answers(&mut self, index: usize, _: super::Timestamp) -> bool {
            index == 1
        }
    }
    let mut world = World::new(OneGone);
    world.set_witnesses(2);
    world.add(1, usual());
    world.run(super::at(300));
    let told: Vec<String> = world
        .told()
        .into_iter()
        .filter(|t| !t.contains("asks"))
        .collect();
    check(
        "one",
        &told,
        &[
            "0.0: 1 up since 0.0",
            "137.5: 1 down since 122.5",
            "137.5: 1 alarm, down since 122.5",
        ],
    );
}

#[test]
fn a_restart_remembers_that_it_was_blind() {
    let mut world = World::new(Script {
        targets: vec![(1, BACK)],
        witnesses: &[(100, false), (400, true)],
    });
    world.set_witnesses(2);
    world.add(1, usual());
    world.run(super::at(200));
    assert!(world.watch.blind_since().is_some());
    world.restart(super::secs(5));
    check(
        "restart",
        &told(world),
        &[
            "138.5: blind since 122.5",
            "138.5: 1 unknown since 122.5",
            "400.0: sees",
            "400.0: 1 up since 400.0",
        ],
    );
}

/// Monitors that do this, of which some stand beside a router that falls silent for a while.
fn seen_by_router(targets: &[Steps]) -> Vec<String> {
    seen_by(vec![true], targets)
}

/// The same, beside routers (`true`) and hosts further away.
fn seen_by(links: Vec<bool>, targets: &[Steps]) -> Vec<String> {
    let targets: Vec<(u64, Steps)> = (1..).zip(targets.iter().copied()).collect();
    let ids: Vec<u64> = targets.iter().map(|(id, _)| *id).collect();
    let witnesses = &[(100, false), (400, true)];
    let mut world = World::new(Script { targets, witnesses });
    world.watched_by(links);
    for id in ids {
        world.add(id, usual());
    }
    told(world)
}

#[test]
fn a_router_that_falls_silent_is_not_believed_while_others_answer_through_it() {
    let told = seen_by_router(&[BACK, FINE, FINE]);
    let about_one = |line: &&String| line.contains(": 1 ");
    let alarms: Vec<_> = told.iter().filter(about_one).collect();
    assert!(!told.iter().any(|line| line.contains("blind")), "{told:?}");
    assert_eq!(alarms.len(), 4, "{told:?}");
    assert!(alarms[1].ends_with("1 alarm, down since 137.5"), "{told:?}");
}

#[test]
fn a_router_that_falls_silent_with_all_others_is_believed() {
    let told = seen_by_router(&[BACK, BACK]);
    assert!(told[0].contains("blind since"), "{told:?}");
    assert!(!told.iter().any(|line| line.contains("alarm")), "{told:?}");
    assert!(told.iter().any(|line| line.contains("sees")), "{told:?}");
}

#[test]
fn what_answers_nearby_does_not_show_that_the_rest_can_be_seen() {
    let told = seen_by(vec![true, false], &[BACK, FINE, FINE]);
    let count = |word: &str| told.iter().filter(|line| line.contains(word)).count();
    assert_eq!((count("blind"), count("sees")), (1, 1), "{told:?}");
    assert_eq!(count("alarm"), 0, "{told:?}");
}

#[test]
fn without_witnesses_nothing_can_be_blind() {
    let mut world = World::new(Script {
        targets: vec![(1, &[(100, Down)])],
        witnesses: &[(100, false)],
    });
    world.set_witnesses(1);
    world.add(1, usual());
    world.run(super::at(200));
    assert!(world.watch.blind_since().is_some());
    world.set_witnesses(0);
    assert_eq!(world.watch.blind_since(), None);
    world.run(super::at(300));
    let status = world.watch.status(super::ONE, super::at(300));
    assert_eq!(status, Some(crate::monitor::Status::Down));
}
