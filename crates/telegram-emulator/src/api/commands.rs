//! The menus of commands, per scope and language.

use serde_json::{Value, json};

use super::Call;
use crate::model::Command;
use crate::refusal::Refusal;
use crate::world::World;

const COMMANDS_MAX: usize = 100;

pub(super) fn set(world: &mut World, call: &Call) -> Result<Value, Refusal> {
    let commands: Vec<Command> = call
        .params
        .get("commands")
        .and_then(|list| serde_json::from_value(list.clone()).ok())
        .ok_or_else(|| Refusal::bad("can't parse commands"))?;
    if commands.len() > COMMANDS_MAX {
        return Err(Refusal::bad("BOT_COMMANDS_TOO_MUCH"));
    }
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if commands
        .iter()
        .any(|command| !command.command.chars().all(fits))
    {
        return Err(Refusal::bad("BOT_COMMAND_INVALID"));
    }
    let key = key(call)?;
    if let Some(bot) = world.bots.get_mut(&call.bot) {
        if commands.is_empty() {
            bot.menus.remove(&key);
        } else {
            bot.menus.insert(key, commands);
        }
    }
    Ok(json!(true))
}

pub(super) fn get(world: &World, call: &Call) -> Result<Value, Refusal> {
    let key = key(call)?;
    let commands = world
        .bots
        .get(&call.bot)
        .and_then(|bot| bot.menus.get(&key));
    Ok(json!(commands.cloned().unwrap_or_default()))
}

pub(super) fn delete(world: &mut World, call: &Call) -> Result<Value, Refusal> {
    let key = key(call)?;
    if let Some(bot) = world.bots.get_mut(&call.bot) {
        bot.menus.remove(&key);
    }
    Ok(json!(true))
}

/// Scope (`default`, `chat:-5`, `chat_member:-5:42`, …) and language, two letters or empty.
fn key(call: &Call) -> Result<(String, String), Refusal> {
    let language = call.text("language_code").unwrap_or_default();
    if !language.is_empty()
        && (language.len() != 2 || !language.bytes().all(|b| b.is_ascii_lowercase()))
    {
        return Err(Refusal::bad("invalid language code specified"));
    }
    let scope = call.params.get("scope");
    let part = |name: &str| scope.and_then(|scope| scope.get(name));
    let mut key = part("type")
        .and_then(Value::as_str)
        .unwrap_or("default")
        .to_owned();
    for id in ["chat_id", "user_id"].iter().filter_map(|name| part(name)) {
        key.push(':');
        key.push_str(&id.to_string().replace('"', ""));
    }
    Ok((key, language.to_owned()))
}
