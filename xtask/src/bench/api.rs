//! What alerts cost that Prometheus posts, when nobody is to be told: new ones, and the same
//! again, with so many in the program; and how much memory each takes.

use anyhow::Result;

use super::cost::Cost;
use super::figures::{Figures, Target};
use super::load;
use super::options::Options;
use super::server::Server;
use super::setting::quiet;
use super::shown::ensure_all;
use super::subject::Subject;

const ACTIVE: [usize; 3] = [1_000, 10_000, 100_000];
/// CPU time is counted in steps of 10 ms: with fewer alerts in all the steps would show.
const POSTED_MIN: usize = 20_000;
/// With fewer alerts memory shows how much a program takes in advance.
const WEIGHED_MIN: usize = 10_000;
const MEMORY_MAX: f64 = 1_500.0;

/// How alerts are repeated: the name for it, and by how many seconds their end is later each time.
/// Prometheus repeats an alert once a minute, two that watch the same twice as often. Not every
/// repetition is worth storing to Nabat; one by which the end moves far is.
const REPEATS: [(&str, i64); 2] = [("repeated", 1), ("repeated with a far later end", 121)];

pub(crate) fn measure(subject: &Subject, options: &Options, figures: &mut Figures) -> Result<()> {
    for active in ACTIVE {
        let times = POSTED_MIN.div_ceil(active);
        let mut filled = fill(subject, active, options)?;
        for _ in 1..times {
            let again = fill(subject, active, options)?;
            filled.cost = filled.cost.and(again.cost);
        }
        add(figures, &format!("{active} new alerts"), filled.cost, 0.25);
        let mut seconds = 0;
        for (name, step) in REPEATS {
            let mut cost = Cost::default();
            for _ in 0..times {
                seconds += step;
                cost = cost.and(post(&filled.server, active, seconds, options)?);
            }
            add(figures, &format!("{active} {name}"), cost, 0.1);
        }
        if active >= WEIGHED_MIN {
            let title = format!("memory for each of {active}, bytes");
            figures.add_at_most(title, filled.bytes_each, MEMORY_MAX);
        }
        ensure_all(&filled.server, 0..active)?;
    }
    Ok(())
}

/// A program with alerts, what it cost to put them there, and how much memory they take.
struct Filled {
    server: Server,
    cost: Cost,
    bytes_each: f64,
}

fn fill(subject: &Subject, alerts: usize, options: &Options) -> Result<Filled> {
    let server = subject.start_with(&quiet())?;
    let idle = server.memory_bytes()?;
    let cost = post(&server, alerts, 0, options)?;
    let bytes_each = (server.memory_bytes()? - idle) / alerts as f64;
    Ok(Filled {
        server,
        cost,
        bytes_each,
    })
}

fn post(server: &Server, alerts: usize, seconds: i64, options: &Options) -> Result<Cost> {
    let requests = load::requests(server.door, 0..alerts, options.batch, seconds);
    let posted = || load::post(server, &requests, options);
    Ok(Cost::of(server, alerts, posted)?.1)
}

fn add(figures: &mut Figures, title: &str, cost: Cost, share: f64) {
    figures.add(format!("{title}, alerts/s"), cost.per_second());
    let title = format!("  CPU of {title}, s per million");
    figures.add_for(title, cost.cpu_each_us(), Target::OfPeer(share));
}
