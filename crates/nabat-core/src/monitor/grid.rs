//! When probes are due: each monitor at its own moment of the interval, by the wall clock.
//!
//! That moment follows from its number alone, so rounds neither drift nor bunch, and a restart keeps
//! them where they were.

use std::time::Duration;

use super::MonitorId;
use crate::time::Timestamp;

/// Between the first probes of monitors that come at once.
const PACE: Duration = Duration::from_millis(6);
/// No first probe waits longer.
const SPREAD: Duration = Duration::from_secs(60);

/// The first moment later than `after` that is one of this monitor's.
pub(super) fn next_round(id: MonitorId, interval: Duration, after: Timestamp) -> Timestamp {
    let interval_ms = millis(interval).max(1);
    let offset = scatter(id, interval);
    let ahead_ms = (offset - after.as_millis() - 1).rem_euclid(interval_ms) + 1;
    after.after(Duration::from_millis(ahead_ms.unsigned_abs()))
}

/// Where in a span of time this monitor is put, in milliseconds.
fn scatter(id: MonitorId, span: Duration) -> i64 {
    // SplitMix64: neighbours end up far apart.
    let mut hash = id.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
    hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^= hash >> 31;
    let place = hash % millis(span).max(1).unsigned_abs();
    i64::try_from(place).unwrap_or(0)
}

fn millis(span: Duration) -> i64 {
    i64::try_from(span.as_millis()).unwrap_or(i64::MAX)
}

/// Gives moments to probes that would otherwise all be due at once: one is due now, of many each a
/// little after the one before.
#[derive(Debug, Default)]
pub(super) struct Pace {
    free_at: Timestamp,
}

impl Pace {
    /// The next free moment; when too many wait already, some moment within the interval.
    pub(super) fn slot(&mut self, now: Timestamp, id: MonitorId, interval: Duration) -> Timestamp {
        let span = interval.min(SPREAD);
        let slot = self.free_at.max(now);
        if slot.since(now) > span {
            let ahead = scatter(id, span).unsigned_abs();
            return now.after(Duration::from_millis(ahead));
        }
        self.free_at = slot.after(PACE);
        slot
    }

    /// The clock was put back.
    pub(super) fn rewind(&mut self, now: Timestamp) {
        self.free_at = self.free_at.min(now);
    }
}
