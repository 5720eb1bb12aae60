//! The settings of `monitors` and of `watch`: what Nabat watches by itself.
//!
//! A monitor is written the same way everywhere: in the configuration, in files for
//! `nabat monitor apply`, in the bodies of `/api/v1/monitors`.

use std::collections::{BTreeMap, HashSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;
use nabat_core::chat::{BotId, ChatKey};
use nabat_core::cron::Cron;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};

use super::group::Group;
use super::maintenance::{cron, some_zone};
use super::period::Period;
use super::secret::Secret;
use super::settings::chat_id;
use super::{matchers, zone};
use crate::probe::command::Command;
use crate::probe::dns::Dns;
use crate::probe::domain::Domain;
use crate::probe::grpc::Grpc;
use crate::probe::http::Http;
use crate::probe::mysql::Mysql;
use crate::probe::ping::Ping;
use crate::probe::postgres::Postgres;
use crate::probe::redis::Redis;
use crate::probe::smtp::Smtp;
use crate::probe::ssh::Ssh;
use crate::probe::tcp::Tcp;
use crate::probe::tls::Tls;
use crate::probe::websocket::Websocket;
use crate::probe::{Condition, ShortOrLong, Target};

/// The key of each kind of monitor, in the order in which they are named to people.
pub const KINDS: [&str; 16] = [
    "ping",
    "http",
    "tcp",
    "tls",
    "dns",
    "grpc",
    "ssh",
    "smtp",
    "redis",
    "postgres",
    "mysql",
    "websocket",
    "domain",
    "command",
    "heartbeat",
    "group",
];

/// Something that Nabat watches. It needs `name` and exactly one kind, such as `ping` or `http`.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "MonitorWanted")]
pub struct Monitor {
    /// What it is called everywhere; unique.
    #[schemars(
        regex(pattern = "^[^\\s/\\x00-\\x1f\\x7f\"\\\\]([^/\\x00-\\x1f\\x7f\"\\\\]{0,98}[^\\s/\\x00-\\x1f\\x7f\"\\\\])?$"),
        extend("x-expected" = "a name of 1 to 100 characters without `/`, `\\` and `\"`")
    )]
    pub name: String,
    /// A host that answers echoes: its name or address.
    pub ping: Option<ShortOrLong<Ping>>,
    /// A web page or an HTTP service: its address.
    pub http: Option<ShortOrLong<Http>>,
    /// A port that takes connections: its host and port.
    pub tcp: Option<ShortOrLong<Tcp>>,
    /// A service that speaks TLS, for the sake of its certificate: its host, with a port if that is
    /// not 443.
    pub tls: Option<ShortOrLong<Tls>>,
    /// A name, and what the DNS says of it: the name.
    pub dns: Option<ShortOrLong<Dns>>,
    /// A gRPC server that says how it is: its host and port.
    pub grpc: Option<ShortOrLong<Grpc>>,
    /// A server that speaks SSH: its host, with a port if that is not 22.
    pub ssh: Option<ShortOrLong<Ssh>>,
    /// A mail server: its host, with a port if that is not 25.
    pub smtp: Option<ShortOrLong<Smtp>>,
    /// A Redis server: its host, with a port if that is not 6379.
    pub redis: Option<ShortOrLong<Redis>>,
    /// A PostgreSQL server: its host, with a port if that is not 5432.
    pub postgres: Option<ShortOrLong<Postgres>>,
    /// A MySQL or MariaDB server: its host, with a port if that is not 3306.
    pub mysql: Option<ShortOrLong<Mysql>>,
    /// A WebSocket: its address, `ws` or `wss`.
    pub websocket: Option<ShortOrLong<Websocket>>,
    /// The registration of a domain: its name.
    pub domain: Option<ShortOrLong<Domain>>,
    /// A program that looks for itself, such as a Nagios plugin: a line for the shell. Only the
    /// configuration may have one.
    #[schemars(extend("x-for-admins" = true))]
    pub command: Option<ShortOrLong<Command>>,
    /// Waits for a sign of life of a job or a program that calls Nabat.
    pub heartbeat: Option<Heartbeat>,
    /// Other monitors that are told of together: their names, separated by commas.
    pub group: Option<ShortOrLong<Group>>,
    /// How often it is looked at. Without it `30s`, for a command `1m`, for a domain `12h`. At least
    /// `1s`, at most `1d`.
    pub interval: Option<Period>,
    /// How long one look may take; without it as long as is usual for the kind, and never longer
    /// than `interval`. At least `100ms`, at most `1m`.
    pub timeout: Option<Period>,
    /// After a failure it is looked at again after these pauses, before anybody is told.
    #[serde(default = "retries")]
    #[schemars(length(max = 10), extend("default" = ["1s", "3s", "7s"]))]
    pub retries: Vec<Period>,
    /// How many of these looks, the first one included, have to fail. Without it all of them.
    #[schemars(range(min = 1, max = 11))]
    pub failures_needed: Option<u32>,
    /// How many looks in a row have to succeed before it is up again.
    #[serde(default = "two")]
    #[schemars(range(min = 1, max = 10), extend("default" = 2))]
    pub recoveries_needed: u32,
    /// From which time on an answer is slow; three slow ones in a row make the monitor degraded.
    pub slow_after: Option<Period>,
    /// What has to hold of what is seen, in CEL: `latency < 300`, `json.queue.depth < 100`.
    #[serde(default)]
    #[schemars(length(max = 20), extend("default" = []))]
    pub conditions: Vec<Condition>,
    /// The names of the monitors behind which it stands, such as a router: while all of them are
    /// down it is unreachable, and nobody is told of it.
    #[serde(default)]
    #[schemars(length(max = 10), extend("default" = []))]
    pub parents: Vec<String>,
    /// The `severity` of its alert.
    #[serde(default = "critical")]
    #[schemars(
        regex(pattern = "^[A-Za-z0-9_-]{1,40}$"),
        extend("x-expected" = "a word such as `critical` or `warning`", "default" = "critical")
    )]
    pub severity: String,
    /// Labels of its alert, beside `alertname`, `monitor`, `kind`, `instance` and `severity`.
    #[serde(default)]
    #[schemars(schema_with = "matchers::labels_schema")]
    pub labels: BTreeMap<String, String>,
    /// The chat that is told of it without anybody subscribing there. Not in the configuration, which
    /// has its routes.
    pub tell: Option<Tell>,
    /// Whether it is not looked at for the time being.
    #[serde(default)]
    #[schemars(extend("default" = false))]
    pub paused: bool,
}

