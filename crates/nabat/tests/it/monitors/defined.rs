//! How monitors are made, changed and removed: by the API, on the command line, in the configuration.

use std::fs;

use reqwest::Method;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::{of, watching};
use crate::world::site::Site;
use crate::world::{OWNER, World, http};

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
    let many: serde_json::Map<_, _> = (0..65).map(|i| (format!("l{i}"), json!("x"))).collect();
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
        (
            "a",
            json!({ "ping": "::1", "labels": { "with-dash": "x" } }),
            (422, "invalid_monitor"),
        ),
        (
            "a",
            json!({ "ping": "::1", "labels": many }),
            (422, "invalid_monitor"),
        ),
        (
            "a",
            json!({ "ping": "::1", "labels": { "long": "x".repeat(40_000) } }),
            (422, "invalid_monitor"),
        ),
    ] {
        let found = refused(&world, Method::PUT, &path(name), body.clone()).await;
        assert_eq!(found, (expected.0, expected.1.to_owned()), "{body}");
    }
    for name in [".", "..", "apply", "a\u{202e}b", "a\u{200b}b", "\u{feff}a"] {
        let body = json!({ "name": name, "ping": "::1" });
        let (status, answer) = world.api_with(Method::POST, MONITORS, &body).await;
        let said = answer["error"]["message"].as_str().unwrap();
        assert!(status == 422 && said.contains("name"), "{name}: {said}");
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
    let elsewhere = json!({ "http": { "url": "http://127.0.0.1:1/" } });
    let found = refused(&world, Method::PATCH, path, elsewhere).await;
    assert_eq!(found, (422, "masked".to_owned()), "it is for another place");
    let both = json!({ "http": { "url": "http://127.0.0.1:1/", "password": "other" } });
    let (status, _) = world.api_with(Method::PATCH, path, &both).await;
    assert_eq!(status, 200);
}

#[tokio::test]
async fn what_is_exported_can_be_applied_and_keeps_its_secrets() {
    let service = Site::start().await;
    let world = watching(json!([])).await;
    let login = service.url().replace("://", "://usr:in-the-address@");
    let definition = json!({ "http": {
        "url": format!("{login}?apikey=in-the-query"),
        "headers": { "X-Key": "in-a-header" },
        "body": "in-the-body",
    }});
    let path = "/api/v1/monitors/shop";
    let (_, made) = world.api_with(Method::PUT, path, &definition).await;
    world.monitor_is("shop", "up").await;

    let exported = world.run(&["monitor", "export"]).await.stdout;
    let exported = String::from_utf8(exported).unwrap();
    assert!(!exported.contains("in-the-address"), "{exported}");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("all.json");
    // Another setting changes, so that it is put anew.
    fs::write(
        &file,
        exported.replace("\"shop\"", "\"shop\", \"severity\": \"warning\""),
    )
    .unwrap();
    let applied = world
        .run(&["monitor", "apply", "-f", file.to_str().unwrap()])
        .await;
    assert!(applied.status.success(), "{applied:?}");
    let changed = world.monitor("shop").await;
    assert_eq!(changed["severity"], "warning");
    assert_eq!(changed["definition"]["http"], made["definition"]["http"]);
    let (_, seen) = world.api(Method::POST, &format!("{path}/probe")).await;
    assert_eq!(seen["outcome"], "up", "{seen}");
    let asked = service.asked();
    for secret in [
        "in-the-query",
        "in-a-header",
        "in-the-body",
        "dXNyOmluLXRoZS1hZGRyZXNz",
    ] {
        assert!(asked.contains(secret), "{secret}: {asked}");
    }

    let nothing = json!({ "http": { "url": service.url(), "password": "…" } });
    for (method, path, body, place) in [
        (
            Method::PUT,
            "/api/v1/monitors/new",
            nothing.clone(),
            "`http.password`",
        ),
        (
            Method::POST,
            MONITORS,
            json!({ "name": "new", "http": nothing["http"] }),
            "`http.password`",
        ),
        (
            Method::POST,
            "/api/v1/monitors/apply",
            json!({ "monitors": [{ "name": "new", "http": nothing["http"] }] }),
            "monitors[0]: `http.password`",
        ),
        (
            Method::POST,
            "/api/v1/probe",
            json!({ "name": "new", "http": nothing["http"] }),
            "`http.password`",
        ),
    ] {
        let (status, answer) = world.api_with(method, path, &body).await;
        let said = answer["error"]["message"].as_str().unwrap();
        assert_eq!(status, 422, "{said}");
        assert!(said.starts_with(&format!("{place} is masked")), "{said}");
    }
}

