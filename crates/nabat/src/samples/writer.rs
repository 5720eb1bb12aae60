//! The thread that writes samples: once a second it takes in what was put, and writes what it can;
//! where little is put, every ten seconds.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender};
use std::time::{Duration, Instant};

use nabat_core::monitor::MonitorId;
use nabat_core::time::Timestamp;

use super::codec;
use super::file::{File, is_useless};
use super::hour::Hour;
use super::{Sample, SamplesError, Shared, failed, locked, prune, rows, seal};
use crate::channel::chain;

/// What was put waits for so long at most.
const TICK: Duration = Duration::from_secs(1);
/// Fewer samples than these wait longer, for a commit writes whole pages however little is in them.
const FEW: usize = 64;
const TICK_OF_FEW: Duration = Duration::from_secs(10);
/// For so long after its end an hour takes samples: of probes that were long on their way.
pub(super) const GRACE: Duration = Duration::from_secs(300);
/// What is not sealed takes at most so much memory: a day and more of 10,000 monitors at 30 s.
const MEMORY_MAX_BYTES: usize = 128 << 20;
/// What is not in the journal yet takes at most so much memory.
const UNWRITTEN_MAX_BYTES: usize = 16 << 20;

/// What is asked of the writer.
#[derive(Debug)]
pub(super) enum Order {
    /// Write now, and say when it is done.
    Flush(SyncSender<()>),
    /// Remove what is kept of a monitor.
    Forget(MonitorId),
    /// Write now, then end.
    Stop,
}

/// Writes samples.
pub(super) struct Writer {
    shared: Arc<Shared>,
    clock: Box<dyn Fn() -> Timestamp + Send>,
    pub(super) file: File,
    has_replayed: bool,
    is_failing: bool,
    unwritten: VecDeque<Batch>,
    forgotten: VecDeque<MonitorId>,
}

/// A row of the journal to be.
#[derive(Debug)]
struct Batch {
    hour: Hour,
    samples: u64,
    bytes: Vec<u8>,
}

impl Writer {
    pub(super) fn new(
        path: &Path,
        shared: Arc<Shared>,
        clock: Box<dyn Fn() -> Timestamp + Send>,
    ) -> Self {
        Self {
            shared,
            clock,
            file: File::at(path),
            has_replayed: false,
            is_failing: false,
            unwritten: VecDeque::new(),
            forgotten: VecDeque::new(),
        }
    }

