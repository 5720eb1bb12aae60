//! The integrations of receivers that are carried to now: a courier each.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use nabat_core::destination::IntegrationId;

use crate::channel::{Channel, email, webhook};
use crate::config::Config;
use crate::config::integration as configured;
use crate::courier::integration::IntegrationCourier;
use crate::engine::{Handle, Problem};
use crate::metrics::Metrics;

/// The alert that says that nothing can be sent to an integration as it is configured.
const RECEIVER_INVALID: &str = "NabatReceiverInvalid";
/// How long that lasts unless a start or a reload says it again: the receiver may be taken out of
/// the configuration while no Nabat runs that would know of it.
const INVALID_LASTS: Duration = Duration::from_secs(7 * 86_400);

/// The integrations that are carried to now.
#[derive(Debug)]
pub(super) struct Integrations {
    engine: Handle,
    metrics: Arc<Metrics>,
    /// What tells this Nabat from others to those it notifies.
    instance: String,
    running: HashMap<IntegrationId, Running>,
    /// Those that were stopped and may still finish what they have in hand.
    leaving: HashMap<IntegrationId, CancellationToken>,
    /// Those to which nothing can be sent as they are configured.
    invalid: HashMap<IntegrationId, configured::Integration>,
    /// What webhooks share.
    clients: webhook::Clients,
    tasks: JoinSet<()>,
}

#[derive(Debug)]
struct Running {
    described: Described,
    shutdown: CancellationToken,
    /// Cancelled when nothing of it runs any more.
    gone: CancellationToken,
}

/// All that a courier is made of: when it is the same, the courier stays.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Described {
    integration: configured::Integration,
    external_url: String,
}

impl Integrations {
    pub(super) fn new(engine: Handle, metrics: Arc<Metrics>, instance: String) -> Self {
        Self {
            engine,
            metrics,
            instance,
            running: HashMap::new(),
            leaving: HashMap::new(),
            invalid: HashMap::new(),
            clients: webhook::Clients::default(),
            tasks: JoinSet::new(),
        }
    }

    /// Stops the couriers of integrations that the configuration does not know as they are, and
    /// starts those it does. One that is started anew begins when the old one has finished: two of
    /// them would send everything twice.
    pub(super) fn follow(&mut self, config: &Config, external_url: &str) {
        let wanted: HashMap<IntegrationId, Described> = config
            .integrations()
            .into_iter()
            .map(|integration| {
                let external_url = external_url.to_owned();
                let described = Described {
                    integration,
                    external_url,
                };
                (described.integration.id, described)
            })
            .collect();
        self.leaving.retain(|_, gone| !gone.is_cancelled());
        self.running.retain(|id, running| {
            let stays = wanted.get(id) == Some(&running.described);
            if !stays {
                running.shutdown.cancel();
                self.leaving.insert(*id, running.gone.clone());
            }
            stays
        });
        for (id, gone) in std::mem::take(&mut self.invalid) {
            if !wanted.contains_key(&id) {
                self.tell_whether_valid(&gone, None);
            }
        }
        for (id, described) in wanted {
            if !self.running.contains_key(&id) {
                self.start(described);
            }
        }
    }

    fn start(&mut self, described: Described) {
        let integration = &described.integration;
        let channel = self.channel(&described);
        self.tell_whether_valid(integration, channel.as_ref().err());
        let Ok(channel) = channel else {
            self.invalid.insert(integration.id, integration.clone());
            return;
        };
        let courier = IntegrationCourier::new(
            integration.id,
            integration.receiver.to_string(),
            integration.name.to_string(),
            channel,
            self.engine.clone(),
            Arc::clone(&self.metrics),
        );
        let (shutdown, gone) = (CancellationToken::new(), CancellationToken::new());
        let (leaves, before) = (
            gone.clone().drop_guard(),
            self.leaving.remove(&integration.id),
        );
        let courier = courier.run(shutdown.clone());
        self.tasks.spawn(async move {
            if let Some(before) = before {
                before.cancelled().await;
            }
            courier.await;
            drop(leaves);
        });
        let running = Running {
            described,
            shutdown,
            gone,
        };
        self.running
            .insert(running.described.integration.id, running);
    }

