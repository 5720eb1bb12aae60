//! Load: requests that are prepared beforehand and posted as fast as they are answered.

use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Instant;

use anyhow::{Context as _, Result, bail};

use super::alerts::{alert, time_in};
use super::door::Door;
use super::http::Client;
use super::options::Options;
use super::server::Server;

/// The start is the same whenever an alert is posted again, or it would be another one to Nabat.
const STARTS_AT: &str = "2026-01-01T00:00:00Z";

/// The alerts `ids` as they stand `seconds` after their first time: their source renews the end.
pub(crate) fn requests(door: Door, ids: Range<usize>, batch: usize, seconds: i64) -> Vec<Vec<u8>> {
    let ends_at = time_in(3_600 + seconds);
    let ids: Vec<usize> = ids.collect();
    ids.chunks(batch)
        .map(|ids| {
            ids.iter()
                .map(|id| alert(*id, STARTS_AT, &ends_at))
                .collect()
        })
        .map(|alerts| door.body(alerts))
        .collect()
}

/// Posts all over a few connections; returns the time of each in ms.
pub(crate) fn post(server: &Server, requests: &[Vec<u8>], options: &Options) -> Result<Vec<f64>> {
    let next = AtomicUsize::new(0);
    let mut times_ms = Vec::with_capacity(requests.len());
    thread::scope(|scope| -> Result<()> {
        let work = || post_next(server, requests, &next);
        let clients: Vec<_> = (0..options.clients).map(|_| scope.spawn(work)).collect();
        for client in clients {
            times_ms.extend(client.join().expect("a client returns its errors")?);
        }
        Ok(())
    })?;
    Ok(times_ms)
}

/// One connection takes the next request until there are none.
fn post_next(server: &Server, requests: &[Vec<u8>], next: &AtomicUsize) -> Result<Vec<f64>> {
    let mut client = Client::connect(server.address)?;
    let mut times_ms = Vec::new();
    while let Some(request) = requests.get(next.fetch_add(1, Ordering::Relaxed)) {
        let start = Instant::now();
        taken(&mut client, server.door, request)?;
        times_ms.push(start.elapsed().as_secs_f64() * 1e3);
    }
    Ok(times_ms)
}

/// Posts one request; anything but 200 is an error.
pub(crate) fn taken(client: &mut Client, door: Door, request: &[u8]) -> Result<()> {
    let path = door.path();
    let (status, answer) = client
        .post(path, request)
        .with_context(|| format!("no answer to POST {path}"))?;
    if status != 200 {
        bail!(
            "POST {path} was answered {status}: {}",
            String::from_utf8_lossy(&answer)
        );
    }
    Ok(())
}
