//! How much of a time something was up, by the history's intervals and never by counting samples.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Status;
use super::record::Edge;
use crate::time::Timestamp;

/// A span of time in which a monitor stood the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Interval {
    /// How.
    pub status: Status,
    /// Since when.
    pub from: Timestamp,
    /// Until when, if it is over; that moment is not in it.
    pub to: Option<Timestamp>,
}

/// How a time is shared out. What no interval covers is nobody's: it was not watched.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Shares {
    /// Milliseconds up.
    pub up_ms: u64,
    /// Milliseconds degraded: it worked.
    pub degraded_ms: u64,
    /// Milliseconds down.
    pub down_ms: u64,
    /// Milliseconds in which nobody knew: not watched, pending, or cut off by a parent.
    pub unknown_ms: u64,
    /// Milliseconds of maintenance, and paused.
    pub maintenance_ms: u64,
    /// The part of the time in which one knew that it worked, 0 to 1; `None` if one never knew.
    pub ratio: Option<f64>,
    /// The part of the time in which one knew, 0 to 1; maintenance is not asked of anybody.
    pub coverage: f64,
}

impl Shares {
    /// How long one knew how it stood.
    pub const fn watched(&self) -> Duration {
        Duration::from_millis(self.up_ms + self.degraded_ms + self.down_ms)
    }
}

/// The spans of time between the edges of one monitor, which are in order; the last one goes on.
pub fn intervals(edges: &[Edge]) -> Vec<Interval> {
    let ends = edges.iter().skip(1).map(|edge| Some(edge.at)).chain([None]);
    let between = |(edge, to): (&Edge, _)| Interval {
        status: edge.status,
        from: edge.at,
        to,
    };
    edges.iter().zip(ends).map(between).collect()
}

/// How the time from `from` to `to` is shared out among these intervals, which are in order and do
/// not overlap.
pub fn uptime(intervals: &[Interval], from: Timestamp, to: Timestamp) -> Shares {
    let mut shares = Shares::default();
    let whole_ms = length_ms(from, to);
    for interval in intervals {
        let begin = interval.from.max(from);
        let end = interval.to.map_or(to, |end| end.min(to));
        let length_ms = length_ms(begin, end);
        let share = match interval.status {
            Status::Up | Status::Suspect => &mut shares.up_ms,
            Status::Degraded => &mut shares.degraded_ms,
            Status::Down | Status::Recovering => &mut shares.down_ms,
            Status::Maintenance | Status::Paused => &mut shares.maintenance_ms,
            // Counted as what is left.
            Status::Pending | Status::Unknown | Status::Unreachable => continue,
        };
        *share += length_ms;
    }
    let worked_ms = shares.up_ms + shares.degraded_ms;
    let known_ms = worked_ms + shares.down_ms;
    let asked_ms = whole_ms.saturating_sub(shares.maintenance_ms);
    shares.unknown_ms = asked_ms.saturating_sub(known_ms);
    shares.ratio = part(worked_ms, known_ms);
    shares.coverage = part(known_ms, asked_ms).unwrap_or(1.0);
    shares
}

fn length_ms(from: Timestamp, to: Timestamp) -> u64 {
    u64::try_from(to.since(from).as_millis()).unwrap_or(u64::MAX)
}

fn part(of: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| of as f64 / whole as f64)
}
