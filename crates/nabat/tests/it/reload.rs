//! A changed configuration is taken over while Nabat runs, or refused whole.

use std::time::Duration;

use reqwest::StatusCode;
use serde_json::{Value, json};
use telegram_emulator::{Emulator, Fault, FaultKind, Filter, User};

use crate::world::talk::BOT;
use crate::world::{OWNER, World, http, wait};

const ANN: i64 = 21;
const OPERATORS: i64 = -100_900;
const SECOND: i64 = 1002;
const SECOND_TOKEN: &str = "1002:second-second-second-second-second-second";

/// A world and its configuration, after `change`.
async fn world_with(change: impl FnOnce(&mut Value)) -> (World, Value) {
    let mut kept = Value::Null;
    let world = World::with_config(|config| {
        change(config);
        kept = config.clone();
    })
    .await;
    (world, kept)
}

async fn reloaded(world: &World, config: &Value) {
    let (status, text) = world.nabat.reload(config).await;
    assert_eq!((status, text.as_str()), (StatusCode::OK, "OK"));
}

#[tokio::test]
async fn a_file_that_says_nothing_is_refused_where_one_says_something() {
    let (world, config) = world_with(|_| {}).await;
    for nothing in [Value::Null, json!({}), json!({ "telegram": null })] {
        let (status, text) = world.nabat.reload(&nothing).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{text}");
        assert!(text.contains("the configuration in force stays"), "{text}");
    }
    let list = world.ask("/list").await.text;
    assert!(list.starts_with("This chat has no"), "{list}");
    reloaded(&world, &config).await;
}

/// Changes a bot so that it is started anew: a second way to the same Telegram is given.
fn start_anew(bot: &mut Value) {
    let url = bot["api_url"].take();
    bot["api_url"] = json!([url, "http://127.0.0.1:1"]);
}

