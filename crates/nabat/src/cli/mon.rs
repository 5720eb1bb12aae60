//! `nabat add-mon`, `list-mon` and `del-mon`: the commands of a tool that people come from, with its
//! options, for the monitors of a running Nabat. They may also be links to `nabat` with these names.

use std::ffi::OsString;
use std::net::Ipv6Addr;
use std::path::{Path, PathBuf};

use clap::Args;
use nabat_core::monitor::shorthand::{self, Shorthand};
use reqwest::{Method, Url};
use serde_json::{Map, Value, json};

use super::api::{Api, Target};
use super::monitor::shown::{status, told};
use super::monitor::{PATH, all, path};
use super::table::{Table, clean, width};
use super::words::address;
use super::{Failure, Outcome, complain, print, runtime};
use crate::config::masking::masked;
use crate::config::monitor::KINDS;
use crate::config::suggest;
use crate::web::api::shape::monitor::Monitor;

/// The names by which a link to `nabat` may be called.
const NAMES: [&str; 3] = ["add-mon", "list-mon", "del-mon"];
/// The longest name of a monitor, in characters.
const NAME_CHARS_MAX: usize = 100;

/// Which Nabat, and what admits to it.
#[derive(Debug, Args)]
struct Server {
    /// Where Nabat listens: an address, or a host and a port
    #[arg(
        long = "server_address",
        aliases = ["server-address", "url"],
        env = "NABAT_URL",
        default_value = "http://127.0.0.1:8080",
        value_name = "ADDRESS",
        value_parser = server
    )]
    server_address: Url,
    /// The file with the token of Nabat's API [default: `api-token` in the data folder]
    #[arg(
        long = "token_file",
        alias = "token-file",
        env = "NABAT_TOKEN_FILE",
        value_name = "FILE"
    )]
    token_file: Option<PathBuf>,
    /// Where that Nabat keeps its store
    #[arg(
        long = "data_dir",
        alias = "data-dir",
        env = "NABAT_DATA_DIR",
        default_value = "nabat-data",
        value_name = "DIR"
    )]
    data_dir: PathBuf,
}

/// Watch something and tell a chat of it; prints the ID
#[derive(Debug, Args)]
pub(super) struct AddMon {
    /// What to watch: an IPv4 or IPv6 address, a name, `HOST:PORT`, or an address for http
    #[arg(long = "ip_address", alias = "ip-address", value_name = "ADDRESS")]
    ip_address: String,
    /// How: `ping` (or `icmp`), `tcp`, `http` and so on [default: as the address looks, else ping]
    #[arg(long = "mon_type", alias = "mon-type", value_name = "TYPE")]
    mon_type: Option<String>,
    /// The chat that is told: its id, such as -1001234567890, or its @name
    #[arg(
        long = "chat_id",
        alias = "chat-id",
        allow_negative_numbers = true,
        value_name = "CHAT"
    )]
    chat_id: Option<String>,
    /// The topic of it that is told, by its number, if the chat is a forum [default: General]
    #[arg(
        long,
        alias = "message_thread_id",
        value_name = "TOPIC",
        requires = "chat_id"
    )]
    topic: Option<i64>,
    /// The token of the Telegram bot that speaks there [default: the one bot that Nabat has]
    #[arg(
        long,
        env = "NABAT_BOT_TOKEN",
        hide_env_values = true,
        value_name = "BOT_TOKEN",
        requires = "chat_id"
    )]
    token: Option<String>,
    /// What it is called [default: made of the address]
    #[arg(long)]
    name: Option<String>,
    #[command(flatten)]
    server: Server,
}

/// List what is watched: ID, type, address, status, chat
#[derive(Debug, Args)]
pub(super) struct ListMon {
    #[command(flatten)]
    server: Server,
}

/// Watch something no more, and forget its history
#[derive(Debug, Args)]
pub(super) struct DelMon {
    /// Its ID, as `add-mon` and `list-mon` print it
    #[arg(long, value_name = "ID")]
    id: u64,
    #[command(flatten)]
    server: Server,
}

