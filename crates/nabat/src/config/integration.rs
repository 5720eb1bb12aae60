//! What `route`, `receivers` and `fallback` come to: the routing for the engine, and each
//! integration with everything it inherited, for those who carry notifications there.

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use nabat_core::chat::{BotId, ChatKey};
use nabat_core::destination::{Destination, IntegrationId, Outlet};
use nabat_core::engine;
use nabat_core::inhibition;
use nabat_core::route::{self, Routing, Spec};
use reqwest::Url;
use sha2::{Digest, Sha256};

use super::inhibit_rule::InhibitRule;
use super::mailbox::Mailbox;
use super::receiver::{EmailConfig, Fallback, Global, Http, HttpTls, SmtpTls, WebhookConfig};
use super::route::Route;
use super::secret::Secret;
use super::settings::Config;
use super::smarthost::Smarthost;
use super::time_interval::Interval;

/// The port on which a mail server speaks TLS from the start.
const IMPLICIT_TLS_PORT: u16 = 465;

/// One e-mail address or webhook of a receiver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Integration {
    /// Its number: the same as long as receiver and address are.
    pub id: IntegrationId,
    /// The name of its receiver.
    pub receiver: Arc<str>,
    /// What it is called for people: `ops: e-mail to a@example.org`. Holds no secret.
    pub name: Arc<str>,
    /// Whether ends are told.
    pub send_resolved: bool,
    /// How it is reached.
    pub kind: Kind,
}

/// How an integration is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// By letters to one address.
    Email(Email),
    /// By calls of one address.
    Webhook(Webhook),
}

/// Letters to one address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Email {
    /// Who is written to.
    pub to: Mailbox,
    /// Who writes.
    pub from: Mailbox,
    /// The mail server.
    pub smarthost: Smarthost,
    /// What Nabat calls itself towards it.
    pub hello: String,
    /// As whom to log in; not at all without it.
    pub login: Option<Login>,
    /// How the connection is encrypted.
    pub encryption: Encryption,
    /// How the server's certificate is checked.
    pub certificate: CertificateCheck,
}

/// How the connection to a mail server is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encryption {
    /// From the start.
    Implicit,
    /// By STARTTLS.
    StartTls {
        /// Whether there is no letter without it.
        required: bool,
    },
}

/// A user of a mail server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Login {
    /// The user's name.
    pub username: String,
    /// The user's password.
    pub password: Secret,
    /// Whom to act as, if it is another one.
    pub identity: Option<String>,
}

/// How a server's certificate is checked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CertificateCheck {
    /// A file with the only authorities to trust (PEM), instead of the system's.
    pub ca_file: Option<PathBuf>,
    /// The name in the certificate, if it is not that of the server. Never set for webhooks.
    pub server_name: Option<String>,
    /// Takes any certificate.
    pub insecure_skip_verify: bool,
}

/// Calls of one address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Webhook {
    /// The address, `http` or `https`. A user name and password in it are basic authentication.
    pub url: Secret,
    /// What stands in the header `Authorization`.
    pub authorization: Option<Authorization>,
    /// The proxy on the way.
    pub proxy: Option<Secret>,
    /// How the server's certificate is checked.
    pub certificate: CertificateCheck,
    /// Whether redirects are followed.
    pub follow_redirects: bool,
    /// How long a call may take.
    pub timeout: Duration,
    /// The most alerts in one call; all without it.
    pub max_alerts: Option<NonZeroUsize>,
    /// The key with which calls are signed: `whsec_` and base64.
    pub hmac_secret: Option<Secret>,
}

/// What stands in the header `Authorization`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Authorization {
    /// A user's name and password.
    Basic {
        /// The name.
        username: String,
        /// The password.
        password: Secret,
    },
    /// A word, such as `Bearer`, and what follows it.
    Scheme {
        /// The word.
        scheme: String,
        /// What follows it.
        credentials: Secret,
    },
}

