//! The settings of `receivers` and of `global`: who is told by e-mail or webhook, in Alertmanager's
//! own words. What of it belongs together, with everything inherited, is made in `integration`.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use schemars::{JsonSchema, Schema};
use serde::Deserialize;

use super::mailbox::{self, Mailbox};
use super::period::Period;
use super::schema::unsupported;
use super::secret::Secret;
use super::settings::{Basic, chat_id};
use super::smarthost::Smarthost;

const fn yes() -> bool {
    true
}

fn ten_minutes() -> Period {
    Period::from_minutes(10)
}

fn ten_seconds() -> Period {
    Period::from_seconds(10)
}

fn bearer() -> String {
    "Bearer".to_owned()
}

/// What all receivers inherit that do not say it themselves.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(extend("x-unsupported" = unsupported([
    ("jira_api_url", ""),
    ("opsgenie_api_key", ""),
    ("opsgenie_api_key_file", ""),
    ("opsgenie_api_url", ""),
    ("pagerduty_url", ""),
    ("rocketchat_api_url", ""),
    ("slack_api_url", ""),
    ("slack_api_url_file", ""),
    ("smtp_auth_secret", "the password of LOGIN and PLAIN is `smtp_auth_password`"),
    ("smtp_force_implicit_tls", "port 465 has TLS from the start"),
    ("telegram_api_url", "it is `api_url` in `telegram.bots[]`"),
    ("telegram_bot_token", "it is `token` in `telegram.bots[]`"),
    ("victorops_api_key", ""),
    ("victorops_api_url", ""),
    ("webex_api_url", ""),
    ("wechat_api_corp_id", ""),
    ("wechat_api_secret", ""),
    ("wechat_api_url", ""),
])))]
pub struct Global {
    /// For how long an alert fires that was posted to `/api/v2/alerts` without an end and is not
    /// posted again; `5m` without it. At least `1ms`, at most `1y`.
    pub resolve_timeout: Option<Period>,
    /// Who writes e-mail; see `receivers[].email_configs[].from`.
    #[serde(deserialize_with = "mailbox::one")]
    #[schemars(schema_with = "mailbox::one_schema")]
    pub smtp_from: Option<Mailbox>,
    /// The mail server; see `receivers[].email_configs[].smarthost`.
    pub smtp_smarthost: Option<Smarthost>,
    /// What Nabat calls itself towards the mail server; `localhost` without it.
    #[schemars(
        regex(pattern = "^[A-Za-z0-9.:_\\[\\]-]+$"), length(max = 255),
        extend("x-expected" = "a host's name")
    )]
    pub smtp_hello: Option<String>,
    /// The user of the mail server. Without one, Nabat does not log in.
    pub smtp_auth_username: Option<String>,
    /// The user's password.
    pub smtp_auth_password: Option<Secret>,
    /// A file that holds the password alone. A relative path is taken from the configuration's
    /// folder.
    #[schemars(extend("x-expected" = "the path of a file"))]
    pub smtp_auth_password_file: Option<PathBuf>,
    /// Whom to act as, for servers that know such a thing.
    pub smtp_auth_identity: Option<String>,
    /// Whether letters go out over TLS only; `true` without it.
    pub smtp_require_tls: Option<bool>,
    /// How the mail server's certificate is checked.
    pub smtp_tls_config: Option<SmtpTls>,
    /// How webhooks are sent that have no `http_config` of their own.
    pub http_config: Option<Http>,
}

impl Global {
    /// See `resolve_timeout`.
    pub fn resolve_timeout(&self) -> Duration {
        self.resolve_timeout
            .unwrap_or(Period::from_minutes(5))
            .duration()
    }
}

/// What to do about a channel that Nabat does not have.
const INSTEAD: &str =
    "tell this receiver by `telegram_configs`, `email_configs` or `webhook_configs` instead";

