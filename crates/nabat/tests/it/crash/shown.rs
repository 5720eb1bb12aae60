//! Reads in a chat what it was told of the alerts of [`super::load`].
//!
//! A card names an alert on a line of its own that begins with the sign of its state. Where a
//! card was sent twice, the later one is the live one.

use std::collections::HashSet;

use regex::Regex;
use telegram_emulator::{Message, Request};

use super::load::Case;

/// The signs of what is over, for whatever reason.
const OVER: [&str; 2] = ["✅", "⚪"];

/// What the chat shows otherwise than it is.
pub(super) fn wrong(messages: &[Message], cases: &[Case]) -> Vec<String> {
    cases
        .iter()
        .filter_map(|case| complaint(messages, case))
        .collect()
}

fn complaint(messages: &[Message], case: &Case) -> Option<String> {
    let name = &case.alert.name;
    let card = |message: &&Message| message.reply_to.is_none() && message.text.contains(name);
    let Some(card) = messages.iter().rev().find(card) else {
        // What began and ended before its turn came is not told.
        return case.ended.is_none().then(|| format!("{name} is missing"));
    };
    let line = line_of(&card.text, name)?;
    let right = is_over(line) == case.ended.is_some() && line.contains(&case.alert.summary);
    (!right).then(|| format!("{case:?} is shown as `{line}` in #{}", card.id))
}

fn line_of<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    text.lines().find(|line| line.contains(name))
}

fn is_over(line: &str) -> bool {
    OVER.iter().any(|sign| line.starts_with(sign))
}

/// Alerts of which a request said that they are over before anyone had said so.
pub(super) fn lies(requests: &[Request], cases: &[Case]) -> Vec<String> {
    let mut lies = Vec::new();
    for request in requests {
        let Some(text) = request.params["text"].as_str() else {
            continue;
        };
        let over = text.lines().filter(|line| is_over(line));
        for line in over {
            let named = cases.iter().filter(|case| line.contains(&case.alert.name));
            let lied = named.filter(|case| case.ended.is_none_or(|at| request.at < at));
            lies.extend(lied.map(|case| format!("{}: {line}", case.alert.name)));
        }
    }
    lies
}

/// Messages that say what an earlier one has said.
pub(super) fn repeats(messages: &[Message]) -> Vec<&Message> {
    let names = Regex::new(r"Case\dx\d{4}").unwrap();
    let mut told = HashSet::new();
    let mut repeats = Vec::new();
    for message in messages {
        let answers = message.reply_to.is_some();
        let mut again = false;
        for line in message.text.lines() {
            // An answer that tells of changes may do so each time that there are some.
            if answers && !is_over(line) && !line.contains(" +") {
                continue;
            }
            let in_line: HashSet<&str> = names.find_iter(line).map(|name| name.as_str()).collect();
            for name in in_line {
                again |= !told.insert((name.to_owned(), answers, answers && is_over(line)));
            }
        }
        if again {
            repeats.push(message);
        }
    }
    repeats
}
