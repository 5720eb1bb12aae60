//! `cargo xtask sim`: the simulation of `crates/nabat/src/engine/simulation.rs` in its long form.
//!
//! The two crates that do the work are built with optimisation, everything else as for the tests,
//! so that building takes a minute and a hundred thousand histories some minutes.

use std::time::Instant;

use anyhow::Result;

use crate::options::Reading;
use crate::process;

const USAGE: &str = "\
usage: cargo xtask sim [--histories N] [--from SEED] [--seed S]

  --histories N  how many histories to live through (100000)
  --from SEED    the seed of the first; each further one has the next (0)
  --seed S       live through this one alone, and print what happens
";

const TEST: &str = "engine::simulation::whatever_happens_nobody_is_told_what_is_not_so";
const OPTIMISED: [&str; 2] = [
    "profile.dev.package.nabat-core.opt-level=2",
    "profile.dev.package.nabat.opt-level=2",
];

#[derive(Debug, PartialEq)]
struct Plan {
    histories: usize,
    from: u64,
    seed: Option<u64>,
}

pub(crate) fn run(args: &[String]) -> Result<()> {
    let Some(plan) = Plan::parse(args)? else {
        print!("{USAGE}");
        return Ok(());
    };
    let start = Instant::now();
    process::attached(&mut process::cargo(test(&["--no-run"])))?;
    println!("built in {:.0} s", start.elapsed().as_secs_f64());
    let start = Instant::now();
    let mut command = process::cargo(test(&["--", "--exact", "--nocapture", TEST]));
    match plan.seed {
        Some(seed) => command.env("NABAT_TEST_SEED", seed.to_string()),
        None => command
            .env("NABAT_TEST_HISTORIES", plan.histories.to_string())
            .env("NABAT_TEST_FROM", plan.from.to_string()),
    };
    process::attached(&mut command)?;
    if plan.seed.is_none() {
        println!(
            "{} histories from seed {} in {:.0} s: nobody was told what was not so",
            plan.histories,
            plan.from,
            start.elapsed().as_secs_f64()
        );
    }
    Ok(())
}

/// The arguments of the `cargo` call that builds the simulation and goes on with `rest`.
fn test(rest: &[&'static str]) -> Vec<&'static str> {
    let mut args = vec!["test", "--quiet", "--locked", "-p", "nabat", "--lib"];
    args.extend(OPTIMISED.iter().flat_map(|setting| ["--config", setting]));
    args.extend(rest);
    args
}

impl Plan {
    /// `None` when help was asked for.
    fn parse(args: &[String]) -> Result<Option<Self>> {
        let mut plan = Self {
            histories: 100_000,
            from: 0,
            seed: None,
        };
        let mut reading = Reading::of(args, USAGE);
        while let Some(name) = reading.next() {
            match name {
                "-h" | "--help" => return Ok(None),
                "--histories" => plan.histories = reading.count()?,
                "--from" => plan.from = reading.number()?,
                "--seed" => plan.seed = Some(reading.number()?),
                _ => return reading.refuse(),
            }
        }
        Ok(Some(plan))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_read_and_the_rest_keeps_its_default() {
        let plan = |line: &str| {
            let args: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
            Plan::parse(&args).unwrap()
        };
        let expected = |histories, from, seed| {
            Some(Plan {
                histories,
                from,
                seed,
            })
        };
        assert_eq!(plan(""), expected(100_000, 0, None));
        assert_eq!(plan("--histories 7 --from 9"), expected(7, 9, None));
        assert_eq!(plan("--seed 0"), expected(100_000, 0, Some(0)));
        assert_eq!(plan("--seed 0 -h"), None);
    }

    #[test]
    fn the_test_is_there() {
        let simulation = include_str!("../../crates/nabat/src/engine/simulation.rs");
        let name = TEST.rsplit("::").next().unwrap();
        assert!(simulation.contains(&format!("fn {name}()")), "{name}");
    }
}
