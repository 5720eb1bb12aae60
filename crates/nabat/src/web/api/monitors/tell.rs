//! The chat that a monitor tells by itself: who speaks there is found out, Telegram is asked whether
//! they may, and only then the definition names both by their numbers. A token leaves it here.

use std::collections::HashMap;

use axum::http::StatusCode;
use nabat_core::chat::{BotId, BotToken, MadeBot};
use serde_json::{Value, json};

use crate::channel::telegram::client::Client;
use crate::channel::telegram::introduction::{Introduction, Unfit, introduce};
use crate::clock;
use crate::config::monitor::{Place, Tell};
use crate::config::{self, Written};
use crate::engine::MadeBots;
use crate::watch::{Introduced, Refused, Shown};
use crate::web;
use crate::web::answer::Problem;

use super::written;

/// Who is to speak.
struct Speaker {
    bot: config::Bot,
    /// Whether it is one of the configuration.
    configured: bool,
}

/// What Telegram said for one request: of many monitors in one chat it is asked once.
#[derive(Default)]
pub(super) struct Asked {
    /// By token, chat and topic.
    introductions: HashMap<(String, Place, Option<i64>), Introduction>,
}

/// Makes sure of the chat that a definition names, unless `known` tells it already.
pub(super) async fn settle(
    state: &web::State,
    wanted: Written,
    known: Option<&Shown>,
    asked: &mut Asked,
) -> Result<(Written, Option<Introduced>), Problem> {
    let Some(tell) = &wanted.monitor.tell else {
        return Ok((wanted, None));
    };
    let made = state.engine.made_bots().borrow().clone();
    let speaker = speaker(state, tell, &made)?;
    let id = speaker.bot.id();
    let is_known = tell.token.expose().is_empty()
        && known
            .and_then(|known| known.monitor.own_chat())
            .is_some_and(|chat| {
                let same_place = tell.chat == Place::Id(chat.chat) && tell.topic == chat.topic;
                same_place && chat.bot == BotId(id)
            });
    let (chat, introduced) = match (is_known, &tell.chat) {
        (true, Place::Id(chat)) => (*chat, None),
        _ => {
            let place = (&tell.chat, tell.topic);
            let introduction = asked.introduction(&speaker.bot, place).await?;
            (introduction.chat, Some(introduced(&speaker, introduction)))
        }
    };
    let mut definition: Value = serde_json::from_str(&wanted.definition).unwrap_or_default();
    definition["tell"] = json!({"bot": id, "chat": chat});
    if let Some(topic) = tell.topic {
        definition["tell"]["topic"] = topic.into();
    }
    Ok((written(&definition, "the body")?, introduced))
}

impl Asked {
    async fn introduction(
        &mut self,
        bot: &config::Bot,
        (chat, topic): (&Place, Option<i64>),
    ) -> Result<Introduction, Unfit> {
        let of = (bot.token.expose().to_owned(), chat.clone(), topic);
        if let Some(introduction) = self.introductions.get(&of) {
            return Ok(introduction.clone());
        }
        let client = Client::new(bot).map_err(|error| Unfit::Unknown {
            reason: error.to_string(),
        })?;
        let introduction = introduce(&client, chat, topic).await?;
        self.introductions.insert(of, introduction.clone());
        Ok(introduction)
    }
}

fn introduced(speaker: &Speaker, introduction: Introduction) -> Introduced {
    let Introduction {
        username, title, ..
    } = introduction;
    let bot = (!speaker.configured).then(|| MadeBot {
        id: BotId(speaker.bot.id()),
        username,
        token: BotToken(speaker.bot.token.expose().to_owned()),
        made_at: clock::now(),
    });
    Introduced { bot, title }
}

