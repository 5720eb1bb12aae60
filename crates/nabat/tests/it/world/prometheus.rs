//! A real Prometheus that watches one target and fires at Alertmanagers.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use super::process::Process;
use super::target::Target;
use super::{http, wait};

/// Where the links in its alerts point to.
pub(crate) const EXTERNAL_URL: &str = "http://prometheus.example.org:9090";

/// An alerting rule; it fires as soon as `expr` has a result.
pub(crate) struct Rule<'a> {
    pub(crate) alert: &'a str,
    pub(crate) expr: &'a str,
    pub(crate) labels: Value,
    pub(crate) annotations: Value,
}

pub(crate) struct Prometheus {
    _process: Process,
}

impl Prometheus {
    /// Starts one with its files in `folder`. It looks five times a second, so that a test
    /// sees within a second what it has changed, and repeats itself every five seconds. What it
    /// says is good for four times as long.
    pub(crate) async fn start(
        folder: &Path,
        rules: &[Rule<'_>],
        target: &Target,
        alertmanagers: &[SocketAddr],
    ) -> Self {
        let peers: Vec<String> = alertmanagers.iter().map(SocketAddr::to_string).collect();
        let config = json!({
            "global": { "scrape_interval": "200ms", "scrape_timeout": "200ms", "evaluation_interval": "200ms" },
            "rule_files": ["rules.yml"],
            "scrape_configs": [{
                "job_name": "test",
                "static_configs": [{ "targets": [target.address().to_string()] }],
            }],
            "alerting": { "alertmanagers": [{ "static_configs": [{ "targets": peers }] }] },
        });
        let rules: Vec<Value> = rules
            .iter()
            .map(|rule| {
                json!({
                    "alert": rule.alert,
                    "expr": rule.expr,
                    "labels": rule.labels,
                    "annotations": rule.annotations,
                })
            })
            .collect();
        let rules = json!({ "groups": [{ "name": "test", "rules": rules }] });
        // JSON is YAML.
        std::fs::write(folder.join("rules.yml"), rules.to_string()).unwrap();
        let file = folder.join("prometheus.yml");
        std::fs::write(&file, config.to_string()).unwrap();
        let mut command = Command::new("prometheus");
        command.arg("--config.file").arg(file);
        command
            .arg("--storage.tsdb.path")
            .arg(folder.join("prometheus"));
        command.args(["--web.listen-address=127.0.0.1:0", "--web.route-prefix=/"]);
        command.args(["--web.external-url", EXTERNAL_URL]);
        command.arg("--rules.alert.resend-delay=5s");
        let mut process = Process::start("prometheus", folder, &mut command);
        let address = process.listening().await;
        let (client, ready) = (http::client(), format!("http://{address}/-/ready"));
        wait::until("Prometheus to be ready", async || {
            http::is_ok(&client, &ready).await.then_some(())
        })
        .await;
        Self { _process: process }
    }
}
