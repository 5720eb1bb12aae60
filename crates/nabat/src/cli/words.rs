//! What people write on the command line, read: matchers, labels, moments, periods, addresses.

use std::collections::BTreeMap;
use std::time::Duration;

use nabat_core::alert::NAME;
use nabat_core::matcher::{Matcher, classic};
use nabat_core::time::{NotAPeriod, Timestamp, parse_period};
use reqwest::Url;

use super::Failure;
use crate::clock;

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

/// Reads the labels of an alert. A first one without `=` is the alert's name.
pub(super) fn labels(texts: &[String]) -> Result<BTreeMap<String, String>, Failure> {
    match texts.split_first() {
        Some((name, rest)) if !name.contains('=') => {
            let mut labels = pairs(rest)?;
            labels
                .entry(NAME.to_owned())
                .or_insert_with(|| name.clone());
            Ok(labels)
        }
        _ => pairs(texts),
    }
}

/// Reads names and their values, which may be quoted as in matchers.
pub(super) fn pairs(texts: &[String]) -> Result<BTreeMap<String, String>, Failure> {
    let pairs = texts.iter().map(|text| {
        let usage = || Failure::Usage(format!("nabat: `{text}` is not `name=value`"));
        let (name, _) = text.split_once('=').ok_or_else(usage)?;
        // An operator of more than `=` is none here.
        match classic::parse_one(text) {
            Ok(pair) if *pair.name == *name.trim() && !text.contains("=~") => {
                Ok((pair.name.into(), pair.value.into()))
            }
            _ => Err(usage()),
        }
    });
    pairs.collect()
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

/// Reads a moment: a time, or how long ago it was.
pub(super) fn ago(text: &str) -> Result<Timestamp, String> {
    moment(text, |period| clock::now().before(period))
}

/// Reads a moment: a time, or in how long it will be.
pub(super) fn hence(text: &str) -> Result<Timestamp, String> {
    moment(text, |period| clock::now().after(period))
}

fn moment(text: &str, at: impl FnOnce(Duration) -> Timestamp) -> Result<Timestamp, String> {
    if let Ok(period) = parse_period(text) {
        return Ok(at(period));
    }
    let read = Timestamp::parse_rfc3339(text).ok().flatten();
    read.ok_or_else(|| {
        "neither a period as in `2h` nor a time as in `2026-11-21T22:00:00Z` (RFC 3339)".to_owned()
    })
}

/// Reads the address of a server.
pub(super) fn address(text: &str) -> Result<Url, String> {
    let read = Url::parse(text).ok();
    let read = read.filter(|url| matches!(url.scheme(), "http" | "https"));
    read.ok_or_else(|| "expected an address such as `http://127.0.0.1:8080`".to_owned())
}

/// Reads the number of something.
pub(super) fn number(text: &str) -> Result<i64, String> {
    let read = text.parse();
    read.map_err(|_| "expected a number, as the list shows it".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_read() {
        let read = |texts: &[&str]| {
            let texts: Vec<String> = texts.iter().map(|text| (*text).to_owned()).collect();
            labels(&texts).ok()
        };
        let known = read(&["Disk", "host=a b", "path=\"/\""]).unwrap();
        let known: Vec<String> = known.iter().map(|(k, v)| format!("{k}:{v}")).collect();
        assert_eq!(known, ["alertname:Disk", "host:a b", "path:/"]);
        assert_eq!(read(&[]), Some(BTreeMap::new()));
        for wrong in [&["Disk", "host"][..], &["a!=b"], &["a=~b"], &["=b"]] {
            assert_eq!(read(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn a_moment_is_a_time_or_a_distance_from_now() {
        let now = clock::now();
        let hour = Duration::from_secs(3_600);
        assert!(ago("1h").unwrap() >= now.before(hour) && ago("1h").unwrap() < now);
        assert!(hence("1h").unwrap() >= now.after(hour));
        let time = Timestamp::parse_rfc3339("2026-11-21T22:00:00Z").unwrap();
        assert_eq!(ago("2026-11-21T22:00:00Z").ok(), time);
        for wrong in ["", "tomorrow", "5"] {
            assert!(ago(wrong).is_err() && hence(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_address_says_how_it_is_reached() {
        assert!(address("https://nabat.example.org/x").is_ok());
        for wrong in ["127.0.0.1:9093", "localhost:9093", "ftp://a", ""] {
            assert!(address(wrong).is_err(), "{wrong}");
        }
    }
}
