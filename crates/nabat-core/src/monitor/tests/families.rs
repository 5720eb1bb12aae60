//! What is reached through what: parents hold their children's alarms, never their watching.

use super::world::World;
use super::{MonitorId, Outcome, Rules, Script, Steps, at, check, told, usual};
use crate::monitor::Outcome::{Down, Unknown, Up};

type Members = &'static [(u64, Steps, &'static [u64])];

/// Monitors that do this, each with its parents.
fn family(members: Members) -> World<Script> {
    let mut world = World::new(Script {
        targets: members.iter().map(|(id, steps, _)| (*id, *steps)).collect(),
        witnesses: &[],
    });
    for (id, _, parents) in members {
        world.add(*id, behind(parents));
    }
    world
}

/// Reached through these.
fn behind(parents: &[u64]) -> Rules {
    Rules {
        parents: parents.iter().copied().map(MonitorId).collect(),
        ..usual()
    }
}

const FINE: Steps = &[];
const BACK: &[(i64, Outcome)] = &[(100, Down), (400, Up)];

#[test]
fn whoever_is_cut_off_by_its_parents_is_unreachable() {
    let cases: &[(&str, Members, &[&str])] = &[
        (
            "both",
            &[(1, BACK, &[]), (2, BACK, &[1])],
            &[
                "137.5: 1 down since 122.5",
                "137.5: 1 alarm, down since 122.5",
                "143.1: 2 unreachable since 128.1",
                "423.5: 1 up since 422.5",
                "423.5: 1 calm, not down at 422.5",
                "424.5: 2 up since 423.5",
            ],
        ),
        (
            "the child alone",
            &[(1, FINE, &[]), (2, BACK, &[1])],
            &[
                "143.1: 2 down since 128.1",
                "143.1: 2 alarm, down since 128.1",
                "429.2: 2 up since 428.1",
                "429.2: 2 calm, not down at 428.1",
            ],
        ),
        (
            "a chain",
            &[(1, BACK, &[]), (2, BACK, &[1]), (3, BACK, &[2])],
            &[
                "126.1: 1 down since 111.1",
                "126.1: 1 alarm, down since 111.1",
                "126.1: 2 unreachable since 110.1",
                "126.1: 3 unreachable since 109.1",
                "410.1: 3 up since 409.1",
                "423.5: 1 up since 422.5",
                "423.5: 1 calm, not down at 422.5",
                "424.5: 2 up since 423.5",
            ],
        ),
        (
            "one of two",
            &[(1, BACK, &[]), (2, FINE, &[]), (3, BACK, &[1, 2])],
            &[
                "124.1: 3 down since 109.1",
                "124.1: 3 alarm, down since 109.1",
                "125.1: 1 down since 110.1",
                "125.1: 1 alarm, down since 110.1",
                "410.1: 3 up since 409.1",
                "410.1: 3 calm, not down at 409.1",
                "423.5: 1 up since 422.5",
                "423.5: 1 calm, not down at 422.5",
            ],
        ),
        (
            "two of two",
            &[(1, BACK, &[]), (2, BACK, &[]), (3, BACK, &[1, 2])],
            &[
                "125.1: 1 down since 110.1",
                "125.1: 1 alarm, down since 110.1",
                "125.1: 2 down since 110.1",
                "125.1: 2 alarm, down since 110.1",
                "125.1: 3 unreachable since 109.1",
                "410.1: 3 up since 409.1",
                "423.5: 1 up since 422.5",
                "423.5: 1 calm, not down at 422.5",
                "429.2: 2 up since 428.1",
                "429.2: 2 calm, not down at 428.1",
            ],
        ),
        (
            "a parent unseen",
            &[(1, &[(100, Unknown)], &[]), (2, BACK, &[1])],
            &[
                "131.1: 1 unknown since 122.5",
                "143.1: 2 down since 128.1",
                "143.1: 2 alarm, down since 128.1",
                "429.2: 2 up since 428.1",
                "429.2: 2 calm, not down at 428.1",
            ],
        ),
        (
            "another way",
            &[(1, BACK, &[]), (2, FINE, &[1])],
            &[
                "137.5: 1 down since 122.5",
                "137.5: 1 alarm, down since 122.5",
                "423.5: 1 up since 422.5",
                "423.5: 1 calm, not down at 422.5",
            ],
        ),
    ];
    for (name, members, expected) in cases {
        check(name, &told(family(members)), expected);
    }
}

