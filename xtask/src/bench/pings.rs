//! What it costs to ping ten thousand addresses of this machine: Nabat, fping, and
//! blackbox_exporter, which is asked to by HTTP. All are there, so each packet lost is a false one.

use std::net::Ipv4Addr;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use super::blackbox;
use super::figures::{Figures, Target};
use super::server::children_cpu_seconds;
use super::subject::Subject;
use crate::process;

const TARGETS: u32 = 10_000;
/// How many packets each is sent by Nabat and fping, one a second.
const PACKETS: u32 = 3;
/// How many targets blackbox_exporter is asked for: one packet each.
const ASKED: u32 = 2_000;
const US_PER_S: f64 = 1e6;

pub(crate) fn measure(subject: &Subject, figures: &mut Figures) -> Result<()> {
    let Subject::Nabat { program } = subject else {
        return Ok(());
    };
    let targets: Vec<String> = (0..TARGETS).map(target).collect();
    let mut nabat = Command::new(program);
    nabat.args([
        "ping",
        "--count",
        "3",
        "--interval",
        "1s",
        "--output",
        "json",
    ]);
    let (said, nabat_us) = pinged(nabat.args(&targets))?;
    figures.add_at_most("CPU of a ping, 10,000 targets, us", nabat_us, 10.0);
    figures.add_at_most("  lost, %", lost_percent(&said)?, 0.0);

    let fping =
        process::find("fping").context("there is no fping; `cargo xtask setup` installs it")?;
    let mut command = Command::new(fping);
    // A tenth of a millisecond between two packets: as fast as Nabat sends, or faster.
    command.args(["-q", "-C", "3", "-p", "1000", "-i", "0.1"]);
    let (_, fping_us) = pinged(command.args(&targets))?;
    figures.add("  fping's, us", fping_us);
    figures.add_for(
        "  fping's times Nabat's",
        fping_us / nabat_us,
        Target::AtLeast(3.0),
    );

    let module = json!({"prober": "icmp", "icmp": {"preferred_ip_protocol": "ip4"}});
    let blackbox_us = blackbox::asked(&module, (0..ASKED).map(target))?;
    blackbox::compare(figures, "pings", [blackbox_us, nabat_us], 40.0);
    Ok(())
}

fn target(number: u32) -> String {
    Ipv4Addr::from(u32::from(Ipv4Addr::new(127, 1, 0, 1)) + number).to_string()
}

/// Runs a program that pings all targets; returns what it printed, and its CPU time for each packet
/// in microseconds.
fn pinged(command: &mut Command) -> Result<(String, f64)> {
    let before = children_cpu_seconds()?;
    let output = command.stdin(Stdio::null()).stderr(Stdio::null()).output();
    let program = command.get_program().to_string_lossy().into_owned();
    let output = output.with_context(|| format!("cannot start `{program}`"))?;
    ensure!(
        output.status.success(),
        "`{program}` ended with {}",
        output.status
    );
    let spent = children_cpu_seconds()? - before;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    Ok((said, spent * US_PER_S / f64::from(TARGETS * PACKETS)))
}

fn lost_percent(said: &str) -> Result<f64> {
    let hosts: Vec<Value> = serde_json::from_str(said).context("`nabat ping` printed no JSON")?;
    let sum = |name: &str| -> u64 { hosts.iter().filter_map(|host| host[name].as_u64()).sum() };
    let (sent, received) = (sum("sent"), sum("received"));
    ensure!(
        sent == u64::from(TARGETS * PACKETS),
        "{sent} packets were sent"
    );
    Ok((sent - received) as f64 * 100.0 / sent as f64)
}
