//! Silences as programs and those who run Nabat see them: Alertmanager's API, amtool and the
//! command line, on the real program.

mod cli;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::world::talk::moment;
use crate::world::{OWNER, World, http, wait};
use cli::{run, text, without_token};

const LIST: &str = "/api/v2/silences";

/// A silence of `alertname="Disk"`, as a program asks for it.
fn silence(from: i64, to: i64) -> Value {
    json!({
        "matchers": [{"name": "alertname", "value": "Disk", "isRegex": false}],
        "startsAt": moment(from), "endsAt": moment(to), "createdBy": "me", "comment": "why",
    })
}

/// Asks the API; returns the status and the body.
async fn ask(world: &World, method: Method, path: &str, body: &Value) -> (StatusCode, String) {
    let mut request = http::client().request(method, world.nabat.url(path));
    if !body.is_null() {
        request = request.json(body);
    }
    let answer = request.send().await.unwrap();
    (answer.status(), answer.text().await.unwrap())
}

async fn made(world: &World, silence: &Value) -> String {
    let (status, body) = ask(world, Method::POST, LIST, silence).await;
    assert_eq!(status, StatusCode::OK, "{body}");
    let made: Value = serde_json::from_str(&body).unwrap();
    made["silenceID"].as_str().unwrap().to_owned()
}

async fn listed(world: &World, query: &str) -> Vec<Value> {
    let (status, body) = ask(world, Method::GET, &format!("{LIST}?{query}"), &Value::Null).await;
    assert_eq!(status, StatusCode::OK, "{body}");
    serde_json::from_str(&body).unwrap()
}

async fn one(world: &World, id: &str) -> Value {
    let path = format!("/api/v2/silence/{id}");
    let (status, body) = ask(world, Method::GET, &path, &Value::Null).await;
    assert_eq!(status, StatusCode::OK, "{body}");
    serde_json::from_str(&body).unwrap()
}

fn with(mut silence: Value, key: &str, value: Value) -> Value {
    silence[key] = value;
    silence
}

/// What the real Alertmanager answers, recorded from 0.25; a `*` stands for what differs.
#[tokio::test]
async fn mistakes_are_refused_with_alertmanagers_words() {
    let world = World::start().await;
    let without = |key: &str| {
        let mut silence = silence(0, 60);
        silence.as_object_mut().unwrap().remove(key);
        silence
    };
    let matcher = |matcher: Value| with(silence(0, 60), "matchers", json!([matcher]));
    let cases = [
        (
            silence(20, 10),
            400,
            r#""Failed to create silence: start time must be before end time""#,
        ),
        (
            silence(-20, -10),
            400,
            r#""Failed to create silence: end time can't be in the past""#,
        ),
        (
            with(silence(0, 60), "matchers", json!([])),
            422,
            r#"{"code":612,"message":"matchers in body should have at least 1 items"}"#,
        ),
        (
            without("matchers"),
            422,
            r#"{"code":602,"message":"matchers in body is required"}"#,
        ),
        (
            without("startsAt"),
            422,
            r#"{"code":602,"message":"startsAt in body is required"}"#,
        ),
        (
            without("comment"),
            422,
            r#"{"code":602,"message":"comment in body is required"}"#,
        ),
        (
            matcher(json!({"value": "b", "isRegex": false})),
            422,
            r#"{"code":602,"message":"matchers.0.name in body is required"}"#,
        ),
        (
            matcher(json!({"name": "a", "value": ".*", "isRegex": true})),
            400,
            r#""silence invalid: at least one matcher must not match the empty string""#,
        ),
        (
            matcher(json!({"name": "a", "value": "(", "isRegex": true})),
            400,
            r#""silence invalid: invalid label matcher 0: invalid regular expression \"(\": *"#,
        ),
        (
            with(
                silence(0, 60),
                "id",
                json!("11111111-2222-4333-8444-555555555555"),
            ),
            404,
            r#""silence not found""#,
        ),
        (
            with(silence(0, 60), "startsAt", json!("yesterday")),
            400,
            r#"{"code":400,"message":"parsing silence body from \"\" failed, because parsing time \"yesterday\" as \"2006-01-02 15:04:05\": cannot parse *"#,
        ),
        (
            with(silence(0, 60), "comment", json!(5)),
            400,
            r#"{"code":400,"message":"parsing silence body from \"\" failed, because *"#,
        ),
        (
            json!([]),
            400,
            r#"{"code":400,"message":"parsing silence body from \"\" failed, because *"#,
        ),
    ];
    for (posted, status, expected) in cases {
        let (got, body) = ask(&world, Method::POST, LIST, &posted).await;
        let same = match expected.strip_suffix('*') {
            Some(begin) => body.starts_with(begin),
            None => body.trim_end() == expected,
        };
        assert!(got == status && same, "{posted}\n{got} {body}\n{expected}");
    }
    for (path, status, expected) in [
        (
            "/api/v2/silence/xyz",
            422,
            r#"{"code":601,"message":"silenceID in path must be of type uuid: \"xyz\""}"#,
        ),
        (
            "/api/v2/silence/11111111-2222-4333-8444-555555555555",
            404,
            "",
        ),
        (
            "/api/v2/silences?filter=bad",
            400,
            r#""bad matcher format: bad""#,
        ),
    ] {
        let (got, body) = ask(&world, Method::GET, path, &Value::Null).await;
        assert_eq!(
            (got.as_u16(), body.trim_end()),
            (status, expected),
            "{path}"
        );
    }
    assert_eq!(
        listed(&world, "").await,
        [] as [Value; 0],
        "nothing was made"
    );
}

