//! The repository's own commands: `cargo xtask COMMAND`.
//!
//! Everything that a contributor or the continuous integration runs is a row of [`COMMANDS`];
//! this file only finds the row. The commands use the standard library and two small crates,
//! so that the first `cargo xtask` on a fresh machine answers within seconds.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "these commands talk to a terminal"
)]

mod acceptance;
mod api;
mod bench;
mod crash;
mod dependencies;
mod differential;
mod fuzz;
mod generated;
mod lint;
mod options;
mod process;
mod setup;
mod sim;
mod step;
mod suite;
mod tracked;

use std::process::ExitCode;

/// One thing that `cargo xtask` can do.
struct Command {
    name: &'static str,
    about: &'static str,
    run: fn(&[String]) -> anyhow::Result<()>,
}

const COMMANDS: &[Command] = &[
    Command {
        name: "test",
        about: "set up, check and test everything; this is exactly what CI runs",
        run: |args| none(args).and_then(|()| suite::run()),
    },
    Command {
        name: "lint",
        about: "format, clippy, docs, dependencies, generated files: all of `test` but the tests",
        run: |args| none(args).and_then(|()| lint::run()),
    },
    Command {
        name: "setup",
        about: "install what `test` needs: Debian packages and cargo tools",
        run: |args| none(args).and_then(|()| setup::everything()),
    },
    Command {
        name: "gen",
        about: "write the generated files anew; with --check only say which are out of date",
        run: generated::run,
    },
    Command {
        name: "acceptance",
        about: "run Alertmanager's own acceptance tests against Nabat (-h: options)",
        run: acceptance::run,
    },
    Command {
        name: "api",
        about: "let schemathesis think of requests to the REST API (-h: options)",
        run: api::run,
    },
    Command {
        name: "bench",
        about: "measure Nabat beside Alertmanager: alerts in, out and read, memory (-h: options)",
        run: bench::run,
    },
    Command {
        name: "crash",
        about: "kill Nabat a thousand times under load; nothing may be lost (-h: options)",
        run: crash::run,
    },
    Command {
        name: "sim",
        about: "live through 100,000 random histories of the core (-h: options)",
        run: sim::run,
    },
    Command {
        name: "differential",
        about: "live through random histories beside a real Alertmanager (-h: options)",
        run: differential::run,
    },
    Command {
        name: "fuzz",
        about: "let libFuzzer think of inputs for parsers and rendering (-h: options)",
        run: fuzz::run,
    },
];

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let Some((name, rest)) = args.split_first() else {
        print!("{}", usage());
        return ExitCode::SUCCESS;
    };
    if matches!(name.as_str(), "-h" | "--help" | "help") {
        print!("{}", usage());
        return ExitCode::SUCCESS;
    }
    let Some(command) = COMMANDS.iter().find(|command| command.name == name) else {
        eprint!("there is no command `{name}`\n\n{}", usage());
        return ExitCode::from(2);
    };
    match (command.run)(rest) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\ncargo xtask {name}: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn usage() -> String {
    let mut text = String::from("usage: cargo xtask COMMAND\n\n");
    for Command { name, about, .. } in COMMANDS {
        text.push_str(&format!("  {name:<12} {about}\n"));
    }
    text
}

fn none(args: &[String]) -> anyhow::Result<()> {
    anyhow::ensure!(
        args.is_empty(),
        "takes no arguments, got `{}`",
        args.join(" ")
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    #[test]
    fn contributing_names_every_command() {
        let guide = include_str!("../../CONTRIBUTING.md");
        for command in super::COMMANDS {
            let call = format!("`cargo xtask {}`", command.name);
            assert!(
                guide.contains(&call),
                "CONTRIBUTING.md does not name {call}"
            );
        }
    }
}