    /// Tells the operators of an integration that can't be carried to, or that it can be again.
    fn tell_whether_valid(
        &mut self,
        integration: &configured::Integration,
        error: Option<&anyhow::Error>,
    ) {
        let (engine, integration) = (self.engine.clone(), integration.clone());
        let words = error.map(|error| format!("Nothing can be sent there: {error:#}"));
        self.tasks.spawn(async move {
            let labels = [
                ("receiver", &*integration.receiver),
                ("to", &*integration.name),
            ];
            let problem = words.as_deref().map(|words| {
                tracing::error!(to = &*integration.name, "{words}");
                let lasts = Some(INVALID_LASTS);
                Problem { words, lasts }
            });
            engine.own_alert(RECEIVER_INVALID, &labels, problem).await;
        });
    }

    fn channel(&mut self, described: &Described) -> anyhow::Result<Channel> {
        Ok(match &described.integration.kind {
            configured::Kind::Email(email) => Channel::Email {
                mailer: Box::new(email::Mailer::new(&account(email, &self.instance)?)?),
                to: email.to.to_string().parse()?,
            },
            configured::Kind::Webhook(webhook) => {
                let target = target(webhook, &described.external_url, &self.instance);
                let sender = webhook::Sender::new(&target, &mut self.clients)?;
                Channel::Webhook(Box::new(sender))
            }
        })
    }

    /// Whether a courier has panicked, so that something is told to nobody.
    pub(super) fn crashed(&mut self) -> bool {
        while let Some(ended) = self.tasks.try_join_next() {
            if let Err(error) = ended {
                tracing::error!(%error, "a courier stopped");
                return true;
            }
        }
        false
    }

    /// Stops all of them, letting them finish what they have in hand.
    pub(super) async fn stop(&mut self) {
        for (_, running) in self.running.drain() {
            running.shutdown.cancel();
        }
        while self.tasks.join_next().await.is_some() {}
    }
}

fn account(email: &configured::Email, instance: &str) -> anyhow::Result<email::Account> {
    Ok(email::Account {
        smarthost: email::Smarthost {
            host: email.smarthost.host.clone(),
            port: email.smarthost.port,
        },
        from: email.from.to_string().parse()?,
        hello: email.hello.clone(),
        tls: match email.encryption {
            configured::Encryption::Implicit => email::Tls::Implicit,
            configured::Encryption::StartTls { required } => email::Tls::StartTls { required },
        },
        certificate: email::CertificateCheck {
            ca_file: email.certificate.ca_file.clone(),
            server_name: email.certificate.server_name.clone(),
            insecure_skip_verify: email.certificate.insecure_skip_verify,
        },
        login: email.login.as_ref().map(|login| email::Login {
            username: login.username.clone(),
            password: login.password.clone(),
            identity: login.identity.clone(),
        }),
        instance: instance.to_owned(),
        timeouts: email::Timeouts::default(),
    })
}

fn target(webhook: &configured::Webhook, external_url: &str, instance: &str) -> webhook::Target {
    let access = match &webhook.authorization {
        None => webhook::Access::Open,
        Some(configured::Authorization::Basic { username, password }) => webhook::Access::Basic {
            username: username.clone(),
            password: password.clone(),
        },
        Some(configured::Authorization::Scheme {
            scheme,
            credentials,
        }) => webhook::Access::Authorization {
            scheme: scheme.clone(),
            credentials: credentials.clone(),
        },
    };
    webhook::Target {
        url: webhook.url.clone(),
        access,
        proxy: webhook.proxy.clone(),
        ca_file: webhook.certificate.ca_file.clone(),
        insecure_skip_verify: webhook.certificate.insecure_skip_verify,
        follow_redirects: webhook.follow_redirects,
        timeout: webhook.timeout,
        max_alerts: webhook.max_alerts,
        signing_secret: webhook.hmac_secret.clone(),
        external_url: external_url.to_owned(),
        instance: instance.to_owned(),
    }
}
