//! What open alerts cost a start that finds them on disk: time, and memory for each. Alertmanager
//! keeps none over a restart.

use anyhow::Result;

use super::figures::Figures;
use super::load;
use super::options::Options;
use super::setting::quiet;
use super::subject::Subject;

const MANY: [usize; 2] = [20_000, 100_000];
const MEMORY_MAX: f64 = 1_500.0;
const START_MAX_MS: f64 = 1_000.0;

pub(crate) fn measure(subject: &Subject, options: &Options, figures: &mut Figures) -> Result<()> {
    let Subject::Nabat { .. } = subject else {
        return Ok(());
    };
    for alerts in MANY {
        let mut server = subject.start_with(&quiet())?;
        let idle = server.memory_bytes()?;
        let each = |bytes: f64| (bytes - idle) / alerts as f64;
        let requests = load::requests(server.door, 0..alerts, options.batch, 0);
        load::post(&server, &requests, options)?;
        server.kill_and_start()?;
        let title = format!("memory after kill -9 with {alerts}, bytes each");
        figures.add_at_most(title, each(server.memory_bytes()?), MEMORY_MAX);
        let title = format!("  start-up after kill -9 with {alerts}, ms");
        figures.add_at_most(title, server.startup_ms, START_MAX_MS);
    }
    Ok(())
}
