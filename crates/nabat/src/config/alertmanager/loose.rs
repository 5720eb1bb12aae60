//! What Alertmanager reads more loosely than Nabat does: words for yes and no, what says nothing,
//! what is said twice. It is written here as Nabat reads it.

use super::super::yaml::{Entry, Kind, Node, Origin, Scalar};
use super::text;

/// The settings that are true or false.
const SWITCHES: [&str; 7] = [
    "continue",
    "disable_notifications",
    "enable_http2",
    "follow_redirects",
    "insecure_skip_verify",
    "require_tls",
    "send_resolved",
];
/// The words for it of YAML 1.1.
const TRUE: [&str; 4] = ["true", "yes", "on", "y"];
const FALSE: [&str; 4] = ["false", "no", "off", "n"];
/// The mappings whose keys are labels or headers, not settings.
const NAMES: [&str; 8] = [
    "headers",
    "http_headers",
    "match",
    "match_re",
    "source_match",
    "source_match_re",
    "target_match",
    "target_match_re",
];

/// Rewrites `node` and all below it.
pub(super) fn settle(node: &mut Node) {
    match &mut node.kind {
        Kind::List(items) => items.iter_mut().for_each(settle),
        Kind::Map(entries) => {
            entries.retain(|entry| entry.key != "location" || text(&entry.value) != Some(""));
            entries.iter_mut().for_each(setting);
        }
        Kind::Scalar(_) | Kind::Broken => {}
    }
}

fn setting(entry: &mut Entry) {
    match entry.key.as_str() {
        "match" | "source_match" | "target_match" => empty_texts(&mut entry.value),
        "equal" => once_each(&mut entry.value),
        key if NAMES.contains(&key) => {}
        key if SWITCHES.contains(&key) => switch(&mut entry.value),
        _ => settle(&mut entry.value),
    }
}

/// To Alertmanager a label without a value is to be empty.
fn empty_texts(labels: &mut Node) {
    let Kind::Map(entries) = &mut labels.kind else {
        return;
    };
    for entry in entries.iter_mut().filter(|entry| entry.value.is_null()) {
        entry.value.kind = Kind::Scalar(Scalar {
            text: String::new(),
            origin: Origin::Quoted,
        });
    }
}

fn once_each(labels: &mut Node) {
    if let Kind::List(items) = &mut labels.kind {
        let mut known = Vec::new();
        items.retain(|item| {
            let name = text(item).map(str::to_owned);
            let new = name.is_none() || !known.contains(&name);
            known.push(name);
            new
        });
    }
}

fn switch(value: &mut Node) {
    let Kind::Scalar(scalar) = &mut value.kind else {
        return;
    };
    if scalar.origin != Origin::Plain {
        return;
    }
    for (words, word) in [(TRUE, "true"), (FALSE, "false")] {
        if words.iter().any(|known| is(&scalar.text, known)) {
            word.clone_into(&mut scalar.text);
        }
    }
}

/// As it is, with a great letter at its beginning, or all in great letters.
fn is(text: &str, word: &str) -> bool {
    let (first, rest) = text.split_at(text.chars().next().map_or(0, char::len_utf8));
    let begins = first.eq_ignore_ascii_case(&word[..1]);
    text == word || text == word.to_uppercase() || (begins && rest == &word[1..])
}
