//! Reads from the requests to a chat what it was told of the alerts of [`super::load`].
//!
//! A card, a digest and its file name each alert on a line of its own that begins with the sign of
//! its state. What was said last, by a new message or by a change of one, is what is shown.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use regex::Regex;
use telegram_emulator::{Emulator, Request};

use super::load::Case;

/// The signs of what is over, for whatever reason.
const OVER: [&str; 2] = ["✅", "⚪"];

static TAG: LazyLock<Regex> = LazyLock::new(|| Regex::new("<[^>]*>").unwrap());
/// The name of an alert and the version of its summary.
static ALERT: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(Case\d+x\d{4}): Case\d+x\d{4} v(\d+);").unwrap());

/// What one line says.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Statement {
    name: String,
    version: usize,
    over: bool,
}

/// One request that had its effect.
pub(super) struct Saying {
    text: String,
    /// The message it answers, if it does.
    answers: Option<i64>,
    new: bool,
    /// A card with its buttons, which follows its alerts as long as they fire; a digest does not.
    live: bool,
}

/// What was said in the chat, in the order in which it was asked for.
pub(super) fn sayings(telegram: &Emulator, chat: i64) -> Vec<Saying> {
    let requests = telegram.requests();
    let to_chat = requests.iter().filter(|r| r.chat() == Some(chat));
    // A request whose answer was cut off has no status, but its effect.
    let done = to_chat.filter(|request| matches!(request.status, 0 | 200));
    done.filter_map(|request| saying(telegram, chat, request))
        .collect()
}

fn saying(telegram: &Emulator, chat: i64, request: &Request) -> Option<Saying> {
    let text = match request.method.as_str() {
        "sendMessage" | "editMessageText" => {
            let text = request.params["text"].as_str()?;
            TAG.replace_all(text, "").into_owned()
        }
        "sendDocument" => {
            let id = request.answer["result"]["message_id"].as_i64()?;
            let message = telegram.messages(chat).into_iter().find(|m| m.id == id)?;
            String::from_utf8(message.file?.bytes.to_vec()).unwrap()
        }
        _ => return None,
    };
    Some(Saying {
        text,
        answers: request.params["reply_parameters"]["message_id"].as_i64(),
        new: request.method == "sendMessage",
        live: !request.params["reply_markup"].is_null(),
    })
}

impl Saying {
    fn statements(&self) -> Vec<Statement> {
        let lines = self.text.lines().filter(|_| self.answers.is_none());
        lines.filter_map(statement).collect()
    }
}

fn statement(line: &str) -> Option<Statement> {
    let alert = ALERT.captures(line)?;
    Some(Statement {
        name: alert[1].to_owned(),
        version: alert[2].parse().unwrap(),
        over: is_over(line),
    })
}

fn is_over(line: &str) -> bool {
    OVER.iter().any(|sign| line.starts_with(sign))
}

/// What a chat shows otherwise than it is.
#[derive(Debug, Default)]
pub(super) struct Differences {
    /// Alerts that fire and of which it was not told.
    pub(super) missing: Vec<String>,
    /// Alerts of which it was told last what is not so.
    pub(super) wrong: Vec<String>,
}

impl Differences {
    pub(super) fn none(&self) -> bool {
        self.missing.is_empty() && self.wrong.is_empty()
    }
}

/// Compares what the chat shows with what it is.
pub(super) fn differences(sayings: &[Saying], cases: &[Case]) -> Differences {
    let mut last: HashMap<String, Statement> = HashMap::new();
    let mut followed: HashSet<String> = HashSet::new();
    for saying in sayings {
        for statement in saying.statements() {
            if saying.live {
                followed.insert(statement.name.clone());
            }
            last.insert(statement.name.clone(), statement);
        }
    }
    let mut found = Differences::default();
    for case in cases {
        let name = &case.alert.name;
        match last.get(name) {
            // What began and ended before its turn came is not told.
            None if case.ended.is_some() => {}
            None => found.missing.push(name.clone()),
            Some(last) if last.over == case.ended.is_some() && last.version == case.version => {}
            // Another text alone is told by changing a message, and there is none.
            Some(last) if !last.over && case.ended.is_none() && !followed.contains(name) => {}
            Some(last) => found.wrong.push(format!("{case:?} is shown as {last:?}")),
        }
    }
    found
}

/// Lines that said that an alert is over before anyone had said so.
pub(super) fn lies(requests: &[Request], cases: &[Case]) -> Vec<String> {
    let mut lies = Vec::new();
    for request in requests {
        let Some(text) = request.params["text"].as_str() else {
            continue;
        };
        for line in text.lines().filter(|line| is_over(line)) {
            let named = cases.iter().filter(|case| line.contains(&case.alert.name));
            let lied = named.filter(|case| case.ended.is_none_or(|at| request.at < at));
            lies.extend(lied.map(|case| format!("{}: {line}", case.alert.name)));
        }
    }
    lies
}

/// New messages in which nothing is new.
pub(super) fn repeats(sayings: &[Saying]) -> Vec<&str> {
    let mut stated = HashSet::new();
    let mut answered = HashSet::new();
    let mut repeats = Vec::new();
    for saying in sayings {
        let statements = saying.statements();
        let known = match saying.answers {
            Some(_) => !answered.insert((saying.answers, &saying.text)),
            None => !statements.is_empty() && statements.iter().all(|s| stated.contains(s)),
        };
        if saying.new && known {
            repeats.push(saying.text.as_str());
        }
        stated.extend(statements);
    }
    repeats
}
