//! A real Alertmanager, which passes everything on to one webhook, without delay, or goes by the
//! configuration that it is given.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use super::process::Process;
use super::{http, wait};

/// Where the links in its webhooks point to.
pub(crate) const EXTERNAL_URL: &str = "http://alertmanager.example.org:9093";

/// How soon it tells, and how soon it tells again. Prometheus durations.
pub(crate) struct Timing {
    pub(crate) group_wait: &'static str,
    pub(crate) group_interval: &'static str,
    pub(crate) repeat_interval: &'static str,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            group_wait: "100ms",
            group_interval: "200ms",
            repeat_interval: "4h",
        }
    }
}

pub(crate) struct Alertmanager {
    address: SocketAddr,
    _process: Process,
}

impl Alertmanager {
    /// Starts one called `name`, with its files in `folder`; alerts are grouped by their name.
    pub(crate) async fn start(folder: &Path, name: &str, webhook: &str, timing: &Timing) -> Self {
        let config = json!({
            "route": {
                "receiver": "webhook",
                "group_by": ["alertname"],
                "group_wait": timing.group_wait,
                "group_interval": timing.group_interval,
                "repeat_interval": timing.repeat_interval,
            },
            "receivers": [{
                "name": "webhook",
                "webhook_configs": [{ "url": webhook, "send_resolved": true }],
            }],
        });
        Self::with_config(folder, name, &config).await
    }

    /// Starts one called `name` that goes by `config`, with its files in `folder`.
    pub(crate) async fn with_config(folder: &Path, name: &str, config: &Value) -> Self {
        // JSON is YAML.
        let file = folder.join(format!("{name}.yml"));
        std::fs::write(&file, config.to_string()).unwrap();
        let mut command = Command::new(program());
        command.arg("--config.file").arg(file);
        command.arg("--storage.path").arg(folder.join(name));
        command.args([
            "--web.listen-address=127.0.0.1:0",
            "--cluster.listen-address=",
        ]);
        command.args(["--web.external-url", EXTERNAL_URL, "--web.route-prefix=/"]);
        let mut process = Process::start(name, folder, &mut command);
        let address = process.listening().await;
        let (client, ready) = (http::client(), format!("http://{address}/-/ready"));
        wait::until("Alertmanager to be ready", async || {
            http::is_ok(&client, &ready).await.then_some(())
        })
        .await;
        Self {
            address,
            _process: process,
        }
    }

    /// Posts alerts as a Prometheus does, at once; a real one takes five seconds to find its
    /// targets and so costs a test that much.
    pub(crate) async fn post_alerts(&self, alerts: &Value) {
        let url = format!("http://{}/api/v2/alerts", self.address);
        let answer = http::client().post(url).json(alerts).send().await.unwrap();
        answer.error_for_status().unwrap();
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }
}

/// Debian calls it `prometheus-alertmanager`, its makers `alertmanager`.
fn program() -> &'static str {
    let debian = "prometheus-alertmanager";
    let path = std::env::var_os("PATH").unwrap_or_default();
    let is_there = std::env::split_paths(&path).any(|folder| folder.join(debian).is_file());
    if is_there { debian } else { "alertmanager" }
}