    pub(super) fn run(mut self, orders: &Receiver<Order>) {
        let mut ticked = Instant::now();
        loop {
            let order = orders.recv_timeout(TICK);
            if let Ok(Order::Forget(monitor)) = order {
                self.forgotten.push_back(monitor);
                continue;
            }
            let few = order.is_err() && locked(&self.shared.waiting).len() < FEW;
            if few && !self.is_failing && ticked.elapsed() < TICK_OF_FEW {
                continue;
            }
            ticked = Instant::now();
            self.tick();
            match order {
                // Whoever waited may have given up.
                Ok(Order::Flush(done)) => drop(done.send(())),
                Ok(Order::Forget(_)) | Err(RecvTimeoutError::Timeout) => {}
                Ok(Order::Stop) | Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        // Whoever closes the file last tidies it up, and only who may write can.
        *locked(&self.shared.reader) = None;
    }

    /// Opens the file, if that is possible now, and takes up what the last run left.
    pub(super) fn begin(&mut self) {
        let opened = self.open();
        self.note(opened);
    }

    /// Takes in what was put, and writes what is to be written now.
    pub(super) fn tick(&mut self) {
        let now = (self.clock)();
        self.take_in(now);
        let written = self.open().and_then(|()| self.write(now));
        self.note(written);
        self.shrink();
    }

    /// Tells how it went when that changed, and parts with a file that is of no use.
    fn note(&mut self, outcome: Result<(), SamplesError>) {
        let was_failing = std::mem::replace(&mut self.is_failing, outcome.is_err());
        let error = match outcome {
            Err(error) if is_useless(&error) => {
                *locked(&self.shared.reader) = None;
                self.file.set_aside(error)
            }
            other => other,
        };
        match error {
            Ok(()) if was_failing && !self.is_failing => {
                tracing::info!("samples are written again");
            }
            Err(error) if !was_failing => {
                let problem = chain(&error);
                tracing::warn!("samples wait in memory: {problem}; it is tried again each second");
            }
            Ok(()) | Err(_) => {}
        }
    }

    /// Moves what waits into memory and, encoded, among what the journal is to hold.
    fn take_in(&mut self, now: Timestamp) {
        let mut memory = locked(&self.shared.memory);
        let mut samples = std::mem::take(&mut *locked(&self.shared.waiting));
        let all = samples.len();
        samples.retain(|sample| is_timely(sample, now));
        let late = (all - samples.len()) as u64;
        self.shared.counters.late.fetch_add(late, Ordering::Relaxed);
        for sample in &samples {
            memory.add(sample);
        }
        drop(memory);
        samples.sort_by_key(|sample| Hour::of(sample.at));
        for batch in samples.chunk_by_mut(|one, next| Hour::of(one.at) == Hour::of(next.at)) {
            let Some(hour) = batch.first().map(|sample| Hour::of(sample.at)) else {
                continue;
            };
            self.unwritten.push_back(Batch {
                hour,
                samples: batch.len() as u64,
                bytes: codec::encode_batch(hour, batch),
            });
        }
    }

    fn open(&mut self) -> Result<(), SamplesError> {
        let Some(reader) = self.file.ensure_open()? else {
            return Ok(());
        };
        *locked(&self.shared.reader) = Some(reader);
        if self.has_replayed {
            self.write_journal_anew();
            return Ok(());
        }
        self.replay()
    }

    fn write(&mut self, now: Timestamp) -> Result<(), SamplesError> {
        // What goes makes room for what comes, which may find enough without it too.
        let keep = *locked(&self.shared.keep);
        let pruned = prune::prune(self.file.connection()?, keep, now);
        // The journal first: what is sealed may never come into it afterwards.
        self.write_journal()?;
        let db = self.file.connection()?;
        let sealed = seal::seal(db, &self.shared, now)?;
        if let Some(monitor) = self.forgotten.front() {
            locked(&self.shared.memory).forget(*monitor);
            prune::forget(db, *monitor).map_err(failed("remove a monitor's samples"))?;
            self.forgotten.pop_front();
        }
        if sealed {
            let bytes = self.file.length();
            let counter = &self.shared.counters.file_bytes;
            counter.store(bytes, Ordering::Relaxed);
        }
        pruned.map_err(failed("remove old samples"))
    }

    /// Takes up what the last run left: once, as from then on memory holds it.
    fn replay(&mut self) -> Result<(), SamplesError> {
        let mut memory = locked(&self.shared.memory);
        let replayed = rows::replay(self.file.connection()?, |hour, bytes| {
            for sample in codec::decode_batch(hour, bytes) {
                memory.add(&sample);
            }
        });
        self.has_replayed = true;
        replayed.map_err(failed("read the samples' journal"))
    }

    fn write_journal(&mut self) -> Result<(), SamplesError> {
        if self.unwritten.is_empty() {
            return Ok(());
        }
        let write = failed("write the samples' journal");
        let transaction = self.file.connection()?.transaction().map_err(&write)?;
        let (mut samples, mut bytes) = (0, 0);
        for batch in &self.unwritten {
            rows::append(&transaction, batch.hour, &batch.bytes).map_err(&write)?;
            samples += batch.samples;
            bytes += batch.bytes.len() as u64;
        }
        transaction.commit().map_err(&write)?;
        self.unwritten.clear();
        let counters = &self.shared.counters;
        counters.written.fetch_add(samples, Ordering::Relaxed);
        counters.bytes.fetch_add(bytes, Ordering::Relaxed);
        Ok(())
    }

    /// Puts what is in memory into the journal of a file that knows nothing of it.
    fn write_journal_anew(&mut self) {
        let memory = locked(&self.shared.memory);
        self.unwritten.clear();
        for hour in memory.hours() {
            let mut samples: Vec<Sample> = Vec::new();
            for monitor in memory.monitors(hour) {
                samples.extend(memory.samples(hour, monitor));
            }
            self.unwritten.push_back(Batch {
                hour,
                // They were counted when they were written for the first time, or nearly so.
                samples: 0,
                bytes: codec::encode_batch(hour, &mut samples),
            });
        }
    }

    /// Drops the oldest of what the disk does not take.
    fn shrink(&mut self) {
        let dropped = locked(&self.shared.memory).shrink(MEMORY_MAX_BYTES);
        let counter = &self.shared.counters.dropped;
        counter.fetch_add(dropped, Ordering::Relaxed);
        let mut bytes: usize = self.unwritten.iter().map(|batch| batch.bytes.len()).sum();
        // They are still in memory: only if Nabat ends before its hour is sealed they are lost.
        while bytes > UNWRITTEN_MAX_BYTES
            && let Some(batch) = self.unwritten.pop_front()
        {
            bytes -= batch.bytes.len();
        }
    }
}

/// Whether the hour of a sample still takes samples, or will soon.
fn is_timely(sample: &Sample, now: Timestamp) -> bool {
    let hour = Hour::of(sample.at);
    !hour.is_over(now, GRACE) && hour <= Hour::of(now).next()
}
