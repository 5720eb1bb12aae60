//! What both ways of posting alerts have in common: limits, texts, links.

use std::borrow::Cow;
use std::ops::Deref;

use serde::Deserialize;

use nabat_core::alert::Labels;

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
