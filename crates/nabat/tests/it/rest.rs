//! What all of the REST API has in common: one envelope for problems, requests that are done once,
//! a document that says it all.

use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};
use telegram_emulator::{Fault, FaultKind, Filter, Limits};
use tokio::task::JoinSet;

use crate::world::alert::Alert;
use crate::world::{OWNER, World, http, wait};

fn request(world: &World, method: &str, path: &str) -> RequestBuilder {
    let method: Method = method.parse().unwrap();
    let request = http::client().request(method, world.nabat.url(path));
    request.bearer_auth(world.token())
}

#[tokio::test]
async fn every_problem_comes_in_one_envelope() {
    let world = World::start().await;
    let json = "application/json";
    let deep = "[".repeat(5_000);
    let deep = format!("{{\"name\": {deep}");
    let large = format!("{{\"name\": \"{}\"}}", "a".repeat((1 << 20) + 64));
    let tokens = "/api/v1/tokens";
    for (method, path, kind, body, status, code) in [
        ("GET", "/api/v1/nothing", "", "", 404, "not_found"),
        ("GET", "/api/v1/incidents/", "", "", 404, "not_found"),
        ("PUT", tokens, json, "{}", 405, "method_not_allowed"),
        (
            "TRACE",
            "/api/v1/incidents",
            "",
            "",
            405,
            "method_not_allowed",
        ),
        ("POST", tokens, json, "{", 400, "invalid_body"),
        ("POST", tokens, json, "", 400, "invalid_body"),
        ("POST", tokens, json, "{} x", 400, "invalid_body"),
        ("POST", tokens, json, "\u{fffd}\0", 400, "invalid_body"),
        ("POST", tokens, json, &deep, 400, "invalid_body"),
        ("POST", tokens, json, "{}", 422, "invalid_content"),
        ("POST", tokens, json, &large, 413, "body_too_large"),
        (
            "POST",
            tokens,
            "text/plain",
            "{}",
            415,
            "unsupported_media_type",
        ),
        ("GET", "/api/v1/incidents/x", "", "", 400, "invalid_id"),
        ("GET", "/api/v1/incidents/+1", "", "", 400, "invalid_id"),
        ("GET", "/api/v1/tokens/%ff", "", "", 400, "invalid_path"),
        ("GET", "/api/v1/tokens/a%2Fb", "", "", 404, "not_found"),
        (
            "GET",
            "/api/v1/incidents?limit=0",
            "",
            "",
            400,
            "invalid_query",
        ),
        (
            "GET",
            "/api/v1/tokens?limit=%ff",
            "",
            "",
            400,
            "invalid_query",
        ),
        (
            "GET",
            "/api/v1/monitors?kind=pin",
            "",
            "",
            400,
            "invalid_query",
        ),
        (
            "GET",
            "/api/v1/monitors?status=upp",
            "",
            "",
            400,
            "invalid_query",
        ),
        (
            "GET",
            "/api/v1/incidents?state=over",
            "",
            "",
            400,
            "invalid_query",
        ),
        (
            "GET",
            "/api/v1/deliveries?state=lost",
            "",
            "",
            400,
            "invalid_query",
        ),
        ("GET", "/api/v1/monitors?kind=ping", "", "", 200, ""),
        ("GET", "/api/v1/routes/test?a", "", "", 200, ""),
    ] {
        let mut request = request(&world, method, path).body(body.to_owned());
        if !kind.is_empty() {
            request = request.header("content-type", kind);
        }
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status().as_u16(), status, "{method} {path} {kind}");
        if status == 405 {
            assert!(answer.headers().contains_key("allow"), "{method} {path}");
        }
        let answer: Value = answer.json().await.unwrap();
        if status != 200 {
            assert_eq!(answer["error"]["code"], code, "{method} {path}: {answer}");
            for words in ["message", "hint"] {
                assert!(
                    answer["error"][words].is_string(),
                    "{method} {path}: {answer}"
                );
            }
        }
    }
}

