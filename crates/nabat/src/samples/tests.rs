//! Samples as their users see them: put, read, kept over restarts, summed up, removed.

mod trouble;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use proptest::prelude::*;
use tempfile::TempDir;

use nabat_core::monitor::MonitorId;
use nabat_core::time::Timestamp;

use super::testing::{any_sample, sample};
use super::*;

const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;
/// The begin of a day, in seconds since 1970.
const NOON: i64 = 20_000 * DAY;
const ONE: MonitorId = MonitorId(1);

/// A file of samples in a folder of its own, and the clock by which it is kept.
struct World {
    folder: TempDir,
    seconds: Arc<AtomicI64>,
    samples: Samples,
}

impl World {
    fn new() -> Self {
        Self::keeping(Keep::default())
    }

    fn keeping(keep: Keep) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let seconds = Arc::new(AtomicI64::new(NOON));
        let samples = open(&folder.path().join("samples.db"), keep, &seconds);
        Self {
            folder,
            seconds,
            samples,
        }
    }

    /// Puts samples of monitor 1, each at its second.
    fn put(&self, seconds: impl IntoIterator<Item = i64>) {
        for second in seconds {
            self.samples.put(sample(1, second));
        }
    }

    /// Sets the clock and has written what is to be written then.
    fn at(&self, second: i64) {
        self.seconds.store(second, Ordering::Relaxed);
        self.samples.flush();
    }

    /// The seconds of all samples of monitor 1.
    fn seconds(&self) -> Vec<i64> {
        seconds(&self.samples)
    }

    /// Ends without any farewell and begins again with what was on disk.
    fn killed(self) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for file in ["samples.db", "samples.db-wal"] {
            fs::copy(self.folder.path().join(file), folder.path().join(file)).unwrap();
        }
        let samples = open(
            &folder.path().join("samples.db"),
            Keep::default(),
            &self.seconds,
        );
        Self {
            folder,
            seconds: Arc::clone(&self.seconds),
            samples,
        }
    }
}

fn open(path: &Path, keep: Keep, seconds: &Arc<AtomicI64>) -> Samples {
    let seconds = Arc::clone(seconds);
    let clock = move || at(seconds.load(Ordering::Relaxed));
    Samples::with_clock(path, keep, clock).unwrap()
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_millis(second * 1_000)
}

fn ever() -> (Timestamp, Timestamp) {
    (
        Timestamp::from_millis(i64::MIN),
        Timestamp::from_millis(i64::MAX),
    )
}

fn seconds(samples: &Samples) -> Vec<i64> {
    let (from, to) = ever();
    let found = samples.range(ONE, from, to, usize::MAX).unwrap();
    found
        .iter()
        .map(|sample| sample.at.as_millis() / 1_000)
        .collect()
}

fn count(counter: &AtomicU64) -> u64 {
    counter.load(Ordering::Relaxed)
}
