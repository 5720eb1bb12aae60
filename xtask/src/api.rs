//! `cargo xtask api`: schemathesis reads the API's own document and thinks of requests.
//!
//! None may be answered with a 5xx or otherwise than the document says, and none that the document
//! forbids may be accepted. Nabat runs with an empty configuration on a free port; what may be
//! otherwise stands in `schemathesis.toml`, with the reason.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};

use crate::bench::door::Door;
use crate::bench::server::Server;
use crate::options::{self, Reading};
use crate::process;

const USAGE: &str = "\
usage: cargo xtask api [--seconds N] [--seed S]

  --seconds N  for how long to think of requests (300)
  --seed S     the same requests as another time (the time, in ms)
";

/// From the Python package index, into a folder of its own.
const SCHEMATHESIS: &str = "schemathesis==4.32.5";
/// How long it may take beyond the time it was given: it finishes what it began.
const GRACE: Duration = Duration::from_secs(60);

#[derive(Debug, PartialEq)]
struct Plan {
    seconds: usize,
    seed: u64,
}

pub(crate) fn run(args: &[String]) -> Result<()> {
    let Some(plan) = Plan::parse(args)? else {
        print!("{USAGE}");
        return Ok(());
    };
    check(&plan)
}

/// The same, short: always with the same requests.
pub(crate) fn briefly() -> Result<()> {
    check(&Plan {
        seconds: 30,
        seed: 1,
    })
}

fn check(plan: &Plan) -> Result<()> {
    let schemathesis = schemathesis()?;
    let nabat = process::built(&["-p", "nabat", "--bin", "nabat"])?;
    let mut folder = PathBuf::new();
    let server = Server::start(Door::Webhook, |at, address| {
        at.clone_into(&mut folder);
        let config = at.join("nabat.yml");
        std::fs::write(&config, "{}\n")?;
        let mut command = Command::new(nabat);
        command.arg("serve").arg("-c").arg(config);
        command.arg("--data-dir").arg(data(at));
        command.args(["-p", &address.port().to_string()]);
        Ok(command)
    })?;
    let token = std::fs::read_to_string(data(&folder).join("api-token"))
        .context("cannot read the API's token")?;
    let limit = Duration::from_secs(plan.seconds as u64) + GRACE;
    let mut command = Command::new("timeout");
    command.arg(limit.as_secs().to_string()).arg(schemathesis);
    command.arg("--config-file");
    command.arg(process::root().join("xtask/schemathesis.toml"));
    command.arg("run");
    command.arg(format!("http://{}/api/v1/openapi.json", server.address));
    let bearer = format!("Authorization: Bearer {}", token.trim());
    command.args(["--header", &bearer]);
    command.args(["--max-time", &plan.seconds.to_string()]);
    command.args(["--seed", &plan.seed.to_string()]);
    command.args(["--warnings", "off", "--no-color"]);
    process::attached(command.current_dir(&folder))
}

fn data(folder: &Path) -> PathBuf {
    folder.join("data")
}

/// The program; installs it if it is not there.
fn schemathesis() -> Result<PathBuf> {
    let folder = process::target().join(SCHEMATHESIS);
    let program = folder.join("bin/schemathesis");
    if program.is_file() {
        return Ok(program);
    }
    println!("installing {SCHEMATHESIS}, once");
    process::output(
        Command::new("python3")
            .args(["-m", "venv", "--clear"])
            .arg(&folder),
    )
    .context("cannot make a folder for it; on Debian: apt-get install python3-venv")?;
    let mut pip = Command::new(folder.join("bin/pip"));
    process::output(pip.args(["install", "--quiet", SCHEMATHESIS]))
        .context("cannot install it from the Python package index")?;
    ensure!(program.is_file(), "{} is not there", program.display());
    Ok(program)
}

impl Plan {
    /// `None` when help was asked for.
    fn parse(args: &[String]) -> Result<Option<Self>> {
        let mut plan = Self {
            seconds: 300,
            seed: options::time_seed(),
        };
        let mut reading = Reading::of(args, USAGE);
        while let Some(name) = reading.next() {
            match name {
                "-h" | "--help" => return Ok(None),
                "--seconds" => plan.seconds = reading.count()?,
                "--seed" => plan.seed = reading.number()?,
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
    fn options_are_read() {
        let plan = |line: &str| {
            let args: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
            Plan::parse(&args).unwrap()
        };
        let expected = Some(Plan {
            seconds: 9,
            seed: 7,
        });
        assert_eq!(plan("--seconds 9 --seed 7"), expected);
        assert_eq!(plan("--seed 5 -h"), None);
    }
}
