//! `cargo xtask lint`: every check that runs no test. All of them run, also past a failure.

use std::time::Duration;

use anyhow::Result;

use crate::step::{Outcome, Steps};
use crate::{dependencies, generated, process, setup, tracked};

/// How long the advisory database may take to arrive.
const ADVISORIES_FETCH_MAX: Duration = Duration::from_secs(30);

pub(crate) fn run() -> Result<()> {
    setup::cargo_tools()?;
    let mut steps = Steps::default();
    steps.run("format", "run `cargo fmt --all`", || {
        cargo(&["fmt", "--all", "--check"])
    });
    steps.run(
        "clippy",
        "follow clippy, or #[expect] with a reason",
        || {
            let args = [
                "clippy",
                "--workspace",
                "--all-targets",
                "--locked",
                "--quiet",
            ];
            cargo(&[&args[..], &["--", "-D", "warnings"]].concat())
        },
    );
    steps.run("documentation", "mend the links named above", documentation);
    steps.run("licences, bans, sources", "see deny.toml", || {
        deny(&[
            "check",
            "--hide-inclusion-graph",
            "licenses",
            "bans",
            "sources",
        ])
    });
    steps.run(
        "security advisories",
        "update the crate; else explain an exception in deny.toml",
        advisories,
    );
    steps.run(
        "core's dependencies",
        dependencies::CORE_REMEDY,
        dependencies::core,
    );
    steps.run("Cargo.lock", dependencies::LOCK_REMEDY, dependencies::lock);
    steps.run(
        "generated files",
        "run `cargo xtask gen` and commit the result",
        generated::check,
    );
    steps.run("machine paths", tracked::REMEDY, tracked::no_machine_paths);
    steps.finish()
}

fn cargo(args: &[&str]) -> Result<Outcome> {
    process::output(&mut process::cargo(args)).map(|_| Outcome::Passed)
}

fn documentation() -> Result<Outcome> {
    let mut command = process::cargo(["doc", "--workspace", "--no-deps", "--locked", "--quiet"]);
    command.env("RUSTDOCFLAGS", "-D warnings");
    process::output(&mut command).map(|_| Outcome::Passed)
}

/// Called by its own name and not through cargo, so that killing it kills it.
fn cargo_deny() -> std::process::Command {
    let program = process::find("cargo-deny").unwrap_or_else(|| "cargo-deny".into());
    let mut command = std::process::Command::new(program);
    command.current_dir(process::root());
    command
}

fn deny(args: &[&str]) -> Result<Outcome> {
    process::output(cargo_deny().args(["--log-level", "error"]).args(args)).map(|_| Outcome::Passed)
}

/// The database lives on another machine: its absence is said, and fails nothing.
fn advisories() -> Result<Outcome> {
    let fetched = process::silent_within(ADVISORIES_FETCH_MAX, cargo_deny().args(["fetch", "db"]));
    if !fetched.is_ok_and(|status| status.success()) {
        let why = "the advisory database could not be fetched, so known vulnerabilities were not looked for";
        return Ok(Outcome::Skipped(why.to_owned()));
    }
    deny(&["--offline", "check", "--hide-inclusion-graph", "advisories"])
}
