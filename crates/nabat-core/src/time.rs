//! Instants and periods as Nabat stores and reads them.
//!
//! An instant is a whole number of milliseconds since 1970 in UTC: what the store keeps and
//! what every decision takes as its argument. Nothing here asks for the present time.

use std::fmt;
use std::time::Duration;

use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

/// An instant: milliseconds since 1970-01-01T00:00:00Z.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The instant `millis` milliseconds after 1970-01-01T00:00:00Z.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Milliseconds since 1970-01-01T00:00:00Z.
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// This instant plus `period`, saturating at the end of time.
    #[must_use]
    pub fn after(self, period: Duration) -> Self {
        Self(self.0.saturating_add(millis(period)))
    }

    /// This instant minus `period`, saturating at the beginning of time.
    #[must_use]
    pub fn before(self, period: Duration) -> Self {
        Self(self.0.saturating_sub(millis(period)))
    }

    /// How long ago `earlier` was; zero if it lies ahead.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// Reads RFC 3339 (`2026-11-20T15:04:05.123+03:00`), any precision.
    ///
    /// Go's zero time (`0001-01-01T00:00:00Z`), which Alertmanager writes for "not set", is
    /// `Ok(None)`, and so is the empty string.
    ///
    /// # Errors
    /// When the text is not such a time.
    pub fn parse_rfc3339(text: &str) -> Result<Option<Self>, NotATime> {
        if text.is_empty() || text.starts_with("0001-01-01T00:00:00") {
            return Ok(None);
        }
        text.parse::<jiff::Timestamp>()
            .map(|parsed| Some(Self(parsed.as_millisecond())))
            .map_err(|_| NotATime)
    }

    /// To the minute, for people: `2026-11-21 13:40 UTC`.
    pub fn to_minute(self) -> String {
        let time = self.in_zone(&TimeZone::UTC);
        time.strftime("%Y-%m-%d %H:%M UTC").to_string()
    }

    /// The calendar view of this instant in `zone`.
    pub fn in_zone(self, zone: &TimeZone) -> jiff::Zoned {
        jiff::Timestamp::from_millisecond(self.0)
            .unwrap_or(if self.0 < 0 {
                jiff::Timestamp::MIN
            } else {
                jiff::Timestamp::MAX
            })
            .to_zoned(zone.clone())
    }
}

/// RFC 3339 in UTC with three digits behind the second. Written by hand: lists of alerts hold three
/// of them for each.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = jiff::Timestamp::from_millisecond(self.0)
            .map(|time| jiff::tz::Offset::UTC.to_datetime(time))
            .unwrap_or_else(|_| self.in_zone(&TimeZone::UTC).datetime());
        let mut text = *b"0000-00-00T00:00:00.000Z";
        let mut write = |at: usize, digits: usize, mut number: u16| {
            for place in text.iter_mut().skip(at).take(digits).rev() {
                *place = b'0' + (number % 10) as u8;
                number /= 10;
            }
        };
        write(0, 4, time.year().unsigned_abs());
        write(5, 2, time.month().unsigned_abs().into());
        write(8, 2, time.day().unsigned_abs().into());
        write(11, 2, time.hour().unsigned_abs().into());
        write(14, 2, time.minute().unsigned_abs().into());
        write(17, 2, time.second().unsigned_abs().into());
        write(20, 3, time.millisecond().unsigned_abs());
        if time.year() < 0 {
            f.write_str("-")?;
        }
        f.write_str(std::str::from_utf8(&text).unwrap_or_default())
    }
}

/// The text is not an RFC 3339 time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a time as in `2026-11-20T15:04:05Z` (RFC 3339)")]
pub struct NotATime;

fn millis(period: Duration) -> i64 {
    i64::try_from(period.as_millis()).unwrap_or(i64::MAX)
}

