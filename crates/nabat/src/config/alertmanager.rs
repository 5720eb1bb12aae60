//! Makes Nabat's settings of an `alertmanager.yml`: rewrites the tree before it is checked.
//!
//! Nabat reads routes and receivers as Alertmanager writes them, so little is left to do here: the
//! bots of `telegram_configs` move to `telegram.bots`, and what changes nothing about who is told
//! when (templates, texts of messages, settings of channels nobody uses) is taken out with a
//! [`Note`]. Everything else that Nabat does not know stays, and the check refuses it by name.

mod bots;
mod loose;

use std::fmt;
use std::path::{Path, PathBuf};

use super::environment::join;
use super::mistake::{Fault, Faults, Spot};
use super::yaml::{Entry, Kind, Node, Origin, Scalar};

use bots::{Bot, Own};

/// Why the texts of messages are left out.
const OWN_WORDS: &str = "Nabat writes its messages itself";
/// Why settings of channels that Nabat does not have are left out of `global`.
const NO_CHANNEL: &str = "Nabat has no such channel";
/// How the settings of such channels begin in `global`.
const CHANNELS: [&str; 10] = [
    "discord_",
    "hipchat_",
    "jira_",
    "mattermost_",
    "opsgenie_",
    "pagerduty_",
    "rocketchat_",
    "slack_",
    "victorops_",
    "webex_",
];
/// What the first bot of a file is called.
const BOT: &str = "alertmanager";

/// Something of a file that Nabat does without.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// The file.
    pub file: PathBuf,
    /// The line on which it stands, from 1.
    pub line: usize,
    /// The column, from 1, in characters.
    pub column: usize,
    /// The setting, such as `receivers[0].email_configs[0].html`.
    pub path: String,
    /// Why it is left out.
    pub why: &'static str,
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let file = self.file.display();
        let Self {
            line,
            column,
            path,
            why,
            ..
        } = self;
        write!(f, "{file}:{line}:{column}: {path} is left out: {why}")
    }
}

/// Rewrites the tree of an `alertmanager.yml`, which notes call `file`; returns what was left out, in
/// the order of the file.
pub(super) fn adapt(root: &mut Node, file: &Path, faults: &mut Faults) -> Vec<Note> {
    loose::settle(root);
    let mut adapter = Adapter {
        file,
        own: bots::own(root),
        faults,
        notes: Vec::new(),
        bots: Vec::new(),
        inherited: Inherited::default(),
    };
    adapter.leave_out(root, "", |key| match key {
        "templates" => Some(OWN_WORDS),
        "tracing" => Some("Nabat sends no traces"),
        _ => None,
    });
    if let Some(global) = child(root, "global") {
        drop_empty(global);
        adapter.global(global);
    }
    for (path, receiver) in items(root, "", "receivers") {
        adapter.receiver(receiver, &path);
    }
    let Adapter {
        mut notes,
        bots,
        own,
        ..
    } = adapter;
    bots::complete(root, &own);
    if !bots.is_empty() {
        bots::add(root, bots);
    }
    notes.sort_by_key(|note| (note.line, note.column));
    notes
}

struct Adapter<'f> {
    file: &'f Path,
    /// Those that stand in `telegram.bots`.
    own: Vec<Own>,
    faults: &'f mut Faults,
    notes: Vec<Note>,
    bots: Vec<Bot>,
    inherited: Inherited,
}

/// What `telegram_configs` inherit from `global`.
#[derive(Default)]
struct Inherited {
    token: Option<Entry>,
    api_url: Option<Entry>,
    /// The entries of `http_config`.
    http: Vec<Entry>,
    /// Whether those of them that no bot can do were told.
    told: bool,
}

