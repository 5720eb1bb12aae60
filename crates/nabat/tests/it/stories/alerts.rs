//! An alert from its first news to its end, as a chat sees it.

use serde_json::{Value, json};

use crate::world::talk::{moment, world_of};
use crate::world::{OWNER, World};

/// What an Alertmanager called `name` sends about the disk of `db-1`.
fn disk(name: &str, status: &str, summary: &str, starts_at: &str) -> Value {
    json!({
        "version": "4",
        "receiver": name,
        "status": status,
        "externalURL": format!("http://{name}.example.org"),
        "groupLabels": { "alertname": "DiskFull" },
        "alerts": [{
            "status": status,
            "labels": { "alertname": "DiskFull", "severity": "critical", "instance": "db-1" },
            "annotations": { "summary": summary },
            "startsAt": starts_at,
            "endsAt": "0001-01-01T00:00:00Z",
            "generatorURL": "https://prometheus.example.org/graph",
        }],
    })
}

#[tokio::test]
async fn an_alert_is_told_once_then_edited_then_its_end_is_answered() {
    let world = World::start().await;
    let answer = world.ask("/regexp disk").await;
    assert_eq!(answer.text, "Subscribed to disk.\nNone of these fires now.");

    let began = moment(-60);
    world
        .send(&disk("first", "firing", "at 91 %", &began))
        .await;
    let card = world.told(OWNER, "DiskFull").await;
    assert!(
        card.text
            .starts_with("🔥 critical · DiskFull: at 91 %\ninstance=db-1\nSince "),
        "{}",
        card.text
    );
    assert!(card.html.contains("https://prometheus.example.org/graph"));
    assert!(!card.silent);

    for source in ["first", "first", "second"] {
        world.send(&disk(source, "firing", "at 91 %", &began)).await;
    }
    world.settled().await;
    assert_eq!(world.said(OWNER).len(), 2, "the answer and the alert");
    assert_eq!(world.said(OWNER)[1].edits, 0);

    world
        .send(&disk("first", "firing", "at 95 %", &began))
        .await;
    world.shows(OWNER, card.id, "at 95 %").await;
    world.settled().await;
    assert_eq!(world.said(OWNER).len(), 2, "nobody is rung for an edit");

    world
        .send(&disk("first", "resolved", "at 95 %", &began))
        .await;
    world
        .shows(OWNER, card.id, "✅ Resolved · DiskFull: at 95 %")
        .await;
    let end = world.told(OWNER, "Resolved after").await;
    assert_eq!(end.reply_to, Some(card.id));
    assert!(!end.silent);
    world
        .send(&disk("second", "resolved", "at 95 %", &began))
        .await;
    world.settled().await;
    assert_eq!(world.said(OWNER).len(), 3);

    world
        .send(&disk("first", "firing", "at 92 %", &moment(0)))
        .await;
    let again = world.told(OWNER, "🔥 critical · DiskFull: at 92 %").await;
    assert!(again.id > end.id, "a new life gets a new message");
    world.shows(OWNER, card.id, "✅ Resolved").await;
}

#[tokio::test]
async fn alerts_of_a_group_share_a_message_until_all_are_over() {
    let world = World::start().await;
    world.ask("/regexp all").await;
    let body = |status: &str, instance: &str| {
        json!({ "status": status, "groupLabels": { "alertname": "NodeDown" }, "alerts": [
            { "labels": { "alertname": "NodeDown", "severity": "warning", "instance": instance } },
        ]})
    };

    world.send(&body("firing", "a")).await;
    let card = world.told(OWNER, "NodeDown").await;
    world.send(&body("firing", "b")).await;
    world.shows(OWNER, card.id, "2 firing").await;
    let more = world.told(OWNER, "🟡 +1: NodeDown b").await;
    assert_eq!(more.reply_to, Some(card.id));

    world.send(&body("resolved", "a")).await;
    let left = world.shows(OWNER, card.id, "1 resolved").await;
    assert!(left.text.contains("1 firing"), "{}", left.text);
    world.settled().await;
    assert_eq!(world.said(OWNER).len(), 3, "one of several ends quietly");

    world.send(&body("resolved", "b")).await;
    let over = world.shows(OWNER, card.id, "2 resolved").await;
    assert!(over.text.starts_with('✅'), "{}", over.text);
    let end = world.told(OWNER, "Resolved after").await;
    assert_eq!(end.reply_to, Some(card.id));
    world.settled().await;
    assert_eq!(world.said(OWNER).len(), 4);
}

