//! Has the probes made that are due: never too many at once, never too many to one host.

mod workers;

use std::collections::HashMap;
use std::io;
use std::sync::Arc;

use nabat_core::monitor::MonitorId;
use nabat_core::time::Timestamp;
use tokio::sync::{Semaphore, mpsc};

use crate::probe::{Condition, Manner, Report, Target, Tools};
use workers::Workers;

pub(super) use workers::GATHERED;

/// Has probes made.
#[derive(Debug)]
pub(super) struct Prober {
    tools: Arc<Tools>,
    workers: Workers,
    limits: Limits,
    /// Room for all that may be under way at once.
    room: Arc<Semaphore>,
    hosts: HashMap<Arc<str>, Host>,
    /// Those that are made at the next [`Self::begin`].
    due: Vec<Turn>,
}

/// How many probes may be under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Limits {
    pub(super) at_once: usize,
    pub(super) per_host: usize,
}

/// Who wants to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum For {
    /// A monitor.
    Monitor(MonitorId),
    /// The witness with this index.
    Witness(usize),
}

/// A probe to make.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) of: For,
    pub(super) target: Arc<Target>,
    pub(super) conditions: Arc<[Condition]>,
    pub(super) manner: Manner,
}

/// What came of a probe.
#[derive(Debug)]
pub(super) struct Done {
    pub(super) of: For,
    pub(super) begun_at: Timestamp,
    pub(super) report: Report,
    host: Arc<str>,
}

/// A probe to make once there is room for it, at its host first.
#[derive(Debug)]
struct Turn {
    job: Job,
    rooms: [Arc<Semaphore>; 2],
}

/// Says what came of a probe, whatever happens: one that nobody hears of would never be made again.
#[derive(Debug)]
struct Promise {
    of: For,
    host: Arc<str>,
    begun_at: Timestamp,
    report: Option<Report>,
    done: mpsc::UnboundedSender<Done>,
}

impl Promise {
    fn keep(mut self, report: Report) {
        self.report = Some(report);
    }
}

impl Drop for Promise {
    fn drop(&mut self) {
        let broken =
            || Report::unknown("Nabat made a mistake; please report the panic from the log");
        // Without somebody who wants to know Nabat is stopping.
        let _ = self.done.send(Done {
            of: self.of,
            begun_at: self.begun_at,
            report: self.report.take().unwrap_or_else(broken),
            host: Arc::clone(&self.host),
        });
    }
}

#[derive(Debug)]
struct Host {
    room: Arc<Semaphore>,
    /// How many probes wait for it or are made.
    underway: usize,
}

impl Prober {
    /// Prepares probes. What comes of them goes to `results`.
    ///
    /// # Errors
    /// See [`Workers::start`].
    pub(super) fn start(
        tools: Arc<Tools>,
        limits: Limits,
        results: &mpsc::UnboundedSender<Vec<Done>>,
    ) -> io::Result<Self> {
        Ok(Self {
            workers: Workers::start(&tools, results)?,
            tools,
            limits,
            room: Arc::new(Semaphore::new(limits.at_once)),
            hosts: HashMap::new(),
            due: Vec::new(),
        })
    }

    /// Goes by other limits. What is under way already counts no more.
    pub(super) fn limit(&mut self, limits: Limits) {
        if self.limits != limits {
            self.limits = limits;
            self.room = Arc::new(Semaphore::new(limits.at_once));
            for host in self.hosts.values_mut() {
                host.room = Arc::new(Semaphore::new(limits.per_host));
            }
        }
    }

    /// What probes are made with.
    pub(super) fn tools(&self) -> Arc<Tools> {
        Arc::clone(&self.tools)
    }

    /// Puts down a probe that is due.
    pub(super) fn probe(&mut self, job: Job) {
        let per_host = self.limits.per_host;
        let host = self.hosts.entry(job.target.host());
        let host = host.or_insert_with(|| Host {
            room: Arc::new(Semaphore::new(per_host)),
            underway: 0,
        });
        host.underway += 1;
        let rooms = [Arc::clone(&host.room), Arc::clone(&self.room)];
        self.due.push(Turn { job, rooms });
    }

    /// Has the probes made that were put down.
    pub(super) fn begin(&mut self) {
        if !self.due.is_empty() {
            self.workers.make(std::mem::take(&mut self.due));
        }
    }

    /// Forgets a probe that was made.
    pub(super) fn finished(&mut self, done: &Done) {
        if let Some(host) = self.hosts.get_mut(&done.host) {
            host.underway -= 1;
            if host.underway == 0 {
                self.hosts.remove(&done.host);
            }
        }
    }
}