/// Reads a Prometheus duration: `5m`, `1d12h`, `90s`, `1h30m`, `500ms`; `0` is zero.
///
/// The grammar is that of Prometheus' `model.ParseDuration`: units in falling order, each at
/// most once; a year is 365 days, a week 7, a day 24 hours.
///
/// # Errors
/// When the text is not such a duration or exceeds 292 years.
pub fn parse_period(text: &str) -> Result<Duration, NotAPeriod> {
    const UNITS: [(&str, u64); 7] = [
        ("ms", 1),
        ("s", 1_000),
        ("m", 60_000),
        ("h", 3_600_000),
        ("d", 86_400_000),
        ("w", 7 * 86_400_000),
        ("y", 365 * 86_400_000),
    ];
    if text == "0" {
        return Ok(Duration::ZERO);
    }
    let mut rest = text;
    let mut total_ms: u64 = 0;
    let mut limit_ms = u64::MAX;
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let (number, after) = rest.split_at(digits);
        let letters = after.bytes().take_while(u8::is_ascii_lowercase).count();
        let (unit, after) = after.split_at(letters);
        let unit_ms = UNITS
            .iter()
            .find(|(name, _)| *name == unit)
            .map(|(_, ms)| *ms)
            .filter(|ms| *ms < limit_ms)
            .ok_or(NotAPeriod)?;
        let count: u64 = number.parse().map_err(|_| NotAPeriod)?;
        total_ms = count
            .checked_mul(unit_ms)
            .and_then(|ms| total_ms.checked_add(ms))
            .filter(|ms| *ms <= i64::MAX as u64 / 1_000)
            .ok_or(NotAPeriod)?;
        limit_ms = unit_ms;
        rest = after;
    }
    if text.is_empty() {
        return Err(NotAPeriod);
    }
    Ok(Duration::from_millis(total_ms))
}

/// Writes a period the way [`parse_period`] reads it, exactly: `1d12h`, `0s`.
pub fn format_period(period: Duration) -> String {
    const UNITS: [(&str, u128); 5] = [
        ("d", 86_400_000),
        ("h", 3_600_000),
        ("m", 60_000),
        ("s", 1_000),
        ("ms", 1),
    ];
    let mut rest = period.as_millis();
    let mut text = String::new();
    for (name, unit) in UNITS {
        if rest >= unit {
            text.push_str(&format!("{}{name}", rest / unit));
            rest %= unit;
        }
    }
    if text.is_empty() {
        text.push_str("0s");
    }
    text
}

/// The text is not a Prometheus duration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a duration as in `5m`, `1h30m` or `2d`")]
pub struct NotAPeriod;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn periods_read_as_in_prometheus() {
        let cases: &[(&str, Option<u64>)] = &[
            ("0", Some(0)),
            ("0s", Some(0)),
            ("5m", Some(300_000)),
            ("1d12h", Some(129_600_000)),
            ("1h30m", Some(5_400_000)),
            ("500ms", Some(500)),
            ("1y", Some(31_536_000_000)),
            ("", None),
            ("5", None),
            ("m5", None),
            ("5m1h", None),
            ("5m5m", None),
            ("1.5h", None),
            ("-5m", None),
            ("5 m", None),
            ("99999999999999y", None),
        ];
        for (text, expected) in cases {
            assert_eq!(
                parse_period(text).ok().map(|p| p.as_millis() as u64),
                *expected,
                "{text}"
            );
        }
    }

    #[test]
    fn gos_zero_time_means_not_set() {
        assert_eq!(Timestamp::parse_rfc3339("0001-01-01T00:00:00Z"), Ok(None));
        assert_eq!(Timestamp::parse_rfc3339(""), Ok(None));
        assert_eq!(
            Timestamp::parse_rfc3339("1970-01-01T03:00:01.5+03:00"),
            Ok(Some(Timestamp::from_millis(1_500)))
        );
        assert_eq!(Timestamp::parse_rfc3339("yesterday"), Err(NotATime));
    }

    proptest! {
        #[test]
        fn a_time_survives_writing_and_reading(ms in -62_135_596_800_000i64..=253_402_207_000_000) {
            let time = Timestamp::from_millis(ms);
            let read = Timestamp::parse_rfc3339(&time.to_string());
            prop_assert!(read == Ok(Some(time)) || time.to_string().starts_with("0001-01-01T00:00:00"));
        }

        #[test]
        fn a_period_survives_writing_and_reading(ms in 0u64..400_000_000_000) {
            let period = Duration::from_millis(ms);
            prop_assert_eq!(parse_period(&format_period(period)), Ok(period));
        }

        #[test]
        fn no_text_makes_the_readers_panic(text in ".{0,40}") {
            let _ = parse_period(&text);
            let _ = Timestamp::parse_rfc3339(&text);
        }
    }
}