#[tokio::test]
async fn alerts_of_different_groups_are_different_messages() {
    let world = World::start().await;
    world.ask("/regexp all").await;
    world.fire(json!({ "alertname": "DiskFull" })).await;
    let disk = world.told(OWNER, "DiskFull").await;
    world.fire(json!({ "alertname": "CpuHot" })).await;
    let cpu = world.told(OWNER, "CpuHot").await;
    assert_ne!(disk.id, cpu.id);
    assert_eq!(cpu.reply_to, None);
}

#[tokio::test]
async fn everybody_is_told_who_wants_it_and_nobody_else() {
    const ANN: i64 = 21;
    const BEN: i64 = 22;
    const GROUP: i64 = -100_500;
    const FORUM: i64 = -100_501;
    let world = world_of(&[(ANN, "en"), (BEN, "en")]).await;
    world.group(GROUP, false);
    world.group(FORUM, true);
    let topic = world.telegram.add_topic(FORUM, "disks").unwrap();
    world.ask("/regexp disk").await;
    world.ask_as(ANN, "/regexp disk").await;
    world.ask_as(BEN, "/regexp cpu").await;
    world.ask_in(GROUP, OWNER, None, "/regexp disk").await;
    let answer = world
        .ask_in(FORUM, OWNER, Some(topic), "/regexp disk")
        .await;
    assert_eq!(answer.topic, Some(topic));

    world.fire(json!({ "alertname": "DiskFull" })).await;
    for chat in [OWNER, ANN, GROUP, FORUM] {
        let card = world.told(chat, "DiskFull").await;
        assert_eq!(card.topic, (chat == FORUM).then_some(topic), "in {chat}");
    }
    world.settled().await;
    assert_eq!(world.said(BEN).len(), 1, "only the answer to /regexp");

    world.resolve(json!({ "alertname": "DiskFull" })).await;
    for chat in [OWNER, ANN, GROUP, FORUM] {
        let end = world.told(chat, "Resolved after").await;
        assert_eq!(end.topic, (chat == FORUM).then_some(topic), "in {chat}");
    }
}

#[tokio::test]
async fn an_alert_that_came_with_an_end_expires_at_it() {
    let world = World::start().await;
    world.ask("/regexp all").await;
    world
        .send(&json!({ "status": "firing", "alerts": [
            { "labels": { "alertname": "Backup" }, "endsAt": moment(3) },
        ]}))
        .await;
    let card = world.told(OWNER, "Backup").await;
    assert!(card.text.starts_with("🟡 Backup"), "{}", card.text);
    let over = world.shows(OWNER, card.id, "⚪ Expired · Backup").await;
    assert!(over.text.contains("it never said that this is over"));
    let end = world.told(OWNER, "Expired after").await;
    assert_eq!(end.reply_to, Some(card.id));
}

#[tokio::test]
async fn any_text_arrives_readable() {
    let world = World::start().await;
    world.ask("/regexp all").await;
    let long = "лог & <trace> 🧨 ".repeat(2_000);
    assert!(long.len() > 40_000);
    world
        .send(&json!({ "status": "firing", "alerts": [{
            "labels": {
                "alertname": "Диск <&>\" полон 💾",
                "severity": "critical",
                "path": "/var/<b>\"a\" & 'b'</b>",
                "город": "Санкт-Петербург",
            },
            "annotations": { "summary": "осталось <5 % & \"мало\"", "description": long },
        }]}))
        .await;
    let card = world.told(OWNER, "Диск").await;
    let first = "🔥 critical · Диск <&>\" полон 💾: осталось <5 % & \"мало\"";
    assert_eq!(card.text.lines().next(), Some(first));
    for part in [
        "path=/var/<b>\"a\" & 'b'</b>",
        "город=Санкт-Петербург",
        "лог & <trace> 🧨 лог",
        "…",
        "Since ",
    ] {
        assert!(card.text.contains(part), "`{part}` in {}", card.text);
    }
}

