//! What holds notifications back without anybody's silence: alerts that explain others, and the
//! hours of routes.

use serde_json::{Value, json};

use crate::world::alert::Alert;
use crate::world::recorder::Recorder;
use crate::world::{OWNER, World};

/// Routes that tell at once.
fn at_once(receiver: &str, routes: &Value) -> Value {
    json!({
        "receiver": receiver,
        "group_by": ["alertname"],
        "group_wait": "0s",
        "group_interval": "1s",
        "routes": routes,
    })
}

fn hook(name: &str, recorder: &Recorder) -> Value {
    json!({ "name": name, "webhook_configs": [{ "url": recorder.url() }] })
}

fn says(body: &Value, name: &str, status: &str) -> bool {
    body["commonLabels"]["alertname"] == name && body["status"] == status
}

async fn waits_for(recorder: &Recorder, name: &str, status: &str) {
    let what = format!("{name} {status}");
    recorder
        .wait_for(&what, |body| says(body, name, status))
        .await;
}

fn heard(recorder: &Recorder, name: &str) -> bool {
    let bodies = recorder.bodies();
    bodies
        .iter()
        .any(|body| body["commonLabels"]["alertname"] == name)
}

#[tokio::test]
async fn an_alert_that_another_explains_is_told_when_that_ends_and_not_by_a_restart() {
    let recorder = Recorder::start().await;
    let mut world = World::with_config(|config| {
        config["route"] = at_once("hook", &json!([]));
        config["receivers"] = json!([hook("hook", &recorder)]);
        config["inhibit_rules"] = json!([{
            "source_matchers": ["alertname=\"NodeDown\""],
            "target_match_re": { "alertname": "Cpu.*" },
            "equal": ["instance"],
        }]);
    })
    .await;
    world.subscribe(OWNER, OWNER).await;
    let (node, cpu) = (Alert::critical("NodeDown"), Alert::critical("CpuHigh"));
    world.post(&node.firing()).await;
    waits_for(&recorder, "NodeDown", "firing").await;
    world.told(OWNER, "NodeDown").await;
    world.post(&cpu.firing()).await;
    world.post(&Alert::critical("DiskFull").firing()).await;
    waits_for(&recorder, "DiskFull", "firing").await;
    world.told(OWNER, "DiskFull").await;

    world.nabat.kill9();
    world.nabat.restart().await;
    world.post(&cpu.firing()).await;
    world.post(&Alert::critical("LinkDown").firing()).await;
    waits_for(&recorder, "LinkDown", "firing").await;
    world.told(OWNER, "LinkDown").await;
    assert!(!heard(&recorder, "CpuHigh"));
    let said = world.said(OWNER);
    let told = said.iter().any(|message| message.text.contains("CpuHigh"));
    assert!(!told, "{said:?}");

    world.post(&node.resolved()).await;
    waits_for(&recorder, "CpuHigh", "firing").await;
    world.told(OWNER, "CpuHigh").await;
    // Who knows it is told the end, whatever explains it meanwhile.
    world.post(&node.firing()).await;
    world.post(&cpu.resolved()).await;
    waits_for(&recorder, "CpuHigh", "resolved").await;
}

#[tokio::test]
async fn a_muted_route_is_silent_through_a_restart_and_tells_what_fires_when_it_may() {
    let (loud, muted) = (Recorder::start().await, Recorder::start().await);
    let mut configured = Value::Null;
    let mut world = World::with_config(|config| {
        let routes = json!([
            { "receiver": "loud", "continue": true },
            { "receiver": "muted", "mute_time_intervals": ["always"] },
        ]);
        config["route"] = at_once("loud", &routes);
        config["receivers"] = json!([hook("loud", &loud), hook("muted", &muted)]);
        config["time_intervals"] = json!([{ "name": "always", "time_intervals": [{}] }]);
        configured = config.clone();
    })
    .await;
    let (one, two) = (Alert::warning("One"), Alert::warning("Two"));
    world.post(&one.firing()).await;
    waits_for(&loud, "One", "firing").await;
    world.nabat.kill9();
    world.nabat.restart().await;
    world.post(&two.firing()).await;
    waits_for(&loud, "Two", "firing").await;
    world.post(&two.resolved()).await;
    waits_for(&loud, "Two", "resolved").await;
    assert!(muted.bodies().is_empty(), "{:?}", muted.bodies());

    configured["time_intervals"][0]["time_intervals"] = json!([{ "years": ["2000"] }]);
    world.nabat.configure(&configured);
    world.nabat.signal("HUP");
    waits_for(&muted, "One", "firing").await;
    world.post(&one.resolved()).await;
    waits_for(&muted, "One", "resolved").await;
    assert!(!heard(&muted, "Two"), "{:?}", muted.bodies());
}
