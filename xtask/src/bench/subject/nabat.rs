//! Nabat: its configuration when it tells chats, and people who subscribe.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Result, ensure};
use serde_json::{Value, json};

use super::super::alerts::{NAMES, monitor};
use super::super::sink::Sink;
use super::{Audience, FIRST_CHAT, token};
use crate::process;

const SUBSCRIBE_MAX: Duration = Duration::from_secs(20);

pub(super) fn config(ear: SocketAddr, audience: Audience) -> Value {
    let (bots, chats) = match audience {
        Audience::Nobody => (1, Vec::new()),
        Audience::Chats { bots } => (
            bots,
            (FIRST_CHAT..FIRST_CHAT + NAMES.len())
                .map(Value::from)
                .collect(),
        ),
        Audience::Flooded { chats } => (1, chats.iter().copied().map(Value::from).collect()),
    };
    let bot = |bot: usize| {
        json!({
            "name": monitor(bot),
            "token": token(bot),
            "api_url": format!("http://{ear}"),
            "allow": chats,
        })
    };
    json!({ "telegram": { "bots": (0..bots).map(bot).collect::<Vec<_>>() } })
}

/// Each chat subscribes to the alerts of one name; the answer says that it is done.
pub(super) fn subscribe(sink: &Sink, bots: usize) -> Result<()> {
    for (n, name) in NAMES.iter().enumerate() {
        for bot in 0..bots {
            let before = sink.arrived();
            let text = format!("/subscribe alertname={name} monitor={}", monitor(bot));
            sink.say(&token(bot), FIRST_CHAT + n, &text);
            let answered = process::wait_until(SUBSCRIBE_MAX, || sink.arrived() > before);
            ensure!(answered, "Nabat did not answer `{text}`");
        }
    }
    Ok(())
}
