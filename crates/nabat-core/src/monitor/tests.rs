//! What is decided of monitors: tables of what happens and what is said of it, what must always be
//! so, and a world of many for days.

mod always;
mod families;
mod groups;
mod hands;
mod heartbeats;
mod probed;
mod rules;
mod sight;
mod simulation;
mod unheard;
mod world;

use std::time::Duration;

use super::{Kind, MonitorId, Outcome, Probing, Rules};
use crate::time::Timestamp;
use world::{Nature, World, at};

/// What a target does from when on, in seconds.
type Steps = &'static [(i64, Outcome)];

/// What targets and witnesses do.
struct Script {
    targets: Vec<(u64, Steps)>,
    witnesses: &'static [(i64, bool)],
}

impl Nature for Script {
    fn outcome(&mut self, id: MonitorId, now: Timestamp) -> Outcome {
        let target = self.targets.iter().find(|(known, _)| *known == id.0);
        target
            .and_then(|(_, steps)| latest(steps, now))
            .unwrap_or(Outcome::Up)
    }

    fn answers(&mut self, _index: usize, now: Timestamp) -> bool {
        latest(self.witnesses, now).unwrap_or(true)
    }
}

fn latest<T: Copy>(steps: &[(i64, T)], now: Timestamp) -> Option<T> {
    let past = steps.iter().take_while(|(from, _)| at(*from) <= now);
    past.last().map(|step| step.1)
}

fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Every half minute, as usual.
fn usual() -> Rules {
    Rules::every(secs(30))
}

fn probed(change: impl FnOnce(&mut Probing)) -> Rules {
    let mut probing = Probing::every(secs(30));
    change(&mut probing);
    Rules::of(Kind::Probed(probing))
}

/// The one monitor of most tables. Its rounds are at 2.5, 32.5 and so on; the first is at 0.
const ONE: MonitorId = MonitorId(1);

/// A world with this one monitor.
fn one(rules: Rules, steps: Steps) -> World<Script> {
    let mut world = World::new(Script {
        targets: vec![(ONE.0, steps)],
        witnesses: &[],
    });
    world.add(ONE.0, rules);
    world
}

/// What is said in it within a quarter of an hour, but for the first time that it is up.
fn told(mut world: World<Script>) -> Vec<String> {
    world.run(at(900));
    let mut told = world.told();
    told.retain(|line| !line.ends_with(" up since 0.0") && !line.ends_with(": asks"));
    told
}

fn check(name: &str, told: &[String], expected: &[&str]) {
    assert_eq!(told, expected, "{name}");
}
