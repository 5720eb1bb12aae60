//! The tree of settings: the one source of the loader, of the JSON Schema and of the reference.
//!
//! The doc comments are what people read in `docs/configuration.md` and in their editor, so they
//! speak to operators. Bounds stand as schema attributes, which the loader checks; a bound that
//! ties two settings together is checked in `rules`.

use std::path::PathBuf;
use std::sync::Arc;

use jiff::tz::TimeZone;
use nabat_core::message::words::Language;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize};

use super::alertmanager::Note;
use super::endpoint::{self, ApiUrl};
use super::inhibit_rule::InhibitRule;
use super::maintenance::Maintenance;
use super::modules::Modules;
use super::monitor::{Monitor, Watch};
use super::period::Period;
use super::receiver::{Fallback, Global, Receiver};
use super::route::Route;
use super::schema::unsupported;
use super::secret::Secret;
use super::store::Store;
use super::time_interval::NamedIntervals;
use super::zone;

/// Configuration of Nabat.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(title = "Nabat", extend("x-unsupported" = unsupported([
    ("templates", ""),
    ("tracing", ""),
])))]
pub struct Config {
    /// The bots that tell people about alerts.
    pub telegram: Telegram,
    /// What all receivers inherit that do not say it themselves.
    pub global: Global,
    /// Which alerts go to which receiver. Without it, only those are told who subscribe in a chat.
    #[schemars(extend("required" = ["receiver"]))]
    pub route: Option<Route>,
    /// Who is told by e-mail or webhook. The guide is [Routing](routing.md).
    #[schemars(length(max = 10_000))]
    pub receivers: Vec<Receiver>,
    /// Which alerts are not told while which others fire, because those explain them. They hold for
    /// subscriptions too.
    #[schemars(length(max = 10_000))]
    pub inhibit_rules: Vec<InhibitRule>,
    /// Recurring spans of time, such as nights and weekends, to which routes refer by name.
    #[schemars(length(max = 1_000))]
    pub time_intervals: Vec<NamedIntervals>,
    /// The older name of `time_intervals`; both may be given.
    #[schemars(length(max = 1_000))]
    pub mute_time_intervals: Vec<NamedIntervals>,
    /// For how long whoever acknowledges an alert is trusted to see to it. At least `1m`, at most
    /// `1y`.
    pub acknowledge_for: Period,
    /// After how long an undelivered critical alert raises `NabatDeliveryLate`. At least `1s`, at
    /// most `1d`.
    pub alert_undelivered_after: Period,
    /// How long before its end a silence reminds the chat in which it was made; `0s`: not at all. At
    /// most `1d`.
    pub remind_before_silence_ends: Period,
    /// What is silenced again and again, such as backups at night. The guide is
    /// [Silences](silences.md#maintenance-windows).
    #[schemars(length(max = 1_000))]
    pub maintenance: Vec<Maintenance>,
    /// What Nabat watches by itself. The guide is [Monitors](monitors.md).
    #[serde(deserialize_with = "shared")]
    #[schemars(with = "Vec<Monitor>", length(max = 50_000))]
    pub monitors: Vec<Arc<Monitor>>,
    /// How Nabat watches.
    pub watch: Watch,
    /// Probes that Prometheus asks for at `/probe`, as it asks blackbox_exporter. The guide is
    /// [blackbox_exporter's configuration](blackbox.md).
    pub probe: Probe,
    /// The address under which people and programs reach this Nabat, for links. Without it, that on
    /// which Nabat listens, with the machine's name where it listens on every address.
    #[serde(deserialize_with = "endpoint::without_slash")]
    #[schemars(extend(
        "format" = "http-url",
        "x-expected" = "an `http` or `https` address such as `https://nabat.example.org`"
    ))]
    pub external_url: Option<String>,
    /// Who may use the API beside those who can read the file `api-token` in the data folder.
    pub api: Option<Api>,
    /// The ways in: what a request with alerts may contain, and who may send one.
    pub intake: Intake,
    /// Where state is kept: `sqlite:` and a file. A relative path is taken from `--data-dir`.
    pub store: Store,
    /// After how long without news from its source an alert is shown as "no news". At least `5m`,
    /// at most `1y`. Choose it longer than Alertmanager's `repeat_interval`.
    pub stale_after: Period,
    /// The language of a chat that has not chosen one.
    #[schemars(schema_with = "language", extend("default" = "en"))]
    pub language: Language,
    /// The time zone of a chat that has not chosen one, by its IANA name.
    #[serde(deserialize_with = "zone::deserialize")]
    #[schemars(schema_with = "zone::schema", extend("default" = "UTC"))]
    pub time_zone: TimeZone,
    /// How much is kept of what is over.
    pub history: History,
    /// Bounds on what Nabat keeps.
    pub limits: Limits,
    /// The monitors as they are written, without secrets, each as JSON.
    #[serde(skip)]
    pub monitor_definitions: Vec<String>,
    /// The modules of `probe.modules_file`.
    #[serde(skip)]
    pub modules: Option<Arc<Modules>>,
    /// What of an `alertmanager.yml` Nabat does without.
    #[serde(skip)]
    pub notes: Vec<Note>,
    /// What tells its file from others, in 48 bits; 0 if it has none.
    #[serde(skip)]
    pub hash: u64,
}

