//! Reads what Prometheus posts to an Alertmanager: `POST /api/v2/alerts`.
//!
//! What is read, what is absent and what is wrong are Alertmanager's (`api/v2` and its schema),
//! word for word where a client may show it. One wrong alert does not keep the others out, but what
//! can't be read at all does.

use std::borrow::Cow;

use serde::Deserialize;
use serde::de::DeserializeSeed as _;

use nabat_core::alert::{Labels, Links, News, Status, Text};
use nabat_core::incident::Expiry;
use nabat_core::time::Timestamp;

use super::parts::{
    ANNOTATIONS_BYTES_MAX, LABELS_BYTES_MAX, Limits, List, Listed, MISTAKE_CHARS_MAX,
    QUOTED_CHARS_MAX, among, cut, link, never, time,
};

/// What a request holds.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Posted {
    /// The alerts that can be taken.
    pub news: Vec<News>,
    /// What is wrong with each of the others.
    pub invalid: Vec<String>,
}

/// Why nothing of a request is taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Mistake {
    /// It is not JSON, or not of the types that it must be.
    #[error("parsing alerts body from \"\" failed, because {0}")]
    Unreadable(String),
    /// Something that must be there is not.
    #[error("{0} in body is required")]
    Missing(String),
    /// An address is none.
    #[error("{index}.generatorURL in body must be of type uri: {url:?}")]
    NoAddress {
        /// Which alert, from 0.
        index: usize,
        /// What it says.
        url: String,
    },
    /// There are too many alerts.
    #[error(
        "the request holds {count} alerts; {limit} are the most: send fewer at once (Prometheus: `--alertmanager.notification-batch-size`), or raise `intake.max_alerts_per_request`"
    )]
    TooMany {
        /// How many there are.
        count: usize,
        /// How many there may be.
        limit: usize,
    },
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Alert<'a> {
    #[serde(default)]
    labels: Option<Labels>,
    #[serde(default)]
    annotations: Option<Labels>,
    #[serde(default, borrow)]
    starts_at: Option<Text<'a>>,
    #[serde(default, borrow)]
    ends_at: Option<Text<'a>>,
    #[serde(default, borrow, rename = "generatorURL")]
    generator_url: Option<Text<'a>>,
}

/// Reads a request's body at `now`. An alert without an end fires for `resolve_timeout`.
///
/// # Errors
/// Why nothing of it can be taken.
pub fn read(
    body: &[u8],
    limits: Limits,
    resolve_timeout: std::time::Duration,
    now: Timestamp,
) -> Result<Posted, Mistake> {
    if body.is_empty() {
        return Err(Mistake::Missing("alerts".to_owned()));
    }
    // As to every program in Go, what is no UTF-8 is a letter that nobody knows.
    let text = String::from_utf8_lossy(body);
    let Listed { first, count } = list(&text, limits.alerts_max)?;
    if count > limits.alerts_max {
        return Err(Mistake::TooMany {
            count,
            limit: limits.alerts_max,
        });
    }
    let mut read = Vec::with_capacity(count);
    let mut refused = None;
    for (index, alert) in first.into_iter().enumerate() {
        let alert = alert.ok_or_else(|| Mistake::Missing(index.to_string()))?;
        let span = alert.span().map_err(Mistake::Unreadable)?;
        // A time that can't be read is told before anything else: it is part of the reading.
        refused = refused.or_else(|| alert.check(index).err());
        read.push((alert, span));
    }
    if let Some(refused) = refused {
        return Err(refused);
    }
    let mut posted = Posted {
        news: Vec::with_capacity(read.len()),
        invalid: Vec::new(),
    };
    for (alert, span) in read {
        match alert.news(&span, limits, now.after(resolve_timeout), now) {
            Ok(news) => posted.news.push(news),
            Err(problem) => posted.invalid.push(problem),
        }
    }
    Ok(posted)
}

/// The alerts of a body; what stands behind them is not looked at.
fn list(text: &str, most: usize) -> Result<Listed<Option<Alert<'_>>>, Mistake> {
    if text.trim() == "null" {
        let (first, count) = (Vec::new(), 0);
        return Ok(Listed { first, count });
    }
    let mut reader = serde_json::Deserializer::from_str(text);
    let alerts = List::of_at_most(most).deserialize(&mut reader);
    alerts.map_err(|_| locate(text, most))
}

/// Reads the body once more, slower, to tell where the mistake is.
fn locate(text: &str, most: usize) -> Mistake {
    let mut track = serde_path_to_error::Track::new();
    let mut reader = serde_json::Deserializer::from_str(text);
    let reader = serde_path_to_error::Deserializer::new(&mut reader, &mut track);
    let read = List::<Option<Alert<'_>>>::of_at_most(most).deserialize(reader);
    let problem = read.err().map_or_else(String::new, |error| {
        let path = track.path().to_string();
        match path.as_str() {
            "." => error.to_string(),
            path => format!("{path}: {error}"),
        }
    });
    Mistake::Unreadable(cut(&problem, MISTAKE_CHARS_MAX))
}

