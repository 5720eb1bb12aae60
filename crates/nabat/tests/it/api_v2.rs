//! Nabat as an Alertmanager: what Prometheus posts, what amtool asks, what others read.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::Command;

use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};

use crate::world::prometheus::Rule;
use crate::world::target::Target;
use crate::world::{OWNER, World, http, wait};

const ALERTS: &str = "/api/v2/alerts";
/// Its token for whoever sends alerts.
const TOKEN: &str = "a-bearer-token-of-many-letters";

async fn post(world: &World, alerts: Value) -> (StatusCode, String) {
    let client = http::client();
    let posted = client.post(world.nabat.url(ALERTS)).json(&alerts);
    let answer = posted.send().await.unwrap();
    (answer.status(), answer.text().await.unwrap())
}

async fn taken(world: &World, alerts: Value) {
    assert_eq!(
        post(world, alerts).await,
        (StatusCode::OK, String::new()),
        "an answer without a word"
    );
}

async fn get(world: &World, path: &str) -> Value {
    let answer = http::client().get(world.nabat.url(path)).send().await;
    let answer = answer.unwrap().error_for_status().unwrap();
    answer.json().await.unwrap()
}

/// The values of one field of every alert that is shown.
async fn shown(world: &World, query: &str, pointer: &str) -> Vec<Value> {
    let alerts = get(world, &format!("{ALERTS}?{query}")).await;
    let alerts = alerts.as_array().unwrap().iter();
    alerts
        .map(|alert| alert.pointer(pointer).unwrap().clone())
        .collect()
}

/// Routes to nobody, in two groups.
fn routed(config: &mut Value) {
    config["route"] = json!({
        "receiver": "all",
        "group_by": ["alertname"],
        "routes": [
            { "matchers": ["team=\"db\""], "receiver": "db", "continue": true },
            { "matchers": ["team=~\"db|web\""], "receiver": "web", "group_by": ["..."] },
            { "matchers": ["team=idle"], "mute_time_intervals": ["nights"] },
        ],
    });
    config["inhibit_rules"] = json!([{
        "source_matchers": ["severity=critical"],
        "target_matchers": ["severity=warning"],
        "equal": ["host"],
    }]);
    config["time_intervals"] = json!([{ "name": "nights", "time_intervals": [{
        "times": [{ "start_time": "22:00", "end_time": "24:00" }],
        "weekdays": ["monday:friday", "sunday"],
        "days_of_month": ["1:5", "-3:-1"],
        "months": ["may:august"],
        "years": ["2026:2099"],
        "location": "Europe/Berlin",
    }] }]);
    config["receivers"] = json!([{ "name": "all" }, { "name": "db" }, {
        "name": "web",
        "webhook_configs": [{ "url": "http://127.0.0.1:9/secret-path" }],
        "email_configs": [{ "to": "a@example.org", "from": "b@example.org", "smarthost": "127.0.0.1:9" }],
    }]);
}

#[tokio::test]
async fn what_is_posted_is_told_and_shown_with_its_end() {
    let world = World::start().await;
    world.subscribe(OWNER, OWNER).await;
    let alert = |ends_at: &str| {
        json!([{
            "labels": { "alertname": "DiskFull", "host": "a", "empty": "" },
            "annotations": { "summary": "at 91 %" },
            "startsAt": "2026-11-20T10:00:00.123456Z",
            "endsAt": ends_at,
            "generatorURL": "http://p:9090/graph?g0.expr=up",
        }])
    };
    taken(&world, alert("2099-01-01T00:00:00Z")).await;
    world.told(OWNER, "DiskFull: at 91 %").await;
    let mut alerts = get(&world, ALERTS).await;
    assert!(alerts[0]["updatedAt"].take().is_string());
    assert_eq!(
        alerts,
        json!([{
            "annotations": { "summary": "at 91 %" },
            "endsAt": "2099-01-01T00:00:00.000Z",
            "fingerprint": "2d1f268574210637",
            "receivers": [{ "name": "subscribers" }],
            "startsAt": "2026-11-20T10:00:00.123Z",
            "status": { "inhibitedBy": [], "mutedBy": [], "silencedBy": [], "state": "active" },
            "updatedAt": null,
            "generatorURL": "http://p:9090/graph?g0.expr=up",
            "labels": { "alertname": "DiskFull", "host": "a" },
        }])
    );
    taken(&world, alert("2026-11-20T11:00:00Z")).await;
    world.told(OWNER, "Resolved after").await;
    assert_eq!(get(&world, ALERTS).await, json!([]));
    assert_eq!(get(&world, "/api/v2/alerts/groups").await, json!([]));
}