/// A chat that is told of one monitor. Telegram is asked at once whether the bot may write there.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Tell {
    /// The token of the bot that speaks, from @BotFather. It is kept apart and never shown; a bot that
    /// Nabat did not know runs from then on.
    #[serde(default)]
    #[schemars(extend("format" = "bot-token"))]
    pub token: Secret,
    /// The number of a bot that Nabat knows, which stands before the colon of its token. Without it
    /// and without a token the one bot that there is.
    #[schemars(
        range(min = 1, max = 4_503_599_627_370_495_i64),
        extend("x-secret-if-wrong" = true)
    )]
    pub bot: Option<i64>,
    /// The chat: its id, or the `@name` of a public group or channel.
    #[schemars(extend("x-secret-if-wrong" = true))]
    pub chat: Place,
    /// The topic of a forum, by its number; without it General. A link to a message in it has that number
    /// before the last: `https://t.me/c/1234567890/17/555`.
    #[schemars(range(min = 2, max = 4_503_599_627_370_495_i64))]
    pub topic: Option<i64>,
}

/// A chat as people name it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Deserialize, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum Place {
    /// By its id: a person (positive), or a group or channel (negative).
    Id(#[schemars(schema_with = "chat_id")] i64),
    /// By its public name.
    Name(
        #[schemars(
            regex(pattern = "^@[A-Za-z][A-Za-z0-9_]{3,31}$"),
            extend("x-expected" = "the `@name` of a public group or channel")
        )]
        String,
    ),
}

