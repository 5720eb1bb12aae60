//! What Nabat shows of itself to Prometheus and to whatever restarts it.

use std::io::Write as _;
use std::process::{Command, Stdio};

use serde_json::json;

use crate::world::{OWNER, World, http};

/// The metrics that the guide to installing lists, but for `nabat_throttled_total`, which is not
/// there before Telegram has refused something.
const METRICS: [&str; 17] = [
    "nabat_bot_up",
    "nabat_outbox_deliveries",
    "nabat_outbox_oldest_age_seconds",
    "nabat_outbox_disabled_chats",
    "nabat_sends_total",
    "nabat_delivery_delay_seconds",
    "nabat_intake_requests_total",
    "nabat_intake_alerts_total",
    "nabat_intake_duration_seconds",
    "nabat_engine_firing",
    "nabat_engine_subscriptions",
    "nabat_engine_cards",
    "nabat_engine_commits_total",
    "nabat_engine_commit_failures_total",
    "nabat_engine_commit_duration_seconds",
    "nabat_build_info",
    "# EOF",
];

#[tokio::test]
async fn the_metrics_are_what_prometheus_reads_and_what_the_guide_says() {
    let world = World::start().await;
    world.ask("/regexp all").await;
    world.fire(json!({ "alertname": "DiskFull" })).await;
    world.told(OWNER, "DiskFull").await;

    let url = world.nabat.url("/metrics");
    let page = http::client().get(&url);
    let page = page.header(
        "Accept",
        "text/plain;q=0.5,application/openmetrics-text;version=1.0.0",
    );
    let page = page.send().await.unwrap();
    let kind = page.headers()["content-type"].to_str().unwrap().to_owned();
    assert_eq!(
        kind,
        "application/openmetrics-text; version=1.0.0; charset=utf-8"
    );
    let page = page.text().await.unwrap();
    for line in page.lines().filter(|line| !line.starts_with('#')) {
        let (name, value) = line.rsplit_once(' ').unwrap();
        let named = ["nabat_", "alertmanager_", "process_"];
        assert!(
            named.iter().any(|prefix| name.starts_with(prefix)),
            "{line}"
        );
        assert_eq!(name.contains('{'), name.ends_with('}'), "{line}");
        value.parse::<f64>().unwrap();
    }
    assert!(page.ends_with("# EOF\n"), "{page}");
    for name in METRICS {
        // A family of which nothing was counted yet shows its type only.
        let family = name.trim_end_matches("_total");
        assert!(page.contains(family), "{name} in\n{page}");
    }

    let page = http::client().get(&url).send().await.unwrap();
    let kind = page.headers()["content-type"].to_str().unwrap().to_owned();
    assert_eq!(kind, "text/plain; version=0.0.4; charset=utf-8");
    let complaints = promtool(&page.text().await.unwrap());
    assert!(!complaints.contains("no help text"), "{complaints}");
    assert!(!complaints.contains("error while linting"), "{complaints}");
}

/// What `promtool check metrics` has to say about a page.
fn promtool(page: &str) -> String {
    let mut child = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("promtool comes with Prometheus");
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(page.as_bytes()).unwrap();
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    text(&output.stdout) + &text(&output.stderr)
}

#[tokio::test]
async fn counters_and_gauges_move() {
    let world = World::start().await;
    let metric = async |name: &str| world.nabat.metric(name).await;
    assert_eq!(metric("nabat_engine_subscriptions").await, Some(0.0));
    assert_eq!(metric("nabat_intake_alerts_total").await, Some(0.0));
    world.ask("/regexp all").await;
    world
        .send(&json!({ "alerts": [
            { "labels": { "alertname": "A" } }, { "labels": { "alertname": "B" } },
        ]}))
        .await;
    world.nabat.post_alerts(&json!({})).await.unwrap();
    world.told(OWNER, "🟡 A").await;
    world.told(OWNER, "🟡 B").await;
    world.settled().await;
    for (name, expected) in [
        (r#"nabat_bot_up{bot="ops"}"#, 1.0),
        ("nabat_engine_subscriptions", 1.0),
        ("nabat_engine_firing", 2.0),
        ("nabat_engine_cards", 2.0),
        ("nabat_intake_alerts_total", 2.0),
        (r#"nabat_intake_requests_total{code="200"}"#, 1.0),
        (r#"nabat_intake_requests_total{code="400"}"#, 1.0),
        ("nabat_intake_duration_seconds_count", 1.0),
        (r#"nabat_sends_total{bot="ops",outcome="sent"}"#, 3.0),
        ("nabat_delivery_delay_seconds_count", 3.0),
        ("nabat_outbox_deliveries", 0.0),
        ("nabat_outbox_oldest_age_seconds", 0.0),
        ("nabat_outbox_disabled_chats", 0.0),
        ("nabat_engine_commit_failures_total", 0.0),
        (
            concat!(
                r#"nabat_build_info{version=""#,
                env!("CARGO_PKG_VERSION"),
                r#""}"#
            ),
            1.0,
        ),
    ] {
        assert_eq!(metric(name).await, Some(expected), "{name}");
    }
    assert!(metric("nabat_engine_commits_total").await.unwrap() >= 4.0);
}

#[tokio::test]
async fn it_is_healthy_and_ready_also_without_telegram() {
    let world = World::with_config(|config| {
        config["telegram"]["bots"][0]["api_url"] = json!("http://127.0.0.1:9");
    })
    .await;
    let client = http::client();
    for path in ["/-/healthy", "/-/ready"] {
        let answer = client.get(world.nabat.url(path)).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
        assert_eq!(answer.text().await.unwrap(), "OK");
    }
    world.fire(json!({ "alertname": "DiskFull" })).await;
    let up = world.nabat.metric(r#"nabat_bot_up{bot="ops"}"#).await;
    assert_eq!(up, Some(0.0));
}
