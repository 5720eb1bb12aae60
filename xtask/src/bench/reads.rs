//! What it costs to read alerts while nobody is told: all, one of them, and in groups; how much
//! memory a long answer takes; and what readers do to those who post.

mod beside;

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use super::cost::Cost;
use super::figures::{Figures, percentile};
use super::http::Client;
use super::load;
use super::options::Options;
use super::server::Server;
use super::setting::quiet;
use super::shown::{ALERTS, ensure_in, get};
use super::subject::Subject;

const ACTIVE: usize = 10_000;
const STREAMED: usize = 100_000;
const MIB: f64 = 1_048_576.0;

/// A path is got at least so often, and for so long.
const GETS_MIN: usize = 5;
const GETS_FOR: Duration = Duration::from_secs(2);

/// The alert that is looked for among the others.
const ONE: usize = 777;

pub(crate) fn measure(subject: &Subject, options: &Options, figures: &mut Figures) -> Result<()> {
    let server = subject.start_with(&quiet())?;
    fill(&server, ACTIVE, options)?;
    let one = format!("{ALERTS}?filter=seq%3D%22{ONE}%22");
    let groups = format!("{ALERTS}/groups");
    for (name, path, shown, most_ms) in [
        ("GET of 10,000 alerts", ALERTS, 0..ACTIVE, Some(40.0)),
        ("GET of one of them", &one, ONE..ONE + 1, Some(1.0)),
        ("GET of their groups", &groups, 0..ACTIVE, None),
    ] {
        let mut gets = gets(&server, path)?;
        ensure_in(&gets.last, shown)?;
        let p50_ms = percentile(&mut gets.times_ms, 0.5);
        match most_ms {
            Some(most) => figures.add_at_most(format!("{name} p50, ms"), p50_ms, most),
            None => figures.add(format!("{name} p50, ms"), p50_ms),
        }
        let cpu_ms = gets.cost.cpu_each_us() / 1e3;
        figures.add(format!("  CPU of a {name}, ms"), cpu_ms);
    }
    beside::measure(&server, ACTIVE, figures)?;
    drop(server);
    streamed(subject, options, figures)
}

fn fill(server: &Server, alerts: usize, options: &Options) -> Result<()> {
    let requests = load::requests(server.door, 0..alerts, options.batch, 0);
    load::post(server, &requests, options).map(drop)
}

/// How long each of many GETs took, and what the last one got.
pub(crate) struct Gets {
    pub(crate) times_ms: Vec<f64>,
    pub(crate) cost: Cost,
    pub(crate) last: Vec<u8>,
}

/// Gets `path` again and again over one connection.
pub(crate) fn gets(server: &Server, path: &str) -> Result<Gets> {
    let mut client = Client::connect(server.address)?;
    let mut times_ms = Vec::new();
    let start = Instant::now();
    let work = || -> Result<Vec<u8>> {
        loop {
            let begun = Instant::now();
            let body = get(&mut client, path)?;
            times_ms.push(begun.elapsed().as_secs_f64() * 1e3);
            if times_ms.len() >= GETS_MIN && start.elapsed() >= GETS_FOR {
                return Ok(body);
            }
        }
    };
    let (last, mut cost) = Cost::of(server, 0, work)?;
    cost.count = times_ms.len();
    Ok(Gets {
        times_ms,
        cost,
        last,
    })
}

/// How much memory it takes to show many alerts once.
fn streamed(subject: &Subject, options: &Options, figures: &mut Figures) -> Result<()> {
    let server = subject.start_with(&quiet())?;
    fill(&server, STREAMED, options)?;
    let before = server.memory_bytes()?;
    server.forget_peak()?;
    let mut client = Client::connect(server.address)?;
    let start = Instant::now();
    let body = get(&mut client, ALERTS)?;
    figures.add(
        "GET of 100,000 alerts, ms",
        start.elapsed().as_secs_f64() * 1e3,
    );
    let grown = (server.peak_bytes()? - before) / MIB;
    figures.add_at_most("  memory it took, MiB", grown, 20.0);
    ensure!(body.ends_with(b"]\n"), "the answer breaks off");
    ensure_in(&body, 0..STREAMED)
}
