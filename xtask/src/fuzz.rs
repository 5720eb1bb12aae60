//! `cargo xtask fuzz`: lets libFuzzer think of inputs for the targets in `fuzz/`.
//!
//! The targets are built here as `cargo fuzz` would, but with the stable toolchain: it instruments
//! as well, and only its sanitizers are missing, which find little where there is no unsafe code.
//! What libFuzzer finds interesting stays in `target/fuzz/found`, and an input that fails in
//! `target/fuzz/failed`; once mended, it belongs to the committed corpus.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};

use crate::options::Reading;
use crate::process;

const USAGE: &str = "\
usage: cargo xtask fuzz [TARGET…] [--seconds N]

  TARGET       render, intake, expression, config, command (all of them, one after the other)
  --seconds N  how long each is fuzzed (60)
";

const TARGETS: [&str; 5] = ["render", "intake", "expression", "config", "command"];

/// What makes the compiler count what an input reaches; `cargo fuzz` passes the same.
const INSTRUMENTED: [&str; 6] = [
    "--cfg fuzzing",
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
];

/// The longest input in bytes: long enough for every limit on a text but few.
const INPUT_BYTES_MAX: u32 = 8_192;
/// How long one input may take in seconds.
const INPUT_SECONDS_MAX: u32 = 5;

#[derive(Debug, PartialEq)]
struct Plan {
    targets: Vec<&'static str>,
    seconds: usize,
}

pub(crate) fn run(args: &[String]) -> Result<()> {
    let Some(plan) = Plan::parse(args)? else {
        print!("{USAGE}");
        return Ok(());
    };
    let folder = target_folder()?;
    println!("building the targets; the first time takes minutes");
    let start = Instant::now();
    let platform = platform()?;
    build(&folder, &platform)?;
    println!("built in {:.0} s", start.elapsed().as_secs_f64());
    for target in plan.targets {
        println!("\n{target}: {:?}", Duration::from_secs(plan.seconds as u64));
        let program = folder.join(&platform).join("debug").join(target);
        let (found, failed) = (folder.join("found").join(target), folder.join("failed"));
        for needed in [&found, &failed] {
            std::fs::create_dir_all(needed)
                .with_context(|| format!("cannot make {}", needed.display()))?;
        }
        let mut command = Command::new(program);
        command.arg(&found);
        command.arg(process::root().join("fuzz/corpus").join(target));
        command.arg(format!("-artifact_prefix={}/{target}-", failed.display()));
        command.arg(format!("-max_total_time={}", plan.seconds));
        command.arg(format!("-max_len={INPUT_BYTES_MAX}"));
        command.arg(format!("-timeout={INPUT_SECONDS_MAX}"));
        command.args(["-print_final_stats=1", "-verbosity=0"]);
        process::attached(&mut command)?;
    }
    Ok(())
}

fn build(folder: &Path, platform: &str) -> Result<()> {
    let mut command = process::cargo(["build", "--quiet", "--locked", "--bins"]);
    command.args(["--manifest-path", "fuzz/Cargo.toml"]);
    // A platform that is named keeps the flags from programs that run while building.
    command.args(["--target", platform]);
    command.env("RUSTFLAGS", INSTRUMENTED.join(" "));
    command.env("CARGO_TARGET_DIR", folder);
    process::attached(&mut command)
}

/// Where all that belongs to fuzzing is built and kept.
fn target_folder() -> Result<PathBuf> {
    let metadata = ["metadata", "--no-deps", "--format-version", "1"];
    let metadata: serde_json::Value =
        serde_json::from_str(&process::output(&mut process::cargo(metadata))?)?;
    let folder = metadata["target_directory"].as_str();
    Ok(PathBuf::from(folder.context("cargo names no target folder")?).join("fuzz"))
}

/// The compiler's name of this machine's kind.
fn platform() -> Result<String> {
    let about = process::output(Command::new("rustc").arg("-vV"))?;
    let line = about.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(line.context("rustc does not name its host")?.to_owned())
}

impl Plan {
    /// `None` when help was asked for.
    fn parse(args: &[String]) -> Result<Option<Self>> {
        let mut plan = Self {
            targets: Vec::new(),
            seconds: 60,
        };
        let mut reading = Reading::of(args, USAGE);
        while let Some(name) = reading.next() {
            match name {
                "-h" | "--help" => return Ok(None),
                "--seconds" => plan.seconds = reading.count()?,
                _ if name.starts_with('-') => return reading.refuse(),
                _ => {
                    let known = TARGETS.into_iter().find(|target| *target == name);
                    let known =
                        known.with_context(|| format!("there is no target `{name}`\n\n{USAGE}"))?;
                    plan.targets.push(known);
                }
            }
        }
        if plan.targets.is_empty() {
            plan.targets.extend(TARGETS);
        }
        Ok(Some(plan))
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
    fn all_targets_are_fuzzed_unless_some_are_named() {
        assert_eq!(plan("").unwrap().unwrap().targets, TARGETS);
        let two = plan("config --seconds 5 render").unwrap().unwrap();
        assert_eq!((two.targets, two.seconds), (vec!["config", "render"], 5));
        let error = plan("rendre").unwrap_err().to_string();
        assert!(error.contains("`rendre`"), "{error}");
    }

    #[test]
    fn every_target_is_there_with_a_corpus() {
        let fuzz = process::root().join("fuzz");
        let manifest = std::fs::read_to_string(fuzz.join("Cargo.toml")).unwrap();
        assert_eq!(manifest.matches("[[bin]]").count(), TARGETS.len());
        for target in TARGETS {
            assert!(
                manifest.contains(&format!("name = \"{target}\"")),
                "{target}"
            );
            let corpus = std::fs::read_dir(fuzz.join("corpus").join(target)).unwrap();
            assert!(corpus.count() > 0, "{target}");
        }
    }
}