/// Probes that Prometheus asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Probe {
    /// A `blackbox.yml`, blackbox_exporter's configuration, as it is. With it everybody who reaches
    /// Nabat's port may have any address asked as its modules say; without it `/probe` asks nobody.
    /// A relative path is taken from the configuration's folder.
    #[schemars(extend("x-expected" = "the path of a file"))]
    pub modules_file: Option<PathBuf>,
}

impl Config {
    /// Whether all is as without a file, because it is empty or names nothing but the defaults.
    pub fn says_nothing(&self) -> bool {
        let unnamed = Self {
            hash: 0,
            ..self.clone()
        };
        unnamed == Self::default()
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            telegram: Telegram::default(),
            global: Global::default(),
            route: None,
            receivers: Vec::new(),
            inhibit_rules: Vec::new(),
            time_intervals: Vec::new(),
            mute_time_intervals: Vec::new(),
            acknowledge_for: Period::from_minutes(8 * 60),
            alert_undelivered_after: Period::from_minutes(5),
            remind_before_silence_ends: Period::from_minutes(15),
            maintenance: Vec::new(),
            monitors: Vec::new(),
            watch: Watch::default(),
            probe: Probe::default(),
            external_url: None,
            api: None,
            intake: Intake::default(),
            store: Store::default(),
            stale_after: Period::from_minutes(24 * 60),
            language: Language::En,
            time_zone: TimeZone::UTC,
            history: History::default(),
            limits: Limits::default(),
            monitor_definitions: Vec::new(),
            modules: None,
            notes: Vec::new(),
            hash: 0,
        }
    }
}

/// The bots that tell people about alerts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Telegram {
    /// One entry per bot. Without any, alerts are kept and shown but told to nobody.
    #[schemars(length(max = 100))]
    pub bots: Vec<Bot>,
    /// The chats where Nabat speaks about itself, such as a refused configuration. Without any,
    /// the owners' private chats.
    #[schemars(length(max = 100))]
    pub operators: Vec<Operator>,
    /// The bots that come in by the API, for monitors with chats of their own.
    pub made_bots: MadeBots,
}

/// The bots that come in by the API: how many there may be, and how they reach Telegram.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct MadeBots {
    /// How many there may be; `0`: none.
    #[schemars(range(min = 0, max = 1000))]
    pub max: u32,
    /// The Bot API server, written as that of a bot. Without it these bots go the way of the first one
    /// of the configuration, else to Telegram itself.
    #[serde(deserialize_with = "endpoint::some_one_or_many")]
    #[schemars(with = "Option<endpoint::OneOrMany>")]
    pub api_url: Option<Vec<ApiUrl>>,
    /// The proxy for every address of `api_url` without one of its own, or for Telegram itself.
    #[schemars(extend("format" = "proxy-url"))]
    pub proxy: Option<Secret>,
}

impl Default for MadeBots {
    fn default() -> Self {
        Self {
            max: 100,
            api_url: None,
            proxy: None,
        }
    }
}

impl Telegram {
    /// The bot of the configuration with this number.
    pub fn bot(&self, id: i64) -> Option<&Bot> {
        self.bots.iter().find(|bot| bot.id() == id)
    }

    /// The settings of a bot that is not of the configuration. Its name can't be one of those.
    pub fn made_bot(&self, username: &str, token: Secret) -> Bot {
        let MadeBots { api_url, proxy, .. } = &self.made_bots;
        let first = self.bots.first();
        let (api_url, proxy) = match (api_url, proxy, first) {
            (None, None, Some(first)) => (first.api_url.clone(), first.proxy.clone()),
            (api_url, proxy, _) => {
                let api_url = api_url.clone().unwrap_or_else(endpoint::official);
                (api_url, proxy.clone())
            }
        };
        Bot {
            name: format!("@{username}"),
            token,
            token_file: None,
            api_url,
            proxy,
            allow: Vec::new(),
            updates: Updates::Polling,
            webhook: None,
            fallback: None,
        }
    }
}

