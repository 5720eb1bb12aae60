//! The ranges of which time intervals are made, as Alertmanager writes them: `monday:friday`,
//! `-3:-1`, `may:august`, `2026`.
//!
//! Both ends are included, except that of times of day. No range wraps around: a night is written
//! as two.

use std::fmt;
use std::str::FromStr;

use jiff::civil::{Time, Weekday};

const WEEKDAYS: [&str; 7] = [
    "sunday",
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
];
const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];
/// The fewest days of a month.
const DAYS_OF_MONTH_MIN: i8 = 28;
const MINUTES_OF_DAY: u16 = 24 * 60;

/// Why a text is not a range, to be read after a colon.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NotARange(String);

fn refuse<T>(why: impl Into<String>) -> Result<T, NotARange> {
    Err(NotARange(why.into()))
}

/// A minute of a day, from `00:00` to `24:00`, which is the end of the day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct TimeOfDay(u16);

impl TimeOfDay {
    /// What a clock shows.
    pub(super) fn at(hour: i8, minute: i8) -> Self {
        let number = |part: i8| u16::try_from(part).unwrap_or_default();
        Self(number(hour) * 60 + number(minute))
    }

    /// The same as a clock shows it, which never shows `24:00`.
    pub(super) fn on_the_clock(self) -> Option<Time> {
        let part = |number: u16| i8::try_from(number).ok();
        Time::new(part(self.0 / 60)?, part(self.0 % 60)?, 0, 0).ok()
    }
}

impl FromStr for TimeOfDay {
    type Err = NotARange;

    fn from_str(text: &str) -> Result<Self, NotARange> {
        let digits = |text: &str| match text.as_bytes() {
            [tens, ones] if tens.is_ascii_digit() && ones.is_ascii_digit() => text.parse().ok(),
            _ => None,
        };
        let parts = text.split_once(':');
        let minutes = parts.and_then(|(hour, minute)| {
            let (hour, minute): (u16, u16) = (digits(hour)?, digits(minute)?);
            (minute < 60).then_some(hour * 60 + minute)
        });
        match minutes {
            Some(minutes) if minutes <= MINUTES_OF_DAY => Ok(Self(minutes)),
            _ => refuse("hours and minutes have two digits each, from `00:00` to `24:00`"),
        }
    }
}

impl fmt::Display for TimeOfDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.0 / 60, self.0 % 60)
    }
}

/// A part of each day, without the minute at which it ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Times {
    from: TimeOfDay,
    to: TimeOfDay,
}

impl Times {
    /// From one minute to another.
    ///
    /// # Errors
    /// When it does not end after it begins.
    pub fn new(from: TimeOfDay, to: TimeOfDay) -> Result<Self, NotARange> {
        if from < to {
            return Ok(Self { from, to });
        }
        refuse(format!(
            "a span does not go past midnight: write two, one from `{from}` to `24:00` and one \
             from `00:00` to `{to}`"
        ))
    }

    pub(super) const fn from(self) -> TimeOfDay {
        self.from
    }

    pub(super) const fn to(self) -> TimeOfDay {
        self.to
    }

    pub(super) fn contains(self, minute: TimeOfDay) -> bool {
        (self.from..self.to).contains(&minute)
    }
}

/// The two ends of `a:b`, or of `a`, which is both. Letter case does not count.
fn ends<T>(text: &str, read: impl Fn(&str) -> Result<T, NotARange>) -> Result<(T, T), NotARange> {
    let text = text.to_lowercase();
    let (begin, end) = text.split_once(':').unwrap_or((&text, &text));
    Ok((read(begin)?, read(end)?))
}

/// Days of the week, the first of which is Sunday.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Weekdays {
    begin: usize,
    end: usize,
}

impl Weekdays {
    pub(super) fn contains(self, day: Weekday) -> bool {
        let day = usize::try_from(day.to_sunday_zero_offset()).unwrap_or_default();
        (self.begin..=self.end).contains(&day)
    }
}

impl FromStr for Weekdays {
    type Err = NotARange;

    fn from_str(text: &str) -> Result<Self, NotARange> {
        let day = |name: &str| match WEEKDAYS.iter().position(|day| *day == name) {
            Some(day) => Ok(day),
            None => refuse("a day is one of `sunday`, `monday`, … `saturday`"),
        };
        let (begin, end) = ends(text, day)?;
        if begin > end {
            return refuse("a week begins on `sunday` and no range goes past its end: write two");
        }
        Ok(Self { begin, end })
    }
}

/// Days of a month: 1 is its first, -1 its last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DaysOfMonth {
    begin: i8,
    end: i8,
}

impl DaysOfMonth {
    pub(super) fn contains(self, day: i8, days: i8) -> bool {
        let from_start = |day: i8| if day < 0 { days + day + 1 } else { day };
        (from_start(self.begin)..=from_start(self.end)).contains(&day)
    }
}

impl FromStr for DaysOfMonth {
    type Err = NotARange;

    fn from_str(text: &str) -> Result<Self, NotARange> {
        let day = |text: &str| match text.parse() {
            Ok(day @ (-31..=-1 | 1..=31)) => Ok(day),
            _ => refuse("a day is a number from 1 to 31, or from -31 to -1 counted from the end"),
        };
        let (begin, end) = ends(text, day)?;
        if begin < 0 && end > 0 {
            return refuse("a range that begins with a negative day ends with one");
        }
        // In the shortest month, so that no range is empty in every month.
        let in_february = |day: i8| {
            if day < 0 {
                DAYS_OF_MONTH_MIN + day
            } else {
                day
            }
        };
        if in_february(begin) > in_february(end) {
            return refuse("it ends before it begins");
        }
        Ok(Self { begin, end })
    }
}

/// Months of a year.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Months {
    begin: i8,
    end: i8,
}

impl Months {
    pub(super) fn contains(self, month: i8) -> bool {
        (self.begin..=self.end).contains(&month)
    }
}

impl FromStr for Months {
    type Err = NotARange;

    fn from_str(text: &str) -> Result<Self, NotARange> {
        let month = |text: &str| {
            let named = MONTHS.iter().position(|name| *name == text);
            let number = named.and_then(|at| i8::try_from(at + 1).ok());
            match number.or_else(|| text.parse().ok()) {
                Some(month @ 1..=12) => Ok(month),
                _ => refuse("a month is a name such as `may`, or a number from 1 to 12"),
            }
        };
        let (begin, end) = ends(text, month)?;
        if begin > end {
            return refuse("no range goes past the end of the year: write two");
        }
        Ok(Self { begin, end })
    }
}

/// Years of the Gregorian calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Years {
    begin: i16,
    end: i16,
}

impl Years {
    pub(super) fn contains(self, year: i16) -> bool {
        (self.begin..=self.end).contains(&year)
    }
}

impl FromStr for Years {
    type Err = NotARange;

    fn from_str(text: &str) -> Result<Self, NotARange> {
        let year = |text: &str| match text.parse() {
            Ok(year @ 1..=9_999) => Ok(year),
            _ => refuse("a year is a number such as 2026"),
        };
        let (begin, end) = ends(text, year)?;
        if begin > end {
            return refuse("it ends before it begins");
        }
        Ok(Self { begin, end })
    }
}
