//! What a chat subscribes to decides what it is told.

use serde_json::json;

use crate::world::talk::world_of;
use crate::world::{OWNER, World};

#[tokio::test]
async fn whoever_subscribes_while_something_fires_is_told_at_once() {
    let world = World::start().await;
    world.fire(json!({ "alertname": "DiskFull" })).await;
    world.fire(json!({ "alertname": "CpuHot" })).await;
    let answer = world.ask("/regexp disk").await;
    assert_eq!(answer.text, "Subscribed to disk.\n1 alert fires now.");
    world.told(OWNER, "🟡 DiskFull").await;
    world.settled().await;
    assert_eq!(world.said(OWNER).len(), 2);
}

#[tokio::test]
async fn labels_decide_for_those_who_subscribe_by_them() {
    let world = World::start().await;
    let answer = world
        .ask(r#"/subscribe severity=critical team=~"db|web""#)
        .await;
    assert!(answer.text.starts_with("Subscribed to "), "{}", answer.text);
    let fire = async |name: &str, severity: &str, team: &str| {
        let labels = json!({ "alertname": name, "severity": severity, "team": team });
        world.fire(labels).await;
    };
    fire("A", "critical", "dba").await;
    fire("B", "warning", "db").await;
    fire("C", "critical", "web").await;
    world.told(OWNER, "critical · C").await;
    world.settled().await;
    assert_eq!(world.said(OWNER).len(), 2);
}

#[tokio::test]
async fn the_expression_is_searched_in_name_and_summary_in_any_case() {
    const ANN: i64 = 21;
    let world = world_of(&[(ANN, "en")]).await;
    world.ask("/regexp FULL|ПОЛОН").await;
    world.ask_as(ANN, "/regexp db-1").await;
    world
        .send(&json!({ "status": "firing", "alerts": [{
            "labels": { "alertname": "Disk", "instance": "db-1" },
            "annotations": { "summary": "диск полон" },
        }]}))
        .await;
    world.told(OWNER, "Disk: диск полон").await;
    world.settled().await;
    assert_eq!(world.said(ANN).len(), 1, "labels are not searched");
}

#[tokio::test]
async fn an_alert_is_told_once_however_many_subscriptions_it_fits() {
    let world = World::start().await;
    world.ask("/regexp disk").await;
    world.ask("/regexp full").await;
    world.fire(json!({ "alertname": "DiskFull" })).await;
    world.told(OWNER, "🟡 DiskFull").await;
    world.settled().await;
    assert_eq!(world.said(OWNER).len(), 3);
}

#[tokio::test]
async fn whoever_unsubscribes_is_told_the_end_of_what_they_know_and_nothing_new() {
    let world = World::start().await;
    world.ask("/regexp all").await;
    world.fire(json!({ "alertname": "DiskFull" })).await;
    let card = world.told(OWNER, "🟡 DiskFull").await;

    let answer = world.ask("/unsubscribe all").await;
    assert_eq!(answer.text, "No longer subscribed to all alerts.");
    world.fire(json!({ "alertname": "CpuHot" })).await;
    world.resolve(json!({ "alertname": "DiskFull" })).await;
    world.shows(OWNER, card.id, "✅ Resolved · DiskFull").await;
    world.told(OWNER, "Resolved after").await;
    world.settled().await;
    assert!(
        !world
            .said(OWNER)
            .iter()
            .any(|said| said.text.contains("CpuHot"))
    );
}

#[tokio::test]
async fn a_muted_chat_is_told_afterwards_what_still_fires() {
    let world = World::start().await;
    world.ask("/regexp all").await;
    let answer = world.ask("/mute 2h").await;
    assert!(
        answer.text.starts_with("This chat is muted until "),
        "{}",
        answer.text
    );
    world.fire(json!({ "alertname": "CameAndWent" })).await;
    world.fire(json!({ "alertname": "StillFires" })).await;
    world.resolve(json!({ "alertname": "CameAndWent" })).await;
    world.settled().await;
    assert_eq!(world.said(OWNER).len(), 2);

    let answer = world.ask("/unmute").await;
    assert_eq!(answer.text, "This chat is no longer muted.");
    world.told(OWNER, "🟡 StillFires").await;
    world.settled().await;
    assert_eq!(world.said(OWNER).len(), 4);
}

#[tokio::test]
async fn a_mute_ends_by_itself() {
    let world = World::start().await;
    world.ask("/regexp all").await;
    world.ask("/mute 1s").await;
    world.fire(json!({ "alertname": "DiskFull" })).await;
    world.told(OWNER, "🟡 DiskFull").await;
}

#[tokio::test]
async fn an_end_makes_no_sound_in_a_muted_chat() {
    let world = World::start().await;
    world.ask("/regexp all").await;
    world.fire(json!({ "alertname": "DiskFull" })).await;
    let card = world.told(OWNER, "🟡 DiskFull").await;
    world.ask("/mute 1h").await;
    world.resolve(json!({ "alertname": "DiskFull" })).await;
    world.shows(OWNER, card.id, "✅ Resolved").await;
    world.settled().await;
    let rang = world.said(OWNER);
    let rang = rang.iter().filter(|said| said.reply_to == Some(card.id));
    assert!(rang.into_iter().all(|said| said.silent));
}