impl Adapter<'_> {
    fn global(&mut self, global: &mut Node) {
        self.leave_out(global, "global", |key| {
            let other = CHANNELS.iter().any(|channel| key.starts_with(channel));
            (other || key.starts_with("wechat_")).then_some(NO_CHANNEL)
        });
        self.http(global, "global");
        let http = match child(global, "http_config").map(|http| &http.kind) {
            Some(Kind::Map(entries)) => entries.clone(),
            _ => Vec::new(),
        };
        self.inherited = Inherited {
            token: take(global, "telegram_bot_token")
                .map(|entry| named(entry, "token"))
                .or_else(|| {
                    take(global, "telegram_bot_token_file").map(|entry| named(entry, "token_file"))
                }),
            api_url: take(global, "telegram_api_url").map(|entry| named(entry, "api_url")),
            http,
            told: false,
        };
        let at_once = child(global, "resolve_timeout").and_then(|timeout| text(timeout));
        if matches!(at_once, Some("0" | "0s" | "0m" | "0ms")) {
            self.leave_out(global, "global", |key| {
                (key == "resolve_timeout").then_some("what has no end would be over at once")
            });
        }
    }

    fn receiver(&mut self, receiver: &mut Node, path: &str) {
        for (path, email) in items(receiver, path, "email_configs") {
            drop_empty(email);
            self.leave_out(email, &path, |key| {
                matches!(key, "headers" | "html" | "text" | "threading").then_some(OWN_WORDS)
            });
        }
        for (path, webhook) in items(receiver, path, "webhook_configs") {
            self.http(webhook, &path);
            // Alertmanager's word for no limit of its own.
            let zero = child(webhook, "timeout").and_then(|timeout| text(timeout));
            if matches!(zero, Some("0" | "0s" | "0ms")) {
                take(webhook, "timeout");
            }
        }
        for (path, telegram) in items(receiver, path, "telegram_configs") {
            self.telegram(telegram, &path);
        }
    }

    fn http(&mut self, of: &mut Node, path: &str) {
        let path = join(path, "http_config");
        if let Some(http) = child(of, "http_config") {
            self.leave_out(http, &path, |key| {
                (key == "enable_http2").then_some("calls are made over HTTP/1.1")
            });
        }
    }

    /// Exchanges the bot's token and how it is reached for its name.
    fn telegram(&mut self, telegram: &mut Node, path: &str) {
        if !matches!(telegram.kind, Kind::Map(_)) {
            return;
        }
        for (key, usual) in [
            ("send_resolved", "true"),
            ("disable_notifications", "false"),
        ] {
            if child(telegram, key).is_some_and(|value| text(value) == Some(usual)) {
                take(telegram, key);
            }
        }
        self.leave_out(telegram, path, |key| match key {
            "message" | "parse_mode" => Some(OWN_WORDS),
            "disable_notifications" => {
                Some("new alerts sound in the chat; people can mute it there")
            }
            "send_resolved" => Some("the live message shows the end all the same"),
            _ => None,
        });
        if child(telegram, "bot").is_some() {
            return;
        }
        let own = take(telegram, "bot_token").map(|entry| named(entry, "token"));
        let file = take(telegram, "bot_token_file").map(|entry| named(entry, "token_file"));
        if own.is_none() && file.is_none() && self.inherited.token.is_none() {
            self.faults.add(Fault {
                path: path.to_owned(),
                spot: telegram.spot.clone(),
                found: "neither `bot_token` nor `bot_token_file`".to_owned(),
                expected: "one of them".to_owned(),
                hint: Some("or `bot` with the name of one of `telegram.bots`".to_owned()),
                unknown_key: false,
            });
            // One mistake is enough.
            telegram.kind = Kind::Broken;
            return;
        }
        let mut entries = Vec::new();
        entries.extend(own);
        entries.extend(file);
        if entries.is_empty() {
            entries.extend(self.inherited.token.clone());
        }
        let api_url = take(telegram, "api_url").map(|entry| named(entry, "api_url"));
        entries.extend(api_url.or_else(|| self.inherited.api_url.clone()));
        let own = child(telegram, "http_config").filter(|http| !http.is_null());
        let proxy = match own {
            Some(http) => take(http, "proxy_url"),
            None => self.inherited_proxy(),
        };
        entries.extend(proxy.map(|entry| named(entry, "proxy")));
        self.usual_http(telegram);
        let name = self.bot(entries, &telegram.spot);
        let bot = scalar_entry("bot", &name, &telegram.spot);
        if let Kind::Map(settings) = &mut telegram.kind {
            settings.push(bot);
        }
    }

    /// The proxy of `global.http_config`. What else stands there, a bot can't do: it is refused once.
    fn inherited_proxy(&mut self) -> Option<Entry> {
        let inherited = &mut self.inherited;
        let refused = |entry: &&Entry| entry.key != "proxy_url" && !usual(entry);
        if !std::mem::replace(&mut inherited.told, true) {
            for entry in inherited.http.iter().filter(refused) {
                self.faults.add(Fault {
                    path: join("global.http_config", &entry.key),
                    spot: entry.key_spot.clone(),
                    found: format!("`{}`, which `telegram_configs` inherit", entry.key),
                    expected: "`proxy_url` alone, for nothing else is done for bots".to_owned(),
                    hint: Some(
                        "move it to the `http_config` of each webhook, or give the chats one of \
                         their own: `http_config: {follow_redirects: true}`"
                            .to_owned(),
                    ),
                    unknown_key: false,
                });
            }
        }
        let proxy = inherited.http.iter().find(|entry| entry.key == "proxy_url");
        proxy.cloned()
    }

    /// Takes an `http_config` out that says nothing (more).
    fn usual_http(&mut self, telegram: &mut Node) {
        let empty = child(telegram, "http_config").is_some_and(|http| match &http.kind {
            Kind::Map(entries) => entries.iter().all(usual),
            _ => http.is_null(),
        });
        if empty {
            take(telegram, "http_config");
        }
    }

    /// The name of the bot with these settings.
    fn bot(&mut self, entries: Vec<Entry>, spot: &Spot) -> String {
        let identity: Vec<(String, String)> = entries
            .iter()
            .map(|entry| {
                let value = text(&entry.value).unwrap_or_default();
                (entry.key.clone(), value.to_owned())
            })
            .collect();
        if let Some(known) = self.bots.iter().find(|bot| bot.identity == identity) {
            return known.name.clone();
        }
        // The token comes first.
        let own = |own: &&mut Own| identity.first() == Some(&own.token);
        if let Some(own) = self.own.iter_mut().find(own) {
            own.entries.extend(entries.into_iter().skip(1));
            return own.name.clone();
        }
        let name = match self.bots.len() {
            0 => BOT.to_owned(),
            more => format!("{BOT}-{}", more + 1),
        };
        self.bots.push(Bot {
            name: name.clone(),
            identity,
            spot: spot.clone(),
            entries,
        });
        name
    }

    /// Takes the entries out of `node` for which `why` has a reason.
    fn leave_out(
        &mut self,
        node: &mut Node,
        path: &str,
        why: impl Fn(&str) -> Option<&'static str>,
    ) {
        let Kind::Map(entries) = &mut node.kind else {
            return;
        };
        entries.retain(|entry| {
            let Some(why) = why(&entry.key) else {
                return true;
            };
            self.faults.hide_all(&entry.value);
            let says_nothing = match &entry.value.kind {
                Kind::List(items) => items.is_empty(),
                Kind::Map(entries) => entries.is_empty(),
                Kind::Scalar(scalar) => scalar.text.is_empty() || entry.value.is_null(),
                Kind::Broken => false,
            };
            if !says_nothing {
                self.notes.push(Note {
                    file: self.file.to_owned(),
                    line: entry.key_spot.line,
                    column: entry.key_spot.column,
                    path: join(path, &entry.key),
                    why,
                });
            }
            false
        });
    }
}

