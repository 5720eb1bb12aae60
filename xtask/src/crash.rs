//! `cargo xtask crash`: the crash test of `crates/nabat/tests/it/crash.rs` in its long form.
//!
//! The kills are spread over runs in fresh worlds, each short enough for a time limit; every run
//! prints its seed and what each chat shows at its end. The first run that shows anything wrong
//! ends the command.

use std::time::Instant;

use anyhow::{Context as _, Result};

use crate::options::{self, Reading};
use crate::process;

const USAGE: &str = "\
usage: cargo xtask crash [--kills N] [--faults] [--seed S]

  --kills N  how often Nabat is killed while Telegram works, and again while it fails (500)
  --faults   only while Telegram fails
  --seed S   the seed of the first run; each further one has the next (the time, in ms).
             It repeats the load and the order of the faults, not the moments
";

/// The kills of one run: a minute or two.
const KILLS_PER_RUN: usize = 100;
const PLAIN: &str = "crash::nothing_is_lost_and_hardly_anything_repeated_by_a_dozen_kills";
const FAULTS: &str = "crash::nothing_is_lost_by_kills_while_telegram_fails_as_well";

#[derive(Debug, PartialEq)]
struct Plan {
    kills: usize,
    faults_only: bool,
    seed: u64,
}

/// One world, killed again and again.
#[derive(Debug, PartialEq)]
struct Run {
    test: &'static str,
    kills: usize,
    seed: u64,
}

pub(crate) fn run(args: &[String]) -> Result<()> {
    let Some(plan) = Plan::parse(args)? else {
        print!("{USAGE}");
        return Ok(());
    };
    let runs = plan.runs();
    let start = Instant::now();
    for (number, run) in runs.iter().enumerate() {
        let Run { test, kills, seed } = run;
        println!(
            "run {} of {}, after {:.0} s: {kills} kills, seed {seed}, {test}",
            number + 1,
            runs.len(),
            start.elapsed().as_secs_f64()
        );
        let mut command = process::cargo(["test", "--quiet", "--locked", "-p", "nabat"]);
        command.args(["--test", "it", "--", "--exact", "--nocapture", test]);
        command.env("NABAT_TEST_KILLS", kills.to_string());
        command.env("NABAT_TEST_SEED", seed.to_string());
        process::attached(&mut command)
            .with_context(|| format!("the run of seed {seed} failed"))?;
    }
    println!(
        "{} runs with {} kills in {:.0} s: nothing missing, nothing wrong, repeats within the bound",
        runs.len(),
        runs.iter().map(|run| run.kills).sum::<usize>(),
        start.elapsed().as_secs_f64()
    );
    Ok(())
}

impl Plan {
    /// `None` when help was asked for.
    fn parse(args: &[String]) -> Result<Option<Self>> {
        let mut plan = Self {
            kills: 500,
            faults_only: false,
            seed: options::time_seed(),
        };
        let mut reading = Reading::of(args, USAGE);
        while let Some(name) = reading.next() {
            match name {
                "-h" | "--help" => return Ok(None),
                "--faults" => plan.faults_only = true,
                "--kills" => plan.kills = reading.count()?,
                "--seed" => plan.seed = reading.number()?,
                _ => return reading.refuse(),
            }
        }
        Ok(Some(plan))
    }

    fn runs(&self) -> Vec<Run> {
        let kinds: &[&'static str] = match self.faults_only {
            true => &[FAULTS],
            false => &[PLAIN, FAULTS],
        };
        let mut runs = Vec::new();
        for test in kinds {
            let mut left = self.kills;
            while left > 0 {
                let kills = left.min(KILLS_PER_RUN);
                left -= kills;
                let seed = self.seed.wrapping_add(runs.len() as u64);
                runs.push(Run { test, kills, seed });
            }
        }
        runs
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(line: &str) -> Result<Option<Plan>> {
        let args: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        Plan::parse(&args)
    }

    #[test]
    fn the_kills_are_spread_over_runs_with_seeds_of_their_own() {
        let runs = plan("--kills 250 --faults --seed 7")
            .unwrap()
            .unwrap()
            .runs();
        let run = |kills, seed| Run {
            test: FAULTS,
            kills,
            seed,
        };
        assert_eq!(runs, [run(100, 7), run(100, 8), run(50, 9)]);
        let kills = |runs: Vec<Run>| runs.iter().map(|run| run.kills).sum::<usize>();
        assert_eq!(kills(plan("").unwrap().unwrap().runs()), 1_000);
    }

    #[test]
    fn the_tests_are_there() {
        let tests = include_str!("../../crates/nabat/tests/it/crash.rs");
        for test in [PLAIN, FAULTS] {
            let name = test.strip_prefix("crash::").unwrap();
            assert!(tests.contains(&format!("async fn {name}()")), "{name}");
        }
    }
}
