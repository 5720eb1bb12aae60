//! What all of the REST API has in common: one envelope for problems, requests that are done once,
//! a document that says it all.

use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::Value;
use telegram_emulator::{Fault, FaultKind, Filter, Limits};

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
