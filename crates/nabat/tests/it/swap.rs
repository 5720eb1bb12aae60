//! Nabat in the place of an Alertmanager: the same `alertmanager.yml` and the same requests for both,
//! and what they answer compared.

mod amtool;
mod requests;
mod telegram;

use std::collections::BTreeSet;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::world::alertmanager::Alertmanager;
use crate::world::http;
use crate::world::nabat::Nabat;

/// Nabat and an Alertmanager, with the same configuration.
struct Both {
    nabat: Nabat,
    alertmanager: Alertmanager,
    folder: TempDir,
}

impl Both {
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = config();
        let alertmanager = Alertmanager::with_config(folder.path(), "alertmanager", &config);
        let (alertmanager, nabat) = tokio::join!(
            alertmanager,
            Nabat::start_as_alertmanager(folder.path(), &config)
        );
        Self {
            nabat,
            alertmanager,
            folder,
        }
    }

    /// Where the same path is of Alertmanager and of Nabat.
    fn urls(&self, path: &str) -> [String; 2] {
        let alertmanager = format!("http://{}{path}", self.alertmanager.address());
        [alertmanager, self.nabat.url(path)]
    }

    async fn post(&self, path: &str, body: &Value) {
        for url in self.urls(path) {
            let answer = http::client().post(&url).json(body).send().await.unwrap();
            assert_eq!(answer.status(), 200, "{url}");
        }
    }

    /// What Alertmanager and Nabat answer.
    async fn get(&self, path: &str) -> [String; 2] {
        let mut answers = [String::new(), String::new()];
        for (url, answer) in self.urls(path).into_iter().zip(&mut answers) {
            let got = http::client().get(&url).send().await.unwrap();
            *answer = got.text().await.unwrap();
        }
        answers
    }
}

/// Routes with everything that decides where an alert is shown. Nobody is told soon.
fn config() -> Value {
    json!({
        "route": {
            "receiver": "all",
            "group_by": ["alertname"],
            "group_wait": "1h",
            "routes": [
                { "matchers": ["team=\"db\""], "receiver": "db", "continue": true },
                { "matchers": ["team=~\"db|web\""], "receiver": "web", "group_by": ["..."] },
                { "matchers": ["team=idle"], "receiver": "all", "mute_time_intervals": ["always"] },
            ],
        },
        "inhibit_rules": [{
            "source_matchers": ["severity=critical"],
            "target_matchers": ["severity=warning"],
            "equal": ["host"],
        }],
        "time_intervals": [{
            "name": "always",
            "time_intervals": [{ "weekdays": ["sunday:saturday"] }],
        }],
        "receivers": [
            { "name": "all", "webhook_configs": [{ "url": "http://127.0.0.1:9/x" }] },
            { "name": "db" },
            { "name": "web" },
        ],
    })
}

/// An alert with these labels, from ten to no end.
fn alert(labels: &Value) -> Value {
    json!({
        "labels": labels,
        "annotations": { "summary": "something" },
        "startsAt": "2026-11-20T10:00:00Z",
        "endsAt": "2099-01-01T00:00:00Z",
        "generatorURL": "http://prometheus/graph",
    })
}

/// The answer without what differs between two programs: numbers of silences, times of arrival,
/// and what only newer Alertmanagers show.
fn comparable(answer: &str) -> Value {
    fn strip(value: &mut Value) {
        match value {
            Value::Object(fields) => {
                fields.remove("updatedAt");
                fields.remove("mutedBy");
                if let Some(Value::Array(silences)) = fields.get_mut("silencedBy") {
                    silences.iter_mut().for_each(|id| *id = json!("a silence"));
                }
                fields.values_mut().for_each(strip);
            }
            Value::Array(items) => items.iter_mut().for_each(strip),
            _ => {}
        }
    }
    let mut value = serde_json::from_str(answer).unwrap_or_else(|_| json!(answer));
    strip(&mut value);
    value
}

