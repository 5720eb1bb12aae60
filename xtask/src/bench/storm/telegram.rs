//! The emulated Telegram of the storm, as a program of its own with Telegram's real limits, and
//! what its chats show.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::{Value, json};

use super::super::alerts::all_marked;
use super::super::build;
use super::super::http::Client;
use super::super::subject::token;

const BOT: i64 = 1;
/// Somebody who is in every group.
pub(super) const ANN: i64 = 1001;
/// How many messages at the end of a chat are looked at for news.
const LAST: usize = 60;

pub(super) struct Telegram {
    child: Child,
    pub(super) address: SocketAddr,
    client: Client,
}

/// How many calls of a bot there were.
#[derive(Default)]
pub(super) struct Calls {
    /// Messages, files and edits that were taken.
    pub(super) taken: usize,
    /// Those refused for coming too fast.
    pub(super) too_many: usize,
    /// Those refused for other reasons.
    pub(super) refused: usize,
}

impl Telegram {
    /// Starts with one bot, Ann, the people and the groups `chats`; Ann owns the groups.
    pub(super) fn start(chats: &[i64]) -> Result<Self> {
        let program = build::emulator()?;
        let mut child = Command::new(&program)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start `{}`", program.display()))?;
        let mut line = String::new();
        let stdout = child.stdout.take().context("the emulator has no stdout")?;
        BufReader::new(stdout).read_line(&mut line)?;
        let address = line.trim().trim_start_matches("http://").parse();
        let address = address.with_context(|| format!("the emulator says `{line}`"))?;
        let client = Client::connect(address)?;
        let mut telegram = Self {
            child,
            address,
            client,
        };
        telegram.populate(chats)?;
        Ok(telegram)
    }

    fn populate(&mut self, chats: &[i64]) -> Result<()> {
        self.post(
            "bots",
            &json!({ "token": token(0), "username": "bench_bot" }),
        )?;
        for chat in chats.iter().copied().chain([ANN]) {
            if chat > 0 {
                let user = json!({ "id": chat, "first_name": "Bench", "language_code": "en" });
                self.post("users", &user)?;
            }
        }
        for chat in chats {
            if *chat > 0 {
                // Whoever never wrote to a bot can't be written to.
                self.say(*chat, *chat, "/start")?;
                continue;
            }
            let group = json!({ "id": chat, "title": "On call", "supergroup": true });
            self.post("groups", &group)?;
            for (user, status) in [(ANN, "creator"), (BOT, "administrator")] {
                let status = json!({ "chat": chat, "user": user, "status": status });
                self.post("status", &status)?;
            }
        }
        Ok(())
    }

    /// Lets `person` write `text` in `chat`.
    pub(super) fn say(&mut self, chat: i64, person: i64, text: &str) -> Result<()> {
        self.post(
            "say",
            &json!({ "chat": chat, "from": person, "text": text }),
        )
    }

    /// The last messages of `chat` that the bot wrote.
    pub(super) fn messages(&mut self, chat: i64) -> Result<Vec<Value>> {
        let messages = self.get(&format!("chats/{chat}/messages?last={LAST}"))?;
        let messages: Vec<Value> = serde_json::from_slice(&messages)?;
        let by_bot = |message: &Value| message["from"] == BOT;
        Ok(messages.into_iter().filter(by_bot).collect())
    }

    /// The alerts that the last messages of `chat` tell of, in their text or in their file.
    /// `files` are those that were looked at before.
    pub(super) fn told(&mut self, chat: i64, files: &mut BTreeSet<String>) -> Result<Vec<usize>> {
        let mut told = Vec::new();
        for message in self.messages(chat)? {
            told.extend(all_marked(message["text"].as_str().unwrap_or_default()));
            let Some(file) = message["file"]["id"].as_str() else {
                continue;
            };
            if files.insert(file.to_owned()) {
                let text = self.get(&format!("files/{file}"))?;
                told.extend(all_marked(&String::from_utf8_lossy(&text)));
            }
        }
        Ok(told)
    }

    /// Everything the bot has called so far to write or edit messages.
    pub(super) fn calls(&mut self) -> Result<Calls> {
        let requests: Vec<Value> = serde_json::from_slice(&self.get("requests")?)?;
        let mut calls = Calls::default();
        for request in requests {
            let method = request["method"].as_str().unwrap_or_default();
            if !(method.starts_with("send") || method.starts_with("edit")) {
                continue;
            }
            match request["status"].as_u64() {
                Some(200) => calls.taken += 1,
                Some(429) => calls.too_many += 1,
                _ => calls.refused += 1,
            }
        }
        Ok(calls)
    }

    fn get(&mut self, path: &str) -> Result<Vec<u8>> {
        let (status, body) = self.client.get(&format!("/control/{path}"))?;
        ensure!(status == 200, "GET /control/{path} was answered {status}");
        Ok(body)
    }

    fn post(&mut self, path: &str, body: &Value) -> Result<()> {
        let body = body.to_string();
        let (status, answer) = self
            .client
            .post(&format!("/control/{path}"), body.as_bytes())?;
        if status != 200 {
            let answer = String::from_utf8_lossy(&answer);
            bail!("POST /control/{path} {body} was answered {status}: {answer}");
        }
        Ok(())
    }
}

impl Drop for Telegram {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
