//! What alerts cost that Prometheus posts, when nobody is to be told: new ones, and the same
//! again, with so many in the program; and how much memory each takes.

use std::ops::Range;

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
/// So many alerts wake a program up; what the others take is what each takes.
const FIRST: usize = 1_000;
const MEMORY_MAX: f64 = 1_500.0;

/// How alerts are repeated: the name for it, by how many seconds their end is later each time, and
/// which share of Alertmanager's CPU Nabat may take. Prometheus repeats an alert once a minute; of
/// these repetitions, Nabat stores those by which the end moves far.
const REPEATS: [(&str, i64, Option<f64>); 2] = [
    ("repeated", 1, Some(0.1)),
    ("repeated with a far later end", 241, None),
];

pub(crate) fn measure(subject: &Subject, options: &Options, figures: &mut Figures) -> Result<()> {
    for active in ACTIVE {
        let times = POSTED_MIN.div_ceil(active);
        let mut filled = fill(subject, active, options)?;
        for _ in 1..times {
            let again = fill(subject, active, options)?;
            filled.cost = filled.cost.and(again.cost);
        }
        let title = format!("{active} new alerts");
        add(figures, &title, filled.cost, Some(0.25));
        let mut seconds = 0;
        for (name, step, share) in REPEATS {
            let mut cost = Cost::default();
            for _ in 0..times {
                seconds += step;
                cost = cost.and(post(&filled.server, 0..active, seconds, options)?);
            }
            add(figures, &format!("{active} {name}"), cost, share);
        }
        if active > FIRST {
            let title = format!("memory for each of {active}, bytes");
            figures.add_at_most(title, filled.bytes_each, MEMORY_MAX);
        }
        ensure_all(&filled.server, 0..active)?;
    }
    Ok(())
}

/// A program with alerts, what it cost to put them there, and how much memory each takes.
struct Filled {
    server: Server,
    cost: Cost,
    bytes_each: f64,
}

fn fill(subject: &Subject, alerts: usize, options: &Options) -> Result<Filled> {
    let server = subject.start_with(&quiet())?;
    let first = post(&server, 0..FIRST, 0, options)?;
    let before = server.memory_bytes()?;
    let rest = post(&server, FIRST..alerts, 0, options)?;
    let bytes_each = (server.memory_bytes()? - before) / (alerts - FIRST) as f64;
    Ok(Filled {
        server,
        cost: first.and(rest),
        bytes_each,
    })
}

fn post(server: &Server, ids: Range<usize>, seconds: i64, options: &Options) -> Result<Cost> {
    let count = ids.len();
    let requests = load::requests(server.door, ids, options.batch, seconds);
    let posted = || load::post(server, &requests, options);
    Ok(Cost::of(server, count, posted)?.1)
}

fn add(figures: &mut Figures, title: &str, cost: Cost, share: Option<f64>) {
    figures.add(format!("{title}, alerts/s"), cost.per_second());
    let title = format!("  CPU of {title}, s per million");
    match share {
        Some(share) => figures.add_for(title, cost.cpu_each_us(), Target::OfPeer(share)),
        None => figures.add(title, cost.cpu_each_us()),
    }
}
