//! Looks once whether something answers as it should: one file per kind.
//!
//! A probe says what it saw, nothing of what follows from it: that is judged by
//! [`nabat_core::monitor`]. A fault of our own (no file left, no network of ours) is
//! [`Outcome::Unknown`], never [`Outcome::Down`].

pub mod certificate;
mod connect;
mod endpoint;
mod evidence;
mod failure;
mod handshake;
pub mod http;
pub mod names;
mod pattern;
pub mod ping;
mod reach;
mod short;
mod trace;

use std::net::IpAddr;
use std::time::Duration;

pub use endpoint::{Endpoint, EndpointError};
pub use pattern::Pattern;
pub use short::{Short, ShortOrLong};

use handshake::Handshakes;
use names::Names;

/// What all probes share: names found, and what TLS needs.
#[derive(Debug, Default)]
pub struct Tools {
    /// Finds the addresses of names.
    pub names: Names,
    handshakes: Handshakes,
}

impl Tools {
    /// Tools with these names.
    pub fn new(names: Names) -> Self {
        let handshakes = Handshakes::default();
        Self { names, handshakes }
    }
}

/// What came of a probe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It answered as it should.
    Up,
    /// It answered, but something is not as it should be, such as a certificate that ends soon.
    Degraded,
    /// It did not answer, or otherwise than it should.
    Down,
    /// It could not be looked at, by our own fault.
    Unknown,
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
