//! One target: what it takes to be down, degraded, unknown, and up again.

use super::{check, one, probed, told, usual};
use crate::monitor::Outcome::{Degraded, Down, Unknown, Up};
use crate::monitor::Status;

#[test]
fn a_failure_is_made_sure_of_before_anybody_is_told() {
    let two_of_four = || probed(|p| p.failures_needed = Some(2));
    for (name, rules, steps, expected) in [
        (
            "dead",
            usual(),
            &[(100, Down)][..],
            &[
                "137.5: 1 down since 122.5",
                "137.5: 1 alarm, down since 122.5",
            ][..],
        ),
        (
            "dead from the beginning",
            usual(),
            &[(0, Down)],
            &["15.0: 1 down since 0.0", "15.0: 1 alarm, down since 0.0"],
        ),
        ("one lost", usual(), &[(100, Down), (124, Up)], &[]),
        (
            "three of four lost",
            usual(),
            &[(100, Down), (130, Up)],
            &[],
        ),
        (
            "lost again and again",
            usual(),
            &[(100, Down), (124, Up), (150, Down), (154, Up)],
            &[],
        ),
        (
            "no retries",
            probed(|p| p.retries.clear()),
            &[(100, Down)],
            &[
                "123.5: 1 down since 122.5",
                "123.5: 1 alarm, down since 122.5",
            ],
        ),
        (
            "two of four",
            two_of_four(),
            &[(100, Down), (124, Up), (126, Down)],
            &[
                "128.5: 1 down since 122.5",
                "128.5: 1 alarm, down since 122.5",
            ],
        ),
        ("one of four", two_of_four(), &[(100, Down), (124, Up)], &[]),
    ] {
        check(name, &told(one(rules, steps)), expected);
    }
}

#[test]
fn an_end_is_made_sure_of_as_well() {
    for (name, rules, steps, expected) in [
        (
            "back",
            usual(),
            &[(100, Down), (200, Up)][..],
            &[
                "137.5: 1 down since 122.5",
                "137.5: 1 alarm, down since 122.5",
                "213.5: 1 up since 212.5",
                "213.5: 1 calm, not down at 212.5",
            ][..],
        ),
        (
            "back for a moment",
            usual(),
            &[(100, Down), (212, Up), (213, Down)],
            &[
                "137.5: 1 down since 122.5",
                "137.5: 1 alarm, down since 122.5",
            ],
        ),
        (
            "one is enough",
            probed(|p| p.recoveries_needed = 1),
            &[(100, Down), (200, Up)],
            &[
                "137.5: 1 down since 122.5",
                "137.5: 1 alarm, down since 122.5",
                "212.5: 1 up since 212.5",
                "212.5: 1 calm, not down at 212.5",
            ],
        ),
        (
            "by rounds",
            probed(|p| p.retries.clear()),
            &[(100, Down), (200, Up)],
            &[
                "123.5: 1 down since 122.5",
                "123.5: 1 alarm, down since 122.5",
                "242.5: 1 up since 212.5",
                "242.5: 1 calm, not down at 212.5",
            ],
        ),
    ] {
        check(name, &told(one(rules, steps)), expected);
    }
}

#[test]
fn what_is_degraded_is_made_sure_of_and_told() {
    for (name, rules, steps, expected) in [
        (
            "degraded",
            usual(),
            &[(100, Degraded), (300, Up)][..],
            &[
                "133.5: 1 degraded since 122.5",
                "133.5: 1 alarm, degraded since 122.5",
                "303.5: 1 up since 302.5",
                "303.5: 1 calm, not degraded at 302.5",
            ][..],
        ),
        ("for two looks", usual(), &[(100, Degraded), (125, Up)], &[]),
        (
            "then down",
            usual(),
            &[(100, Degraded), (300, Down), (400, Up)],
            &[
                "133.5: 1 degraded since 122.5",
                "133.5: 1 alarm, degraded since 122.5",
                "317.5: 1 down since 302.5",
                "317.5: 1 calm, not degraded at 302.5",
                "317.5: 1 alarm, down since 302.5",
                "423.5: 1 up since 422.5",
                "423.5: 1 calm, not down at 422.5",
            ],
        ),
        (
            "after being down",
            usual(),
            &[(100, Down), (300, Degraded)],
            &[
                "137.5: 1 down since 122.5",
                "137.5: 1 alarm, down since 122.5",
                "303.5: 1 up since 302.5",
                "303.5: 1 calm, not down at 302.5",
                "313.5: 1 degraded since 302.5",
                "313.5: 1 alarm, degraded since 302.5",
            ],
        ),
        (
            "down for a moment",
            usual(),
            &[(100, Degraded), (302, Down), (304, Degraded)],
            &[
                "133.5: 1 degraded since 122.5",
                "133.5: 1 alarm, degraded since 122.5",
            ],
        ),
    ] {
        check(name, &told(one(rules, steps)), expected);
    }
    let mut world = one(usual(), &[(0, Degraded)]);
    world.run(super::at(1));
    let state = world.watch.state(super::ONE).unwrap();
    assert_eq!((state.status(), &*state.words), (Status::Pending, ""));
}

