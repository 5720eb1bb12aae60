//! Samples as bytes: about three for each.
//!
//! A sample is written as what differs from the one before: a byte that says how it went, what
//! follows, and how far it is from the moment that was expected, if that is near; else the
//! distance; then the latency's difference, exact to the microsecond; then the loss, if it changed.
//! Numbers are of variable length, seven bits a byte, the sign in the lowest bit. What can't be
//! read ends the reading: what came before it counts.

use std::time::Duration;

use nabat_core::monitor::MonitorId;
use nabat_core::time::Timestamp;

use super::hour::Hour;
use super::{Outcome, Sample};

const TIMED: u8 = 1 << 2;
const LOSS_CHANGED: u8 = 1 << 3;
const DISTANCE_SHIFT: u32 = 4;
/// In the place of a small distance: it follows on its own, less this.
const DISTANCE_FAR: u64 = 15;
/// In the place of a share of lost packets: none was measured.
const NO_LOSS: u8 = u8::MAX;

/// What the next sample is written as a difference from.
#[derive(Debug, Clone)]
pub(super) struct Track {
    at: i64,
    /// Milliseconds from one sample to the next, as expected.
    step: i64,
    latency_micros: u64,
    loss: u8,
}

impl Track {
    pub(super) const fn of(hour: Hour) -> Self {
        Self {
            at: hour.begin().as_millis(),
            step: 0,
            latency_micros: 0,
            loss: NO_LOSS,
        }
    }

    pub(super) fn write(&mut self, sample: &Sample, bytes: &mut Vec<u8>) {
        let at = sample.at.as_millis();
        let step = at.wrapping_sub(self.at);
        let distance = zigzag(step.wrapping_sub(self.step));
        let loss = sample
            .loss_percent
            .map_or(NO_LOSS, |percent| percent.min(100));
        let mut tag = outcome_bits(sample.outcome);
        tag |= (distance.min(DISTANCE_FAR) as u8) << DISTANCE_SHIFT;
        if sample.latency.is_some() {
            tag |= TIMED;
        }
        if loss != self.loss {
            tag |= LOSS_CHANGED;
        }
        bytes.push(tag);
        if distance >= DISTANCE_FAR {
            write_number(distance - DISTANCE_FAR, bytes);
            self.step = step;
        }
        if let Some(latency) = sample.latency {
            let micros = u64::try_from(latency.as_micros()).unwrap_or(u64::MAX);
            let grown = micros.wrapping_sub(self.latency_micros).cast_signed();
            write_number(zigzag(grown), bytes);
            self.latency_micros = micros;
        }
        if loss != self.loss {
            bytes.push(loss);
            self.loss = loss;
        }
        self.at = at;
    }

    /// The next sample; `None` at the end and where the bytes make no sense.
    fn read(&mut self, monitor: MonitorId, bytes: &mut &[u8]) -> Option<Sample> {
        let tag = read_byte(bytes)?;
        let mut distance = u64::from(tag >> DISTANCE_SHIFT);
        let is_far = distance == DISTANCE_FAR;
        if is_far {
            distance = distance.checked_add(read_number(bytes)?)?;
        }
        let step = self.step.wrapping_add(unzigzag(distance));
        if is_far {
            self.step = step;
        }
        self.at = self.at.wrapping_add(step);
        let mut latency = None;
        if tag & TIMED != 0 {
            let grown = unzigzag(read_number(bytes)?).cast_unsigned();
            self.latency_micros = self.latency_micros.wrapping_add(grown);
            latency = Some(Duration::from_micros(self.latency_micros));
        }
        if tag & LOSS_CHANGED != 0 {
            self.loss = read_byte(bytes)?;
        }
        Some(Sample {
            monitor,
            at: Timestamp::from_millis(self.at),
            outcome: outcome_of_bits(tag),
            latency,
            loss_percent: (self.loss != NO_LOSS).then_some(self.loss),
        })
    }
}

/// The samples of one monitor and hour, in order.
pub(super) fn encode(hour: Hour, samples: &[Sample]) -> Vec<u8> {
    let mut track = Track::of(hour);
    let mut bytes = Vec::with_capacity(samples.len() * 4);
    for sample in samples {
        track.write(sample, &mut bytes);
    }
    bytes
}

