//! Asking about chats and members, leaving, and showing that the bot is busy.

use serde_json::{Value, json};

use super::{Call, target};
use crate::model::{Place, Status};
use crate::refusal::Refusal;
use crate::wire;
use crate::world::{Kind, World};

pub(super) fn get_me(world: &World, call: &Call) -> Result<Value, Refusal> {
    let user = world
        .users
        .get(&call.bot)
        .ok_or_else(|| Refusal::new(401, "Unauthorized"))?;
    let mut me = wire::user(user);
    for (name, value) in [
        ("can_join_groups", true),
        ("can_read_all_group_messages", false),
        ("supports_inline_queries", false),
        ("can_connect_to_business", false),
        ("has_main_web_app", false),
    ] {
        me[name] = json!(value);
    }
    Ok(me)
}

pub(super) fn get_chat(world: &World, call: &Call) -> Result<Value, Refusal> {
    let place = match target::chat(world, call)? {
        // Who blocks a bot can still be asked about.
        private @ Place::Private { .. } => private,
        Place::Group(_) => target::open_chat(world, call)?,
    };
    let chat = world
        .chats
        .get(&place)
        .ok_or_else(|| Refusal::bad("chat not found"))?;
    let mut full = wire::chat(world, chat);
    full["accent_color_id"] = json!(0);
    full["max_reaction_count"] = json!(11);
    full["accepted_gift_types"] = json!({
        "unlimited_gifts": false, "limited_gifts": false, "unique_gifts": false, "premium_subscription": false,
        "gifts_from_channels": false,
    });
    if !matches!(chat.kind, Kind::Private { .. }) {
        full["permissions"] =
            json!({"can_send_messages": true, "can_send_photos": true, "can_send_documents": true});
    }
    Ok(full)
}

pub(super) fn member(world: &World, call: &Call) -> Result<Value, Refusal> {
    let place = target::open_chat(world, call)?;
    let id = call.int("user_id").unwrap_or_default();
    let user = world
        .users
        .get(&id)
        .ok_or_else(|| Refusal::bad("PARTICIPANT_ID_INVALID"))?;
    let chat = world
        .chats
        .get(&place)
        .ok_or_else(|| Refusal::bad("chat not found"))?;
    let status = match chat.kind {
        Kind::Private { .. } => Status::Member,
        _ => chat.status_of(id),
    };
    Ok(wire::member(user, status))
}

pub(super) fn administrators(world: &World, call: &Call) -> Result<Value, Refusal> {
    let place = target::open_chat(world, call)?;
    let chat = world
        .chats
        .get(&place)
        .ok_or_else(|| Refusal::bad("chat not found"))?;
    if matches!(chat.kind, Kind::Private { .. }) {
        return Err(Refusal::bad(
            "there are no administrators in the private chat",
        ));
    }
    let bots = call.flag("return_bots");
    let listed = chat.members.iter().filter_map(|(id, status)| {
        let user = world.users.get(id)?;
        let leads = matches!(status, Status::Administrator | Status::Creator);
        (leads && (bots || !user.is_bot || *id == call.bot)).then(|| wire::member(user, *status))
    });
    Ok(listed.collect())
}

pub(super) fn leave(world: &mut World, call: &Call) -> Result<Value, Refusal> {
    let place = target::open_chat(world, call)?;
    if matches!(
        world.chats.get(&place).map(|chat| chat.kind),
        Some(Kind::Private { .. })
    ) {
        return Err(Refusal::bad(
            "chat member status can't be changed in private chats",
        ));
    }
    let left = world.set_status(place, call.bot, Status::Left, call.bot);
    left.map(|()| json!(true))
        .map_err(|_| Refusal::bad("chat not found"))
}

/// Checked like a message, but shown nowhere and free of limits.
pub(super) fn action(world: &World, call: &Call) -> Result<Value, Refusal> {
    let place = target::open_chat(world, call)?;
    target::topic(world, call, place).map(|_| json!(true))
}