/// Waits for a sign of life. It needs either `period` or `cron`.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Heartbeat {
    /// How long after one sign of life the next one is due. At least `1s`, at most `1y`.
    pub period: Option<Period>,
    /// When it is due, as in cron: minute, hour, day of the month, month, day of the week.
    #[serde(default, deserialize_with = "some_cron")]
    #[schemars(with = "Option<String>", extend("format" = "cron"))]
    pub cron: Option<Cron>,
    /// Whose clocks `cron` means. Without it, `time_zone` of the whole.
    #[serde(default, deserialize_with = "some_zone")]
    #[schemars(schema_with = "zone::schema")]
    pub time_zone: Option<TimeZone>,
    /// How late it may be, and how long a job that began may run. At least `1s`, at most `1y`.
    #[serde(default = "minutes_5")]
    #[schemars(extend("default" = "5m"))]
    pub grace: Period,
    /// The end of the address that is to be called, `/ping/KEY`. Without it a random one, which
    /// `nabat monitor show` prints.
    #[schemars(
        regex(pattern = "^[A-Za-z0-9_.-]{8,100}$"),
        extend("x-expected" = "8 to 100 characters from A-Z, a-z, 0-9, `_`, `.` and `-`", "x-for-admins" = true)
    )]
    pub key: Option<String>,
}

/// How Nabat watches.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Watch {
    /// Hosts by which Nabat knows whether it sees anything at all: when none of them answers,
    /// everything is unknown and one message says so. `gateway` is this machine's own router. Only
    /// those count that answered within the last hour.
    #[schemars(length(max = 10), extend("default" = ["gateway"]))]
    pub witnesses: Vec<String>,
    /// How many looks at one host may be under way at once.
    #[schemars(range(min = 1, max = 1000))]
    pub probes_per_host: u32,
    /// How many looks may be under way at once in all.
    #[schemars(range(min = 1, max = 100_000))]
    pub probes_at_once: u32,
    /// The most monitors.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub max_monitors: u32,
    /// The key that all heartbeats share: `/ping/PING_KEY/NAME` calls the one of this name, and with
    /// `?create=1` makes it. Without it there are no such addresses.
    #[schemars(
        regex(pattern = "^[A-Za-z0-9_.-]{8,100}$"),
        extend("x-expected" = "8 to 100 characters from A-Z, a-z, 0-9, `_`, `.` and `-`")
    )]
    pub ping_key: Option<Secret>,
    /// A file that holds `ping_key` alone. A relative path is taken from the configuration's folder.
    #[schemars(extend("x-expected" = "the path of a file"))]
    pub ping_key_file: Option<PathBuf>,
    /// Whether `/metrics` has figures for each monitor, of the first 10,000, and not only for all.
    pub metrics: bool,
    /// A file to which each change of status is added as a line:
    /// `2026-11-20T15:04:05+03:00 OFFLINE web-1 10.0.0.7 : no answer`. A relative path is taken from
    /// the data folder. Without it no such file is written.
    #[schemars(extend("x-expected" = "the path of a file"))]
    pub state_log: Option<PathBuf>,
    /// How large that file grows before it is moved to `.1` and begins anew, in bytes; of those moved
    /// three are kept. `0`: others see to it.
    #[schemars(range(min = 0, max = 1_073_741_824))]
    pub state_log_max_bytes: u32,
}

impl Default for Watch {
    fn default() -> Self {
        Self {
            witnesses: vec!["gateway".to_owned()],
            probes_per_host: 4,
            probes_at_once: 4_096,
            max_monitors: 50_000,
            ping_key: None,
            ping_key_file: None,
            metrics: true,
            state_log: None,
            state_log_max_bytes: 10_000_000,
        }
    }
}

