//! Start-up, and how fast a program takes alerts in that nobody is to be told: Nabat at the door
//! that it has for an Alertmanager in front of it.

use anyhow::Result;

use super::cost::Cost;
use super::figures::{Figures, percentile};
use super::load;
use super::options::Options;
use super::sink::Sink;
use super::subject::{Audience, Subject};

/// Name of the pass, seconds after the first one, most CPU seconds and fewest alerts per second.
const PASSES: [(&str, i64, f64, f64); 2] = [
    // Alerts nobody has seen yet.
    ("new alerts", 0, 15.0, 50_000.0),
    // The same ones again, as their source sends them while they fire.
    ("repeated alerts", 15, 6.0, 150_000.0),
];

pub(crate) fn measure(subject: &Subject, options: &Options, figures: &mut Figures) -> Result<()> {
    let sink = Sink::start()?;
    let server = subject.start(sink.address, Audience::Nobody)?;
    figures.add_at_most("start-up, ms", server.startup_ms, 50.0);
    figures.add_at_most("memory when idle, MiB", server.memory_bytes()? / MIB, 15.0);
    for (name, seconds, cpu_most, rate_least) in PASSES {
        let requests = load::requests(server.door, 0..options.alerts, options.batch, seconds);
        let posted = || load::post(&server, &requests, options);
        let (mut times_ms, cost) = Cost::of(&server, options.alerts, posted)?;
        let title = format!("{name}, alerts/s");
        figures.add_at_least(title, cost.per_second(), rate_least);
        let p99 = percentile(&mut times_ms, 0.99);
        figures.add(format!("  request p99 of {name}, ms"), p99);
        let title = format!("  CPU of {name}, s per million");
        figures.add_at_most(title, cost.cpu_each_us(), cpu_most);
    }
    let loaded = server.memory_bytes()? / MIB;
    figures.add("memory with these alerts, MiB", loaded);
    Ok(())
}

const MIB: f64 = 1_048_576.0;