/// When an alert begins and ends, as far as its source says so.
struct Span {
    starts_at: Option<Timestamp>,
    ends_at: Option<Timestamp>,
}

impl Alert<'_> {
    fn span(&self) -> Result<Span, String> {
        Ok(Span {
            starts_at: moment(self.starts_at.as_deref())?,
            ends_at: moment(self.ends_at.as_deref())?,
        })
    }

    /// Holds it against the schema.
    fn check(&self, index: usize) -> Result<(), Mistake> {
        if self.labels.is_none() {
            return Err(Mistake::Missing(format!("{index}.labels")));
        }
        let url = self.generator_url.as_deref().unwrap_or_default();
        if !url.is_empty() && !is_address(url) {
            let url = cut(url, QUOTED_CHARS_MAX);
            return Err(Mistake::NoAddress { index, url });
        }
        Ok(())
    }

    fn news(
        self,
        span: &Span,
        limits: Limits,
        presumed_end: Timestamp,
        now: Timestamp,
    ) -> Result<News, String> {
        let labels = self.labels.unwrap_or_default().without_empty();
        let annotations = self.annotations.unwrap_or_default();
        let starts_at = span.starts_at.or(span.ends_at);
        let ends_at = span.ends_at.unwrap_or(presumed_end);
        if starts_at.is_some_and(|starts_at| ends_at < starts_at) {
            return Err("start time must be before end time".to_owned());
        }
        check_pairs(&labels, limits, LABELS_BYTES_MAX)
            .map_err(|problem| format!("invalid label set: {problem}"))?;
        if labels.is_empty() {
            return Err("at least one label pair required".to_owned());
        }
        check_pairs(&annotations, limits, ANNOTATIONS_BYTES_MAX)
            .map_err(|problem| format!("invalid annotations: {problem}"))?;
        let status = match span.ends_at {
            None => Status::Firing {
                expires: Some(Expiry::presumed(presumed_end)),
            },
            Some(at) if at <= now => Status::Resolved { ends_at: Some(at) },
            Some(at) => Status::Firing {
                expires: Some(Expiry::given(at)),
            },
        };
        let over = matches!(status, Status::Resolved { .. });
        Ok(News {
            links: Links {
                generator: link(self.generator_url.as_deref()),
                dashboard: among(&annotations, &["dashboard_url", "dashboard"]),
                runbook: among(&annotations, &["runbook_url", "runbook"]),
                silence: None,
            },
            labels,
            annotations,
            group: None,
            // An end alone does not say when it began.
            starts_at: if over { span.starts_at } else { starts_at },
            status,
            own: false,
        })
    }
}

/// Holds names against Alertmanager's rules, and what is kept for each alert against Nabat's.
fn check_pairs(pairs: &Labels, limits: Limits, bytes_max: usize) -> Result<(), String> {
    let (mut count, mut bytes) = (0, 0);
    for (name, value) in pairs.iter() {
        if name.is_empty() {
            return Err("invalid name \"\"".to_owned());
        }
        count += 1;
        bytes += name.len() + value.len();
    }
    if count > limits.labels_max {
        let most = limits.labels_max;
        return Err(format!(
            "{count} are too many; {most} are the most, see `intake.max_labels_per_alert`"
        ));
    }
    if bytes > bytes_max {
        return Err(format!(
            "{bytes} bytes are too many; {bytes_max} are the most"
        ));
    }
    Ok(())
}

/// The moment that is given, if one is.
fn moment(text: Option<&str>) -> Result<Option<Timestamp>, String> {
    let Some(text) = text.map(shortened) else {
        return Ok(None);
    };
    time(&text).or_else(|problem| never(&text).map(Some).ok_or(problem))
}

/// The same time with no more digits of its second than count.
fn shortened(text: &str) -> Cow<'_, str> {
    const DIGITS_MAX: usize = 9;
    let Some((before, fraction)) = text.split_once('.') else {
        return Cow::Borrowed(text);
    };
    let zone = fraction.trim_start_matches(|c: char| c.is_ascii_digit());
    match fraction.get(..DIGITS_MAX) {
        Some(digits) if fraction.len() - zone.len() > DIGITS_MAX => {
            Cow::Owned(format!("{before}.{digits}{zone}"))
        }
        _ => Cow::Borrowed(text),
    }
}

