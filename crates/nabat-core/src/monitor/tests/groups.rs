//! Groups: what follows for them from how their members stand, and nothing else.

use std::time::Duration;

use super::world::World;
use super::{MonitorId, Outcome, Rules, Script, Steps, at, usual};
use crate::monitor::Outcome::{Down, Up};
use crate::monitor::group::{Seen, words};
use crate::monitor::{DownWhen, Effect, Group, Kind, Member, Standing, Status};

const ANY: DownWhen = DownWhen::Any;
const ALL: DownWhen = DownWhen::All;
const HALF: DownWhen = DownWhen::Percent(50);

/// One letter for each member.
fn seen(letters: &str) -> Vec<Seen<'_>> {
    let status = |letter| match letter {
        "u" => Status::Up,
        "g" => Status::Degraded,
        "d" => Status::Down,
        "r" => Status::Unreachable,
        "?" => Status::Unknown,
        "n" => Status::Pending,
        "m" => Status::Maintenance,
        "p" => Status::Paused,
        other => panic!("{other}"),
    };
    let one = |name| Seen {
        name,
        status: status(name),
        words: "no answer",
    };
    letters.split_inclusive(|_| true).map(one).collect()
}

#[test]
fn how_a_group_stands_is_decided_by_how_its_members_do() {
    let up = Some(Standing::Up);
    let down = Some(Standing::Down);
    let away = Some(Standing::Unreachable);
    for (members, any, all, half) in [
        ("uuu", up, up, up),
        ("ugu", up, up, up),
        ("duu", down, up, up),
        ("ddu", down, up, down),
        ("ddd", down, down, down),
        ("dduu", down, up, down),
        // What is unknown never makes it go down, and is not taken for up either.
        ("?uu", None, up, up),
        ("??u", None, up, None),
        ("d?u", down, up, None),
        ("dd?", down, None, down),
        ("???", None, None, None),
        ("d?", down, None, down),
        // What is not looked at is left out.
        ("dm", down, down, down),
        ("dmu", down, up, down),
        ("um", up, up, up),
        ("mp", None, None, None),
        ("n", None, None, None),
        ("un", up, up, up),
        ("dp", down, down, down),
        ("?m", None, None, None),
        // A parent's alarm says it already.
        ("ru", away, up, away),
        ("rr", away, away, away),
        ("rd", down, away, down),
        ("rduu", down, up, away),
        ("r?", away, None, away),
    ] {
        let found = [ANY, ALL, HALF].map(|when| when.verdict(&seen(members)));
        assert_eq!(found, [any, all, half], "{members}");
    }
    let one_of_hundred = DownWhen::Percent(1);
    assert_eq!(one_of_hundred.verdict(&seen("uuuu")), up);
    assert_eq!(one_of_hundred.verdict(&seen("duuu")), down);
    let each = DownWhen::Percent(100);
    assert_eq!(each.verdict(&seen("dddu")), up);
    assert_eq!(each.verdict(&seen("dddd")), down);
}

#[test]
fn it_is_said_which_members_are_down() {
    for (members, said) in [
        ("uu", "2 of 2 up"),
        ("um", "1 of 1 up"),
        ("mp", "no member is looked at"),
        ("du", "1 of 2 down: d (no answer)"),
        (
            "du?r",
            "1 of 4 down: d (no answer); 1 of 4 unreachable: r; 1 of 4 unknown: ?",
        ),
        ("ddddu", "4 of 5 down: d, d, d, d"),
        (
            "dddddddddddd",
            "12 of 12 down: d, d, d, d, d, d, d, d, d, d and 2 more",
        ),
    ] {
        assert_eq!(words(&seen(members)), said, "{members}");
    }
}

fn group(down_when: DownWhen, members: &[u64]) -> Rules {
    let member = |id: &u64| Member {
        id: MonitorId(*id),
        name: format!("m{id}"),
    };
    Rules::of(Kind::Group(Group {
        members: members.iter().map(member).collect(),
        down_when,
    }))
}

const FINE: Steps = &[];
const BACK: &[(i64, Outcome)] = &[(100, Down), (400, Up)];
const LATER: &[(i64, Outcome)] = &[(200, Down), (300, Up)];

/// Members 1 and 2, and the group 9 of them.
fn world(down_when: DownWhen, targets: [Steps; 2]) -> World<Script> {
    let mut world = World::new(Script {
        targets: vec![(1, targets[0]), (2, targets[1])],
        witnesses: &[],
    });
    world.add(9, group(down_when, &[1, 2]));
    world.add(1, usual());
    world.add(2, usual());
    world
}

/// What is said of the group.
fn of_group(world: &mut World<Script>, until: i64) -> Vec<String> {
    world.run(at(until));
    let of_group = |line: &String| line.contains(": 9 ");
    world.told().into_iter().filter(of_group).collect()
}

