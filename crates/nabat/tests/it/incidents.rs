//! What fired, looked back at: the API and the command line on the real program.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use telegram_emulator::Limits;

use crate::world::alert::Alert;
use crate::world::{OWNER, World, wait};

const PATH: &str = "/api/v1/incidents";

async fn list(world: &World, query: &str) -> Vec<Value> {
    let (status, mut page) = world.api(Method::GET, &format!("{PATH}?{query}")).await;
    assert_eq!(status, StatusCode::OK, "{page}");
    serde_json::from_value(page["incidents"].take()).expect("a list")
}

/// A world in which a critical alert was told, taken by its reader and resolved, and a warning
/// still fires.
async fn after_a_bad_night() -> World {
    let world = World::with(Limits::off(), |_| {}).await;
    world.subscribe(OWNER, OWNER).await;
    let full = Alert::critical("DiskFull").saying("/var is full");
    world.post(&full.firing()).await;
    let message = world.told(OWNER, "DiskFull").await;
    // That it was told is noted when Telegram's answer has come.
    world.settled().await;
    world
        .press(OWNER, message.id, OWNER, "✋ Acknowledge")
        .await;
    world.post(&full.resolved()).await;
    world.shows(OWNER, message.id, "Resolved").await;
    world.post(&Alert::warning("CpuHot").firing()).await;
    world.told(OWNER, "CpuHot").await;
    world.silence().await;
    world
}

#[tokio::test]
async fn an_incident_tells_when_it_was_who_was_told_and_who_took_it() {
    let world = after_a_bad_night().await;
    let ended = list(&world, "state=ended").await;
    assert_eq!(ended.len(), 1, "{ended:?}");
    assert_eq!(ended[0]["title"], "DiskFull: /var is full");
    assert_eq!(ended[0]["state"], "resolved");
    assert_eq!(ended[0]["severity"], "critical");
    let path = format!("{PATH}/{}", ended[0]["id"]);
    let (_, shown) = world.api(Method::GET, &path).await;
    let history = shown["history"].as_array().unwrap();
    let what: Vec<&str> = history.iter().filter_map(|h| h["what"].as_str()).collect();
    assert_eq!(what, ["told", "acknowledged", "told_end"], "{shown}");
    assert_eq!(history[0]["destination_name"], "Olga");
    assert_eq!(history[0]["fate"], "sent");
    assert_eq!(history[1]["by"], "Olga");

    let output = world.run(&["incidents"]).await;
    let table = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<&str> = table.lines().collect();
    assert!(lines[0].starts_with("ID"), "{table}");
    assert!(
        lines[1].contains("CpuHot") && lines[1].contains("so far"),
        "{table}"
    );
    assert!(
        lines[2].contains("resolved") && lines[2].contains("/var is full"),
        "{table}"
    );
    let id = ended[0]["id"].to_string();
    let output = world.run(&["incidents", "show", &id]).await;
    let one = String::from_utf8(output.stdout).unwrap();
    for words in [
        "told Olga (delivery",
        "acknowledged by Olga until",
        "told Olga that it is over",
    ] {
        assert!(one.contains(words), "{words} in {one}");
    }
    let output = world
        .run(&["incidents", "-o", "json", "--state", "open"])
        .await;
    let page: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(page["incidents"][0]["title"], json!("CpuHot"));
    let output = world.run(&["incidents", "DiskFull", "-o", "json"]).await;
    let page: Value = serde_json::from_slice(&output.stdout).unwrap();
    let titles = page["incidents"].as_array().unwrap().iter();
    let titles: Vec<&Value> = titles
        .map(|incident| &incident["labels"]["alertname"])
        .collect();
    assert_eq!(titles, ["DiskFull"]);
    let output = world.run(&["incidents", "DiskFull", "host=a b"]).await;
    assert_eq!(output.stderr, b"no incidents\n");
    let output = world.run(&["incidents", "alertname=Nothing"]).await;
    assert_eq!(output.stderr, b"no incidents\n");
}

#[tokio::test]
async fn incidents_are_found_by_labels_title_and_time() {
    let world = after_a_bad_night().await;
    let cases = [
        ("", 2),
        ("filter=severity%3Dcritical", 1),
        ("filter=alertname%3D~%22Cpu.*%22", 1),
        ("title=var", 1),
        ("since=1h", 2),
        ("until=1h", 0),
        ("limit=1", 1),
    ];
    for (query, count) in cases {
        assert_eq!(list(&world, query).await.len(), count, "{query}");
    }
    let (_, page) = world.api(Method::GET, &format!("{PATH}?limit=1")).await;
    let next = page["next"].as_str().unwrap();
    let rest = list(&world, &format!("before={next}")).await;
    assert_eq!(rest.len(), 1);
    assert_ne!(rest[0]["id"], page["incidents"][0]["id"]);
    let (status, answer) = world.api(Method::GET, &format!("{PATH}?filter=%3D")).await;
    assert_eq!(status, StatusCode::BAD_REQUEST, "{answer}");
    let (status, answer) = world.api(Method::GET, &format!("{PATH}/999999")).await;
    assert_eq!(status, StatusCode::NOT_FOUND, "{answer}");
    for (arguments, code, words) in [
        (["--since", "tomorrow"], 2, "`since` is no time"),
        (["--title", "("], 2, "`title`: "),
        (["--filter", "x"], 2, "--filter"),
        (["show", "999999"], 1, "there is no incident 999999"),
    ] {
        let output = world.run(&[&["incidents"][..], &arguments].concat()).await;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(code), "{arguments:?} {said}");
        assert!(said.contains(words), "{arguments:?} {said}");
    }
    let reversed = ["incidents", "--since", "1h", "--until", "2h"];
    let output = world.run(&reversed).await;
    assert_eq!(output.status.code(), Some(2), "{output:?}");
}

#[tokio::test]
async fn only_so_much_is_kept_as_the_configuration_says() {
    let world = World::with_config(|config| {
        config["history"] = json!({"max_incidents": 1});
    })
    .await;
    for name in ["First", "Second", "Third"] {
        let alert = Alert::warning(name);
        world.post(&alert.firing()).await;
        world.post(&alert.resolved()).await;
    }
    // What is over is forgotten now and then; after a start at once.
    let mut world = world;
    world.nabat.restart().await;
    wait::until("only the last incident", async || {
        let kept = list(&world, "").await;
        (kept.len() == 1 && kept[0]["title"] == "Third").then_some(())
    })
    .await;
}

#[tokio::test]
async fn people_look_back_in_the_chat() {
    let world = after_a_bad_night().await;
    let answer = world.ask("/history").await;
    for words in ["DiskFull", "/var is full", "CpuHot", "Olga"] {
        assert!(answer.text.contains(words), "{words} in {}", answer.text);
    }
    let answer = world.ask("/history cpu").await;
    assert!(answer.text.contains("CpuHot"), "{}", answer.text);
    assert!(!answer.text.contains("DiskFull"), "{}", answer.text);
    let answer = world.ask("/history severity=critical").await;
    assert!(answer.text.contains("DiskFull"), "{}", answer.text);
    assert!(!answer.text.contains("CpuHot"), "{}", answer.text);
    let answer = world.ask("/history nothing-like-it").await;
    assert!(answer.text.contains("Nothing"), "{}", answer.text);
    let answer = world.ask("/history (").await;
    assert!(answer.text.contains('('), "{}", answer.text);
}
