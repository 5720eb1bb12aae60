//! Control calls that look at the world.

use std::time::Duration;

use axum::extract::{Path, Query};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use axum::{Extension, Json};
use serde::Deserialize;
use serde_json::{Value, json};

use super::Failed;
use crate::emulator::Emulator;
use crate::model::{Command, Place, User};
use crate::world::{Chat, Kind, World};

/// How long `/changes` waits at most.
const CHANGES_WAIT: Duration = Duration::from_secs(25);

/// Bots, people and chats, with the last message of each chat.
pub(super) async fn state(emulator: Extension<Emulator>) -> Json<Value> {
    let version = *emulator.shared.changes.borrow();
    let world = emulator.shared.world();
    let people: Vec<&User> = world.users.values().filter(|user| !user.is_bot).collect();
    let bots: Vec<Value> = world
        .bots
        .values()
        .map(|bot| json!({"id": bot.info.id, "username": bot.info.username}))
        .collect();
    let mut chats: Vec<Value> = world
        .chats
        .values()
        .map(|chat| chat_json(&world, chat))
        .collect();
    // A person may open a private chat with any bot.
    for bot in world.bots.keys() {
        for user in &people {
            let place = Place::Private {
                bot: *bot,
                user: user.id,
            };
            if !world.chats.contains_key(&place) {
                chats.push(json!({"chat": place, "kind": "private", "title": user.first_name, "started": false, "bots": [bot], "members": [user.id], "topics": []}));
            }
        }
    }
    Json(json!({ "version": version, "users": people, "bots": bots, "chats": chats }))
}

fn chat_json(world: &World, chat: &Chat) -> Value {
    let (bots, members): (Vec<i64>, Vec<i64>) = match chat.place {
        Place::Private { bot, user } => (vec![bot], vec![user]),
        Place::Group(_) => chat
            .members
            .iter()
            .filter(|(_, status)| status.is_present())
            .map(|(id, _)| *id)
            .partition(|id| world.bots.contains_key(id)),
    };
    let topics: Vec<Value> = chat
        .topics
        .iter()
        .map(|(id, topic)| json!({"id": id, "name": topic.name, "closed": topic.closed}))
        .collect();
    let (started, blocked) = match chat.kind {
        Kind::Private { started, blocked } => (started, blocked),
        _ => (true, false),
    };
    let menus: Vec<Value> = bots
        .iter()
        .map(|bot| menu(world, *bot, chat.place))
        .collect();
    let gone = chat.deleted || chat.migrated_to.is_some();
    json!({
        "chat": chat.place,
        "kind": chat.kind_name(),
        "title": chat.title,
        "forum": chat.kind == Kind::Supergroup { forum: true },
        "started": started,
        "blocked": blocked,
        "gone": gone,
        "bots": bots,
        "members": members,
        "topics": topics,
        "menus": menus,
        "last": chat.messages.values().next_back(),
    })
}

/// The commands of a bot that apply in a chat, per language: the narrowest scope that has any.
fn menu(world: &World, bot: i64, place: Place) -> Value {
    let wide = match place {
        Place::Private { .. } => "all_private_chats",
        Place::Group(_) => "all_group_chats",
    };
    let scopes = [
        format!("chat:{}", place.chat_id()),
        wide.to_owned(),
        "default".to_owned(),
    ];
    let Some(found) = world.bots.get(&bot) else {
        return Value::Null;
    };
    let scope = scopes
        .iter()
        .find(|scope| found.menus.keys().any(|(known, _)| known == *scope));
    let of_scope = found
        .menus
        .iter()
        .filter(|((known, _), _)| Some(known) == scope);
    let by_language: std::collections::BTreeMap<&str, &Vec<Command>> = of_scope
        .map(|((_, language), commands)| (language.as_str(), commands))
        .collect();
    json!({ "bot": bot, "commands": by_language })
}

#[derive(Deserialize)]
pub(super) struct After {
    #[serde(default)]
    after: u64,
}

/// Answers once the world has changed after the given version, or after 25 s.
pub(super) async fn changes(
    emulator: Extension<Emulator>,
    Query(query): Query<After>,
) -> Json<Value> {
    let mut changes = emulator.shared.changes.subscribe();
    let stopping = emulator.shared.stopping();
    tokio::select! {
        _ = changes.wait_for(|version| *version > query.after) => {}
        () = tokio::time::sleep(CHANGES_WAIT) => {}
        () = stopping.cancelled() => {}
    }
    Json(json!({ "version": *emulator.shared.changes.borrow() }))
}

#[derive(Deserialize)]
pub(super) struct Last {
    last: Option<usize>,
}

/// The messages of a chat, or only the last so many.
pub(super) async fn messages(
    emulator: Extension<Emulator>,
    Path(chat): Path<String>,
    Query(query): Query<Last>,
) -> Result<Json<Value>, Failed> {
    let place: Place = chat
        .parse()
        .map_err(|_| Failed(StatusCode::BAD_REQUEST, format!("`{chat}` is not a chat")))?;
    let messages = emulator.messages(place);
    let skipped = query
        .last
        .map_or(0, |last| messages.len().saturating_sub(last));
    Ok(Json(json!(messages[skipped..])))
}

pub(super) async fn file(
    emulator: Extension<Emulator>,
    Path(id): Path<String>,
) -> Result<impl IntoResponse, Failed> {
    let file = emulator.shared.world().files.get(&id).cloned();
    let file =
        file.ok_or_else(|| Failed(StatusCode::NOT_FOUND, format!("there is no file {id}")))?;
    Ok(([(CONTENT_TYPE, file.mime)], file.bytes))
}

pub(super) async fn answer(
    emulator: Extension<Emulator>,
    Path(query): Path<String>,
) -> Json<Value> {
    Json(json!({ "answer": emulator.answer(&query) }))
}

pub(super) async fn requests(emulator: Extension<Emulator>) -> Json<Value> {
    Json(json!(emulator.requests()))
}

pub(super) async fn forget_requests(emulator: Extension<Emulator>) -> Json<Value> {
    emulator.forget_requests();
    Json(json!({}))
}
