//! Reads the webhooks of Alertmanager (version 4, from 0.20 on) and of Grafana.
//!
//! Tolerant of what is absent, strict about nonsense: a body with `status`, `alerts[].labels`,
//! `startsAt` and `externalURL` is enough; a label that is a number is refused with its place.
//! Format: `notify/webhook` and `template.Data` of Alertmanager, and Grafana's contact point.

use std::fmt;

use serde::de::{DeserializeSeed, Error as _, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use nabat_core::alert::{Labels, Links, News, Status, Text};
use nabat_core::incident::{Expiry, GroupKey};
use nabat_core::time::Timestamp;

use super::parts::{
    ANNOTATIONS_BYTES_MAX, LABELS_BYTES_MAX, Limits, List, Listed, MISTAKE_CHARS_MAX,
    QUOTED_CHARS_MAX, among, cut, link, never,
};

/// Why a request is refused, whole.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Mistake {
    /// Something is not as it must be.
    #[error("{path}: {problem}")]
    Wrong {
        /// Where, as in `alerts[3].startsAt`; `.` is the whole body.
        path: String,
        /// What.
        problem: String,
    },
    /// There are too many alerts.
    #[error("the request holds {count} alerts; {limit} are the most")]
    TooMany {
        /// How many there are.
        count: usize,
        /// How many there may be.
        limit: usize,
    },
}

struct Body<'a> {
    status: Option<Text<'a>>,
    group_labels: Option<Labels>,
    alerts: Listed<Alert<'a>>,
}

/// Reads a body, and of its alerts no more than this many.
#[derive(Clone, Copy)]
struct OfAtMost(usize);

impl<'de> DeserializeSeed<'de> for OfAtMost {
    type Value = Body<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Body<'de>, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for OfAtMost {
    type Value = Body<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with `alerts`")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Body<'de>, A::Error> {
        let (mut status, mut group_labels, mut alerts) = (None, None, None);
        while let Some(key) = map.next_key::<Text<'de>>()? {
            match &*key {
                "status" => status = map.next_value()?,
                "groupLabels" => group_labels = map.next_value()?,
                "alerts" => alerts = Some(map.next_value_seed(List::of_at_most(self.0))?),
                _ => {
                    let IgnoredAny = map.next_value()?;
                }
            }
        }
        Ok(Body {
            status,
            group_labels,
            alerts: alerts.ok_or_else(|| A::Error::missing_field("alerts"))?,
        })
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Alert<'a> {
    #[serde(default, borrow)]
    status: Option<Text<'a>>,
    labels: Labels,
    #[serde(default)]
    annotations: Option<Labels>,
    #[serde(default, borrow)]
    starts_at: Option<Text<'a>>,
    #[serde(default, borrow)]
    ends_at: Option<Text<'a>>,
    #[serde(default, borrow, rename = "generatorURL")]
    generator_url: Option<Text<'a>>,
    #[serde(default, borrow, rename = "dashboardURL")]
    dashboard_url: Option<Text<'a>>,
    #[serde(default, borrow, rename = "panelURL")]
    panel_url: Option<Text<'a>>,
    #[serde(default, borrow, rename = "silenceURL")]
    silence_url: Option<Text<'a>>,
}

/// Reads a request's body at `now`.
///
/// # Errors
/// The first mistake, with its place.
pub fn read(body: &[u8], limits: Limits, now: Timestamp) -> Result<Vec<News>, Mistake> {
    let of_at_most = OfAtMost(limits.alerts_max);
    let mut reader = serde_json::Deserializer::from_slice(body);
    let read = of_at_most.deserialize(&mut reader);
    let read = read.and_then(|body| reader.end().map(|()| body));
    let body = read.map_err(|_| locate(body, of_at_most))?;
    let Listed { first, count } = body.alerts;
    if count > limits.alerts_max {
        return Err(Mistake::TooMany {
            count,
            limit: limits.alerts_max,
        });
    }
    let group: Option<GroupKey> = body.group_labels.map(|labels| labels.to_string().into());
    if group
        .as_ref()
        .is_some_and(|group| group.len() > LABELS_BYTES_MAX)
    {
        return Err(Mistake::Wrong {
            path: "groupLabels".to_owned(),
            problem: format!("more than {LABELS_BYTES_MAX} bytes"),
        });
    }
    if let Some(status) = body.status.as_deref() {
        check_status("status", status)?;
    }
    let mut news = Vec::with_capacity(count);
    for (index, alert) in first.into_iter().enumerate() {
        news.push(alert.read(index, body.status.as_deref(), group.clone(), limits, now)?);
    }
    Ok(news)
}

