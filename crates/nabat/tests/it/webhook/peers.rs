//! What others make of the same: Alertmanager's own webhook, and Python's HMAC.

use std::io::Write as _;
use std::process::{Command, Stdio};

use jiff::SignedDuration;
use nabat_core::incident::{Ending, Incident, State};
use nabat_core::notification::{Notification, Reason};
use nabat_core::time::Timestamp;
use serde_json::{Value, json};

use super::*;
use crate::world::alertmanager::{self, Alertmanager, Timing};

const DOCUMENTATION: &str = include_str!("../../../../../docs/webhook.md");
const GENERATOR: &str = "http://prometheus.example.org/graph?g0.expr=a+%3C+b&g0.tab=1";

fn instant(text: &str) -> Timestamp {
    Timestamp::parse_rfc3339(text).unwrap().unwrap()
}

/// The alert `value` as Nabat knows it once Alertmanager was told of it.
fn incident(value: &Value) -> Incident {
    let annotations: Vec<(&str, &str)> = value["annotations"]
        .as_object()
        .unwrap()
        .iter()
        .map(|(name, text)| (name.as_str(), text.as_str().unwrap()))
        .collect();
    let mut incident = alert(value["labels"]["host"].as_str().unwrap(), &annotations);
    incident.links.generator = Some(GENERATOR.into());
    incident.starts_at = instant(value["startsAt"].as_str().unwrap());
    if let Some(at) = value["endsAt"].as_str() {
        incident.state = State::Ended {
            at: instant(at),
            how: Ending::Resolved,
        };
    }
    incident
}

#[tokio::test]
async fn the_body_is_the_one_that_alertmanager_sends() {
    let recorder = Recorder::start().await;
    let folder = tempfile::tempdir().unwrap();
    let timing = Timing::default();
    let peer = Alertmanager::start(folder.path(), "peer", &recorder.url(), &timing).await;
    let now = jiff::Timestamp::from_millisecond(jiff::Timestamp::now().as_millisecond()).unwrap();
    let ago = |seconds| (now - SignedDuration::from_secs(seconds)).to_string();
    let posted = |host, summary: &str, begun: String, ended: Option<String>| {
        let mut alert = json!({
            "labels": { "alertname": "DiskFull", "host": host },
            "annotations": { "summary": summary, "runbook": "https://wiki.example.org/<disk>&more" },
            "startsAt": begun,
            "generatorURL": GENERATOR,
        });
        if let Some(ended) = ended {
            alert["endsAt"] = ended.into();
        }
        alert
    };
    let firing = posted("db-1", "97 % \u{2028} full", ago(90), None);
    let other = posted("db-2", "98 %", ago(80), None);
    peer.post_alerts(&json!([firing, other])).await;
    let both = |body: &Value| body["alerts"].as_array().is_some_and(|all| all.len() == 2);
    recorder.wait_for("both alerts", both).await;
    let ended = posted("db-2", "98 %", ago(80), Some(ago(1)));
    peer.post_alerts(&json!([ended])).await;
    let over = |body: &Value| both(body) && body.to_string().contains(r#""status":"resolved""#);
    let theirs = recorder.wait_for("the end of one", over).await;

    let told = Notification {
        reason: Reason::SomeResolved,
        ..notification(vec![incident(&ended), incident(&firing)])
    };
    let ours = Recorder::start().await;
    let mut target = target(ours.url());
    target.external_url = alertmanager::EXTERNAL_URL.into();
    sender(&target).send(&told).await.unwrap();
    let mut ours = ours.bodies().remove(0);
    // Alertmanager says why from 0.32 on.
    if theirs.get("notification_reason").is_none() {
        ours.as_object_mut().unwrap().remove("notification_reason");
    }
    assert_eq!(ours, theirs);
}

/// Whether the function `verify` of the documentation takes it.
fn verifies(secret: &str, headers: &Value, body: &[u8]) -> bool {
    let (_, rest) = DOCUMENTATION.split_once("```python\n").unwrap();
    let (verify, _) = rest.split_once("```").unwrap();
    let call = "import json, sys\n\
                verify(sys.argv[1], json.loads(sys.argv[2]), sys.stdin.buffer.read())\n";
    let mut python = Command::new("python3")
        .args(["-c", &format!("{verify}{call}"), secret])
        .arg(headers.to_string())
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    python.stdin.take().unwrap().write_all(body).unwrap();
    let output = python.wait_with_output().unwrap();
    let complaint = String::from_utf8_lossy(&output.stderr);
    let refused = complaint.contains("ValueError: ");
    assert!(output.status.success() != refused, "{complaint}");
    !refused
}

#[tokio::test]
async fn the_signature_verifies_as_documented_and_nothing_else_does() {
    let recorder = Recorder::start().await;
    let mut target = target(recorder.url());
    target.signing_secret = Some(Secret::new(SIGNING_SECRET));
    let told = notification(vec![alert("db-1", &[("summary", "диск")])]);
    sender(&target).send(&told).await.unwrap();
    let request = &recorder.requests()[0];
    let id = request.header("webhook-id");
    assert_eq!(id, request.header("idempotency-key"));
    let headers = json!({
        "webhook-id": id,
        "webhook-timestamp": request.header("webhook-timestamp"),
        "webhook-signature": request.header("webhook-signature"),
    });
    assert!(verifies(SIGNING_SECRET, &headers, &request.body));
    assert!(!verifies(SIGNING_SECRET, &headers, b"{}"));
    let other = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    assert!(!verifies(other, &headers, &request.body));
    for (name, value) in [("webhook-id", "x"), ("webhook-timestamp", "1614265330")] {
        let mut forged = headers.clone();
        forged[name] = value.into();
        assert!(!verifies(SIGNING_SECRET, &forged, &request.body), "{name}");
    }
}