#[test]
fn a_child_that_stays_down_is_told_when_its_parent_is_back() {
    let dead: Members = &[(1, BACK, &[]), (2, &[(100, Down)], &[1])];
    check(
        "dead",
        &told(family(dead)),
        &[
            "137.5: 1 down since 122.5",
            "137.5: 1 alarm, down since 122.5",
            "143.1: 2 unreachable since 128.1",
            "423.5: 1 up since 422.5",
            "423.5: 1 calm, not down at 422.5",
            "438.5: 2 down since 423.5",
            "438.5: 2 alarm, down since 423.5",
        ],
    );
}

#[test]
fn an_alarm_from_before_is_called_off_all_the_same() {
    let members: Members = &[
        (1, &[(300, Down), (800, Up)], &[]),
        (2, &[(100, Down), (500, Up)], &[1]),
    ];
    check(
        "before",
        &told(family(members)),
        &[
            "143.1: 2 down since 128.1",
            "143.1: 2 alarm, down since 128.1",
            "317.5: 1 down since 302.5",
            "317.5: 1 alarm, down since 302.5",
            "519.2: 2 up since 518.1",
            "519.2: 2 calm, not down at 518.1",
            "813.5: 1 up since 812.5",
            "813.5: 1 calm, not down at 812.5",
        ],
    );
}

#[test]
fn without_its_parent_a_child_stands_for_itself() {
    let members: Members = &[(1, &[(100, Down)], &[]), (2, &[(100, Down)], &[1])];
    let mut removed = family(members);
    removed.run(at(300));
    removed.remove(1);
    check(
        "removed",
        &told(removed),
        &[
            "137.5: 1 down since 122.5",
            "137.5: 1 alarm, down since 122.5",
            "143.1: 2 unreachable since 128.1",
            "300.0: 1 calm, not down at 300.0",
            "315.0: 2 down since 300.0",
            "315.0: 2 alarm, down since 300.0",
        ],
    );
    let mut paused = family(members);
    paused.run(at(300));
    paused.act(|watch, now| watch.pause(now, MonitorId(1)));
    check(
        "paused",
        &told(paused),
        &[
            "137.5: 1 down since 122.5",
            "137.5: 1 alarm, down since 122.5",
            "143.1: 2 unreachable since 128.1",
            "300.0: 1 paused since 300.0",
            "300.0: 1 calm, not down at 300.0",
            "315.0: 2 down since 300.0",
            "315.0: 2 alarm, down since 300.0",
        ],
    );
}

#[test]
fn nobody_becomes_its_own_parent() {
    let world = family(&[(1, FINE, &[]), (2, FINE, &[1]), (3, FINE, &[2])]);
    let refused = |id, parent| {
        let answer = world.watch.parents_ok(MonitorId(id), &[MonitorId(parent)]);
        answer
            .err()
            .map(|cycle| cycle.0.iter().map(|id| id.0).collect::<Vec<_>>())
    };
    assert_eq!(refused(3, 1), None);
    assert_eq!(refused(4, 3), None);
    assert_eq!(refused(1, 1), Some(vec![1]));
    assert_eq!(refused(1, 3), Some(vec![1, 3, 2]));
    assert_eq!(refused(2, 3), Some(vec![2, 3]));
}

#[test]
fn parent_and_child_may_exchange_their_places() {
    let mut world = family(&[(1, BACK, &[]), (2, BACK, &[1])]);
    world.act(|watch, _| watch.loosen([MonitorId(1), MonitorId(2)]));
    world.add(1, behind(&[2]));
    world.add(2, behind(&[]));
    let told = told(world);
    let about = |id: &str| told.iter().filter(|line| line.contains(id)).count();
    assert!(
        told.iter().any(|line| line.contains("1 unreachable")),
        "{told:?}"
    );
    assert_eq!(about(": 1 alarm"), 0, "{told:?}");
    assert_eq!(about(": 2 alarm"), 1, "{told:?}");
}
