//! Chats that can't be reached, or are elsewhere: blocked, left, deleted, moved. The operators
//! are told, and what still matters is told when the chat is back.

use serde_json::json;
use telegram_emulator::{Fault, FaultKind, Filter, Limits, Message, Status, User};

use crate::world::alert::Alert;
use crate::world::{OWNER, World, wait};

const BOT: i64 = 1001;
const OTHER: i64 = 8;
const GROUP: i64 = -500;
const SUPERGROUP: i64 = -100_500;

/// A world whose operators' chat is the owner's, and that somebody else may use.
async fn world() -> World {
    let world = World::with(Limits::off(), |config| {
        config["telegram"]["bots"][0]["allow"] = json!([OWNER, OTHER]);
        config["telegram"]["operators"] = json!([{ "bot": "ops", "chat": OWNER }]);
    })
    .await;
    world.telegram.add_user(User::new(OTHER, "Otto", "en"));
    // An operator's chat has to be open; what Nabat says of itself needs no subscription.
    world.say("/start");
    world.told(OWNER, "/help").await;
    world
}

/// The bot and the owner are administrators of the group, which is subscribed to everything.
async fn settle_in(world: &World, group: i64) {
    for member in [OWNER, BOT] {
        world
            .telegram
            .set_status(group, member, Status::Administrator)
            .unwrap();
    }
    world.subscribe(group, OWNER).await;
}

fn saying(world: &World, chat: i64, text: &str) -> Vec<Message> {
    let mut messages = world.telegram.messages(chat);
    messages.retain(|message| message.text.contains(text));
    messages
}

#[tokio::test]
async fn a_person_who_blocked_the_bot_is_told_what_still_matters_after_unblocking() {
    let world = world().await;
    world.subscribe(OTHER, OTHER).await;
    let (known, lasting, gone) = (
        Alert::warning("Known"),
        Alert::warning("Lasting"),
        Alert::warning("Gone"),
    );
    world.post(&known.firing()).await;
    world.told(OTHER, "Known").await;
    world.silence().await;

    world.telegram.block(OTHER, true).unwrap();
    world.post(&lasting.firing()).await;
    let told = world.told(OWNER, "NabatChatUnreachable").await;
    assert!(
        told.text.contains("Otto takes no messages"),
        "{}",
        told.text
    );
    world.post(&gone.firing()).await;
    for alert in [&gone, &known] {
        world.post(&alert.resolved()).await;
    }
    assert_eq!(
        world.nabat.metric("nabat_outbox_disabled_chats").await,
        Some(1.0)
    );

    world.telegram.block(OTHER, false).unwrap();
    world.told(OTHER, "Lasting").await;
    world.told(OTHER, "✅ Resolved · Known").await;
    world
        .told(OWNER, "✅ Resolved · NabatChatUnreachable")
        .await;
    world.silence().await;
    assert!(saying(&world, OTHER, "Gone").is_empty());
    assert_eq!(saying(&world, OTHER, "Lasting").len(), 1);
}

#[tokio::test]
async fn a_group_that_threw_the_bot_out_is_told_what_still_matters_after_it_is_back() {
    let world = world().await;
    world.telegram.add_supergroup(SUPERGROUP, "On call", false);
    settle_in(&world, SUPERGROUP).await;
    world
        .telegram
        .set_status_by(SUPERGROUP, BOT, Status::Kicked, OWNER)
        .unwrap();
    let alert = Alert::critical("DiskFull");
    world.post(&alert.firing()).await;
    let told = world.told(OWNER, "NabatChatUnreachable").await;
    assert!(
        told.text.contains("On call takes no messages"),
        "{}",
        told.text
    );
    world.silence().await;
    assert!(saying(&world, SUPERGROUP, "DiskFull").is_empty());

    world
        .telegram
        .set_status_by(SUPERGROUP, BOT, Status::Administrator, OWNER)
        .unwrap();
    world.told(SUPERGROUP, "DiskFull").await;
    world
        .told(OWNER, "✅ Resolved · NabatChatUnreachable")
        .await;
}

#[tokio::test]
async fn a_group_that_was_deleted_is_reported_and_not_tried_again() {
    let world = world().await;
    world.telegram.add_group(GROUP, "On call");
    settle_in(&world, GROUP).await;
    world.telegram.delete_group(GROUP).unwrap();
    world.post(&Alert::warning("DiskFull").firing()).await;
    world.told(OWNER, "NabatChatUnreachable").await;
    world.silence().await;
    world.telegram.forget_requests();
    world.post(&Alert::critical("CpuHot").firing()).await;
    world.silence().await;
    let tried = world.telegram.calls("sendMessage");
    assert!(
        tried.iter().all(|call| call.chat() != Some(GROUP)),
        "{tried:#?}"
    );
}

