//! Start-up, and how fast a program takes alerts in that nobody is to be told.

use std::time::Instant;

use anyhow::Result;

use super::figures::{Figures, percentile};
use super::load;
use super::options::Options;
use super::server::Server;
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
        let requests = load::requests(subject, 0..options.alerts, options.batch, seconds);
        let cpu = server.cpu_seconds()?;
        let start = Instant::now();
        let mut times_ms = load::post(&server, subject, &requests, options)?;
        let rate = options.alerts as f64 / start.elapsed().as_secs_f64();
        let per_million = cpu_per_alert_us(&server, cpu, options.alerts)?;
        figures.add_at_least(format!("{name}, alerts/s"), rate, rate_least);
        let p99 = percentile(&mut times_ms, 0.99);
        figures.add(format!("  request p99 of {name}, ms"), p99);
        let title = format!("  CPU of {name}, s per million");
        figures.add_at_most(title, per_million, cpu_most);
    }
    let loaded = server.memory_bytes()? / MIB;
    figures.add("memory with these alerts, MiB", loaded);
    Ok(())
}

const MIB: f64 = 1_048_576.0;

/// What each of `alerts` has cost since the program had used `before` seconds: microseconds, or
/// seconds for a million.
pub(crate) fn cpu_per_alert_us(server: &Server, before: f64, alerts: usize) -> Result<f64> {
    Ok((server.cpu_seconds()? - before) * 1e6 / alerts as f64)
}