#[tokio::test]
async fn who_may_only_look_sees_no_secret_and_no_address_of_a_heartbeat() {
    let service = Site::start().await;
    let url = format!("{}?apikey=KEY", service.url().replace("://", "://usr:PWD@"));
    let world = watching(json!([
        { "name": "short", "http": url, "interval": "1s" },
        { "name": "long", "http": { "url": url, "body": "KEY" } },
        { "name": "plugin", "command": "test KEY != none" },
        { "name": "backup", "heartbeat": { "period": "1d", "key": "KEY-of-backup" } },
    ]))
    .await;
    world.monitor_is("short", "up").await;
    let (_, added) = world
        .api_with(
            Method::POST,
            "/api/v1/tokens",
            &json!({ "name": "v", "role": "operator" }),
        )
        .await;
    let token = added["token"].as_str().unwrap();
    let (_, list) = world.api_as(token, Method::GET, MONITORS, None).await;
    let mut shown = list.to_string();
    let maintenance = json!({ "duration": "0" });
    for (what, body) in [
        ("pause", None),
        ("resume", None),
        ("maintenance", Some(&maintenance)),
        ("probe", None),
    ] {
        let path = format!("{MONITORS}/short/{what}");
        let (status, answer) = world.api_as(token, Method::POST, &path, body).await;
        assert_eq!(status, 200, "{answer}");
        shown += &answer.to_string();
    }
    let metrics = reqwest::get(world.nabat.url("/metrics")).await.unwrap();
    shown += &metrics.text().await.unwrap();
    service.answer(503);
    let card = world.told(OWNER, "MonitorDown: short").await;
    shown += &card.text;
    shown += &fs::read_to_string(world.nabat.data_dir().join("states.log")).unwrap();
    assert!(shown.contains("?apikey=…"), "{shown}");
    assert!(!shown.contains("PWD") && !shown.contains("KEY"), "{shown}");

    let admin = world.monitor("backup").await;
    assert!(
        admin["ping_url"]
            .as_str()
            .unwrap()
            .ends_with("/ping/KEY-of-backup"),
        "{admin}"
    );
    let admin = world.monitor("long").await.to_string();
    assert!(
        admin.contains("apikey=KEY") && !admin.contains("PWD"),
        "{admin}"
    );
}

#[tokio::test]
async fn changes_that_come_at_once_are_all_made() {
    let world = watching(json!([])).await;
    let path = "/api/v1/monitors/a";
    world
        .api_with(Method::PUT, path, &json!({ "ping": "127.0.0.1" }))
        .await;
    let mut all = JoinSet::new();
    for i in 0..40 {
        let request = http::client().patch(world.nabat.url(path));
        let request = request.bearer_auth(world.token());
        let change = json!({ "labels": { format!("l{i}"): "x" } });
        all.spawn(request.json(&change).send());
    }
    for answer in all.join_all().await {
        assert_eq!(answer.unwrap().status(), 200);
    }
    let labels = &world.monitor("a").await["labels"];
    assert_eq!(labels.as_object().unwrap().len(), 40, "{labels}");
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
    assert!(added.contains("\nup · "), "{added}");
    world.monitor_is("my%20shop", "up").await;
    let list = text(world.run(&["monitor", "list"]).await);
    assert!(list.lines().nth(1).unwrap().starts_with("up"), "{list}");
    assert!(list.ends_with("1 up\n"), "{list}");
    text(world.run(&["monitor", "add", &url, "--name", "till"]).await);
    world.monitor_is("till", "up").await;
    let chosen = text(world.run(&["monitor", "list", "shop"]).await);
    assert!(chosen.ends_with("\n1 up\n"), "{chosen}");
    text(world.run(&["monitor", "remove", "till"]).await);
    let shown = text(world.run(&["monitor", "show", "my shop"]).await);
    assert!(shown.contains("status      up for"), "{shown}");
    let tried = text(world.run(&["monitor", "test", "127.0.0.1"]).await);
    assert!(tried.starts_with("up "), "{tried}");

    let until = text(
        world
            .run(&["monitor", "maintain", "my shop", "--for", "1m"])
            .await,
    );
    assert!(
        until.starts_with("my shop: in maintenance until "),
        "{until}"
    );
    let ended = text(
        world
            .run(&["monitor", "maintain", "my shop", "--for", "0"])
            .await,
    );
    assert_eq!(ended, "my shop: maintenance ended\n");
    let again = text(
        world
            .run(&["monitor", "maintain", "my shop", "--for", "0"])
            .await,
    );
    assert_eq!(again, ended, "what is so already is answered at once");
    for (arguments, code, word) in [
        (&["list", "-k", "pign"][..], 2, "'ping'"),
        (&["list", "-s", "maintenanc"], 2, "maintenance"),
        (&["list", "nothing"], 0, "no monitor matches"),
        (&["show", "my shp"], 1, "did you mean `my shop`?"),
        (&["test", "127.0.0.1:1"], 1, ""),
        (&["add", "127.0.0.1:99999"], 2, "no number from 1 to 65535"),
        (&["show", "quite another"], 1, "`nabat monitor list`"),
    ] {
        let arguments: Vec<&str> = ["monitor"].iter().chain(arguments).copied().collect();
        let output = world.run(&arguments).await;
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {said}");
        assert!(said.contains(word), "{arguments:?}: {said}");
    }

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

    fs::write(&file, "- name: a\n  ping: 127.0.0.1\n  interval: 10s\n").unwrap();
    let planned = text(world.run(&apply("--dry-run")).await);
    assert!(
        planned.starts_with("~ a\n    interval: none → \"10s\"\n"),
        "{planned}"
    );

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
