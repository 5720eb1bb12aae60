//! What ties the settings of `receivers` and of every `fallback` together.

use std::collections::{BTreeMap, HashMap};

use serde_json::Value;

use super::{entries, given, note, period, text, unknown_receiver};
use crate::config::check::Check;
use crate::config::environment::join;
use crate::config::mailbox::Mailbox;
use crate::config::period::Period;

/// The bounds of `after` and of `timeout`.
const AFTER: (Period, Period) = (Period::from_seconds(1), Period::from_minutes(7 * 24 * 60));
const TIMEOUT: (Period, Period) = (Period::from_millis(1), Period::from_minutes(60));

/// What one may prove oneself with in `http_config`; only one of them.
const PROOFS: [(&str, &str); 4] = [
    ("basic_auth", "basic_auth"),
    ("authorization", "authorization"),
    ("bearer_token", "bearer_token"),
    ("bearer_token", "bearer_token_file"),
];

/// The receivers that have a name, by it.
pub(super) struct Receivers<'v> {
    by_name: BTreeMap<&'v str, &'v Value>,
    /// Whether there are more than these: some whose name is wrong.
    pub(super) incomplete: bool,
}

impl<'v> Receivers<'v> {
    pub(super) fn names(&self) -> impl Iterator<Item = &'v str> {
        self.by_name.keys().copied()
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.incomplete || self.by_name.contains_key(name)
    }

    /// Whether the receiver has nothing to tell anybody by who could not be told by others.
    fn is_empty(&self, name: &str) -> bool {
        let configs = |receiver: &Value, key: &str| receiver.get(key).is_some();
        self.by_name.get(name).is_some_and(|receiver| {
            !configs(receiver, "email_configs") && !configs(receiver, "webhook_configs")
        })
    }

    /// Who is told instead of the receiver.
    fn next(&self, name: &str) -> Option<&'v str> {
        text(self.by_name.get(name)?.get("fallback")?, "receiver")
    }

    /// The way of fallbacks from a receiver back to it, if there is one.
    fn circle(&self, name: &'v str) -> Option<Vec<&'v str>> {
        let mut way = vec![name];
        while let Some(next) = way.last().and_then(|last| self.next(last)) {
            let back = next == name;
            if !back && way.contains(&next) {
                return None;
            }
            way.push(next);
            if back {
                return Some(way);
            }
        }
        None
    }
}

/// Looks at the receivers and at who is told instead of them and of the bots.
pub(super) fn apply<'v>(
    check: &mut Check<'_>,
    value: &'v Value,
    bots: &[(String, &'v Value)],
) -> Receivers<'v> {
    let list = entries(value, "/receivers");
    let mut receivers = Receivers {
        by_name: BTreeMap::new(),
        incomplete: given(check, "", "receivers") && value.get("receivers").is_none(),
    };
    let mut first: HashMap<&str, &str> = HashMap::new();
    for (path, receiver) in &list {
        let Some(name) = text(receiver, "name") else {
            receivers.incomplete = true;
            continue;
        };
        receivers.by_name.entry(name).or_insert(*receiver);
        if let Some(earlier) = first.insert(name, path) {
            let place = join(path, "name");
            let found = format!("{} again", check.written(&place));
            let hint = format!("{earlier} has it too");
            note(
                check,
                &place,
                found,
                "a name of its own for each receiver",
                Some(hint),
            );
        }
    }
    let global = value.get("global").unwrap_or(&Value::Null);
    proof(check, "global.http_config");
    for (path, receiver) in &list {
        let mut targets = Targets::default();
        for (path, email) in entries_of(receiver, path, "email_configs") {
            mail(check, &path, email, global);
            targets.mail(check, &path, email);
        }
        for (path, webhook) in entries_of(receiver, path, "webhook_configs") {
            proof(check, &join(&path, "http_config"));
            period(
                check,
                &join(&path, "timeout"),
                webhook.get("timeout"),
                TIMEOUT,
            );
            targets.webhook(check, &path, webhook);
        }
        for (path, telegram) in entries_of(receiver, path, "telegram_configs") {
            targets.chat(check, &path, telegram);
        }
        fallback(check, path, receiver, &receivers);
        chats_without(check, path, receiver, bots);
    }
    for (path, bot) in bots {
        fallback(check, path, bot, &receivers);
    }
    receivers
}

/// The entries of one list of a receiver, each with its path.
pub(super) fn entries_of<'v>(
    receiver: &'v Value,
    path: &str,
    key: &str,
) -> Vec<(String, &'v Value)> {
    let list = receiver.get(key).and_then(Value::as_array);
    let list = list.into_iter().flatten().enumerate();
    list.map(|(i, entry)| (format!("{}[{i}]", join(path, key)), entry))
        .collect()
}

/// An address needs somebody who writes and a server that takes the letter, its own or inherited.
fn mail(check: &mut Check<'_>, path: &str, email: &Value, global: &Value) {
    if email.is_null() {
        return;
    }
    for (own, inherited, expected) in [
        ("from", "smtp_from", "the address that writes"),
        (
            "smarthost",
            "smtp_smarthost",
            "the mail server that takes the letters",
        ),
    ] {
        if !given(check, path, own) && !given(check, "global", inherited) {
            let found = format!("no `{own}`, and no `{inherited}` in `global`");
            note(check, path, found, expected, None);
        }
    }
    let place = |check: &Check<'_>, own: &str| {
        let of = |path: &str, key: &str| given(check, path, key).then(|| join(path, key));
        of(path, own).or_else(|| of("global", &format!("smtp_{own}")))
    };
    let username = place(check, "auth_username");
    let password = place(check, "auth_password").or_else(|| place(check, "auth_password_file"));
    let (one, other, place) = match (username, password) {
        (Some(place), None) => ("auth_username", "auth_password", place),
        (None, Some(place)) => ("auth_password", "auth_username", place),
        _ => return,
    };
    // What is inherited is named as it is in `global`.
    let prefix = match place.strip_prefix("global.") {
        Some(_) if global.is_object() => "smtp_",
        _ => "",
    };
    let found = format!("`{prefix}{one}` without `{prefix}{other}`");
    note(check, &place, found, "both, or neither", None);
}

