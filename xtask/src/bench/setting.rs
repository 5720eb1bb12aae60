//! Each an `alertmanager.yml` that both programs are started with.

use std::net::SocketAddr;

use serde_json::{Value, json};

use super::sink::WEBHOOK;

/// Nobody is told.
pub(crate) fn quiet() -> Value {
    json!({
        "route": { "receiver": "nobody", "group_by": ["alertname", "cluster"] },
        "receivers": [{ "name": "nobody" }],
    })
}

/// A webhook at `ear` is told of each alert, alone and at once.
pub(crate) fn webhook(ear: SocketAddr) -> Value {
    json!({
        "route": {
            "receiver": "webhook",
            "group_by": ["..."],
            "group_wait": "0s",
            "group_interval": "1m",
        },
        "receivers": [receiver("webhook", ear)],
    })
}

/// Who is told at the webhook at `ear`.
pub(crate) fn receiver(name: &str, ear: SocketAddr) -> Value {
    let url = format!("http://{ear}/{WEBHOOK}");
    json!({ "name": name, "webhook_configs": [{ "url": url }] })
}
