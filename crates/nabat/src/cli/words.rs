//! What people write on the command line, read: matchers, moments, periods.

use std::time::Duration;

use nabat_core::alert::NAME;
use nabat_core::matcher::{Matcher, classic};
use nabat_core::time::{NotAPeriod, Timestamp, parse_period};

use super::Failure;

/// Reads matchers. A first one without an operator is the alert's name.
pub(super) fn matchers(texts: &[String]) -> Result<Vec<Matcher>, Failure> {
    let matchers = texts.iter().enumerate().map(|(at, text)| {
        if at == 0 && !text.contains(['=', '!']) {
            return Ok(Matcher::equal(NAME, text));
        }
        classic::parse_one(text).map_err(|error| {
            Failure::Usage(format!("nabat: `{text}` is no matcher: {}", error.problem))
        })
    });
    matchers.collect()
}

/// Reads matchers as parameters of Alertmanager's API.
pub(super) fn filters(texts: &[String]) -> Result<Vec<(&'static str, String)>, Failure> {
    let matchers = matchers(texts)?.into_iter();
    Ok(matchers
        .map(|matcher| ("filter", matcher.to_string()))
        .collect())
}

/// Reads a period that is not zero.
pub(super) fn period(text: &str) -> Result<Duration, NotAPeriod> {
    parse_period(text)
        .ok()
        .filter(|period| !period.is_zero())
        .ok_or(NotAPeriod)
}

/// Reads a moment.
pub(super) fn moment(text: &str) -> Result<Timestamp, String> {
    let read = Timestamp::parse_rfc3339(text).ok().flatten();
    read.ok_or_else(|| "not a time as in `2026-11-21T22:00:00Z` (RFC 3339)".to_owned())
}
