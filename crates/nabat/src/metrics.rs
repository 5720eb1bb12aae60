//! What Nabat counts about itself, for `/metrics`.
//!
//! Everything is counted where it happens; the figures of the engine are read when somebody asks.
//! Label values come from closed sets only, so that the number of series is bounded.

pub mod alertmanager;
pub(crate) mod monitors;
pub(crate) mod plain;

use std::fmt::Write as _;
use std::time::Duration;

use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};

use nabat_core::engine::Figures;
use nabat_core::time::Timestamp;

use crate::engine;

/// How a request with alerts ended.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct IntakeLabels {
    /// The HTTP status it was answered with.
    pub code: u16,
}

/// How an attempt to send ended.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct SendLabels {
    /// The name of the bot, from the configuration.
    pub bot: String,
    /// `sent`, `retry`, `uncertain`, `failed`, `unreachable`, `moved`.
    pub outcome: &'static str,
}

/// How an attempt to notify an integration ended.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct IntegrationLabels {
    /// The name of the receiver, from the configuration.
    pub receiver: String,
    /// `email`, `webhook`.
    pub kind: &'static str,
    /// As in [`SendLabels`].
    pub outcome: &'static str,
}

/// One bot.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct BotLabels {
    /// Its name, from the configuration.
    pub bot: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct BuildLabels {
    version: &'static str,
}

/// All of it.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    /// Those that every program has under the same names.
    process: Registry,
    /// Those that have Alertmanager's names.
    pub alertmanager: alertmanager::Alertmanager,
    /// Requests with alerts.
    pub intake_requests: Family<IntakeLabels, Counter>,
    /// Alerts in requests that were taken.
    pub intake_alerts: Counter,
    /// From a request's last byte to its answer, in seconds.
    pub intake_seconds: Histogram,
    /// The engine's own.
    pub engine: engine::Metrics,
    /// Attempts to send.
    pub sends: Family<SendLabels, Counter>,
    /// Attempts to notify integrations.
    pub notifications: Family<IntegrationLabels, Counter>,
    /// Requests that Telegram refused with 429.
    pub throttled: Family<BotLabels, Counter>,
    /// From the moment something was to be told until it was, in seconds.
    pub delivery_seconds: Histogram,
    /// Whether a bot hears what is said to it: 1 or 0.
    pub bot_up: Family<BotLabels, Gauge>,
    firing: Gauge,
    subscriptions: Gauge,
    cards: Gauge,
    waiting: Gauge,
    oldest_waiting_seconds: Gauge,
    oldest_critical_seconds: Gauge,
    disabled_chats: Gauge,
    silences: Gauge,
    silenced: Gauge,
    inhibited: Gauge,
    acknowledged: Gauge,
}

impl Default for Metrics {
    fn default() -> Self {
        // 0.1 ms to 13 s, and 5 ms to 1.5 h.
        let fast = || Histogram::new(exponential_buckets(0.0001, 2.0, 18));
        let slow = || Histogram::new(exponential_buckets(0.005, 2.0, 21));
        let metrics = Self {
            registry: Registry::with_prefix("nabat"),
            process: Registry::with_prefix("process"),
            alertmanager: alertmanager::Alertmanager::default(),
            intake_requests: Family::default(),
            intake_alerts: Counter::default(),
            intake_seconds: fast(),
            engine: engine::Metrics {
                commits: Counter::default(),
                commit_seconds: fast(),
                commit_failures: Counter::default(),
            },
            sends: Family::default(),
            notifications: Family::default(),
            throttled: Family::default(),
            delivery_seconds: slow(),
            bot_up: Family::default(),
            firing: Gauge::default(),
            subscriptions: Gauge::default(),
            cards: Gauge::default(),
            waiting: Gauge::default(),
            oldest_waiting_seconds: Gauge::default(),
            oldest_critical_seconds: Gauge::default(),
            disabled_chats: Gauge::default(),
            silences: Gauge::default(),
            silenced: Gauge::default(),
            inhibited: Gauge::default(),
            acknowledged: Gauge::default(),
        };
        metrics.registered()
    }
}