#[test]
fn a_group_follows_its_members_at_once() {
    let mut any = world(ANY, [BACK, LATER]);
    let expected = [
        "0.0: 9 up since 0.0",
        "137.5: 9 down since 122.5",
        "137.5: 9 alarm, down since 122.5",
        // The other member goes down, and comes back.
        "233.1: 9 alarm, down since 122.5",
        "309.2: 9 alarm, down since 122.5",
        "423.5: 9 up since 422.5",
        "423.5: 9 calm, not down at 422.5",
    ];
    assert_eq!(of_group(&mut any, 600), expected);

    let mut all = world(ALL, [BACK, LATER]);
    let said = of_group(&mut all, 600);
    let first: f64 = said[1].split(':').next().unwrap().parse().unwrap();
    assert!((200.0..300.0).contains(&first), "{said:?}");

    let mut fine = world(ALL, [BACK, FINE]);
    let said = of_group(&mut fine, 600);
    assert_eq!(said.len(), 1, "{said:?}");
}

#[test]
fn an_alarm_that_is_on_says_which_members_are_down_now() {
    let mut world = world(ANY, [BACK, LATER]);
    world.run(at(600));
    let said: Vec<String> = world
        .said
        .iter()
        .filter_map(|(_, effect)| match effect {
            Effect::Alarm { id, words, .. } if id.0 == 9 => Some(words.clone()),
            _ => None,
        })
        .collect();
    let one = "1 of 2 down: m1 (no answer)";
    let both = "2 of 2 down: m1 (no answer), m2 (no answer)";
    assert_eq!(said, [one, both, one]);
}

#[test]
fn a_restart_neither_ends_nor_repeats_an_alarm() {
    let mut world = world(ANY, [&[(100, Down)], FINE]);
    world.run(at(200));
    world.said.clear();
    world.restart(Duration::from_secs(600));
    let said = of_group(&mut world, 1_000);
    let alarms = said.iter().filter(|line| !line.contains("since"));
    assert_eq!(alarms.count(), 0, "{said:?}");
    assert_eq!(
        world.watch.status(MonitorId(9), world.now),
        Some(Status::Down)
    );
}

#[test]
fn what_is_done_to_members_and_groups_by_hand_is_heeded() {
    let id = MonitorId;
    let mut world = world(ANY, [&[(100, Down)], FINE]);
    world.run(at(200));
    let status = |world: &World<Script>| world.watch.status(id(9), world.now).unwrap();
    assert_eq!(status(&world), Status::Down);
    world.act(|watch, now| watch.pause(now, id(1)));
    assert_eq!(status(&world), Status::Up);
    assert!(!world.alarms.contains_key(&id(9)));
    world.act(|watch, now| watch.maintain(now, id(9), Some(now.after(Duration::from_secs(300)))));
    world.act(|watch, now| watch.resume(now, id(1)));
    world.run(at(300));
    assert_eq!(status(&world), Status::Maintenance);
    assert!(!world.alarms.contains_key(&id(9)), "nobody is told");
    world.run(at(600));
    assert!(world.alarms.contains_key(&id(9)), "told once work is over");
    world.act(|watch, now| watch.pause(now, id(9)));
    assert!(!world.alarms.contains_key(&id(9)));
    world.act(|watch, now| watch.resume(now, id(9)));
    assert_eq!(status(&world), Status::Down);

    // A group of a group, and rules that change.
    world.add(10, group(ALL, &[9, 2]));
    assert_eq!(world.watch.status(id(10), world.now), Some(Status::Up));
    world.add(10, group(ALL, &[9]));
    assert_eq!(world.watch.status(id(10), world.now), Some(Status::Down));
    world.add(9, group(ALL, &[1, 2]));
    assert_eq!(status(&world), Status::Up);
    assert_eq!(world.watch.status(id(10), world.now), Some(Status::Up));
    world.add(9, group(ANY, &[1, 2]));
    assert_eq!(status(&world), Status::Down);
    world.remove(1);
    assert_eq!(status(&world), Status::Up, "it goes on without it");
    assert!(!world.alarms.contains_key(&id(9)));
    world.remove(2);
    assert_eq!(status(&world), Status::Unknown);
}

#[test]
fn a_group_has_not_too_many_members_and_a_share_that_can_be_met() {
    let many: Vec<u64> = (1..=1_001).collect();
    for (rules, fits) in [
        (group(ANY, &[1]), true),
        (group(DownWhen::Percent(100), &[1]), true),
        // They may join later, by their labels.
        (group(ANY, &[]), true),
        (group(ANY, &many), false),
        (group(DownWhen::Percent(0), &[1]), false),
        (group(DownWhen::Percent(101), &[1]), false),
    ] {
        assert_eq!(rules.check().is_ok(), fits);
    }
}
