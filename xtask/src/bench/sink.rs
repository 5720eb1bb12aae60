//! A Telegram without limits, and a webhook: answers what is asked, notes when each message came.
//!
//! It runs in the process of the benchmark, whose CPU time is not counted. It is not the emulator of the tests, which is strict and applies Telegram's limits: here
//! nothing may be in the way of the program that is measured.

use std::collections::{HashMap, VecDeque};
use std::io::{self, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::alerts::marked;
use super::http;

/// The last part of the path that webhooks are sent to.
pub(crate) const WEBHOOK: &str = "webhook";

/// How long `getUpdates` waits for something to say.
const LONG_POLL: Duration = Duration::from_secs(5);

pub(crate) struct Sink {
    pub(crate) address: SocketAddr,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    inner: Mutex<Inner>,
    changed: Condvar,
}

#[derive(Default)]
struct Inner {
    /// Each message sent or edited, each webhook: when it came, and its request's body.
    arrivals: Vec<(Instant, String)>,
    /// What the bots have not asked for yet, by their tokens.
    updates: HashMap<String, VecDeque<Value>>,
    updates_made: u64,
}

impl Sink {
    /// Listens on a free port for as long as the command runs.
    pub(crate) fn start() -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let sink = Self {
            address: listener.local_addr()?,
            state: Arc::default(),
        };
        let state = Arc::clone(&sink.state);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let state = Arc::clone(&state);
                // A connection that breaks ends its own thread and nothing else.
                thread::spawn(move || serve(stream, &state));
            }
        });
        Ok(sink)
    }

    /// Lets the person `id` write `text` to the bot with this token in their private chat.
    pub(crate) fn say(&self, token: &str, id: usize, text: &str) {
        let mut inner = self.state.lock();
        inner.updates_made += 1;
        let number = inner.updates_made;
        let command = text.split(' ').next().map_or(0, str::len);
        let queue = inner.updates.entry(token.to_owned()).or_default();
        queue.push_back(json!({
            "update_id": number,
            "message": {
                "message_id": number,
                "date": 1_700_000_000,
                "chat": { "id": id, "type": "private", "first_name": "Bench" },
                "from": { "id": id, "is_bot": false, "first_name": "Bench", "language_code": "en" },
                "text": text,
                "entities": [{ "type": "bot_command", "offset": 0, "length": command }],
            },
        }));
        self.state.changed.notify_all();
    }

    /// How many messages have come so far.
    pub(crate) fn arrived(&self) -> usize {
        self.state.lock().arrivals.len()
    }

    /// When each alert was first told, by the first mark in each message.
    pub(crate) fn first_arrivals(&self) -> HashMap<usize, Instant> {
        let inner = self.state.lock();
        let mut first = HashMap::new();
        for (at, body) in &inner.arrivals {
            if let Some(id) = marked(body) {
                first.entry(id).or_insert(*at);
            }
        }
        first
    }

    /// When the first message with `mark` in it came, if it comes within `limit`; `after`
    /// messages that came earlier are not looked at.
    pub(crate) fn wait_for(&self, mark: &str, after: usize, limit: Duration) -> Option<Instant> {
        let deadline = Instant::now() + limit;
        let mut seen = after;
        let mut inner = self.state.lock();
        loop {
            let hit = inner.arrivals[seen..]
                .iter()
                .find(|(_, body)| body.contains(mark));
            if let Some((at, _)) = hit {
                return Some(*at);
            }
            seen = inner.arrivals.len();
            inner = self.state.wait(inner, deadline)?;
        }
    }
}

impl State {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for a change; `None` after the deadline.
    fn wait<'a>(
        &self,
        inner: MutexGuard<'a, Inner>,
        deadline: Instant,
    ) -> Option<MutexGuard<'a, Inner>> {
        let left = deadline.checked_duration_since(Instant::now())?;
        let (inner, _) = self
            .changed
            .wait_timeout(inner, left)
            .unwrap_or_else(PoisonError::into_inner);
        Some(inner)
    }
}

fn serve(stream: TcpStream, state: &State) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut stream = BufReader::new(stream);
    while let Some(http::Message { first_line, body }) = http::read(&mut stream)? {
        let path = first_line.split([' ', '?']).nth(1).unwrap_or_default();
        // `/bot<token>/<method>`
        let (bot, method) = path.rsplit_once('/').unwrap_or_default();
        let token = bot.strip_prefix("/bot").unwrap_or_default();
        let result = answer(state, token, method, &body);
        let answer = json!({ "ok": true, "result": result }).to_string();
        write!(
            stream.get_mut(),
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{answer}",
            answer.len()
        )?;
    }
    Ok(())
}

