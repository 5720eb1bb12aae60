//! What waits and what became of the rest, as those who run Nabat see it: the API and the
//! command line on the real program, with a Telegram that fails.

use std::process::Output;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use telegram_emulator::{Fault, FaultKind, Filter, Limits};

use crate::world::alert::Alert;
use crate::world::nabat::command;
use crate::world::{OWNER, World, http, wait};

const PATH: &str = "/api/v1/deliveries";

/// A world whose owner is subscribed to everything.
async fn subscribed() -> World {
    let world = World::with(Limits::off(), |_| {}).await;
    world.subscribe(OWNER, OWNER).await;
    world.silence().await;
    world
}

/// Orders `kind` for the next sendMessage requests to the owner.
fn order(world: &World, times: u32, kind: FaultKind) {
    world.telegram.fault(Fault {
        filter: Filter {
            method: Some("sendMessage".to_owned()),
            chat: Some(OWNER),
            ..Filter::default()
        },
        times,
        kind,
    });
}

fn bad_gateway() -> FaultKind {
    FaultKind::Status {
        code: 502,
        html_body: true,
    }
}

fn refusal(code: u16, description: &str) -> FaultKind {
    FaultKind::Refuse {
        code,
        description: description.to_owned(),
        parameters: None,
    }
}

/// The deliveries that a list with this query shows.
async fn list(world: &World, query: &str) -> Vec<Value> {
    let (status, page) = world.api(Method::GET, &format!("{PATH}?{query}")).await;
    assert_eq!(status, StatusCode::OK, "{page}");
    page["deliveries"].as_array().unwrap().clone()
}

/// Waits until the list shows one that `is`; returns it.
async fn listed(world: &World, query: &str, is: impl Fn(&Value) -> bool) -> Value {
    wait::until(&format!("a delivery with {query}"), async || {
        list(world, query).await.into_iter().find(|found| is(found))
    })
    .await
}

async fn show(world: &World, delivery: &Value) -> Value {
    let path = format!("{PATH}/{}", delivery["id"]);
    let (status, shown) = world.api(Method::GET, &path).await;
    assert_eq!(status, StatusCode::OK, "{shown}");
    shown
}

async fn retry(world: &World, delivery: &Value) -> (StatusCode, Value) {
    let path = format!("{PATH}/{}/retry", delivery["id"]);
    world.api(Method::POST, &path).await
}

fn says(delivery: &Value, words: &str) -> bool {
    let error = delivery["last_error"].as_str();
    error.is_some_and(|error| error.contains(words))
}

