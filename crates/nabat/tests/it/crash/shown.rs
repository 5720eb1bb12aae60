//! Reads in a chat what it was told of the alerts of [`super::load`].
//!
//! A card, a digest and an answer to a card name an alert on a line that begins with the sign of
//! its state. What was told last, by whichever of them, has to be true.

use std::collections::HashSet;

use telegram_emulator::Request;

use super::load::Case;

/// The signs of what is over, for whatever reason.
const OVER: [&str; 2] = ["✅", "⚪"];

/// What the chat was told last otherwise than it is.
pub(super) fn wrong(requests: &[Request], chat: i64, cases: &[Case]) -> Vec<String> {
    let told: Vec<(&str, &str)> = requests
        .iter()
        .filter(|request| request.params["chat_id"] == chat && arrived(request))
        .filter_map(|request| Some((request.method.as_str(), request.params["text"].as_str()?)))
        .collect();
    cases
        .iter()
        .filter_map(|case| complaint(&told, case))
        .collect()
}

/// Whether people saw it: an answer that was cut off came after the message.
fn arrived(request: &Request) -> bool {
    matches!(request.status, 0 | 200)
}

fn complaint(told: &[(&str, &str)], case: &Case) -> Option<String> {
    let name = &case.alert.name;
    let last = told
        .iter()
        .rev()
        .find_map(|(method, text)| Some((*method, line_of(text, name)?)));
    let Some((method, line)) = last else {
        // What began and ended before its turn came is not told.
        return case.ended.is_none().then(|| format!("{name} is missing"));
    };
    // A digest is not edited: another text alone is told only where a message shows the alert.
    let newest = method != "editMessageText" || line.contains(&case.alert.summary);
    let right = is_over(line) == case.ended.is_some() && newest;
    (!right).then(|| format!("{case:?} was last told as `{line}` by {method}"))
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

/// Messages that say to the letter what an earlier one has said.
pub(super) fn repeats(requests: &[Request], chat: i64) -> Vec<&str> {
    let mut told = HashSet::new();
    requests
        .iter()
        .filter(|request| request.method == "sendMessage" && arrived(request))
        .filter(|request| request.params["chat_id"] == chat)
        .filter_map(|request| request.params["text"].as_str())
        .filter(|text| text.contains("Case") && !told.insert(*text))
        .collect()
}
