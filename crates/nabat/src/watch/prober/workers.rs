//! The threads that make the probes.
//!
//! They do nothing else, so that no work of Nabat's own counts as slowness of a target. What is due
//! and what came of it goes to and fro in batches: waking a thread costs as much as half a probe.

use std::io;
use std::num::NonZero;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use tokio::runtime;
use tokio::sync::mpsc;

use super::{Done, Promise, Turn};
use crate::clock;
use crate::probe::Tools;

/// How long results are gathered before they are told, and for how long the next probes that are
/// due are gathered before they are made.
pub(in crate::watch) const GATHERED: Duration = Duration::from_millis(10);
/// The most threads. One makes some 10,000 probes a second.
const MAX_THREADS: usize = 8;

/// The threads that make the probes. They end with this.
#[derive(Debug)]
pub(super) struct Workers {
    queues: Vec<mpsc::UnboundedSender<Vec<Turn>>>,
    /// Whose turn it is.
    next: usize,
}

impl Workers {
    /// Starts one thread for every two processors.
    ///
    /// # Errors
    /// If the system gives no thread or no way to wait for many things at once.
    pub(super) fn start(
        tools: &Arc<Tools>,
        results: &mpsc::UnboundedSender<Vec<Done>>,
    ) -> io::Result<Self> {
        let processors = thread::available_parallelism().map_or(1, NonZero::get);
        let count = (processors / 2).clamp(1, MAX_THREADS);
        let start = |_| {
            let (queue, turns) = mpsc::unbounded_channel();
            let runtime = runtime::Builder::new_current_thread()
                .enable_all()
                .build()?;
            let work = work(turns, Arc::clone(tools), results.clone());
            let thread = thread::Builder::new().name("probes".to_owned());
            thread.spawn(move || {
                runtime.block_on(work);
                // A condition that is still looked at must not hold up the end.
                runtime.shutdown_background();
            })?;
            Ok(queue)
        };
        let queues: io::Result<_> = (0..count).map(start).collect();
        Ok(Self {
            queues: queues?,
            next: 0,
        })
    }

    /// Has a thread make these probes.
    pub(super) fn make(&mut self, turns: Vec<Turn>) {
        self.next = (self.next + 1) % self.queues.len();
        // A thread ends only with this, and what a probe panics with stays in its task.
        let _ = self.queues[self.next].send(turns);
    }
}

/// Makes the probes of one thread, until nobody has any more.
async fn work(
    mut queue: mpsc::UnboundedReceiver<Vec<Turn>>,
    tools: Arc<Tools>,
    results: mpsc::UnboundedSender<Vec<Done>>,
) {
    let (done, finished) = mpsc::unbounded_channel();
    tokio::spawn(gather(finished, results));
    while let Some(turns) = queue.recv().await {
        for turn in turns {
            tokio::spawn(take(turn, Arc::clone(&tools), done.clone()));
        }
    }
}

/// Makes a probe once there is room for it.
async fn take(turn: Turn, tools: Arc<Tools>, done: mpsc::UnboundedSender<Done>) {
    let Turn { job, rooms } = turn;
    let mut promise = Promise {
        of: job.of,
        target: Arc::clone(&job.target),
        begun_at: clock::now(),
        report: None,
        done,
    };
    let _room = match &rooms {
        // Nobody closes them.
        Some([at_host, anywhere]) => Some((at_host.acquire().await, anywhere.acquire().await)),
        None => None,
    };
    promise.begun_at = clock::now();
    // On the heap, so that those that wait for room take none to speak of.
    let report = Box::pin(job.target.probe(&job.conditions, &tools, job.manner)).await;
    promise.keep(report);
}

/// Tells what comes within [`GATHERED`] of each other all at once.
async fn gather(
    mut finished: mpsc::UnboundedReceiver<Done>,
    results: mpsc::UnboundedSender<Vec<Done>>,
) {
    while let Some(first) = finished.recv().await {
        tokio::time::sleep(GATHERED).await;
        let mut all = vec![first];
        while let Ok(next) = finished.try_recv() {
            all.push(next);
        }
        if results.send(all).is_err() {
            return;
        }
    }
}
