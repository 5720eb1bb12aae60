//! Random histories of the core with the store in memory: alerts, people and what they press,
//! routes and fallbacks, couriers that fail in every way, changed configurations, clock and
//! crashes, all from one seed. What must always be true is checked after
//! every step. In the end everything is delivered, and what each chat was told last has to be so.
//!
//! A failure prints its seed, and `cargo xtask sim --seed SEED` replays it to the letter.

mod hands;
mod invariants;
mod setting;
mod world;

use std::str::FromStr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use world::World;

/// The steps of one history.
const STEPS: usize = 60;
/// How many histories the tests live through each time.
const HISTORIES: u64 = 500;
/// More failures than this are not looked for.
const FAILURES_MAX: usize = 10;

/// Which histories to live through, and whether to print them.
struct Plan {
    from: u64,
    histories: u64,
    aloud: bool,
}

impl Plan {
    /// As `NABAT_TEST_SEED`, or `NABAT_TEST_FROM` and `NABAT_TEST_HISTORIES` say.
    fn asked() -> Self {
        let seed = asked("NABAT_TEST_SEED");
        let histories = asked("NABAT_TEST_HISTORIES").unwrap_or(HISTORIES);
        Self {
            from: seed.or(asked("NABAT_TEST_FROM")).unwrap_or(0),
            histories: seed.map_or(histories, |_| 1),
            aloud: seed.is_some(),
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the one place where the simulation is told to be longer"
)]
fn asked<T: FromStr>(variable: &str) -> Option<T> {
    let text = std::env::var(variable).ok()?;
    let number = text.parse().ok();
    Some(number.unwrap_or_else(|| panic!("{variable} is no number: {text}")))
}

/// A history in which something happened that never may.
struct Failure {
    seed: u64,
    wrong: String,
    log: Vec<String>,
}

#[test]
fn whatever_happens_nobody_is_told_what_is_not_so() {
    let plan = Plan::asked();
    let failures = live_through(&plan);
    let Some(first) = failures.first() else {
        return;
    };
    for failure in &failures {
        eprintln!("seed {}: {}", failure.seed, failure.wrong);
    }
    panic!(
        "seed {}: {}; `cargo xtask sim --seed {0}` replays it:\n{}",
        first.seed,
        first.wrong,
        first.log.join("\n")
    );
}

#[test]
fn a_seed_is_always_the_same_history() {
    for seed in 0..20 {
        assert_eq!(log_of(seed), log_of(seed), "seed {seed}");
    }
}

fn log_of(seed: u64) -> Vec<String> {
    one_history(seed).unwrap_or_else(|failure| failure.log)
}

/// Lives through all histories, on every core; returns those that failed, by seed.
fn live_through(plan: &Plan) -> Vec<Failure> {
    let next = AtomicU64::new(plan.from);
    let failures = Mutex::new(Vec::new());
    let work = || {
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed - plan.from >= plan.histories || failures.lock().unwrap().len() >= FAILURES_MAX
            {
                return;
            }
            match one_history(seed) {
                Ok(log) if plan.aloud => eprintln!("{}", log.join("\n")),
                Ok(_) => {}
                Err(failure) => failures.lock().unwrap().push(failure),
            }
        }
    };
    let threads = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(work);
        }
    });
    let mut failures = failures.into_inner().unwrap();
    failures.sort_by_key(|failure| failure.seed);
    failures
}

/// Lives through the history of a seed; returns its log.
fn one_history(seed: u64) -> Result<Vec<String>, Failure> {
    let mut world = World::new(seed);
    for _ in 0..STEPS {
        world.step();
        world.check_step();
        if world.wrong.is_some() {
            break;
        }
    }
    if world.wrong.is_none() {
        world.settle_everything();
        world.check_step();
        world.check_end();
    }
    match world.wrong {
        None => Ok(world.log),
        Some(wrong) => Err(Failure {
            seed,
            wrong,
            log: world.log,
        }),
    }
}
