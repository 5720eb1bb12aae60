//! `nabat bots`: the bots that there are, and the chats that monitors tell by them.

use clap::Args;
use reqwest::Method;

use super::output::{How, Output, json};
use super::table::{Table, clean, width};
use super::{Outcome, complain, print, runtime};
use crate::web::api::shape::bot::{Bot, Bots as All, Chat, State};

/// List the bots, those that came in with monitors among them, and whether they work
#[derive(Debug, Args)]
pub(super) struct Bots {
    #[command(flatten)]
    how: How,
}

impl Bots {
    pub(super) fn run(self) -> Outcome {
        runtime()?.block_on(async {
            let api = self.how.target.open()?;
            let all: All = api.ask(Method::GET, "/api/v1/bots", &[]).await?;
            if self.how.output == Output::Json {
                return json(&all);
            }
            if all.bots.is_empty() {
                complain("no bots: alerts are kept and shown, but nobody is told in Telegram");
                return Ok(());
            }
            let table = Table {
                head: ["BOT", "TOKEN", "FROM", "STATE", "CHAT", "MONITORS"],
                flexible_from: 4,
                rows: all.bots.iter().flat_map(rows).collect(),
            };
            print(&table.text(width()));
            for (bot, problem) in all
                .bots
                .iter()
                .filter_map(|bot| Some((bot, bot.problem.as_ref()?)))
            {
                print(&format!("{}: {}\n", clean(&bot.name), clean(problem)));
            }
            Ok(())
        })
    }
}

/// A line for each chat of a bot, and one at least.
fn rows(bot: &Bot) -> Vec<[String; 6]> {
    let name = match &bot.username {
        Some(username) => format!("@{username}"),
        None => bot.name.clone(),
    };
    let from = if bot.configured {
        "configuration"
    } else {
        "API"
    };
    let row = |chat: String, monitors: String| {
        let (name, token) = (clean(&name), clean(&bot.token));
        let state = state(bot.state).to_owned();
        [name, token, from.to_owned(), state, chat, monitors]
    };
    match bot.chats.as_slice() {
        [] => vec![row("-".to_owned(), "-".to_owned())],
        chats => {
            let rows = chats.iter().map(|chat| {
                let monitors = clean(&chat.monitors.join(", "));
                row(place(chat), monitors)
            });
            rows.collect()
        }
    }
}

fn place(chat: &Chat) -> String {
    let topic = chat
        .topic
        .map_or(String::new(), |topic| format!(", topic {topic}"));
    format!("{} ({}{topic})", clean(&chat.title), chat.chat)
}

const fn state(state: State) -> &'static str {
    match state {
        State::Starting => "starting",
        State::Works => "works",
        State::Conflict => "conflict",
        State::TokenRefused => "token refused",
        State::Unreachable => "unreachable",
        State::Stopped => "stopped",
    }
}
