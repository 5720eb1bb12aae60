//! Labels and what a source says of an alert.
//!
//! Labels are the identity of an alert: equal labels are one alert, and their fingerprint is
//! Prometheus' FNV-1a of the sorted pairs. They are kept packed in one text because a hundred
//! thousand of them stay in memory for as long as their alerts fire.

pub mod order;
pub mod quote;

use std::borrow::Cow;
use std::fmt;
use std::ops::Deref;

use serde::de::{MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::incident::{Expiry, GroupKey};
use crate::time::Timestamp;
use quote::Quoted;

/// The label with an alert's name.
pub const NAME: &str = "alertname";

/// Names and values, sorted by name, each name once. Also used for annotations.
#[derive(Clone, PartialEq, Eq, Default, Hash)]
pub struct Labels {
    /// Name, value, name, value…, each with its length before it, see [`pack`].
    packed: Box<str>,
}

/// How many pairs are read without looking for more room.
const PAIRS_AT_FIRST: usize = 16;

impl Labels {
    /// Packs the pairs. Of equal names the last one counts.
    pub fn new<K: AsRef<str>, V: AsRef<str>>(pairs: &mut [(K, V)]) -> Self {
        pairs.sort_by(|a, b| a.0.as_ref().cmp(b.0.as_ref()));
        let size: usize = pairs
            .iter()
            .map(|(name, value)| packed_size(name.as_ref()) + packed_size(value.as_ref()))
            .sum();
        // Just enough: what is given back of a text later is often too little to be used again.
        let mut packed = String::with_capacity(size);
        for (index, (name, value)) in pairs.iter().enumerate() {
            let repeated = pairs
                .get(index + 1)
                .is_some_and(|next| next.0.as_ref() == name.as_ref());
            if repeated {
                continue;
            }
            pack(&mut packed, name.as_ref());
            pack(&mut packed, value.as_ref());
        }
        Self {
            packed: packed.into_boxed_str(),
        }
    }

    /// The pairs in order of their names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        let mut rest = &*self.packed;
        std::iter::from_fn(move || {
            let name = unpack(&mut rest)?;
            Some((name, unpack(&mut rest)?))
        })
    }

    /// The value of `name`, if there is one.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.iter()
            .find(|(candidate, _)| *candidate == name)
            .map(|(_, value)| value)
    }

    /// The value of `name`, or the empty string: to Prometheus a missing label is an empty one.
    pub fn value(&self, name: &str) -> &str {
        self.get(name).unwrap_or_default()
    }

    /// How many pairs there are.
    pub fn len(&self) -> usize {
        self.iter().count()
    }

    /// The same labels without those whose value is empty: to Prometheus they are not there.
    #[must_use]
    pub fn without_empty(self) -> Self {
        if self.iter().all(|(_, value)| !value.is_empty()) {
            return self;
        }
        self.iter().filter(|(_, value)| !value.is_empty()).collect()
    }

    /// Whether there is no pair.
    pub fn is_empty(&self) -> bool {
        self.packed.is_empty()
    }

    /// The identity of the alert with these labels.
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(self.iter())
    }
}

/// The surrogates are no characters, so no length is written as one.
const SURROGATES: std::ops::Range<u32> = 0xd800..0xe000;
/// The longest text that is kept whole, in bytes: its length is the last character there is. What
/// comes from outside is much shorter.
const TEXT_BYTES_MAX: usize = (char::MAX as u32 - (SURROGATES.end - SURROGATES.start)) as usize;

/// How many bytes [`pack`] writes, or a few more.
fn packed_size(text: &str) -> usize {
    length_mark(text.len()).len_utf8() + text.len()
}

/// The character that stands for a length.
fn length_mark(length: usize) -> char {
    let length = u32::try_from(length).unwrap_or(u32::MAX);
    let number = if length < SURROGATES.start {
        length
    } else {
        length.saturating_add(SURROGATES.end - SURROGATES.start)
    };
    char::from_u32(number).unwrap_or(char::MAX)
}