impl Config {
    /// Every integration of every receiver, in the order of the file.
    pub fn integrations(&self) -> Vec<Integration> {
        let mut all = Vec::new();
        for receiver in &self.receivers {
            let name: Arc<str> = receiver.name.as_str().into();
            for config in &receiver.email_configs {
                all.extend(emails(&name, config, &self.global));
            }
            let webhooks = receiver.webhook_configs.iter();
            all.extend(webhooks.map(|config| webhook(&name, config, &self.global)));
        }
        all
    }

    /// What the engine has to know of routes and receivers. Receivers without a `route` are told
    /// nothing by labels, only instead of others.
    pub fn routing(&self) -> Option<Routing> {
        if self.route.is_none() && self.receivers.is_empty() {
            return None;
        }
        let spec = self.route.as_ref().map_or_else(Spec::default, Route::spec);
        let integration = |integration: Integration| route::Integration {
            id: integration.id,
            receiver: integration.receiver,
            name: integration.name,
            send_resolved: integration.send_resolved,
        };
        let integrations = self.integrations().into_iter().map(integration);
        let mut routing = Routing::new(route::Route::root(spec), integrations);
        let named = self.time_intervals.iter().chain(&self.mute_time_intervals);
        routing.calendar = named
            .map(|named| {
                let intervals = named.time_intervals.iter().map(Interval::interval);
                (named.name.as_str().into(), intervals.collect())
            })
            .collect();
        Some(routing.with_chats(self.chats()))
    }

    /// The chats of every receiver, in the order of the file.
    pub fn chats(&self) -> Vec<(Arc<str>, ChatKey)> {
        let mut all = Vec::new();
        for receiver in &self.receivers {
            let name: Arc<str> = receiver.name.as_str().into();
            for config in &receiver.telegram_configs {
                let bot = self.telegram.bots.iter().find(|bot| bot.name == config.bot);
                // The rules see to it that there is one.
                all.extend(bot.map(|bot| {
                    let chat = ChatKey {
                        bot: BotId(bot.id()),
                        chat: config.chat_id,
                        topic: config.message_thread_id,
                    };
                    (Arc::clone(&name), chat)
                }));
            }
        }
        all
    }

    /// Which alerts are not told while which others fire.
    pub fn inhibit_rules(&self) -> Arc<[inhibition::Rule]> {
        self.inhibit_rules.iter().map(InhibitRule::rule).collect()
    }

    /// Who is told instead of whom.
    pub fn fallbacks(&self) -> HashMap<Outlet, engine::Fallback> {
        let integrations = self.integrations();
        let of = |receiver: &str| {
            let own = integrations
                .iter()
                .filter(move |integration| *integration.receiver == *receiver);
            own.map(|integration| integration.id).collect::<Vec<_>>()
        };
        let fallback = |fallback: &Fallback| engine::Fallback {
            after: fallback.after.duration(),
            to: of(&fallback.receiver)
                .into_iter()
                .map(Destination::Integration)
                .collect(),
        };
        let mut all = HashMap::new();
        for bot in &self.telegram.bots {
            let outlet = Outlet::Bot(BotId(bot.id()));
            all.extend(bot.fallback.as_ref().map(|to| (outlet, fallback(to))));
        }
        for receiver in &self.receivers {
            let Some(to) = &receiver.fallback else {
                continue;
            };
            let outlets = of(&receiver.name).into_iter().map(Outlet::Integration);
            all.extend(outlets.map(|outlet| (outlet, fallback(to))));
        }
        all
    }
}

/// The first bytes of a digest of what makes an integration the one it is.
fn id(receiver: &str, kind: &str, address: &str) -> IntegrationId {
    let digest = Sha256::digest([receiver, kind, address].join("\0"));
    let (head, _) = digest.split_at(size_of::<i64>());
    let number = head
        .iter()
        .fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    IntegrationId(number.cast_signed())
}

