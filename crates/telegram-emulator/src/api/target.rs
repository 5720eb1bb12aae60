//! Where a message goes: finds chat and topic, and refuses as Telegram does when the bot may not write there.

use serde_json::Value;

use super::Call;
use crate::model::{Place, Status};
use crate::refusal::Refusal;
use crate::world::{Kind, World};

/// General, the topic without an id of its own.
const GENERAL: i64 = 1;

/// The chat that `chat_id` names, if the bot may know it.
pub(super) fn chat(world: &World, call: &Call) -> Result<Place, Refusal> {
    let not_found = || Refusal::bad("chat not found");
    let id = match call.params.get("chat_id") {
        Some(Value::Number(id)) => id.as_i64().ok_or_else(not_found)?,
        Some(Value::String(text)) if text.is_empty() => {
            return Err(Refusal::bad("chat_id is empty"));
        }
        Some(_) => return Err(not_found()),
        None => return Err(Refusal::bad("chat_id is empty")),
    };
    let place = match id {
        0 => return Err(Refusal::bad("chat_id is empty")),
        1.. => Place::Private {
            bot: call.bot,
            user: id,
        },
        _ => Place::Group(id),
    };
    match world.chats.get(&place) {
        Some(chat) => match chat.kind {
            Kind::Private { .. } => Ok(place),
            // A bot that never was in a group does not know it.
            _ if chat.members.contains_key(&call.bot) => Ok(place),
            _ => Err(not_found()),
        },
        // The bot has met the user in a group, but may not write first.
        None if id > 0 && shares_group(world, call.bot, id) => Err(Refusal::forbidden(
            "bot can't initiate conversation with a user",
        )),
        None => Err(not_found()),
    }
}

fn shares_group(world: &World, bot: i64, user: i64) -> bool {
    world
        .chats
        .values()
        .any(|chat| chat.members.contains_key(&bot) && chat.members.contains_key(&user))
}

/// The chat, if the bot may act in it now.
pub(super) fn open_chat(world: &World, call: &Call) -> Result<Place, Refusal> {
    let place = chat(world, call)?;
    let Some(chat) = world.chats.get(&place) else {
        return Err(Refusal::bad("chat not found"));
    };
    if let Some(id) = chat.migrated_to {
        return Err(Refusal::migrated(id));
    }
    if chat.deleted {
        return Err(Refusal::forbidden("the group chat was deleted"));
    }
    if let Kind::Private { blocked, .. } = chat.kind {
        return if blocked {
            Err(Refusal::forbidden("bot was blocked by the user"))
        } else {
            Ok(place)
        };
    }
    let group = chat
        .kind_name()
        .replace("group", "group chat")
        .replace("supergroup chat chat", "supergroup chat");
    match chat.status_of(call.bot) {
        Status::Kicked => Err(Refusal::forbidden(format!(
            "bot was kicked from the {group}"
        ))),
        Status::Left => Err(Refusal::forbidden(format!(
            "bot is not a member of the {group}"
        ))),
        _ => Ok(place),
    }
}

/// The topic to write in; `None` is General or a chat without topics.
pub(super) fn topic(world: &World, call: &Call, place: Place) -> Result<Option<i64>, Refusal> {
    let Some(id) = call.int("message_thread_id").filter(|id| *id != 0) else {
        return Ok(None);
    };
    let Some(chat) = world.chats.get(&place) else {
        return Err(Refusal::bad("chat not found"));
    };
    let forum = chat.kind == Kind::Supergroup { forum: true };
    if forum && id == GENERAL {
        return Ok(None);
    }
    match chat.topics.get(&id) {
        Some(topic) if topic.closed && chat.status_of(call.bot) != Status::Administrator => {
            Err(Refusal::bad("TOPIC_CLOSED"))
        }
        Some(_) => Ok(Some(id)),
        None => Err(Refusal::bad("message thread not found")),
    }
}

/// The message to answer, or `None` where answering nothing is allowed.
pub(super) fn reply(world: &World, call: &Call, place: Place) -> Result<Option<i64>, Refusal> {
    let Some(reply) = call.params.get("reply_parameters") else {
        return Ok(None);
    };
    let Some(id) = reply.get("message_id").and_then(Value::as_i64) else {
        return Ok(None);
    };
    let exists = world
        .chats
        .get(&place)
        .is_some_and(|chat| chat.messages.contains_key(&id));
    let without = reply.get("allow_sending_without_reply") == Some(&Value::Bool(true));
    match (exists, without) {
        (true, _) => Ok(Some(id)),
        (false, true) => Ok(None),
        (false, false) => Err(Refusal::bad("message to be replied not found")),
    }
}
