//! The figures that Alertmanager has under these names, for the dashboards, rules and programs that
//! look for them. A failure has no label for its reason: 0.25 has none, and rules that divide failures
//! by notifications, as those of its mixin, would find nothing to divide by. See the outcomes under
//! `nabat_notifications` and `nabat_sends` instead.

use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;

use nabat_core::engine::Figures;

/// The version of Alertmanager whose API and figures these are.
pub const VERSION: &str = "0.25.0";

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Build {
    version: &'static str,
    revision: &'static str,
    branch: &'static str,
    goversion: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Received {
    status: &'static str,
    version: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Api {
    version: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct InState {
    state: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Integration {
    integration: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Method {
    method: &'static str,
}

const GET: Method = Method { method: "get" };

/// What is known of a configuration that was taken.
#[derive(Debug, Clone, Copy)]
pub struct Configured {
    /// When, in seconds since 1970.
    pub at_seconds: i64,
    /// See [`crate::config::Config::hash`].
    pub hash: u64,
    /// How many receivers it has.
    pub receivers: usize,
    /// How many addresses and chats they tell.
    pub integrations: usize,
}

/// All of them.
#[derive(Debug)]
pub struct Alertmanager {
    registry: Registry,
    received: Family<Received, Counter>,
    invalid: Family<Api, Counter>,
    notifications: Family<Integration, Counter>,
    failed: Family<Integration, Counter>,
    latency: Family<Integration, Histogram>,
    alerts: Family<InState, Gauge>,
    silences: Family<InState, Gauge>,
    groups: Gauge,
    reloaded: Gauge,
    reloaded_at_seconds: Gauge,
    config_hash: Gauge,
    receivers: Gauge,
    integrations: Gauge,
    readers: Family<Method, Gauge>,
    turned_away: Family<Method, Counter>,
}

impl Default for Alertmanager {
    fn default() -> Self {
        // 10 ms to 20 s.
        let latency = || Histogram::new(exponential_buckets(0.01, 2.0, 12));
        let alertmanager = Self {
            registry: Registry::with_prefix("alertmanager"),
            received: Family::default(),
            invalid: Family::default(),
            notifications: Family::default(),
            failed: Family::default(),
            latency: Family::new_with_constructor(latency),
            alerts: Family::default(),
            silences: Family::default(),
            groups: Gauge::default(),
            reloaded: Gauge::default(),
            reloaded_at_seconds: Gauge::default(),
            config_hash: Gauge::default(),
            receivers: Gauge::default(),
            integrations: Gauge::default(),
            readers: Family::default(),
            turned_away: Family::default(),
        };
        // What is counted is there from the start, so that its rate is known.
        for (status, version) in [("firing", "v2"), ("resolved", "v2")] {
            let labels = Received { status, version };
            drop(alertmanager.received.get_or_create(&labels));
        }
        for integration in ["email", "telegram", "webhook"] {
            let labels = Integration { integration };
            drop(alertmanager.notifications.get_or_create(&labels));
            drop(alertmanager.failed.get_or_create(&labels));
            drop(alertmanager.latency.get_or_create(&labels));
        }
        drop(alertmanager.turned_away.get_or_create(&GET));
        alertmanager.invalid(0);
        alertmanager.registered()
    }
}

impl Alertmanager {
    fn registered(mut self) -> Self {
        let build = Family::<Build, Gauge>::default();
        let labels = Build {
            version: VERSION,
            revision: concat!("nabat ", env!("CARGO_PKG_VERSION")),
            branch: "nabat",
            goversion: "none",
        };
        build.get_or_create(&labels).set(1);
        let members = Gauge::<i64>::default();
        members.set(1);
        let registry = &mut self.registry;
        registry.register(
            "build_info",
            "The Alertmanager that Nabat stands in for",
            build,
        );
        registry.register(
            "alerts_received",
            "Alerts that were posted",
            self.received.clone(),
        );
        registry.register(
            "alerts_invalid",
            "Alerts that were posted and refused",
            self.invalid.clone(),
        );
        registry.register(
            "notifications",
            "Attempts to notify",
            self.notifications.clone(),
        );
        registry.register(
            "notifications_failed",
            "Attempts to notify that did not go through",
            self.failed.clone(),
        );
        registry.register(
            "notification_requests",
            "The same: each attempt is a request",
            self.notifications.clone(),
        );
        registry.register(
            "notification_requests_failed",
            "The same: each attempt is a request",
            self.failed.clone(),
        );
        registry.register(
            "notification_latency_seconds",
            "How long attempts to notify took",
            self.latency.clone(),
        );
        registry.register("alerts", "Alerts that fire, by state", self.alerts.clone());
        registry.register("marked_alerts", "The same", self.alerts.clone());
        registry.register("silences", "Silences, by state", self.silences.clone());
        registry.register(
            "dispatcher_aggregation_groups",
            "Groups of alerts that are told together",
            self.groups.clone(),
        );
        registry.register(
            "config_last_reload_successful",
            "Whether the configuration was taken when it was read last",
            self.reloaded.clone(),
        );
        registry.register(
            "config_last_reload_success_timestamp_seconds",
            "When a configuration was taken last, in seconds since 1970",
            self.reloaded_at_seconds.clone(),
        );
        registry.register(
            "config_hash",
            "What tells the configuration in force from others",
            self.config_hash.clone(),
        );
        registry.register(
            "receivers",
            "Receivers of the configuration",
            self.receivers.clone(),
        );
        registry.register(
            "integrations",
            "Addresses and chats that receivers tell",
            self.integrations.clone(),
        );
        registry.register(
            "http_requests_in_flight",
            "Lists that are being read",
            self.readers.clone(),
        );
        registry.register(
            "http_concurrency_limit_exceeded",
            "Requests for lists that were refused because too many were being read",
            self.turned_away.clone(),
        );
        registry.register(
            "cluster_enabled",
            "Whether it belongs to a cluster, which it can't",
            Gauge::<i64>::default(),
        );
        registry.register(
            "cluster_members",
            "Members of the cluster, this one included",
            members,
        );
        self
    }

    pub(super) fn registry(&self) -> &Registry {
        &self.registry
    }

    /// Counts alerts that were posted and taken.
    pub fn received(&self, firing: u64, resolved: u64) {
        let version = "v2";
        for (status, count) in [("firing", firing), ("resolved", resolved)] {
            let labels = Received { status, version };
            self.received.get_or_create(&labels).inc_by(count);
        }
    }

    /// Counts alerts that were posted and refused.
    pub fn invalid(&self, count: u64) {
        let labels = Api { version: "v2" };
        self.invalid.get_or_create(&labels).inc_by(count);
    }

    /// Counts an attempt to notify that ended as `outcome`, by the names of the other figures.
    pub fn notified(&self, integration: &'static str, outcome: &'static str) {
        let labels = Integration { integration };
        self.notifications.get_or_create(&labels).inc();
        if !matches!(outcome, "sent" | "moved") {
            self.failed.get_or_create(&labels).inc();
        }
    }

    /// Notes how long a call of an integration took.
    pub fn took(&self, integration: &'static str, time: Duration) {
        let labels = Integration { integration };
        let latency = self.latency.get_or_create(&labels);
        latency.observe(time.as_secs_f64());
    }

    /// Notes what is known of the configuration in force, or that another one was refused.
    pub fn configured(&self, taken: Option<Configured>) {
        self.reloaded.set(taken.is_some().into());
        if let Some(taken) = taken {
            self.reloaded_at_seconds.set(taken.at_seconds);
            self.config_hash.set(taken.hash.cast_signed());
            set(&self.receivers, taken.receivers);
            set(&self.integrations, taken.integrations);
        }
    }

    /// Counts somebody who may not read because too many do.
    pub fn turned_away(&self) {
        self.turned_away.get_or_create(&GET).inc();
    }

    /// Notes how many read.
    pub fn reading(&self, readers: usize) {
        set(&self.readers.get_or_create(&GET), readers);
    }

    pub(super) fn show(&self, figures: Figures) {
        let in_state = |family: &Family<InState, Gauge>, state, count: usize| {
            set(&family.get_or_create(&InState { state }), count);
        };
        let suppressed = figures.suppressed;
        in_state(&self.alerts, "active", figures.open_incidents - suppressed);
        in_state(&self.alerts, "suppressed", suppressed);
        in_state(&self.alerts, "unprocessed", 0);
        let (all, pending) = (figures.silences, figures.silences_pending);
        in_state(&self.silences, "active", all.saturating_sub(pending));
        in_state(&self.silences, "pending", pending);
        in_state(&self.silences, "expired", figures.silences_expired);
        set(&self.groups, figures.cards);
    }
}

fn set(gauge: &Gauge, value: usize) {
    gauge.set(i64::try_from(value).unwrap_or(i64::MAX));
}
