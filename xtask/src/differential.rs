//! `cargo xtask differential`: the test of `crates/nabat/tests/it/differential.rs` in its long form.
//!
//! Nabat and Alertmanager live side by side through random histories, of two kinds: one compares
//! what both show, the other what both tell. The first history that differs ends the command and
//! prints its seed.

use std::time::Instant;

use anyhow::Result;

use crate::options::{self, Reading};
use crate::process;

const USAGE: &str = "\
usage: cargo xtask differential [--histories N] [--from SEED] [--seed S]

  --histories N  how many histories of each kind to live through (100); eight seconds for both
  --from SEED    the seed of the first; each further one has the next (the time, in ms)
  --seed S       live through this one alone
";

const SHOWN: &str = "whatever_is_posted_is_shown_as_alertmanager_shows_it";
const TOLD: &str = "whatever_is_posted_is_told_as_alertmanager_tells_it";

#[derive(Debug, PartialEq)]
struct Plan {
    histories: usize,
    from: u64,
}

pub(crate) fn run(args: &[String]) -> Result<()> {
    let Some(plan) = Plan::parse(args)? else {
        print!("{USAGE}");
        return Ok(());
    };
    let Plan { histories, from } = plan;
    let start = Instant::now();
    for test in [SHOWN, TOLD] {
        // One after the other, because the second minds moments.
        let name = format!("differential::{test}");
        let mut command = process::cargo(["test", "--quiet", "--locked", "-p", "nabat"]);
        command.args(["--test", "it", "--", "--exact", "--nocapture", &name]);
        command.env("NABAT_TEST_DIFFERENTIAL", histories.to_string());
        command.env("NABAT_TEST_FROM", from.to_string());
        process::attached(&mut command)?;
    }
    println!(
        "{histories} histories of each kind from seed {from} in {:.0} s: nothing differs but what is excused",
        start.elapsed().as_secs_f64()
    );
    Ok(())
}

impl Plan {
    /// `None` when help was asked for.
    fn parse(args: &[String]) -> Result<Option<Self>> {
        let mut plan = Self {
            histories: 100,
            from: options::time_seed(),
        };
        let mut reading = Reading::of(args, USAGE);
        while let Some(name) = reading.next() {
            match name {
                "-h" | "--help" => return Ok(None),
                "--histories" => plan.histories = reading.count()?,
                "--from" => plan.from = reading.number()?,
                "--seed" => {
                    plan = Self {
                        histories: 1,
                        from: reading.number()?,
                    }
                }
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
    fn one_seed_is_one_history() {
        let plan = |line: &str| {
            let args: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
            Plan::parse(&args).unwrap()
        };
        let expected = |histories, from| Some(Plan { histories, from });
        assert_eq!(plan("--histories 7 --from 9"), expected(7, 9));
        assert_eq!(plan("--seed 5"), expected(1, 5));
        assert_eq!(plan("--seed 0 -h"), None);
    }

    #[test]
    fn the_tests_are_there() {
        let tests = include_str!("../../crates/nabat/tests/it/differential.rs");
        for test in [SHOWN, TOLD] {
            assert!(tests.contains(&format!("async fn {test}()")), "{test}");
        }
    }
}
