//! What every probe saw and how long it took, for as long as settings say.
//!
//! Samples lie apart from the store, in a file of their own, and are worth less: a second of them
//! may be lost in a crash, a state never. [`Samples::put`] never waits for a disk. A thread of its
//! own takes what was put once a second into memory, encoded by `codec`, and into a journal on
//! disk. An hour that is over is sealed: one chunk for each monitor, with what it comes to; and so
//! are days. Whoever reads sees what was put at once.
//!
//! Nothing here keeps Nabat from starting or going on: a file that makes no sense is set aside,
//! what finds no room on a disk waits in memory, what waits too long is dropped and counted.

mod codec;
mod file;
mod hour;
mod memory;
mod prune;
mod reading;
mod rows;
mod seal;
mod summary;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod writer;

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rusqlite::Connection;

use nabat_core::monitor::MonitorId;
use nabat_core::time::Timestamp;

use crate::clock;
use crate::probe::Outcome;
use memory::Memory;
use writer::{Order, Writer};

pub use summary::{Counts, Latency, Summary};

/// More than this do not wait to be taken in: five minutes of 10,000 monitors at 30 s.
const WAITING_MAX: usize = 100_000;

/// What one probe saw.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sample {
    /// Whose.
    pub monitor: MonitorId,
    /// When the probe began.
    pub at: Timestamp,
    /// What came of it.
    pub outcome: Outcome,
    /// How long the target took; kept to the microsecond.
    pub latency: Option<Duration>,
    /// How many of its packets were lost, in percent, if it sent several.
    pub loss_percent: Option<u8>,
}

/// For how long samples, and what they came to, are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keep {
    /// The samples themselves; at least until their day is summed up.
    pub samples: Duration,
    /// What each hour came to.
    pub hours: Duration,
    /// What each day came to; for ever if not set.
    pub days: Option<Duration>,
}

impl Default for Keep {
    fn default() -> Self {
        let days = |days: u64| Duration::from_secs(days * 86_400);
        Self {
            samples: days(30),
            hours: days(365),
            days: None,
        }
    }
}

/// What became of samples since the start.
#[derive(Debug, Default)]
pub struct Counters {
    /// Samples that were written to the journal.
    pub written: AtomicU64,
    /// Samples that found no room, waiting or in memory, while the file took none.
    pub dropped: AtomicU64,
    /// Samples whose hour was over, or that came from the future.
    pub late: AtomicU64,
    /// Bytes that were handed to the file: the journal and what was sealed.
    pub bytes: AtomicU64,
    /// How large the file was when an hour was sealed last, in bytes.
    pub file_bytes: AtomicU64,
}

/// Why samples can't be kept or read.
#[derive(Debug, thiserror::Error)]
pub enum SamplesError {
    /// The system gives no thread.
    #[error("cannot begin the thread that writes samples; raise the limit of threads")]
    Thread(#[source] std::io::Error),
    /// The file can't be opened.
    #[error("cannot use `{path}`, where samples are kept; check its permissions and its disk")]
    Open {
        /// Which file.
        path: String,
        /// What the system says.
        #[source]
        source: std::io::Error,
    },
    /// Another program made the file.
    #[error("`{path}` is not a file of samples")]
    Foreign {
        /// Which file.
        path: String,
    },
    /// A newer Nabat made the file.
    #[error("`{path}` was written by a newer Nabat")]
    TooNew {
        /// Which file.
        path: String,
    },
    /// SQLite did not do what it was asked.
    #[error("cannot {what}")]
    Sqlite {
        /// What was tried.
        what: &'static str,
        /// What SQLite says.
        #[source]
        source: rusqlite::Error,
    },
}

/// Keeps samples. When dropped, it writes what was put before.
#[derive(Debug)]
pub struct Samples {
    shared: Arc<Shared>,
    orders: Sender<Order>,
    thread: Option<JoinHandle<()>>,
}

/// What the writer and its callers both use. Who needs several locks takes `reader` first, then
/// `memory`, then `waiting`.
#[derive(Debug, Default)]
struct Shared {
    counters: Counters,
    waiting: Mutex<Vec<Sample>>,
    memory: Mutex<Memory>,
    /// Reads beside the writer; none while there is no file.
    reader: Mutex<Option<Connection>>,
    keep: Mutex<Keep>,
}

impl Samples {
    /// Opens the file at `path`, making it if it is not there, and takes up what the last run left
    /// in its journal. A file that makes no sense, or that another program or a newer Nabat made,
    /// is set aside; one that can't be used now is tried again each second.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn open(path: &Path, keep: Keep) -> Result<Self, SamplesError> {
        Self::with_clock(path, keep, clock::now)
    }

