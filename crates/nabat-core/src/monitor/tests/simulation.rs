//! Many monitors for a long time: answers get lost, hosts die and come back, Nabat is cut off now and
//! then, is restarted, and its clock steps. Nobody is told that something is down which is not, and
//! who dies is told of in time.
//!
//! Where a probe has but one packet to get through, four in a row are lost once in a hundred million
//! rounds: such an alarm is *by chance*, and nothing tells it from a host that was down.
//!
//! The same for longer: `NABAT_TEST_MONITORS`, `NABAT_TEST_HOURS`, `NABAT_TEST_SEED`, and
//! `NABAT_TEST_PACKETS`, the chances that each probe has to get through.

use std::collections::BTreeMap;
use std::str::FromStr;
use std::time::{Duration, Instant};

use super::world::{Nature, START, TIMEOUT, World, at};
use super::{MonitorId, Outcome, Rules, secs};
use crate::monitor::{Effect, Trouble};
use crate::time::Timestamp;

/// One packet of so many gets lost.
const LOSS: u64 = 100;
/// From the first failed probe to the alarm: the probe and its three retries, and what they wait.
const CONFIRMED_WITHIN: Duration = Duration::from_secs(15);
const INTERVAL: Duration = Duration::from_secs(30);
/// So long after a disturbance all is as if there had been none.
const SETTLED_AFTER: Duration = Duration::from_secs(120);

#[derive(Debug)]
struct Plan {
    monitors: u64,
    hours: u64,
    packets: u32,
    seed: u64,
}

#[expect(
    clippy::disallowed_methods,
    reason = "the one place where the simulation is told to be longer"
)]
fn asked<T: FromStr>(variable: &str) -> Option<T> {
    std::env::var(variable).ok()?.parse().ok()
}

/// SplitMix64.
#[derive(Debug, Clone)]
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut face = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        face = (face ^ (face >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (face ^ (face >> 31)) % sides
    }

    fn between(&mut self, from: u64, to: u64) -> u64 {
        from + self.roll(to - from)
    }
}

/// A span of time, in the world.
#[derive(Debug, Clone, Copy)]
struct Span {
    from: Timestamp,
    to: Timestamp,
}

impl Span {
    fn has(&self, now: Timestamp) -> bool {
        (self.from..self.to).contains(&now)
    }
}

/// One death of a host.
#[derive(Debug)]
struct Death {
    span: Span,
    first_failed_at: Option<Timestamp>,
    told_at: Option<Timestamp>,
}

/// What is so.
struct Truth {
    dice: Dice,
    packets: u32,
    deaths: BTreeMap<MonitorId, Death>,
    /// How many probes of each were lost in a row by chance.
    lost: Vec<u8>,
    /// Whose probes were all lost, and when the last of them began.
    unlucky: Vec<(MonitorId, Timestamp)>,
    cut_off: Vec<Span>,
    /// Which of those is now, or comes next.
    next: usize,
}

impl Truth {
    fn cut_off(&mut self, now: Timestamp) -> bool {
        while self
            .cut_off
            .get(self.next)
            .is_some_and(|span| span.to <= now)
        {
            self.next += 1;
        }
        let next = self.cut_off.get(self.next);
        next.is_some_and(|span| span.has(now))
    }

    /// Whether enough probes of this one were lost just now.
    fn was_unlucky(&self, id: MonitorId, now: Timestamp) -> bool {
        let lately = now.before(CONFIRMED_WITHIN)..=now;
        let mut of_id = self.unlucky.iter().filter(|(whose, _)| *whose == id);
        of_id.any(|(_, at)| lately.contains(at))
    }

    fn lost(&mut self) -> bool {
        (0..self.packets).all(|_| self.dice.roll(LOSS) == 0)
    }
}

impl Nature for Truth {
    fn outcome(&mut self, id: MonitorId, now: Timestamp) -> Outcome {
        let (cut_off, lost) = (self.cut_off(now), self.lost());
        if let Some(in_a_row) = self.lost.get_mut(id.0 as usize) {
            *in_a_row = if lost { in_a_row.saturating_add(1) } else { 0 };
            if *in_a_row >= 4 {
                self.unlucky.push((id, now));
            }
        }
        let death = self.deaths.get_mut(&id).filter(|death| death.span.has(now));
        match death {
            Some(death) => {
                death.first_failed_at.get_or_insert(now);
                Outcome::Down
            }
            None if cut_off || lost => Outcome::Down,
            None => Outcome::Up,
        }
    }

    fn answers(&mut self, _: usize, now: Timestamp) -> bool {
        !self.cut_off(now) && !self.lost()
    }
}

/// What happens to Nabat.
#[derive(Debug, Clone, Copy)]
enum Mishap {
    CutOff(u64),
    Restart(u64),
    Clock(i64),
}

/// One mishap every 40 minutes, in turn: the long ones are as likely as the short.
fn mishaps(dice: &mut Dice, hours: u64) -> Vec<(Timestamp, Mishap)> {
    let draw = |number: u64| {
        let when = number * 2_400 + dice.between(600, 1_200);
        let mishap = match number % 3 {
            0 => Mishap::CutOff(dice.between(2, 40) * dice.between(1, 10)),
            1 => Mishap::Restart(dice.between(1, 120)),
            _ => Mishap::Clock(dice.between(0, 7_200).cast_signed() - 3_600),
        };
        (at(when.cast_signed()), mishap)
    };
    (0..hours * 3_600 / 2_400).map(draw).collect()
}

