//! When something happens again and again, as cron says it: `0 2 * * sun`.
//!
//! Five fields: minute, hour, day of the month, month, day of the week. Each is `*`, a number, a
//! name (`jan`, `sun`), a range `mon-fri`, any of these with a step `*/15`, or a list with commas.
//! Sunday is 0 and 7. As in cron, if both days are given one of them suffices.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::time::Timestamp;

/// The 29th of February may be eight years away.
const DAYS_AHEAD_MAX: usize = 366 * 9;
const MONTHS: [&str; 12] = [
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
];
const WEEKDAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
const FIELDS: [Field; 5] = [
    Field::numbers("minute", 0, 59),
    Field::numbers("hour", 0, 23),
    Field::numbers("day of the month", 1, 31),
    Field {
        names: &MONTHS,
        ..Field::numbers("month", 1, 12)
    },
    Field {
        names: &WEEKDAYS,
        ..Field::numbers("day of the week", 0, 7)
    },
];

/// Moments that come again and again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cron {
    text: String,
    minutes: Set,
    hours: Set,
    days: Set,
    months: Set,
    weekdays: Set,
    /// Days of both kinds are given: one of them suffices.
    either_day: bool,
}

/// Which numbers: bit by bit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Set(u64);

impl Set {
    fn has(self, number: i8) -> bool {
        u32::try_from(number).is_ok_and(|number| self.0 >> number & 1 == 1)
    }

    fn numbers(self) -> impl Iterator<Item = i8> {
        (0..60).filter(move |number| self.has(*number))
    }
}

/// What a field may say.
struct Field {
    name: &'static str,
    min: u8,
    max: u8,
    /// From `min` on.
    names: &'static [&'static str],
}

/// Why a text is no such expression.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoCron {
    /// There are not five fields.
    #[error(
        "has {0} fields, not the five of cron: minute, hour, day of the month, month, day of the week, as in `0 2 * * sun`"
    )]
    Fields(usize),
    /// One of them makes no sense.
    #[error("the {field} `{text}` is not within {min}-{max}, nor a list, range or step of that")]
    Field {
        /// Which.
        field: &'static str,
        /// As it is written.
        text: String,
        /// The least it may be.
        min: u8,
        /// The most it may be.
        max: u8,
    },
    /// No day is like this.
    #[error("never happens: no such month has such a day")]
    Never,
}

impl Field {
    const fn numbers(name: &'static str, min: u8, max: u8) -> Self {
        Self {
            name,
            min,
            max,
            names: &[],
        }
    }

    fn read(&self, text: &str) -> Result<Set, NoCron> {
        let mut set = 0;
        for part in text.split(',') {
            let part = self.part(part).ok_or_else(|| NoCron::Field {
                field: self.name,
                text: text.chars().take(40).collect(),
                min: self.min,
                max: self.max,
            })?;
            set |= part;
        }
        Ok(Set(set))
    }

    fn part(&self, text: &str) -> Option<u64> {
        let (range, step) = match text.split_once('/') {
            Some((range, step)) => (range, step.parse().ok().filter(|step| *step > 0)?),
            None => (text, 1),
        };
        let (from, to) = match range.split_once('-') {
            _ if range == "*" => (self.min, self.max),
            Some((from, to)) => (self.number(from)?, self.number(to)?),
            // `5/15` goes on to the end.
            None if text.contains('/') => (self.number(range)?, self.max),
            None => (self.number(range)?, self.number(range)?),
        };
        let numbers = (from..=to).step_by(step);
        (from <= to).then(|| numbers.fold(0, |set, number| set | 1 << number))
    }

    fn number(&self, text: &str) -> Option<u8> {
        let name = |known: &&str| known.eq_ignore_ascii_case(text);
        if let Some(at) = self.names.iter().position(name) {
            return Some(self.min + u8::try_from(at).ok()?);
        }
        let digits = text.len() <= 2 && text.bytes().all(|byte| byte.is_ascii_digit());
        let number = text.parse().ok().filter(|_| digits)?;
        (self.min..=self.max).contains(&number).then_some(number)
    }
}

impl FromStr for Cron {
    type Err = NoCron;

