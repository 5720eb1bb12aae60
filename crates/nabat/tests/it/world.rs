//! What surrounds a test: the programs it starts, and servers that play the rest.
//!
//! Everything listens on a free port of 127.0.0.1, keeps its files in a temporary folder, and
//! ends when it is dropped. Waits are for a condition, with a time-out that fails the test; a
//! failing test prints the end of every program's log.

pub(crate) mod alert;
pub(crate) mod alertmanager;
mod api;
pub(crate) mod asked;
pub(crate) mod blackbox;
pub(crate) mod certificates;
pub(crate) mod dice;
pub(crate) mod grpc;
pub(crate) mod http;
pub(crate) mod liar;
pub(crate) mod nabat;
pub(crate) mod process;
pub(crate) mod prometheus;
pub(crate) mod recorder;
mod schema;
pub(crate) mod service;
pub(crate) mod site;
pub(crate) mod smtp;
pub(crate) mod talk;
pub(crate) mod target;
pub(crate) mod wait;

use std::net::SocketAddr;

use serde_json::{Value, json};
use telegram_emulator::{Emulator, Limits, Message, Place, Settings, User};
use tempfile::TempDir;
use tokio::sync::OnceCell;

use alertmanager::{Alertmanager, Timing};
use nabat::Nabat;
use prometheus::{Prometheus, Rule};
use target::Target;

/// The token of the bot that every world has.
pub(crate) const TOKEN: &str = "1001:nabat-nabat-nabat-nabat-nabat-nabat";
/// The person whom the configuration allows; their private chat has the same id.
pub(crate) const OWNER: i64 = 7;

/// Nabat with its Telegram, and a folder for all that is started around them.
pub(crate) struct World {
    // Fields are dropped in this order: who talks before who listens, and the folder last.
    pub(crate) nabat: Nabat,
    pub(crate) telegram: Emulator,
    folder: TempDir,
    /// What the API says of itself, once it was asked.
    document: OnceCell<Value>,
}

impl World {
    /// Starts Nabat with one bot, and a person who may use it.
    pub(crate) async fn start() -> Self {
        Self::with_config(|_| {}).await
    }

    /// The same, after the test has changed the configuration.
    pub(crate) async fn with_config(change: impl FnOnce(&mut Value)) -> Self {
        Self::with(Limits::default(), change).await
    }

    /// The same with a Telegram of other limits.
    pub(crate) async fn with(limits: Limits, change: impl FnOnce(&mut Value)) -> Self {
        let settings = Settings {
            limits,
            ..Settings::default()
        };
        let telegram = Emulator::start(settings).await.unwrap();
        telegram.add_bot(TOKEN, "nabat_bot");
        telegram.add_user(User::new(OWNER, "Olga", "en"));
        let mut config = json!({ "telegram": { "bots": [{
            "name": "ops",
            "token": TOKEN,
            "api_url": telegram.url(),
            "allow": [OWNER],
        }]},
        // A test that wants to be blind says so: this machine's router may be tired of pings.
        "watch": { "witnesses": [] }});
        change(&mut config);
        let folder = tempfile::tempdir().unwrap();
        let nabat = Nabat::start(folder.path(), &config).await;
        Self::of(nabat, telegram, folder)
    }

    /// A world of parts that the test has started itself.
    pub(crate) fn of(nabat: Nabat, telegram: Emulator, folder: TempDir) -> Self {
        Self {
            nabat,
            telegram,
            folder,
            document: OnceCell::new(),
        }
    }

    /// The owner writes to the bot in their private chat.
    pub(crate) fn say(&self, text: &str) {
        self.telegram.say(OWNER, OWNER, text, None).unwrap();
    }

    /// Somebody subscribes `chat` to everything, and the bot confirms it.
    pub(crate) async fn subscribe(&self, chat: impl Into<Place>, user: i64) {
        let chat = chat.into();
        self.telegram.say(chat, user, "/regexp all", None).unwrap();
        self.told(chat, "Subscribed to").await;
    }

    /// Posts a webhook that must be taken.
    pub(crate) async fn post(&self, webhook: &Value) {
        let answer = self.nabat.post_alerts(webhook).await.unwrap();
        assert_eq!(answer.status(), 200, "{:?}", answer.text().await);
    }

    /// Waits until nothing is left to be said to anyone.
    pub(crate) async fn silence(&self) {
        wait::until("an empty outbox", async || {
            let waiting = self.nabat.metric("nabat_outbox_deliveries").await;
            (waiting == Some(0.0)).then_some(())
        })
        .await;
    }

    /// Waits until the bot has said `text` in `chat`, among other words; returns the message.
    pub(crate) async fn told(&self, chat: impl Into<Place>, text: &str) -> Message {
        let seen = self
            .telegram
            .wait_for_message(wait::PATIENCE, chat, text)
            .await;
        seen.unwrap_or_else(|error| panic!("nobody said `{text}`: {error}"))
    }

    /// An Alertmanager called `name` that tells Nabat.
    pub(crate) async fn alertmanager(&self, name: &str, timing: &Timing) -> Alertmanager {
        Alertmanager::start(self.folder.path(), name, &self.nabat.webhook(), timing).await
    }

    /// A Prometheus that watches `target` and fires at `alertmanagers`, of which Nabat may be one.
    pub(crate) async fn prometheus(
        &self,
        rules: &[Rule<'_>],
        target: &Target,
        alertmanagers: &[SocketAddr],
    ) -> Prometheus {
        Prometheus::start(self.folder.path(), rules, target, alertmanagers).await
    }
}
