//! One step of a longer command: runs it, prints one line with its duration, and when it
//! fails what it printed and what to do about it.

use std::io::Write as _;
use std::time::Instant;

use anyhow::{Result, bail};

const NAME_WIDTH: usize = 24;

/// How a step that did not fail ended.
pub(crate) enum Outcome {
    Passed,
    /// Nothing is wrong, but something could not be looked at; the text says what.
    Skipped(String),
}

/// Says within a step what it is about to do, when that takes long.
pub(crate) fn note(text: &str) {
    print!("{text}\n{:<NAME_WIDTH$}", "");
    flush();
}

/// What was said must show while the step still runs; a closed terminal is no reason to stop.
fn flush() {
    let _ = std::io::stdout().flush();
}

/// Steps that run one after the other, also past a failure, so that all mistakes show at once.
#[derive(Default)]
pub(crate) struct Steps {
    failed: Vec<&'static str>,
}

impl Steps {
    /// Runs one step. `remedy` completes the sentence "to do: …" after a failure.
    pub(crate) fn run(
        &mut self,
        name: &'static str,
        remedy: &str,
        step: impl FnOnce() -> Result<Outcome>,
    ) {
        print!("{name:<NAME_WIDTH$}");
        flush();
        let start = Instant::now();
        let result = step();
        let seconds = start.elapsed().as_secs_f64();
        match result {
            Ok(Outcome::Passed) => println!("ok      {seconds:>6.1} s"),
            Ok(Outcome::Skipped(why)) => println!("skipped {seconds:>6.1} s  {why}"),
            Err(error) => {
                println!("FAILED  {seconds:>6.1} s\n\n{error:#}\n\nto do: {remedy}\n");
                self.failed.push(name);
            }
        }
    }

    /// # Errors
    /// When any step failed; names them.
    pub(crate) fn finish(self) -> Result<()> {
        if !self.failed.is_empty() {
            bail!("failed: {}", self.failed.join(", "));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_failed_step_is_named_at_the_end() {
        let mut steps = Steps::default();
        steps.run("one", "nothing", || bail!("no"));
        steps.run("two", "nothing", || Ok(Outcome::Passed));
        steps.run("three", "nothing", || bail!("no"));
        assert_eq!(
            steps.finish().unwrap_err().to_string(),
            "failed: one, three"
        );
    }
}