/// Runs `nabat deliveries` against the world's Nabat.
async fn run(world: &World, arguments: &[&str]) -> Output {
    world.run(&[&["deliveries"], arguments].concat()).await
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

#[tokio::test]
async fn what_waits_is_shown_with_telegrams_words_and_a_retry_ends_the_pause() {
    let world = subscribed().await;
    // Pauses of 1, 2, 4, 8 s follow: longer than the test would wait without a retry.
    order(&world, 4, bad_gateway());
    world.post(&Alert::critical("DiskFull").firing()).await;
    let tried = |times: u64| move |found: &Value| found["attempts"] == times;
    for attempt in 1..4 {
        let found = listed(&world, "state=waiting", tried(attempt)).await;
        assert_eq!(retry(&world, &found).await.0, StatusCode::OK);
    }
    let waiting = listed(&world, "", tried(4)).await;
    assert_eq!(waiting["subject"], "DiskFull");
    assert_eq!(waiting["state"], "waiting");
    assert_eq!(waiting["priority"], "critical");
    assert_eq!(waiting["destination"], format!("chat/1001/{OWNER}"));
    assert_eq!(waiting["destination_name"], "Olga");
    assert!(says(&waiting, "502"), "{waiting}");
    let history = show(&world, &waiting).await["history"].clone();
    assert_eq!(history.as_array().unwrap().len(), 4, "{history}");
    assert_eq!(history[0]["fate"], "retry");
    let critical = world.nabat.metric("nabat_outbox_oldest_critical_seconds");
    assert!(critical.await.is_some());

    let (status, answer) = retry(&world, &waiting).await;
    assert_eq!(
        (status, &answer["result"]),
        (StatusCode::OK, &json!("hurried"))
    );
    world.told(OWNER, "DiskFull").await;
    let sent = listed(&world, "state=sent", |found| found["id"] == waiting["id"]).await;
    assert_eq!(sent["attempts"], 5);
    assert!(says(&sent, "502") && sent["done_at"].is_string(), "{sent}");
    let (status, answer) = retry(&world, &sent).await;
    assert_eq!(status, StatusCode::CONFLICT, "{answer}");
}

#[tokio::test]
async fn a_retry_does_not_shorten_what_telegram_asked_for() {
    let world = subscribed().await;
    order(&world, 1, FaultKind::TooMany { retry_after: 3 });
    world.post(&Alert::warning("DiskFull").firing()).await;
    let waiting = listed(&world, "state=waiting", |found| found["attempts"] == 1).await;
    assert_eq!(retry(&world, &waiting).await.0, StatusCode::OK);
    world.told(OWNER, "DiskFull").await;
    let asked = world.telegram.requests();
    let refused = asked.iter().find(|request| request.status == 429).unwrap();
    let told = asked
        .iter()
        .rfind(|request| {
            request.params["text"]
                .as_str()
                .is_some_and(|text| text.contains("DiskFull"))
        })
        .unwrap();
    let waited = told.at.duration_since(refused.at).unwrap();
    assert!(waited.as_secs() >= 3, "{waited:?}");
}

#[tokio::test]
async fn a_chat_that_blocked_the_bot_is_told_again_when_somebody_says_so() {
    let world = subscribed().await;
    order(
        &world,
        1,
        refusal(403, "Forbidden: bot was blocked by the user"),
    );
    world.post(&Alert::warning("DiskFull").firing()).await;
    let unreachable = listed(&world, "state=unreachable", |_| true).await;
    assert!(says(&unreachable, "blocked by the user"), "{unreachable}");
    let (status, answer) = retry(&world, &unreachable).await;
    assert_eq!(
        (status, &answer["result"]),
        (StatusCode::OK, &json!("reached_again"))
    );
    world.told(OWNER, "DiskFull").await;
    let (status, answer) = retry(&world, &unreachable).await;
    assert_eq!(status, StatusCode::CONFLICT);
    assert_eq!(answer["error"]["code"], "not_waiting");
}

#[tokio::test]
async fn what_was_refused_or_may_have_arrived_is_not_sent_again() {
    let world = subscribed().await;
    order(&world, 1, refusal(400, "Bad Request: PEER_OF_SOME_KIND"));
    world.post(&Alert::warning("Refused").firing()).await;
    let failed = listed(&world, "state=failed", |_| true).await;
    assert!(says(&failed, "PEER_OF_SOME_KIND"), "{failed}");
    world.told(OWNER, "NabatMessageRefused").await;
    world.silence().await;
    order(&world, 1, FaultKind::DropAfter);
    world.post(&Alert::warning("Lost").firing()).await;
    let uncertain = listed(&world, "state=uncertain", |_| true).await;
    assert_eq!(uncertain["subject"], "Lost");
    assert_eq!(
        show(&world, &uncertain).await["history"][0]["fate"],
        "uncertain"
    );
    for delivery in [&failed, &uncertain] {
        let (status, answer) = retry(&world, delivery).await;
        assert_eq!(status, StatusCode::CONFLICT);
        assert!(
            answer["error"]["hint"]
                .as_str()
                .unwrap()
                .contains("/alerts")
        );
    }
    assert_eq!(list(&world, "state=failed,uncertain").await.len(), 2);
}

#[tokio::test]
async fn what_is_dropped_is_not_sent_and_its_end_is_told() {
    let world = subscribed().await;
    order(&world, 1, FaultKind::TooMany { retry_after: 2 });
    let alert = Alert::warning("DiskFull");
    world.post(&alert.firing()).await;
    let waiting = listed(&world, "state=waiting", |found| found["attempts"] == 1).await;
    let path = format!("{PATH}/{}", waiting["id"]);
    let (status, answer) = world.api(Method::DELETE, &path).await;
    assert_eq!(
        (status, &answer["result"]),
        (StatusCode::OK, &json!("dropped"))
    );
    assert_eq!(
        world.api(Method::DELETE, &path).await.0,
        StatusCode::CONFLICT
    );
    let dropped = listed(&world, "state=dropped", |_| true).await;
    assert_eq!(
        (&dropped["id"], &dropped["attempts"]),
        (&waiting["id"], &json!(1))
    );
    world.post(&alert.resolved()).await;
    world.told(OWNER, "Resolved").await;
}

#[tokio::test]
async fn the_list_is_read_page_by_page_and_survives_a_restart() {
    let mut world = subscribed().await;
    for number in 0..5 {
        world
            .post(&Alert::warning(format!("A{number}")).firing())
            .await;
        world.told(OWNER, &format!("A{number}")).await;
    }
    world.silence().await;
    world.nabat.restart().await;
    world.telegram.vanish().await;
    for number in 5..8 {
        world
            .post(&Alert::warning(format!("A{number}")).firing())
            .await;
    }
    let mut subjects = Vec::new();
    let mut query = "limit=2".to_owned();
    loop {
        let (_, page) = world.api(Method::GET, &format!("{PATH}?{query}")).await;
        let shown = page["deliveries"].as_array().unwrap();
        assert!((1..=2).contains(&shown.len()), "{page}");
        subjects.extend(
            shown
                .iter()
                .map(|one| one["subject"].as_str().unwrap().to_owned()),
        );
        match page["next"].as_str() {
            Some(next) => query = format!("limit=2&before={next}"),
            None => break,
        }
    }
    assert_eq!(subjects, ["A5", "A6", "A7", "A4", "A3", "A2", "A1", "A0"]);
    let nobody = list(&world, "destination=chat/1001/99").await;
    assert!(nobody.is_empty(), "{nobody:?}");
}

#[tokio::test]
async fn only_who_has_the_token_is_answered() {
    let world = World::start().await;
    let get = |path: &str| http::client().get(world.nabat.url(path));
    for request in [
        get(PATH),
        get(PATH).bearer_auth("wrong"),
        get(&format!("{PATH}/1")),
    ] {
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
        let answer: Value = answer.json().await.unwrap();
        assert!(
            answer["error"]["hint"]
                .as_str()
                .unwrap()
                .contains("api-token")
        );
    }
    let page = get(PATH)
        .bearer_auth(world.token())
        .header("Origin", "http://x");
    assert_eq!(page.send().await.unwrap().status(), StatusCode::FORBIDDEN);
    for (query, words) in [
        (
            "?state=gone",
            "waiting, sent, uncertain, failed, unreachable, dropped or moved",
        ),
        ("?limit=1001", "from 1 to 1000"),
        ("?before=x", "next"),
        ("?stat=sent", "stat"),
        ("/x", "number"),
    ] {
        let (status, answer) = world.api(Method::GET, &format!("{PATH}{query}")).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{query}");
        let message = answer["error"]["message"].as_str().unwrap();
        assert!(message.contains(words), "{message}");
    }
    let (status, _) = world.api(Method::GET, &format!("{PATH}/123456")).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_token_of_the_configuration_is_as_good_as_that_of_the_file() {
    let configured = "configured-token";
    let world = World::with_config(|config| config["api"] = json!({ "token": configured })).await;
    for token in [configured.to_owned(), world.token()] {
        let request = http::client().get(world.nabat.url(PATH)).bearer_auth(token);
        assert_eq!(request.send().await.unwrap().status(), StatusCode::OK);
    }
}

#[tokio::test]
async fn the_command_lists_shows_retries_and_drops() {
    let world = subscribed().await;
    order(&world, 1, FaultKind::TooMany { retry_after: 60 });
    world.post(&Alert::critical("DiskFull").firing()).await;
    let waiting = listed(&world, "state=waiting", |found| found["attempts"] == 1).await;
    let id = waiting["id"].to_string();

    let output = run(&world, &["list"]).await;
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let mut lines = text(&output.stdout).lines();
    let head: Vec<&str> = lines.next().unwrap().split_whitespace().collect();
    assert_eq!(
        head,
        [
            "ID", "STATE", "AGE", "TRIES", "TO", "ABOUT", "LAST", "ERROR"
        ]
    );
    let line = lines.next().unwrap();
    for part in [
        id.as_str(),
        "waiting",
        "Olga",
        "DiskFull",
        "Too Many Requests",
    ] {
        assert!(line.contains(part), "{part} in {line}");
    }

    let output = run(&world, &["--state", "waiting", "-o", "json"]).await;
    let page: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(page["deliveries"][0]["id"], waiting["id"]);

    let output = run(&world, &["show", &id]).await;
    assert!(
        text(&output.stdout).contains("not taken"),
        "{}",
        text(&output.stdout)
    );
    let output = run(&world, &["retry", &id]).await;
    assert!(
        text(&output.stdout).starts_with("it is tried now"),
        "{}",
        text(&output.stdout)
    );
    let output = run(&world, &["drop", &id]).await;
    assert_eq!(output.status.code(), Some(2), "nobody can be asked");
    let output = run(&world, &["drop", &id, "--yes"]).await;
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let output = run(&world, &["drop", &id, "--yes"]).await;
    assert_eq!(output.status.code(), Some(1));
    assert!(
        text(&output.stderr).contains("it is dropped"),
        "{}",
        text(&output.stderr)
    );
    let output = run(&world, &["--state", "waiting"]).await;
    assert_eq!(text(&output.stderr), "no deliveries\n");
}

#[tokio::test]
async fn the_command_says_what_is_wrong() {
    let world = World::start().await;
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("token"), "wrong").unwrap();
    let wrong = folder.path().join("token");
    let wrong = wrong.to_str().unwrap();
    let cases: [(&[&str], i32, &str); 7] = [
        (&["show", "123456"], 1, "there is no delivery 123456"),
        (&["--state", "gone"], 2, "waiting, sent, uncertain"),
        (&["--limit", "0"], 2, "1..=1000"),
        (&["--token-file", wrong], 1, "does not accept the token in"),
        (&["--token-file", "/etc/passwd"], 1, "holds no token"),
        (
            &["--before", "here"],
            2,
            "`before` is not what a list gave as `next`",
        ),
        (
            &["--token-file", "/none"],
            1,
            "failed to read the API's token from /none",
        ),
    ];
    for (arguments, code, words) in cases {
        let output = run(&world, arguments).await;
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{arguments:?} {said}");
        assert!(said.contains(words), "{words} in {said}");
    }
    let mut alone = command();
    alone.args([
        "deliveries",
        "--url",
        "http://127.0.0.1:1",
        "--token-file",
        wrong,
    ]);
    let output = tokio::task::spawn_blocking(move || alone.output().unwrap());
    let output = output.await.unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = text(&output.stderr);
    assert!(
        said.starts_with("nabat: no Nabat listens at http://127.0.0.1:1"),
        "{said}"
    );
}