/// Appends the length of `text`, as the character with that number, and `text` itself: most
/// lengths take one byte, and the whole stays one text that needs no table beside it.
fn pack(packed: &mut String, text: &str) {
    let text = text
        .get(..text.floor_char_boundary(TEXT_BYTES_MAX))
        .unwrap_or_default();
    packed.push(length_mark(text.len()));
    packed.push_str(text);
}

/// Takes the next text off what [`pack`] wrote.
fn unpack<'a>(rest: &mut &'a str) -> Option<&'a str> {
    let mut chars = rest.chars();
    let number = u32::from(chars.next()?);
    let length = if number < SURROGATES.start {
        number
    } else {
        number - (SURROGATES.end - SURROGATES.start)
    };
    let (text, behind) = chars.as_str().split_at_checked(length as usize)?;
    *rest = behind;
    Some(text)
}

impl<K: AsRef<str>, V: AsRef<str>> FromIterator<(K, V)> for Labels {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(pairs: I) -> Self {
        Self::new(&mut pairs.into_iter().collect::<Vec<_>>())
    }
}

/// As Prometheus writes them: `{alertname="DiskFull", host="db-1"}`.
impl fmt::Display for Labels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("{")?;
        for (index, (name, value)) in self.iter().enumerate() {
            let comma = if index == 0 { "" } else { ", " };
            write!(f, "{comma}{name}={}", Quoted(value))?;
        }
        f.write_str("}")
    }
}

impl fmt::Debug for Labels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Labels {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (name, value) in self.iter() {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

/// A text that is borrowed from the input where that is possible, also when it may be missing.
#[derive(Debug, Default, Deserialize)]
#[serde(transparent)]
pub struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

impl Deref for Text<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for Text<'_> {
    fn as_ref(&self) -> &str {
        self
    }
}

impl<'de> Deserialize<'de> for Labels {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Pairs;
        impl<'de> Visitor<'de> for Pairs {
            type Value = Labels;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of texts")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Labels, A::Error> {
                let mut pairs: Vec<(Text<'de>, Text<'de>)> = Vec::with_capacity(PAIRS_AT_FIRST);
                // As to every program in Go, a null is an empty text.
                while let Some((name, value)) = map.next_entry::<_, Option<_>>()? {
                    pairs.push((name, value.unwrap_or_default()));
                }
                Ok(Labels::new(&mut pairs))
            }
        }
        deserializer.deserialize_map(Pairs)
    }
}

/// The identity of an alert: FNV-1a (64 bit) over its sorted labels, as in Prometheus'
/// `model.LabelsToSignature`. Printed as 16 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Fingerprint(u64);

impl Fingerprint {
    /// The fingerprint with this number.
    pub const fn from_bits(bits: u64) -> Self {
        Self(bits)
    }

    /// Its number.
    pub const fn to_bits(self) -> u64 {
        self.0
    }

    /// The fingerprint of pairs that are sorted by name already.
    pub fn of<'a>(sorted: impl Iterator<Item = (&'a str, &'a str)>) -> Self {
        const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
        const PRIME: u64 = 0x0100_0000_01b3;
        let mut hash = OFFSET;
        for (name, value) in sorted {
            for part in [name, value] {
                for byte in part.bytes().chain([0xff]) {
                    hash = (hash ^ u64::from(byte)).wrapping_mul(PRIME);
                }
            }
        }
        Self(hash)
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// What a source says of one alert, checked and ready for the engine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct News {
    /// Who it is. At least one pair.
    pub labels: Labels,
    /// What is said about it; not part of its identity.
    pub annotations: Labels,
    /// Where it can be looked at.
    pub links: Links,
    /// The source's grouping, if it groups.
    pub group: Option<GroupKey>,
    /// Since when, if the source says so.
    pub starts_at: Option<Timestamp>,
    /// Whether it fires or is over.
    pub status: Status,
    /// Whether Nabat says it about itself: the operators hear of it without subscribing.
    pub own: bool,
}