/// Whether Go's `url.ParseRequestURI` would take it: an absolute path, or a scheme and what follows.
fn is_address(url: &str) -> bool {
    if url.contains(|c: char| c.is_ascii_control()) {
        return false;
    }
    if url.starts_with('/') {
        return true;
    }
    let Some((scheme, rest)) = url.split_once(':') else {
        return false;
    };
    let host = rest.strip_prefix("//").unwrap_or_default();
    let host = host.split(['/', '?', '#']).next().unwrap_or_default();
    scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
        && !rest.is_empty()
        && !host.contains(' ')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::time::Duration;

    const LIMITS: Limits = Limits {
        alerts_max: 3,
        labels_max: 4,
    };
    const TIMEOUT: Duration = Duration::from_secs(300);
    const NOW: &str = "2026-11-20T12:00:00Z";

    fn at(text: &str) -> Timestamp {
        Timestamp::parse_rfc3339(text).unwrap().unwrap()
    }

    fn posted(body: &str) -> Result<Posted, String> {
        read(body.as_bytes(), LIMITS, TIMEOUT, at(NOW)).map_err(|mistake| mistake.to_string())
    }

    fn one(fields: &str) -> News {
        let body = format!(r#"[{{"labels":{{"alertname":"X"}}{fields}}}]"#);
        posted(&body).unwrap().news.remove(0)
    }

    #[test]
    fn what_prometheus_sends_is_read_whole() {
        let body = r#"[{"annotations":{"summary":"at 91 %","runbook_url":"https://wiki/x"},
            "endsAt":"2026-11-20T12:04:00.5Z","startsAt":"2026-11-20T11:00:00.123456789Z",
            "generatorURL":"http://p:9090/graph?g0.expr=up&g0.tab=1",
            "labels":{"alertname":"X","host":"a","empty":""}}]"#;
        let posted = posted(body).unwrap();
        let news = &posted.news[0];
        assert_eq!(posted.invalid, [] as [&str; 0]);
        assert_eq!(news.labels.to_string(), r#"{alertname="X", host="a"}"#);
        let expires = Some(Expiry::given(at("2026-11-20T12:04:00.5Z")));
        assert_eq!(news.status, Status::Firing { expires });
        assert_eq!(news.starts_at, Some(at("2026-11-20T11:00:00.123Z")));
        assert!(news.links.generator.is_some() && news.links.runbook.is_some());
        assert_eq!(news.group, None);
    }

    #[test]
    fn starts_and_ends_that_are_not_said_are_those_of_alertmanager() {
        let presumed = Expiry::presumed(at("2026-11-20T12:05:00Z"));
        let firing = |expires| Status::Firing {
            expires: Some(expires),
        };
        let over = |text| Status::Resolved {
            ends_at: Some(at(text)),
        };
        let (past, future) = ("2026-11-20T11:00:00Z", "2026-11-20T13:00:00Z");
        let given = firing(Expiry::given(at(future)));
        let cases: &[(&str, Option<&str>, Status)] = &[
            ("", None, firing(presumed)),
            (r#","startsAt":null,"endsAt":null"#, None, firing(presumed)),
            (
                r#","startsAt":"0001-01-01T00:00:00.000Z","endsAt":"0001-01-01T00:00:00.000Z""#,
                None,
                firing(presumed),
            ),
            (
                r#","startsAt":"2026-11-20T11:00:00Z""#,
                Some(past),
                firing(presumed),
            ),
            (r#","endsAt":"2026-11-20T13:00:00Z""#, Some(future), given),
            (
                r#","endsAt":"2026-11-20T14:00:00+01:00""#,
                Some(future),
                given,
            ),
            (r#","endsAt":"2026-11-20T13:00:00""#, Some(future), given),
            (r#","endsAt":"2026-11-20 13:00:00""#, Some(future), given),
            (r#","endsAt":"2026-11-20T11:00:00Z""#, None, over(past)),
            (
                r#","startsAt":"","endsAt":"2026-11-20T11:00:00Z""#,
                Some("1970-01-01T00:00:00Z"),
                over(past),
            ),
        ];
        for (fields, starts_at, status) in cases {
            let news = one(fields);
            assert_eq!(news.status, *status, "{fields}");
            assert_eq!(news.starts_at, starts_at.map(at), "{fields}");
        }
    }

    #[test]
    fn a_wrong_alert_does_not_keep_the_others_out() {
        let body = r#"[{"labels":{"a":"b"}},{"labels":{"a":""}},{"labels":{"хост":"дб"}}]"#;
        let taken = posted(body).unwrap();
        assert_eq!((taken.news.len(), taken.invalid.len()), (2, 1));
        for (alert, problem) in [
            (r#"{"labels":{}}"#, "at least one label pair required"),
            (
                r#"{"labels":{"":"b"}}"#,
                "invalid label set: invalid name \"\"",
            ),
            (
                r#"{"labels":{"a":"b"},"annotations":{"":"c"}}"#,
                "invalid annotations: invalid name \"\"",
            ),
            (
                r#"{"labels":{"a":"b"},"startsAt":"2030-01-01T00:00:00Z","endsAt":"2029-01-01T00:00:00Z"}"#,
                "start time must be before end time",
            ),
            (
                r#"{"labels":{"a":"b"},"startsAt":"2030-01-01T00:00:00Z"}"#,
                "start time must be before end time",
            ),
            (
                r#"{"labels":{"a":"1","b":"1","c":"1","d":"1","e":"1"}}"#,
                "invalid label set: 5 are too many; 4 are the most, see `intake.max_labels_per_alert`",
            ),
        ] {
            let taken = posted(&format!("[{alert}]")).unwrap();
            assert_eq!(taken.invalid, [problem], "{alert}");
            assert!(taken.news.is_empty());
        }
        let long = "x".repeat(LABELS_BYTES_MAX);
        let taken = posted(&format!(r#"[{{"labels":{{"a":"{long}"}}}}]"#)).unwrap();
        assert!(taken.invalid[0].contains("bytes are too many"));
    }

    #[test]
    fn what_can_not_be_read_is_refused_whole() {
        let parsing = "parsing alerts body from \"\" failed, because ";
        for (body, expected) in [
            ("", "alerts in body is required"),
            ("nonsense", parsing),
            (r#"{"labels":{}}"#, parsing),
            (r#"[{"labels":{"a":5}}]"#, parsing),
            (r#"[{"labels":{"a":"b"},"startsAt":"soon"}]"#, parsing),
            (r#"[{"labels":{"a":"b"},"startsAt":"2026-11-20"}]"#, parsing),
            (r#"[{"labels":{"a":"b"}},nonsense]"#, parsing),
            ("[null]", "0 in body is required"),
            (
                r#"[{"labels":{"a":"b"}},{}]"#,
                "1.labels in body is required",
            ),
            (
                r#"[{"labels":{"a":"b"},"generatorURL":"not a url"}]"#,
                r#"0.generatorURL in body must be of type uri: "not a url""#,
            ),
            (
                "[{},{},{},{}]",
                "the request holds 4 alerts; 3 are the most",
            ),
        ] {
            let refused = posted(body).unwrap_err();
            assert!(refused.starts_with(expected), "{body}: {refused}");
            assert!(refused.len() < 500);
        }
        assert_eq!(posted("[]"), Ok(Posted::default()));
        assert_eq!(posted("null"), Ok(Posted::default()));
        assert!(posted(r#"[{"labels":{"a":"b"},"generatorURL":"/graph?x=1"}]"#).is_ok());
    }

    #[test]
    fn what_alertmanager_reads_is_no_reason_to_refuse_the_whole() {
        let last = jiff::Timestamp::MAX.as_millisecond();
        for (time, millis) in [
            ("9999-12-31T23:59:59Z", last),
            ("9999-12-31T23:59:59.999999999-12:00", last),
            ("9999-12-30T00:00:00Z", 253_402_128_000_000),
            (
                "2026-11-20T13:00:00.12345678901234567890Z",
                at("2026-11-20T13:00:00.123Z").as_millis(),
            ),
        ] {
            let news = one(&format!(r#","endsAt":"{time}""#));
            let expires = Some(Expiry::given(Timestamp::from_millis(millis)));
            assert_eq!(news.status, Status::Firing { expires }, "{time}");
        }
        assert!(posted(r#"[{"labels":{"a":"b"},"endsAt":"9999-13-31T23:59:59Z"}]"#).is_err());
        assert_eq!(posted(r#"[{"labels":{"a":"b"}}] ]"#).unwrap().news.len(), 1);
        let body = b"[{\"labels\":{\"a\":\"\xff\"}}]";
        let news = read(body, LIMITS, TIMEOUT, at(NOW)).unwrap().news;
        assert_eq!(news[0].labels.get("a"), Some("\u{fffd}"));
    }

    #[test]
    fn of_too_many_alerts_none_but_the_first_are_read() {
        // What can't be an alert is not noticed behind the limit: it is only counted.
        let refused = posted("[{},{},{},5,6]").unwrap_err();
        assert!(
            refused.starts_with("the request holds 5 alerts"),
            "{refused}"
        );
    }

    proptest! {
        #[test]
        fn no_body_makes_the_reader_panic(body in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = read(&body, LIMITS, TIMEOUT, at(NOW));
        }

        #[test]
        fn no_time_or_address_makes_the_reader_panic(text in ".{0,40}") {
            let _ = (time(&text), is_address(&text));
        }
    }
}
