//! What must always be so, whatever targets, witnesses, people and clocks do. Most of it the world
//! watches over by itself: history goes on and never back, an alarm is raised once and called off
//! once, no monitor is probed twice at a time, and what is stored is what is known.

use std::time::Duration;

use proptest::prelude::*;

use super::world::{Nature, World, at};
use super::{Kind, MonitorId, Outcome, Probing, Rules, secs};
use crate::monitor::state::Phase;
use crate::monitor::{Effect, Expected, Heartbeat, Signal, Standing, Status};
use crate::time::Timestamp;

/// The monitors of a world: 1 has no parents, 2 and 3 are reached through it, 4 through both of
/// these, 5 is a heartbeat reached through 1.
const PARENTS: [&[u64]; 5] = [&[], &[1], &[1], &[2, 3], &[1]];
const BEAT: MonitorId = MonitorId(5);

/// What happens next in a world.
#[derive(Debug, Clone, Copy)]
enum Turn {
    /// A target does this from now on.
    Target(u64, Outcome),
    /// A witness answers from now on, or does not.
    Witness(usize, bool),
    Signal(Signal),
    Pause(u64),
    Resume(u64),
    Ask(u64),
    Maintain(u64, u64),
    Restart(u64),
    Clock(i64),
    Set(u64, u64),
}

/// Targets and witnesses do what they were last told, and answers get lost.
struct Whims {
    targets: [Outcome; 5],
    witnesses: [bool; 2],
    noise: u64,
}

impl Nature for Whims {
    fn outcome(&mut self, id: MonitorId, _: Timestamp) -> Outcome {
        self.noise = self
            .noise
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        match (self.targets[id.0 as usize - 1], self.noise >> 60) {
            (Outcome::Up, 0) => Outcome::Down,
            (outcome, _) => outcome,
        }
    }

    fn answers(&mut self, index: usize, _: Timestamp) -> bool {
        self.witnesses[index]
    }
}

fn outcomes() -> impl Strategy<Value = Outcome> {
    prop_oneof![
        4 => Just(Outcome::Up),
        4 => Just(Outcome::Down),
        1 => Just(Outcome::Degraded),
        1 => Just(Outcome::Unknown),
    ]
}

fn turns() -> impl Strategy<Value = (u64, Turn)> {
    let signals = prop_oneof![
        Just(Signal::Success),
        Just(Signal::Start),
        Just(Signal::Exit(1)),
    ];
    let turn = prop_oneof![
        8 => (1u64..=4, outcomes()).prop_map(|(id, outcome)| Turn::Target(id, outcome)),
        3 => (0usize..2, any::<bool>()).prop_map(|(index, up)| Turn::Witness(index, up)),
        4 => signals.prop_map(Turn::Signal),
        1 => (1u64..=5).prop_map(Turn::Pause),
        1 => (1u64..=5).prop_map(Turn::Resume),
        1 => (1u64..=5).prop_map(Turn::Ask),
        1 => (1u64..=5, 0u64..600).prop_map(|(id, span)| Turn::Maintain(id, span)),
        1 => (1u64..500).prop_map(Turn::Restart),
        1 => (-5_000i64..5_000).prop_map(Turn::Clock),
        1 => (1u64..=4, 5u64..100).prop_map(|(id, interval)| Turn::Set(id, interval)),
    ];
    (0u64..120, turn)
}

fn rules(id: u64, interval: u64) -> Rules {
    let kind = match MonitorId(id) {
        BEAT => Kind::Heartbeat(Heartbeat {
            expected: Expected::Every(secs(interval * 2)),
            grace: secs(interval),
        }),
        _ => Kind::Probed(Probing::every(secs(interval))),
    };
    Rules {
        parents: PARENTS[id as usize - 1]
            .iter()
            .copied()
            .map(MonitorId)
            .collect(),
        ..Rules::of(kind)
    }
}

fn world(noise: u64) -> World<Whims> {
    let mut world = World::new(Whims {
        targets: [Outcome::Up; 5],
        witnesses: [true; 2],
        noise,
    });
    world.set_witnesses(2);
    for id in 1..=5 {
        world.add(id, rules(id, 30));
    }
    world
}

fn take(world: &mut World<Whims>, turn: Turn) {
    match turn {
        Turn::Target(id, outcome) => world.nature.targets[id as usize - 1] = outcome,
        Turn::Witness(index, up) => world.nature.witnesses[index] = up,
        Turn::Signal(signal) => {
            world.act(|watch, now| watch.signal(now, BEAT, signal, None, String::new()));
        }
        Turn::Pause(id) => world.act(|watch, now| watch.pause(now, MonitorId(id))),
        Turn::Resume(id) => world.act(|watch, now| watch.resume(now, MonitorId(id))),
        Turn::Ask(id) => world.act(|watch, now| watch.ask(now, MonitorId(id))),
        Turn::Maintain(id, span) => {
            world.act(|watch, now| watch.maintain(now, MonitorId(id), Some(now.after(secs(span)))));
        }
        Turn::Restart(pause) => world.restart(secs(pause)),
        Turn::Clock(seconds) => world.put_clock(seconds),
        Turn::Set(id, interval) => world.add(id, rules(id, interval)),
    }
}

