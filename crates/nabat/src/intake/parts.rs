//! What both ways of posting alerts have in common: limits, lists, texts, times, links.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;

use serde::de::{DeserializeSeed, IgnoredAny, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use nabat_core::alert::Labels;
use nabat_core::time::{NotATime, Timestamp};

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

/// A text that is borrowed from the body where that is possible, also when it may be missing.
#[derive(Deserialize)]
#[serde(transparent)]
pub(super) struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

impl Deref for Text<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

/// Reads a time. The last days of 9999 are the last moment there is: people write them for "never".
///
/// # Errors
/// When the text is no time.
pub(super) fn time(text: &str) -> Result<Option<Timestamp>, NotATime> {
    Timestamp::parse_rfc3339(text).or_else(|problem| {
        // The year before has the same days, and its times lie within what can be counted.
        let earlier = text.strip_prefix("9999").map(|rest| format!("9998{rest}"));
        let is_time = earlier.is_some_and(|text| Timestamp::parse_rfc3339(&text).is_ok());
        let last = Timestamp::from_millis(jiff::Timestamp::MAX.as_millisecond());
        if is_time {
            Ok(Some(last))
        } else {
            Err(problem)
        }
    })
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