#[test]
fn a_slow_answer_is_degraded() {
    let slow = probed(|p| p.slow_after = Some(std::time::Duration::from_millis(10)));
    let fast = probed(|p| p.slow_after = Some(std::time::Duration::from_millis(20)));
    check(
        "slow",
        &told(one(slow, &[])),
        &[
            "62.5: 1 degraded since 0.0",
            "62.5: 1 alarm, degraded since 0.0",
        ],
    );
    let mut world = one(
        probed(|p| p.slow_after = Some(std::time::Duration::from_millis(10))),
        &[],
    );
    world.run(super::at(50));
    let state = world.watch.state(super::ONE).unwrap();
    assert_eq!(state.words, "answered", "that it is slow may be by chance");
    world.run(super::at(100));
    let state = world.watch.state(super::ONE).unwrap();
    assert_eq!(
        state.alarm_words(),
        "answered after 20 ms, not within 10 ms; answered"
    );
    check("just in time", &told(one(fast, &[])), &[]);
}

#[test]
fn what_could_not_be_looked_at_changes_no_alarm() {
    for (name, steps, expected) in [
        (
            "unknown",
            &[(100, Unknown), (300, Up)][..],
            &["182.5: 1 unknown since 122.5", "302.5: 1 up since 302.5"][..],
        ),
        ("twice unknown", &[(100, Unknown), (160, Up)], &[]),
        (
            "up again",
            &[(100, Down), (200, Unknown), (400, Up)],
            &[
                "137.5: 1 down since 122.5",
                "137.5: 1 alarm, down since 122.5",
                "272.5: 1 unknown since 212.5",
                "423.5: 1 up since 422.5",
                "423.5: 1 calm, not down at 422.5",
            ],
        ),
        (
            "still down",
            &[(100, Down), (200, Unknown), (400, Down)],
            &[
                "137.5: 1 down since 122.5",
                "137.5: 1 alarm, down since 122.5",
                "272.5: 1 unknown since 212.5",
                "423.5: 1 down since 422.5",
            ],
        ),
        (
            "once while suspected",
            &[(100, Down), (124, Unknown), (125, Down)],
            &[
                "138.5: 1 down since 122.5",
                "138.5: 1 alarm, down since 122.5",
            ],
        ),
        (
            "while suspected",
            &[(100, Down), (124, Unknown), (200, Up)],
            &["126.5: 1 unknown since 124.5", "212.5: 1 up since 212.5"],
        ),
        (
            "from the beginning",
            &[(0, Unknown)],
            &["62.5: 1 unknown since 0.0"],
        ),
    ] {
        check(name, &told(one(usual(), steps)), expected);
    }
}

#[test]
fn while_it_flaps_its_alarm_stays() {
    let steps: super::Steps = &[
        (60, Down),
        (90, Up),
        (120, Down),
        (150, Up),
        (180, Down),
        (210, Up),
        (240, Down),
        (270, Up),
    ];
    let mut world = one(usual(), steps);
    world.run(super::at(3_000));
    check(
        "flaps",
        &told(world),
        &[
            "77.5: 1 down since 62.5",
            "77.5: 1 alarm, down since 62.5",
            "93.5: 1 up since 92.5",
            "93.5: 1 calm, not down at 92.5",
            "137.5: 1 down since 122.5",
            "137.5: 1 alarm, down since 122.5",
            "153.5: 1 up since 152.5",
            "153.5: 1 calm, not down at 152.5",
            "197.5: 1 down since 182.5",
            "197.5: 1 alarm, down since 182.5",
            "213.5: 1 up since 212.5",
            "213.5: 1 alarm, down since 182.5",
            "257.5: 1 down since 242.5",
            "273.5: 1 up since 272.5",
            "2073.5: 1 calm, not down at 2073.5",
        ],
    );
}

#[test]
fn what_was_said_of_an_alarm_is_known_as_long_as_it_fires() {
    let steps: super::Steps = &[
        (60, Down),
        (90, Up),
        (120, Down),
        (150, Up),
        (180, Down),
        (210, Up),
    ];
    let mut world = one(usual(), steps);
    let mut words = Vec::new();
    for when in [50, 80, 100, 200, 300] {
        world.run(super::at(when));
        words.push(
            world
                .watch
                .state(super::ONE)
                .unwrap()
                .alarm_words()
                .to_owned(),
        );
    }
    let flaps = "flapping: 6 changes within 1h; answered";
    assert_eq!(words, ["", "no answer", "", "no answer", flaps]);
}
