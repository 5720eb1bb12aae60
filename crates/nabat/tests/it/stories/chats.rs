//! Groups and topics: administrators decide, everybody may look, and answers stay where they
//! were asked for.

use serde_json::json;
use telegram_emulator::{ANONYMOUS, Status, User};

use crate::world::talk::{BOT, world_of};
use crate::world::{OWNER, World};

const MEMBER: i64 = 31;
const GROUP: i64 = -100_500;
const FORUM: i64 = -100_501;

/// A world with a group that the owner administrates and in which somebody else is a member.
async fn with_group() -> World {
    let world = World::start().await;
    world.telegram.add_user(User::new(MEMBER, "Mia", "en"));
    world.group(GROUP, false);
    world
        .telegram
        .set_status(GROUP, MEMBER, Status::Member)
        .unwrap();
    world
}

#[tokio::test]
async fn administrators_decide_and_members_look() {
    let world = with_group().await;
    let answer = world.ask_in(GROUP, OWNER, None, "/regexp disk").await.text;
    assert!(answer.starts_with("Subscribed to disk."), "{answer}");

    for text in [
        "/regexp cpu",
        "/unsubscribe",
        "/mute 1h",
        "/unmute",
        "/lang ru",
        "/tz UTC",
    ] {
        let answer = world.ask_in(GROUP, MEMBER, None, text).await.text;
        assert_eq!(
            answer, "Only administrators of this group may do that.",
            "{text}"
        );
    }
    let looks = [
        ("/list", "1 subscription\n• disk"),
        ("/alerts", "✅ Nothing fires."),
        ("/status", "✅ Nabat "),
        ("/tz", "Your time zone is UTC"),
        ("/help@nabat_bot", "What I understand"),
        ("/nonsense", "I do not know the command /nonsense."),
    ];
    for (text, expected) in looks {
        let answer = world.ask_in(GROUP, MEMBER, None, text).await.text;
        assert!(answer.starts_with(expected), "{text}: {answer}");
    }
}

#[tokio::test]
async fn every_command_works_in_a_group() {
    let world = with_group().await;
    let ask = async |text: &str| world.ask_in(GROUP, OWNER, None, text).await;
    let steps = [
        ("/start", "Hello, I am nabat_bot."),
        ("/regexp mem|cpu", "Subscribed to mem|cpu."),
        ("/subscribe severity=critical", "Subscribed to "),
        ("/list", "2 subscriptions"),
        ("/unsubscribe mem|cpu", "No longer subscribed to mem|cpu."),
        ("/mute 2h", "This chat is muted until "),
        ("/unmute", "This chat is no longer muted."),
        ("/tz Europe/Berlin", "Your time zone is Europe/Berlin now"),
        ("/lang pt", "Agora eu falo português."),
        ("/alerts", "✅ Nenhum alerta ativo."),
    ];
    for (text, expected) in steps {
        let answer = ask(text).await.text;
        assert!(answer.starts_with(expected), "{text}: {answer}");
    }
}

#[tokio::test]
async fn a_member_presses_no_button_that_changes_the_chat() {
    let world = with_group().await;
    world.ask_in(GROUP, OWNER, None, "/regexp disk").await;
    let choice = world.ask_in(GROUP, OWNER, None, "/unsubscribe").await;
    let toast = world.press(GROUP, choice.id, MEMBER, "✖ disk").await;
    assert_eq!(toast, "Only administrators of this group may do that.");
    let toast = world.press(GROUP, choice.id, OWNER, "✖ disk").await;
    assert_eq!(toast, "No longer subscribed to disk.");
}

#[tokio::test]
async fn an_anonymous_administrator_is_told_why_nothing_happens() {
    let world = with_group().await;
    world.ask_in(GROUP, OWNER, None, "/regexp disk").await;
    let answer = world
        .ask_in(GROUP, ANONYMOUS, None, "/regexp cpu")
        .await
        .text;
    assert!(
        answer.starts_with("You write as an anonymous administrator"),
        "{answer}"
    );
    let answer = world.ask_in(GROUP, ANONYMOUS, None, "/list").await.text;
    assert!(answer.starts_with("1 subscription"), "{answer}");
}

#[tokio::test]
async fn an_unknown_group_is_told_its_id() {
    const OTHERS: i64 = -100_777;
    let world = with_group().await;
    world.telegram.add_supergroup(OTHERS, "Others", false);
    for (who, status) in [(MEMBER, Status::Administrator), (BOT, Status::Member)] {
        world.telegram.set_status(OTHERS, who, status).unwrap();
    }
    let answer = world.ask_in(OTHERS, MEMBER, None, "/alerts").await.text;
    assert!(
        answer.starts_with("This group is not known yet."),
        "{answer}"
    );
    assert!(answer.contains("-100777"), "{answer}");
    let answer = world.ask_in(OTHERS, MEMBER, None, "/regexp all").await.text;
    assert!(answer.starts_with("I do not know you yet"), "{answer}");
    assert!(answer.contains("Your id: 31"), "{answer}");
    assert!(answer.ends_with("The id of this chat: -100777"), "{answer}");
}

