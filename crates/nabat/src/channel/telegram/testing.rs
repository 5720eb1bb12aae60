//! What tests against the emulated Telegram share.

use std::net::TcpListener;
use std::time::Duration;

use telegram_emulator::{Emulator, Fault, FaultKind, Filter, Limits, Settings, User};

use super::client::Client;
use crate::config::{ApiUrl, Bot, Secret, Updates};

pub(crate) const TOKEN: &str = "7001:AAthis-is_the-secret-of-the-bot";
pub(crate) const BOT: i64 = 7001;
pub(crate) const ANN: i64 = 42;
pub(crate) const SOON: Duration = Duration::from_secs(10);

/// An emulator without limits, with a bot called `ops_bot` and Ann.
pub(crate) async fn telegram() -> Emulator {
    let telegram = Emulator::start(Settings {
        limits: Limits::off(),
        plain_webhooks: true,
        ..Settings::default()
    })
    .await
    .unwrap();
    telegram.add_bot(TOKEN, "ops_bot");
    telegram.add_user(User::new(ANN, "Ann", "en"));
    telegram
}

/// The configuration of the bot, with these addresses of the Bot API.
pub(crate) fn bot<const N: usize>(urls: [String; N]) -> Bot {
    let api = |url| ApiUrl { url, proxy: None };
    Bot {
        name: "ops".into(),
        token: Secret::new(TOKEN),
        token_file: None,
        api_url: urls.into_iter().map(api).collect(),
        proxy: None,
        allow: Vec::new(),
        updates: Updates::Polling,
        webhook: None,
        fallback: None,
    }
}

pub(crate) fn client(bot: &Bot) -> Client {
    // Only the first call installs it; the others find it there.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::new(bot).unwrap()
}

/// A fault that hits a method so many times.
pub(crate) fn fault(method: &str, times: u32, kind: FaultKind) -> Fault {
    Fault {
        filter: Filter {
            method: Some(method.into()),
            ..Filter::default()
        },
        times,
        kind,
    }
}

/// An address at which nobody listens.
pub(crate) fn nobody() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}
