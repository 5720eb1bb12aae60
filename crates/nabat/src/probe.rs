//! Looks once whether something answers as it should: one file per kind.
//!
//! A probe says what it saw, nothing of what follows from it: that is judged by
//! [`nabat_core::monitor`]. A fault of our own (no file left, no network of ours) is
//! [`Outcome::Unknown`], never [`Outcome::Down`].

pub(crate) mod address;
pub mod certificate;
pub mod command;
pub mod condition;
mod connect;
mod dialogue;
pub mod dns;
pub mod domain;
mod endpoint;
mod evidence;
mod failure;
mod figures;
pub mod grpc;
mod handshake;
pub mod http;
pub mod mysql;
pub mod names;
mod pattern;
pub mod ping;
pub mod postgres;
mod query;
mod reach;
pub mod redis;
mod short;
pub mod smtp;
pub mod ssh;
mod stream;
mod target;
pub mod tcp;
mod tether;
pub mod tls;
mod trace;
pub mod websocket;

use std::net::IpAddr;
use std::time::Duration;

pub use endpoint::{Endpoint, EndpointError};
pub use figures::{CertificateSeen, DnsSeen, Figures, HttpSeen, TlsSeen};
pub use nabat_core::monitor::Outcome;
pub use pattern::{Pattern, PatternError};
pub(crate) use reach::is_ours;
pub use short::{Short, ShortOrLong};
pub use stream::Starttls;
pub use target::Target;

pub use condition::{Condition, NoCondition};

use condition::{Evaluations, Facts};
use domain::Registries;
use handshake::Handshakes;
use names::Names;
use ping::{AddressFamily, Pinger};

/// What all probes share: names found, pings carried, and what TLS needs.
#[derive(Debug)]
pub struct Tools {
    /// Finds the addresses of names.
    pub names: Names,
    /// Carries pings.
    pub pinger: Pinger,
    handshakes: Handshakes,
    registries: Registries,
    evaluations: Evaluations,
}

impl Tools {
    /// Prepares probes. Must be called within a tokio runtime.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start() -> std::io::Result<Self> {
        Ok(Self {
            names: Names::default(),
            pinger: Pinger::new()?,
            handshakes: Handshakes::default(),
            registries: Registries::default(),
            evaluations: Evaluations::default(),
        })
    }
}

/// What one probe saw.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// What came of it: the worst of its findings.
    pub outcome: Outcome,
    /// How long the target took, without waiting of our own.
    pub latency: Option<Duration>,
    /// The address that was asked, if it came so far.
    pub address: Option<IpAddr>,
    /// Whether anything came back from there, whatever it said.
    pub replied: bool,
    /// How long each part took, in order: `resolve`, `connect`, `tls`, `first byte`, `transfer`.
    pub phases: Vec<(&'static str, Duration)>,
    /// How many of its packets were lost, in percent, if it sent several.
    pub loss_percent: Option<u8>,
    /// Each condition with what was seen, in the order in which they were looked at.
    pub findings: Vec<Finding>,
    /// What conditions may speak of, until they were looked at.
    pub(crate) facts: Facts,
    /// What else was seen, in figures, if they were asked for.
    pub figures: Option<Box<Figures>>,
}

/// One condition of a probe and what was seen. Holds no secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What it means for the outcome; `Up` is a condition that was met.
    pub outcome: Outcome,
    /// What was seen and, unless it was met, what was expected: `status 503, expected 200–299`.
    pub words: String,
}

/// How a probe is to be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Manner {
    /// How long it may take in all.
    pub timeout: Duration,
    /// Whether names are resolved anew instead of taken from the cache.
    pub fresh: bool,
    /// Which addresses may be asked.
    pub reach: Reach,
    /// Which of those are.
    pub choice: Choice,
    /// The address of this machine by which the target is asked; without it the system chooses.
    pub source: Option<IpAddr>,
    /// Whether the report has [`Figures`].
    pub figures: bool,
}

/// Which addresses of a target a probe asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Choice {
    /// One after the other, until one answers.
    Each,
    /// The first of a family, else of the other one.
    First(AddressFamily),
    /// The first of a family.
    Only(AddressFamily),
}

/// Which addresses a probe may ask, after names were resolved and at every redirect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// All.
    Anywhere,
    /// Only public ones: for people who may not look into this machine's networks.
    PublicOnly,
}

impl Manner {
    /// As monitors are looked at: whatever address they have, within `timeout`.
    pub const fn within(timeout: Duration) -> Self {
        Self {
            timeout,
            fresh: false,
            reach: Reach::Anywhere,
            choice: Choice::Each,
            source: None,
            figures: false,
        }
    }
}

impl Report {
    /// That of a probe which could not be made.
    pub fn unknown(words: &str) -> Self {
        Self {
            outcome: Outcome::Unknown,
            latency: None,
            address: None,
            replied: false,
            loss_percent: None,
            phases: Vec::new(),
            findings: vec![Finding::unknown(words)],
            facts: Facts::default(),
            figures: None,
        }
    }

    /// In one line: what is not as it should be, or else all that was seen.
    pub fn words(&self) -> String {
        let wrong = |finding: &&Finding| finding.outcome != Outcome::Up;
        let any = self.findings.iter().any(|finding| wrong(&finding));
        let told = self.findings.iter().filter(|f| !any || wrong(f));
        let words: Vec<&str> = told.map(|finding| finding.words.as_str()).collect();
        words.join("; ")
    }
}

impl Finding {
    fn new(outcome: Outcome, words: &str) -> Self {
        let words = evidence::line(words);
        Self { outcome, words }
    }

    /// A condition that was met.
    pub(crate) fn up(words: impl AsRef<str>) -> Self {
        Self::new(Outcome::Up, words.as_ref())
    }

    /// Something to see to, though the target does what it should.
    pub(crate) fn degraded(words: impl AsRef<str>) -> Self {
        Self::new(Outcome::Degraded, words.as_ref())
    }

    /// A condition that was not met.
    pub(crate) fn down(words: impl AsRef<str>) -> Self {
        Self::new(Outcome::Down, words.as_ref())
    }

    /// What could not be looked at, by our own fault.
    pub(crate) fn unknown(words: impl AsRef<str>) -> Self {
        Self::new(Outcome::Unknown, words.as_ref())
    }
}
