//! `/api/v1/bots`: the bots that there are, those that came in while Nabat ran among them.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use nabat_core::chat::{BotId, ChatKey, MadeBot};
use nabat_core::destination::Destination;
use nabat_core::token::Role;

use super::caller::Admin;
use super::operation::{self, Operation};
use super::shape::bot::{Bot, Bots, Chat};
use crate::config::{self, Secret};
use crate::watch::Filter;
use crate::web;
use crate::web::answer::Problem;

/// What can be asked.
pub(super) fn operations() -> [Operation; 1] {
    [operation::get("/api/v1/bots", list)
        .named("listBots", "List the bots")
        .about("Those of the configuration, and those whose tokens came in with monitors.")
        .needs(Role::Admin)
        .gives::<Bots>(StatusCode::OK, "All bots.")]
}

/// Lists the bots.
async fn list(State(state): State<web::State>, _: Admin) -> Result<Json<Bots>, Problem> {
    let telegram = state.config.borrow().telegram.clone();
    let made = state.engine.made_bots().borrow().clone();
    let mut chats = chats(&state).await?;
    let configured = telegram.bots.iter().map(|bot| (bot.clone(), None));
    let of_made = |made: &MadeBot| {
        let token = Secret::new(made.token.0.as_str());
        (telegram.made_bot(&made.username, token), Some(made.clone()))
    };
    let made = made.iter().filter(|bot| telegram.bot(bot.id.0).is_none());
    let mut made: Vec<_> = made.map(of_made).collect();
    made.sort_by_key(|(bot, _)| bot.id());
    let bots = configured.chain(made).map(|(bot, made)| {
        let chats = chats.remove(&BotId(bot.id())).unwrap_or_default();
        shown(&state, &bot, made, chats)
    });
    Ok(Json(Bots {
        bots: bots.collect(),
    }))
}

fn shown(state: &web::State, bot: &config::Bot, made: Option<MadeBot>, chats: Vec<Chat>) -> Bot {
    let id = bot.id();
    let now = state.roster.state(BotId(id));
    let username = now.as_ref().and_then(|now| now.username());
    let username = username.map(str::to_owned);
    Bot {
        id,
        name: bot.name.clone(),
        username: username.or_else(|| made.as_ref().map(|made| made.username.clone())),
        token: format!("{id}:…"),
        configured: made.is_none(),
        made_at: made.map(|made| made.made_at.to_string()),
        problem: now.as_ref().and_then(|now| now.trouble()),
        state: now.as_ref().into(),
        chats,
    }
}

/// The chats that monitors tell by themselves, of each bot.
async fn chats(state: &web::State) -> Result<BTreeMap<BotId, Vec<Chat>>, Problem> {
    let all = Filter {
        limit: usize::MAX,
        ..Filter::default()
    };
    let mut monitors: BTreeMap<ChatKey, Vec<String>> = BTreeMap::new();
    for monitor in state.watch.list(all).await?.monitors {
        if let Some(chat) = monitor.monitor.own_chat() {
            let there = monitors.entry(chat).or_default();
            there.push(monitor.record.name.clone());
        }
    }
    let places = monitors.keys().copied().map(Destination::Chat);
    let titles = state.engine.names(places.collect()).await?;
    let mut chats: BTreeMap<BotId, Vec<Chat>> = BTreeMap::new();
    for ((key, monitors), title) in monitors.into_iter().zip(titles) {
        chats.entry(key.bot).or_default().push(Chat {
            chat: key.chat,
            topic: key.topic,
            title,
            monitors,
        });
    }
    Ok(chats)
}
