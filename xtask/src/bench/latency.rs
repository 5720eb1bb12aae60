//! How long an alert takes from its POST to the message at Telegram.
//!
//! One alert at a time, each of the next name and so for the next chat, at a pace under
//! Telegram's limits (30 messages a second for a bot, one for a chat): what is measured is the
//! program and not the queue it rightly keeps.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};

use super::alerts::{alert, mark, time_in};
use super::http::Client;
use super::options::Options;
use super::server::Server;
use super::sink::Sink;
use super::subject::Subject;
use super::table::percentile;
use crate::process::pause;

/// The first messages pay for connections and caches, and are not counted.
const WARM_UP: usize = 10;
const PACE: Duration = Duration::from_millis(50);
const ARRIVAL_MAX: Duration = Duration::from_secs(30);
/// These alerts are other ones than those of the intake.
const FIRST_ID: usize = 5_000_000;

pub(crate) struct Figures {
    pub(crate) p50_ms: f64,
    pub(crate) p99_ms: f64,
}

pub(crate) fn measure(
    server: &Server,
    subject: &Subject,
    sink: &Sink,
    options: &Options,
) -> Result<Figures> {
    let mut client = Client::connect(server.address)?;
    let mut times_ms = Vec::with_capacity(options.messages);
    for n in 0..WARM_UP + options.messages {
        pause(PACE);
        let id = FIRST_ID + n;
        let body = subject.body(vec![alert(id, &time_in(0), &time_in(3_600))]);
        let before = sink.arrived();
        let posted_at = Instant::now();
        let (status, answer) = client.post(subject.path(), &body)?;
        ensure!(
            status == 200,
            "an alert was answered {status}: {}",
            String::from_utf8_lossy(&answer)
        );
        let arrived_at = sink
            .wait_for(&mark(id), before, ARRIVAL_MAX)
            .with_context(|| format!("{} sent no message about alert {id}", subject.name()))?;
        if n >= WARM_UP {
            times_ms.push(arrived_at.duration_since(posted_at).as_secs_f64() * 1e3);
        }
    }
    Ok(Figures {
        p50_ms: percentile(&mut times_ms, 0.5),
        p99_ms: percentile(&mut times_ms, 0.99),
    })
}