/// `http_config` may prove who calls in one way only.
fn proof(check: &mut Check<'_>, path: &str) {
    let mut first: Option<&str> = None;
    for (proof, key) in PROOFS {
        if !given(check, path, key) || first == Some(proof) {
            continue;
        }
        if let Some(first) = first {
            let found = format!("both `{first}` and `{key}`");
            note(check, &join(path, key), found, "only one of them", None);
        }
        first = first.or(Some(proof));
    }
}

/// What a receiver tells, to notice what it would tell twice.
#[derive(Default)]
struct Targets {
    paths: HashMap<String, String>,
}

impl Targets {
    fn mail(&mut self, check: &mut Check<'_>, path: &str, email: &Value) {
        let list = text(email, "to").and_then(|text| Mailbox::list(text).ok());
        for mailbox in list.into_iter().flatten() {
            let place = join(path, "to");
            self.add(
                check,
                mailbox.address,
                &place,
                "an address that is told already",
            );
        }
    }

    fn webhook(&mut self, check: &mut Check<'_>, path: &str, webhook: &Value) {
        let file = given(check, path, "url_file");
        let place = join(path, if file { "url_file" } else { "url" });
        if let Some(url) = text(webhook, "url") {
            self.add(
                check,
                url.to_owned(),
                &place,
                "an address that is called already",
            );
        }
    }

    fn chat(&mut self, check: &mut Check<'_>, path: &str, telegram: &Value) {
        if let (Some(bot), Some(chat)) = (text(telegram, "bot"), telegram.get("chat_id")) {
            let topic = telegram.get("message_thread_id").unwrap_or(&Value::Null);
            let target = format!("{bot} {chat} {topic}");
            let file = given(check, path, "chat_id_file");
            let place = join(path, if file { "chat_id_file" } else { "chat_id" });
            self.add(check, target, &place, "a chat that is told already");
        }
    }

    fn add(&mut self, check: &mut Check<'_>, target: String, place: &str, found: &str) {
        if let Some(earlier) = self.paths.get(&target) {
            let hint = format!("{earlier} has it too");
            let expected = "each address and each chat once in a receiver";
            note(check, place, found.to_owned(), expected, Some(hint));
        } else {
            self.paths.insert(target, place.to_owned());
        }
    }
}

/// Chats are told by their bot, so its fallback serves them and that of the receiver does not.
fn chats_without(check: &mut Check<'_>, path: &str, receiver: &Value, bots: &[(String, &Value)]) {
    let place = join(path, "fallback");
    if receiver.get("fallback").is_none_or(Value::is_null) {
        return;
    }
    let served = |name: &str| {
        let bot = bots.iter().find(|(_, bot)| text(bot, "name") == Some(name));
        // Who does not exist is told elsewhere.
        bot.is_none_or(|(path, _)| given(check, path, "fallback"))
    };
    let chats = entries_of(receiver, path, "telegram_configs");
    let mut chats = chats.iter().filter_map(|(_, chat)| text(chat, "bot"));
    let unserved = chats.find(|name| !served(name));
    if let Some(bot) = unserved {
        let found = format!("a fallback that is none for the chats of the bot `{bot}`");
        let expected = "a `fallback` of the bot as well, in `telegram.bots[]`";
        let hint = "or a receiver of their own for the chats, without one".to_owned();
        note(check, &place, found, expected, Some(hint));
    }
}

/// A fallback names another receiver that can tell somebody, and leads back to nobody.
fn fallback(check: &mut Check<'_>, path: &str, of: &Value, receivers: &Receivers<'_>) {
    let Some(fallback) = of.get("fallback") else {
        return;
    };
    let path = join(path, "fallback");
    period(check, &join(&path, "after"), fallback.get("after"), AFTER);
    let place = join(&path, "receiver");
    let Some(to) = text(fallback, "receiver") else {
        return;
    };
    if !receivers.has(to) {
        unknown_receiver(check, &place, to, receivers);
        return;
    }
    if receivers.is_empty(to) {
        let found = format!("{}, which tells nobody", check.written(&place));
        let expected = "a receiver with `email_configs` or `webhook_configs`";
        note(check, &place, found, expected, None);
    }
    // Bots are nobody's fallback, so their own name means nothing here.
    if path.starts_with("telegram.") {
        return;
    }
    let Some(name) = text(of, "name") else {
        return;
    };
    if to == name {
        let found = format!("{}, the receiver itself", check.written(&place));
        note(check, &place, found, "another receiver", None);
    } else if let Some(circle) = receivers.circle(name) {
        let found = format!("{}, which leads back here", check.written(&place));
        let hint = format!("remove one of these: {}", circle.join(" to "));
        note(
            check,
            &place,
            found,
            "fallbacks that end somewhere",
            Some(hint),
        );
    }
}