/// Reads the body once more, slower, to tell where the mistake is.
fn locate(body: &[u8], of_at_most: OfAtMost) -> Mistake {
    let mut track = serde_path_to_error::Track::new();
    let mut reader = serde_json::Deserializer::from_slice(body);
    let tracked = serde_path_to_error::Deserializer::new(&mut reader, &mut track);
    let problem = match of_at_most.deserialize(tracked) {
        Err(error) => (track.path().to_string(), error.to_string()),
        Ok(_) => match reader.end() {
            Err(error) => (".".to_owned(), error.to_string()),
            Ok(()) => (".".to_owned(), "the body can't be read".to_owned()),
        },
    };
    // Both quote what was sent, which may be as long as the body.
    Mistake::Wrong {
        path: cut(&problem.0, MISTAKE_CHARS_MAX),
        problem: cut(&problem.1, MISTAKE_CHARS_MAX),
    }
}

fn check_status(path: &str, status: &str) -> Result<(), Mistake> {
    if matches!(status, "firing" | "resolved") {
        return Ok(());
    }
    Err(Mistake::Wrong {
        path: path.to_owned(),
        problem: format!(
            "`{}` is neither `firing` nor `resolved`",
            cut(status, QUOTED_CHARS_MAX)
        ),
    })
}

impl Alert<'_> {
    fn read(
        self,
        index: usize,
        status_of_all: Option<&str>,
        group: Option<GroupKey>,
        limits: Limits,
        now: Timestamp,
    ) -> Result<News, Mistake> {
        let wrong = |field: &str, problem: String| Mistake::Wrong {
            path: format!("alerts[{index}].{field}"),
            problem,
        };
        let annotations = self.annotations.unwrap_or_default();
        for (field, pairs, bytes_max) in [
            ("labels", &self.labels, LABELS_BYTES_MAX),
            ("annotations", &annotations, ANNOTATIONS_BYTES_MAX),
        ] {
            if pairs.len() > limits.labels_max {
                return Err(wrong(
                    field,
                    format!(
                        "{} are too many; {} are the most",
                        pairs.len(),
                        limits.labels_max
                    ),
                ));
            }
            let bytes: usize = pairs
                .iter()
                .map(|(name, value)| name.len() + value.len())
                .sum();
            if bytes > bytes_max {
                return Err(wrong(
                    field,
                    format!("{bytes} bytes are too many; {bytes_max} are the most"),
                ));
            }
            if pairs.get("").is_some() {
                return Err(wrong(field, "a name is empty".to_owned()));
            }
        }
        let labels = self.labels.without_empty();
        if labels.is_empty() {
            return Err(wrong("labels", "at least one label is needed".to_owned()));
        }
        let time = |field: &str, text: Option<&str>| {
            let text = text.unwrap_or_default();
            let read = Timestamp::parse_rfc3339(text);
            let read = read.or_else(|error| never(text).map(Some).ok_or(error));
            read.map_err(|error| {
                wrong(
                    field,
                    format!("`{}` is {error}", cut(text, QUOTED_CHARS_MAX)),
                )
            })
        };
        let starts_at = time("startsAt", self.starts_at.as_deref())?;
        let ends_at = time("endsAt", self.ends_at.as_deref())?;
        if let Some(status) = self.status.as_deref() {
            check_status(&format!("alerts[{index}].status"), status)?;
        }
        let over = ends_at.is_some_and(|at| at <= now);
        let resolved = match self.status.as_deref().or(status_of_all) {
            Some(status) => status == "resolved",
            None => over,
        };
        let status = if resolved {
            Status::Resolved { ends_at }
        } else {
            Status::Firing {
                expires: ends_at.filter(|_| !over).map(Expiry::given),
            }
        };
        let dashboard = self.panel_url.or(self.dashboard_url);
        Ok(News {
            links: Links {
                generator: link(self.generator_url.as_deref()),
                dashboard: link(dashboard.as_deref())
                    .or_else(|| among(&annotations, &["dashboard_url", "dashboard"])),
                runbook: among(&annotations, &["runbook_url", "runbook"]),
                silence: link(self.silence_url.as_deref()),
            },
            labels,
            annotations,
            group,
            starts_at,
            status,
            own: false,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const LIMITS: Limits = Limits {
        alerts_max: 3,
        labels_max: 4,
    };

    fn at(text: &str) -> Timestamp {
        Timestamp::parse_rfc3339(text).unwrap().unwrap()
    }

    fn read_text(body: &str) -> Result<Vec<News>, String> {
        read(body.as_bytes(), LIMITS, at("2026-11-20T12:00:00Z"))
            .map_err(|mistake| mistake.to_string())
    }

    #[test]
    fn a_webhook_of_alertmanager_is_read_whole() {
        let body = r#"{"version":"4","groupKey":"{}:{alertname=\"X\"}","truncatedAlerts":0,
            "receiver":"nabat","status":"firing","groupLabels":{"alertname":"X"},
            "commonLabels":{},"commonAnnotations":{},"externalURL":"http://am:9093",
            "alerts":[{"status":"firing","labels":{"alertname":"X","host":"a","empty":""},
                "annotations":{"summary":"at 91 %","runbook_url":"https://wiki/x"},
                "startsAt":"2026-11-20T11:00:00.5Z","endsAt":"0001-01-01T00:00:00Z",
                "generatorURL":"http://p:9090/graph?g0.expr=up","fingerprint":"0"},
              {"status":"resolved","labels":{"alertname":"X","host":"b"},
                "startsAt":"2026-11-20T10:00:00Z","endsAt":"2026-11-20T11:30:00+01:00"}]}"#;
        let news = read_text(body).unwrap();
        assert_eq!(news[0].labels.to_string(), r#"{alertname="X", host="a"}"#);
        assert_eq!(news[0].status, Status::Firing { expires: None });
        assert_eq!(news[0].starts_at, Some(at("2026-11-20T11:00:00.5Z")));
        assert_eq!(news[0].group.as_deref(), Some(r#"{alertname="X"}"#));
        assert_eq!(news[0].links.runbook.as_deref(), Some("https://wiki/x"));
        assert!(news[0].links.generator.is_some());
        let ends_at = Some(at("2026-11-20T10:30:00Z"));
        assert_eq!(news[1].status, Status::Resolved { ends_at });
    }

    #[test]
    fn a_webhook_of_grafana_is_read_too() {
        let body = r#"{"receiver":"n","status":"firing","orgId":1,"version":"1","title":"t",
            "state":"alerting","message":"m","alerts":[{"status":"firing",
            "labels":{"alertname":"G"},"annotations":null,"startsAt":"2026-11-20T11:00:00+03:00",
            "endsAt":"0001-01-01T00:00:00Z","values":{"B":1.5},"valueString":"[ var='B' ]",
            "silenceURL":"http://g/silence","dashboardURL":"http://g/d/1","panelURL":"http://g/d/1?p=2",
            "imageURL":"","generatorURL":"/relative"}]}"#;
        let news = read_text(body).unwrap();
        assert_eq!(news[0].links.dashboard.as_deref(), Some("http://g/d/1?p=2"));
        assert_eq!(news[0].links.silence.as_deref(), Some("http://g/silence"));
        assert_eq!(news[0].links.generator, None, "not a link");
        assert_eq!(news[0].group, None);
    }

    #[test]
    fn the_least_that_makes_sense_is_enough() {
        let body = r#"{"status":"resolved","externalURL":"http://am",
            "alerts":[{"labels":{"a":"b"},"startsAt":"2026-11-20T11:00:00Z"}]}"#;
        let status = read_text(body).unwrap().remove(0).status;
        assert_eq!(status, Status::Resolved { ends_at: None });
        let bare = r#"{"alerts":[{"labels":{"a":"b"}}]}"#;
        let status = read_text(bare).unwrap().remove(0).status;
        assert_eq!(status, Status::Firing { expires: None });
        let ending = r#"{"alerts":[{"labels":{"a":"b"},"endsAt":"2026-11-20T13:00:00Z"}]}"#;
        let expires = Some(Expiry::given(at("2026-11-20T13:00:00Z")));
        assert_eq!(
            read_text(ending).unwrap().remove(0).status,
            Status::Firing { expires }
        );
        assert_eq!(read_text(r#"{"alerts":[]}"#), Ok(vec![]));
    }

    #[test]
    fn the_body_in_the_guide_is_read_whole() {
        let guide = include_str!("../../../../docs/alerts-in.md");
        let body = guide.split("```json\n").nth(1).unwrap();
        let news = read_text(body.split("```").next().unwrap())
            .unwrap()
            .remove(0);
        let links = &news.links;
        for link in [
            &links.generator,
            &links.dashboard,
            &links.runbook,
            &links.silence,
        ] {
            assert!(link.is_some(), "{links:?}");
        }
        assert!(news.group.is_some() && news.starts_at.is_some());
        assert!(matches!(news.status, Status::Firing { .. }));
    }

    #[test]
    fn texts_that_are_kept_for_each_alert_are_bounded() {
        let label = |size| {
            format!(
                r#"{{"alerts":[{{"labels":{{"a":"{}"}}}}]}}"#,
                "x".repeat(size)
            )
        };
        assert!(read_text(&label(LABELS_BYTES_MAX - 1)).is_ok());
        let refused = read_text(&label(LABELS_BYTES_MAX)).unwrap_err();
        assert!(
            refused.starts_with("alerts[0].labels: 32769 bytes"),
            "{refused}"
        );
        let note = |size| {
            let text = "x".repeat(size);
            format!(r#"{{"alerts":[{{"labels":{{"a":"b"}},"annotations":{{"a":"{text}"}}}}]}}"#)
        };
        assert!(read_text(&note(ANNOTATIONS_BYTES_MAX - 1)).is_ok());
        assert!(read_text(&note(ANNOTATIONS_BYTES_MAX)).is_err());
        let group = "x".repeat(LABELS_BYTES_MAX);
        let refused = read_text(&format!(
            r#"{{"groupLabels":{{"a":"{group}"}},"alerts":[]}}"#
        ));
        assert!(refused.unwrap_err().starts_with("groupLabels"));
    }

    #[test]
    fn nonsense_is_refused_with_its_place() {
        let cases: &[(&str, &str)] = &[
            ("", "."),
            ("nonsense", "."),
            ("[]", "."),
            ("{}", ".: missing field `alerts`"),
            (r#"{"alerts":{}}"#, "alerts: invalid type: map"),
            (r#"{"alerts":[{}]}"#, "alerts[0]: missing field `labels`"),
            (r#"{"alerts":[{"labels":{"a":5}}]}"#, "alerts[0].labels"),
            (
                r#"{"alerts":[{"labels":{}}]}"#,
                "alerts[0].labels: at least one label",
            ),
            (
                r#"{"alerts":[{"labels":{"a":""}}]}"#,
                "alerts[0].labels: at least one label",
            ),
            (
                r#"{"alerts":[{"labels":{"":"b"}}]}"#,
                "alerts[0].labels: a name is empty",
            ),
            (
                r#"{"alerts":[{"labels":{"a":"b"}},{"labels":{"a":"b"},"startsAt":"soon"}]}"#,
                "alerts[1].startsAt: `soon` is not a time",
            ),
            (
                r#"{"alerts":[{"labels":{"a":"b"},"endsAt":7}]}"#,
                "alerts[0].endsAt: invalid type: integer",
            ),
            (
                r#"{"status":"odd","alerts":[]}"#,
                "status: `odd` is neither",
            ),
            (
                r#"{"alerts":[{"labels":{"a":"b"},"status":"odd"}]}"#,
                "alerts[0].status: `odd` is neither",
            ),
            (
                r#"{"alerts":[{"labels":{"a":"1","b":"1","c":"1","d":"1","e":"1"}}]}"#,
                "alerts[0].labels: 5 are too many; 4",
            ),
            (r#"{"alerts":[{"labels":{"a":"b"}}]} trailing"#, "."),
            (
                r#"{"alerts":[{"labels":{"a":"b"}},{"labels":{"a":"b"}},{"labels":{"a":"b"}},{"labels":{"a":"b"}}]}"#,
                "the request holds 4 alerts; 3 are the most",
            ),
        ];
        for (body, expected) in cases {
            let got = read_text(body).unwrap_err();
            assert!(got.starts_with(expected), "{body}\n  {got}\n  {expected}");
        }
        let at_the_limit = r#"{"alerts":[{"labels":{"a":"1","b":"1","c":"1","d":"1"}},{"labels":{"a":"b"}},{"labels":{"a":"b"}}]}"#;
        assert_eq!(read_text(at_the_limit).unwrap().len(), 3);
    }

    #[test]
    fn an_end_at_the_end_of_9999_is_no_reason_to_refuse_the_whole() {
        let body = r#"{"alerts":[{"labels":{"a":"b"},"endsAt":"9999-12-31T23:59:59Z"}]}"#;
        let last = Timestamp::from_millis(jiff::Timestamp::MAX.as_millisecond());
        let expires = Some(Expiry::given(last));
        assert_eq!(
            read_text(body).unwrap()[0].status,
            Status::Firing { expires }
        );
    }

    #[test]
    fn of_too_many_alerts_none_but_the_first_are_read() {
        let alert = r#"{"labels":{"a":"b"}}"#;
        let body = format!(r#"{{"alerts":[{alert},{alert},{alert},5,6],"status":"firing"}}"#);
        let refused = read_text(&body).unwrap_err();
        assert!(
            refused.starts_with("the request holds 5 alerts"),
            "{refused}"
        );
    }

    #[test]
    fn a_mistake_is_told_in_a_few_words_however_long_it_is() {
        let long = "x".repeat(100_000);
        for body in [
            format!(r#"{{"alerts":[{{"labels":{{"{long}":1}}}}]}}"#),
            format!(r#"{{"alerts":"{long}"}}"#),
            format!(r#"{{"status":"{long}","alerts":[]}}"#),
        ] {
            assert!(read_text(&body).unwrap_err().len() < 500);
        }
    }

    proptest! {
        #[test]
        fn no_body_makes_the_reader_panic(body in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = read(&body, LIMITS, at("2026-11-20T12:00:00Z"));
        }
    }
}
