//! The hours that are not over yet, encoded as they will be stored.

use std::collections::BTreeMap;
use std::time::Duration;

use nabat_core::monitor::MonitorId;
use nabat_core::time::Timestamp;

use super::Sample;
use super::codec::{self, Track};
use super::hour::Hour;

/// What an open chunk takes besides its samples, in bytes, more or less.
const CHUNK_BYTES: usize = 160;

/// The open hours.
#[derive(Debug, Default)]
pub(super) struct Memory {
    hours: BTreeMap<Hour, OpenHour>,
}

#[derive(Debug, Default)]
struct OpenHour {
    chunks: BTreeMap<MonitorId, OpenChunk>,
    samples: u64,
    bytes: usize,
}

#[derive(Debug)]
struct OpenChunk {
    track: Track,
    bytes: Vec<u8>,
}

impl Memory {
    pub(super) fn add(&mut self, sample: &Sample) {
        let hour = Hour::of(sample.at);
        let open = self.hours.entry(hour).or_default();
        let chunk = open.chunks.entry(sample.monitor).or_insert_with(|| {
            open.bytes += CHUNK_BYTES;
            OpenChunk {
                track: Track::of(hour),
                bytes: Vec::new(),
            }
        });
        let before = chunk.bytes.len();
        chunk.track.write(sample, &mut chunk.bytes);
        open.bytes += chunk.bytes.len() - before;
        open.samples += 1;
    }

    /// The open hours, the oldest first.
    pub(super) fn hours(&self) -> impl DoubleEndedIterator<Item = Hour> {
        self.hours.keys().copied()
    }

    /// The first hour that ended at least `grace` ago.
    pub(super) fn over(&self, now: Timestamp, grace: Duration) -> Option<Hour> {
        self.hours().find(|hour| hour.is_over(now, grace))
    }

    /// Whose samples there are of an hour.
    pub(super) fn monitors(&self, hour: Hour) -> Vec<MonitorId> {
        let open = self.hours.get(&hour);
        open.map_or_else(Vec::new, |open| open.chunks.keys().copied().collect())
    }

    /// The samples of one monitor and hour, in the order in which they were added.
    pub(super) fn samples(&self, hour: Hour, monitor: MonitorId) -> Vec<Sample> {
        let chunk = self
            .hours
            .get(&hour)
            .and_then(|open| open.chunks.get(&monitor));
        chunk.map_or_else(Vec::new, |chunk| {
            codec::decode(hour, monitor, &chunk.bytes).collect()
        })
    }

    pub(super) fn remove(&mut self, hour: Hour) {
        self.hours.remove(&hour);
    }

    pub(super) fn forget(&mut self, monitor: MonitorId) {
        for open in self.hours.values_mut() {
            if let Some(chunk) = open.chunks.remove(&monitor) {
                open.bytes = open.bytes.saturating_sub(CHUNK_BYTES + chunk.bytes.len());
            }
        }
    }

    /// Drops the oldest hours until the rest takes at most `bytes_max`; returns how many samples
    /// went.
    pub(super) fn shrink(&mut self, bytes_max: usize) -> u64 {
        let mut dropped = 0;
        while self.hours.values().map(|open| open.bytes).sum::<usize>() > bytes_max {
            let Some((_, open)) = self.hours.pop_first() else {
                break;
            };
            dropped += open.samples;
        }
        dropped
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::testing::sample;

    #[test]
    fn what_does_not_fit_goes_with_the_oldest_hour() {
        let mut memory = Memory::default();
        for hour in 0..3 {
            for second in 0..10 {
                memory.add(&sample(1, hour * 3_600 + second));
            }
        }
        assert_eq!(memory.shrink(10_000), 0);
        assert_eq!(memory.shrink(2 * (CHUNK_BYTES + 100)), 10);
        assert_eq!(memory.hours().collect::<Vec<_>>(), [Hour(1), Hour(2)]);
    }

    #[test]
    fn a_monitor_that_is_forgotten_leaves_nothing_behind() {
        let mut memory = Memory::default();
        memory.add(&sample(1, 0));
        memory.add(&sample(2, 0));
        memory.forget(MonitorId(1));
        assert_eq!(memory.monitors(Hour(0)), [MonitorId(2)]);
        assert_eq!(memory.shrink(CHUNK_BYTES + 100), 0);
    }
}