#[tokio::test]
async fn silences_are_made_changed_listed_and_ended_and_outlive_a_crash() {
    let mut world = World::start().await;
    let active = made(&world, &silence(-60, 3_600)).await;
    let later = made(&world, &silence(0, 1_800)).await;
    let pending = made(&world, &silence(600, 1_200)).await;
    let ended = made(&world, &silence(0, 3_600)).await;
    let path = format!("/api/v2/silence/{ended}");
    for _ in 0..2 {
        let (status, body) = ask(&world, Method::DELETE, &path, &Value::Null).await;
        assert_eq!((status, &*body), (StatusCode::OK, ""));
    }
    world.nabat.kill9();
    world.nabat.restart().await;
    let all = listed(&world, "").await;
    let ids: Vec<&str> = all.iter().map(|s| s["id"].as_str().unwrap()).collect();
    assert_eq!(ids, [&later, &active, &pending, &ended]);
    let states: Vec<&str> = all
        .iter()
        .map(|s| s["status"]["state"].as_str().unwrap())
        .collect();
    assert_eq!(states, ["active", "active", "pending", "expired"]);
    let shown = one(&world, &active).await;
    assert_eq!(
        shown["matchers"],
        json!([{"isEqual": true, "isRegex": false, "name": "alertname", "value": "Disk"}])
    );
    assert_eq!(shown["startsAt"], shown["updatedAt"], "not in the past");
    assert_eq!(shown["annotations"], json!({}));

    assert_eq!(listed(&world, "expired=false&pending=false").await.len(), 2);
    assert_eq!(
        listed(&world, "filter=alertname%3D%22Disk%22").await.len(),
        4
    );
    assert_eq!(
        listed(&world, "filter=alertname%3D~%22Disk%22").await.len(),
        0,
        "to the letter"
    );

    let longer = with(shown.clone(), "endsAt", json!(moment(7_200)));
    assert_eq!(made(&world, &longer).await, active);
    let other = json!([{"name": "alertname", "value": "Net", "isRegex": false}]);
    let moved = made(&world, &with(shown, "matchers", other)).await;
    assert_ne!(moved, active);
    assert_eq!(one(&world, &active).await["status"]["state"], "expired");
}

#[tokio::test]
async fn what_a_program_silences_is_not_told_until_the_end() {
    let world = World::start().await;
    world.subscribe(OWNER, OWNER).await;
    let id = made(&world, &silence(0, 3_600)).await;
    world.fire(json!({"alertname": "Disk", "host": "a"})).await;
    world.fire(json!({"alertname": "Net"})).await;
    world.told(OWNER, "Net").await;
    world.settled().await;
    assert!(
        world
            .said(OWNER)
            .iter()
            .all(|said| !said.text.contains("Disk"))
    );
    let path = format!("/api/v2/silence/{id}");
    ask(&world, Method::DELETE, &path, &Value::Null).await;
    world.told(OWNER, "Disk").await;
}

#[tokio::test]
async fn one_that_is_to_come_begins_by_itself() {
    let world = World::start().await;
    world.subscribe(OWNER, OWNER).await;
    let id = made(&world, &silence(1, 3_600)).await;
    wait::until("the silence to begin", async || {
        let silence = one(&world, &id).await;
        (silence["status"]["state"] == "active").then_some(())
    })
    .await;
    world.fire(json!({"alertname": "Disk"})).await;
    world.fire(json!({"alertname": "Net"})).await;
    world.told(OWNER, "Net").await;
    world.settled().await;
    assert!(
        world
            .said(OWNER)
            .iter()
            .all(|said| !said.text.contains("Disk"))
    );
}

#[tokio::test]
async fn who_may_not_send_alerts_may_not_silence_them() {
    let world = World::with_config(|config| {
        config["intake"] = json!({"auth": {"bearer_token": "a-token-for-alerts"}});
    })
    .await;
    let (status, _) = ask(&world, Method::POST, LIST, &silence(0, 60)).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    let request = http::client().post(world.nabat.url(LIST));
    let answer = request
        .bearer_auth("a-token-for-alerts")
        .json(&silence(0, 60));
    assert_eq!(answer.send().await.unwrap().status(), StatusCode::OK);
    let output = run(&world, &["list"]).await;
    assert!(output.status.success(), "{output:?}");
    let output = without_token(&world, &["silence", "list"]).await;
    assert_eq!(output.status.code(), Some(1));
    let said = text(&output.stderr);
    assert!(
        said.contains("asks for a token; failed to read the API's token"),
        "{said}"
    );
    // Who may send may do it, also on the command line.
    let file = world.nabat.data_dir().join("intake-token");
    std::fs::write(&file, "a-token-for-alerts\n").unwrap();
    let file = file.to_str().unwrap();
    let output = without_token(&world, &["alert", "list", "--token-file", file]).await;
    assert_eq!(text(&output.stderr), "nothing fires");
}
