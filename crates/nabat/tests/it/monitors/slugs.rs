//! Jobs that are called by name under one key, and come under watch by calling.

use reqwest::Method;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::world::nabat::command;
use crate::world::{OWNER, World, http};

const KEY: &str = "shared-key";

/// Nabat with a key for all, a heartbeat and something else.
async fn sharing() -> World {
    let world = World::with_config(|config| {
        config["watch"] = json!({ "witnesses": [], "ping_key": KEY });
        config["monitors"] = json!([
            { "name": "nightly", "heartbeat": { "period": "1d", "key": "nightly-key" } },
            { "name": "all", "group": "nightly" },
        ]);
    })
    .await;
    world.ask("/subscribe alertname=~\"Monitor.*\"").await;
    world
}

/// Calls `/ping/…`; returns the status and the words.
async fn call(world: &World, path: &str) -> (u16, String) {
    let url = world.nabat.url(&format!("/ping/{path}"));
    let answer = http::client().post(url).body("words").send().await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

async fn status(world: &World, path: &str) -> u16 {
    call(world, path).await.0
}

/// What a heartbeat has heard, the newest first.
async fn heard(world: &World, name: &str) -> Vec<String> {
    let path = format!("/api/v1/monitors/{name}/pings");
    let (_, pings) = world.api(Method::GET, &path).await;
    let pings = pings["pings"].as_array().unwrap().iter();
    pings
        .map(|ping| ping["said"].as_str().unwrap().to_owned())
        .collect()
}

async fn names(world: &World) -> usize {
    let (_, list) = world.api(Method::GET, "/api/v1/monitors?limit=1000").await;
    list["monitors"].as_array().unwrap().len()
}

#[tokio::test]
async fn a_job_comes_under_watch_by_its_first_call_and_stays_there() {
    let mut world = sharing().await;
    let first = call(&world, "shared-key/backup?create=1").await;
    assert_eq!(first, (201, "Created".to_owned()));
    let again = call(&world, "shared-key/backup?create=1").await;
    assert_eq!(again, (200, "OK".to_owned()));
    let backup = world.monitor_is("backup", "up").await;
    assert_eq!(
        backup["definition"]["heartbeat"],
        json!({ "period": "1d", "grace": "1h" })
    );
    assert_eq!(
        (&backup["configured"], &backup["made_by"]),
        (&json!(false), &json!("its first call"))
    );

    world.nabat.kill9();
    world.nabat.restart().await;
    let restarted = world.monitor_is("backup", "up").await;
    assert_eq!(restarted["id"], backup["id"]);
    for (path, code) in [("start", 200), ("log", 200), ("0", 200), ("256", 400)] {
        let path = format!("shared-key/backup/{path}");
        assert_eq!(status(&world, &path).await, code, "{path}");
    }
    assert_eq!(status(&world, "shared-key/backup/3").await, 200);
    let card = world.told(OWNER, "MonitorDown: backup").await;
    assert!(card.text.contains("exit code 3 · words"), "{}", card.text);
    assert_eq!(
        heard(&world, "backup").await,
        ["exit 3", "exit 0", "log", "start", "success", "success"]
    );

    let path = "/api/v1/monitors/backup";
    let change = json!({ "heartbeat": { "period": "1h" }, "severity": "warning" });
    let token = world.token();
    let (code, changed) = world
        .api_as(&token, Method::PATCH, path, Some(&change))
        .await;
    assert_eq!(code, 200, "{changed}");
    assert_eq!(changed["definition"]["heartbeat"]["period"], "1h");
    assert_eq!(status(&world, "shared-key/backup?create=1").await, 200);
    let called = world.monitor("backup").await;
    assert_eq!(called["definition"]["heartbeat"]["period"], "1h");
}

#[tokio::test]
async fn a_heartbeat_of_the_configuration_is_called_by_name_and_by_its_own_key() {
    let world = sharing().await;
    for path in ["shared-key/nightly", "nightly-key/start", "nightly-key"] {
        assert_eq!(status(&world, path).await, 200, "{path}");
    }
    assert_eq!(
        heard(&world, "nightly").await,
        ["success", "start", "success"]
    );
    assert_eq!(status(&world, "shared-key/nightly/fail").await, 200);
    world.told(OWNER, "MonitorDown: nightly").await;
}

#[tokio::test]
async fn when_a_job_is_due_is_said_by_the_call_that_makes_it() {
    let world = sharing().await;
    let hourly = "shared-key/hourly/start?create=1&period=1h&grace=10m&rid=1";
    assert_eq!(status(&world, hourly).await, 201);
    assert_eq!(
        world.monitor("hourly").await["definition"]["heartbeat"],
        json!({ "period": "1h", "grace": "10m" })
    );
    let cron = "shared-key/by-cron?create=1&cron=0+3+*+*+*&tz=Europe/Moscow";
    assert_eq!(status(&world, cron).await, 201);
    assert_eq!(
        world.monitor("by-cron").await["definition"]["heartbeat"],
        json!({ "cron": "0 3 * * *", "time_zone": "Europe/Moscow", "grace": "1h" })
    );
    for wrong in [
        "shared-key/a?create=1&period=1",
        "shared-key/a?create=1&period=1h&cron=0+3+*+*+*",
        "shared-key/a?create=1&cron=never",
        "shared-key/a?create=1&tz=Mars",
        "shared-key/apply?create=1",
    ] {
        let (code, words) = call(&world, wrong).await;
        assert_eq!(code, 422, "{wrong}: {words}");
        assert!(!words.contains(KEY), "{words}");
    }
}

#[tokio::test]
async fn who_does_not_know_the_key_learns_nothing_and_who_errs_is_told_what_to_do() {
    let world = sharing().await;
    let unknown = call(&world, "no-such-key").await;
    assert_eq!(unknown.0, 404);
    for path in [
        "no-such-key/backup",
        "no-such-key/nightly?create=1",
        "no-such-key/nightly/start",
        "no-such-key/start",
        "shared-ke/nightly",
        "shared-key",
        "nightly-key/nightly/start",
    ] {
        assert_eq!(call(&world, path).await, unknown, "{path}");
    }
    let (code, words) = call(&world, "shared-key/backup").await;
    assert_eq!(code, 404);
    let problem: Value = serde_json::from_str(&words).unwrap();
    assert_eq!(problem["error"]["hint"], "add `?create=1` to have it made");
    for (path, code) in [
        ("shared-key/backup?create=0", 404),
        ("shared-key/backup/no-word?create=1", 400),
        ("shared-key/start?create=1", 400),
        ("shared-key/0?create=1", 400),
        ("shared-key/a%20b?create=1", 400),
        ("shared-key/a%2Fb?create=1", 400),
        ("shared-key/%D1%8F?create=1", 400),
        ("shared-key/all?create=1", 409),
    ] {
        assert_eq!(status(&world, path).await, code, "{path}");
    }
    assert_eq!(names(&world).await, 2, "nothing was made");
    assert!(!world.nabat.log().contains(KEY), "the key is a secret");
}

#[tokio::test]
async fn no_heartbeat_has_the_key_that_all_share() {
    let world = sharing().await;
    let body = json!({ "heartbeat": { "period": "1d", "key": KEY } });
    let path = "/api/v1/monitors/thief";
    let token = world.token();
    let (code, problem) = world.api_as(&token, Method::PUT, path, Some(&body)).await;
    assert_eq!(
        (code.as_u16(), &problem["error"]["code"]),
        (409, &json!("key_taken"))
    );
    assert!(!problem.to_string().contains(KEY), "{problem}");
}

#[tokio::test]
async fn without_the_setting_no_job_is_called_by_name() {
    let world = World::start().await;
    let unknown = call(&world, "no-such-key").await;
    assert_eq!(call(&world, "shared-key/backup?create=1").await, unknown);
    assert_eq!(
        call(&world, "shared-key/backup/start?create=1").await,
        unknown
    );
}

#[tokio::test]
async fn of_many_first_calls_at_once_one_makes_the_heartbeat() {
    let world = sharing().await;
    let mut calls = JoinSet::new();
    for _ in 0..20 {
        let url = world.nabat.url("/ping/shared-key/backup?create=1");
        calls.spawn(async move { http::client().get(url).send().await.unwrap().status() });
    }
    let answers = calls.join_all().await.into_iter();
    let mut codes: Vec<u16> = answers.map(|status| status.as_u16()).collect();
    codes.sort_unstable();
    assert_eq!(codes[..19], [200; 19]);
    assert_eq!(codes[19], 201);
    assert_eq!(heard(&world, "backup").await.len(), 20);
}

#[tokio::test]
async fn calls_make_so_many_heartbeats_and_no_more() {
    let mut world = sharing().await;
    for i in 0..100 {
        let path = format!("shared-key/job-{i}?create=1");
        assert_eq!(status(&world, &path).await, 201, "{path}");
    }
    world.nabat.kill9();
    world.nabat.restart().await;
    let (code, words) = call(&world, "shared-key/one-more?create=1").await;
    assert_eq!(code, 429, "{words}");
    assert_eq!(status(&world, "shared-key/job-99?create=1").await, 200);
    assert_eq!(names(&world).await, 102);
}

#[tokio::test]
async fn nabat_run_calls_by_name() {
    let world = sharing().await;
    let run = async |address: &str, options: &'static [&'static str]| {
        let ping = world.nabat.url(address);
        let run = move || {
            let mut command = command();
            command.args(["run", "--ping", &ping]).args(options);
            command.args(["--", "sh", "-c", "echo done"]).output()
        };
        let output = tokio::task::spawn_blocking(run).await.unwrap().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(!said.contains(KEY), "{said}");
        said
    };
    let said = run("/ping/shared-key", &["--slug", "backup"]).await;
    assert!(said.contains("it answered 404"), "{said}");
    let whole = "/ping/shared-key/weekly/?create=1&period=7d";
    for (name, address, options) in [
        (
            "backup",
            "/ping/shared-key",
            &["--slug", "backup", "--create"][..],
        ),
        ("weekly", whole, &["--create"]),
    ] {
        assert_eq!(run(address, options).await, "", "{name}");
        assert_eq!(heard(&world, name).await, ["exit 0", "start"]);
        world.monitor_is(name, "up").await;
    }
    let weekly = world.monitor("weekly").await;
    assert_eq!(weekly["definition"]["heartbeat"]["period"], "7d");
}