    fn from_str(text: &str) -> Result<Self, NoCron> {
        let fields: Vec<&str> = text.split_whitespace().collect();
        let [minute, hour, day, month, weekday] = fields.as_slice() else {
            return Err(NoCron::Fields(fields.len()));
        };
        let [of_minute, of_hour, of_day, of_month, of_weekday] = FIELDS;
        let weekdays = of_weekday.read(weekday)?;
        let cron = Self {
            text: fields.join(" "),
            minutes: of_minute.read(minute)?,
            hours: of_hour.read(hour)?,
            days: of_day.read(day)?,
            months: of_month.read(month)?,
            weekdays: Set(weekdays.0 | weekdays.0 >> 7 & 1),
            either_day: !day.starts_with('*') && !weekday.starts_with('*'),
        };
        // Any time will do to see whether there is one at all.
        cron.next(Timestamp::default(), &TimeZone::UTC)
            .map(|_| cron)
            .ok_or(NoCron::Never)
    }
}

impl fmt::Display for Cron {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Cron {
    /// The first such moment later than `after`, by the clocks of `zone`. A time that is skipped
    /// when clocks are put forward comes as much later; one that comes twice counts the first time.
    pub fn next(&self, after: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        let mut day = after.in_zone(zone).date();
        for _ in 0..DAYS_AHEAD_MAX {
            let found = self.on(day).then(|| self.first(day, after, zone)).flatten();
            if found.is_some() {
                return found;
            }
            day = day.tomorrow().ok()?;
        }
        None
    }

    /// When something runs next that ran at `after`: [`Cron::next`], but of a time that was skipped it
    /// is not asked to run again. Some run it as soon as clocks were put forward, others an hour later.
    pub fn next_run(&self, after: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        let mut next = self.next(after, zone)?;
        while self.skipped(next, after, zone) {
            next = self.next(next, zone)?;
        }
        Some(next)
    }

    /// Whether this moment is only there because clocks were put forward before `after`.
    fn skipped(&self, moment: Timestamp, after: Timestamp, zone: &TimeZone) -> bool {
        let local = moment.in_zone(zone);
        let named = self.hours.has(local.hour()) && self.minutes.has(local.minute());
        // A time at the very end of what was skipped is the moment of the change itself.
        let just_after = moment
            .after(Duration::from_millis(1))
            .in_zone(zone)
            .timestamp();
        let change = zone.preceding(just_after).next();
        !named && change.is_some_and(|at| at.timestamp().as_millisecond() <= after.as_millis())
    }

    fn on(&self, day: Date) -> bool {
        let of_month = self.days.has(day.day());
        let of_week = self.weekdays.has(day.weekday().to_sunday_zero_offset());
        let wanted = match self.either_day {
            true => of_month || of_week,
            false => of_month && of_week,
        };
        wanted && self.months.has(day.month())
    }

    fn first(&self, day: Date, after: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        let moment = |hour: i8, minute: i8| {
            let zoned = day.at(hour, minute, 0, 0).to_zoned(zone.clone()).ok()?;
            Some(Timestamp::from_millis(zoned.timestamp().as_millisecond()))
        };
        let hours = self.hours.numbers();
        hours
            .flat_map(|hour| self.minutes.numbers().map(move |minute| (hour, minute)))
            .filter_map(|(hour, minute)| moment(hour, minute))
            .filter(|at| *at > after)
            .min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse_rfc3339(text).unwrap().unwrap()
    }

