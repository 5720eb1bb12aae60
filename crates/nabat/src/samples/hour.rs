//! Hours and days of UTC by their numbers: what samples are kept and summed up by.

use std::ops::Range;
use std::time::Duration;

use nabat_core::time::Timestamp;

const HOUR_MILLIS: i64 = 3_600_000;
const HOURS_OF_DAY: i64 = 24;

/// An hour: how many began since 1970, in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Hour(pub(super) i64);

/// A day of UTC: how many began since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Day(pub(super) i64);

impl Hour {
    pub(super) const fn of(at: Timestamp) -> Self {
        Self(at.as_millis().div_euclid(HOUR_MILLIS))
    }

    pub(super) const fn begin(self) -> Timestamp {
        Timestamp::from_millis(self.0.saturating_mul(HOUR_MILLIS))
    }

    pub(super) const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }

    pub(super) const fn day(self) -> Day {
        Day(self.0.div_euclid(HOURS_OF_DAY))
    }

    /// Whether it ended at least `grace` ago.
    pub(super) fn is_over(self, now: Timestamp, grace: Duration) -> bool {
        now >= self.next().begin().after(grace)
    }
}

impl Day {
    pub(super) const fn first_hour(self) -> Hour {
        Hour(self.0.saturating_mul(HOURS_OF_DAY))
    }

    /// The first hour of the next day.
    pub(super) const fn end(self) -> Hour {
        Self(self.0.saturating_add(1)).first_hour()
    }

    pub(super) const fn begin(self) -> Timestamp {
        self.first_hour().begin()
    }

    /// Whether it ended at least `grace` ago.
    pub(super) fn is_over(self, now: Timestamp, grace: Duration) -> bool {
        now >= self.end().begin().after(grace)
    }
}

/// The hours that have a part between `from` and `to`.
pub(super) const fn hours(from: Timestamp, to: Timestamp) -> Range<Hour> {
    if to.as_millis() <= from.as_millis() {
        return Hour::of(from)..Hour::of(from);
    }
    let last = Timestamp::from_millis(to.as_millis() - 1);
    Hour::of(from)..Hour::of(last).next()
}