#[tokio::test]
async fn a_group_that_became_a_supergroup_is_told_there() {
    let world = world().await;
    world.telegram.add_group(GROUP, "On call");
    settle_in(&world, GROUP).await;
    let (before, after) = (Alert::warning("Before"), Alert::warning("After"));
    world.post(&before.firing()).await;
    world.told(GROUP, "Before").await;
    world.silence().await;
    world.telegram.migrate(GROUP, SUPERGROUP).unwrap();

    world.post(&after.firing()).await;
    world.told(SUPERGROUP, "After").await;
    world.post(&before.resolved()).await;
    world.told(SUPERGROUP, "Resolved · Before").await;
    world
        .telegram
        .say(SUPERGROUP, OWNER, "/list", None)
        .unwrap();
    world.told(SUPERGROUP, "1 subscription").await;
    let subscriptions = world.nabat.metric("nabat_engine_subscriptions").await;
    assert_eq!(subscriptions, Some(1.0), "the subscription moved along");
    assert!(saying(&world, OWNER, "NabatChatUnreachable").is_empty());
}

#[tokio::test]
async fn what_a_deleted_topic_was_to_be_told_is_told_in_general() {
    let world = world().await;
    world.telegram.add_supergroup(SUPERGROUP, "On call", true);
    for member in [OWNER, BOT] {
        world
            .telegram
            .set_status(SUPERGROUP, member, Status::Administrator)
            .unwrap();
    }
    let topic = world.telegram.add_topic(SUPERGROUP, "Disks").unwrap();
    world
        .telegram
        .say(SUPERGROUP, OWNER, "/regexp all", Some(topic))
        .unwrap();
    let answer = world.told(SUPERGROUP, "Subscribed to").await;
    assert_eq!(answer.topic, Some(topic));
    let (before, after) = (Alert::warning("Before"), Alert::warning("After"));
    world.post(&before.firing()).await;
    assert_eq!(world.told(SUPERGROUP, "Before").await.topic, Some(topic));
    world.silence().await;

    world.telegram.delete_topic(SUPERGROUP, topic).unwrap();
    world.post(&before.resolved()).await;
    let told = world.told(SUPERGROUP, "Resolved · Before").await;
    assert_eq!(told.topic, None);
    world.silence().await;
    world.post(&after.firing()).await;
    assert_eq!(world.told(SUPERGROUP, "After").await.topic, None);
}

/// Telegram refuses the next `times` messages to the supergroup.
fn refuse(world: &World, times: u32, description: &str) {
    world.telegram.fault(Fault {
        filter: Filter {
            method: Some("sendMessage".to_owned()),
            chat: Some(SUPERGROUP),
            ..Filter::default()
        },
        times,
        kind: FaultKind::Refuse {
            code: 400,
            description: description.to_owned(),
            parameters: None,
        },
    });
}

#[tokio::test]
async fn a_forum_whose_general_is_closed_is_reported_and_told_when_it_is_open_again() {
    let world = world().await;
    world.telegram.add_supergroup(SUPERGROUP, "On call", true);
    settle_in(&world, SUPERGROUP).await;
    refuse(&world, 1, "Bad Request: TOPIC_CLOSED");
    world.post(&Alert::warning("DiskFull").firing()).await;
    let told = world.told(OWNER, "NabatChatUnreachable").await;
    assert!(told.text.contains("TOPIC_CLOSED"), "{}", told.text);
    world
        .telegram
        .say(SUPERGROUP, OWNER, "/list", None)
        .unwrap();
    world.told(SUPERGROUP, "DiskFull").await;
}

#[tokio::test]
async fn the_operators_are_told_of_a_message_that_telegram_refuses_for_good() {
    let world = world().await;
    world.telegram.add_supergroup(SUPERGROUP, "On call", false);
    settle_in(&world, SUPERGROUP).await;
    refuse(&world, 1, "Bad Request: WHATEVER_INVALID");
    world.post(&Alert::warning("DiskFull").firing()).await;
    let told = world.told(OWNER, "NabatMessageRefused").await;
    for part in ["WHATEVER_INVALID", "-100500"] {
        assert!(told.text.contains(part), "{part} in {}", told.text);
    }
    world.post(&Alert::warning("CpuHot").firing()).await;
    world.told(SUPERGROUP, "CpuHot").await;
}

#[tokio::test]
async fn a_person_who_says_start_again_is_told_what_was_missed() {
    let world = world().await;
    world.subscribe(OTHER, OTHER).await;
    world.telegram.block(OTHER, true).unwrap();
    world.post(&Alert::warning("DiskFull").firing()).await;
    wait::until("the chat to be given up", async || {
        let disabled = world.nabat.metric("nabat_outbox_disabled_chats").await;
        (disabled == Some(1.0)).then_some(())
    })
    .await;
    // Whoever writes to a bot has unblocked it first.
    world.telegram.block(OTHER, false).unwrap();
    world.telegram.say(OTHER, OTHER, "/start", None).unwrap();
    world.told(OTHER, "DiskFull").await;
    world.silence().await;
    assert_eq!(saying(&world, OTHER, "DiskFull").len(), 1);
}