#[tokio::test]
async fn a_request_with_a_key_is_done_once() {
    let world = World::with(Limits::off(), |_| {}).await;
    world.subscribe(OWNER, OWNER).await;
    world.telegram.fault(Fault {
        filter: Filter {
            method: Some("sendMessage".to_owned()),
            chat: Some(OWNER),
            ..Filter::default()
        },
        times: 100,
        kind: FaultKind::Status {
            code: 502,
            html_body: true,
        },
    });
    world.post(&Alert::critical("DiskFull").firing()).await;
    let waiting = wait::until("a delivery that waits", async || {
        let (_, page) = world
            .api(Method::GET, "/api/v1/deliveries?state=waiting")
            .await;
        page["deliveries"][0]["id"].as_i64()
    })
    .await;
    let path = format!("/api/v1/deliveries/{waiting}/retry");
    let retry = async |path: &str, key: &str| {
        let request = request(&world, "POST", path).header("idempotency-key", key);
        let answer = request.send().await.unwrap();
        let again = answer.headers().contains_key("idempotency-replayed");
        (answer.status(), again, answer.text().await.unwrap())
    };
    let (status, again, first) = retry(&path, "a").await;
    assert_eq!((status, again), (StatusCode::OK, false), "{first}");
    assert_eq!(retry(&path, "a").await, (StatusCode::OK, true, first));
    assert!(!retry(&path, "b").await.1);
    let another = "/api/v1/deliveries/0/retry";
    let (status, _, reused) = retry(another, "a").await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{reused}");
    // What was refused changed nothing: it is asked for anew.
    for _ in 0..2 {
        let (status, again, refused) = retry(another, "c").await;
        assert_eq!((status, again), (StatusCode::NOT_FOUND, false), "{refused}");
    }
    for key in ["", &"k".repeat(256)] {
        assert_eq!(retry(&path, key).await.0, StatusCode::BAD_REQUEST, "{key}");
    }
    let unknown = http::client().post(world.nabat.url(&path));
    let unknown = unknown.header("idempotency-key", "a").send().await;
    assert_eq!(unknown.unwrap().status(), StatusCode::UNAUTHORIZED);
}

/// Has a heartbeat made under a key. Returns the status, whether the answer was given before, and
/// the answer; nothing if none came.
async fn make(nabat: String, token: String, number: usize) -> Option<(StatusCode, bool, String)> {
    let wanted = json!({ "name": format!("job-{number}"), "heartbeat": { "period": "1d" } });
    let request = http::client()
        .post(nabat + "/api/v1/monitors")
        .json(&wanted);
    let request = request.bearer_auth(token);
    let request = request.header("idempotency-key", format!("key-{number}"));
    let answer = request.send().await.ok()?;
    let again = answer.headers().contains_key("idempotency-replayed");
    Some((answer.status(), again, answer.text().await.ok()?))
}

#[tokio::test]
async fn what_a_request_with_a_key_made_is_answered_the_same_after_a_crash() {
    const JOBS: usize = 100;
    let mut world = World::start().await;
    let (nabat, token) = (world.nabat.url(""), world.token());
    let make = |number| make(nabat.clone(), token.clone(), number);
    let (status, again, first) = make(0).await.unwrap();
    assert_eq!((status, again), (StatusCode::CREATED, false), "{first}");

    // Some of these are on disk and not answered when it dies.
    let mut jobs = JoinSet::new();
    for number in 1..=JOBS {
        let made = make(number);
        jobs.spawn(async move { (number, made.await) });
    }
    let mut answers = vec![jobs.join_next().await.unwrap().unwrap()];
    world.nabat.kill9();
    answers.extend(jobs.join_all().await);
    world.nabat.restart().await;

    assert_eq!(make(0).await, Some((StatusCode::CREATED, true, first)));
    let lost = answers.iter().filter(|(_, answer)| answer.is_none());
    let lost = lost.count();
    for (number, answer) in answers {
        let (status, again, body) = make(number).await.unwrap();
        assert_eq!(status, StatusCode::CREATED, "{lost} got none: {body}");
        if let Some((_, _, first)) = answer {
            assert_eq!((again, body), (true, first), "{number}");
        }
    }
    let other = json!({ "name": "other", "heartbeat": { "period": "1d" } });
    let reused = request(&world, "POST", "/api/v1/monitors").json(&other);
    let reused = reused.header("idempotency-key", "key-0").send().await;
    assert_eq!(reused.unwrap().status(), StatusCode::UNPROCESSABLE_ENTITY);
}
