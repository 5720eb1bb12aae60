//! Alertmanager: its configuration when it tells chats.

use std::net::SocketAddr;

use serde_json::{Value, json};

use super::super::alerts::{NAMES, monitor};
use super::super::setting::quiet;
use super::{Audience, FIRST_CHAT, chat_monitor, token};

pub(super) fn config(ear: SocketAddr, audience: Audience) -> Value {
    if audience == Audience::Nobody {
        return quiet();
    }
    let mut receivers = vec![json!({ "name": "nobody" })];
    let mut routes = Vec::new();
    for told in everyone(ear, audience) {
        let name = format!("receiver{}", receivers.len());
        routes.push(json!({ "receiver": name, "matchers": told.matchers }));
        receivers.push(json!({ "name": name, "telegram_configs": [told.settings] }));
    }
    json!({
        "route": {
            "receiver": "nobody",
            "group_by": ["..."],
            "group_wait": "0s",
            "group_interval": "1m",
            "routes": routes,
        },
        "receivers": receivers,
    })
}

/// One receiver, and which alerts it is told.
struct Told {
    settings: Value,
    matchers: Vec<String>,
}

fn everyone(ear: SocketAddr, audience: Audience) -> Vec<Told> {
    let telegram = |bot: usize, chat: i64, matchers| Told {
        settings: json!({
            "api_url": format!("http://{ear}"),
            "bot_token": token(bot),
            "chat_id": chat,
            "parse_mode": "HTML",
        }),
        matchers,
    };
    match audience {
        Audience::Nobody => Vec::new(),
        Audience::Chats { bots } => (0..bots)
            .flat_map(|bot| (0..NAMES.len()).map(move |n| (bot, n)))
            .map(|(bot, n)| {
                let name = format!("alertname=\"{}\"", NAMES[n]);
                let monitor = format!("monitor=\"{}\"", monitor(bot));
                telegram(bot, (FIRST_CHAT + n) as i64, vec![name, monitor])
            })
            .collect(),
        Audience::Flooded { chats } => chats
            .iter()
            .map(|chat| {
                let monitor = format!("monitor=\"{}\"", chat_monitor(*chat));
                telegram(0, *chat, vec![monitor])
            })
            .collect(),
    }
}
