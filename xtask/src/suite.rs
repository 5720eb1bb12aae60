//! `cargo xtask test`: set-up, every check, every test. Continuous integration runs this and
//! nothing else.

use std::time::Instant;

use anyhow::Result;

use crate::{acceptance, api, lint, process, setup};

/// How many histories the simulation lives through here: about a minute on two cores.
const HISTORIES: &str = "2000";

/// The last line on the terminal is the test runner's own, so nothing is printed after it.
pub(crate) fn run() -> Result<()> {
    let start = Instant::now();
    setup::debian_packages()?;
    lint::run()?;
    println!(
        "all checks passed in {:.0} s; now the tests\n",
        start.elapsed().as_secs_f64()
    );
    // By themselves, because they count tenths of seconds.
    acceptance::run(&[])?;
    api::briefly()?;
    let mut tests = process::cargo(["test", "--workspace", "--locked", "--no-fail-fast"]);
    process::attached(tests.env("NABAT_TEST_HISTORIES", HISTORIES))
}
