//! Every command in a private chat, and what is answered to mistakes.

use serde_json::json;
use telegram_emulator::Message;

use crate::world::talk::{BOT, moment, world_of};
use crate::world::{OWNER, World};

const ANN: i64 = 21;
const BEN: i64 = 22;

fn button_texts(message: &Message) -> Vec<&str> {
    let buttons = message.buttons.iter().flatten();
    buttons.map(|button| button.text.as_str()).collect()
}

#[tokio::test]
async fn start_greets_and_help_names_every_command() {
    let world = World::start().await;
    let greeting = world.ask("/start").await.text;
    assert!(greeting.starts_with("Hello, I am nabat_bot."), "{greeting}");
    assert!(greeting.contains("/regexp mem|cpu") && greeting.contains("/help"));

    let help = world.ask("/help").await.text;
    for command in [
        "/regexp",
        "/subscribe",
        "/list",
        "/unsubscribe",
        "/alerts",
        "/status",
        "/mute",
        "/unmute",
        "/lang",
        "/tz",
        "/start",
        "/help",
    ] {
        assert!(help.contains(command), "{command} in {help}");
    }
    assert!(!help.contains("/invite"), "only owners invite: {help}");

    let menu = world.telegram.menu(BOT, "default", "");
    assert!(menu.iter().any(|entry| entry.command == "regexp"));
    let russian = world.telegram.menu(BOT, "default", "ru");
    assert_eq!(russian.len(), menu.len());
    assert_ne!(russian, menu);
}

#[tokio::test]
async fn a_mistake_in_an_expression_is_pointed_at() {
    let world = world_of(&[(ANN, "en"), (BEN, "en")]).await;
    let answer = world.ask("/regexp mem|(cpu").await.text;
    assert!(
        answer.starts_with("I cannot read this expression:\nmem|(cpu\n    ^\n"),
        "{answer}"
    );
    assert!(answer.ends_with("For example: /regexp mem|cpu"), "{answer}");
    let answer = world.ask("/regexp").await.text;
    assert!(answer.starts_with("What shall I watch for?"), "{answer}");
    let answer = world
        .ask(&format!("/regexp {}", "a".repeat(257)))
        .await
        .text;
    assert!(
        answer.contains("too long") && answer.contains("256"),
        "{answer}"
    );

    let answer = world
        .ask_as(ANN, "/subscribe severity=\"critical")
        .await
        .text;
    assert!(
        answer.starts_with("I cannot read this expression:"),
        "{answer}"
    );
    assert!(answer.contains('^'), "{answer}");
    assert!(answer.contains("For example: /subscribe "), "{answer}");
    let answer = world.ask_as(ANN, "/subscribe").await.text;
    assert!(answer.starts_with("What shall I watch for?"), "{answer}");
    let answer = world.ask_as(BEN, "/list").await.text;
    assert!(
        answer.starts_with("This chat has no subscriptions."),
        "{answer}"
    );
    let answer = world.ask_as(BEN, "/unsubscribe").await.text;
    assert!(
        answer.starts_with("This chat has no subscriptions."),
        "{answer}"
    );
}

#[tokio::test]
async fn all_and_a_star_are_everything() {
    let world = world_of(&[(ANN, "en")]).await;
    let answer = world.ask("/regexp all").await.text;
    assert!(answer.starts_with("Subscribed to all alerts."), "{answer}");
    let answer = world.ask("/regexp *").await.text;
    assert_eq!(answer, "This chat is already subscribed to all alerts.");
    let answer = world.ask_as(ANN, "/regexp *").await.text;
    assert!(answer.starts_with("Subscribed to all alerts."), "{answer}");
    world.fire(json!({ "alertname": "Anything" })).await;
    world.told(OWNER, "Anything").await;
    world.told(ANN, "Anything").await;
}

