//! What open alerts cost while they are kept: memory for each, and time and memory of a start
//! with all of them on disk. Alertmanager keeps none over a restart.

use anyhow::Result;

use super::figures::Figures;
use super::load;
use super::options::Options;
use super::sink::Sink;
use super::subject::{Audience, Subject};

const MANY: [usize; 2] = [20_000, 100_000];
const MEMORY_MAX: f64 = 1_500.0;
const START_MAX_MS: f64 = 1_000.0;

pub(crate) fn measure(subject: &Subject, options: &Options, figures: &mut Figures) -> Result<()> {
    let sink = Sink::start()?;
    for alerts in MANY {
        let mut server = subject.start(sink.address, Audience::Nobody)?;
        let idle = server.memory_bytes()?;
        let each = |bytes: f64| (bytes - idle) / alerts as f64;
        let requests = load::requests(subject, 0..alerts, options.batch, 0);
        load::post(&server, subject, &requests, options)?;
        let title = format!("memory for each of {alerts}, bytes");
        figures.add_at_most(title, each(server.memory_bytes()?), MEMORY_MAX);
        let Subject::Nabat { .. } = subject else {
            continue;
        };
        server.kill_and_start()?;
        let title = format!("  after kill -9 and a start, bytes, {alerts}");
        figures.add_at_most(title, each(server.memory_bytes()?), MEMORY_MAX);
        let title = format!("  start-up after kill -9 with {alerts}, ms");
        figures.add_at_most(title, server.startup_ms, START_MAX_MS);
    }
    Ok(())
}
