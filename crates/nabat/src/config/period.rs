//! Lengths of time as Prometheus writes them: `5m`, `1d12h`, `1500ms`, `0`.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// The units in the order in which they must appear, in milliseconds.
/// A year has 365 days and a week 7, as in Prometheus.
const UNITS: [(&str, u64); 7] = [
    ("y", 365 * 86_400_000),
    ("w", 7 * 86_400_000),
    ("d", 86_400_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1_000),
    ("ms", 1),
];

/// A length of time in whole milliseconds, read and written in Prometheus' notation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Period(Duration);

/// Why a text is not a [`Period`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PeriodError {
    /// Something else than a number with a unit.
    #[error("each number has a unit of y, w, d, h, m, s, ms, and there are no spaces")]
    Shape,
    /// A unit after a smaller one, or twice.
    #[error("units go from large to small, each at most once: y, w, d, h, m, s, ms")]
    Order,
    /// More than about 292 years.
    #[error("the period is longer than 292 years")]
    TooLong,
}

impl Period {
    /// The longest period, as in Prometheus: 2^63 - 1 nanoseconds, cut to milliseconds.
    pub const MAX: Self = Self(Duration::from_millis(9_223_372_036_854));

    /// A period of so many whole minutes.
    pub const fn from_minutes(minutes: u32) -> Self {
        Self(Duration::from_secs(minutes as u64 * 60))
    }

    /// A period of so many milliseconds.
    pub const fn from_millis(millis: u32) -> Self {
        Self(Duration::from_millis(millis as u64))
    }

    /// A period of so many whole seconds.
    pub const fn from_seconds(seconds: u32) -> Self {
        Self(Duration::from_secs(seconds as u64))
    }

    /// The same length as the standard library's type.
    pub const fn duration(self) -> Duration {
        self.0
    }
}

impl FromStr for Period {
    type Err = PeriodError;

    fn from_str(text: &str) -> Result<Self, PeriodError> {
        if text == "0" {
            return Ok(Self(Duration::ZERO));
        }
        let mut rest = text;
        let mut millis: u64 = 0;
        let mut units = UNITS.as_slice();
        loop {
            let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
            let (number, tail) = rest.split_at(digits);
            let letters = tail.len()
                - tail
                    .trim_start_matches(|c: char| c.is_ascii_lowercase())
                    .len();
            let (unit, tail) = tail.split_at(letters);
            if number.is_empty() || !UNITS.iter().any(|(name, _)| *name == unit) {
                return Err(PeriodError::Shape);
            }
            let place = units
                .iter()
                .position(|(name, _)| *name == unit)
                .ok_or(PeriodError::Order)?;
            let (_, size) = units[place];
            units = &units[place + 1..];
            let number: u64 = number.parse().map_err(|_| PeriodError::TooLong)?;
            millis = number
                .checked_mul(size)
                .and_then(|more| millis.checked_add(more))
                .ok_or(PeriodError::TooLong)?;
            rest = tail;
            if rest.is_empty() {
                break;
            }
        }
        let period = Self(Duration::from_millis(millis));
        if period > Self::MAX {
            Err(PeriodError::TooLong)
        } else {
            Ok(period)
        }
    }
}

/// Prints the largest units first; years and weeks only where they divide the whole evenly,
/// as Prometheus does, because `90d` says more than `12w6d`.
impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = u64::try_from(self.0.as_millis()).unwrap_or(u64::MAX);
        if rest == 0 {
            return f.write_str("0s");
        }
        for (unit, size) in UNITS {
            let exact_only = unit == "y" || unit == "w";
            if rest < size || (exact_only && rest % size != 0) {
                continue;
            }
            write!(f, "{}{unit}", rest / size)?;
            rest %= size;
        }
        Ok(())
    }
}

impl<'de> Deserialize<'de> for Period {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

impl Serialize for Period {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl JsonSchema for Period {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Period".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "format": "period",
            "pattern": "^(0|([0-9]+(y|w|d|h|m|s|ms))+)$",
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn periods_are_read_as_prometheus_reads_them() {
        for (text, millis) in [
            ("0", 0),
            ("0s", 0),
            ("324ms", 324),
            ("3s", 3_000),
            ("5m", 300_000),
            ("1h", 3_600_000),
            ("4d", 345_600_000),
            ("1d12h", 129_600_000),
            ("3w", 1_814_400_000),
            ("3w2d1h", 1_990_800_000),
            ("10y", 315_360_000_000),
        ] {
            assert_eq!(
                text.parse(),
                Ok(Period(Duration::from_millis(millis))),
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_not_a_period_says_why() {
        for (text, error) in [
            ("", PeriodError::Shape),
            ("1", PeriodError::Shape),
            ("m", PeriodError::Shape),
            ("5 m", PeriodError::Shape),
            ("-5m", PeriodError::Shape),
            ("1.5h", PeriodError::Shape),
            ("5M", PeriodError::Shape),
            ("5min", PeriodError::Shape),
            ("1m1h", PeriodError::Order),
            ("1m1m", PeriodError::Order),
            ("293y", PeriodError::TooLong),
            ("99999999999999999999s", PeriodError::TooLong),
        ] {
            assert_eq!(text.parse::<Period>(), Err(error), "{text}");
        }
    }

    #[test]
    fn the_longest_period_is_the_last_that_fits() {
        assert_eq!("9223372036854ms".parse(), Ok(Period::MAX));
        assert_eq!(
            "9223372036855ms".parse::<Period>(),
            Err(PeriodError::TooLong)
        );
    }

    #[test]
    fn periods_are_printed_in_the_units_people_use() {
        for text in ["0s", "5m", "1d12h", "90d", "3w", "1y", "1500ms"] {
            let printed = text.parse::<Period>().unwrap().to_string();
            let expected = if text == "1500ms" { "1s500ms" } else { text };
            assert_eq!(printed, expected);
        }
    }

    proptest! {
        #[test]
        fn a_printed_period_reads_back_equal(millis in 0..=9_223_372_036_854_u64) {
            let period = Period(Duration::from_millis(millis));
            prop_assert_eq!(period.to_string().parse(), Ok(period));
        }

        #[test]
        fn no_text_makes_a_period_panic(text in ".*") {
            let _ = text.parse::<Period>();
        }
    }
}
