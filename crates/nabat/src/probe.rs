//! Looks once whether something answers as it should: one file per kind.
//!
//! A probe says what it saw, nothing of what follows from it: that is judged by
//! [`nabat_core::monitor`]. A fault of our own (no file left, no network of ours) is
//! [`Outcome::Unknown`], never [`Outcome::Down`].

pub mod certificate;
mod connect;
mod dialogue;
mod endpoint;
mod evidence;
mod failure;
mod handshake;
pub mod http;
pub mod names;
mod pattern;
mod reach;
mod short;
mod stream;
pub mod tcp;
pub mod tls;
mod trace;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

pub use nabat_core::monitor::Outcome;

pub use endpoint::{Endpoint, EndpointError};
pub use pattern::Pattern;
pub use short::{Short, ShortOrLong};
pub use stream::Starttls;

use handshake::Handshakes;
use names::Names;

/// What one probe saw.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// What came of it: the worst of its findings.
    pub outcome: Outcome,
    /// How long the target took, without waiting of our own.
    pub latency: Option<Duration>,
    /// The address that was asked, if it came so far.
    pub address: Option<IpAddr>,
    /// How long each part took, in order: `resolve`, `connect`, `tls`, `first byte`, `transfer`.
    pub phases: Vec<(&'static str, Duration)>,
    /// Each condition with what was seen, in the order in which they were looked at.
    pub findings: Vec<Finding>,
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
}

/// Which addresses a probe may ask, after names were resolved and at every redirect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// All.
    Anywhere,
    /// Only public ones: for people who may not look into this machine's networks.
    PublicOnly,
}

/// What all probes share: names found, and what TLS needs.
#[derive(Debug, Default)]
pub struct Tools {
    /// Finds the addresses of names.
    pub names: Names,
    handshakes: Handshakes,
}

impl Tools {
    /// Prepares probes.
    pub fn start() -> std::io::Result<Self> {
        Ok(Self::default())
    }
}

/// What is looked at, of one kind.
#[derive(Debug, Clone, PartialEq)]
pub enum Target {
    /// stub
    Stub(String),
}

impl Target {
    /// host
    pub fn host_of(host: &str) -> Self {
        Self::Stub(host.to_owned())
    }
    /// What is looked at, as the host whose load is bounded.
    pub fn host(&self) -> Arc<str> {
        let Self::Stub(host) = self;
        host.as_str().into()
    }
    /// For people.
    pub fn instance(&self) -> String {
        let Self::Stub(host) = self;
        host.clone()
    }
    /// How long a probe takes at most where nobody says.
    pub fn usual_timeout(&self) -> Duration {
        Duration::from_secs(5)
    }
    /// Looks once.
    pub async fn probe(&self, _tools: &Tools, _manner: Manner) -> Report {
        Report::unknown("stub")
    }
}

impl Report {
    /// That of a probe which could not be made.
    pub fn unknown(words: &str) -> Self {
        Self {
            outcome: Outcome::Unknown,
            latency: None,
            address: None,
            phases: Vec::new(),
            findings: vec![Finding {
                outcome: Outcome::Unknown,
                words: words.to_owned(),
            }],
        }
    }
    /// In one line.
    pub fn words(&self) -> String {
        self.findings
            .iter()
            .map(|finding| finding.words.as_str())
            .collect::<Vec<_>>()
            .join("; ")
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
