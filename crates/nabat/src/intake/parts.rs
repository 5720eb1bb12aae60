//! What both ways of posting alerts have in common: limits, lists, texts, times, links.

use std::fmt;
use std::marker::PhantomData;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde::de::{DeserializeSeed, IgnoredAny, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use nabat_core::alert::Labels;
use nabat_core::time::Timestamp;

/// The most bytes of all labels of an alert, and of a group: they are kept for each.
pub(super) const LABELS_BYTES_MAX: usize = 32 << 10;
/// The most bytes of all annotations of an alert.
pub(super) const ANNOTATIONS_BYTES_MAX: usize = 256 << 10;

/// How much of a value is quoted to who sent it, in characters.
pub(super) const QUOTED_CHARS_MAX: usize = 60;
/// How much is said of a mistake's place, and of what it is, in characters.
pub(super) const MISTAKE_CHARS_MAX: usize = 200;

/// What one request may hold.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Alerts in one request.
    pub alerts_max: usize,
    /// Labels, and annotations, of one alert.
    pub labels_max: usize,
}

/// Reads a list of which no more than `most` entries are kept: what is refused afterwards for its
/// length must not have taken the room.
pub(super) struct List<T> {
    most: usize,
    entries: PhantomData<T>,
}

/// The first entries of a list, and how many it has.
pub(super) struct Listed<T> {
    pub(super) first: Vec<T>,
    pub(super) count: usize,
}

impl<T> List<T> {
    pub(super) fn of_at_most(most: usize) -> Self {
        Self {
            most,
            entries: PhantomData,
        }
    }
}

impl<'de, T: Deserialize<'de>> DeserializeSeed<'de> for List<T> {
    type Value = Listed<T>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Listed<T>, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de, T: Deserialize<'de>> Visitor<'de> for List<T> {
    type Value = Listed<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Listed<T>, A::Error> {
        let mut first = Vec::new();
        while first.len() < self.most {
            match list.next_element()? {
                Some(entry) => first.push(entry),
                None => break,
            }
        }
        let mut count = first.len();
        while let Some(IgnoredAny) = list.next_element()? {
            count += 1;
        }
        Ok(Listed { first, count })
    }
}

/// Reads a time in one of the forms that Alertmanager reads (`strfmt.ParseDateTime`): RFC 3339, or
/// without a zone, or without seconds. Go's zero time is none; no text at all is the beginning of
/// 1970.
///
/// # Errors
/// Alertmanager's words for what is no time.
pub(crate) fn time(text: &str) -> Result<Option<Timestamp>, String> {
    if text.is_empty() {
        return Ok(Some(Timestamp::default()));
    }
    if let Ok(time) = Timestamp::parse_rfc3339(text) {
        return Ok(time);
    }
    /// `2006-01-02T15:04`: a date alone is not a time.
    const SHORTEST_BYTES: usize = 16;
    let civil = (text.len() >= SHORTEST_BYTES)
        .then(|| text.parse::<DateTime>().ok())
        .flatten()
        .and_then(|civil| civil.to_zoned(TimeZone::UTC).ok());
    civil
        .map(|zoned| Some(Timestamp::from_millis(zoned.timestamp().as_millisecond())))
        .ok_or_else(|| {
            let text = cut(text, QUOTED_CHARS_MAX);
            format!("parsing time {text:?} as \"2006-01-02 15:04:05\": cannot parse it")
        })
}

/// The last moment there is, if `text` is one of the last days of 9999, which nothing here can count
/// and which people write for "never".
pub(super) fn never(text: &str) -> Option<Timestamp> {
    // The year before has the same days.
    let earlier = format!("9998{}", text.strip_prefix("9999")?);
    let last = Timestamp::from_millis(jiff::Timestamp::MAX.as_millisecond());
    Timestamp::parse_rfc3339(&earlier).is_ok().then_some(last)
}

/// A link that a chat can open. Anything else is left out: it would be refused there.
pub(super) fn link(url: Option<&str>) -> Option<Box<str>> {
    const LINK_BYTES_MAX: usize = 2_048;
    url.filter(|url| url.starts_with("http://") || url.starts_with("https://"))
        .filter(|url| url.len() <= LINK_BYTES_MAX)
        .map(Into::into)
}

/// The first link among these annotations.
pub(super) fn among(annotations: &Labels, names: &[&str]) -> Option<Box<str>> {
    names.iter().find_map(|name| link(annotations.get(name)))
}

/// The beginning of what somebody sent, for an error's text.
pub(super) fn cut(text: &str, chars_max: usize) -> String {
    let mut shown: String = text.chars().take(chars_max).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_alertmanager_reads_them() {
        let at = |text: &str| Timestamp::parse_rfc3339(text).unwrap();
        for (text, expected) in [
            ("2026-11-20T12:00:00Z", at("2026-11-20T12:00:00Z")),
            ("2026-11-20T12:00:00.5+02:00", at("2026-11-20T10:00:00.5Z")),
            (
                "2026-11-20T12:00:00.123456789Z",
                at("2026-11-20T12:00:00.123Z"),
            ),
            ("2026-11-20T12:00:00+0200", at("2026-11-20T10:00:00Z")),
            ("2026-11-20T12:00:00", at("2026-11-20T12:00:00Z")),
            ("2026-11-20 12:00:00", at("2026-11-20T12:00:00Z")),
            ("2026-11-20 12:00:00.25", at("2026-11-20T12:00:00.25Z")),
            ("2026-11-20T12:00Z", at("2026-11-20T12:00:00Z")),
            ("2026-11-20T12:00", at("2026-11-20T12:00:00Z")),
            ("0001-01-01T00:00:00Z", None),
            ("", at("1970-01-01T00:00:00Z")),
        ] {
            assert_eq!(time(text), Ok(expected), "{text}");
        }
        for text in ["2026-11-20", "12:00:00", "soon", "1795187045"] {
            assert!(time(text).is_err(), "{text}");
        }
    }
}
