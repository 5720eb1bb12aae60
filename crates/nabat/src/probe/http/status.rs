//! Status codes as people expect them: `200`, `300-399`.

use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer};

/// Some status codes in a row, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StatusRange {
    first: u16,
    last: u16,
}

/// What is expected if nobody says otherwise.
pub(super) fn default_status() -> Vec<StatusRange> {
    let (first, last) = (200, 299);
    vec![StatusRange { first, last }]
}

/// Whether `status` is in one of `ranges`.
pub(super) fn is_in(status: u16, ranges: &[StatusRange]) -> bool {
    ranges
        .iter()
        .any(|range| (range.first..=range.last).contains(&status))
}

/// `200–299, 401`.
pub(super) fn list(ranges: &[StatusRange]) -> String {
    let ranges: Vec<String> = ranges.iter().map(ToString::to_string).collect();
    ranges.join(", ")
}

impl From<u16> for StatusRange {
    fn from(status: u16) -> Self {
        Self {
            first: status,
            last: status,
        }
    }
}

impl fmt::Display for StatusRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { first, last } = self;
        if first == last {
            write!(f, "{first}")
        } else {
            write!(f, "{first}–{last}")
        }
    }
}

/// The text is no range of status codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("status codes go from 100 to 599, and a range from the lower to the higher")]
pub struct NoStatus;

impl FromStr for StatusRange {
    type Err = NoStatus;

    fn from_str(text: &str) -> Result<Self, NoStatus> {
        let (first, last) = text.split_once(['-', '–']).unwrap_or((text, text));
        let number = |text: &str| text.trim().parse::<u16>().map_err(|_| NoStatus);
        let (first, last) = (number(first)?, number(last)?);
        if 100 <= first && first <= last && last <= 599 {
            Ok(Self { first, last })
        } else {
            Err(NoStatus)
        }
    }
}

impl<'de> Deserialize<'de> for StatusRange {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NumberOrText;

        impl Visitor<'_> for NumberOrText {
            type Value = StatusRange;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a status code or a range of them")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<StatusRange, E> {
                text.parse().map_err(E::custom)
            }

            fn visit_u64<E: de::Error>(self, number: u64) -> Result<StatusRange, E> {
                self.visit_str(&number.to_string())
            }

            fn visit_i64<E: de::Error>(self, number: i64) -> Result<StatusRange, E> {
                self.visit_str(&number.to_string())
            }
        }

        deserializer.deserialize_any(NumberOrText)
    }
}

impl JsonSchema for StatusRange {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "StatusRange".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "anyOf": [
                {"type": "integer", "minimum": 100, "maximum": 599},
                {"type": "string", "format": "status", "pattern": "^[1-5][0-9][0-9]([-–][1-5][0-9][0-9])?$"},
            ],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_and_ranges_are_read_from_texts_and_numbers() {
        let read: Vec<StatusRange> = serde_json::from_str(r#"["200-299", 401, "503"]"#).unwrap();
        assert_eq!(list(&read), "200–299, 401, 503");
        assert!(is_in(200, &read) && is_in(299, &read) && is_in(401, &read));
        assert!(!is_in(300, &read) && !is_in(199, &read));
        for text in ["99", "600", "299-200", "2xx", "", "-200", "200-"] {
            assert_eq!(text.parse::<StatusRange>(), Err(NoStatus), "{text}");
        }
    }
}