    #[test]
    fn moments_come_as_cron_says() {
        let cases = [
            // (expression, zone, after, next)
            (
                "* * * * *",
                "UTC",
                "2026-11-20T15:04:05Z",
                "2026-11-20T15:05:00Z",
            ),
            (
                "*/15 * * * *",
                "UTC",
                "2026-11-20T15:45:00Z",
                "2026-11-20T16:00:00Z",
            ),
            (
                "5/20 * * * *",
                "UTC",
                "2026-11-20T15:06:00Z",
                "2026-11-20T15:25:00Z",
            ),
            (
                "0 2 * * sun",
                "UTC",
                "2026-11-20T15:00:00Z",
                "2026-11-22T02:00:00Z",
            ),
            (
                "0 2 * * 7",
                "UTC",
                "2026-11-20T15:00:00Z",
                "2026-11-22T02:00:00Z",
            ),
            (
                "30 9-17/4 * * mon-fri",
                "UTC",
                "2026-11-20T17:30:00Z",
                "2026-11-23T09:30:00Z",
            ),
            (
                "0 0 1 jan,jul *",
                "UTC",
                "2026-11-20T00:00:00Z",
                "2027-01-01T00:00:00Z",
            ),
            (
                "0 0 29 2 *",
                "UTC",
                "2026-11-20T00:00:00Z",
                "2028-02-29T00:00:00Z",
            ),
            // Both days are given: whichever comes first.
            (
                "0 0 13 * fri",
                "UTC",
                "2026-11-09T00:00:00Z",
                "2026-11-13T00:00:00Z",
            ),
            (
                "0 0 13 * fri",
                "UTC",
                "2026-11-13T00:00:00Z",
                "2026-11-20T00:00:00Z",
            ),
            (
                "0 0 */2 * fri",
                "UTC",
                "2026-11-14T00:00:00Z",
                "2026-11-27T00:00:00Z",
            ),
            // By the clocks of the place.
            (
                "0 2 * * *",
                "Europe/Berlin",
                "2026-11-20T02:00:00Z",
                "2026-11-21T01:00:00Z",
            ),
            // Skipped: an hour later. Twice: the first time.
            (
                "30 2 * * *",
                "Europe/Berlin",
                "2026-03-29T00:00:00Z",
                "2026-03-29T01:30:00Z",
            ),
            (
                "30 2 * * *",
                "Europe/Berlin",
                "2026-10-24T12:00:00Z",
                "2026-10-25T00:30:00Z",
            ),
            (
                "30 2 * * *",
                "Europe/Berlin",
                "2026-10-25T00:30:00Z",
                "2026-10-26T01:30:00Z",
            ),
        ];
        for (text, zone, after, next) in cases {
            let cron: Cron = text.parse().unwrap();
            let zone = TimeZone::get(zone).unwrap();
            assert_eq!(
                cron.next(at(after), &zone),
                Some(at(next)),
                "{text} {after}"
            );
        }
    }

    #[test]
    fn what_was_skipped_is_not_asked_to_run_twice() {
        let cases = [
            // (expression, ran, runs next), in Berlin
            // The day before; as soon as clocks were put forward; an hour later.
            ("30 2 * * *", "2026-03-28T01:30:05Z", "2026-03-29T01:30:00Z"),
            ("30 2 * * *", "2026-03-29T01:00:05Z", "2026-03-30T00:30:00Z"),
            ("30 2 * * *", "2026-03-29T01:30:05Z", "2026-03-30T00:30:00Z"),
            ("0 2 * * *", "2026-03-28T01:00:05Z", "2026-03-29T01:00:00Z"),
            ("0 2 * * *", "2026-03-29T01:00:00Z", "2026-03-30T00:00:00Z"),
            // Every hour: the hour that there is.
            ("30 * * * *", "2026-03-29T00:30:05Z", "2026-03-29T01:30:00Z"),
            ("30 * * * *", "2026-03-29T01:00:05Z", "2026-03-29T01:30:00Z"),
            // Put back: once.
            ("30 2 * * *", "2026-10-25T00:30:05Z", "2026-10-26T01:30:00Z"),
        ];
        let zone = TimeZone::get("Europe/Berlin").unwrap();
        for (text, ran, next) in cases {
            let cron: Cron = text.parse().unwrap();
            let found = cron.next_run(at(ran), &zone);
            assert_eq!(found, Some(at(next)), "{text} {ran}");
        }
    }

    #[test]
    fn what_is_no_cron_is_refused_by_its_field() {
        for (text, words) in [
            ("", "has 0 fields"),
            ("0 2 * *", "has 4 fields"),
            ("@daily", "has 1 fields"),
            ("60 * * * *", "the minute `60`"),
            ("* 24 * * *", "the hour `24`"),
            ("* * 0 * *", "the day of the month `0`"),
            ("* * * foo *", "the month `foo`"),
            ("* * * * 8", "the day of the week `8`"),
            ("5-1 * * * *", "the minute `5-1`"),
            ("*/0 * * * *", "the minute `*/0`"),
            ("1,,2 * * * *", "the minute `1,,2`"),
            ("+5 * * * *", "the minute `+5`"),
            ("0 0 31 2 *", "never happens"),
        ] {
            let error = text.parse::<Cron>().unwrap_err().to_string();
            assert!(error.starts_with(words), "{text}: {error}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_the_reader_panic(text in "[0-9a-z*/, -]{0,30}") {
            let _ = text.parse::<Cron>();
        }
    }
}