#[tokio::test]
async fn subscriptions_are_listed_and_removed_by_text_and_by_buttons() {
    let world = world_of(&[(ANN, "en")]).await;
    for expression in ["/regexp mem|cpu", "/subscribe team=\"db\"", "/regexp disk"] {
        world.ask(expression).await;
    }
    let list = world.ask("/list").await.text;
    assert!(list.starts_with("3 subscriptions\n• mem|cpu\n"), "{list}");
    assert!(list.contains("team") && list.ends_with("• disk"), "{list}");

    let answer = world.ask("/unsubscribe mem|cpu").await.text;
    assert_eq!(answer, "No longer subscribed to mem|cpu.");

    let choice = world.ask("/unsubscribe").await;
    assert_eq!(choice.text, "Which subscription shall I remove?");
    let buttons = button_texts(&choice);
    assert_eq!(buttons.len(), 3, "{buttons:?}");
    assert_eq!(buttons[1..], ["✖ disk", "Remove all 2"]);
    let toast = world.press(OWNER, choice.id, OWNER, "✖ disk").await;
    assert_eq!(toast, "No longer subscribed to disk.");

    world.ask_as(ANN, "/regexp a").await;
    world.ask_as(ANN, "/regexp b").await;
    let choice = world.ask_as(ANN, "/unsubscribe").await;
    let toast = world.press(ANN, choice.id, ANN, "Remove all 2").await;
    assert_eq!(toast, "2 subscriptions removed.");
    let gone = world
        .shows(ANN, choice.id, "2 subscriptions removed.")
        .await;
    assert!(gone.buttons.is_empty());
}

#[tokio::test]
async fn many_alerts_are_paged_with_buttons() {
    let world = World::start().await;
    let alerts: Vec<_> = (1..=25)
        .map(|n| {
            let labels = json!({ "alertname": format!("Alert{n:02}"), "severity": "info" });
            json!({ "labels": labels, "startsAt": moment(n - 100) })
        })
        .collect();
    world
        .send(&json!({ "status": "firing", "alerts": alerts }))
        .await;

    let page = world.ask("/alerts").await;
    assert!(
        page.text.starts_with("25 alerts fire now. · page 1 of 3"),
        "{}",
        page.text
    );
    assert_eq!(button_texts(&page), ["▶"]);
    assert!(page.text.contains("Alert10") && !page.text.contains("Alert11"));
    world.press(OWNER, page.id, OWNER, "▶").await;
    let second = world.shows(OWNER, page.id, "page 2 of 3").await;
    assert_eq!(button_texts(&second), ["◀", "▶"]);
    assert!(second.text.contains("Alert11") && !second.text.contains("Alert10"));
    world.press(OWNER, page.id, OWNER, "▶").await;
    let third = world.shows(OWNER, page.id, "page 3 of 3").await;
    assert_eq!(button_texts(&third), ["◀"]);
    assert!(third.text.contains("Alert25"));
}

#[tokio::test]
async fn status_tells_how_nabat_and_this_chat_are() {
    let world = World::start().await;
    assert_eq!(world.ask("/alerts").await.text, "✅ Nothing fires.");
    let status = world.ask("/status").await.text;
    assert!(
        status.starts_with(concat!(
            "✅ Nabat ",
            env!("CARGO_PKG_VERSION"),
            " runs since "
        )),
        "{status}"
    );
    assert!(
        status.contains("No source has sent anything yet."),
        "{status}"
    );
    world.fire(json!({ "alertname": "DiskFull" })).await;
    let status = world.ask("/status").await.text;
    for part in [
        "1 alert fires now.",
        "Last news from a source: ",
        "This chat\nNo subscriptions\nNothing waits to be sent here.",
    ] {
        assert!(status.contains(part), "`{part}` in {status}");
    }
}

#[tokio::test]
async fn mutes_want_a_span_of_time() {
    let world = world_of(&[(ANN, "en")]).await;
    let answer = world.ask("/mute").await.text;
    assert_eq!(answer, "For how long? For example: /mute 2h");
    let answer = world.ask("/mute tomorrow").await.text;
    assert_eq!(
        answer,
        "tomorrow is not a span of time. For example: /mute 2h"
    );
    assert_eq!(world.ask("/unmute").await.text, "This chat is not muted.");
    let answer = world.ask_as(ANN, "/mute 1d12h").await.text;
    assert!(answer.starts_with("This chat is muted until "), "{answer}");
    let status = world.ask_as(ANN, "/status").await.text;
    assert!(status.contains("This chat is muted until "), "{status}");
    let answer = world.ask_as(ANN, "/mute off").await.text;
    assert_eq!(answer, "This chat is no longer muted.");
}

