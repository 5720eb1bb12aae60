//! How fast a program takes alerts in: prepared requests over a few connections, as fast as
//! it answers.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Instant;

use anyhow::{Context as _, Result, bail};

use super::alerts::{alert, time_in};
use super::http::Client;
use super::options::Options;
use super::server::Server;
use super::subject::Subject;
use super::table::percentile;

pub(crate) struct Figures {
    pub(crate) alerts_per_second: f64,
    pub(crate) request_p99_ms: f64,
    pub(crate) cpu_seconds_per_million: f64,
}

#[derive(Clone, Copy)]
pub(crate) enum Pass {
    /// Alerts nobody has seen yet.
    Fresh,
    /// The same ones again, as their source sends them while they fire.
    Repeated,
}

pub(crate) fn measure(
    server: &Server,
    subject: &Subject,
    options: &Options,
    pass: Pass,
) -> Result<Figures> {
    let requests = requests(subject, options, pass);
    let next = AtomicUsize::new(0);
    let cpu_before = server.cpu_seconds()?;
    let start = Instant::now();
    let mut times_ms = Vec::with_capacity(requests.len());
    thread::scope(|scope| -> Result<()> {
        let post = || post_all(server, subject.path(), &requests, &next);
        let clients: Vec<_> = (0..options.clients).map(|_| scope.spawn(post)).collect();
        for client in clients {
            times_ms.extend(client.join().expect("a client returns its errors")?);
        }
        Ok(())
    })?;
    let seconds = start.elapsed().as_secs_f64();
    let cpu = server.cpu_seconds()? - cpu_before;
    Ok(Figures {
        alerts_per_second: options.alerts as f64 / seconds,
        request_p99_ms: percentile(&mut times_ms, 0.99),
        cpu_seconds_per_million: cpu * 1e6 / options.alerts as f64,
    })
}

fn requests(subject: &Subject, options: &Options, pass: Pass) -> Vec<Vec<u8>> {
    // The start is the same in both passes, or they would be other alerts to Nabat.
    let starts_at = "2026-01-01T00:00:00Z";
    let ends_at = match pass {
        Pass::Fresh => time_in(3_600),
        Pass::Repeated => time_in(3_615),
    };
    let ids: Vec<usize> = (0..options.alerts).collect();
    ids.chunks(options.batch)
        .map(|ids| {
            ids.iter()
                .map(|id| alert(*id, starts_at, &ends_at))
                .collect()
        })
        .map(|alerts| subject.body(alerts))
        .collect()
}

/// One connection takes the next request until there are none; returns the time of each in ms.
fn post_all(
    server: &Server,
    path: &str,
    requests: &[Vec<u8>],
    next: &AtomicUsize,
) -> Result<Vec<f64>> {
    let mut client = Client::connect(server.address)?;
    let mut times_ms = Vec::new();
    while let Some(request) = requests.get(next.fetch_add(1, Ordering::Relaxed)) {
        let start = Instant::now();
        let (status, body) = client
            .post(path, request)
            .with_context(|| format!("no answer to POST {path}"))?;
        if status != 200 {
            bail!(
                "POST {path} was answered {status}: {}",
                String::from_utf8_lossy(&body)
            );
        }
        times_ms.push(start.elapsed().as_secs_f64() * 1e3);
    }
    Ok(times_ms)
}
