//! The two programs that are compared: how each is configured, started, fed and subscribed to.

use std::fmt::Write as _;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use super::alerts::NAMES;
use super::server::Server;
use super::sink::Sink;
use crate::process;

/// The chat that is told about `NAMES[n]` has the id `FIRST_CHAT + n`.
const FIRST_CHAT: usize = 1001;
/// Shaped like a real token.
const TOKEN: &str = "1:bench-bench-bench-bench-bench-bench-bench";
const SUBSCRIBE_MAX: Duration = Duration::from_secs(20);

/// What the program has to do besides taking alerts in.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Audience {
    /// Nobody is to be told.
    Nobody,
    /// Each alert is told to the chat of its name.
    Chats,
}

pub(crate) enum Subject {
    Nabat { program: PathBuf },
    Alertmanager { program: PathBuf },
}

impl Subject {
    pub(crate) fn alertmanager() -> Result<Self> {
        let program = ["prometheus-alertmanager", "alertmanager"]
            .into_iter()
            .find_map(process::find)
            .context("there is no Alertmanager; `cargo xtask setup` installs it")?;
        Ok(Self::Alertmanager { program })
    }

    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Nabat { .. } => "Nabat",
            Self::Alertmanager { .. } => "Alertmanager",
        }
    }

    /// What the program says of its version, on one line.
    pub(crate) fn version(&self) -> String {
        let (Self::Nabat { program } | Self::Alertmanager { program }) = self;
        let output = process::output(Command::new(program).arg("--version")).unwrap_or_default();
        output
            .lines()
            .next()
            .unwrap_or("unknown version")
            .to_owned()
    }

    /// Where alerts are posted to.
    pub(crate) fn path(&self) -> &'static str {
        match self {
            Self::Nabat { .. } => "/api/v1/webhook/alertmanager",
            Self::Alertmanager { .. } => "/api/v2/alerts",
        }
    }

    /// Alerts as this program takes them.
    pub(crate) fn body(&self, alerts: Vec<Value>) -> Vec<u8> {
        let body = match self {
            Self::Alertmanager { .. } => Value::from(alerts),
            Self::Nabat { .. } => json!({
                "version": "4",
                "groupKey": "{}:{}",
                "receiver": "nabat",
                "status": "firing",
                // As with `group_by: ['...']`: an alert that comes alone is its own group.
                "groupLabels": match alerts.as_slice() {
                    [alone] => alone["labels"].clone(),
                    _ => json!({}),
                },
                "commonLabels": {},
                "commonAnnotations": {},
                "externalURL": "http://alertmanager.example.org:9093",
                "alerts": alerts.into_iter().map(as_firing).collect::<Vec<_>>(),
            }),
        };
        body.to_string().into_bytes()
    }

    /// Starts the program, with its Telegram at `sink`.
    pub(crate) fn start(&self, sink: &Sink, audience: Audience) -> Result<Server> {
        match self {
            Self::Nabat { program } => {
                let server = Server::start(|folder, own| nabat(program, folder, own, sink))?;
                if audience == Audience::Chats {
                    subscribe(sink)?;
                }
                Ok(server)
            }
            Self::Alertmanager { program } => {
                let config = alertmanager_config(sink, audience)?;
                Server::start(|folder, own| alertmanager(program, folder, own, &config))
            }
        }
    }
}

/// A webhook marks each alert as firing and gives no end to those that do.
fn as_firing(mut alert: Value) -> Value {
    alert["status"] = Value::from("firing");
    alert["endsAt"] = Value::from("0001-01-01T00:00:00Z");
    alert
}

/// Builds Nabat for release; returns the file.
pub(crate) fn nabat_built_for_release() -> Result<PathBuf> {
    println!("building Nabat for release (minutes when it is the first time)");
    let args = [
        "build",
        "--release",
        "--locked",
        "-p",
        "nabat",
        "--bin",
        "nabat",
        "--message-format",
        "json",
    ];
    let messages = process::output(&mut process::cargo(args))?;
    messages
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .find_map(|message| message["executable"].as_str().map(PathBuf::from))
        .context("cargo built no program `nabat`")
}

fn nabat(program: &Path, folder: &Path, own: SocketAddr, sink: &Sink) -> Result<Command> {
    let chats: Vec<usize> = (0..NAMES.len()).map(|n| FIRST_CHAT + n).collect();
    let config = json!({ "telegram": { "bots": [{
        "name": "bench",
        "token": TOKEN,
        "api_url": format!("http://{}", sink.address),
        "allow": chats,
    }]}});
    // JSON is YAML.
    let file = folder.join("nabat.yml");
    fs::write(&file, config.to_string())?;
    let mut command = Command::new(program);
    command.arg("serve").arg("-c").arg(file);
    command.arg("--data-dir").arg(folder.join("data"));
    command.args(["-p", &own.port().to_string()]);
    Ok(command)
}

/// Each chat subscribes to the alerts of one name; the answer says that it is done.
fn subscribe(sink: &Sink) -> Result<()> {
    for (n, name) in NAMES.iter().enumerate() {
        let before = sink.arrived();
        sink.say(FIRST_CHAT + n, &format!("/regexp {name}"));
        let answered = process::wait_until(SUBSCRIBE_MAX, || sink.arrived() > before);
        ensure!(answered, "Nabat did not answer `/regexp {name}`");
    }
    Ok(())
}

fn alertmanager(program: &Path, folder: &Path, own: SocketAddr, config: &str) -> Result<Command> {
    let file = folder.join("alertmanager.yml");
    fs::write(&file, config)?;
    let mut command = Command::new(program);
    command.arg("--config.file").arg(file);
    command.arg("--storage.path").arg(folder.join("data"));
    command.arg("--web.listen-address").arg(own.to_string());
    command.args(["--cluster.listen-address=", "--log.level=warn"]);
    Ok(command)
}

fn alertmanager_config(sink: &Sink, audience: Audience) -> Result<String> {
    if audience == Audience::Nobody {
        return Ok(
            "route: {receiver: nobody, group_by: [alertname, cluster]}\n\
                   receivers: [{name: nobody}]\n"
                .to_owned(),
        );
    }
    let telegram = sink.address;
    let mut routes = String::new();
    let mut receivers = String::new();
    for (n, name) in NAMES.iter().enumerate() {
        let chat = FIRST_CHAT + n;
        writeln!(
            routes,
            "  - {{receiver: chat{chat}, matchers: ['alertname=\"{name}\"']}}"
        )?;
        writeln!(
            receivers,
            "- name: chat{chat}\n  telegram_configs: [{{api_url: 'http://{telegram}', \
             bot_token: '{TOKEN}', chat_id: {chat}}}]"
        )?;
    }
    Ok(format!(
        "route:\n  receiver: nobody\n  group_by: ['...']\n  group_wait: 0s\n  group_interval: 1m\n  \
         routes:\n{routes}receivers:\n- name: nobody\n{receivers}"
    ))
}
