//! What ties several settings together: names that must differ, names that must exist, pairs.
//!
//! Works on the checked value rather than on the finished settings, so that these mistakes are
//! reported together with all others. A setting with a mistake of its own is left alone.

use std::collections::{BTreeSet, HashMap};

use serde_json::Value;

mod inhibit_rules;
mod maintenance;
mod matchers;
pub(super) mod modules;
pub(super) mod monitors;
mod receivers;
mod routes;
mod time_intervals;

use super::check::Check;
use super::environment::join;
use super::period::Period;
use super::suggest;
use receivers::Receivers;
use routes::Known;

const DAY: u32 = 24 * 60;

/// The bounds of periods. A `stale_after` of less would call a slow source silent, of more never.
const BOUNDS: [(&str, (Period, Period)); 9] = [
    (
        "stale_after",
        (Period::from_minutes(5), Period::from_minutes(365 * DAY)),
    ),
    (
        "acknowledge_for",
        (Period::from_minutes(1), Period::from_minutes(365 * DAY)),
    ),
    (
        "alert_undelivered_after",
        (Period::from_seconds(1), Period::from_minutes(DAY)),
    ),
    (
        "remind_before_silence_ends",
        (Period::from_seconds(0), Period::from_minutes(DAY)),
    ),
    (
        "global.resolve_timeout",
        (Period::from_millis(1), Period::from_minutes(365 * DAY)),
    ),
    (
        "history.keep_incidents_for",
        (Period::from_minutes(60), Period::from_minutes(3_650 * DAY)),
    ),
    ("history.keep_samples_for", DAYS),
    ("history.keep_hours_for", DAYS),
    ("history.keep_statuses_for", DAYS),
];
const DAYS: (Period, Period) = (Period::from_minutes(DAY), Period::from_minutes(3_650 * DAY));

/// Notes what is wrong between the settings of `value`.
pub(super) fn apply(check: &mut Check<'_>, value: &Value) {
    let bots = entries(value, "/telegram/bots");
    unique_names(check, &bots);
    unique_ids(check, &bots);
    webhooks(check, &bots);
    speakers(check, value, &bots);
    auth(check, value);
    for (key, bounds) in BOUNDS {
        period(check, key, value_at(value, key), bounds);
    }
    let receivers = receivers::apply(check, value, &bots);
    let intervals = time_intervals::apply(check, value);
    let known = Known {
        receivers,
        intervals,
    };
    routes::apply(check, value, &known);
    inhibit_rules::apply(check, value);
    maintenance::apply(check, value);
    monitors::apply(check, value);
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

/// The value of a setting with this path.
fn value_at<'v>(value: &'v Value, path: &str) -> Option<&'v Value> {
    path.split('.').try_fold(value, |value, key| value.get(key))
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
            let place = join(path, "name");
            let found = format!("{} again", check.written(&place));
            let hint = format!("{earlier} has it too");
            note(
                check,
                &place,
                found,
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
            let found = "the token of the same bot again".to_owned();
            let hint = format!("{earlier} has it too");
            note(
                check,
                &join(path, key),
                found,
                "another bot for each entry",
                Some(hint),
            );
        }
    }
}

fn webhooks(check: &mut Check<'_>, bots: &[(String, &Value)]) {
    for (path, bot) in bots {
        let given = check.places.contains_key(&join(path, "webhook"));
        if text(bot, "updates") == Some("webhook") {
            if !given {
                let found = "`webhook` without a `webhook` section".to_owned();
                let hint = Some("webhook: {url: https://nabat.example.org}".to_owned());
                note(
                    check,
                    &join(path, "updates"),
                    found,
                    "the address that Telegram calls",
                    hint,
                );
            }
        } else if given && !is_wrong(check, bot, path, "updates") {
            let found = "a `webhook` section with `updates: polling`".to_owned();
            let hint = Some("add `updates: webhook`, or remove `webhook`".to_owned());
            note(
                check,
                &join(path, "webhook"),
                found,
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

/// Where a bot speaks, it is one of those that there are.
fn speakers(check: &mut Check<'_>, value: &Value, bots: &[(String, &Value)]) {
    let names: BTreeSet<&str> = bots
        .iter()
        .filter_map(|(_, bot)| text(bot, "name"))
        .collect();
    let unnamed = bots.iter().any(|(_, bot)| text(bot, "name").is_none());
    if unnamed
        || value
            .get("telegram")
            .is_some_and(|t| is_wrong(check, t, "telegram", "bots"))
    {
        return;
    }
    let told = entries(value, "/receivers")
        .into_iter()
        .flat_map(|(path, receiver)| receivers::entries_of(receiver, &path, "telegram_configs"));
    for (path, speaks) in entries(value, "/telegram/operators")
        .into_iter()
        .chain(told)
    {
        let Some(bot) = text(speaks, "bot").filter(|bot| !names.contains(bot)) else {
            continue;
        };
        let expected = if names.is_empty() {
            "the name of a bot, but `telegram.bots` is empty".to_owned()
        } else {
            format!(
                "the name of a bot: {}",
                suggest::one_of(names.iter().copied())
            )
        };
        let place = join(&path, "bot");
        let hint = suggest::did_you_mean(bot, names.iter().copied());
        note(check, &place, check.written(&place), &expected, hint);
    }
}

fn auth(check: &mut Check<'_>, value: &Value) {
    let auth = value.pointer("/intake/auth").and_then(Value::as_object);
    let below = check
        .places
        .keys()
        .any(|path| path.starts_with("intake.auth."));
    if auth.is_some_and(|auth| auth.is_empty()) && !below {
        let expected = "`bearer_token`, `basic` or `secret_path`";
        let hint = "remove `auth` to let everyone who reaches the port send alerts".to_owned();
        note(
            check,
            "intake.auth",
            "no proof".to_owned(),
            expected,
            Some(hint),
        );
    }
}

/// Holds the period at `path` against its bounds, both of which it may have.
fn period(check: &mut Check<'_>, path: &str, value: Option<&Value>, bounds: (Period, Period)) {
    let (least, most) = bounds;
    let text = value.and_then(Value::as_str);
    let period = text.and_then(|text| text.parse::<Period>().ok());
    if period.is_some_and(|period| period < least || period > most) {
        let expected = format!("a period from `{least}` to `{most}`");
        note(check, path, check.written(path), &expected, None);
    }
}

fn unknown_receiver(check: &mut Check<'_>, path: &str, name: &str, receivers: &Receivers<'_>) {
    let names: Vec<&str> = receivers.names().collect();
    let expected = match names.len() {
        0 => "the name of a receiver, but `receivers` is empty".to_owned(),
        1..=20 => format!("the name of a receiver: {}", suggest::one_of(names.clone())),
        count => format!("the name of one of the {count} receivers"),
    };
    let hint = suggest::did_you_mean(name, names);
    note(check, path, check.written(path), &expected, hint);
}

/// Whether the file has the setting `key` below `path`, right or wrong.
fn given(check: &Check<'_>, path: &str, key: &str) -> bool {
    check.places.contains_key(&join(path, key))
}

fn note(check: &mut Check<'_>, path: &str, found: String, expected: &str, hint: Option<String>) {
    if let Some(spot) = check.places.get(path).cloned() {
        check.fault(path, &spot, found, expected.to_owned(), hint);
    }
}