#[tokio::test]
async fn posts_are_merged_as_alertmanager_merges_them() {
    let world = World::start().await;
    let vectors = [
        (
            json!({ "startsAt": "2026-11-20T10:00:00Z", "endsAt": "2096-01-01T00:00:00Z" }),
            Some(("2026-11-20T10:00:00.000Z", "2096-01-01T00:00:00.000Z")),
        ),
        (
            json!({ "startsAt": "2026-11-20T12:00:00Z", "endsAt": "2095-01-01T00:00:00Z" }),
            Some(("2026-11-20T10:00:00.000Z", "2096-01-01T00:00:00.000Z")),
        ),
        (
            json!({ "startsAt": "2026-11-20T09:00:00Z" }),
            Some(("2026-11-20T09:00:00.000Z", "2096-01-01T00:00:00.000Z")),
        ),
        (
            json!({ "startsAt": "2026-11-20T11:00:00Z", "endsAt": "2026-11-20T12:00:00Z" }),
            None,
        ),
        (
            json!({ "startsAt": "2026-11-20T13:00:00Z", "endsAt": "2095-01-01T00:00:00Z" }),
            Some(("2026-11-20T13:00:00.000Z", "2095-01-01T00:00:00.000Z")),
        ),
        (
            json!({ "startsAt": "2095-01-01T00:00:00Z", "endsAt": "2096-01-01T00:00:00Z" }),
            Some(("2095-01-01T00:00:00.000Z", "2096-01-01T00:00:00.000Z")),
        ),
    ];
    for (mut alert, expected) in vectors {
        alert["labels"] = json!({ "alertname": "Merged" });
        taken(&world, json!([alert])).await;
        let got = get(&world, ALERTS).await;
        let got = got.as_array().unwrap().iter();
        let got: Vec<_> = got
            .map(|alert| (&alert["startsAt"], &alert["endsAt"]))
            .collect();
        let expected: Vec<_> = expected.into_iter().collect();
        assert_eq!(got.len(), expected.len(), "{alert}");
        for ((starts_at, ends_at), (expected_start, expected_end)) in got.iter().zip(expected) {
            assert_eq!(
                (*starts_at, *ends_at),
                (&json!(expected_start), &json!(expected_end)),
                "{alert}"
            );
        }
    }
}

#[tokio::test]
async fn lists_are_filtered_and_grouped_by_the_routes() {
    let world = World::with_config(routed).await;
    let alert = |name: &str, team: &str| json!({ "labels": { "alertname": name, "team": team } });
    let alerts = [
        alert("A", "db"),
        alert("B", "db"),
        alert("A", "web"),
        alert("C", "ops"),
    ];
    taken(&world, json!(alerts)).await;
    for (query, names) in [
        ("", &["A", "A", "B", "C"][..]),
        ("filter=alertname%3DA", &["A", "A"]),
        ("filter=alertname%3DA&filter=team!%3Dweb", &["A"]),
        ("filter=team%3D~%22d.%7Cops%22", &["A", "B", "C"]),
        ("filter=absent%3D", &["A", "A", "B", "C"]),
        ("receiver=db", &["A", "B"]),
        ("receiver=all|db", &["A", "B", "C"]),
        ("receiver=d", &[]),
        ("active=maybe", &[]),
        (
            "silenced=false&inhibited=false&unprocessed=false",
            &["A", "A", "B", "C"],
        ),
    ] {
        let mut got = shown(&world, query, "/labels/alertname").await;
        got.sort_by_key(ToString::to_string);
        assert_eq!(got, names, "{query}");
    }
    let receivers = shown(
        &world,
        "filter=team%3Ddb&filter=alertname%3DA",
        "/receivers",
    )
    .await;
    assert_eq!(receivers, [json!([{ "name": "db" }, { "name": "web" }])]);

    let groups = get(&world, "/api/v2/alerts/groups").await;
    let groups: Vec<(String, &str, usize)> = groups
        .as_array()
        .unwrap()
        .iter()
        .map(|group| {
            let labels = group["labels"].as_object().unwrap().values();
            let labels: Vec<&str> = labels.filter_map(Value::as_str).collect();
            let receiver = group["receiver"]["name"].as_str().unwrap();
            (
                labels.join(" "),
                receiver,
                group["alerts"].as_array().unwrap().len(),
            )
        })
        .collect();
    let group = |labels: &str, receiver, alerts| (labels.to_owned(), receiver, alerts);
    assert_eq!(
        groups,
        [
            group("A", "db", 1),
            group("B", "db", 1),
            group("C", "all", 1),
            group("A db", "web", 1),
            group("A web", "web", 1),
            group("B db", "web", 1),
        ]
    );
    let names = json!([{ "name": "all" }, { "name": "db" }, { "name": "web" }]);
    assert_eq!(get(&world, "/api/v2/receivers").await, names);
}

