//! The two programs that are compared: how each is configured, started and subscribed to.

mod alertmanager;
mod nabat;

use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, Result};
use serde_json::Value;

use super::door::Door;
use super::server::Server;
use super::sink::Sink;
use crate::process;

/// The chat that is told about `NAMES[n]` has the id `FIRST_CHAT + n`.
const FIRST_CHAT: usize = 1001;

/// Whom the program has to tell at Telegram.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Audience {
    /// Nobody is to be told.
    Nobody,
    /// Each alert is told to the chat of its name, by the bot of its label `monitor`.
    Chats { bots: usize },
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

    /// Starts the program to tell chats, in the way that is its own; its Telegram listens at `ear`.
    pub(crate) fn start(&self, ear: SocketAddr, audience: Audience) -> Result<Server> {
        match self {
            Self::Nabat { .. } => {
                let config = nabat::config(ear, audience);
                self.launch(&["serve", "--config"], &config, Door::Webhook)
            }
            Self::Alertmanager { .. } => self.start_with(&alertmanager::config(ear, audience)),
        }
    }

    /// Starts the program with an `alertmanager.yml`, which both read as it is, to be talked to
    /// in Alertmanager's API.
    pub(crate) fn start_with(&self, alertmanager_yml: &Value) -> Result<Server> {
        let words: &[&str] = match self {
            Self::Nabat { .. } => &["serve", "--alertmanager.config"],
            Self::Alertmanager { .. } => &[
                "--cluster.listen-address=",
                "--log.level=error",
                "--config.file",
            ],
        };
        self.launch(words, alertmanager_yml, Door::Api)
    }

    /// Starts Nabat with a `nabat.yml`.
    pub(crate) fn start_watching(&self, nabat_yml: &Value) -> Result<Server> {
        self.launch(&["serve", "--config"], nabat_yml, Door::Webhook)
    }

    /// `words` end with the option that takes the configuration.
    fn launch(&self, words: &[&str], config: &Value, door: Door) -> Result<Server> {
        let (Self::Nabat { program } | Self::Alertmanager { program }) = self;
        Server::start(door, |folder, own| {
            // JSON is YAML.
            let file = folder.join("config.yml");
            fs::write(&file, config.to_string())?;
            let mut command = Command::new(program);
            command.args(words).arg(file);
            command.arg("--storage.path").arg(folder.join("data"));
            command.arg("--web.listen-address").arg(own.to_string());
            Ok(command)
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
