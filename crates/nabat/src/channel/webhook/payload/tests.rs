use std::sync::Arc;

use nabat_core::card::{CardId, Shown};
use nabat_core::delivery::DeliveryId;
use nabat_core::incident::{Ending, IncidentId};
use nabat_core::message::card::{Extras, MemberNews};
use nabat_core::message::words::Locale;
use serde_json::{Value, json};

use super::*;

const BEGIN: i64 = 1_795_187_045_120;
const EXTERNAL_URL: &str = "https://nabat.example.org";

fn incident(labels: &[(&str, &str)], annotations: &[(&str, &str)]) -> Incident {
    let labels: Labels = labels.iter().copied().collect();
    let at = Timestamp::from_millis(BEGIN);
    Incident {
        annotations: annotations.iter().copied().collect(),
        ..Incident::new(IncidentId(1), labels, at)
    }
}

fn ended(incident: Incident) -> Incident {
    Incident {
        state: State::Ended {
            at: Timestamp::from_millis(BEGIN + 60_880),
            how: Ending::Resolved,
        },
        ..incident
    }
}

fn shown(incident: Incident) -> Shown {
    Shown {
        incident: Arc::new(incident),
        news: MemberNews::New,
        silenced_until: None,
        held: false,
    }
}

fn notification(members: Vec<Incident>) -> Notification {
    Notification {
        number: DeliveryId(2),
        thread: CardId(1),
        receiver: "ops".into(),
        group_key: r#"{}:{alertname="DiskFull"}"#.into(),
        group_labels: [("alertname", "DiskFull")].into_iter().collect(),
        reason: Reason::First,
        members: members.into_iter().map(shown).collect(),
        extras: Extras::default(),
        locale: Locale::english(),
        at: Timestamp::default(),
    }
}

fn parsed(notification: &Notification, max_alerts: usize) -> Value {
    let max_alerts = NonZeroUsize::new(max_alerts);
    serde_json::from_slice(&body(notification, EXTERNAL_URL, max_alerts)).unwrap()
}

/// A group in which every second alert has ended, the first among them.
fn four() -> Notification {
    let named = |host| incident(&[("alertname", "DiskFull"), ("host", host)], &[]);
    notification(vec![
        ended(named("a")),
        named("b"),
        ended(named("c")),
        named("d"),
    ])
}

fn hosts(payload: &Value) -> Vec<&str> {
    let alerts = payload["alerts"].as_array().unwrap().iter();
    alerts
        .map(|alert| alert["labels"]["host"].as_str().unwrap())
        .collect()
}

#[test]
fn a_group_is_told_as_alertmanager_does() {
    let mut stale = incident(
        &[("alertname", "DiskFull"), ("host", "db-1"), ("team", "db")],
        &[("runbook", "https://wiki"), ("summary", "97 % <full>")],
    );
    stale.state = State::Stale;
    stale.links.generator = Some("https://prometheus/graph?g0.expr=x".into());
    let gone = ended(incident(
        &[("alertname", "DiskFull"), ("host", "db-2"), ("team", "db")],
        &[("runbook", "https://wiki")],
    ));
    assert_eq!(
        parsed(&notification(vec![stale, gone]), 0),
        json!({
            "version": "4",
            "groupKey": r#"{}:{alertname="DiskFull"}"#,
            "truncatedAlerts": 0,
            "receiver": "ops",
            "status": "firing",
            "notification_reason": "first notification",
            "groupLabels": { "alertname": "DiskFull" },
            "commonLabels": { "alertname": "DiskFull", "team": "db" },
            "commonAnnotations": { "runbook": "https://wiki" },
            "externalURL": EXTERNAL_URL,
            "alerts": [
                {
                    "status": "firing",
                    "labels": { "alertname": "DiskFull", "host": "db-1", "team": "db" },
                    "annotations": { "runbook": "https://wiki", "summary": "97 % <full>" },
                    "startsAt": "2026-11-20T15:04:05.12Z",
                    "endsAt": "0001-01-01T00:00:00Z",
                    "generatorURL": "https://prometheus/graph?g0.expr=x",
                    "fingerprint": "7efe17a55a50961d",
                },
                {
                    "status": "resolved",
                    "labels": { "alertname": "DiskFull", "host": "db-2", "team": "db" },
                    "annotations": { "runbook": "https://wiki" },
                    "startsAt": "2026-11-20T15:04:05.12Z",
                    "endsAt": "2026-11-20T15:05:06Z",
                    "generatorURL": "",
                    "fingerprint": "453c2dc4faccc296",
                },
            ],
        })
    );
}