/// What a request is answered with.
async fn answer(request: RequestBuilder) -> (u16, Value) {
    let answer = request.send().await.unwrap();
    let status = answer.status().as_u16();
    (
        status,
        serde_json::from_str(&answer.text().await.unwrap()).unwrap_or_default(),
    )
}

#[tokio::test]
async fn refusals_have_the_shapes_of_alertmanager() {
    let world = World::start().await;
    let client = http::client();
    let url = |path: &str| world.nabat.url(path);
    let body = |text: &'static str| {
        let request = client.post(url(ALERTS)).body(text);
        request.header("content-type", "application/json")
    };
    let coded = |code: u16, message: &str| json!({ "code": code, "message": message });
    for (request, status, expected) in [
        (
            body(r#"[{"labels":{}}]"#),
            400,
            json!("at least one label pair required"),
        ),
        (
            body("[{}]"),
            422,
            coded(602, "0.labels in body is required"),
        ),
        (
            body(r#"[{"labels":{"a":"b"},"generatorURL":"not a url"}]"#),
            422,
            coded(
                601,
                "0.generatorURL in body must be of type uri: \"not a url\"",
            ),
        ),
        (
            client
                .post(url(ALERTS))
                .body("[]")
                .header("content-type", "text/plain"),
            415,
            coded(
                415,
                "unsupported media type \"text/plain\", only [application/json] are allowed",
            ),
        ),
        (
            client.put(url(ALERTS)),
            405,
            coded(405, "method PUT is not allowed, but [GET,POST] are"),
        ),
        (
            client.get(url("/api/v2/nosuch")),
            404,
            coded(404, "path /api/v2/nosuch was not found"),
        ),
        (
            client.get(url("/api/v2/alerts?filter=bad")),
            400,
            json!("bad matcher format: bad"),
        ),
    ] {
        assert_eq!(answer(request).await, (status, expected));
    }
    let (status, said) = answer(client.get(url("/api/v2/alerts?receiver=("))).await;
    assert!(
        status == 400
            && said
                .as_str()
                .unwrap()
                .starts_with("failed to parse receiver param")
    );
    for (path, status) in [
        // Grafana takes whoever has this for another program.
        ("/alertmanager/api/v2/status", 404),
        ("/api/nosuch", 404),
        ("/api/v1/alerts", 410),
        ("/api/v1/silences", 410),
        ("/api/v1/silence/1", 410),
    ] {
        assert_eq!(answer(client.get(url(path))).await.0, status, "{path}");
    }
    // Valid alerts are kept although others are not.
    let mixed = json!([{ "labels": { "alertname": "Good" } }, { "labels": { "a": "" } }]);
    assert_eq!(post(&world, mixed).await.0, StatusCode::BAD_REQUEST);
    assert_eq!(shown(&world, "", "/labels/alertname").await, ["Good"]);
    for (name, expected) in [
        (
            r#"alertmanager_alerts_received_total{status="firing",version="v2"}"#,
            1.0,
        ),
        (r#"alertmanager_alerts_invalid_total{version="v2"}"#, 2.0),
        (r#"alertmanager_alerts{state="active"}"#, 1.0),
    ] {
        assert_eq!(world.nabat.metric(name).await, Some(expected), "{name}");
    }
}

#[tokio::test]
async fn a_page_in_a_browser_may_read_and_post_and_not_delete() {
    let world = World::start().await;
    let client = http::client();
    let url = world.nabat.url(ALERTS);
    let asked = client
        .request(Method::OPTIONS, &url)
        .header("origin", "http://karma");
    let asked = asked
        .header("access-control-request-method", "POST")
        .send()
        .await
        .unwrap();
    assert_eq!(asked.status(), 200);
    assert_eq!(asked.headers()["access-control-allow-methods"], "POST");
    assert_eq!(asked.headers()["access-control-allow-origin"], "*");
    let read = client
        .get(&url)
        .header("origin", "http://karma")
        .send()
        .await
        .unwrap();
    assert_eq!(read.headers()["access-control-allow-origin"], "*");
    assert_eq!(read.headers()["cache-control"], "no-store");
    let asked = client
        .request(Method::OPTIONS, &url)
        .header("origin", "http://karma")
        .header("access-control-request-method", "DELETE");
    let asked = asked.send().await.unwrap();
    assert_eq!(asked.status(), 200);
    for name in [
        "access-control-allow-methods",
        "access-control-allow-origin",
    ] {
        assert!(!asked.headers().contains_key(name), "{name}");
    }
    let metrics = world.nabat.metrics().await;
    assert!(
        metrics.contains("alertmanager_build_info{version=\"0.25.0\""),
        "{metrics}"
    );
}

#[tokio::test]
async fn who_may_not_send_alerts_may_not_read_them_either() {
    let world = World::with_config(|config| {
        config["intake"] = json!({ "auth": { "bearer_token": TOKEN } });
    })
    .await;
    let client = http::client();
    for path in [
        ALERTS,
        "/api/v2/alerts/groups",
        "/api/v2/status",
        "/api/v2/receivers",
    ] {
        let request = || client.get(world.nabat.url(path));
        assert_eq!(answer(request()).await.0, 401, "{path}");
        assert_eq!(
            answer(request().bearer_auth("another")).await.0,
            401,
            "{path}"
        );
        assert_eq!(answer(request().bearer_auth(TOKEN)).await.0, 200, "{path}");
    }
    let posted = || client.post(world.nabat.url(ALERTS)).json(&json!([]));
    assert_eq!(answer(posted()).await.0, 401);
    assert_eq!(answer(posted().bearer_auth(TOKEN)).await.0, 200);
}

#[tokio::test]
async fn prometheus_tells_nabat_itself_and_either_may_restart() {
    let mut world = World::start().await;
    world.subscribe(OWNER, OWNER).await;
    let target = Target::start().await;
    target.set("disk_used_ratio{device=\"sda1\"}", 0.95);
    let rule = || Rule {
        alert: "DiskFull",
        expr: "disk_used_ratio > 0.9",
        labels: json!({ "severity": "critical" }),
        annotations: json!({ "summary": "disk {{ $labels.device }} is full" }),
    };
    let nabat = [world.nabat.address()];
    let prometheus = world.prometheus(&[rule()], &target, &nabat).await;
    let firing = world.told(OWNER, "disk sda1 is full").await;

    world.silence().await;
    world.nabat.restart().await;
    repeated(&world, 2.0).await;
    drop(prometheus);
    let _prometheus = world.prometheus(&[rule()], &target, &nabat).await;
    let before = world.nabat.metric("nabat_intake_alerts_total").await;
    repeated(&world, before.unwrap() + 1.0).await;
    world.silence().await;
    let mut messages = world.telegram.messages(OWNER);
    messages.retain(|message| message.text.contains("DiskFull"));
    assert_eq!(messages.len(), 1, "{messages:#?}");
    assert_eq!((messages[0].id, messages[0].edits), (firing.id, 0));
    let alerts = get(&world, ALERTS).await;
    assert_eq!(alerts.as_array().unwrap().len(), 1, "{alerts}");
    assert!(alerts[0]["generatorURL"].is_string());

    target.set("disk_used_ratio{device=\"sda1\"}", 0.5);
    world.told(OWNER, "Resolved after").await;
    assert_eq!(get(&world, ALERTS).await, json!([]));
}

/// Waits until so many alerts were taken since the last start.
async fn repeated(world: &World, count: f64) {
    wait::until("a repetition", async || {
        let taken = world.nabat.metric("nabat_intake_alerts_total").await?;
        (taken >= count).then_some(())
    })
    .await;
}

/// What amtool prints.
fn amtool(world: &World, arguments: &[&str]) -> String {
    let url = format!("--alertmanager.url={}", world.nabat.url(""));
    let output = Command::new("amtool").arg(url).args(arguments).output();
    let output = output.expect("amtool comes with Alertmanager");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let said = text(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {said}");
    assert_eq!(said, "", "{arguments:?}");
    text(&output.stdout)
}

#[tokio::test]
async fn amtool_takes_nabat_for_an_alertmanager() {
    let world = World::with_config(|config| {
        routed(config);
        let chat = json!({ "bot": "ops", "chat_id": -5, "message_thread_id": 3 });
        let idle = json!({ "name": "idle", "telegram_configs": [chat] });
        config["receivers"].as_array_mut().unwrap().push(idle);
    })
    .await;
    let amtool = |arguments: &[&str]| amtool(&world, arguments);
    amtool(&[
        "alert",
        "add",
        "DiskFull",
        "team=db",
        "--annotation=summary=at 91 %",
    ]);
    amtool(&[
        "alert",
        "add",
        "Slow",
        "team=web",
        "--end=2099-01-01T00:00:00Z",
    ]);
    let all = amtool(&["alert", "query"]);
    assert!(
        all.contains("DiskFull") && all.contains("at 91 %") && all.contains("Slow"),
        "{all}"
    );
    let one = amtool(&["alert", "query", "team=~d.", "-o", "extended"]);
    assert!(one.contains("DiskFull") && !one.contains("Slow"), "{one}");
    amtool(&[
        "alert",
        "add",
        "DiskFull",
        "team=db",
        "--end=2026-01-01T00:00:00Z",
    ]);
    let rest = amtool(&["alert", "query"]);
    assert!(!rest.contains("DiskFull"), "{rest}");

    let cluster = amtool(&["cluster", "show"]);
    assert!(cluster.contains("ready"), "{cluster}");
    let config = amtool(&["config", "show"]);
    assert!(!config.contains("secret-path") && config.contains("http://redacted.invalid/"));
    assert!(
        !config.contains("nabat-nabat")
            && config.contains("bot_token: \"<secret>\"\n    chat_id: -5")
    );
    let routes = amtool(&["config", "routes", "show"]);
    assert!(
        routes.contains("{team=\"db\"}  continue: true  receiver: db"),
        "{routes}"
    );
    let tested = amtool(&["config", "routes", "test", "team=db"]);
    assert_eq!(tested.trim(), "db,web");
}

#[tokio::test]
async fn an_address_with_quotes_as_they_are_is_understood() {
    let world = World::start().await;
    taken(&world, json!([{ "labels": { "alertname": "gu" } }])).await;
    let base = world.nabat.url("");
    let address = base.trim_start_matches("http://").trim_end_matches('/');
    let mut stream = TcpStream::connect(address).unwrap();
    // As `curl -g` sends it, twice on one connection.
    let get = |value: &str, connection: &str| {
        format!(
            "GET {ALERTS}?filter=alertname=\"{value}\" HTTP/1.1\r\nHost: {address}\r\nConnection: {connection}\r\n\r\n"
        )
    };
    let requests = get("é<", "keep-alive") + &get("gu", "close");
    stream.write_all(requests.as_bytes()).unwrap();
    let mut answers = String::new();
    stream.read_to_string(&mut answers).unwrap();
    assert_eq!(answers.matches("HTTP/1.1 200").count(), 2, "{answers}");
    assert_eq!(
        answers.matches(r#""alertname":"gu""#).count(),
        1,
        "{answers}"
    );
}
