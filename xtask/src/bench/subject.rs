//! The two programs that are compared: how each is configured, started, fed and subscribed to.

mod alertmanager;
mod nabat;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use super::server::Server;
use super::sink::Sink;
use crate::process;

/// The chat that is told about `NAMES[n]` has the id `FIRST_CHAT + n`.
const FIRST_CHAT: usize = 1001;

/// What the program has to do besides taking alerts in.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Audience {
    /// Nobody is to be told.
    Nobody,
    /// Each alert is told to the chat of its name, by the bot of its label `monitor`.
    Chats { bots: usize },
    /// Each alert, alone and at once, is told to a webhook.
    Webhook,
    /// One bot tells each chat of the alerts whose label `monitor` is [`chat_monitor`].
    Flooded { chats: &'static [i64] },
}

/// The value of the label `monitor` of alerts for a chat of [`Audience::Flooded`].
pub(crate) fn chat_monitor(chat: i64) -> String {
    format!("chat{}", chat.unsigned_abs())
}

/// Shaped like a real token.
pub(crate) fn token(bot: usize) -> String {
    format!("{}:bench-bench-bench-bench-bench-bench-bench", bot + 1)
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

    /// Starts the program; its Telegram, or its webhook, listens at `ear`.
    pub(crate) fn start(&self, ear: SocketAddr, audience: Audience) -> Result<Server> {
        Server::start(|folder, own| match self {
            Self::Nabat { program } => nabat::command(program, folder, own, ear, audience),
            Self::Alertmanager { program } => {
                alertmanager::command(program, folder, own, ear, audience)
            }
        })
    }

    /// Lets the chats of [`Audience::Chats`] subscribe, where the configuration can't say it.
    pub(crate) fn subscribe(&self, sink: &Sink, audience: Audience) -> Result<()> {
        match (self, audience) {
            (Self::Nabat { .. }, Audience::Chats { bots }) => nabat::subscribe(sink, bots),
            _ => Ok(()),
        }
    }
}

/// A webhook marks each alert as firing and gives no end to those that do.
fn as_firing(mut alert: Value) -> Value {
    alert["status"] = Value::from("firing");
    alert["endsAt"] = Value::from("0001-01-01T00:00:00Z");
    alert
}