impl Metrics {
    fn registered(mut self) -> Self {
        let build = Family::<BuildLabels, Gauge>::default();
        let version = env!("CARGO_PKG_VERSION");
        build.get_or_create(&BuildLabels { version }).set(1);
        let registry = &mut self.registry;
        registry.register("build_info", "The running version", build);
        registry.register(
            "intake_requests",
            "Requests with alerts, by the answer's status",
            self.intake_requests.clone(),
        );
        registry.register(
            "intake_alerts",
            "Alerts in requests that were taken",
            self.intake_alerts.clone(),
        );
        registry.register_with_unit(
            "intake_duration",
            "From a request's last byte to its answer",
            Unit::Seconds,
            self.intake_seconds.clone(),
        );
        registry.register(
            "engine_commits",
            "Transactions of the engine",
            self.engine.commits.clone(),
        );
        registry.register_with_unit(
            "engine_commit_duration",
            "How long the engine's transactions took",
            Unit::Seconds,
            self.engine.commit_seconds.clone(),
        );
        registry.register(
            "engine_commit_failures",
            "Transactions that the store did not take",
            self.engine.commit_failures.clone(),
        );
        registry.register("engine_firing", "Incidents that fire", self.firing.clone());
        registry.register(
            "engine_subscriptions",
            "Subscriptions of all chats",
            self.subscriptions.clone(),
        );
        registry.register("engine_cards", "Live messages", self.cards.clone());
        registry.register(
            "engine_silences",
            "Silences in force or to come",
            self.silences.clone(),
        );
        registry.register(
            "engine_silenced",
            "Incidents that fire and that a silence covers",
            self.silenced.clone(),
        );
        registry.register(
            "engine_inhibited",
            "Incidents that fire and that another one explains",
            self.inhibited.clone(),
        );
        registry.register(
            "engine_acknowledged",
            "Incidents that fire and that somebody took",
            self.acknowledged.clone(),
        );
        registry.register(
            "outbox_deliveries",
            "Deliveries that wait",
            self.waiting.clone(),
        );
        registry.register_with_unit(
            "outbox_oldest_age",
            "How long the oldest waiting delivery waits",
            Unit::Seconds,
            self.oldest_waiting_seconds.clone(),
        );
        registry.register_with_unit(
            "outbox_oldest_critical",
            "How long the oldest waiting delivery of a critical alert waits",
            Unit::Seconds,
            self.oldest_critical_seconds.clone(),
        );
        registry.register(
            "outbox_disabled_chats",
            "Chats that take no messages",
            self.disabled_chats.clone(),
        );
        registry.register("sends", "Attempts to send, by outcome", self.sends.clone());
        registry.register(
            "notifications",
            "Attempts to notify receivers that are no chats, by outcome",
            self.notifications.clone(),
        );
        registry.register(
            "throttled",
            "Requests that Telegram refused because there were too many",
            self.throttled.clone(),
        );
        registry.register_with_unit(
            "delivery_delay",
            "From the moment something was to be told until it was",
            Unit::Seconds,
            self.delivery_seconds.clone(),
        );
        registry.register(
            "bot_up",
            "Whether the bot hears what is said to it",
            self.bot_up.clone(),
        );
        self
    }

    /// The same, of a process that was started then.
    pub fn since(started_at: Timestamp) -> Self {
        let mut metrics = Self::default();
        let seconds: Gauge = Gauge::default();
        seconds.set(started_at.as_millis() / 1_000);
        let help = "When the process was started, in seconds since 1970";
        metrics
            .process
            .register("start_time_seconds", help, seconds);
        metrics
    }

    /// The exposition in OpenMetrics' text format. Without `figures` the engine's last ones stay.
    pub fn exposition(&self, figures: Option<Figures>, now: Timestamp) -> String {
        if let Some(figures) = figures {
            self.show(figures, now);
        }
        let mut text = String::new();
        let written = text::encode_registry(&mut text, &self.registry)
            .and_then(|()| text::encode_registry(&mut text, self.alertmanager.registry()))
            .and_then(|()| text::encode_registry(&mut text, &self.process))
            .and_then(|()| text::encode_eof(&mut text));
        if written.is_err() {
            // Writing to a string does not fail; should it ever, an empty exposition says so.
            text.clear();
            let _ = writeln!(text, "# EOF");
        }
        text
    }

    fn show(&self, figures: Figures, now: Timestamp) {
        let set = |gauge: &Gauge, value: usize| {
            gauge.set(i64::try_from(value).unwrap_or(i64::MAX));
        };
        self.alertmanager.show(figures);
        set(&self.firing, figures.open_incidents);
        set(&self.subscriptions, figures.subscriptions);
        set(&self.cards, figures.cards);
        set(&self.waiting, figures.waiting);
        set(&self.disabled_chats, figures.disabled_chats);
        set(&self.silences, figures.silences);
        set(&self.silenced, figures.silenced);
        set(&self.inhibited, figures.inhibited);
        set(&self.acknowledged, figures.acknowledged);
        let set_age = |gauge: &Gauge, since: Option<Timestamp>| {
            let age = since.map_or(Duration::ZERO, |since| now.since(since));
            gauge.set(i64::try_from(age.as_secs()).unwrap_or(i64::MAX));
        };
        set_age(&self.oldest_waiting_seconds, figures.oldest_waiting);
        set_age(&self.oldest_critical_seconds, figures.oldest_critical);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exposition_shows_what_was_counted() {
        let metrics = Metrics::since(Timestamp::from_millis(7_999));
        metrics.intake_alerts.inc_by(3);
        metrics
            .intake_requests
            .get_or_create(&IntakeLabels { code: 200 })
            .inc();
        let figures = Figures {
            waiting: 2,
            oldest_waiting: Some(Timestamp::from_millis(1_000)),
            oldest_critical: Some(Timestamp::from_millis(21_000)),
            acknowledged: 4,
            silenced: 1,
            inhibited: 2,
            ..Figures::default()
        };
        let text = metrics.exposition(Some(figures), Timestamp::from_millis(31_000));
        for line in [
            "nabat_intake_alerts_total 3",
            "nabat_intake_requests_total{code=\"200\"} 1",
            "nabat_outbox_deliveries 2",
            "nabat_outbox_oldest_age_seconds 30",
            "nabat_outbox_oldest_critical_seconds 10",
            "nabat_engine_acknowledged 4",
            "nabat_engine_silences 0",
            "nabat_engine_silenced 1",
            "process_start_time_seconds 7",
            "nabat_engine_inhibited 2",
            "# EOF",
        ] {
            assert!(text.lines().any(|known| known == line), "{line}\n{text}");
        }
    }
}
