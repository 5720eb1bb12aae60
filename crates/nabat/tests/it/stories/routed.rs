//! A chat that a route tells: its timing is for news, and people see at once what they did.

use serde_json::json;

use crate::world::{OWNER, World};

/// Tells the owner's chat by a route with this timing.
async fn routed(group_interval: &str, repeat_interval: &str) -> World {
    let world = World::with_config(|config| {
        config["route"] = json!({
            "receiver": "chat",
            "group_by": ["alertname"],
            "group_wait": "0s",
            "group_interval": group_interval,
            "repeat_interval": repeat_interval,
        });
        config["receivers"] = json!([{
            "name": "chat",
            "telegram_configs": [{ "bot": "ops", "chat_id": OWNER }],
        }]);
    })
    .await;
    // A bot may write only to those who wrote to it.
    world.ask("/start").await;
    world
}

#[tokio::test]
async fn what_people_do_is_shown_at_once_whatever_the_route_says() {
    let world = routed("1h", "4h").await;
    world
        .fire(json!({ "alertname": "DiskFull", "team": "db" }))
        .await;
    let card = world.told(OWNER, "DiskFull").await;
    world.press(OWNER, card.id, OWNER, "✋ Acknowledge").await;
    world.shows(OWNER, card.id, " sees to it until ").await;
    world.press(OWNER, card.id, OWNER, "↩ Let go").await;
    world.settled().await;
    let free = world.shows(OWNER, card.id, "DiskFull").await;
    assert!(!free.text.contains("sees to it"), "{}", free.text);
    world.press(OWNER, card.id, OWNER, "🔕 1 h").await;
    world.shows(OWNER, card.id, "Silenced until").await;
    let all = world.ask("/alerts team=db").await.text;
    assert!(all.contains("🔕 until "), "{all}");
    world.press(OWNER, card.id, OWNER, "🔔 End silence").await;
    world.settled().await;
    let loud = world.shows(OWNER, card.id, "DiskFull").await;
    assert!(!loud.text.contains("Silenced"), "{}", loud.text);
    let said = world.said(OWNER);
    let answers = said.iter().filter(|said| said.reply_to == Some(card.id));
    assert_eq!(answers.count(), 0, "nothing rings for it");
    let list = world.ask("/list").await.text;
    assert!(
        list.contains("1 route") && list.contains(" → chat"),
        "{list}"
    );
}

#[tokio::test]
async fn a_repeat_answers_the_message_and_edits_nothing() {
    let world = routed("1s", "2s").await;
    world.fire(json!({ "alertname": "DiskFull" })).await;
    let card = world.told(OWNER, "DiskFull").await;
    let repeat = world.told(OWNER, "Still firing for ").await;
    assert_eq!(repeat.reply_to, Some(card.id));
    assert!(!repeat.silent);
    let said = world.said(OWNER);
    let shown = said.iter().find(|message| message.id == card.id).unwrap();
    assert_eq!(shown.edits, 0);
}

#[tokio::test]
async fn the_end_of_what_is_silenced_is_answered_without_a_sound() {
    let world = World::start().await;
    world.subscribe(OWNER, OWNER).await;
    world.fire(json!({ "alertname": "DiskFull" })).await;
    let card = world.told(OWNER, "DiskFull").await;
    world.press(OWNER, card.id, OWNER, "🔕 1 h").await;
    world.shows(OWNER, card.id, "Silenced until").await;
    world.resolve(json!({ "alertname": "DiskFull" })).await;
    let end = world.told(OWNER, "Resolved after").await;
    assert_eq!(end.reply_to, Some(card.id));
    assert!(end.silent, "{end:?}");
}