/// Somebody to be told: all of its chats, e-mail addresses and webhooks. Without any, nobody is.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-unsupported" = unsupported([
    ("discord_configs", INSTEAD),
    ("hipchat_configs", INSTEAD),
    ("incidentio_configs", INSTEAD),
    ("jira_configs", INSTEAD),
    ("mattermost_configs", INSTEAD),
    ("msteams_configs", INSTEAD),
    ("msteamsv2_configs", INSTEAD),
    ("opsgenie_configs", INSTEAD),
    ("pagerduty_configs", INSTEAD),
    ("pushover_configs", INSTEAD),
    ("rocketchat_configs", INSTEAD),
    ("slack_configs", INSTEAD),
    ("sns_configs", INSTEAD),
    ("victorops_configs", INSTEAD),
    ("webex_configs", INSTEAD),
    ("wechat_configs", INSTEAD),
])))]
pub struct Receiver {
    /// What routes and fallbacks call it; unique.
    #[schemars(
        regex(pattern = "^[^\\x00-\\x1f\\x7f]+$"), length(max = 200),
        extend("x-expected" = "1 to 200 characters on one line")
    )]
    pub name: String,
    /// Whom to write e-mail.
    #[serde(default)]
    #[schemars(length(max = 100))]
    pub email_configs: Vec<EmailConfig>,
    /// Which programs to call.
    #[serde(default)]
    #[schemars(length(max = 100))]
    pub webhook_configs: Vec<WebhookConfig>,
    /// Which chats of Telegram to tell.
    #[serde(default)]
    #[schemars(length(max = 100))]
    pub telegram_configs: Vec<TelegramConfig>,
    /// Who is told instead when something of this receiver can't be reached. Its chats have the
    /// `fallback` of their bot, which is required then.
    pub fallback: Option<Fallback>,
}

/// Who is told instead when something can't be reached for a while.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Fallback {
    /// The name of the receiver that is told instead.
    #[schemars(extend("x-expected" = "the name of a receiver"))]
    pub receiver: String,
    /// After how long. At least `1s`, at most `1w`.
    #[serde(default = "ten_minutes")]
    pub after: Period,
}

/// An e-mail address, or several that each get a letter of their own.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-unsupported" = unsupported([
    ("auth_secret", "the password of LOGIN and PLAIN is `auth_password`"),
    ("force_implicit_tls", "port 465 has TLS from the start"),
    ("headers", ""),
    ("html", ""),
    ("text", ""),
    ("threading", "letters of one group form a thread by themselves"),
])))]
pub struct EmailConfig {
    /// The address, or several with commas between them. Each gets a letter of its own.
    #[serde(deserialize_with = "mailbox::many")]
    #[schemars(schema_with = "mailbox::many_schema")]
    pub to: Vec<Mailbox>,
    /// Who writes; `smtp_from` of `global` without it.
    #[serde(default, deserialize_with = "mailbox::one")]
    #[schemars(schema_with = "mailbox::one_schema")]
    pub from: Option<Mailbox>,
    /// The mail server, with its port: 465 means TLS from the start, any other that it is switched
    /// on by STARTTLS. `smtp_smarthost` of `global` without it.
    pub smarthost: Option<Smarthost>,
    /// What Nabat calls itself towards the mail server; `smtp_hello` of `global` without it.
    #[schemars(
        regex(pattern = "^[A-Za-z0-9.:_\\[\\]-]+$"), length(max = 255),
        extend("x-expected" = "a host's name")
    )]
    pub hello: Option<String>,
    /// The user of the mail server; `smtp_auth_username` of `global` without it.
    pub auth_username: Option<String>,
    /// The user's password; `smtp_auth_password` of `global` without it.
    pub auth_password: Option<Secret>,
    /// A file that holds the password alone. A relative path is taken from the configuration's
    /// folder.
    #[schemars(extend("x-expected" = "the path of a file"))]
    pub auth_password_file: Option<PathBuf>,
    /// Whom to act as; `smtp_auth_identity` of `global` without it.
    pub auth_identity: Option<String>,
    /// Whether letters go out over TLS only; `smtp_require_tls` of `global` without it.
    pub require_tls: Option<bool>,
    /// How the mail server's certificate is checked; `smtp_tls_config` of `global` without it.
    pub tls_config: Option<SmtpTls>,
    /// Whether the end of an alert is told too.
    #[serde(default = "yes")]
    pub send_resolved: bool,
}

