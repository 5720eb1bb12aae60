//! What the tests of samples share.

use std::time::Duration;

use proptest::prelude::*;

use nabat_core::monitor::MonitorId;
use nabat_core::time::Timestamp;

use super::{Outcome, Sample};

/// A sample at a second since 1970.
pub(super) fn sample(monitor: u64, second: i64) -> Sample {
    Sample {
        monitor: MonitorId(monitor),
        at: Timestamp::from_millis(second * 1_000),
        outcome: Outcome::Up,
        latency: Some(Duration::from_millis(20)),
        loss_percent: None,
    }
}

/// Any sample of a monitor.
pub(super) fn any_sample(monitor: MonitorId) -> impl Strategy<Value = Sample> {
    let outcome = prop::sample::select(vec![
        Outcome::Up,
        Outcome::Degraded,
        Outcome::Down,
        Outcome::Unknown,
    ]);
    let latency = prop::option::of(prop_oneof![any::<u64>(), 0..2_000_000_u64]);
    let loss = prop::option::of(0..=100_u8);
    (any::<i64>(), outcome, latency, loss).prop_map(move |(at, outcome, latency, loss)| Sample {
        monitor,
        at: Timestamp::from_millis(at),
        outcome,
        latency: latency.map(Duration::from_micros),
        loss_percent: loss,
    })
}
