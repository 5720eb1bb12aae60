//! Control calls that change the world.

use axum::{Extension, Json};
use serde::Deserialize;
use serde_json::{Value, json};

use super::Failed;
use crate::emulator::Emulator;
use crate::faults::Fault;
use crate::model::{Place, Status, User};

type Answer = Result<Json<Value>, Failed>;

/// A chat as written in JSON: `"-100123"`, `"7:42"`, or a number.
#[derive(Clone, Copy)]
pub(super) struct PlaceName(pub(super) Place);

impl<'de> Deserialize<'de> for PlaceName {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<PlaceName, D::Error> {
        let place = match Value::deserialize(from)? {
            Value::Number(id) => id.as_i64().map(Place::from),
            Value::String(text) => text.parse().ok(),
            _ => None,
        };
        place
            .map(PlaceName)
            .ok_or_else(|| serde::de::Error::custom("expected a chat: -100123, \"7:42\" or 42"))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewBot {
    token: String,
    username: String,
}

pub(super) async fn add_bot(emulator: Extension<Emulator>, Json(bot): Json<NewBot>) -> Answer {
    Ok(Json(json!(emulator.add_bot(&bot.token, &bot.username))))
}

pub(super) async fn add_user(emulator: Extension<Emulator>, Json(user): Json<User>) -> Answer {
    emulator.add_user(user);
    Ok(Json(json!({})))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewGroup {
    id: i64,
    title: String,
    #[serde(default)]
    supergroup: bool,
    #[serde(default)]
    forum: bool,
}

pub(super) async fn add_group(
    emulator: Extension<Emulator>,
    Json(group): Json<NewGroup>,
) -> Answer {
    let place = if group.supergroup || group.forum {
        emulator.add_supergroup(group.id, &group.title, group.forum)
    } else {
        emulator.add_group(group.id, &group.title)
    };
    Ok(Json(json!({ "chat": place })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewTopic {
    chat: PlaceName,
    name: String,
}

pub(super) async fn add_topic(
    emulator: Extension<Emulator>,
    Json(topic): Json<NewTopic>,
) -> Answer {
    Ok(Json(
        json!({ "topic": emulator.add_topic(topic.chat.0, &topic.name)? }),
    ))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ChangedTopic {
    chat: PlaceName,
    topic: i64,
    closed: Option<bool>,
    #[serde(default)]
    deleted: bool,
}

pub(super) async fn change_topic(
    emulator: Extension<Emulator>,
    Json(change): Json<ChangedTopic>,
) -> Answer {
    if let Some(closed) = change.closed {
        emulator.close_topic(change.chat.0, change.topic, closed)?;
    }
    if change.deleted {
        emulator.delete_topic(change.chat.0, change.topic)?;
    }
    Ok(Json(json!({})))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewStatus {
    chat: PlaceName,
    user: i64,
    status: Status,
    by: Option<i64>,
}

pub(super) async fn set_status(
    emulator: Extension<Emulator>,
    Json(new): Json<NewStatus>,
) -> Answer {
    emulator.set_status_by(new.chat.0, new.user, new.status, new.by.unwrap_or(new.user))?;
    Ok(Json(json!({})))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Migration {
    chat: PlaceName,
    new_id: i64,
}

pub(super) async fn migrate(
    emulator: Extension<Emulator>,
    Json(migration): Json<Migration>,
) -> Answer {
    Ok(Json(
        json!({ "chat": emulator.migrate(migration.chat.0, migration.new_id)? }),
    ))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WhichChat {
    chat: PlaceName,
}

pub(super) async fn delete_group(
    emulator: Extension<Emulator>,
    Json(which): Json<WhichChat>,
) -> Answer {
    emulator.delete_group(which.chat.0)?;
    Ok(Json(json!({})))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Said {
    chat: PlaceName,
    from: i64,
    text: String,
    topic: Option<i64>,
    reply_to: Option<i64>,
}

pub(super) async fn say(emulator: Extension<Emulator>, Json(said): Json<Said>) -> Answer {
    let message = match said.reply_to {
        Some(to) => emulator.reply(said.chat.0, said.from, to, &said.text)?,
        None => emulator.say(said.chat.0, said.from, &said.text, said.topic)?,
    };
    Ok(Json(json!({ "message": message })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Pressed {
    chat: PlaceName,
    message: i64,
    from: i64,
    button: String,
}

pub(super) async fn press(emulator: Extension<Emulator>, Json(pressed): Json<Pressed>) -> Answer {
    let query = emulator.press(
        pressed.chat.0,
        pressed.message,
        pressed.from,
        &pressed.button,
    )?;
    Ok(Json(json!({ "query": query })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Opened {
    user: i64,
    link: String,
    group: Option<i64>,
}

pub(super) async fn open_link(emulator: Extension<Emulator>, Json(opened): Json<Opened>) -> Answer {
    Ok(Json(
        json!({ "chat": emulator.open_link(opened.user, &opened.link, opened.group)? }),
    ))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Blocked {
    chat: PlaceName,
    block: bool,
}

pub(super) async fn block(emulator: Extension<Emulator>, Json(blocked): Json<Blocked>) -> Answer {
    emulator.block(blocked.chat.0, blocked.block)?;
    Ok(Json(json!({})))
}

pub(super) async fn fault(emulator: Extension<Emulator>, Json(fault): Json<Fault>) -> Answer {
    emulator.fault(fault);
    Ok(Json(json!({})))
}

pub(super) async fn clear_faults(emulator: Extension<Emulator>) -> Answer {
    emulator.clear_faults();
    Ok(Json(json!({})))
}