/// How the mail server's certificate is checked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(extend("x-unsupported" = unsupported(TLS_UNSUPPORTED)))]
pub struct SmtpTls {
    /// A file with the only certificates (PEM) of authorities to trust, instead of the system's. A
    /// relative path is taken from the configuration's folder.
    #[schemars(extend("format" = "certificates"))]
    pub ca_file: Option<PathBuf>,
    /// The name in the certificate, when it is not the name of the mail server.
    pub server_name: Option<String>,
    /// Takes any certificate. Then nobody knows who reads along.
    pub insecure_skip_verify: bool,
}

/// How the certificate of a webhook's server is checked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(extend("x-unsupported" = unsupported(HTTP_TLS_UNSUPPORTED)))]
pub struct HttpTls {
    /// A file with the only certificates (PEM) of authorities to trust, instead of the system's. A
    /// relative path is taken from the configuration's folder.
    #[schemars(extend("format" = "certificates"))]
    pub ca_file: Option<PathBuf>,
    /// Takes any certificate. Then nobody knows who reads along.
    pub insecure_skip_verify: bool,
}

const TLS_UNSUPPORTED: [(&str, &str); 7] = [
    ("ca", "`ca_file` is"),
    ("cert", ""),
    ("cert_file", ""),
    ("key", ""),
    ("key_file", ""),
    ("max_version", ""),
    ("min_version", ""),
];

const HTTP_TLS_UNSUPPORTED: [(&str, &str); 8] = {
    let [a, b, c, d, e, f, g] = TLS_UNSUPPORTED;
    [a, b, c, d, e, f, g, ("server_name", "")]
};

/// A program that is called with Alertmanager's webhook. It needs either `url` or `url_file`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-unsupported" = unsupported([("payload", "")])))]
pub struct WebhookConfig {
    /// The address that is called.
    #[serde(default)]
    #[schemars(extend("format" = "webhook-url"))]
    pub url: Secret,
    /// A file that holds the address alone. A relative path is taken from the configuration's folder.
    #[schemars(extend("x-expected" = "the path of a file"))]
    pub url_file: Option<PathBuf>,
    /// Whether the end of an alert is told too.
    #[serde(default = "yes")]
    pub send_resolved: bool,
    /// The most alerts in one call; `0` is all.
    #[serde(default)]
    #[schemars(range(max = 1_000_000))]
    pub max_alerts: u32,
    /// How long a call may take. At least `1ms`, at most `1h`.
    #[serde(default = "ten_seconds")]
    pub timeout: Period,
    /// The key with which each call is signed; `whsec_$(openssl rand -base64 32)` makes one.
    #[schemars(extend("format" = "signing-secret"))]
    pub hmac_secret: Option<Secret>,
    /// A file that holds the key alone. A relative path is taken from the configuration's folder.
    #[schemars(extend("x-expected" = "the path of a file"))]
    pub hmac_secret_file: Option<PathBuf>,
    /// How it is called; `http_config` of `global` without it.
    pub http_config: Option<Http>,
}

