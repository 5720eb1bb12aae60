//! Recurring spans of wall-clock time: nights, weekends, the last days of each month.
//!
//! A moment lies in an interval if everything that the interval names contains it, seen in the
//! interval's zone; the semantics are those of Alertmanager's `timeinterval`. Wall clocks jump
//! twice a year in many zones, so nothing here adds up hours: [`TimeInterval::steady_until`] walks
//! from one moment at which the answer may change to the next.

mod ranges;
#[cfg(test)]
mod tests;

use std::time::Duration;

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;

use crate::time::Timestamp;

pub use ranges::{DaysOfMonth, Months, NotARange, TimeOfDay, Times, Weekdays, Years};

/// How far ahead a change is looked for.
const HORIZON: Duration = Duration::from_secs(366 * 86_400);
/// More steps than this are not made towards the horizon: hundreds of times of day may be listed.
const STEPS_MAX: usize = 10_000;

/// A recurring span of time. What is `None` is not asked for; an empty list contains nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimeInterval {
    /// Of each day.
    pub times: Option<Vec<Times>>,
    /// Of each week.
    pub weekdays: Option<Vec<Weekdays>>,
    /// Of each month.
    pub days_of_month: Option<Vec<DaysOfMonth>>,
    /// Of each year.
    pub months: Option<Vec<Months>>,
    /// Of all time.
    pub years: Option<Vec<Years>>,
    /// Where the clock hangs.
    pub zone: TimeZone,
}

impl Default for TimeInterval {
    /// All of time, in UTC.
    fn default() -> Self {
        Self {
            times: None,
            weekdays: None,
            days_of_month: None,
            months: None,
            years: None,
            zone: TimeZone::UTC,
        }
    }
}

/// Whether any of `ranges` fulfils `contains`, or there are none to ask.
fn any<R>(ranges: Option<&Vec<R>>, contains: impl FnMut(&R) -> bool) -> bool {
    ranges.is_none_or(|ranges| ranges.iter().any(contains))
}

impl TimeInterval {
    /// Whether the moment lies in it.
    pub fn contains(&self, at: Timestamp) -> bool {
        let local = at.in_zone(&self.zone).datetime();
        let minute = minute_of(local);
        self.has_day(local.date()) && any(self.times.as_ref(), |times| times.contains(minute))
    }

    /// Until when [`Self::contains`] goes on saying what it says at `at`: the moment of the next
    /// change, or, if that is more than a year away, some moment before it. Always later than `at`.
    pub fn steady_until(&self, at: Timestamp) -> Timestamp {
        let now = self.contains(at);
        let horizon = at.after(HORIZON);
        let mut next = at;
        for _ in 0..STEPS_MAX {
            next = self.step(next);
            if next >= horizon || self.contains(next) != now {
                break;
            }
        }
        next
    }

    /// The next moment after `at` at which the answer may change.
    fn step(&self, at: Timestamp) -> Timestamp {
        const WHERE_CALENDARS_END: Duration = Duration::from_secs(86_400);
        let zoned = at.in_zone(&self.zone);
        let local = zoned.datetime();
        let Some(next) = self.next_local(local) else {
            return at.after(WHERE_CALENDARS_END);
        };
        let wait = next.duration_since(local).as_millis();
        let wait = Duration::from_millis(u64::try_from(wait).unwrap_or_default());
        let by_the_clock = at.after(wait.max(Duration::from_millis(1)));
        // Before that the clock may be put forward or back.
        let jump = self.zone.following(zoned.timestamp()).next();
        let jump = jump.map(|jump| Timestamp::from_millis(jump.timestamp().as_millisecond()));
        jump.filter(|jump| *jump > at)
            .map_or(by_the_clock, |jump| jump.min(by_the_clock))
    }

    /// What the clock shows next when the answer may change, as long as nobody adjusts it.
    fn next_local(&self, local: DateTime) -> Option<DateTime> {
        let date = local.date();
        let midnight = |date: Date| date.at(0, 0, 0, 0);
        if !self.has_month(date) {
            return date.last_of_month().tomorrow().ok().map(midnight);
        }
        let times = self.times.iter().flatten().filter(|_| self.has_day(date));
        let later = times
            .flat_map(|times| [times.from(), times.to()])
            .filter(|minute| *minute > minute_of(local))
            .min();
        match later.and_then(TimeOfDay::on_the_clock) {
            Some(time) => Some(date.to_datetime(time)),
            None => date.tomorrow().ok().map(midnight),
        }
    }

    fn has_month(&self, date: Date) -> bool {
        any(self.months.as_ref(), |months| months.contains(date.month()))
            && any(self.years.as_ref(), |years| years.contains(date.year()))
    }

    fn has_day(&self, date: Date) -> bool {
        self.has_month(date)
            && any(self.weekdays.as_ref(), |days| days.contains(date.weekday()))
            && any(self.days_of_month.as_ref(), |days| {
                days.contains(date.day(), date.days_in_month())
            })
    }
}

fn minute_of(local: DateTime) -> TimeOfDay {
    TimeOfDay::at(local.hour(), local.minute())
}