/// The arguments of the process: where a link named like a command was called, as if `nabat` was
/// called with that command.
pub(super) fn arguments(given: impl Iterator<Item = OsString>) -> Vec<OsString> {
    let mut arguments: Vec<OsString> = given.collect();
    let called = arguments.first().map(Path::new).and_then(Path::file_name);
    let called = called.and_then(|name| name.to_str()).unwrap_or_default();
    let called = called.replace('_', "-");
    if let Some(name) = NAMES.into_iter().find(|name| *name == called) {
        arguments.splice(..1, ["nabat".into(), name.into()]);
    }
    arguments
}

impl Server {
    fn open(self) -> anyhow::Result<Api> {
        Target::of(self.server_address, self.token_file, self.data_dir).open()
    }
}

impl AddMon {
    pub(super) fn run(self) -> Outcome {
        runtime()?.block_on(self.add())
    }

    async fn add(self) -> Outcome {
        let target = target(&self.ip_address, self.mon_type.as_deref())?;
        let chat = self.chat_id.as_deref().map(place).transpose()?;
        let tell = chat.map(|chat| Tell {
            chat,
            topic: self.topic,
            token: self.token.as_deref(),
        });
        let names = match self.name {
            Some(name) => vec![name],
            None => names(&target, tell.as_ref()),
        };
        let given = json!({ target.kind: target.target });
        let shown = masked(&given, true);
        let api = self.server.open()?;
        for name in &names {
            let (known, _) = all(&api, Some(name.clone()), None, None).await?;
            let Some(there) = known.iter().find(|monitor| monitor.name == *name) else {
                let mut definition = Map::new();
                definition.insert("name".to_owned(), name.as_str().into());
                definition.insert(target.kind.to_owned(), target.target.as_str().into());
                definition.extend(tell.as_ref().map(Tell::field));
                let made: Monitor = api.post(PATH, &definition).await?;
                return added(&made);
            };
            if there.definition[target.kind] == shown[target.kind] && told_so(there, &tell) {
                // The token may be a new one, and somebody in the chat may have unsubscribed.
                let mut change = Map::from_iter(tell.as_ref().map(Tell::field));
                if given != shown {
                    // The password may be a new one.
                    change.insert(target.kind.to_owned(), target.target.as_str().into());
                }
                if change.is_empty() {
                    return added(there);
                }
                let made: Monitor = api.say(Method::PATCH, &path(name), &change).await?;
                return added(&made);
            }
        }
        Err(anyhow::anyhow!(
            "there is another monitor `{}` already; choose another name with --name",
            names.last().map_or("", String::as_str)
        )
        .into())
    }
}

/// The chat that is to be told.
struct Tell<'a> {
    chat: Value,
    topic: Option<i64>,
    token: Option<&'a str>,
}

impl Tell<'_> {
    /// As a definition has it.
    fn field(&self) -> (String, Value) {
        let mut tell = json!({ "chat": self.chat });
        if let Some(topic) = self.topic {
            tell["topic"] = topic.into();
        }
        if let Some(token) = self.token {
            tell["token"] = token.into();
        }
        ("tell".to_owned(), tell)
    }

    /// The number of the bot, if it is said.
    fn bot(&self) -> Option<i64> {
        self.token?.split(':').next()?.parse().ok()
    }
}

/// What a monitor may be called. One target may be told to several chats, by a monitor for each, and
/// be watched in several ways. What a public name stands for only Telegram knows, so such a monitor
/// has it in its own.
fn names(target: &Shorthand, tell: Option<&Tell<'_>>) -> Vec<String> {
    let Shorthand { kind, name, .. } = target;
    let Some(tell) = tell else {
        return vec![name.clone()];
    };
    let mut chat = match &tell.chat {
        Value::String(name) => name.clone(),
        id => id.to_string(),
    };
    if let Some(topic) = tell.topic {
        chat = format!("{chat}:{topic}");
    }
    let with_chat = with(name, &format!(" ({chat})"));
    let with_kind = with(name, &format!(" {kind} ({chat})"));
    match tell.chat {
        Value::String(_) => vec![with_chat, with_kind],
        _ => vec![name.clone(), with_chat, with_kind],
    }
}

/// A name with what follows it, shortened where it is too long for both.
fn with(name: &str, end: &str) -> String {
    let room = NAME_CHARS_MAX.saturating_sub(end.chars().count());
    let mut name: String = name.chars().take(room).collect();
    name.push_str(end);
    name
}

