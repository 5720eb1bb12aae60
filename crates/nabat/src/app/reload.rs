//! Takes over a changed configuration, or refuses a bad one and tells the operators.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use tokio::sync::watch;

use nabat_core::chat::{BotId, ChatKey};
use nabat_core::engine::Settings;
use nabat_core::message::words::Locale;

use super::Source;
use crate::clock;
use crate::config::{self, Config, environment};
use crate::engine::{Handle, Problem, Retention};
use crate::metrics::Metrics;
use crate::metrics::alertmanager::Configured;

/// The alert that says that the configuration was refused.
const CONFIG_INVALID: &str = "NabatConfigInvalid";

#[derive(Debug)]
pub(super) struct Reloader {
    source: Option<Source>,
    engine: Handle,
    in_force: watch::Sender<Arc<Config>>,
    metrics: Arc<Metrics>,
}

impl Reloader {
    pub(super) fn new(
        source: Option<Source>,
        engine: Handle,
        in_force: watch::Sender<Arc<Config>>,
        metrics: Arc<Metrics>,
    ) -> Self {
        Self {
            source,
            engine,
            in_force,
            metrics,
        }
    }

    /// The configuration in force.
    pub(super) fn config(&self) -> Arc<Config> {
        Arc::clone(&self.in_force.borrow())
    }

    /// Opens the log file anew.
    pub(super) fn reopen_log(&self) {
        let log = self.source.as_ref().and_then(|source| source.log.as_ref());
        if let Some(Err(error)) = log.map(crate::telemetry::Log::reopen) {
            tracing::error!(%error, "the log file can't be opened anew; the old one stays in use");
        }
    }

    /// Reads the file again and takes it over; a bad one is refused and the old one stays.
    pub(super) async fn reload(&self) -> Result<(), String> {
        let Some(source) = &self.source else {
            return Err("this Nabat was started without a configuration file".to_owned());
        };
        let outcome = match config::load(&source.file, &environment) {
            Ok(config) => self.take_over(config).await,
            Err(error) => Err(error.to_string()),
        };
        let taken = outcome.is_ok().then(|| configured(&self.config()));
        self.metrics.alertmanager.configured(taken);
        match &outcome {
            Ok(()) => tracing::info!("the configuration was read again"),
            Err(problem) => {
                tracing::error!(
                    "the configuration was refused, the old one stays in force:\n{problem}"
                );
            }
        }
        self.tell(outcome.as_ref().err().map(String::as_str)).await;
        outcome
    }

    /// Tells the operators what is wrong with the configuration, or that nothing is.
    pub(super) async fn tell(&self, problem: Option<&str>) {
        let problem = problem.map(|words| Problem { words, lasts: None });
        self.engine.own_alert(CONFIG_INVALID, &[], problem).await;
    }

    async fn take_over(&self, config: Config) -> Result<(), String> {
        if config.store != self.in_force.borrow().store {
            return Err(
                "`store` can't change while Nabat runs; restart it to use another store".to_owned(),
            );
        }
        self.engine
            .configure(settings(&config), retention(&config))
            .await
            .map_err(|error| error.to_string())?;
        for warning in config.warnings() {
            tracing::warn!("{warning}");
        }
        self.in_force.send_replace(Arc::new(config));
        Ok(())
    }
}

/// What figures say of a configuration that was taken now.
pub(super) fn configured(config: &Config) -> Configured {
    Configured {
        at_seconds: clock::now().as_millis() / 1_000,
        hash: config.hash,
        receivers: config.receivers.len(),
        integrations: config.integrations().len() + config.chats().len(),
    }
}

/// How much is kept of what ended.
pub(super) fn retention(config: &Config) -> Retention {
    Retention {
        incidents_for: config.history.keep_incidents_for.duration(),
        incidents_max: config.history.max_incidents as usize,
    }
}

/// What the engine has to know of the configuration.
pub(super) fn settings(config: &Config) -> Settings {
    let bots = &config.telegram.bots;
    let bot_called = |name: &str| {
        bots.iter()
            .find(|bot| bot.name == name)
            .map(|bot| BotId(bot.id()))
    };
    let mut allowed: HashMap<BotId, HashSet<i64>> = bots
        .iter()
        .map(|bot| (BotId(bot.id()), bot.allow.iter().copied().collect()))
        .collect();
    // Whom the configuration tells, it also lets answer.
    for (_, chat) in config.chats() {
        allowed.entry(chat.bot).or_default().insert(chat.chat);
    }
    let operators = config
        .telegram
        .operators
        .iter()
        .filter_map(|operator| {
            Some(ChatKey {
                bot: bot_called(&operator.bot)?,
                chat: operator.chat,
                topic: operator.topic,
            })
        })
        .collect();
    Settings {
        stale_after: config.stale_after.duration(),
        resolve_timeout: config.global.resolve_timeout(),
        locale: Locale {
            language: config.language,
            zone: config.time_zone.clone(),
        },
        allowed,
        operators,
        routing: config.routing().map(Arc::new),
        inhibit_rules: config.inhibit_rules(),
        fallbacks: config.fallbacks(),
        acknowledged_for: config.acknowledge_for.duration(),
        late_after: config.alert_undelivered_after.duration(),
        remind_before: config.remind_before_silence_ends.duration(),
        windows: config.windows().into(),
        open_incidents_max: config.limits.max_open_incidents as usize,
        expression_chars_max: config.limits.max_expression_length as usize,
        subscriptions_max: config.limits.max_subscriptions as usize,
        version: env!("CARGO_PKG_VERSION"),
    }
}
