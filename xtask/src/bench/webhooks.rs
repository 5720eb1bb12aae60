//! How long alerts take to a webhook when groups wait for nothing, one at a time, and what they
//! cost when 5,000 come at once, each its own group.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use super::cost::Cost;
use super::door::Door;
use super::figures::{Figures, percentile};
use super::latency::one_by_one;
use super::load;
use super::options::Options;
use super::setting::{quiet, webhook};
use super::sink::Sink;
use super::subject::Subject;
use crate::process::wait_until;

const BURST: usize = 5_000;
const PACE: Duration = Duration::from_millis(5);
const BURST_MAX: Duration = Duration::from_secs(120);

pub(crate) fn measure(subject: &Subject, options: &Options, figures: &mut Figures) -> Result<()> {
    one_at_a_time(subject, options, figures)?;
    let requests = load::requests(Door::Api, 0..BURST, options.batch, 0);
    let taking_in = taking_in(subject, &requests, options)?;

    let sink = Sink::start()?;
    let server = subject.start_with(&webhook(sink.address))?;
    let start = Instant::now();
    let (all, cost) = Cost::of(&server, BURST, || {
        load::post(&server, &requests, options)?;
        Ok(wait_until(BURST_MAX, || sink.arrived() >= BURST))
    })?;
    ensure!(
        all,
        "the webhook was called {} times for {BURST} alerts",
        sink.arrived()
    );
    let each = cost.cpu_each_us();
    let arrivals = sink.first_arrivals();
    let mut times_ms: Vec<f64> = arrivals
        .values()
        .map(|at| at.duration_since(start).as_secs_f64() * 1e3)
        .collect();
    let last_ms = percentile(&mut times_ms, 1.0);
    figures.add(
        format!("{BURST} webhooks at once, webhooks/s"),
        BURST as f64 * 1e3 / last_ms,
    );
    figures.add("  CPU for each alert in and out, us", each);
    figures.add("  CPU of taking it in, us", taking_in);
    figures.add_at_most("  CPU of the webhook alone, us", each - taking_in, 50.0);
    figures.add("  calls", sink.arrived() as f64);
    Ok(())
}

fn one_at_a_time(subject: &Subject, options: &Options, figures: &mut Figures) -> Result<()> {
    let sink = Sink::start()?;
    let server = subject.start_with(&webhook(sink.address))?;
    let mut times_ms = one_by_one(&server, &sink, options.messages, PACE)?;
    let p50_ms = percentile(&mut times_ms, 0.5);
    figures.add_at_most("POST to webhook p50, ms", p50_ms, 1.0);
    figures.add("  p99 to webhook, ms", percentile(&mut times_ms, 0.99));
    Ok(())
}

/// What the same alerts cost when nobody is told, in microseconds of CPU each.
fn taking_in(subject: &Subject, requests: &[Vec<u8>], options: &Options) -> Result<f64> {
    let server = subject.start_with(&quiet())?;
    let posted = || load::post(&server, requests, options);
    let (_, cost) = Cost::of(&server, BURST, posted)?;
    Ok(cost.cpu_each_us())
}