/// The bot that is meant: that of the token, that of the number, or the only one.
fn speaker(state: &web::State, tell: &Tell, made: &MadeBots) -> Result<Speaker, Problem> {
    let telegram = &state.config.borrow().telegram;
    let of_token =
        (!tell.token.expose().is_empty()).then(|| telegram.made_bot("", tell.token.clone()).id());
    if let (Some(id), Some(other)) = (of_token, tell.bot)
        && id != other
    {
        return Err(unfit(
            "`tell.bot` is not the number before the colon of `tell.token`",
            "leave one of them out",
        ));
    }
    let id = match of_token.or(tell.bot) {
        Some(id) => id,
        None => only_one(telegram, made)?,
    };
    let known = made.iter().find(|known| known.id == BotId(id));
    if let Some(configured) = telegram.bot(id) {
        let mut bot = configured.clone();
        if of_token.is_some() {
            // Who names a token shows that they have it; what is used is that of the configuration.
            bot.token = tell.token.clone();
        }
        return Ok(Speaker {
            bot,
            configured: true,
        });
    }
    let token = match (of_token, known) {
        (Some(_), _) => tell.token.clone(),
        (None, Some(known)) => config::Secret::new(known.token.0.as_str()),
        (None, None) => {
            return Err(unfit(
                format!("Nabat knows no bot with the number {id}"),
                "give its token as `tell.token`",
            ));
        }
    };
    // Whoever is not going to come in need not be asked for; the watch has the last word.
    let max = telegram.made_bots.max as usize;
    if known.is_none() && made.len() >= max {
        return Err(Refused::TooManyBots { max }.into());
    }
    let username = known.map_or("", |known| known.username.as_str());
    Ok(Speaker {
        bot: telegram.made_bot(username, token),
        configured: false,
    })
}

fn only_one(telegram: &config::Telegram, made: &MadeBots) -> Result<i64, Problem> {
    let made = made.iter().map(|bot| bot.id.0);
    let mut all: Vec<i64> = telegram
        .bots
        .iter()
        .map(config::Bot::id)
        .chain(made)
        .collect();
    all.sort_unstable();
    all.dedup();
    match all[..] {
        [only] => Ok(only),
        [] => Err(unfit(
            "`tell` names no bot, and Nabat has none",
            "give the token of a bot as `tell.token`; @BotFather makes bots",
        )),
        _ => Err(unfit(
            "`tell` names no bot, and Nabat has several",
            "give the token of one as `tell.token`, or its number as `tell.bot`",
        )),
    }
}

fn unfit(message: impl Into<String>, hint: &'static str) -> Problem {
    Problem::new(
        StatusCode::UNPROCESSABLE_ENTITY,
        "invalid_tell",
        message,
        hint,
    )
}

impl From<Unfit> for Problem {
    fn from(unfit: Unfit) -> Self {
        let message = format!("{unfit}; nothing was kept");
        let (status, code, hint) = match &unfit {
            Unfit::Token(_) => (
                StatusCode::UNPROCESSABLE_ENTITY,
                "telegram_refused",
                "copy the whole token from @BotFather (`/token`), such as `123456789:AAE…`",
            ),
            Unfit::Chat { refusal, .. } => (
                StatusCode::UNPROCESSABLE_ENTITY,
                "telegram_refused",
                way_in(&refusal.description),
            ),
            Unfit::Mute { .. } => (
                StatusCode::UNPROCESSABLE_ENTITY,
                "telegram_refused",
                "make the bot an administrator of the chat, or give it the right to write",
            ),
            Unfit::Unknown { .. } => (
                StatusCode::SERVICE_UNAVAILABLE,
                "telegram_unreachable",
                "try again; where Telegram is blocked, say under `telegram.made_bots` how it is reached",
            ),
        };
        Self::new(status, code, message, hint)
    }
}

/// What lets a bot into a chat, by what Telegram says.
fn way_in(said: &str) -> &'static str {
    let said = said.to_lowercase();
    if said.contains("thread not found") || said.contains("topic") {
        return "is it the number of a topic that is open? A link to a message in it has that number before the last; without `topic` it is General";
    }
    if said.contains("blocked by the user") {
        return "the person has to unblock the bot in Telegram";
    }
    if said.contains("kicked") || said.contains("not a member") {
        return "add the bot to the chat again, in a channel as an administrator";
    }
    "is the id right? A person has to open the bot and press Start first; a group has to have it as a member, a channel as an administrator; ids of groups and channels begin with `-`"
}