/// Whether a monitor tells what is to be told, as far as that can be seen.
fn told_so(monitor: &Monitor, tell: &Option<Tell<'_>>) -> bool {
    let told = &monitor.definition["tell"];
    let Some(tell) = tell else {
        return told.is_null();
    };
    let same_chat = tell.chat.is_string() || told["chat"] == tell.chat;
    let same_topic = told["topic"].as_i64() == tell.topic;
    let same_bot = tell.bot().is_none_or(|bot| told["bot"] == bot);
    !told.is_null() && same_chat && same_topic && same_bot
}

/// The ID for programs, the rest for people.
fn added(monitor: &Monitor) -> Outcome {
    print(&format!("{}\n", monitor.id));
    let told = match told(monitor) {
        Some((chat, bot)) => format!("the chat {chat} is told by the bot {bot}"),
        None => format!(
            "it tells no chat by itself (--chat_id); a chat with the bot asks for it by \
             /subscribe monitor=\"{}\"",
            monitor.name
        ),
    };
    let (name, kind) = (&monitor.name, &monitor.kind);
    complain(&format!("{name} is watched by {kind} from now on; {told}"));
    Ok(())
}

impl ListMon {
    pub(super) fn run(self) -> Outcome {
        runtime()?.block_on(async {
            let api = self.server.open()?;
            let (mut monitors, _) = all(&api, None, None, None).await?;
            monitors.sort_by_key(|monitor| monitor.id);
            let rows = monitors.iter().map(|monitor| {
                [
                    monitor.id.to_string(),
                    monitor.kind.clone(),
                    clean(&monitor.target),
                    status(monitor),
                    told(monitor).map_or_else(|| "-".to_owned(), |(chat, _)| chat),
                ]
            });
            let table = Table {
                head: ["ID", "TYPE", "ADDRESS", "STATUS", "CHAT"],
                flexible_from: 2,
                rows: rows.collect(),
            };
            print(&table.text(width()));
            Ok(())
        })
    }
}

impl DelMon {
    pub(super) fn run(self) -> Outcome {
        runtime()?.block_on(async {
            let id = self.id;
            let api = self.server.open()?;
            let (monitors, _) = all(&api, None, None, None).await?;
            let Some(monitor) = monitors.into_iter().find(|monitor| monitor.id == id) else {
                let unknown = anyhow::anyhow!(
                    "there is no monitor with the ID {id}; `nabat list-mon` lists them"
                );
                return Err(unknown.into());
            };
            let () = api.ask(Method::DELETE, &path(&monitor.name), &[]).await?;
            print(&format!("{id}: {} is watched no more\n", monitor.name));
            Ok(())
        })
    }
}

/// What is to be watched, and how.
fn target(text: &str, kind: Option<&str>) -> Result<Shorthand, Failure> {
    let scheme = kind.map(scheme).transpose()?;
    let whole = match scheme {
        Some(scheme) if !text.contains("://") => format!("{scheme}://{}", host(text, scheme)),
        _ => text.to_owned(),
    };
    let kind_of = |scheme| shorthand::read(&format!("{scheme}://x")).map(|read| read.kind);
    let meant = |read: &Shorthand| scheme.is_none_or(|of| kind_of(of) == Some(read.kind));
    shorthand::read(&whole).filter(meant).ok_or_else(|| {
        let by = kind.map_or(String::new(), |kind| format!(" by {kind}"));
        Failure::Usage(format!(
            "nabat: `{text}` is nothing that can be watched{by}; give an address or a name such as `10.0.0.1`, `2001:db8::1`, `db-1:5432` (tcp) or `https://shop.example.org` (http)"
        ))
    })
}

/// The scheme that stands for a type of monitor.
fn scheme(kind: &str) -> Result<&'static str, Failure> {
    let lower = kind.to_lowercase();
    match lower.as_str() {
        "icmp" => return Ok("ping"),
        "https" => return Ok("https"),
        "websocket" => return Ok("ws"),
        _ => {}
    }
    // Nobody asks for these from afar: one runs a program, the other calls.
    let kinds = KINDS
        .into_iter()
        .filter(|kind| !matches!(*kind, "command" | "heartbeat"));
    let known = kinds.clone().find(|known| *known == lower);
    known.ok_or_else(|| {
        let kinds = suggest::one_of(kinds);
        Failure::Usage(format!(
            "nabat: `{kind}` is no type of monitor; give {kinds}"
        ))
    })
}

