//! What the API's answers about monitors look like.

use std::collections::BTreeMap;
use std::net::IpAddr;

use nabat_core::monitor::{Outcome, Status, Trouble};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A monitor.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Monitor {
    /// Its number.
    pub id: u64,
    /// What it is called.
    pub name: String,
    /// Its kind, such as `ping`.
    pub kind: String,
    /// What is looked at.
    pub target: String,
    /// How it stands.
    #[schemars(with = "String")]
    pub status: Status,
    /// Since when, in RFC 3339.
    pub since: String,
    /// What was seen that made a difference.
    pub words: String,
    /// What fires.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alarm: Option<Alarm>,
    /// Whether it goes up and down.
    pub flaps: bool,
    /// Whether it is not looked at.
    pub paused: bool,
    /// Until when nobody is told of it, because it is being worked on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub maintenance_until: Option<String>,
    /// The last look at it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<Look>,
    /// The severity of its alert.
    pub severity: String,
    /// The labels of its alert that somebody gave it.
    pub labels: BTreeMap<String, String>,
    /// The monitors behind which it stands.
    pub parents: Vec<String>,
    /// Whether it is defined in the configuration, where alone it can be changed.
    pub configured: bool,
    /// Who made it, if it is not defined in the configuration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub made_by: Option<String>,
    /// When it was made, in RFC 3339.
    pub made_at: String,
    /// When its definition changed last.
    pub changed_at: String,
    /// Where a heartbeat calls; shown to admins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ping_url: Option<String>,
    /// As it is defined; secrets are `…`, and for others than admins also what only these may see.
    pub definition: Value,
}

/// What fires of a monitor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Alarm {
    /// What is wrong.
    #[schemars(with = "String")]
    pub what: Trouble,
    /// Since when, in RFC 3339.
    pub since: String,
}

/// A look at a monitor.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Look {
    /// When it began, in RFC 3339.
    pub at: String,
    /// What came of it.
    #[schemars(with = "String")]
    pub outcome: Outcome,
    /// How long the target took, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latency_ms: Option<f64>,
    /// What was seen.
    pub words: String,
}

/// Some monitors.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Monitors {
    /// In the order of their names.
    pub monitors: Vec<Monitor>,
    /// What to send as `after` to get more; nothing: there is no more.
    pub next: Option<String>,
    /// How many of all there are with each status.
    pub counts: BTreeMap<String, usize>,
}

/// What one probe saw.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Report {
    /// What came of it.
    #[schemars(with = "String")]
    pub outcome: Outcome,
    /// In one line.
    pub words: String,
    /// How long the target took, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latency_ms: Option<f64>,
    /// The address that was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<IpAddr>,
    /// How long each part took.
    pub phases: Vec<Phase>,
    /// Each condition with what was seen.
    pub findings: Vec<Finding>,
}

/// A part of a probe.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Phase {
    /// Which: `resolve`, `connect`, `tls`, `first byte`, `transfer`.
    pub name: String,
    /// How long it took, in milliseconds.
    pub ms: f64,
}

/// A condition of a probe.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Finding {
    /// What it means for the whole; `up`: it was met.
    #[schemars(with = "String")]
    pub outcome: Outcome,
    /// What was seen and, unless it was met, what was expected.
    pub words: String,
}

/// What is to be there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Apply {
    /// The definitions of monitors.
    #[schemars(length(max = 50_000))]
    pub monitors: Vec<Value>,
    /// Whether those that are not among them, and not defined in the configuration, are removed.
    #[serde(default)]
    pub prune: bool,
    /// Whether to say only what would be done.
    #[serde(default)]
    pub dry_run: bool,
}

/// What was done, or would be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Applied {
    /// Made.
    pub created: Vec<String>,
    /// Changed.
    pub changed: Vec<String>,
    /// Removed.
    pub removed: Vec<String>,
    /// How many were so already.
    pub same: usize,
}

impl Applied {
    /// Whether everything was so already.
    pub fn is_nothing(&self) -> bool {
        self.created.is_empty() && self.changed.is_empty() && self.removed.is_empty()
    }
}

/// For how long a monitor is worked on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Maintenance {
    /// As in `2h`; `0`: no longer.
    pub duration: String,
}

/// How a monitor stood.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct History {
    /// The spans of time with one status, the oldest first.
    pub intervals: Vec<Interval>,
    /// How much of the time it was up.
    pub uptime: Vec<Uptime>,
}

/// A span of time with one status.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Interval {
    /// How it stood.
    #[schemars(with = "String")]
    pub status: Status,
    /// Since when, in RFC 3339.
    pub from: String,
    /// Until when; nothing: it stands so now.
    pub to: Option<String>,
    /// Why.
    pub words: String,
}

/// How much of a time a monitor was up.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Uptime {
    /// Up to now, as in `24h`.
    pub period: String,
    /// The part of the known time in which it worked, 0 to 1; nothing: it was never known.
    pub ratio: Option<f64>,
    /// The part of the time since it was made in which it was known, 0 to 1.
    pub coverage: f64,
    /// Milliseconds in which it was known, of which `ratio` is a part.
    #[serde(default)]
    pub watched_ms: u64,
    /// Milliseconds in which it was down.
    pub down_ms: u64,
}

/// Signs of life of a heartbeat, the newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Pings {
    /// The newest first.
    pub pings: Vec<Ping>,
}

/// A sign of life.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Ping {
    /// Counts from 1.
    pub number: u64,
    /// When it came, in RFC 3339.
    pub at: String,
    /// What it said: `success`, `start`, `fail`, `log` or `exit 3`.
    pub said: String,
    /// How long the job ran, in milliseconds, if it had said that it began.
    pub took_ms: Option<u64>,
    /// Where it came from.
    pub from: String,
    /// What came with it.
    pub body: String,
}

/// What probes saw of a monitor.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Samples {
    /// The oldest first.
    pub samples: Vec<Sample>,
}

/// What one probe saw.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Sample {
    /// When the probe began, in RFC 3339.
    pub at: String,
    /// What came of it.
    #[schemars(with = "String")]
    pub outcome: Outcome,
    /// How long the target took, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latency_ms: Option<f64>,
    /// How many of its packets were lost, in percent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub loss_percent: Option<u8>,
}

/// What the hours, or the days of UTC, of a monitor came to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Summaries {
    /// The oldest first; those without a probe are left out.
    pub summaries: Vec<Summary>,
}

/// What an hour or a day came to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Summary {
    /// When it began, in RFC 3339.
    pub at: String,
    /// How many probes found it up.
    pub up: u64,
    /// How many found it degraded.
    pub degraded: u64,
    /// How many found it down.
    pub down: u64,
    /// How many could not be made.
    pub unknown: u64,
    /// How long the target took.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latency: Option<Latency>,
    /// The mean of lost packets, in percent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub loss_percent: Option<f64>,
}

/// How long a target took, in milliseconds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Latency {
    /// The least.
    pub min_ms: f64,
    /// The mean.
    pub mean_ms: f64,
    /// Half of the probes took at most so long.
    pub p50_ms: f64,
    /// 95 of 100 did.
    pub p95_ms: f64,
    /// 99 of 100 did.
    pub p99_ms: f64,
    /// The most.
    pub max_ms: f64,
}
