//! Changing what was sent: text, caption, buttons, reactions; and deleting it.
//!
//! As with Telegram, leaving out `reply_markup` in an edit removes the buttons.

use serde_json::{Value, json};

use super::send::{TEXT_MAX, formatted};
use super::{Call, media, target};
use crate::html::Formatted;
use crate::keyboard;
use crate::model::{Message, Place, Status};
use crate::refusal::Refusal;
use crate::world::{Kind, World, unix_now};

const DELETABLE_FOR_SECONDS: i64 = 48 * 60 * 60;
const NOT_MODIFIED: &str = "message is not modified: specified new message content and reply markup are exactly the same as a current content and reply markup of the message";

pub(super) fn text(world: &mut World, call: &Call) -> Result<Value, Refusal> {
    if call.params.contains_key("rich_message") {
        return Err(Refusal::bad(
            "parameter \"rich_message\" is not emulated [emulator]",
        ));
    }
    let content = formatted(call, "text", "entities")?;
    if content.text.is_empty() {
        return Err(Refusal::bad("message text is empty"));
    }
    if content.text.chars().count() > TEXT_MAX {
        return Err(Refusal::bad("MESSAGE_TOO_LONG"));
    }
    change(world, call, Some(content), |message| match message.file {
        Some(_) => Err(Refusal::bad("there is no text in the message to edit")),
        None => Ok(()),
    })
}

pub(super) fn caption(world: &mut World, call: &Call) -> Result<Value, Refusal> {
    let content = media::caption(call)?;
    change(world, call, Some(content), |message| match message.file {
        Some(_) => Ok(()),
        None => Err(Refusal::bad("there is no caption in the message to edit")),
    })
}

pub(super) fn markup(world: &mut World, call: &Call) -> Result<Value, Refusal> {
    change(world, call, None, |_| Ok(()))
}

fn change(
    world: &mut World,
    call: &Call,
    content: Option<Formatted>,
    fits: impl Fn(&Message) -> Result<(), Refusal>,
) -> Result<Value, Refusal> {
    if call.params.contains_key("inline_message_id") {
        return Err(Refusal::bad("inline messages are not emulated [emulator]"));
    }
    let chat = target::chat(world, call)?;
    let markup = keyboard::check(call.params.get("reply_markup"), chat.chat_id())?;
    let id = call
        .int("message_id")
        .ok_or_else(|| Refusal::bad("message identifier is not specified"))?;
    let place = target::open_chat(world, call)?;
    let message = find(world, place, id, "message to edit not found")?;
    let other_keyboard = message
        .markup
        .as_ref()
        .is_some_and(|markup| markup.get("inline_keyboard").is_none());
    if message.from != call.bot || message.service.is_some() || other_keyboard {
        return Err(Refusal::bad("message can't be edited"));
    }
    fits(message)?;
    call.spend(world, place.chat_id())?;
    let message = world
        .chats
        .get_mut(&place)
        .and_then(|chat| chat.messages.get_mut(&id))
        .ok_or_else(|| Refusal::bad("message to edit not found"))?;
    let same_content = content
        .as_ref()
        .is_none_or(|content| content.text == message.text && content.entities == message.entities);
    if same_content && message.markup == markup {
        return Err(Refusal::bad(NOT_MODIFIED));
    }
    if let Some(content) = content {
        message.html = crate::html::render(&content);
        message.text = content.text;
        message.entities = content.entities;
    }
    message.buttons = markup.as_ref().map(keyboard::buttons).unwrap_or_default();
    message.markup = markup;
    message.edits += 1;
    Ok(world.message_json(place, id))
}

pub(super) fn delete(world: &mut World, call: &Call) -> Result<Value, Refusal> {
    let place = target::open_chat(world, call)?;
    let id = call.int("message_id").unwrap_or_default();
    let message = find(world, place, id, "message to delete not found")?;
    let Some(chat) = world.chats.get(&place) else {
        return Err(Refusal::bad("chat not found"));
    };
    let private = matches!(chat.kind, Kind::Private { .. });
    let may =
        message.from == call.bot || private || chat.status_of(call.bot) == Status::Administrator;
    if !may || unix_now() - message.date > DELETABLE_FOR_SECONDS {
        return Err(Refusal::bad("message can't be deleted"));
    }
    if let Some(chat) = world.chats.get_mut(&place) {
        chat.messages.remove(&id);
    }
    Ok(json!(true))
}

pub(super) fn reaction(world: &mut World, call: &Call) -> Result<Value, Refusal> {
    let place = target::open_chat(world, call)?;
    let id = call.int("message_id").unwrap_or_default();
    find(world, place, id, "message to react not found")?;
    let given = call
        .params
        .get("reaction")
        .and_then(Value::as_array)
        .cloned()
        .unwrap_or_default();
    if given.len() > 1 {
        return Err(Refusal::bad("REACTIONS_TOO_MANY"));
    }
    let emoji = given
        .iter()
        .filter_map(|reaction| reaction.get("emoji")?.as_str().map(str::to_owned))
        .collect();
    if let Some(message) = world
        .chats
        .get_mut(&place)
        .and_then(|chat| chat.messages.get_mut(&id))
    {
        message.reactions = emoji;
    }
    Ok(json!(true))
}

fn find<'a>(
    world: &'a World,
    place: Place,
    id: i64,
    missing: &str,
) -> Result<&'a Message, Refusal> {
    world
        .chats
        .get(&place)
        .and_then(|chat| chat.messages.get(&id))
        .ok_or_else(|| Refusal::bad(missing))
}
