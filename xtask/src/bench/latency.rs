//! How long an alert takes from its POST to the message at Telegram.
//!
//! One alert at a time, each of the next name and so for the next chat, at a pace under
//! Telegram's limits (30 messages a second for a bot, one for a chat): what is measured is the
//! program and not the queue it rightly keeps.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};

use super::alerts::{alert, mark, time_in};
use super::figures::{Figures, percentile};
use super::http::Client;
use super::load;
use super::options::Options;
use super::server::Server;
use super::sink::Sink;
use super::subject::{Audience, Subject};
use crate::process::pause;

/// The first messages pay for connections and caches, and are not counted.
const WARM_UP: usize = 10;
const PACE: Duration = Duration::from_millis(50);
const ARRIVAL_MAX: Duration = Duration::from_secs(30);
/// These alerts are other ones than those of other parts.
const FIRST_ID: usize = 5_000_000;

pub(crate) fn measure(subject: &Subject, options: &Options, figures: &mut Figures) -> Result<()> {
    let sink = Sink::start()?;
    let audience = Audience::Chats { bots: 1 };
    let server = subject.start(sink.address, audience)?;
    subject.subscribe(&sink, audience)?;
    let mut times_ms = one_by_one(&server, &sink, options.messages, PACE)?;
    figures.add(
        "POST to sendMessage p50, ms",
        percentile(&mut times_ms, 0.5),
    );
    figures.add("  p99, ms", percentile(&mut times_ms, 0.99));
    Ok(())
}

/// Posts alerts each alone, the next one `pace` after the one before was told; returns how long
/// each took.
pub(crate) fn one_by_one(
    server: &Server,
    sink: &Sink,
    count: usize,
    pace: Duration,
) -> Result<Vec<f64>> {
    let mut client = Client::connect(server.address)?;
    let mut times_ms = Vec::with_capacity(count);
    for n in 0..WARM_UP + count {
        pause(pace);
        let id = FIRST_ID + n;
        let body = server
            .door
            .body(vec![alert(id, &time_in(0), &time_in(3_600))]);
        let before = sink.arrived();
        let posted_at = Instant::now();
        load::taken(&mut client, server.door, &body)?;
        let arrived_at = sink
            .wait_for(&mark(id), before, ARRIVAL_MAX)
            .with_context(|| format!("nobody was told of alert {id}"))?;
        if n >= WARM_UP {
            times_ms.push(arrived_at.duration_since(posted_at).as_secs_f64() * 1e3);
        }
    }
    Ok(times_ms)
}
