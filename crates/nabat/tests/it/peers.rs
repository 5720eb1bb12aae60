//! The road that every alert takes before it reaches Nabat, with real programs: what they send
//! is what the intake must understand.

use serde_json::json;

use crate::world::alertmanager::{self, Alertmanager, Timing};
use crate::world::prometheus::{self, Prometheus, Rule};
use crate::world::recorder::Recorder;
use crate::world::target::Target;
use crate::world::wait;

#[tokio::test]
async fn a_metric_that_goes_bad_and_good_again_comes_as_firing_and_resolved() {
    let folder = tempfile::tempdir().unwrap();
    let recorder = Recorder::start().await;
    let target = Target::start().await;
    target.set("disk_used_ratio{device=\"sda1\"}", 0.5);
    let alertmanager = Alertmanager::start(
        folder.path(),
        "alertmanager",
        &recorder.url(),
        &Timing::default(),
    )
    .await;
    let rule = Rule {
        alert: "DiskFull",
        expr: "disk_used_ratio > 0.9",
        labels: json!({ "severity": "critical" }),
        annotations: json!({ "summary": "disk {{ $labels.device }} is full" }),
    };
    let _prometheus =
        Prometheus::start(folder.path(), &[rule], &target, &[alertmanager.address()]).await;

    target.set("disk_used_ratio{device=\"sda1\"}", 0.95);
    let firing = recorder
        .wait_for("the firing webhook", |body| body["status"] == "firing")
        .await;
    target.set("disk_used_ratio{device=\"sda1\"}", 0.5);
    let resolved = recorder
        .wait_for("the resolved webhook", |body| body["status"] == "resolved")
        .await;

    let alert = &firing["alerts"][0];
    assert_eq!(firing["version"], "4");
    assert_eq!(firing["externalURL"], alertmanager::EXTERNAL_URL);
    assert_eq!(alert["labels"]["alertname"], "DiskFull");
    assert_eq!(alert["labels"]["severity"], "critical");
    assert_eq!(alert["annotations"]["summary"], "disk sda1 is full");
    assert_eq!(alert["endsAt"], "0001-01-01T00:00:00Z");
    let link = alert["generatorURL"].as_str().unwrap();
    assert!(link.starts_with(prometheus::EXTERNAL_URL), "{link}");
    let ended = &resolved["alerts"][0];
    assert_eq!(ended["status"], "resolved");
    assert_eq!(ended["fingerprint"], alert["fingerprint"]);
    assert_eq!(ended["startsAt"], alert["startsAt"]);
}

#[tokio::test]
async fn an_alertmanager_tells_again_what_still_fires() {
    let folder = tempfile::tempdir().unwrap();
    let recorder = Recorder::start().await;
    let timing = Timing {
        repeat_interval: "200ms",
        ..Timing::default()
    };
    let alertmanager =
        Alertmanager::start(folder.path(), "alertmanager", &recorder.url(), &timing).await;

    alertmanager
        .post_alerts(&json!([{ "labels": { "alertname": "DiskFull" } }]))
        .await;

    let told = wait::until("a repetition", async || {
        let told = recorder.bodies();
        (told.len() > 1).then_some(told)
    })
    .await;
    assert_eq!(told[0]["status"], "firing");
    assert_eq!(told[0]["alerts"], told[1]["alerts"]);
}
