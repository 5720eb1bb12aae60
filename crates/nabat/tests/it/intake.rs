//! Every answer of the intake, and that a refused request leaves nothing behind.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpStream};

use reqwest::{RequestBuilder, StatusCode};
use serde_json::{Value, json};

use crate::world::{OWNER, World, http};

const PATHS: [&str; 2] = ["/", "/api/v1/webhook/alertmanager"];
/// What people are told of the answers.
const GUIDE: &str = include_str!("../../../../docs/alerts-in.md");
const SECRET: &str = "a-secret-path-of-many-letters";

fn fires() -> Value {
    json!({ "status": "firing", "alerts": [{ "labels": { "alertname": "DiskFull" } }] })
}

/// Sends a request that is refused, with an error in the one shape there is and of a kind that
/// the guide lists; returns its message.
async fn refused(request: RequestBuilder, status: u16, code: &str) -> String {
    let answer = request.send().await.unwrap();
    let given = answer.status().as_u16();
    let body: Value = answer.json().await.unwrap();
    let error = &body["error"];
    assert_eq!(
        (given, error["code"].as_str()),
        (status, Some(code)),
        "{body}"
    );
    let parts: Vec<&String> = body.as_object().unwrap().keys().collect();
    assert_eq!(parts, ["error"]);
    let parts: Vec<&String> = error.as_object().unwrap().keys().collect();
    assert_eq!(parts, ["code", "hint", "message"]);
    assert!(
        GUIDE.contains(&format!("| {status} | `{code}` |")),
        "{body}"
    );
    error["message"].as_str().unwrap().to_owned()
}

async fn taken(request: RequestBuilder) {
    let answer = request.send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(answer.text().await.unwrap(), "");
}

async fn assert_nothing_kept(world: &World) {
    assert_eq!(world.ask("/alerts").await.text, "✅ Nothing fires.");
    assert_eq!(world.nabat.metric("nabat_engine_firing").await, Some(0.0));
    let taken = world.nabat.metric("nabat_intake_alerts_total").await;
    assert_eq!(taken, Some(0.0));
}

