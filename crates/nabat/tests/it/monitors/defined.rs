//! How monitors are made, changed and removed: by the API, on the command line, in the configuration.

use std::fs;

use reqwest::Method;
use serde_json::{Value, json};

use super::{of, watching};
use crate::world::site::Site;
use crate::world::{OWNER, World};

const MONITORS: &str = "/api/v1/monitors";

/// The code of a refusal.
async fn refused(world: &World, method: Method, path: &str, body: Value) -> (u16, String) {
    let (status, answer) = world.api_with(method, path, &body).await;
    let code = answer["error"]["code"].as_str().unwrap_or_default();
    (status.as_u16(), code.to_owned())
}

#[tokio::test]
async fn the_api_makes_changes_and_removes_monitors() {
    let service = Site::start().await;
    let mut world = watching(json!([])).await;
    let definition =
        json!({ "http": service.url(), "interval": "1s", "labels": { "team": "web" } });
    let path = "/api/v1/monitors/shop";
    let (status, made) = world.api_with(Method::PUT, path, &definition).await;
    assert_eq!((status.as_u16(), &made["status"]), (201, &json!("pending")));
    let (status, same) = world.api_with(Method::PUT, path, &definition).await;
    assert_eq!(status, 200);
    assert_eq!(same["changed_at"], made["changed_at"], "nothing changed");
    world.monitor_is("shop", "up").await;

    let patch = json!({ "severity": "warning", "labels": { "team": null, "site": "b" } });
    let (_, changed) = world.api_with(Method::PATCH, path, &patch).await;
    assert_eq!(changed["severity"], "warning");
    assert_eq!(changed["labels"], json!({ "site": "b" }));
    assert_eq!(changed["id"], made["id"]);

    let (_, seen) = world.api(Method::POST, &format!("{path}/probe")).await;
    assert_eq!(seen["outcome"], "up", "{seen}");
    let tried = json!({ "name": "x", "http": "http://127.0.0.1:1/" });
    let (_, seen) = world.api_with(Method::POST, "/api/v1/probe", &tried).await;
    assert_eq!(seen["words"], "connection refused by 127.0.0.1:1");

    world.nabat.kill9();
    world.nabat.restart().await;
    assert_eq!(world.monitor("shop").await["severity"], "warning");
    let (status, _) = world.api_with(Method::DELETE, path, &json!({})).await;
    assert_eq!(status, 204);
    let (status, _) = world.api(Method::GET, path).await;
    assert_eq!(status, 404);
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_and_nothing_is_kept() {
    let service = Site::start().await;
    let world = watching(json!([of(&service, "ours")])).await;
    let path = |name: &str| format!("{MONITORS}/{name}");
    for (name, body, expected) in [
        ("ours", json!({ "ping": "::1" }), (409, "configured")),
        (
            "a",
            json!({ "ping": "::1", "parents": ["b"] }),
            (422, "invalid_parents"),
        ),
        (
            "a",
            json!({ "ping": "::1", "parents": ["a"] }),
            (422, "invalid_parents"),
        ),
        ("a", json!({}), (422, "invalid_monitor")),
        (
            "a",
            json!({ "ping": "::1", "http": "http://x/" }),
            (422, "invalid_monitor"),
        ),
        (
            "a",
            json!({ "ping": "::1", "interval": "1ms" }),
            (422, "invalid_monitor"),
        ),
        (
            "a",
            json!({ "ping": "::1", "name": "b" }),
            (422, "other_name"),
        ),
        (
            "a",
            json!({ "ping": "::1", "color": "red" }),
            (422, "invalid_monitor"),
        ),
        (
            "a",
            json!({ "http": { "url": "http://x/", "password_file": "/etc/hostname" } }),
            (422, "invalid_monitor"),
        ),
    ] {
        let found = refused(&world, Method::PUT, &path(name), body.clone()).await;
        assert_eq!(found, (expected.0, expected.1.to_owned()), "{body}");
    }
    let found = refused(&world, Method::DELETE, &path("ours"), json!({})).await;
    assert_eq!(found, (409, "configured".to_owned()));
    let found = refused(&world, Method::DELETE, &path("nobody"), json!({})).await;
    assert_eq!(found, (404, "not_found".to_owned()));
    let (_, list) = world.api(Method::GET, MONITORS).await;
    assert_eq!(list["monitors"].as_array().unwrap().len(), 1, "{list}");
}

#[tokio::test]
async fn a_secret_is_never_shown_and_survives_being_sent_back_masked() {
    let service = Site::start().await;
    let world = watching(json!([])).await;
    let definition =
        json!({ "http": { "url": service.url(), "username": "u", "password": "hush-hush" } });
    let path = "/api/v1/monitors/shop";
    let (_, made) = world.api_with(Method::PUT, path, &definition).await;
    assert_eq!(made["definition"]["http"]["password"], "…");
    let (_, same) = world.api_with(Method::PUT, path, &made["definition"]).await;
    assert_eq!(
        same["changed_at"], made["changed_at"],
        "the secret is as it was"
    );
    let exported = world.run(&["monitor", "export"]).await;
    let shown = String::from_utf8(exported.stdout).unwrap() + &same.to_string();
    assert!(!shown.contains("hush-hush"));
    assert!(!world.nabat.log().contains("hush-hush"));
}

#[tokio::test]
async fn the_configuration_defines_monitors_and_takes_them_away() {
    let (shop, mail) = (Site::start().await, Site::start().await);
    let mut config = Value::Null;
    let world = World::with_config(|given| {
        given["monitors"] = json!([of(&shop, "shop"), of(&mail, "mail")]);
        given["watch"] = json!({ "witnesses": [] });
        config = given.clone();
    })
    .await;
    world.ask("/subscribe alertname=MonitorDown").await;
    shop.answer(503);
    let card = world.told(OWNER, "MonitorDown: shop").await;

    config["monitors"] = json!([of(&mail, "mail")]);
    world.nabat.configure(&config);
    world.nabat.signal("HUP");
    let end = world.told(OWNER, "Closed after").await;
    assert_eq!(
        end.reply_to,
        Some(card.id),
        "what is not watched is not down"
    );
    let words = "no longer watched, was down";
    world.shows(OWNER, card.id, words).await;
    let (status, _) = world.api(Method::GET, "/api/v1/monitors/shop").await;
    assert_eq!(status, 404);
}

#[tokio::test]
async fn the_command_line_adds_lists_and_removes_monitors() {
    let service = Site::start().await;
    let world = watching(json!([])).await;
    let text = |output: std::process::Output| {
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{error}");
        String::from_utf8(output.stdout).unwrap()
    };
    let url = service.url();
    let added = text(
        world
            .run(&["monitor", "add", &url, "--name", "my shop", "-i", "1s"])
            .await,
    );
    assert!(added.starts_with("my shop (number "), "{added}");
    world.monitor_is("my%20shop", "up").await;
    let list = text(world.run(&["monitor", "list"]).await);
    assert!(list.lines().nth(1).unwrap().starts_with("up"), "{list}");
    assert!(list.ends_with("1 up\n"), "{list}");
    let shown = text(world.run(&["monitor", "show", "my shop"]).await);
    assert!(shown.contains("status      up for"), "{shown}");
    let tried = text(world.run(&["monitor", "test", "127.0.0.1"]).await);
    assert!(tried.starts_with("up "), "{tried}");

    let twice = world
        .run(&["monitor", "add", &url, "--name", "my shop"])
        .await;
    let said = String::from_utf8(twice.stderr).unwrap();
    assert_eq!(twice.status.code(), Some(1));
    assert!(
        said.contains("there is a monitor `my shop` already"),
        "{said}"
    );

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.yml");
    fs::write(&file, "monitors:\n  - name: a\n    ping: 127.0.0.1\n").unwrap();
    let path = folder.path().to_str().unwrap();
    let apply = |more: &'static str| ["monitor", "apply", "-f", path, "--prune", more];
    let planned = text(world.run(&apply("--dry-run")).await);
    assert!(planned.starts_with("+ a\n- my shop\n"), "{planned}");
    world.monitor("my%20shop").await;
    text(
        world
            .run(&["monitor", "apply", "-f", path, "--prune"])
            .await,
    );
    let (_, list) = world.api(Method::GET, MONITORS).await;
    assert_eq!(list["monitors"][0]["name"], "a");
    assert_eq!(list["monitors"].as_array().unwrap().len(), 1);

    fs::write(&file, "- name: a\n  pong: 127.0.0.1\n").unwrap();
    let wrong = world.run(&["monitor", "apply", "-f", path]).await;
    assert_eq!(wrong.status.code(), Some(2));
    let said = String::from_utf8(wrong.stderr).unwrap();
    assert!(said.contains("did you mean `ping`?"), "{said}");
    text(world.run(&["monitor", "remove", "a"]).await);
}

#[tokio::test]
async fn one_monitor_in_the_way_keeps_no_other_of_the_configuration_from_being_watched() {
    let shop = Site::start().await;
    let mut config = Value::Null;
    let mut world = World::with_config(|given| {
        given["watch"] = json!({ "witnesses": [] });
        config = given.clone();
    })
    .await;
    world.ask("/subscribe alertname=~\"Nabat.*\"").await;
    let heartbeat = json!({ "heartbeat": { "period": "1d", "key": "the-same-key" } });
    let path = "/api/v1/monitors/theirs";
    let (status, _) = world.api_with(Method::PUT, path, &heartbeat).await;
    assert_eq!(status, 201);

    let mut ours = heartbeat;
    ours["name"] = json!("ours");
    config["monitors"] = json!([ours, of(&shop, "shop")]);
    world.nabat.configure(&config);
    world.nabat.signal("HUP");
    let card = world.told(OWNER, "NabatMonitorRefused").await;
    assert!(card.text.contains("`ours`"), "{}", card.text);
    world.monitor_is("shop", "up").await;

    world.settled().await;
    world.nabat.restart().await;
    world.monitor_is("shop", "up").await;
    let (status, _) = world.api_with(Method::DELETE, path, &json!({})).await;
    assert_eq!(status, 204);
    world.nabat.signal("HUP");
    world.told(OWNER, "Resolved after").await;
    world.monitor_is("ours", "pending").await;
}

#[tokio::test]
async fn what_the_configuration_took_away_stays_away_after_a_restart() {
    let shop = Site::start().await;
    let mut config = Value::Null;
    let mut world = World::with_config(|given| {
        given["monitors"] = json!([of(&shop, "shop")]);
        given["watch"] = json!({ "witnesses": [] });
        config = given.clone();
    })
    .await;
    let made_at = world.monitor_is("shop", "up").await["made_at"].clone();
    let monitors = config["monitors"].take();
    config["monitors"] = json!([]);
    world.nabat.configure(&config);
    world.nabat.restart().await;
    assert!(world.nabat.terminate().await.success());
    config["monitors"] = monitors;
    world.nabat.configure(&config);
    world.nabat.restart().await;
    let monitor = world.monitor_is("shop", "up").await;
    assert_ne!(monitor["made_at"], made_at, "it is another one");
}