/// A host as it stands in an address: one of IPv6 in brackets, where there may be a port.
fn host(text: &str, scheme: &str) -> String {
    let in_address = matches!(scheme, "http" | "https" | "ws");
    match in_address && text.parse::<Ipv6Addr>().is_ok() {
        true => format!("[{text}]"),
        false => text.to_owned(),
    }
}

/// A chat as people name it. What is none is not repeated: it may be the token.
fn place(text: &str) -> Result<Value, Failure> {
    match text.parse::<i64>() {
        Ok(id) => Ok(id.into()),
        Err(_) if text.starts_with('@') => Ok(text.into()),
        Err(_) => Err(Failure::Usage(
            "nabat: --chat_id is no chat; give its id, such as -1001234567890, or its public @name"
                .to_owned(),
        )),
    }
}

/// Reads an address, or a host and a port.
fn server(text: &str) -> Result<Url, String> {
    match text.contains("://") {
        true => address(text),
        false => address(&format!("http://{text}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_read_with_its_type_and_without() {
        for (text, kind, read) in [
            ("10.0.0.1", None, "ping 10.0.0.1"),
            ("10.0.0.1", Some("icmp"), "ping 10.0.0.1"),
            ("::1", Some("ping"), "ping ::1"),
            ("web-1.example.org", Some("PING"), "ping web-1.example.org"),
            ("db-1:5432", Some("tcp"), "tcp db-1:5432"),
            ("https://a.example/x", None, "http https://a.example/x"),
            (
                "https://a.example/x",
                Some("http"),
                "http https://a.example/x",
            ),
            ("a.example", Some("https"), "http https://a.example"),
            ("::1", Some("http"), "http http://[::1]"),
        ] {
            let found = target(text, kind).unwrap();
            assert_eq!(format!("{} {}", found.kind, found.target), read);
        }
        for (text, kind) in [
            ("", None),
            ("a b", Some("ping")),
            ("https://a.example", Some("ping")),
            ("a", Some("snmp")),
            ("a", Some("command")),
        ] {
            assert!(target(text, kind).is_err(), "{text} {kind:?}");
        }
    }

    #[test]
    fn a_link_named_like_a_command_is_that_command() {
        let read = |given: &[&str]| {
            let given = given.iter().map(OsString::from);
            let read = arguments(given).into_iter();
            let read: Vec<String> = read.map(|word| word.into_string().unwrap()).collect();
            read.join(" ")
        };
        assert_eq!(
            read(&["/usr/bin/add-mon", "--token", "x"]),
            "nabat add-mon --token x"
        );
        assert_eq!(read(&["del_mon"]), "nabat del-mon");
        assert_eq!(read(&["/opt/nabat", "serve"]), "/opt/nabat serve");
    }

    #[test]
    fn each_chat_has_a_monitor_of_its_own() {
        let tell = |chat: &str| Tell {
            chat: place(chat).unwrap(),
            topic: None,
            token: None,
        };
        assert!(place("12345:token").is_err());
        let a = target("a", Some("ssh")).unwrap();
        let to_chat = names(&a, Some(&tell("-5")));
        assert_eq!(to_chat, ["a", "a (-5)", "a ssh (-5)"]);
        let to_name = names(&a, Some(&tell("@ops")));
        assert_eq!(to_name, ["a (@ops)", "a ssh (@ops)"]);
        let topic = Tell {
            topic: Some(17),
            ..tell("-5")
        };
        let to_topic = names(&a, Some(&topic));
        assert_eq!(to_topic, ["a", "a (-5:17)", "a ssh (-5:17)"]);
        assert_eq!(names(&a, None), ["a"]);
        let long = target(&"a".repeat(100), None).unwrap();
        let long = names(&long, Some(&tell("-5")));
        assert!(long.iter().all(|name| name.chars().count() == 100));
    }
}
