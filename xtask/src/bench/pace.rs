//! How long alerts take to Telegram at 100 a second, for many chats of several bots: each bot and
//! each chat stays under what Telegram allows it.
//!
//! The alerts come by the clock, whatever the program does, and an alert's time runs from the
//! moment at which it was due: a program that stalls is not spared what it delayed.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use super::alerts::{NAMES, alert_with, monitor, time_in};
use super::figures::{Figures, percentile};
use super::http::Client;
use super::load;
use super::sink::Sink;
use super::subject::{Audience, Subject};
use crate::process::{pause, wait_until};

const BOTS: usize = 10;
const PACE: Duration = Duration::from_millis(10);
const ALERTS: usize = 2_000;
/// The first of them pay for connections and caches, and are not counted.
const WARM_UP: usize = 400;
const FIRST_ID: usize = 6_000_000;
const ARRIVAL_MAX: Duration = Duration::from_secs(30);

pub(crate) fn measure(subject: &Subject, figures: &mut Figures) -> Result<()> {
    let sink = Sink::start()?;
    let audience = Audience::Chats { bots: BOTS };
    let server = subject.start(sink.address, audience)?;
    subject.subscribe(&sink, audience)?;
    let before = sink.arrived();
    let cpu = server.cpu_seconds()?;
    let mut client = Client::connect(server.address)?;
    let start = Instant::now();
    let mut due = Vec::with_capacity(ALERTS);
    for n in 0..ALERTS {
        let monitor = monitor(bot_of(n));
        let labels = [("monitor", monitor.as_str())];
        let alert = alert_with(FIRST_ID + n, &labels, &time_in(0), &time_in(3_600));
        let body = server.door.body(vec![alert]);
        let at = start + PACE * n as u32;
        pause(at.saturating_duration_since(Instant::now()));
        load::taken(&mut client, server.door, &body)?;
        due.push(at);
    }
    wait_until(ARRIVAL_MAX, || sink.arrived() >= before + ALERTS);
    let cpu = server.cpu_seconds()? - cpu;
    let arrivals = sink.first_arrivals();
    let mut times_ms: Vec<f64> = due
        .iter()
        .enumerate()
        .filter_map(|(n, due)| {
            let at = arrivals.get(&(FIRST_ID + n))?;
            Some(at.duration_since(*due).as_secs_f64() * 1e3)
        })
        .collect();
    ensure!(
        times_ms.len() == ALERTS,
        "it told {} of {ALERTS} alerts",
        times_ms.len()
    );
    let counted = &mut times_ms[WARM_UP..];
    figures.add(
        "100 alerts/s, due to sendMessage p50, ms",
        percentile(counted, 0.5),
    );
    figures.add_at_most("  p99 at 100/s, ms", percentile(counted, 0.99), 20.0);
    figures.add("  CPU for each of them, us", cpu * 1e6 / ALERTS as f64);
    Ok(())
}

/// Spreads the names over the bots so that neither a bot nor a chat has two alerts in a row.
fn bot_of(n: usize) -> usize {
    (n + n / NAMES.len()) % BOTS
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    #[test]
    fn no_chat_is_told_more_than_once_a_second() {
        let mut last: HashMap<(usize, usize), usize> = HashMap::new();
        for n in 0..ALERTS {
            let chat = (bot_of(n), n % NAMES.len());
            let before = last.insert(chat, n);
            assert!(before.is_none_or(|before| n - before >= 100), "{chat:?}");
        }
        assert_eq!(last.len(), BOTS * NAMES.len());
    }
}