#[tokio::test]
async fn lists_are_those_of_alertmanager() {
    let both = Both::start().await;
    let silence = json!({
        "matchers": [{ "name": "alertname", "value": "Silenced", "isRegex": false }],
        "startsAt": "2026-11-20T00:00:00Z",
        "endsAt": "2099-01-01T00:00:00Z",
        "createdBy": "olga",
        "comment": "quiet",
    });
    both.post("/api/v2/silences", &silence).await;
    let mut alerts = [
        json!({ "alertname": "A", "team": "db", "host": "a", "job": "j", "instance": "2" }),
        json!({ "alertname": "A", "team": "db", "host": "b", "job": "j", "instance": "1" }),
        json!({ "alertname": "Silenced", "team": "web" }),
        json!({ "alertname": "Silenced", "team": "db" }),
        json!({ "alertname": "Idle", "team": "idle" }),
        json!({ "alertname": "Down", "severity": "critical", "host": "h", "team": "db" }),
        json!({ "alertname": "Slow", "severity": "warning", "host": "h", "team": "db" }),
        json!({ "alertname": "Slow", "severity": "warning", "host": "z" }),
        json!({ "team": "db" }),
        json!({ "nothing": "known" }),
        json!({ "alertname": "Gone", "team": "db" }),
    ]
    .map(|labels| alert(&labels));
    for round in ["firing", "one over"] {
        both.post("/api/v2/alerts", &json!(alerts)).await;
        for list in ["/api/v2/alerts", "/api/v2/alerts/groups"] {
            for query in [
                "",
                "active=false",
                "silenced=false",
                "inhibited=false",
                "silenced=false&inhibited=false",
                "receiver=web",
                "receiver=web|all",
                "receiver=nobody",
                "filter=team%3Ddb",
                "filter=alertname%3D~%22S.*%22&inhibited=false",
                "filter=alertname%3D",
                "filter=bad",
            ] {
                let answers = both.get(&format!("{list}?{query}")).await;
                let [alertmanagers, nabats] = answers.map(|answer| comparable(&answer));
                assert_eq!(nabats, alertmanagers, "{list}?{query}, {round}");
            }
        }
        alerts[10]["endsAt"] = json!("2026-11-20T11:00:00Z");
    }
    let [_, muted] = both.get("/api/v2/alerts/groups?filter=team%3Didle").await;
    let muted: Value = serde_json::from_str(&muted).unwrap();
    let status = json!({
        "inhibitedBy": [], "mutedBy": ["always"], "silencedBy": [], "state": "active",
    });
    assert_eq!(
        muted[0]["alerts"][0]["status"], status,
        "mutedBy is newer than 0.25, whose states these are"
    );
}

/// The names of all figures and their labels, without the values of labels.
fn figures(exposition: &str) -> BTreeSet<String> {
    let series = exposition.lines().filter(|line| !line.starts_with('#'));
    let names = series.filter_map(|line| line.split([' ', '{']).next());
    names.map(ToOwned::to_owned).collect()
}

#[tokio::test]
async fn figures_that_dashboards_and_rules_use_are_there() {
    let both = Both::start().await;
    let [alertmanagers, nabats] = both.get("/metrics").await;
    let (wanted, known) = (figures(&alertmanagers), figures(&nabats));
    // How its storage, its gossip and its HTTP server do, and the same of a Go program.
    let its_own = |name: &str| {
        [
            "alertmanager_nflog_",
            "alertmanager_silences_",
            "alertmanager_dispatcher_alert_processing_",
            "alertmanager_http_request_duration_",
            "alertmanager_http_response_size_",
            "alertmanager_cluster_",
            "go_",
            "process_",
            "promhttp_",
            "net_",
        ]
        .iter()
        .any(|start| name.starts_with(start))
    };
    let missing: Vec<&String> = wanted
        .difference(&known)
        .filter(|name| !its_own(name))
        .collect();
    assert_eq!(missing, [] as [&String; 0]);
    for name in [
        "alertmanager_cluster_members",
        "alertmanager_cluster_enabled",
        "process_start_time_seconds",
    ] {
        assert!(known.contains(name), "{name}");
    }
    for line in [
        "alertmanager_config_last_reload_successful 1",
        "alertmanager_receivers 3",
        "alertmanager_integrations 1",
        "alertmanager_notifications_total{integration=\"webhook\"} 0",
        "alertmanager_notifications_failed_total{integration=\"webhook\"} 0",
    ] {
        for exposition in [&alertmanagers, &nabats] {
            assert!(exposition.lines().any(|known| known == line), "{line}");
        }
    }
    let hash = "alertmanager_config_hash";
    let before = both.nabat.metric(hash).await.unwrap();
    assert!(before > 0.0);
    let mut other = config();
    other["route"]["group_wait"] = json!("2h");
    both.nabat.configure(&other);
    let reload = async || {
        let url = both.nabat.url("/-/reload");
        http::client().post(url).send().await.unwrap().status()
    };
    assert_eq!(reload().await, 200);
    let after = both.nabat.metric(hash).await.unwrap();
    assert_ne!(after, before);
    both.nabat
        .configure(&json!({ "route": { "receiver": "gone" } }));
    assert_ne!(reload().await, 200);
    let successful = "alertmanager_config_last_reload_successful";
    assert_eq!(both.nabat.metric(successful).await, Some(0.0));
    assert_eq!(both.nabat.metric(hash).await, Some(after));
    let at = "alertmanager_config_last_reload_success_timestamp_seconds";
    assert!(both.nabat.metric(at).await.unwrap() > 1_700_000_000.0);
}