impl Monitor {
    /// The key of its kind, such as `ping`.
    pub fn kind(&self) -> &'static str {
        match self.written_target() {
            Some(target) => target.kind(),
            None if self.group.is_some() => "group",
            None => "heartbeat",
        }
    }

    /// The monitors by which it stands, if it is a group.
    pub fn members(&self) -> &[String] {
        self.group.as_ref().map_or(&[], |group| &group.0.members)
    }

    /// What is looked at; nothing for a heartbeat and a group.
    pub fn target(&self) -> Option<Target> {
        let mut target = self.written_target()?;
        let wants_body = self.conditions.iter().any(Condition::wants_body);
        if let Target::Http(http) = &mut target
            && wants_body
        {
            Arc::make_mut(http).keeps_body = true;
        }
        Some(target)
    }

    /// The same without what the conditions want of it, so that nothing is copied.
    fn written_target(&self) -> Option<Target> {
        let targets = [
            of(&self.ping, Target::Ping),
            of(&self.http, Target::Http),
            of(&self.tcp, Target::Tcp),
            of(&self.tls, Target::Tls),
            of(&self.dns, Target::Dns),
            of(&self.grpc, Target::Grpc),
            of(&self.ssh, Target::Ssh),
            of(&self.smtp, Target::Smtp),
            of(&self.redis, Target::Redis),
            of(&self.postgres, Target::Postgres),
            of(&self.mysql, Target::Mysql),
            of(&self.websocket, Target::Websocket),
            of(&self.domain, Target::Domain),
            of(&self.command, Target::Command),
        ];
        targets.into_iter().flatten().next()
    }

    /// Whether it runs a program on this machine.
    pub fn runs_a_command(&self) -> bool {
        self.command.is_some()
    }

    /// The chat that it tells by itself, once Telegram was asked about it.
    pub fn own_chat(&self) -> Option<ChatKey> {
        match self.tell {
            Some(Tell {
                bot: Some(bot),
                chat: Place::Id(chat),
                topic,
                ..
            }) => Some(ChatKey {
                bot: BotId(bot),
                chat,
                topic,
            }),
            _ => None,
        }
    }

    /// How often it is looked at.
    pub fn interval(&self) -> Duration {
        let usual = || self.written_target().map(|target| target.usual_interval());
        let given = self.interval.map(|interval| interval.duration());
        given.or_else(usual).unwrap_or(Duration::from_secs(30))
    }

    /// The pauses between a failure and the next look.
    pub fn retries(&self) -> Vec<Duration> {
        self.retries.iter().map(|pause| pause.duration()).collect()
    }
}

fn of<T>(given: &Option<ShortOrLong<T>>, of: impl FnOnce(Arc<T>) -> Target) -> Option<Target> {
    given.as_ref().map(|given| of(Arc::clone(&given.0)))
}

/// The first circle of monitors that stand behind one another, by what `parents_of` says of each;
/// likewise of groups that are in one another.
///
/// Each is looked at once, however many lead to it: a file, or a request, may name thousands.
pub fn circle<'a>(
    names: impl IntoIterator<Item = &'a str>,
    parents_of: impl Fn(&str) -> &'a [String],
) -> Option<Vec<&'a str>> {
    // Those from which no way leads into a circle.
    let mut clear = HashSet::new();
    for name in names {
        let mut way = vec![(name, parents_of(name).iter())];
        let mut on_way = HashSet::from([name]);
        while let Some((at, parents)) = way.last_mut() {
            match parents.next().map(String::as_str) {
                None => {
                    on_way.remove(at);
                    clear.insert(*at);
                    way.pop();
                }
                Some(parent) if on_way.contains(parent) => {
                    let round = way.iter().map(|(name, _)| *name);
                    return Some(round.skip_while(|name| *name != parent).collect());
                }
                Some(parent) if clear.contains(parent) => {}
                Some(parent) => {
                    on_way.insert(parent);
                    way.push((parent, parents_of(parent).iter()));
                }
            }
        }
    }
    None
}

fn retries() -> Vec<Period> {
    [1, 3, 7].map(Period::from_seconds).into()
}

const fn two() -> u32 {
    2
}

fn critical() -> String {
    "critical".to_owned()
}

fn minutes_5() -> Period {
    Period::from_minutes(5)
}

fn some_cron<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Cron>, D::Error> {
    cron(deserializer).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_circle_is_found_at_the_end_of_a_long_way_and_where_many_ways_meet() {
        const MANY: usize = 20_000;
        let name = |number: usize| format!("m{number}");
        // Each leads to the next two, so that there are more ways than could ever be gone.
        let mut parents: BTreeMap<String, Vec<String>> = (0..MANY)
            .map(|number| (name(number), vec![name(number + 1), name(number + 2)]))
            .collect();
        let find = |parents: &BTreeMap<String, Vec<String>>| {
            let of = |name: &str| parents.get(name).map(Vec::as_slice).unwrap_or_default();
            let found = circle(parents.keys().map(String::as_str), of);
            found.map(|found| {
                found
                    .iter()
                    .map(|name| (*name).to_owned())
                    .collect::<Vec<_>>()
            })
        };
        assert_eq!(find(&parents), None);
        let last = name(MANY - 1);
        parents.insert(last.clone(), vec![name(MANY - 2)]);
        assert_eq!(find(&parents), Some(vec![name(MANY - 2), last]));
        let alone = BTreeMap::from([("a".to_owned(), vec!["a".to_owned()])]);
        assert_eq!(find(&alone), Some(vec!["a".to_owned()]));
    }
}
