//! Delivers updates to webhooks: one at a time and in order, confirmed by a 2xx answer, tried again otherwise.
//!
//! Only plain HTTP to the loopback interface is spoken, by hand: an HTTP client would be the largest dependency here.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;

use crate::emulator::Shared;
use crate::updates::Webhook;

const ANSWER_WITHIN: Duration = Duration::from_secs(10);
/// Telegram starts with more; tests should not wait.
const RETRY_FIRST: Duration = Duration::from_millis(100);
const RETRY_MAX: Duration = Duration::from_secs(60);

/// Delivers until `stopping` is cancelled.
pub(crate) async fn deliver(shared: Arc<Shared>, stopping: CancellationToken) {
    let mut changes = shared.changes.subscribe();
    let mut pause = RETRY_FIRST;
    loop {
        changes.mark_unchanged();
        let mut failed = false;
        for (bot, webhook, update) in due(&shared) {
            let delivered = tokio::select! {
                delivered = post(&webhook, &update) => delivered,
                () = stopping.cancelled() => return,
            };
            if delivered {
                confirm(&shared, bot, &update);
            }
            failed |= !delivered;
        }
        if failed {
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = stopping.cancelled() => return,
            }
            pause = (pause * 2).min(RETRY_MAX);
            continue;
        }
        pause = RETRY_FIRST;
        if !due(&shared).is_empty() {
            continue;
        }
        tokio::select! {
            _ = changes.changed() => {}
            () = stopping.cancelled() => return,
        }
    }
}

fn confirm(shared: &Shared, bot: i64, update: &Value) {
    if let (Some(id), Some(bot)) = (
        update["update_id"].as_i64(),
        shared.world().bots.get_mut(&bot),
    ) {
        bot.queue.delivered(id);
    }
    shared.change();
}

/// The oldest update of every bot that has a webhook.
fn due(shared: &Shared) -> Vec<(i64, Webhook, Value)> {
    let mut world = shared.world();
    let next = |(id, bot): (&i64, &mut crate::world::Bot)| {
        let webhook = bot.queue.webhook.clone()?;
        Some((*id, webhook, bot.queue.head(1).pop()?))
    };
    world.bots.iter_mut().filter_map(next).collect()
}

/// Whether the webhook took the update.
async fn post(webhook: &Webhook, update: &Value) -> bool {
    let exchange = tokio::time::timeout(ANSWER_WITHIN, exchange(webhook, update));
    matches!(exchange.await, Ok(Ok(answer)) if answer.starts_with(b"HTTP/1.1 2"))
}

async fn exchange(webhook: &Webhook, update: &Value) -> std::io::Result<Vec<u8>> {
    let address = webhook.url.trim_start_matches("http://");
    let (host, path) = address.split_once('/').unwrap_or((address, ""));
    let body = update.to_string();
    let secret = match &webhook.secret {
        Some(secret) => format!("X-Telegram-Bot-Api-Secret-Token: {secret}\r\n"),
        None => String::new(),
    };
    let head = format!(
        "POST /{path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n{secret}Content-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    let mut stream = TcpStream::connect(host).await?;
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(body.as_bytes()).await?;
    let mut answer = vec![0; "HTTP/1.1 2".len()];
    stream.read_exact(&mut answer).await?;
    Ok(answer)
}