/// One bot. It needs `name` and either `token` or `token_file`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Bot {
    /// What this bot is called in logs, metrics and `operators`; unique.
    #[schemars(
        regex(pattern = "^[a-z0-9_-]{1,32}$"),
        extend("x-expected" = "a name of 1 to 32 characters from a-z, 0-9, `_` and `-`")
    )]
    pub name: String,
    /// The token from @BotFather, best as `${NAME}` of an environment variable.
    #[serde(default)]
    #[schemars(extend("format" = "bot-token"))]
    pub token: Secret,
    /// A file that holds the token alone. A relative path is taken from the configuration's folder.
    #[schemars(extend("x-expected" = "the path of a file"))]
    pub token_file: Option<PathBuf>,
    /// The Bot API server: an address, or a list of addresses that are tried in turn, each with its
    /// own proxy if it has one.
    #[serde(
        default = "endpoint::official",
        deserialize_with = "endpoint::one_or_many"
    )]
    #[schemars(with = "endpoint::OneOrMany", extend("default" = endpoint::OFFICIAL))]
    pub api_url: Vec<ApiUrl>,
    /// The proxy for every address without one of its own: `http`, `https`, `socks5` or `socks5h`
    /// (which resolves names at the proxy), as `socks5h://user:password@host:port`.
    #[schemars(extend("format" = "proxy-url"))]
    pub proxy: Option<Secret>,
    /// Ids of users (positive) and chats (negative) that may use the bot without pairing.
    #[serde(default)]
    #[schemars(schema_with = "chat_ids")]
    pub allow: Vec<i64>,
    /// How Telegram's news reach Nabat: it asks (`polling`), or Telegram calls it (`webhook`).
    #[serde(default)]
    pub updates: Updates,
    /// Where Telegram calls; required with `updates: webhook`.
    pub webhook: Option<Webhook>,
    /// Who is told instead when this bot can't reach a chat.
    pub fallback: Option<Fallback>,
}

impl Bot {
    /// The bot's own Telegram id: the number before the colon of its token.
    pub fn id(&self) -> i64 {
        let digits = self.token.expose().bytes().take_while(u8::is_ascii_digit);
        digits.fold(0_i64, |id, digit| {
            id.saturating_mul(10)
                .saturating_add(i64::from(digit - b'0'))
        })
    }

    /// The proxy to use for `api`: its own, else the bot's, else none.
    pub fn proxy_for<'a>(&'a self, api: &'a ApiUrl) -> Option<&'a Secret> {
        api.proxy.as_ref().or(self.proxy.as_ref())
    }
}

/// Telegram's ids have at most 52 significant bits.
pub(super) fn chat_id(_: &mut SchemaGenerator) -> Schema {
    const MAX: i64 = (1 << 52) - 1;
    json_schema!({
        "type": "integer",
        "minimum": -MAX,
        "maximum": MAX,
        "not": {"const": 0},
        "x-expected": "the id of a user (positive) or of a chat (negative)",
    })
}

fn chat_ids(generator: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "array", "items": chat_id(generator), "maxItems": 10_000, "default": []})
}

/// How a bot learns what people write to it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Updates {
    /// Nabat asks Telegram. Needs no address that Telegram can reach.
    #[default]
    Polling,
    /// Telegram calls Nabat at `webhook.url`.
    Webhook,
}

/// Where Telegram calls Nabat.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Webhook {
    /// The public `https` address under which Telegram reaches this Nabat; Nabat adds its own path.
    #[schemars(extend("format" = "https-url"))]
    pub url: String,
}

/// A chat where Nabat speaks about itself.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Operator {
    /// The name of the bot that speaks.
    #[schemars(extend("x-expected" = "the name of a bot"))]
    pub bot: String,
    /// The id of the chat.
    #[schemars(schema_with = "chat_id")]
    pub chat: i64,
    /// The topic within a forum group.
    #[schemars(range(min = 1, max = 2_147_483_647))]
    pub topic: Option<i64>,
}

/// What a request with alerts may contain, and who may send one.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Intake {
    /// The largest request body, in bytes.
    #[schemars(range(min = 1024, max = 1_073_741_824))]
    pub max_body_bytes: u64,
    /// The most alerts in one request.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub max_alerts_per_request: u32,
    /// The most labels, and the most annotations, of one alert.
    #[schemars(range(min = 1, max = 1024))]
    pub max_labels_per_alert: u32,
    /// Who may send alerts; any one of the listed proofs suffices. Without it, everyone who can
    /// reach the port.
    pub auth: Option<Auth>,
}

impl Default for Intake {
    fn default() -> Self {
        Self {
            max_body_bytes: 8 * 1024 * 1024,
            max_alerts_per_request: 10_000,
            max_labels_per_alert: 64,
            auth: None,
        }
    }
}

