//! Silences in the chat: the question before, the list, the buttons, in three languages.

use serde_json::json;

use crate::world::talk::world_of;
use crate::world::{OWNER, World};

const ANN: i64 = 21;
const BEN: i64 = 22;

async fn firing(world: &World) {
    world.subscribe(OWNER, OWNER).await;
    for (name, team) in [("DiskFull", "db"), ("SlowQuery", "db"), ("HighLoad", "web")] {
        world.fire(json!({ "alertname": name, "team": team })).await;
        world.told(OWNER, name).await;
    }
}

#[tokio::test]
async fn a_silence_is_asked_about_shown_extended_and_ended() {
    let mut world = World::start().await;
    firing(&world).await;
    let asked = world
        .ask("/silence team=\"db\" 2h moving the database")
        .await;
    assert_eq!(
        asked.text,
        "This would silence 2 of 3 that fire now: team=\"db\"\n• DiskFull\n• SlowQuery"
    );
    let toast = world
        .press(OWNER, asked.id, OWNER, "Yes, silence 2 h")
        .await;
    assert!(toast.starts_with("Silenced for everyone until "), "{toast}");
    let done = world.shows(OWNER, asked.id, "Silenced for everyone").await;
    assert!(done.buttons.is_empty());
    assert!(
        done.text.ends_with("\nmoving the database"),
        "{}",
        done.text
    );
    world
        .fire(json!({ "alertname": "Replica", "team": "db" }))
        .await;
    world.settled().await;
    assert!(
        world
            .said(OWNER)
            .iter()
            .all(|said| !said.text.contains("Replica"))
    );

    world.nabat.restart().await;
    let list = world.ask("/silences").await;
    assert!(list.text.starts_with("1 silence\n"), "{}", list.text);
    assert!(
        list.text.ends_with(" · moving the database"),
        "{}",
        list.text
    );
    let toast = world.press(OWNER, list.id, OWNER, "+1 h").await;
    assert!(toast.starts_with("Silenced for everyone until "), "{toast}");
    let toast = world.press(OWNER, list.id, OWNER, "✖ 1").await;
    assert_eq!(toast, "The silence is over.");
    world.shows(OWNER, list.id, "There are no silences.").await;
    world.told(OWNER, "Replica").await;
}

#[tokio::test]
async fn what_covers_everything_takes_two_yeses_and_a_restart_forgets_the_question() {
    let mut world = World::start().await;
    firing(&world).await;
    let asked = world.ask("/silence alertname=~\".+\" 1h").await;
    let toast = world
        .press(OWNER, asked.id, OWNER, "Yes, silence 1 h")
        .await;
    assert!(toast.starts_with("This would silence 3 of 3"), "{toast}");
    let sure = world
        .shows(OWNER, asked.id, "That is everything that fires. Really?")
        .await;
    let toast = world.press(OWNER, sure.id, OWNER, "No").await;
    assert_eq!(toast, "Nothing was silenced.");

    let asked = world.ask("/silence DiskFull").await;
    // Else the question is on its way when the process dies, and asked again.
    world.settled().await;
    world.nabat.restart().await;
    let toast = world
        .press(OWNER, asked.id, OWNER, "Yes, silence 2 h")
        .await;
    assert_eq!(
        toast,
        "This button is out of date. Please send the command again."
    );
    assert_eq!(world.ask("/silences").await.text, "There are no silences.");
}

#[tokio::test]
async fn the_question_is_asked_in_the_readers_language() {
    let world = world_of(&[(ANN, "ru"), (BEN, "pt-br")]).await;
    firing(&world).await;
    let asked = world.ask_as(ANN, "/silence team=db 4h").await;
    assert!(
        asked
            .text
            .starts_with("Будут заглушены 2 из 3 активных: team=\"db\""),
        "{}",
        asked.text
    );
    let toast = world.press(ANN, asked.id, ANN, "Нет").await;
    assert_eq!(toast, "Ничего не заглушено.");
    let asked = world.ask_as(BEN, "/silence HighLoad resolved").await;
    assert!(
        asked
            .text
            .starts_with("Isso silenciaria 1 de 3 que disparam agora: "),
        "{}",
        asked.text
    );
    world
        .press(BEN, asked.id, BEN, "Sim, até ser resolvido")
        .await;
    let list = world.ask_as(BEN, "/silences").await;
    assert!(
        list.text.contains("até ser resolvido, no máximo até "),
        "{}",
        list.text
    );
    world
        .resolve(json!({ "alertname": "HighLoad", "team": "web" }))
        .await;
    world.settled().await;
    assert_eq!(
        world.ask_as(BEN, "/silences").await.text,
        "Não há silêncios."
    );
}

#[tokio::test]
async fn a_maintenance_window_is_a_silence_that_comes_by_itself() {
    let world = World::with_config(|config| {
        config["maintenance"] = json!([{
            "name": "always", "matchers": ["team=\"db\""], "start": "* * * * *", "duration": "1h",
        }]);
    })
    .await;
    world.subscribe(OWNER, OWNER).await;
    world
        .fire(json!({ "alertname": "DiskFull", "team": "db" }))
        .await;
    world
        .fire(json!({ "alertname": "HighLoad", "team": "web" }))
        .await;
    world.told(OWNER, "HighLoad").await;
    world.settled().await;
    assert!(
        world
            .said(OWNER)
            .iter()
            .all(|said| !said.text.contains("DiskFull"))
    );
    let list = world.ask("/silences").await;
    assert!(list.text.contains("· maintenance"), "{}", list.text);
}
