//! sendMessage, and the reading of formatted texts that the other methods share.

use serde_json::Value;

use super::{Call, target};
use crate::html::{self, Formatted};
use crate::refusal::Refusal;
use crate::world::{Draft, World};
use crate::{detect, keyboard};

/// Bytes of a text before parsing.
const RAW_MAX: usize = 32_768;
/// Characters of a message after parsing.
pub(super) const TEXT_MAX: usize = 4096;

pub(super) fn message(world: &mut World, call: &Call) -> Result<Value, Refusal> {
    let content = formatted(call, "text", "entities")?;
    if content.text.is_empty() {
        return Err(Refusal::bad("message text is empty"));
    }
    if content.text.chars().count() > TEXT_MAX {
        return Err(Refusal::bad("message is too long"));
    }
    deliver(
        world,
        call,
        Draft {
            content,
            ..Draft::default()
        },
    )
}

/// Puts a message into the chat, with everything that is common to all kinds of messages.
pub(super) fn deliver(world: &mut World, call: &Call, draft: Draft) -> Result<Value, Refusal> {
    let chat = target::chat(world, call)?;
    let markup = keyboard::check(call.params.get("reply_markup"), chat.chat_id())?;
    let place = target::open_chat(world, call)?;
    call.spend(world, place.chat_id())?;
    let reply_to = target::reply(world, call, place)?;
    let draft = Draft {
        topic: target::topic(world, call, place)?,
        from: call.bot,
        reply_to,
        silent: call.flag("disable_notification"),
        markup,
        ..draft
    };
    let id = world
        .post(place, draft)
        .map_err(|_| Refusal::bad("chat not found"))?;
    Ok(world.message_json(place, id))
}

/// The text in parameter `name`, parsed as `parse_mode` says, trimmed, with what Telegram finds in it by itself.
pub(super) fn formatted(
    call: &Call,
    name: &str,
    entities_name: &str,
) -> Result<Formatted, Refusal> {
    let raw = call.text(name).unwrap_or_default();
    if raw.len() > RAW_MAX {
        return Err(Refusal::bad("Text is too long"));
    }
    if call
        .params
        .get(entities_name)
        .and_then(Value::as_array)
        .is_some_and(|list| !list.is_empty())
    {
        return Err(Refusal::bad(format!(
            "parameter \"{entities_name}\" is not emulated; use parse_mode HTML [emulator]"
        )));
    }
    let parsed = match call.text("parse_mode") {
        Some("HTML") => html::parse(raw)
            .map_err(|problem| Refusal::bad(format!("can't parse entities: {problem}")))?,
        Some(mode) => {
            return Err(Refusal::bad(format!(
                "parse_mode {mode} is not emulated; use HTML [emulator]"
            )));
        }
        None => Formatted {
            text: raw.replace('\r', ""),
            entities: Vec::new(),
        },
    };
    let mut tidied = html::tidy(parsed);
    let found = detect::entities(&tidied.text);
    let overlaps = |entity: &html::Entity| {
        tidied.entities.iter().any(|known| {
            matches!(known.kind, "code" | "pre" | "text_link")
                && known.offset < entity.offset + entity.length
                && entity.offset < known.offset + known.length
        })
    };
    let new: Vec<html::Entity> = found
        .into_iter()
        .filter(|entity| !overlaps(entity))
        .collect();
    tidied.entities.extend(new);
    tidied
        .entities
        .sort_by_key(|entity| (entity.offset, std::cmp::Reverse(entity.length)));
    Ok(tidied)
}
