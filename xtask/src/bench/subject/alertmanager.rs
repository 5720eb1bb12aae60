//! Alertmanager: its configuration.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use anyhow::Result;
use serde_json::{Value, json};

use super::super::alerts::{NAMES, monitor};
use super::super::sink::WEBHOOK;
use super::{Audience, FIRST_CHAT, chat_monitor, token};

pub(super) fn command(
    program: &Path,
    folder: &Path,
    own: SocketAddr,
    ear: SocketAddr,
    audience: Audience,
) -> Result<Command> {
    // JSON is YAML.
    let file = folder.join("alertmanager.yml");
    fs::write(&file, config(ear, audience).to_string())?;
    let mut command = Command::new(program);
    command.arg("--config.file").arg(file);
    command.arg("--storage.path").arg(folder.join("data"));
    command.arg("--web.listen-address").arg(own.to_string());
    command.args(["--cluster.listen-address=", "--log.level=error"]);
    Ok(command)
}

fn config(ear: SocketAddr, audience: Audience) -> Value {
    let nobody = json!({ "name": "nobody" });
    if audience == Audience::Nobody {
        let route = json!({ "receiver": "nobody", "group_by": ["alertname", "cluster"] });
        return json!({ "route": route, "receivers": [nobody] });
    }
    let mut receivers = vec![nobody];
    let mut routes = Vec::new();
    for told in everyone(ear, audience) {
        let name = format!("receiver{}", receivers.len());
        routes.push(json!({ "receiver": name, "matchers": told.matchers }));
        receivers.push(json!({ "name": name, told.kind: [told.settings] }));
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
    kind: &'static str,
    settings: Value,
    matchers: Vec<String>,
}

fn everyone(ear: SocketAddr, audience: Audience) -> Vec<Told> {
    let telegram = |bot: usize, chat: i64, matchers| Told {
        kind: "telegram_configs",
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
        Audience::Webhook => vec![Told {
            kind: "webhook_configs",
            settings: json!({ "url": format!("http://{ear}/{WEBHOOK}") }),
            matchers: Vec::new(),
        }],
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