#[tokio::test]
async fn a_new_bot_is_started_and_a_removed_one_stopped() {
    let (world, mut config) = world_with(|_| {}).await;
    world.telegram.add_bot(SECOND_TOKEN, "second_bot");
    world.ask("/regexp all").await;
    let second = json!({
        "name": "second",
        "token": SECOND_TOKEN,
        "api_url": world.telegram.url(),
        "allow": [OWNER],
    });
    config["telegram"]["bots"]
        .as_array_mut()
        .unwrap()
        .push(second);
    reloaded(&world, &config).await;
    let greeting = world.ask_in((SECOND, OWNER), OWNER, None, "/start").await;
    assert!(greeting.text.starts_with("Hello, I am second_bot."));
    let list = world.ask("/list").await.text;
    assert!(list.contains("all alerts"), "the first one goes on: {list}");

    config["telegram"]["bots"].as_array_mut().unwrap().remove(0);
    reloaded(&world, &config).await;
    wait::until("the first bot to stop", async || {
        let up = world.nabat.metric(r#"nabat_bot_up{bot="ops"}"#).await;
        up.is_none().then_some(())
    })
    .await;
    world.say("/list");
    let list = world.ask_in((SECOND, OWNER), OWNER, None, "/list").await;
    assert!(list.text.starts_with("This chat has no subscriptions."));
    assert_eq!(world.said(OWNER).len(), 2);
    assert_eq!(world.telegram.waiting_updates(BOT), 1);
}

#[tokio::test]
async fn who_may_use_a_bot_changes_at_once() {
    let (world, mut config) = world_with(|_| {}).await;
    world.telegram.add_user(User::new(ANN, "Ann", "en"));
    let answer = world.ask_as(ANN, "/list").await.text;
    assert!(answer.starts_with("I do not know you yet"), "{answer}");
    config["telegram"]["bots"][0]["allow"] = json!([ANN]);
    reloaded(&world, &config).await;
    let answer = world.ask_as(ANN, "/list").await.text;
    assert!(answer.starts_with("This chat has no"), "{answer}");
    let answer = world.ask("/list").await.text;
    assert!(answer.starts_with("I do not know you yet"), "{answer}");
}

#[tokio::test]
async fn who_may_send_changes_at_once() {
    let (world, mut config) = world_with(|_| {}).await;
    let post = || {
        let request = http::client().post(world.nabat.webhook());
        request.json(&json!({ "alerts": [] }))
    };
    assert_eq!(post().send().await.unwrap().status(), StatusCode::OK);
    config["intake"] = json!({ "auth": { "bearer_token": "a-long-bearer-token" } });
    reloaded(&world, &config).await;
    let refused = post().send().await.unwrap().status();
    assert_eq!(refused, StatusCode::UNAUTHORIZED);
    let taken = post().bearer_auth("a-long-bearer-token").send().await;
    assert_eq!(taken.unwrap().status(), StatusCode::OK);
}

#[tokio::test]
async fn a_bad_configuration_is_refused_and_the_operators_are_told_until_it_is_mended() {
    let (world, config) = world_with(|config| {
        config["telegram"]["operators"] = json!([{ "bot": "ops", "chat": OPERATORS }]);
    })
    .await;
    world.group(OPERATORS, false);
    let mut bad = config.clone();
    bad["langauge"] = json!("ru");
    bad["telegram"]["bots"][0]["allow"] = json!(["me"]);
    let (status, text) = world.nabat.reload(&bad).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    let answer: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(answer["error"]["code"], "invalid_config");
    let message = answer["error"]["message"].as_str().unwrap();
    for part in [
        "langauge",
        "did you mean `language`?",
        "`me`",
        "2 mistakes in ",
    ] {
        assert!(message.contains(part), "`{part}` in {message}");
    }

    let card = world.told(OPERATORS, "NabatConfigInvalid").await;
    assert!(card.text.starts_with("🟡 warning · "), "{}", card.text);
    assert!(card.text.contains("langauge"), "{}", card.text);
    let answer = world.ask("/alerts").await.text;
    assert!(
        answer.contains("NabatConfigInvalid"),
        "the old one is in force: {answer}"
    );

    // The same mistake again, by a signal, is no news.
    world.nabat.signal("HUP");
    wait::until("a second refusal", async || {
        let log = world.nabat.log();
        (log.matches("the configuration was refused").count() == 2).then_some(())
    })
    .await;
    world.settled().await;
    assert_eq!(world.said(OPERATORS).len(), 1);

    world.nabat.configure(&config);
    world.nabat.signal("HUP");
    world.shows(OPERATORS, card.id, "✅ Resolved").await;
    let end = world.told(OPERATORS, "Resolved after").await;
    assert_eq!(end.reply_to, Some(card.id));
}

#[tokio::test]
async fn a_configuration_that_is_mended_before_a_restart_is_told_to_be() {
    let (mut world, config) = world_with(|config| {
        config["telegram"]["operators"] = json!([{ "bot": "ops", "chat": OPERATORS }]);
    })
    .await;
    world.group(OPERATORS, false);
    let (status, _) = world.nabat.reload(&json!({ "langauge": "ru" })).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    let card = world.told(OPERATORS, "NabatConfigInvalid").await;
    world.settled().await;
    world.nabat.configure(&config);
    world.nabat.restart().await;
    world.shows(OPERATORS, card.id, "✅ Resolved").await;
}

#[tokio::test]
async fn a_configuration_that_is_gone_is_refused() {
    let (world, _) = world_with(|_| {}).await;
    world.nabat.configure(&Value::Null);
    let (status, _) = world.nabat.reload(&json!("nonsense")).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    let answer = world.ask("/start").await.text;
    assert!(answer.starts_with("Hello"), "{answer}");
}

#[tokio::test]
async fn another_store_wants_a_restart() {
    let (world, mut config) = world_with(|_| {}).await;
    world.ask("/regexp all").await;
    config["store"] = json!("sqlite:other.db");
    let (status, text) = world.nabat.reload(&config).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        text.contains("`store` can't change while Nabat runs"),
        "{text}"
    );
    world.fire(json!({ "alertname": "DiskFull" })).await;
    world.told(OWNER, "DiskFull").await;
}