/// A chat of Telegram, or a topic of it. As everywhere in chats, it has one live message for each
/// group, which shows the end too. It needs either `chat_id` or `chat_id_file`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-unsupported" = unsupported([
    ("api_url", "it is `api_url` in `telegram.bots[]`"),
    ("bot_token", "it is `token` in `telegram.bots[]`, whose name is `bot` here"),
    ("bot_token_file", "it is `token_file` in `telegram.bots[]`, whose name is `bot` here"),
    ("disable_notifications", ""),
    ("http_config", "it is `proxy` in `telegram.bots[]`; nothing else can be set"),
    ("message", "Nabat writes its messages itself"),
    ("parse_mode", "Nabat writes its messages itself"),
    ("send_resolved", "the live message shows the end all the same"),
])))]
pub struct TelegramConfig {
    /// The name of the bot that speaks.
    #[schemars(extend("x-expected" = "the name of a bot"))]
    pub bot: String,
    /// The id of the chat. Whoever is there may talk to the bot.
    #[serde(default)]
    #[schemars(schema_with = "chat_id", transform = without_default)]
    pub chat_id: i64,
    /// A file that holds the id alone. A relative path is taken from the configuration's folder.
    #[schemars(extend("x-expected" = "the path of a file"))]
    pub chat_id_file: Option<PathBuf>,
    /// The topic within a forum group.
    #[schemars(range(min = 1, max = 2_147_483_647))]
    pub message_thread_id: Option<i64>,
}

/// What a file beside it may give has a default that is none.
fn without_default(schema: &mut Schema) {
    schema.remove("default");
}

/// `chat -100/5 by ops`.
impl fmt::Display for TelegramConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "chat {}", self.chat_id)?;
        if let Some(topic) = self.message_thread_id {
            write!(f, "/{topic}")?;
        }
        write!(f, " by {}", self.bot)
    }
}

/// How webhooks are sent.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(extend("x-unsupported" = unsupported([
    ("enable_http2", ""),
    ("http_headers", ""),
    ("no_proxy", ""),
    ("oauth2", ""),
    ("proxy_connect_header", ""),
    ("proxy_from_environment", ""),
])))]
pub struct Http {
    /// A user's name and password.
    pub basic_auth: Option<Basic>,
    /// What stands in the header `Authorization`.
    pub authorization: Option<Authorization>,
    /// The token of `Authorization: Bearer …`: the older way to write `authorization`.
    pub bearer_token: Option<Secret>,
    /// A file that holds the bearer token alone. A relative path is taken from the configuration's
    /// folder.
    #[schemars(extend("x-expected" = "the path of a file"))]
    pub bearer_token_file: Option<PathBuf>,
    /// The proxy: `http`, `https`, `socks5` or `socks5h` (which resolves names at the proxy).
    #[schemars(extend("format" = "proxy-url"))]
    pub proxy_url: Option<Secret>,
    /// Whether redirects are followed that keep the call as it is (307 and 308).
    pub follow_redirects: bool,
    /// How the server's certificate is checked.
    pub tls_config: Option<HttpTls>,
}

impl Default for Http {
    fn default() -> Self {
        Self {
            basic_auth: None,
            authorization: None,
            bearer_token: None,
            bearer_token_file: None,
            proxy_url: None,
            follow_redirects: true,
            tls_config: None,
        }
    }
}

/// What stands in the header `Authorization`. It needs either `credentials` or `credentials_file`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Authorization {
    /// Its first word.
    #[serde(default = "bearer")]
    #[schemars(
        regex(pattern = "^[A-Za-z0-9_.+-]+$"), length(max = 64),
        extend(
            "x-expected" = "one word, such as `Bearer`; a user and password are `basic_auth`",
            "x-secret-if-wrong" = true
        )
    )]
    pub r#type: String,
    /// What follows it.
    #[serde(default)]
    #[schemars(
        regex(pattern = "^[ -~]+$"), length(max = 4096),
        extend("x-expected" = "1 to 4096 visible ASCII characters")
    )]
    pub credentials: Secret,
    /// A file that holds the credentials alone. A relative path is taken from the configuration's
    /// folder.
    #[schemars(extend("x-expected" = "the path of a file"))]
    pub credentials_file: Option<PathBuf>,
}