/// Whether this of an `http_config` is so anyway.
fn usual(entry: &Entry) -> bool {
    let redirects = entry.key == "follow_redirects" && text(&entry.value) == Some("true");
    redirects || entry.key == "enable_http2" || entry.value.is_null()
}

fn scalar_entry(key: &str, value: &str, spot: &Spot) -> Entry {
    Entry {
        key: key.to_owned(),
        key_spot: spot.clone(),
        value: Node {
            spot: spot.clone(),
            kind: Kind::Scalar(Scalar {
                text: value.to_owned(),
                origin: Origin::Quoted,
            }),
        },
    }
}

fn named(mut entry: Entry, key: &str) -> Entry {
    entry.key = key.to_owned();
    entry
}

/// Takes out what is an empty text: to Alertmanager that is a setting that was not made.
fn drop_empty(node: &mut Node) {
    if let Kind::Map(entries) = &mut node.kind {
        entries.retain(|entry| text(&entry.value) != Some(""));
    }
}

fn text(node: &Node) -> Option<&str> {
    match &node.kind {
        Kind::Scalar(scalar) => Some(&scalar.text),
        _ => None,
    }
}

fn child<'n>(node: &'n mut Node, key: &str) -> Option<&'n mut Node> {
    let Kind::Map(entries) = &mut node.kind else {
        return None;
    };
    let entry = entries.iter_mut().find(|entry| entry.key == key)?;
    Some(&mut entry.value)
}

/// The value of `key`; if there is none, `new` is put there.
fn child_or_new<'n>(node: &'n mut Node, key: &str, new: Kind) -> Option<&'n mut Node> {
    let spot = node.spot.clone();
    if child(node, key).is_none() {
        let Kind::Map(entries) = &mut node.kind else {
            return None;
        };
        entries.push(Entry {
            key: key.to_owned(),
            key_spot: spot.clone(),
            value: Node { spot, kind: new },
        });
    }
    child(node, key)
}

fn take(node: &mut Node, key: &str) -> Option<Entry> {
    let Kind::Map(entries) = &mut node.kind else {
        return None;
    };
    let at = entries.iter().position(|entry| entry.key == key)?;
    Some(entries.remove(at))
}

/// The entries of the list `key`, each with its path.
fn items<'n>(
    node: &'n mut Node,
    path: &str,
    key: &str,
) -> impl Iterator<Item = (String, &'n mut Node)> {
    let path = join(path, key);
    let list = match child(node, key).map(|list| &mut list.kind) {
        Some(Kind::List(list)) => list.as_mut_slice(),
        _ => &mut [],
    };
    let list = list.iter_mut().enumerate();
    list.map(move |(i, item)| (format!("{path}[{i}]"), item))
}
