//! What ties several settings together: names that must differ, names that must exist, pairs.
//!
//! Works on the checked value rather than on the finished settings, so that these mistakes are
//! reported together with all others. A setting with a mistake of its own is left alone.

use std::collections::HashMap;

use serde_json::Value;

use super::check::Check;
use super::environment::join;
use super::period::Period;
use super::suggest;

/// The bounds of `stale_after`.
const STALE_AFTER: (&str, &str) = ("5m", "1y");

pub(super) fn apply(check: &mut Check<'_>, value: &Value) {
    let bots = entries(value, "/telegram/bots");
    unique_names(check, &bots);
    unique_ids(check, &bots);
    webhooks(check, &bots);
    operators(check, value, &bots);
    auth(check, value);
    stale_after(check, value);
}

/// The entries of the list at `pointer`, each with its path; a wrong one is a null.
fn entries<'v>(value: &'v Value, pointer: &str) -> Vec<(String, &'v Value)> {
    let path = pointer.trim_start_matches('/').replace('/', ".");
    let list = value
        .pointer(pointer)
        .and_then(Value::as_array)
        .into_iter()
        .flatten();
    list.enumerate()
        .map(|(i, entry)| (format!("{path}[{i}]"), entry))
        .collect()
}

fn text<'v>(entry: &'v Value, key: &str) -> Option<&'v str> {
    entry.get(key).and_then(Value::as_str)
}

fn unique_names(check: &mut Check<'_>, bots: &[(String, &Value)]) {
    let mut first: HashMap<&str, &str> = HashMap::new();
    for (path, bot) in bots {
        let Some(name) = text(bot, "name") else {
            continue;
        };
        if let Some(earlier) = first.insert(name, path) {
            let hint = format!("{earlier} has it too");
            note(
                check,
                &join(path, "name"),
                format!("the name `{name}` again"),
                "a name of its own for each bot",
                Some(hint),
            );
        }
    }
}

/// Telegram answers one program per bot: two entries for one bot would steal each other's news.
fn unique_ids(check: &mut Check<'_>, bots: &[(String, &Value)]) {
    let mut first: HashMap<&str, &str> = HashMap::new();
    for (path, bot) in bots {
        let Some((id, _)) = text(bot, "token").and_then(|token| token.split_once(':')) else {
            continue;
        };
        if let Some(earlier) = first.insert(id, path) {
            let key = if bot.get("token_file").is_some() {
                "token_file"
            } else {
                "token"
            };
            let hint = format!("{earlier} has it too");
            note(
                check,
                &join(path, key),
                "the token of the same bot again".to_owned(),
                "a bot of its own for each entry",
                Some(hint),
            );
        }
    }
}

fn webhooks(check: &mut Check<'_>, bots: &[(String, &Value)]) {
    for (path, bot) in bots {
        let place = join(path, "webhook");
        let given = check.places.contains_key(&place);
        if text(bot, "updates") == Some("webhook") {
            if !given {
                let hint = Some("webhook: {url: https://nabat.example.org}".to_owned());
                note(
                    check,
                    &join(path, "updates"),
                    "`webhook` without a `webhook` section".to_owned(),
                    "the address that Telegram calls",
                    hint,
                );
            }
        } else if given && !is_wrong(check, bot, path, "updates") {
            let hint = Some("add `updates: webhook`, or remove `webhook`".to_owned());
            note(
                check,
                &place,
                "a `webhook` section with `updates: polling`".to_owned(),
                "`updates: webhook`",
                hint,
            );
        }
    }
}

/// Whether the setting `key` stands in the file but not in the value.
fn is_wrong(check: &Check<'_>, entry: &Value, path: &str, key: &str) -> bool {
    entry.get(key).is_none() && check.places.contains_key(&join(path, key))
}

fn operators(check: &mut Check<'_>, value: &Value, bots: &[(String, &Value)]) {
    let names: Vec<&str> = bots
        .iter()
        .filter_map(|(_, bot)| text(bot, "name"))
        .collect();
    if names.len() < bots.len() {
        return;
    }
    for (path, operator) in entries(value, "/telegram/operators") {
        let Some(bot) = text(operator, "bot").filter(|bot| !names.contains(bot)) else {
            continue;
        };
        let expected = if names.is_empty() {
            "a bot from `telegram.bots`, which is empty".to_owned()
        } else {
            format!(
                "a bot from `telegram.bots`: {}",
                suggest::one_of(names.iter().copied())
            )
        };
        let hint = suggest::did_you_mean(bot, names.iter().copied());
        note(
            check,
            &join(&path, "bot"),
            "the name of no bot".to_owned(),
            &expected,
            hint,
        );
    }
}

fn auth(check: &mut Check<'_>, value: &Value) {
    let nothing = value
        .pointer("/intake/auth")
        .and_then(Value::as_object)
        .is_some_and(|auth| auth.is_empty());
    let below = check
        .places
        .keys()
        .any(|path| path.starts_with("intake.auth."));
    if nothing && !below {
        let hint =
            Some("remove `auth` to let everyone who reaches the port send alerts".to_owned());
        note(
            check,
            "intake.auth",
            "no proof".to_owned(),
            "`bearer_token`, `basic` or `secret_path`",
            hint,
        );
    }
}

fn stale_after(check: &mut Check<'_>, value: &Value) {
    let read = |text: &str| text.parse::<Period>().ok();
    let (Some(least), Some(most)) = (read(STALE_AFTER.0), read(STALE_AFTER.1)) else {
        return;
    };
    if text(value, "stale_after")
        .and_then(read)
        .is_some_and(|period| period < least || period > most)
    {
        let expected = format!("a period from `{}` to `{}`", STALE_AFTER.0, STALE_AFTER.1);
        note(
            check,
            "stale_after",
            "a period out of bounds".to_owned(),
            &expected,
            None,
        );
    }
}

fn note(check: &mut Check<'_>, path: &str, found: String, expected: &str, hint: Option<String>) {
    if let Some(spot) = check.places.get(path).cloned() {
        check.fault(path, &spot, found, expected.to_owned(), hint);
    }
}