    /// [`Samples::open`] with another clock: for tests and measurements.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn with_clock(
        path: &Path,
        keep: Keep,
        clock: impl Fn() -> Timestamp + Send + 'static,
    ) -> Result<Self, SamplesError> {
        let shared = Arc::new(Shared::default());
        *locked(&shared.keep) = keep;
        let mut writer = Writer::new(path, Arc::clone(&shared), Box::new(clock));
        writer.begin();
        let (orders, taken) = mpsc::channel();
        let thread = thread::Builder::new()
            .name("samples".to_owned())
            .spawn(move || writer.run(&taken))
            .map_err(SamplesError::Thread)?;
        Ok(Self {
            shared,
            orders,
            thread: Some(thread),
        })
    }

    /// Keeps a sample; never waits. What finds no room is dropped and counted.
    pub fn put(&self, sample: Sample) {
        let mut waiting = locked(&self.shared.waiting);
        if waiting.len() < WAITING_MAX {
            waiting.push(sample);
        } else {
            self.shared.counters.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// The first `limit` samples of a monitor from `from` on and before `to`, the oldest first.
    ///
    /// # Errors
    /// When the file can't be read.
    pub fn range(
        &self,
        monitor: MonitorId,
        from: Timestamp,
        to: Timestamp,
        limit: usize,
    ) -> Result<Vec<Sample>, SamplesError> {
        reading::range(&self.shared, monitor, from, to, limit)
    }

    /// What the hours came to that have a part between `from` and `to`, the oldest first; those
    /// that are not over too. Hours without a sample are left out.
    ///
    /// # Errors
    /// When the file can't be read.
    pub fn hours(
        &self,
        monitor: MonitorId,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<Summary>, SamplesError> {
        reading::hours(&self.shared, monitor, from, to)
    }

    /// What the days of UTC came to that have a part between `from` and `to`, the oldest first;
    /// those that are not over too. Their percentiles are those of all the day's samples.
    ///
    /// # Errors
    /// When the file can't be read.
    pub fn days(
        &self,
        monitor: MonitorId,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<Summary>, SamplesError> {
        reading::days(&self.shared, monitor, from, to)
    }

    /// Removes what is kept of a monitor that nobody watches any more, by and by. What a crash
    /// brings back goes with its time.
    pub fn forget(&self, monitor: MonitorId) {
        self.order(Order::Forget(monitor));
    }

    /// From now on samples are kept for so long.
    pub fn set_keep(&self, keep: Keep) {
        *locked(&self.shared.keep) = keep;
    }

    /// Waits until what was put before was written, or could not be.
    pub fn flush(&self) {
        let (done, waits) = mpsc::sync_channel(1);
        self.order(Order::Flush(done));
        // An error says that the writer is gone, and with it what there was to wait for.
        let _ = waits.recv();
    }

    /// What became of samples since the start.
    pub fn counters(&self) -> &Counters {
        &self.shared.counters
    }

    fn order(&self, order: Order) {
        // The writer ends after everybody who could order something.
        let _ = self.orders.send(order);
    }
}

impl Drop for Samples {
    fn drop(&mut self) {
        self.order(Order::Stop);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// What a panic left behind is used all the same: all that is locked here is whole between calls.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Tells what SQLite's answer means to the caller.
fn failed(what: &'static str) -> impl Fn(rusqlite::Error) -> SamplesError {
    move |source| SamplesError::Sqlite { what, source }
}
