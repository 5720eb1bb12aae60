//! A running emulator with one bot, two people and a client.

use std::time::Duration;

use serde_json::{Value, json};
use telegram_emulator::{Emulator, Limits, Settings, User};

pub(crate) const TOKEN: &str = "7001:secret";
pub(crate) const BOT: i64 = 7001;
pub(crate) const ANN: i64 = 42;
pub(crate) const BOB: i64 = 43;
pub(crate) const GROUP: i64 = -1_001_234;
pub(crate) const SOON: Duration = Duration::from_secs(10);

pub(crate) struct World {
    pub(crate) telegram: Emulator,
    pub(crate) http: reqwest::Client,
}

/// An emulator without limits.
pub(crate) async fn world() -> World {
    with(Settings {
        limits: Limits::off(),
        plain_webhooks: true,
        ..Settings::default()
    })
    .await
}

pub(crate) async fn with(settings: Settings) -> World {
    let telegram = Emulator::start(settings).await.unwrap();
    telegram.add_bot(TOKEN, "ops_bot");
    telegram.add_user(User::new(ANN, "Ann", "en"));
    telegram.add_user(User::new(BOB, "Bob", "ru"));
    World {
        telegram,
        http: client(),
    }
}

pub(crate) fn client() -> reqwest::Client {
    // Only the first call installs it; the others find it there.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().no_proxy().build().unwrap()
}

impl World {
    pub(crate) fn address(&self, method: &str) -> String {
        format!("{}/bot{TOKEN}/{method}", self.telegram.url())
    }

    /// Calls a method and gives the answer, whatever it is.
    pub(crate) async fn call(&self, method: &str, params: Value) -> Value {
        let answer = self
            .http
            .post(self.address(method))
            .json(&params)
            .send()
            .await
            .unwrap();
        let status = answer.status().as_u16();
        let body: Value = answer.json().await.unwrap();
        assert_eq!(
            body["error_code"].as_u64().unwrap_or(200),
            u64::from(status),
            "{body}"
        );
        body
    }

    /// The result of a call that must succeed.
    pub(crate) async fn ok(&self, method: &str, params: Value) -> Value {
        let body = self.call(method, params).await;
        assert_eq!(body["ok"], json!(true), "{method}: {body}");
        assert_eq!(
            telegram_emulator::describes(kind(method), &body["result"]),
            Ok(()),
            "{method}: {body}"
        );
        body["result"].clone()
    }

    /// The description of a call that must be refused.
    pub(crate) async fn refused(&self, method: &str, params: Value) -> String {
        let body = self.call(method, params).await;
        assert_eq!(body["ok"], json!(false), "{method}: {body}");
        body["description"].as_str().unwrap().to_owned()
    }

    /// All updates that wait, confirmed.
    pub(crate) async fn updates(&self) -> Vec<Value> {
        let found = self
            .ok("getUpdates", json!({"timeout": 0}))
            .await
            .as_array()
            .unwrap()
            .clone();
        if let Some(last) = found.last() {
            self.ok(
                "getUpdates",
                json!({"offset": last["update_id"].as_i64().unwrap() + 1, "timeout": 0}),
            )
            .await;
        }
        found
    }
}

/// What the Bot API says that a method answers.
fn kind(method: &str) -> &'static str {
    match method {
        "getMe" => "User",
        "getUpdates" => "Update[]",
        "getWebhookInfo" => "WebhookInfo",
        "getChat" => "ChatFullInfo",
        "getChatMember" => "ChatMember",
        "getChatAdministrators" => "ChatMember[]",
        "getMyCommands" => "BotCommand[]",
        "sendMessage"
        | "sendPhoto"
        | "sendDocument"
        | "editMessageText"
        | "editMessageCaption"
        | "editMessageReplyMarkup" => "Message",
        _ => "true",
    }
}