#[tokio::test]
async fn people_who_talk_to_each_other_are_left_alone() {
    let world = with_group().await;
    // As an administrator the bot sees every word.
    world
        .telegram
        .set_status(GROUP, BOT, Status::Administrator)
        .unwrap();
    for text in ["good morning", "/list@other_bot", "a /list of things"] {
        world.telegram.say(GROUP, MEMBER, text, None).unwrap();
    }
    world.ask_in(GROUP, OWNER, None, "/list").await;
    world.settled().await;
    assert_eq!(world.said(GROUP).len(), 1);
}

#[tokio::test]
async fn a_topic_has_its_own_subscriptions_and_is_answered_in_itself() {
    let world = with_group().await;
    world.group(FORUM, true);
    let disks = world.telegram.add_topic(FORUM, "disks").unwrap();
    let cpus = world.telegram.add_topic(FORUM, "cpus").unwrap();
    let ask = async |topic: i64, text: &str| {
        let answer = world.ask_in(FORUM, OWNER, Some(topic), text).await;
        assert_eq!(answer.topic, Some(topic), "{text}");
        answer
    };
    ask(disks, "/regexp disk").await;
    ask(cpus, "/regexp cpu").await;
    assert_eq!(ask(disks, "/list").await.text, "1 subscription\n• disk");
    ask(disks, "/status").await;
    ask(disks, "/nonsense").await;

    world.fire(json!({ "alertname": "CpuHot" })).await;
    let card = world.told(FORUM, "🟡 CpuHot").await;
    assert_eq!(card.topic, Some(cpus));
    world.resolve(json!({ "alertname": "CpuHot" })).await;
    let end = world.told(FORUM, "Resolved after").await;
    assert_eq!((end.topic, end.reply_to), (Some(cpus), Some(card.id)));

    let choice = ask(cpus, "/unsubscribe").await;
    world.press(FORUM, choice.id, OWNER, "✖ cpu").await;
    let gone = world.shows(FORUM, choice.id, "No longer subscribed").await;
    assert_eq!(gone.topic, Some(cpus));
    assert_eq!(ask(disks, "/list").await.text, "1 subscription\n• disk");
}

#[tokio::test]
async fn a_group_that_becomes_a_supergroup_keeps_its_subscriptions() {
    const SMALL: i64 = -42;
    const LARGE: i64 = -100_042;
    let world = world_of(&[]).await;
    world.telegram.add_group(SMALL, "Duty");
    for (who, status) in [(OWNER, Status::Administrator), (BOT, Status::Member)] {
        world.telegram.set_status(SMALL, who, status).unwrap();
    }
    world.ask_in(SMALL, OWNER, None, "/regexp disk").await;
    world.telegram.migrate(SMALL, LARGE).unwrap();
    let list = world.ask_in(LARGE, OWNER, None, "/list").await.text;
    assert_eq!(list, "1 subscription\n• disk");
    world.fire(json!({ "alertname": "DiskFull" })).await;
    world.told(LARGE, "🟡 DiskFull").await;
}

#[tokio::test]
async fn what_a_deleted_topic_was_told_goes_to_the_group_itself() {
    let world = World::start().await;
    world.group(FORUM, true);
    let topic = world.telegram.add_topic(FORUM, "disks").unwrap();
    world
        .ask_in(FORUM, OWNER, Some(topic), "/regexp disk")
        .await;
    world.telegram.delete_topic(FORUM, topic).unwrap();
    world.fire(json!({ "alertname": "DiskFull" })).await;
    let card = world.told(FORUM, "🟡 DiskFull").await;
    assert_eq!(card.topic, None);
    let list = world.ask_in(FORUM, OWNER, None, "/list").await.text;
    assert_eq!(list, "1 subscription\n• disk");
}

#[tokio::test]
async fn a_button_of_a_choice_that_is_gone_says_so() {
    let world = with_group().await;
    world.ask_in(GROUP, OWNER, None, "/regexp disk").await;
    world.ask_in(GROUP, OWNER, None, "/regexp cpu").await;
    let choice = world.ask_in(GROUP, OWNER, None, "/unsubscribe").await;
    world.ask_in(GROUP, OWNER, None, "/unsubscribe disk").await;
    let toast = world.press(GROUP, choice.id, OWNER, "✖ disk").await;
    assert!(
        toast.starts_with("There is no such subscription"),
        "{toast}"
    );
}

#[tokio::test]
async fn who_is_known_but_does_not_administrate_a_group_does_not_subscribe_it() {
    let world = world_of(&[(MEMBER, "en")]).await;
    world.telegram.add_supergroup(GROUP, "Duty", false);
    for who in [MEMBER, BOT] {
        world
            .telegram
            .set_status(GROUP, who, Status::Member)
            .unwrap();
    }
    let answer = world.ask_in(GROUP, MEMBER, None, "/regexp all").await.text;
    assert_eq!(answer, "Only administrators of this group may do that.");
    world
        .telegram
        .set_status(GROUP, MEMBER, Status::Administrator)
        .unwrap();
    let answer = world.ask_in(GROUP, MEMBER, None, "/regexp all").await.text;
    assert!(answer.starts_with("Subscribed"), "{answer}");
}
