//! The bots that come in with monitors: how many may, how they end, and who sees them and their tokens.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use telegram_emulator::{Emulator, Settings, Status};
use tokio::task::JoinSet;

use super::{ANN, GROUP, SHOP, SHOP_TOKEN, complained, meet, printed, world};
use crate::world::World;
use crate::world::http;
use crate::world::nabat::Nabat;
use crate::world::site::Site;
use crate::world::wait::until;

/// The one that the second bot gets in the place of its first.
const SHOP_NEW_TOKEN: &str = "1002:renewed-renewed-renewed-renewed-renewed";

#[tokio::test]
async fn a_bot_that_came_in_tells_its_chats_through_a_crash_until_nothing_uses_it() {
    let mut world = world().await;
    let (shop, wiki) = (Site::start().await, Site::start().await);
    let id = world.added(&shop, &ANN.to_string(), SHOP_TOKEN).await;
    let second = world.added(&wiki, &GROUP.to_string(), SHOP_TOKEN).await;
    world.bots_are(&["@shop_bot", "ops"]).await;
    shop.answer(503);
    let card = world.told((SHOP, ANN), "MonitorDown").await;
    // Who is told may answer.
    let list = world.ask_in((SHOP, ANN), ANN, None, "/list").await.text;
    assert!(list.contains("monitor="), "{list}");

    world.nabat.kill9();
    shop.answer(200);
    world.nabat.restart().await;
    let end = world.told((SHOP, ANN), "Resolved after").await;
    assert_eq!(end.reply_to, Some(card.id));

    wiki.answer(503);
    world.told(GROUP, "MonitorDown").await;
    let table = printed(&world.run(&["list-mon"]).await);
    let rows: Vec<Vec<&str>> = table
        .lines()
        .map(|line| line.split_whitespace().collect())
        .collect();
    let (ann, group) = (ANN.to_string(), GROUP.to_string());
    let (shop_url, wiki_url) = (shop.url(), wiki.url());
    assert_eq!(rows[0], ["ID", "TYPE", "ADDRESS", "STATUS", "CHAT"]);
    assert_eq!(rows[1][..3], [id.as_str(), "http", &shop_url]);
    assert_eq!(rows[1][4], ann);
    assert_eq!(
        rows[2],
        [second.as_str(), "http", &wiki_url, "down", &group]
    );

    printed(&world.run(&["del-mon", "--id", &id]).await);
    world.bots_are(&["@shop_bot", "ops"]).await;
    // What is told of gets its end, and only then the bot is forgotten.
    printed(&world.run(&["del-mon", "--id", &second]).await);
    world.told(GROUP, "Closed after").await;
    world.bots_are(&["ops"]).await;
    let list = printed(&world.run(&["list-mon"]).await);
    assert_eq!(list.lines().count(), 1, "{list}");
    let gone = complained(&world.run(&["del-mon", "--id", &id]).await);
    assert!(gone.contains("no monitor with the ID"), "{gone}");
    world.nabat.kill9();
    world.nabat.restart().await;
    world.bots_are(&["ops"]).await;
}

#[tokio::test]
async fn nabat_without_a_bot_gets_its_first_one_by_the_api() {
    let telegram = Emulator::start(Settings::default()).await.unwrap();
    meet(&telegram);
    let config = json!({
        "telegram": { "made_bots": { "api_url": telegram.url(), "max": 1 } },
        "watch": { "witnesses": [] },
    });
    let folder = tempfile::tempdir().unwrap();
    let nabat = Nabat::start(folder.path(), &config).await;
    let world = World::of(nabat, telegram, folder);
    let site = Site::start().await;
    world.added(&site, &GROUP.to_string(), SHOP_TOKEN).await;
    site.answer(503);
    world.told(GROUP, "MonitorDown").await;
    // There may be one.
    let more = "1004:another-another-another-another-another";
    world.telegram.add_bot(more, "another_bot");
    let text = complained(&world.add_mon("127.0.0.1", "21", more).await);
    assert!(text.contains("no other bot may come in"), "{text}");
}

#[tokio::test]
async fn of_bots_that_come_at_once_no_more_come_in_than_may() {
    let world = World::with_config(|config| {
        config["telegram"]["made_bots"] = json!({ "max": 2 });
    })
    .await;
    meet(&world.telegram);
    let (client, admin) = (http::client(), world.token());
    let mut asked = JoinSet::new();
    for bot in 2_001..=2_010 {
        let token = format!("{bot}:one-of-many-one-of-many-one-of-many");
        world.telegram.add_bot(&token, &format!("bot_{bot}"));
        world
            .telegram
            .set_status(GROUP, bot, Status::Member)
            .unwrap();
        let monitor = json!({ "ping": "127.0.0.1", "tell": { "token": token, "chat": GROUP } });
        let path = world.nabat.url(&format!("/api/v1/monitors/m{bot}"));
        asked.spawn(client.put(path).bearer_auth(&admin).json(&monitor).send());
    }
    let mut made = 0;
    for answer in asked.join_all().await {
        let answer = answer.unwrap();
        if answer.status() == StatusCode::CREATED {
            made += 1;
        } else {
            let refused: Value = answer.json().await.unwrap();
            assert_eq!(refused["error"]["code"], "too_many_bots", "{refused}");
        }
    }
    assert_eq!(made, 2);
}