impl News {
    /// What Nabat says about itself: a warning called `name`, told to the operators. `words` are
    /// the name and the text of its annotation.
    pub fn about_itself(
        name: &str,
        labels: &[(&str, &str)],
        words: Option<(&str, &str)>,
        status: Status,
    ) -> Self {
        let named = [(NAME, name), ("severity", "warning")];
        Self {
            labels: named.iter().chain(labels).copied().collect(),
            annotations: words.into_iter().collect(),
            links: Links::default(),
            group: None,
            starts_at: None,
            status,
            own: true,
        }
    }
}

/// Whether an alert fires, according to its source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// It fires; with an end time it expires then, unless news comes before.
    Firing {
        /// When it is over by itself.
        expires: Option<Expiry>,
    },
    /// It is over.
    Resolved {
        /// Since when, if the source says so.
        ends_at: Option<Timestamp>,
    },
    /// It is looked at no more: it is over, and nobody says that all is well.
    Closed {
        /// Since when.
        at: Timestamp,
    },
}

/// Addresses that belong to an alert. Absolute http(s) URLs only: others are dropped at the intake.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Links {
    /// The expression that fired, in Prometheus or Grafana.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generator: Option<Box<str>>,
    /// The dashboard.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dashboard: Option<Box<str>>,
    /// What to do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runbook: Option<Box<str>>,
    /// Where it can be silenced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub silence: Option<Box<str>>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn fingerprints_are_those_of_prometheus() {
        let cases: &[(&[(&str, &str)], &str)] = &[
            (&[("alertname", "ok1")], "d7252752c04bd3c5"),
            (&[("alertname", "ok2")], "d72f2752c054284a"),
            (&[("node", "bar"), ("alertname", "foo")], "980a6a0e0facf311"),
            (&[("alertname", "E1")], "e22a9d43307139ee"),
            (&[], "cbf29ce484222325"),
            (&[("alertname", "test"), ("ünï", "Σ🙂")], "48594053b67fe6e4"),
        ];
        for (pairs, expected) in cases {
            let labels: Labels = pairs.iter().copied().collect();
            assert_eq!(labels.fingerprint().to_string(), *expected, "{labels}");
        }
    }

    #[test]
    fn of_equal_names_the_last_counts() {
        let labels: Labels = [("a", "1"), ("b", "2"), ("a", "3")].into_iter().collect();
        assert_eq!(labels.iter().collect::<Vec<_>>(), [("a", "3"), ("b", "2")]);
    }

    #[test]
    fn texts_of_every_length_are_kept() {
        for length in [
            0,
            127,
            128,
            0xd7ff,
            0xd800,
            0xdfff,
            0xe000,
            70_000,
            TEXT_BYTES_MAX,
        ] {
            let value = "x".repeat(length);
            let labels: Labels = [("a", value.as_str()), ("b", "2")].into_iter().collect();
            assert_eq!(labels.value("a").len(), length);
            assert_eq!((labels.value("b"), labels.len()), ("2", 2));
        }
    }

    #[test]
    fn a_text_beyond_all_measure_is_cut_at_a_character() {
        let value = "ü".repeat(TEXT_BYTES_MAX);
        let labels: Labels = [("a", value.as_str()), ("b", "2")].into_iter().collect();
        assert!(value.starts_with(labels.value("a")));
        assert!(labels.value("a").len() >= TEXT_BYTES_MAX - 1);
        assert_eq!(labels.value("b"), "2");
    }

    proptest! {
        #[test]
        fn packing_keeps_every_pair(map in proptest::collection::btree_map(".{0,8}", ".{0,16}", 0..8)) {
            let labels: Labels = map.iter().collect();
            let back: Vec<(&str, &str)> = labels.iter().collect();
            let expected: Vec<(&str, &str)> = map.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
            prop_assert_eq!(back, expected);
            for (name, value) in &map {
                prop_assert_eq!(labels.get(name), Some(value.as_str()));
            }
            let json = serde_json::to_string(&labels).unwrap();
            prop_assert_eq!(serde_json::from_str::<Labels>(&json).unwrap(), labels);
        }
    }
}