/// Every tenth host dies once, for some minutes at least.
fn deaths(dice: &mut Dice, plan: &Plan) -> BTreeMap<MonitorId, Death> {
    let mut draw = |id| {
        let from = START.after(secs(dice.between(60, plan.hours * 3_600 - 3_600)));
        let to = from.after(secs(dice.between(300, 1_800)));
        let death = Death {
            span: Span { from, to },
            first_failed_at: None,
            told_at: None,
        };
        (MonitorId(id), death)
    };
    (0..plan.monitors).step_by(10).map(&mut draw).collect()
}

/// What was said that is worth counting.
#[derive(Debug, Default)]
struct Said {
    /// Alarms that nobody should have heard.
    wrong: usize,
    by_chance: usize,
    blind: usize,
}

/// Takes what was said, and counts.
fn count(world: &mut World<Truth>, said: &mut Said) {
    for (now, effect) in std::mem::take(&mut world.said) {
        match effect {
            Effect::Alarm {
                id,
                what: Trouble::Down,
                ..
            } => {
                let by_chance = world.nature.was_unlucky(id, now);
                let death = world.nature.deaths.get_mut(&id);
                let died =
                    death.filter(|d| d.span.from <= now && now < d.span.to.after(CONFIRMED_WITHIN));
                match died {
                    Some(death) => {
                        death.told_at.get_or_insert(now);
                    }
                    None if by_chance => said.by_chance += 1,
                    None => {
                        println!("{id:?} is not down at {now}");
                        said.wrong += 1;
                    }
                }
            }
            Effect::Blind { .. } => said.blind += 1,
            _ => {}
        }
    }
}

#[test]
fn nobody_is_told_what_is_not_so_and_whoever_dies_is_told_of_in_time() {
    let plan = Plan {
        monitors: asked("NABAT_TEST_MONITORS").unwrap_or(200),
        hours: asked("NABAT_TEST_HOURS").unwrap_or(6),
        packets: asked("NABAT_TEST_PACKETS").unwrap_or(1),
        seed: asked("NABAT_TEST_SEED").unwrap_or(1),
    };
    let mut dice = Dice(plan.seed);
    let mishaps = mishaps(&mut dice, plan.hours);
    let cut_off: Vec<Span> = mishaps
        .iter()
        .filter_map(|(from, mishap)| match mishap {
            Mishap::CutOff(length) => Some(Span {
                from: *from,
                to: from.after(secs(*length)),
            }),
            Mishap::Restart(_) | Mishap::Clock(_) => None,
        })
        .collect();
    let mut world = World::new(Truth {
        deaths: deaths(&mut dice, &plan),
        packets: plan.packets,
        lost: vec![0; plan.monitors as usize],
        unlucky: Vec::new(),
        cut_off: cut_off.clone(),
        next: 0,
        dice,
    });
    world.set_witnesses(3);
    for id in 0..plan.monitors {
        world.add(id, Rules::every(INTERVAL));
    }
    let begin = Instant::now();
    let mut said = Said::default();
    let mut disturbed: Vec<Span> = Vec::new();
    for (when, mishap) in &mishaps {
        world.run(*when);
        count(&mut world, &mut said);
        let lasts = match mishap {
            Mishap::CutOff(seconds) => *seconds,
            Mishap::Restart(pause) => {
                world.restart(secs(*pause));
                *pause
            }
            Mishap::Clock(seconds) => {
                world.put_clock(*seconds);
                0
            }
        };
        disturbed.push(Span {
            from: when.before(SETTLED_AFTER),
            to: when.after(secs(lasts)).after(SETTLED_AFTER),
        });
    }
    let end = START.after(secs(plan.hours * 3_600));
    world.run(end);
    count(&mut world, &mut said);
    let took = begin.elapsed();

    let mut slowest = Duration::ZERO;
    for (id, death) in &world.nature.deaths {
        let told_at = death
            .told_at
            .unwrap_or_else(|| panic!("{id:?} died unnoticed: {death:?}"));
        let first_failed_at = death.first_failed_at.unwrap();
        let undisturbed = !disturbed.iter().any(|span| span.has(first_failed_at));
        if undisturbed {
            let confirmed = told_at.since(first_failed_at);
            assert!(
                confirmed <= CONFIRMED_WITHIN,
                "{id:?} after {confirmed:?}: {death:?}"
            );
            assert!(
                first_failed_at.since(death.span.from) <= INTERVAL,
                "{id:?}: {death:?}"
            );
            slowest = slowest.max(confirmed);
        }
    }
    let long = |span: &&Span| span.to.since(span.from) >= INTERVAL;
    let short = |span: &&Span| span.to.since(span.from) <= CONFIRMED_WITHIN - TIMEOUT * 4;
    let must = cut_off.iter().filter(long).count();
    let may = cut_off.iter().filter(|span| !short(span)).count();
    println!(
        "{plan:?}: {} samples in {:.1} s, {:.2} µs each with the world around it; {} deaths, the slowest confirmed in {slowest:?}; {} false alarms, {} by chance; cut off {} times, said {} times; at most {} probes a second",
        world.samples,
        took.as_secs_f64(),
        took.as_secs_f64() * 1e6 / world.samples as f64,
        world.nature.deaths.len(),
        said.wrong,
        said.by_chance,
        cut_off.len(),
        said.blind,
        world.busiest,
    );
    assert_eq!(said.wrong, 0);
    let expected = world.samples as f64 / (LOSS as f64).powi(4);
    assert!(said.by_chance as f64 <= 1.0 + 10.0 * expected, "{said:?}");
    assert!(
        (must..=may).contains(&said.blind),
        "cut off {must} to {may} times: {said:?}"
    );
    let firing: Vec<&MonitorId> = world.alarms.keys().collect();
    assert!(firing.is_empty(), "{firing:?} still fire");
}