#[tokio::test]
async fn the_token_of_a_bot_is_shown_nowhere_and_may_be_renewed() {
    let world = world().await;
    let site = Site::start().await;
    let chat = GROUP.to_string();
    let id = world.added(&site, &chat, SHOP_TOKEN).await;
    world.bots_are(&["@shop_bot", "ops"]).await;
    let (_, all) = world.api(Method::GET, "/api/v1/monitors").await;
    let name = all["monitors"][0]["name"].as_str().unwrap().to_owned();
    let definition = &all["monitors"][0]["definition"];
    assert_eq!(definition["tell"], json!({ "bot": SHOP, "chat": GROUP }));

    // What was exported is as it was when it is applied, and nobody need be asked.
    let export = printed(&world.run(&["monitor", "export"]).await);
    let file = world.nabat.data_dir().join("monitors.json");
    std::fs::write(&file, &export).unwrap();
    let asked = world.telegram.calls("getChat").len();
    let apply = ["monitor", "apply", "--prune", "-o", "json", "-f"];
    let applied = world
        .run(&[&apply[..], &[file.to_str().unwrap()]].concat())
        .await;
    let applied: Value = serde_json::from_str(&printed(&applied)).unwrap();
    assert_eq!(applied["same"], 1, "{applied}");
    assert_eq!(world.telegram.calls("getChat").len(), asked);

    // Of many monitors in one chat Telegram is asked once.
    let tell = json!({ "token": SHOP_TOKEN, "chat": ANN });
    let several: Vec<Value> = (1..=3)
        .map(|i| json!({ "name": format!("m{i}"), "ping": "127.0.0.1", "tell": tell }))
        .collect();
    let body = json!({ "monitors": several });
    let (status, applied) = world
        .api_with(Method::POST, "/api/v1/monitors/apply", &body)
        .await;
    assert_eq!(status, StatusCode::OK, "{applied}");
    assert_eq!(world.telegram.calls("getChat").len(), asked + 1);

    // A new token of the same bot takes the place of the old one.
    world.telegram.add_bot(SHOP_NEW_TOKEN, "shop_bot");
    let again = printed(&world.add_mon(&site.url(), &chat, SHOP_NEW_TOKEN).await);
    assert_eq!(again.trim(), id);
    site.answer(503);
    world.told(GROUP, "MonitorDown").await;

    let shown = printed(&world.run(&["monitor", "show", &name, "-o", "json"]).await);
    let log = world.nabat.log();
    let metrics = world.nabat.metrics().await;
    for text in [&all.to_string(), &export, &shown, &log, &metrics] {
        for secret in ["second-second", "renewed-renewed"] {
            assert!(!text.contains(secret), "{text}");
        }
    }
}

#[tokio::test]
async fn who_runs_nabat_sees_all_bots_and_whether_they_work() {
    let mut world = world().await;
    let site = Site::start().await;
    world.added(&site, &GROUP.to_string(), SHOP_TOKEN).await;
    world.bots_are(&["@shop_bot", "ops"]).await;
    let shop = async |world: &World| {
        let (status, all) = world.api(Method::GET, "/api/v1/bots").await;
        assert_eq!(status, StatusCode::OK, "{all}");
        assert!(!all.to_string().contains("second-second"), "{all}");
        all["bots"][1].clone()
    };
    let (_, all) = world.api(Method::GET, "/api/v1/bots").await;
    let ops = &all["bots"][0];
    assert_eq!(
        (&ops["name"], &ops["configured"], &ops["state"]),
        (&json!("ops"), &json!(true), &json!("works"))
    );
    assert_eq!(ops["chats"], json!([]));
    let made = shop(&world).await;
    assert_eq!(made["id"], SHOP);
    assert_eq!(made["username"], "shop_bot");
    assert_eq!(made["token"], "1002:…");
    assert_eq!(made["configured"], false);
    assert!(made["made_at"].is_string(), "{made}");
    let chat = &made["chats"][0];
    assert_eq!(
        (&chat["chat"], &chat["title"]),
        (&json!(GROUP), &json!("Duty"))
    );
    let name = chat["monitors"][0].as_str().unwrap().to_owned();

    // Its token is taken from it.
    world.telegram.add_bot(SHOP_NEW_TOKEN, "shop_bot");
    world.nabat.restart().await;
    until("the token to be refused", async || {
        (shop(&world).await["state"] == "token_refused").then_some(())
    })
    .await;
    let shown = printed(&world.run(&["bots"]).await);
    let lines: Vec<&str> = shown.lines().collect();
    assert!(lines[0].starts_with("BOT"), "{shown}");
    assert!(lines[1].contains("works"), "{shown}");
    for word in [
        "@shop_bot",
        "1002:…",
        "API",
        "token refused",
        "Duty (-100600)",
        &name,
    ] {
        assert!(lines[2].contains(word), "{word}: {shown}");
    }
    assert_eq!(lines[3], "@shop_bot: Telegram refuses its token");
}