#[tokio::test]
async fn the_language_is_chosen_by_text_or_by_a_button_and_used_at_once() {
    let world = world_of(&[(ANN, "en")]).await;
    let answer = world.ask("/lang ru").await.text;
    assert_eq!(answer, "Теперь я говорю по-русски.");
    assert_eq!(world.ask("/alerts").await.text, "✅ Активных алертов нет.");

    let choice = world.ask_as(ANN, "/lang").await;
    assert_eq!(choice.text, "Which language shall I speak?");
    assert_eq!(button_texts(&choice).len(), 3);
    let toast = world.press(ANN, choice.id, ANN, "l:pt-BR").await;
    assert_eq!(toast, "Agora eu falo português.");
    world
        .shows(ANN, choice.id, "Agora eu falo português.")
        .await;
    world.ask_as(ANN, "/regexp all").await;
    world.fire(json!({ "alertname": "DiskFull" })).await;
    let card = world.told(ANN, "DiskFull").await.text;
    assert!(card.contains("Desde "), "{card}");
}

#[tokio::test]
async fn people_are_answered_in_the_language_of_their_telegram() {
    let world = world_of(&[(ANN, "ru"), (BEN, "pt-br")]).await;
    let greeting = world.ask_as(ANN, "/start").await.text;
    assert!(
        greeting.starts_with("Здравствуйте, я nabat_bot."),
        "{greeting}"
    );
    let greeting = world.ask_as(BEN, "/start").await.text;
    assert!(greeting.starts_with("Olá, eu sou nabat_bot."), "{greeting}");
    world.ask_as(ANN, "/regexp all").await;
    world.ask_as(BEN, "/regexp all").await;
    world.fire(json!({ "alertname": "DiskFull" })).await;
    let card = world.told(ANN, "DiskFull").await.text;
    assert!(card.contains("\nС "), "{card}");
    let card = world.told(BEN, "DiskFull").await.text;
    assert!(card.contains("\nDesde "), "{card}");
}

#[tokio::test]
async fn the_time_zone_is_chosen_by_name_and_mistakes_are_helped() {
    let world = world_of(&[(ANN, "en"), (BEN, "en")]).await;
    let answer = world.ask("/tz").await.text;
    assert!(
        answer.starts_with("Your time zone is UTC, it is "),
        "{answer}"
    );
    let answer = world.ask("/tz Asia/Tokyo").await.text;
    assert!(
        answer.starts_with("Your time zone is Asia/Tokyo now"),
        "{answer}"
    );
    assert!(answer.contains("JST"), "{answer}");
    world.ask("/regexp all").await;
    world
        .send(&json!({ "alerts": [
            { "labels": { "alertname": "Old" }, "startsAt": "2026-01-02T03:04:05Z" },
        ]}))
        .await;
    let card = world.told(OWNER, "Old").await.text;
    assert!(card.contains("12:04 JST"), "{card}");

    let answer = world.ask_as(ANN, "/tz moscow").await.text;
    assert!(
        answer.starts_with("I do not know a time zone moscow."),
        "{answer}"
    );
    assert!(answer.contains("/tz Europe/Moscow"), "{answer}");
    let answer = world.ask_as(BEN, "/tz Mars/Olympus").await.text;
    assert!(
        answer.starts_with("I do not know a time zone Mars/Olympus."),
        "{answer}"
    );
}

#[tokio::test]
async fn unknown_words_get_a_helpful_answer() {
    let world = world_of(&[(ANN, "en")]).await;
    let answer = world.ask("/regxp cpu").await.text;
    assert_eq!(
        answer,
        "I do not know the command /regxp.\nDid you mean: /regexp"
    );
    let answer = world.ask("/banana").await.text;
    assert_eq!(
        answer,
        "I do not know the command /banana.\nAll commands: /help"
    );
    let answer = world.ask("good morning").await.text;
    assert!(
        answer.starts_with("I understand commands only."),
        "{answer}"
    );

    world
        .telegram
        .say(ANN, ANN, "/list@other_bot", None)
        .unwrap();
    let answer = world.ask_as(ANN, "/list@nabat_bot").await.text;
    assert!(
        answer.starts_with("This chat has no subscriptions."),
        "{answer}"
    );
    world.settled().await;
    assert_eq!(
        world.said(ANN).len(),
        1,
        "what is for another bot is its affair"
    );
}
