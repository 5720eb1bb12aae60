//! What the samples of an hour or a day come to.

use std::time::Duration;

use nabat_core::time::Timestamp;

use super::{Outcome, Sample};

/// What the samples of one monitor in an hour or a day of UTC come to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Summary {
    /// When the hour or day began.
    pub at: Timestamp,
    /// How many samples had which outcome.
    pub counts: Counts,
    /// How long the target took, of the samples that say so.
    pub latency: Option<Latency>,
    /// The mean of lost packets in percent, of the samples that say so.
    pub loss_percent: Option<f64>,
}

/// How many samples had which outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// It answered as it should.
    pub up: u64,
    /// It answered, but something was not as it should be.
    pub degraded: u64,
    /// It did not answer, or otherwise than it should.
    pub down: u64,
    /// It could not be looked at.
    pub unknown: u64,
}

impl Counts {
    /// How many samples there were.
    pub const fn all(&self) -> u64 {
        self.up + self.degraded + self.down + self.unknown
    }
}

/// How long the target took. The percentiles are latencies that were measured, not estimates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Latency {
    /// The least.
    pub min: Duration,
    /// The most.
    pub max: Duration,
    /// The mean.
    pub mean: Duration,
    /// At most so long in half of the samples.
    pub p50: Duration,
    /// At most so long in 95 of 100.
    pub p95: Duration,
    /// At most so long in 99 of 100.
    pub p99: Duration,
}

/// Adds samples up.
#[derive(Debug, Default)]
pub(super) struct Tally {
    counts: Counts,
    latencies_micros: Vec<u64>,
    lossy: u64,
    loss: u64,
}

impl Tally {
    pub(super) fn add(&mut self, sample: &Sample) {
        *match sample.outcome {
            Outcome::Up => &mut self.counts.up,
            Outcome::Degraded => &mut self.counts.degraded,
            Outcome::Down => &mut self.counts.down,
            Outcome::Unknown => &mut self.counts.unknown,
        } += 1;
        if let Some(latency) = sample.latency {
            let micros = u64::try_from(latency.as_micros()).unwrap_or(u64::MAX);
            self.latencies_micros.push(micros);
        }
        if let Some(percent) = sample.loss_percent {
            self.lossy += 1;
            self.loss += u64::from(percent);
        }
    }

    /// What was added comes to; `None` if nothing was.
    pub(super) fn finish(mut self, at: Timestamp) -> Option<Summary> {
        (self.counts.all() > 0).then(|| Summary {
            at,
            counts: self.counts,
            latency: latency(&mut self.latencies_micros),
            loss_percent: (self.lossy > 0).then(|| self.loss as f64 / self.lossy as f64),
        })
    }
}

/// What these samples come to, if there are any.
pub(super) fn summarize<'s>(
    at: Timestamp,
    samples: impl IntoIterator<Item = &'s Sample>,
) -> Option<Summary> {
    let mut tally = Tally::default();
    for sample in samples {
        tally.add(sample);
    }
    tally.finish(at)
}

fn latency(micros: &mut [u64]) -> Option<Latency> {
    micros.sort_unstable();
    let (min, max) = (*micros.first()?, *micros.last()?);
    let sum: u128 = micros.iter().map(|one| u128::from(*one)).sum();
    let mean = u64::try_from(sum / micros.len() as u128).unwrap_or(max);
    let of = Duration::from_micros;
    Some(Latency {
        min: of(min),
        max: of(max),
        mean: of(mean),
        p50: of(percentile(micros, 50)),
        p95: of(percentile(micros, 95)),
        p99: of(percentile(micros, 99)),
    })
}

/// The least of the sorted values that `percent` of 100 do not exceed.
fn percentile(sorted: &[u64], percent: usize) -> u64 {
    let rank = (sorted.len() * percent).div_ceil(100).max(1);
    sorted.get(rank - 1).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use nabat_core::monitor::MonitorId;
    use proptest::prelude::*;

    use super::*;
    use crate::samples::testing::any_sample;

    #[test]
    fn percentiles_are_values_that_were_measured() {
        let hundred: Vec<u64> = (1..=100).collect();
        assert_eq!([50, 95, 99].map(|p| percentile(&hundred, p)), [50, 95, 99]);
        assert_eq!([50, 95, 99].map(|p| percentile(&[7], p)), [7, 7, 7]);
        assert_eq!([50, 95, 99].map(|p| percentile(&[1, 9], p)), [1, 9, 9]);
    }

    #[test]
    fn nothing_comes_to_nothing() {
        assert_eq!(summarize(Timestamp::from_millis(0), &[]), None);
    }

    proptest! {
        #[test]
        fn percentiles_lie_in_order_between_the_extremes(
            samples in prop::collection::vec(any_sample(MonitorId(1)), 1..50),
        ) {
            let summary = summarize(Timestamp::from_millis(0), &samples).unwrap();
            prop_assert_eq!(summary.counts.all(), samples.len() as u64);
            if let Some(Latency { min, max, mean, p50, p95, p99 }) = summary.latency {
                prop_assert!(min <= p50 && p50 <= p95 && p95 <= p99 && p99 <= max);
                prop_assert!(min <= mean && mean <= max);
            }
        }
    }
}