/// Lives through it, and through a quiet time afterwards.
fn live(noise: u64, turns: &[(u64, Turn)]) -> World<Whims> {
    let mut world = world(noise);
    for (pause, turn) in turns {
        let until = world.now.after(secs(*pause));
        world.run(until);
        take(&mut world, *turn);
    }
    world
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn when_all_is_well_again_everything_is_up_and_nothing_fires(
        noise in any::<u64>(),
        turns in prop::collection::vec(turns(), 0..60),
    ) {
        let mut world = live(noise, &turns);
        world.nature.targets = [Outcome::Up; 5];
        world.nature.witnesses = [true; 2];
        for id in 1..=5 {
            world.act(|watch, now| watch.resume(now, MonitorId(id)));
            world.act(|watch, now| watch.maintain(now, MonitorId(id), None));
        }
        // Flapping is waited out for half an hour, and a clock put back hours in between.
        for _ in 0..720 {
            let until = world.now.after(secs(20));
            world.run(until);
            take(&mut world, Turn::Signal(Signal::Success));
        }
        prop_assert_eq!(&world.alarms.len(), &0);
        prop_assert_eq!(world.watch.blind_since(), None);
        for id in 1..=5 {
            let state = world.watch.state(MonitorId(id)).unwrap();
            prop_assert_eq!(state.standing, Standing::Up, "{}", id);
            prop_assert_eq!(state.interval().0, Status::Up, "{}", id);
        }
    }

    #[test]
    fn what_stays_down_is_told(
        noise in any::<u64>(),
        turns in prop::collection::vec(turns(), 0..60),
    ) {
        let mut world = live(noise, &turns);
        world.nature.targets = [Outcome::Down; 5];
        world.nature.witnesses = [true; 2];
        for id in 1..=5 {
            world.act(|watch, now| watch.resume(now, MonitorId(id)));
            world.act(|watch, now| watch.maintain(now, MonitorId(id), None));
        }
        let until = world.now.after(Duration::from_secs(3_600 * 2));
        world.run(until);
        let state = |id| world.watch.state(MonitorId(id)).unwrap();
        prop_assert!(world.alarms.contains_key(&MonitorId(1)));
        for id in 1..=4 {
            prop_assert!(state(id).standing.fails(), "{}", id);
            prop_assert!(!matches!(state(id).phase, Phase::Suspicion { .. }), "{}", id);
        }
    }

    #[test]
    fn what_nobody_could_look_at_raises_no_alarm(
        noise in any::<u64>(),
        turns in prop::collection::vec(turns(), 0..60),
    ) {
        let unseen: Vec<(u64, Turn)> = turns
            .into_iter()
            .filter(|(_, turn)| !matches!(turn, Turn::Target(..) | Turn::Signal(_)))
            .collect();
        let mut world = world(noise);
        world.nature.targets = [Outcome::Unknown; 5];
        for (pause, turn) in unseen {
            let until = world.now.after(secs(pause));
            world.run(until);
            take(&mut world, turn);
        }
        let alarm = |effect: &Effect| matches!(effect, Effect::Alarm { .. } | Effect::Blind { .. });
        prop_assert!(!world.said.iter().any(|(_, effect)| alarm(effect)));
    }

    #[test]
    fn a_restart_forgets_nothing_and_says_nothing(
        noise in any::<u64>(),
        turns in prop::collection::vec(turns(), 0..40),
    ) {
        let mut world = live(noise, &turns);
        world.said.clear();
        let known = |world: &World<Whims>| -> Vec<_> {
            (1..=5).map(|id| world.watch.state(MonitorId(id)).unwrap().interval()).collect()
        };
        let before = known(&world);
        world.restart(Duration::from_millis(200));
        prop_assert_eq!(known(&world), before);
        prop_assert!(world.said.is_empty(), "{:?}", world.said);
    }

    #[test]
    fn however_many_come_at_once_few_are_due_at_once(
        count in 1u64..300,
        interval in 10u64..100,
        step in -5_000i64..5_000,
    ) {
        let nature = |_: MonitorId, _: Timestamp| Outcome::Up;
        let mut world = World::new(nature);
        for id in 0..count {
            world.add(id, Rules::every(secs(interval)));
        }
        world.run(at(200));
        world.put_clock(step);
        world.run(at(400));
        // 167 a second is the pace of those that come at once; beside it go the rounds.
        let round = count.div_ceil(interval) as usize;
        prop_assert!(world.busiest <= 170 + 4 * round + 20, "{} of {}", world.busiest, count);
        prop_assert!(world.samples >= count * (400 / interval).saturating_sub(4));
    }
}