#[tokio::test]
async fn a_changed_bot_begins_when_its_message_on_the_way_has_arrived() {
    let (world, mut config) = world_with(|_| {}).await;
    world.ask("/regexp all").await;
    world.settled().await;
    world.telegram.forget_requests();
    world.telegram.fault(Fault {
        filter: Filter {
            method: Some("sendMessage".to_owned()),
            ..Filter::default()
        },
        times: 1,
        kind: FaultKind::Hold(Duration::from_secs(2)),
    });
    world.fire(json!({ "alertname": "DiskFull" })).await;
    let on_its_way =
        |telegram: &Emulator| (!telegram.calls("sendMessage").is_empty()).then_some(());
    let held = world.telegram.wait_for(wait::PATIENCE, on_its_way).await;
    held.unwrap();
    config["telegram"]["bots"][0]["name"] = json!("duty");
    reloaded(&world, &config).await;

    let card = world.told(OWNER, "DiskFull").await;
    world.settled().await;
    world.resolve(json!({ "alertname": "DiskFull" })).await;
    world.shows(OWNER, card.id, "✅ Resolved").await;
    world.told(OWNER, "Resolved after").await;
    let said: Vec<String> = world.said(OWNER).into_iter().map(|m| m.text).collect();
    assert_eq!(
        said.len(),
        3,
        "the subscription, one card, its end: {said:?}"
    );
}

#[tokio::test]
async fn a_bot_that_hears_after_a_reload_or_is_taken_out_is_no_longer_called_deaf() {
    const THIRD_TOKEN: &str = "1003:third-third-third-third-third-third-thi";
    let (world, mut config) = world_with(|config| {
        let bots = config["telegram"]["bots"].as_array_mut().unwrap();
        let api_url = bots[0]["api_url"].clone();
        for (name, token) in [("mended", SECOND_TOKEN), ("removed", THIRD_TOKEN)] {
            bots.push(json!({ "name": name, "token": token, "api_url": api_url }));
        }
    })
    .await;
    // Waiting for Nabat itself to lose its patience would take a minute: these are its alerts.
    for bot in ["mended", "removed"] {
        let deaf = json!({ "alertname": "NabatBotDeaf", "severity": "warning", "bot": bot });
        world.fire(deaf).await;
    }
    let firing = async |wanted: f64| {
        wait::until(&format!("{wanted} alerts to fire"), async || {
            let firing = world.nabat.metric("nabat_engine_firing").await;
            (firing == Some(wanted)).then_some(())
        })
        .await;
    };
    firing(2.0).await;
    world.telegram.add_bot(SECOND_TOKEN, "second_bot");
    start_anew(&mut config["telegram"]["bots"][1]);
    reloaded(&world, &config).await;
    firing(1.0).await;
    config["telegram"]["bots"].as_array_mut().unwrap().remove(2);
    reloaded(&world, &config).await;
    firing(0.0).await;
}

#[tokio::test]
async fn a_bot_that_is_started_anew_stays_in_the_metrics() {
    let (world, mut config) = world_with(|_| {}).await;
    let up = async || {
        wait::until("the bot to be up", async || {
            let up = world.nabat.metric(r#"nabat_bot_up{bot="ops"}"#).await;
            (up == Some(1.0)).then_some(())
        })
        .await;
    };
    up().await;
    start_anew(&mut config["telegram"]["bots"][0]);
    reloaded(&world, &config).await;
    wait::until("the bot to listen anew", async || {
        let times = world.nabat.log().matches("the bot listens").count();
        (times == 2).then_some(())
    })
    .await;
    up().await;
}