#[tokio::test]
async fn alerts_are_taken_at_both_paths() {
    let world = World::start().await;
    let client = http::client();
    for (number, path) in PATHS.into_iter().enumerate() {
        let labels = json!({ "alertname": format!("Alert{number}") });
        let body = json!({ "status": "firing", "alerts": [{ "labels": labels }] });
        taken(client.post(world.nabat.url(path)).json(&body)).await;
    }
    taken(client.post(world.nabat.webhook()).body(fires().to_string())).await;
    let typed = client.post(world.nabat.webhook()).body(r#"{"alerts":[]}"#);
    taken(typed.header("content-type", "Application/JSON; charset=utf-8")).await;
    let all = world.ask("/alerts").await.text;
    assert!(all.starts_with("3 alerts fire now."), "{all}");
}

#[tokio::test]
async fn nonsense_is_refused_with_its_place_and_nothing_of_it_is_kept() {
    let world = World::start().await;
    let client = http::client();
    let good = json!({ "labels": { "alertname": "Good" } });
    let cases = [
        (String::new(), "."),
        ("nonsense".to_owned(), "."),
        ("[]".to_owned(), "."),
        ("{}".to_owned(), ".: missing field `alerts`"),
        (r#"{"alerts":[{"labels":{"a":"b"}}"#.to_owned(), ""),
        (json!({ "alerts": {} }).to_string(), "alerts: "),
        (
            json!({ "alerts": [good, {}] }).to_string(),
            "alerts[1]: missing field `labels`",
        ),
        (
            json!({ "alerts": [good, { "labels": { "a": 5 } }] }).to_string(),
            "alerts[1].labels",
        ),
        (
            json!({ "alerts": [good, { "labels": {} }] }).to_string(),
            "alerts[1].labels: at least one label is needed",
        ),
        (
            json!({ "alerts": [good, { "labels": { "a": "b" }, "startsAt": "soon" }] }).to_string(),
            "alerts[1].startsAt: `soon` is not a time",
        ),
        (
            json!({ "status": "burning", "alerts": [good] }).to_string(),
            "status: `burning` is neither `firing` nor `resolved`",
        ),
    ];
    for (number, (body, place)) in cases.into_iter().enumerate() {
        let url = world.nabat.url(PATHS[number % PATHS.len()]);
        let message = refused(client.post(url).body(body.clone()), 400, "invalid_body").await;
        assert!(message.starts_with(place), "{body}: {message}");
    }
    assert_nothing_kept(&world).await;
}

#[tokio::test]
async fn a_body_that_is_cut_is_refused() {
    let world = World::start().await;
    let body = fires().to_string();
    let address = world.nabat.url("").replace("http://", "");
    let mut stream = TcpStream::connect(address).unwrap();
    let head = "POST / HTTP/1.1\r\nHost: nabat\r\nContent-Type: application/json\r\n";
    write!(stream, "{head}Content-Length: {}\r\n\r\n", body.len() + 10).unwrap();
    stream.write_all(body.as_bytes()).unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(
        answer.starts_with("HTTP/1.1 400") && answer.contains("body_cut"),
        "{answer}"
    );
    assert_nothing_kept(&world).await;
}

#[tokio::test]
async fn too_much_is_refused_whole() {
    let world = World::with_config(|config| {
        config["intake"] = json!({
            "max_body_bytes": 1024,
            "max_alerts_per_request": 3,
            "max_labels_per_alert": 2,
        });
    })
    .await;
    let client = http::client();
    let post = |body: String| client.post(world.nabat.webhook()).body(body);
    let alerts = |count: usize| {
        let alert = |n| json!({ "labels": { "alertname": format!("A{n}") } });
        json!({ "alerts": (0..count).map(alert).collect::<Vec<_>>() }).to_string()
    };

    let padded = |size: usize| format!("{}{}", r#"{"alerts":[]}"#, " ".repeat(size - 13));
    taken(post(padded(1024))).await;
    let message = refused(post(padded(1025)), 413, "body_too_large").await;
    assert_eq!(message, "the body is larger than 1024 bytes");
    let message = refused(post(alerts(4)), 413, "too_many_alerts").await;
    assert_eq!(message, "the request holds 4 alerts; 3 are the most");
    let labels = json!({ "alertname": "A", "b": "c", "d": "e" });
    let body = json!({ "alerts": [{ "labels": labels }] }).to_string();
    let message = refused(post(body), 400, "invalid_body").await;
    assert_eq!(message, "alerts[0].labels: 3 are too many; 2 are the most");

    assert_nothing_kept(&world).await;
    taken(post(alerts(2))).await;
}

#[tokio::test]
async fn of_too_many_incidents_only_what_is_new_is_refused() {
    let world = World::with_config(|config| {
        config["limits"] = json!({ "max_open_incidents": 2 });
    })
    .await;
    let client = http::client();
    let post = |names: &[&str]| {
        let alert = |name| json!({ "labels": { "alertname": name } });
        let alerts: Vec<Value> = names.iter().map(alert).collect();
        let body = json!({ "alerts": alerts }).to_string();
        client.post(world.nabat.webhook()).body(body)
    };
    let full = post(&["A", "B", "C"]).send().await.unwrap();
    assert_eq!(full.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(full.headers().contains_key("retry-after"));
    let message = refused(post(&["A", "B", "C"]), 503, "too_many_incidents").await;
    let words = "1 new of this request were refused, the rest of it was taken";
    assert!(message.contains(words), "{message}");
    assert_eq!(world.nabat.metric("nabat_engine_firing").await, Some(2.0));
    taken(post(&["A", "B"])).await;
}

#[tokio::test]
async fn only_plain_json_is_read() {
    let world = World::start().await;
    let client = http::client();
    let post = || client.post(world.nabat.webhook()).body(fires().to_string());
    let form = post().header("content-type", "application/x-www-form-urlencoded");
    let message = refused(form, 415, "unsupported_media_type").await;
    assert_eq!(message, "the body is `application/x-www-form-urlencoded`");
    let text = post().header("content-type", "text/plain");
    refused(text, 415, "unsupported_media_type").await;
    let packed = post()
        .header("content-type", "application/json")
        .header("content-encoding", "gzip");
    let message = refused(packed, 415, "unsupported_media_type").await;
    assert_eq!(message, "the body is compressed");
    assert_nothing_kept(&world).await;
}

#[tokio::test]
async fn other_paths_and_methods_are_answered_with_what_to_do() {
    let world = World::start().await;
    let client = http::client();
    let url = |path: &str| world.nabat.url(path);
    let body = fires();
    for path in [
        "/nowhere",
        "/api/v1/nowhere",
        "/api/v1/webhook/alertmanager/a/b",
    ] {
        let request = client.post(url(path)).json(&body);
        let message = refused(request, 404, "not_found").await;
        assert_eq!(message, format!("there is no `{path}`"));
    }
    let wrong = client.get(world.nabat.webhook());
    let message = refused(wrong, 405, "method_not_allowed").await;
    assert_eq!(message, "`/api/v1/webhook/alertmanager` does not take GET");
    refused(client.put(url("/")).json(&body), 405, "method_not_allowed").await;
    refused(client.post(url("/metrics")), 405, "method_not_allowed").await;
    refused(client.get(url("/-/reload")), 405, "method_not_allowed").await;

    let index = client.get(url("/")).send().await.unwrap();
    assert_eq!(index.status(), StatusCode::OK);
    let index = index.text().await.unwrap();
    assert!(index.starts_with("Nabat "), "{index}");
    assert!(index.contains("/api/v1/webhook/alertmanager"), "{index}");
    assert_nothing_kept(&world).await;
}

#[tokio::test]
async fn any_one_listed_proof_suffices_and_none_is_not_enough() {
    let world = World::with_config(|config| {
        config["intake"] = json!({ "auth": {
            "bearer_token": "a-long-bearer-token",
            "basic": { "username": "alertmanager", "password": "pass:word" },
            "secret_path": SECRET,
        }});
    })
    .await;
    let client = http::client();
    let secret = |path: &str| {
        let url = world
            .nabat
            .url(&format!("/api/v1/webhook/alertmanager/{path}"));
        client.post(url).json(&fires())
    };
    for path in PATHS {
        let post = || client.post(world.nabat.url(path)).json(&fires());
        refused(post(), 401, "unauthorized").await;
        refused(post().bearer_auth("another-token"), 401, "unauthorized").await;
        let wrong = post().basic_auth("alertmanager", Some("password"));
        refused(wrong, 401, "unauthorized").await;
        refused(
            post().basic_auth("alertmanager", None::<&str>),
            401,
            "unauthorized",
        )
        .await;
    }
    refused(secret("another-secret-path"), 401, "unauthorized").await;
    refused(secret(&SECRET[..SECRET.len() - 1]), 401, "unauthorized").await;
    // Who may not send is not told what would be wrong with the body.
    let nonsense = client.post(world.nabat.webhook()).body("nonsense");
    refused(nonsense, 401, "unauthorized").await;
    assert_nothing_kept(&world).await;

    for path in PATHS {
        let post = || client.post(world.nabat.url(path)).json(&fires());
        taken(post().bearer_auth("a-long-bearer-token")).await;
        taken(post().basic_auth("alertmanager", Some("pass:word"))).await;
    }
    taken(secret(SECRET)).await;
    for open in ["/metrics", "/-/healthy", "/-/ready"] {
        assert!(http::is_ok(&client, &world.nabat.url(open)).await, "{open}");
    }
}

#[tokio::test]
async fn the_errors_that_the_guide_shows_are_those_that_are_given() {
    let world = World::with_config(|config| {
        config["intake"] = json!({ "auth": { "bearer_token": "a-long-bearer-token" } });
    })
    .await;
    let post = || http::client().post(world.nabat.webhook());
    let known = || post().bearer_auth("a-long-bearer-token");
    let many = vec![json!({ "labels": { "a": "b" } }); 12_000];
    let form = "application/x-www-form-urlencoded";
    let soon = json!({ "labels": { "a": "b" }, "startsAt": "soon" });
    for request in [
        known().json(&json!({ "alerts": [{ "labels": { "a": "b" } }, soon] })),
        post().json(&fires()),
        known().json(&json!({ "alerts": many })),
        known().header("content-type", form).body("a=b"),
    ] {
        let answer: Value = request.send().await.unwrap().json().await.unwrap();
        let shown = |text: &str| serde_json::from_str::<Value>(text).ok();
        let mut samples = GUIDE
            .split("```")
            .filter_map(|part| shown(part.strip_prefix("json")?));
        assert!(
            samples.any(|sample| sample == answer),
            "not in the guide: {answer}"
        );
    }
    assert_eq!(world.nabat.metric("nabat_engine_firing").await, Some(0.0));
}

#[tokio::test]
async fn a_secret_path_that_is_not_configured_lets_nobody_in() {
    let world = World::start().await;
    let url = world
        .nabat
        .url(&format!("/api/v1/webhook/alertmanager/{SECRET}"));
    refused(http::client().post(url).json(&fires()), 401, "unauthorized").await;
    assert_nothing_kept(&world).await;
}

#[tokio::test]
async fn a_webhook_of_grafana_is_told_with_its_links() {
    let world = World::start().await;
    world.ask("/regexp all").await;
    world
        .send(&json!({
            "receiver": "nabat", "status": "firing", "orgId": 1, "version": "1",
            "title": "[FIRING:1]", "state": "alerting", "message": "m",
            "alerts": [{
                "status": "firing",
                "labels": { "alertname": "Grafana", "grafana_folder": "infra" },
                "annotations": null,
                "startsAt": "2026-11-20T11:00:00+03:00",
                "endsAt": "0001-01-01T00:00:00Z",
                "values": { "B": 1.5 },
                "valueString": "[ var='B' value=1.5 ]",
                "silenceURL": "https://grafana.example.org/silence",
                "dashboardURL": "https://grafana.example.org/d/1",
                "panelURL": "https://grafana.example.org/d/1?viewPanel=2",
                "generatorURL": "",
            }],
        }))
        .await;
    let card = world.told(OWNER, "Grafana").await;
    assert!(card.text.ends_with("Dashboard · Silence"), "{}", card.text);
    assert!(
        card.html
            .contains("https://grafana.example.org/d/1?viewPanel=2")
    );
}