#[test]
fn what_is_cut_off_counts_for_the_whole() {
    for (max, truncated, expected) in [
        (1, 3, vec!["b"]),
        (2, 2, vec!["b", "d"]),
        (3, 1, vec!["a", "b", "d"]),
        (4, 0, vec!["a", "b", "c", "d"]),
        (5, 0, vec!["a", "b", "c", "d"]),
        (0, 0, vec!["a", "b", "c", "d"]),
    ] {
        let payload = parsed(&four(), max);
        assert_eq!(hosts(&payload), expected, "{max}");
        assert_eq!(payload["truncatedAlerts"], truncated, "{max}");
        assert_eq!(payload["status"], "firing", "{max}");
        let common = json!({ "alertname": "DiskFull" });
        assert_eq!(payload["commonLabels"], common, "{max}");
    }
}

#[test]
fn alerts_are_listed_by_job_by_instance_and_by_their_labels() {
    let named =
        |host: &str, pairs: &[(&str, &str)]| incident(&[&[("host", host)], pairs].concat(), &[]);
    let all = notification(vec![
        named("f", &[("x", "1"), ("y", "2")]),
        named("e", &[("x", "1")]),
        named("d", &[("instance", "b")]),
        ended(named("c", &[("job", "b")])),
        named("b", &[("job", "a")]),
        named("a", &[("job", "a"), ("instance", "z")]),
    ]);
    assert_eq!(hosts(&parsed(&all, 0)), ["a", "b", "c", "d", "e", "f"]);
    assert_eq!(hosts(&parsed(&all, 3)), ["a", "b", "d"]);
}

#[test]
fn a_group_is_resolved_when_nothing_of_it_fires() {
    let mut all = four();
    all.members.retain(|shown| shown.incident.ended());
    let payload = parsed(&all, 1);
    assert_eq!(payload["status"], "resolved");
    assert_eq!(payload["truncatedAlerts"], 1);
}

#[test]
fn reasons_are_alertmanagers_words() {
    for (reason, words) in [
        (Reason::First, "first notification"),
        (Reason::NewAlerts, "new alerts added"),
        (Reason::SomeResolved, "some alerts resolved"),
        (Reason::AllResolved, "all alerts resolved"),
        (Reason::Repeat, "repeat interval elapsed"),
        (Reason::Changed, "unknown"),
    ] {
        let told = Notification { reason, ..four() };
        assert_eq!(parsed(&told, 0)["notification_reason"], words);
    }
}

#[test]
fn a_receivers_name_is_quoted_as_go_does() {
    for (name, quoted) in [
        ("ops", "ops"),
        ("team.a (x)", r"team\.a \(x\)"),
        (r"\.+*?()|[]{}^$", r"\\\.\+\*\?\(\)\|\[\]\{\}\^\$"),
        ("a-b_c/d#e&f~g ü", "a-b_c/d#e&f~g ü"),
    ] {
        assert_eq!(Quoted(name).to_string(), quoted);
    }
}

#[test]
fn times_are_as_long_as_they_have_to_be() {
    for (millis, text) in [
        (0, "1970-01-01T00:00:00Z"),
        (BEGIN, "2026-11-20T15:04:05.12Z"),
        (BEGIN + 3, "2026-11-20T15:04:05.123Z"),
        (BEGIN - 120, "2026-11-20T15:04:05Z"),
        (-1, "1969-12-31T23:59:59.999Z"),
    ] {
        let time = GoTime(Some(Timestamp::from_millis(millis)));
        assert_eq!(time.to_string(), text);
    }
    assert_eq!(GoTime(None).to_string(), ZERO_TIME);
}
