//! getUpdates with its waiting and its conflicts, and the settings of the webhook.

use std::time::Instant;

use serde_json::{Value, json};

use super::Call;
use crate::emulator::Shared;
use crate::refusal::Refusal;
use crate::updates::{Queue, Webhook};
use crate::world::World;

pub(super) async fn get(shared: &Shared, call: &Call) -> Result<Value, Refusal> {
    let mut changes = shared.changes.subscribe();
    let int = |name: &str, default: i64| call.int(name).unwrap_or(default);
    let poll = {
        let mut world = shared.world();
        let queue = queue(&mut world, call)?;
        if queue.webhook.is_some() {
            return Err(Refusal::conflict(
                "can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first",
            ));
        }
        subscribe(queue, call);
        let slow = call.limits.slow_hot_polling;
        queue.begin(
            int("offset", 0),
            int("limit", 100),
            int("timeout", 0),
            slow,
            Instant::now(),
        )
    };
    // Wakes the older poll, which has lost its turn now.
    shared.change();
    let stopping = shared.stopping();
    let deadline = tokio::time::Instant::now() + poll.timeout;
    loop {
        changes.mark_unchanged();
        {
            let mut world = shared.world();
            let queue = queue(&mut world, call)?;
            if queue.webhook.is_some() {
                return Err(Refusal::conflict("terminated by setWebhook request"));
            }
            if !queue.has_turn(poll.turn) {
                return Err(Refusal::conflict(
                    "terminated by other getUpdates request; make sure that only one bot instance is running",
                ));
            }
            let found = queue.head(poll.limit);
            if !found.is_empty()
                || tokio::time::Instant::now() >= deadline
                || stopping.is_cancelled()
            {
                return Ok(Value::Array(found));
            }
        }
        tokio::select! {
            _ = changes.changed() => {}
            () = tokio::time::sleep_until(deadline) => {}
            () = stopping.cancelled() => {}
        }
    }
}

pub(super) fn set_webhook(
    world: &mut World,
    call: &Call,
    plain_webhooks: bool,
) -> Result<Value, Refusal> {
    let url = call.text("url").unwrap_or_default();
    if url.is_empty() {
        return delete_webhook(world, call);
    }
    let loopback = url.starts_with("http://127.0.0.1:") || url.starts_with("http://localhost:");
    if !loopback || !plain_webhooks {
        let reason = match url.starts_with("https://") {
            true => {
                "only plain loopback webhooks are emulated, when Settings::plain_webhooks allows them [emulator]"
            }
            false => "An HTTPS URL must be provided for webhook",
        };
        return Err(Refusal::bad(format!("bad webhook: {reason}")));
    }
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    let secret = call.text("secret_token").map(str::to_owned);
    if secret
        .as_deref()
        .is_some_and(|secret| !secret.chars().all(fits))
    {
        return Err(Refusal::bad("secret token contains unallowed characters"));
    }
    let max_connections = call.int("max_connections").unwrap_or(40).clamp(1, 100);
    let queue = queue(world, call)?;
    subscribe(queue, call);
    if call.flag("drop_pending_updates") {
        queue.clear();
    }
    queue.webhook = Some(Webhook {
        url: url.to_owned(),
        secret,
        max_connections,
    });
    queue.interrupt();
    Ok(json!(true))
}

pub(super) fn delete_webhook(world: &mut World, call: &Call) -> Result<Value, Refusal> {
    let queue = queue(world, call)?;
    queue.webhook = None;
    if call.flag("drop_pending_updates") {
        queue.clear();
    }
    Ok(json!(true))
}

pub(super) fn webhook_info(world: &mut World, call: &Call) -> Result<Value, Refusal> {
    let queue = queue(world, call)?;
    let mut info = json!({
        "url": queue.webhook.as_ref().map_or("", |webhook| &webhook.url),
        "has_custom_certificate": false,
        "pending_update_count": queue.len(),
    });
    if let Some(webhook) = &queue.webhook {
        info["max_connections"] = json!(webhook.max_connections);
    }
    if let Some(allowed) = queue.allowed() {
        info["allowed_updates"] = json!(allowed);
    }
    Ok(info)
}

fn queue<'a>(world: &'a mut World, call: &Call) -> Result<&'a mut Queue, Refusal> {
    world
        .bots
        .get_mut(&call.bot)
        .map(|bot| &mut bot.queue)
        .ok_or_else(|| Refusal::new(401, "Unauthorized"))
}

fn subscribe(queue: &mut Queue, call: &Call) {
    if let Some(kinds) = call.params.get("allowed_updates").and_then(Value::as_array) {
        queue.subscribe(
            kinds
                .iter()
                .filter_map(Value::as_str)
                .map(str::to_owned)
                .collect(),
        );
    }
}