fn emails(receiver: &Arc<str>, config: &EmailConfig, global: &Global) -> Vec<Integration> {
    let from = config.from.as_ref().or(global.smtp_from.as_ref());
    let smarthost = config.smarthost.as_ref().or(global.smtp_smarthost.as_ref());
    // The rules see to it that both are there.
    let (Some(from), Some(smarthost)) = (from, smarthost) else {
        return Vec::new();
    };
    let hello = config.hello.as_ref().or(global.smtp_hello.as_ref());
    let required = config.require_tls.or(global.smtp_require_tls);
    let tls = config
        .tls_config
        .as_ref()
        .or(global.smtp_tls_config.as_ref());
    let to = |to: &Mailbox| Integration {
        id: id(receiver, "email", &to.address),
        receiver: Arc::clone(receiver),
        name: format!("{receiver}: e-mail to {}", to.address).into(),
        send_resolved: config.send_resolved,
        kind: Kind::Email(Email {
            to: to.clone(),
            from: from.clone(),
            smarthost: smarthost.clone(),
            hello: hello.cloned().unwrap_or_else(|| "localhost".to_owned()),
            login: login(config, global),
            encryption: match smarthost.port {
                IMPLICIT_TLS_PORT => Encryption::Implicit,
                _ => Encryption::StartTls {
                    required: required.unwrap_or(true),
                },
            },
            certificate: tls.map(of_mail_server).unwrap_or_default(),
        }),
    };
    config.to.iter().map(to).collect()
}

fn login(config: &EmailConfig, global: &Global) -> Option<Login> {
    let username = config.auth_username.as_ref();
    let password = config.auth_password.as_ref();
    let identity = config.auth_identity.as_ref();
    Some(Login {
        username: username.or(global.smtp_auth_username.as_ref())?.clone(),
        password: password.or(global.smtp_auth_password.as_ref())?.clone(),
        identity: identity.or(global.smtp_auth_identity.as_ref()).cloned(),
    })
}

fn of_mail_server(tls: &SmtpTls) -> CertificateCheck {
    CertificateCheck {
        ca_file: tls.ca_file.clone(),
        server_name: tls.server_name.clone(),
        insecure_skip_verify: tls.insecure_skip_verify,
    }
}

fn of_web_server(tls: &HttpTls) -> CertificateCheck {
    CertificateCheck {
        ca_file: tls.ca_file.clone(),
        server_name: None,
        insecure_skip_verify: tls.insecure_skip_verify,
    }
}

fn webhook(receiver: &Arc<str>, config: &WebhookConfig, global: &Global) -> Integration {
    let http = config.http_config.as_ref().or(global.http_config.as_ref());
    let http = http.cloned().unwrap_or_default();
    let url = config.url.expose();
    Integration {
        id: id(receiver, "webhook", url),
        receiver: Arc::clone(receiver),
        name: format!("{receiver}: webhook {}", shown(url)).into(),
        send_resolved: config.send_resolved,
        kind: Kind::Webhook(Webhook {
            url: config.url.clone(),
            authorization: authorization(&http),
            certificate: http
                .tls_config
                .as_ref()
                .map(of_web_server)
                .unwrap_or_default(),
            follow_redirects: http.follow_redirects,
            proxy: http.proxy_url,
            timeout: config.timeout.duration(),
            max_alerts: NonZeroUsize::new(config.max_alerts as usize),
            hmac_secret: config.hmac_secret.clone(),
        }),
    }
}

fn authorization(http: &Http) -> Option<Authorization> {
    let scheme = |scheme: &str, credentials: &Secret| Authorization::Scheme {
        scheme: scheme.to_owned(),
        credentials: credentials.clone(),
    };
    let basic = http.basic_auth.as_ref().map(|basic| Authorization::Basic {
        username: basic.username.clone(),
        password: basic.password.clone(),
    });
    let own = http.authorization.as_ref();
    let own = own.map(|own| scheme(&own.r#type, &own.credentials));
    let token = http.bearer_token.as_ref();
    basic.or(own).or(token.map(|token| scheme("Bearer", token)))
}

/// The address without what may be secret: `https://hooks.example.org/…`.
pub(super) fn shown(url: &str) -> String {
    let Ok(url) = Url::parse(url) else {
        return "…".to_owned();
    };
    let port = url.port().map(|port| format!(":{port}"));
    let rest = if url.path() == "/" && url.query().is_none() {
        ""
    } else {
        "/…"
    };
    format!(
        "{}://{}{}{rest}",
        url.scheme(),
        url.host_str().unwrap_or_default(),
        port.unwrap_or_default(),
    )
}