/// Reads what [`encode`] or a [`Track`] from the hour's begin on wrote.
pub(super) fn decode(
    hour: Hour,
    monitor: MonitorId,
    mut bytes: &[u8],
) -> impl Iterator<Item = Sample> {
    let mut track = Track::of(hour);
    std::iter::from_fn(move || track.read(monitor, &mut bytes))
}

/// Samples of many monitors in one hour; those of one monitor keep their order.
pub(super) fn encode_batch(hour: Hour, samples: &mut [Sample]) -> Vec<u8> {
    samples.sort_by_key(|sample| sample.monitor);
    let mut track = Track::of(hour);
    let mut bytes = Vec::with_capacity(samples.len() * 8);
    let mut before = 0;
    for sample in samples {
        write_number(sample.monitor.0 - before, &mut bytes);
        before = sample.monitor.0;
        track.write(sample, &mut bytes);
    }
    bytes
}

/// Reads what [`encode_batch`] wrote.
pub(super) fn decode_batch(hour: Hour, mut bytes: &[u8]) -> impl Iterator<Item = Sample> {
    let mut track = Track::of(hour);
    let mut monitor: u64 = 0;
    std::iter::from_fn(move || {
        monitor = monitor.checked_add(read_number(&mut bytes)?)?;
        track.read(MonitorId(monitor), &mut bytes)
    })
}

const fn outcome_bits(outcome: Outcome) -> u8 {
    match outcome {
        Outcome::Up => 0,
        Outcome::Degraded => 1,
        Outcome::Down => 2,
        Outcome::Unknown => 3,
    }
}

const fn outcome_of_bits(tag: u8) -> Outcome {
    match tag & 3 {
        0 => Outcome::Up,
        1 => Outcome::Degraded,
        2 => Outcome::Down,
        _ => Outcome::Unknown,
    }
}

const fn zigzag(number: i64) -> u64 {
    ((number << 1) ^ (number >> 63)).cast_unsigned()
}

const fn unzigzag(number: u64) -> i64 {
    (number >> 1).cast_signed() ^ -(number & 1).cast_signed()
}

fn write_number(mut number: u64, bytes: &mut Vec<u8>) {
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

fn read_number(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..u64::BITS).step_by(7) {
        let byte = read_byte(bytes)?;
        number |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(number);
        }
    }
    None
}

fn read_byte(bytes: &mut &[u8]) -> Option<u8> {
    let (first, rest) = bytes.split_first()?;
    *bytes = rest;
    Some(*first)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::samples::testing::any_sample;

    const HOUR: Hour = Hour(489_000);

    proptest! {
        #[test]
        fn what_is_written_is_read_whatever_it_is(
            samples in prop::collection::vec(any_sample(MonitorId(7)), 0..40),
        ) {
            let bytes = encode(HOUR, &samples);
            let read: Vec<_> = decode(HOUR, MonitorId(7), &bytes).collect();
            prop_assert_eq!(read, samples);
        }

        #[test]
        fn a_batch_is_read_as_it_was_written(
            mut samples in prop::collection::vec(
                any::<u64>().prop_flat_map(|id| any_sample(MonitorId(id))), 0..40),
        ) {
            let bytes = encode_batch(HOUR, &mut samples);
            let read: Vec<_> = decode_batch(HOUR, &bytes).collect();
            prop_assert_eq!(read, samples);
        }

        #[test]
        fn bytes_that_make_no_sense_end_the_reading(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(decode(HOUR, MonitorId(1), &bytes).count() <= bytes.len());
            prop_assert!(decode_batch(HOUR, &bytes).count() <= bytes.len());
        }
    }

    #[test]
    fn a_sample_on_its_moment_takes_three_bytes() {
        let sample = |number: i64| Sample {
            monitor: MonitorId(1),
            at: Timestamp::from_millis(
                HOUR.begin().as_millis() + 17_345 + number * 30_000 + number % 3,
            ),
            outcome: Outcome::Up,
            latency: Some(Duration::from_micros(
                20_000 + (number as u64 * 7_919) % 4_000,
            )),
            loss_percent: Some(0),
        };
        let samples: Vec<_> = (0..119).map(sample).collect();
        let bytes = encode(HOUR, &samples);
        assert!(bytes.len() <= 3 * samples.len() + 10, "{}", bytes.len());
    }
}