/// Proofs that a sender of alerts may give; any one suffices.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Auth {
    /// The token of `Authorization: Bearer …`.
    #[schemars(
        regex(pattern = "^[!-~]+$"), length(max = 4096),
        extend("x-expected" = "1 to 4096 visible ASCII characters without spaces")
    )]
    pub bearer_token: Option<Secret>,
    /// A file that holds the bearer token alone. A relative path is taken from the configuration's
    /// folder.
    #[schemars(extend("x-expected" = "the path of a file"))]
    pub bearer_token_file: Option<PathBuf>,
    /// The name and password of `Authorization: Basic …`.
    pub basic: Option<Basic>,
    /// A random end of the address: `POST /api/v1/webhook/alertmanager/<secret_path>`.
    #[schemars(
        regex(pattern = "^[A-Za-z0-9_-]{16,128}$"),
        extend("x-expected" = "16 to 128 characters from A-Z, a-z, 0-9, `_` and `-`")
    )]
    pub secret_path: Option<Secret>,
}

/// HTTP basic authentication. It needs `username` and either `password` or `password_file`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Basic {
    /// The user's name.
    #[schemars(
        regex(pattern = "^[^:\\x00-\\x1f\\x7f]+$"), length(max = 255),
        extend("x-expected" = "1 to 255 characters without a colon")
    )]
    pub username: String,
    /// The password.
    #[serde(default)]
    #[schemars(
        regex(pattern = "^[^\\x00-\\x1f\\x7f]+$"), length(max = 4096),
        extend("x-expected" = "1 to 4096 characters on one line")
    )]
    pub password: Secret,
    /// A file that holds the password alone. A relative path is taken from the configuration's
    /// folder.
    #[schemars(extend("x-expected" = "the path of a file"))]
    pub password_file: Option<PathBuf>,
}

/// Who may use the API under `/api/v1` beside those who can read the file `api-token` in the data
/// folder, such as `nabat deliveries` on the same machine. It needs either `token` or `token_file`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Api {
    /// The token of `Authorization: Bearer …`.
    #[serde(default)]
    #[schemars(
        regex(pattern = "^[!-~]+$"), length(max = 4096),
        extend("x-expected" = "1 to 4096 visible ASCII characters without spaces")
    )]
    pub token: Secret,
    /// A file that holds the token alone. A relative path is taken from the configuration's folder.
    #[schemars(extend("x-expected" = "the path of a file"))]
    pub token_file: Option<PathBuf>,
}

fn shared<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Arc<Monitor>>, D::Error> {
    let monitors = Vec::deserialize(deserializer)?;
    Ok(monitors.into_iter().map(Arc::new).collect())
}

fn language(_: &mut SchemaGenerator) -> Schema {
    let tags = Language::ALL.map(Language::code);
    json_schema!({"type": "string", "enum": tags})
}

/// How much is kept of what is over.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct History {
    /// For how long an incident that ended is kept, with who was told. At least `1h`, at most `10y`.
    pub keep_incidents_for: Period,
    /// Of those, only so many that ended last: each takes about 1.5 kB.
    #[schemars(range(min = 1, max = 100_000_000))]
    pub max_incidents: u32,
    /// For how long each look at a monitor is kept: about 3 bytes each. At least `1d`, at most `10y`.
    pub keep_samples_for: Period,
    /// For how long what each hour of a monitor came to is kept. At least `1d`, at most `10y`.
    pub keep_hours_for: Period,
    /// For how long is kept when a monitor was up and when down. At least `1d`, at most `10y`.
    pub keep_statuses_for: Period,
}

impl Default for History {
    fn default() -> Self {
        Self {
            keep_incidents_for: Period::from_minutes(90 * 24 * 60),
            max_incidents: 200_000,
            keep_samples_for: Period::from_minutes(30 * 24 * 60),
            keep_hours_for: Period::from_minutes(365 * 24 * 60),
            keep_statuses_for: Period::from_minutes(400 * 24 * 60),
        }
    }
}

/// Bounds on what Nabat keeps.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// The most incidents open at the same time; the intake refuses what would exceed it.
    #[schemars(range(min = 1, max = 10_000_000))]
    pub max_open_incidents: u32,
    /// The most subscriptions of all chats together.
    #[schemars(range(min = 1, max = 10_000_000))]
    pub max_subscriptions: u32,
    /// The longest expression of a subscription, in characters.
    #[schemars(range(min = 1, max = 4096))]
    pub max_expression_length: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_open_incidents: 1_000_000,
            max_subscriptions: 100_000,
            max_expression_length: 256,
        }
    }
}