fn answer(state: &State, token: &str, method: &str, body: &[u8]) -> Value {
    let id = token
        .split(':')
        .next()
        .and_then(|id| id.parse::<i64>().ok());
    let bot = json!({ "id": id, "is_bot": true, "first_name": "Bench", "username": "bench_bot" });
    match method {
        "getMe" => bot,
        "getUpdates" => updates(state, token),
        WEBHOOK => {
            note(state, body);
            Value::Null
        }
        "sendMessage" | "editMessageText" => {
            let number = note(state, body);
            let request: Value = serde_json::from_slice(body).unwrap_or_default();
            let id = &request["message_id"];
            json!({
                "message_id": if id.is_null() { Value::from(number) } else { id.clone() },
                "date": 1_700_000_000,
                "chat": { "id": chat(&request), "type": "private", "first_name": "Bench" },
                "from": bot,
                "text": request["text"].as_str().unwrap_or("text"),
            })
        }
        "getMyCommands" => json!([]),
        "getWebhookInfo" => {
            json!({ "url": "", "has_custom_certificate": false, "pending_update_count": 0 })
        }
        _ => Value::Bool(true),
    }
}

/// Notes that a message came; returns how many that makes.
fn note(state: &State, body: &[u8]) -> usize {
    let at = Instant::now();
    let mut inner = state.lock();
    let text = String::from_utf8_lossy(body).into_owned();
    inner.arrivals.push((at, text));
    state.changed.notify_all();
    inner.arrivals.len()
}

/// Some clients write the chat as a number, some as text.
fn chat(request: &Value) -> i64 {
    let id = &request["chat_id"];
    id.as_i64()
        .or_else(|| id.as_str()?.parse().ok())
        .unwrap_or(1)
}

/// Everything said to a bot since its last call. Offsets are not looked at: no program that is
/// measured loses an answer on the way.
fn updates(state: &State, token: &str) -> Value {
    let deadline = Instant::now() + LONG_POLL;
    let mut inner = state.lock();
    loop {
        if let Some(said) = inner.updates.remove(token) {
            return Value::Array(said.into());
        }
        match state.wait(inner, deadline) {
            Some(woken) => inner = woken,
            None => return json!([]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::http::Client;
    use super::*;

    fn ask(sink: &Sink, method: &str, body: &Value) -> Value {
        let mut client = Client::connect(sink.address).unwrap();
        let path = format!("/bot1:bench/{method}");
        let (status, answer) = client.post(&path, body.to_string().as_bytes()).unwrap();
        assert_eq!(status, 200);
        let answer: Value = serde_json::from_slice(&answer).unwrap();
        assert_eq!(answer["ok"], true);
        answer["result"].clone()
    }

    #[test]
    fn what_a_person_says_is_given_to_the_bot_once() {
        let sink = Sink::start().unwrap();
        sink.say("1:bench", 7, "/regexp Disk");
        sink.say("1:bench", 8, "/help");
        sink.say("2:bench", 9, "/help");
        let updates = ask(&sink, "getUpdates", &json!({ "timeout": 1 }));
        assert_eq!(updates.as_array().unwrap().len(), 2);
        assert_eq!(updates[0]["message"]["chat"]["id"], 7);
        assert_eq!(
            updates[0]["message"]["entities"][0]["length"],
            "/regexp".len()
        );
        assert_eq!(
            sink.state.lock().updates.len(),
            1,
            "what is for the other bot"
        );
    }

    #[test]
    fn a_message_is_found_by_its_mark_among_those_that_come_later() {
        let sink = Sink::start().unwrap();
        let sent = ask(
            &sink,
            "sendMessage",
            &json!({ "chat_id": "7", "text": "about srv1" }),
        );
        assert_eq!(sent["chat"]["id"], 7);
        assert_eq!(sink.arrived(), 1);
        let at_once = Duration::ZERO;
        assert!(sink.wait_for("srv1", 0, at_once).is_some());
        assert!(sink.wait_for("srv1", 1, at_once).is_none());
    }
}
