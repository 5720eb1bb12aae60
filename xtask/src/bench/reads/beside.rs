//! How long it takes to post a new alert while nobody reads, and while somebody reads all of them
//! again and again.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Result;

use super::super::alerts::{alert, time_in};
use super::super::figures::{Figures, percentile};
use super::super::http::Client;
use super::super::load;
use super::super::server::Server;
use super::super::shown::{ALERTS, ensure_all, get};
use crate::process::pause;

const POSTS: usize = 500;
const PACE: Duration = Duration::from_millis(5);

/// `active` alerts are there already.
pub(super) fn measure(server: &Server, active: usize, figures: &mut Figures) -> Result<()> {
    let mut alone = post(server, active)?;
    let over = AtomicBool::new(false);
    let (mut beside, answers) = thread::scope(|scope| -> Result<_> {
        let reader = scope.spawn(|| read(server, &over));
        let times_ms = post(server, active + POSTS);
        over.store(true, Ordering::Relaxed);
        let answers = reader.join().expect("the reader returns its errors")?;
        Ok((times_ms?, answers))
    })?;
    let p50 = [percentile(&mut alone, 0.5), percentile(&mut beside, 0.5)];
    figures.add("POST of one alert p50, ms", p50[0]);
    figures.add("  p99 of it, ms", percentile(&mut alone, 0.99));
    figures.add("POST of one beside a reader p50, ms", p50[1]);
    figures.add("  p99 of that, ms", percentile(&mut beside, 0.99));
    let title = "  p50 beside a reader, times that without";
    figures.add_at_most(title, p50[1] / p50[0], 1.25);
    figures.add("  answers of 10,000 alerts meanwhile", answers as f64);
    ensure_all(server, 0..active + 2 * POSTS)
}

/// Posts new alerts, each alone; returns how long each took, in ms.
fn post(server: &Server, first_id: usize) -> Result<Vec<f64>> {
    let mut client = Client::connect(server.address)?;
    let mut times_ms = Vec::with_capacity(POSTS);
    for id in first_id..first_id + POSTS {
        pause(PACE);
        let body = server
            .door
            .body(vec![alert(id, &time_in(0), &time_in(3_600))]);
        let start = Instant::now();
        load::taken(&mut client, server.door, &body)?;
        times_ms.push(start.elapsed().as_secs_f64() * 1e3);
    }
    Ok(times_ms)
}

/// Reads all alerts until it is told to stop; returns how often.
fn read(server: &Server, over: &AtomicBool) -> Result<usize> {
    let mut client = Client::connect(server.address)?;
    let mut answers = 0;
    while !over.load(Ordering::Relaxed) {
        get(&mut client, ALERTS)?;
        answers += 1;
    }
    Ok(answers)
}