#[tokio::test]
async fn the_most_critical_is_told_first() {
    let world = World::start().await;
    world.ask("/regexp all").await;
    let alert = |name: &str, severity: &str| json!({ "labels": { "alertname": name, "severity": severity } });
    world
        .send(&json!({ "status": "firing", "alerts": [
            alert("Info", "info"), alert("Warning", "warning"), alert("Fire", "critical"),
        ]}))
        .await;
    let fire = world.told(OWNER, "🔥 critical · Fire").await;
    let warning = world.told(OWNER, "🟡 warning · Warning").await;
    let info = world.told(OWNER, "🔵 info · Info").await;
    assert!(fire.id < warning.id && fire.id < info.id);

    let all = world.ask("/alerts").await.text;
    let place = |name: &str| all.find(name).unwrap();
    assert!(all.starts_with("3 alerts fire now."), "{all}");
    assert!(
        place("Fire") < place("Warning") && place("Warning") < place("Info"),
        "{all}"
    );
}

#[tokio::test]
async fn what_came_and_went_before_it_could_be_told_is_not_told() {
    let world = World::start().await;
    world.ask("/regexp all").await;
    world.resolve(json!({ "alertname": "NeverSeen" })).await;
    world.settled().await;
    assert_eq!(world.said(OWNER).len(), 1);
}

#[tokio::test]
async fn links_lead_to_source_dashboard_runbook_and_silence() {
    let world = World::start().await;
    world.ask("/regexp all").await;
    world
        .send(&json!({ "status": "firing", "alerts": [{
            "labels": { "alertname": "DiskFull" },
            "annotations": {
                "runbook_url": "https://wiki.example.org/DiskFull?a=1&b=2",
                "dashboard_url": "https://grafana.example.org/d/disks",
            },
            "generatorURL": "https://prometheus.example.org/graph?g0.expr=up%3D%3D0",
            "silenceURL": "javascript:alert(1)",
        }]}))
        .await;
    let card = world.told(OWNER, "DiskFull").await;
    assert!(
        card.text.ends_with("\nSource · Dashboard · Runbook"),
        "{}",
        card.text
    );
    for address in [
        "https://prometheus.example.org/graph?g0.expr=up%3D%3D0",
        "https://grafana.example.org/d/disks",
        "https://wiki.example.org/DiskFull?a=1&amp;b=2",
    ] {
        assert!(card.html.contains(address), "{address} in {}", card.html);
    }
}

#[tokio::test]
async fn more_alerts_than_a_message_holds_are_counted() {
    let world = World::start().await;
    world.ask("/regexp all").await;
    let alerts: Vec<Value> = (0..500)
        .map(|n| {
            let labels = json!({ "alertname": "NodeDown", "instance": format!("node-{n:03}") });
            json!({ "labels": labels, "annotations": { "summary": "down & out ".repeat(20) } })
        })
        .collect();
    world
        .send(&json!({ "status": "firing", "alerts": alerts }))
        .await;
    let card = world.told(OWNER, "NodeDown").await;
    assert!(card.text.contains("500 firing"), "{}", card.text);
    assert!(card.text.contains("and 490 more"), "{}", card.text);
    world.settled().await;
    assert_eq!(world.said(OWNER).len(), 2);

    world
        .send(&json!({ "status": "resolved", "alerts": alerts }))
        .await;
    world.shows(OWNER, card.id, "500 resolved").await;
    world
        .told(OWNER, "Nothing of this group fires any more.")
        .await;
}
