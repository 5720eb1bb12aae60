//! A report in the making: what took how long, what was seen, and the time that is left.
//!
//! Who probes hands every part of the work to [`Trace::phase`], so that none can outlast the probe's
//! time, and ends early with the [`Finding`] that leaves nothing more to look at.

use std::future::Future;
use std::net::IpAddr;
use std::time::Duration;

use tokio::time::Instant;

use super::condition::{Fact, Facts};
use super::{Figures, Finding, Manner, Outcome, Report};
use crate::config::Period;

/// The part that finds addresses; it is none of the target's doing.
pub(super) const RESOLVE: &str = "resolve";

pub(super) struct Trace {
    pub(super) manner: Manner,
    pub(super) address: Option<IpAddr>,
    /// Whether anything came back from there, whatever it said.
    pub(super) replied: bool,
    deadline: Instant,
    phases: Vec<(&'static str, Duration)>,
    findings: Vec<Finding>,
    figures: Option<Box<Figures>>,
    secrets: Vec<String>,
    facts: Facts,
}

impl Trace {
    pub(super) fn new(manner: Manner) -> Self {
        Self {
            manner,
            address: None,
            replied: false,
            deadline: Instant::now() + manner.timeout,
            phases: Vec::with_capacity(5),
            findings: Vec::new(),
            figures: manner.figures.then(Box::default),
            secrets: Vec::new(),
            facts: Facts::default(),
        }
    }

    /// The time until the probe must be over.
    pub(super) fn left(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }

    /// Does one part of the work, and notes how long it took. Done again, as after a redirect, it
    /// adds to the same phase.
    ///
    /// # Errors
    /// What `work` found, or that the time was over.
    pub(super) async fn phase<T>(
        &mut self,
        name: &'static str,
        work: impl Future<Output = Result<T, Finding>>,
    ) -> Result<T, Finding> {
        let begun = Instant::now();
        let result = tokio::time::timeout_at(self.deadline, work).await;
        let took = begun.elapsed();
        self.replied |= name != RESOLVE && matches!(result, Ok(Ok(_)));
        match self.phases.iter_mut().find(|(phase, _)| *phase == name) {
            Some((_, sum)) => *sum += took,
            None => self.phases.push((name, took)),
        }
        result.unwrap_or_else(|_| Err(self.too_late(name)))
    }

    /// Notes what was seen.
    pub(super) fn note(&mut self, finding: Finding) {
        self.findings.push(finding);
    }

    /// Keeps what was seen for conditions, by the name that they know.
    pub(super) fn keep(&mut self, name: &'static str, fact: Fact) {
        self.facts.add(name, fact);
    }

    /// Notes all that was seen.
    pub(super) fn note_all(&mut self, findings: impl IntoIterator<Item = Finding>) {
        self.findings.extend(findings);
    }

    /// Notes what was seen in figures, if anybody wants them.
    pub(super) fn figure(&mut self, note: impl FnOnce(&mut Figures)) {
        if let Some(figures) = &mut self.figures {
            note(figures);
        }
    }

    /// Sees to it that no finding repeats `secret`, whoever sent it back.
    pub(super) fn hide(&mut self, secret: &str) {
        if !secret.is_empty() {
            self.secrets.push(secret.to_owned());
        }
    }

    /// The report, after all parts were done or one of them ended it.
    pub(super) fn finish(mut self, result: Result<(), Finding>) -> Report {
        let answered = result.is_ok();
        self.findings.extend(result.err());
        for finding in &mut self.findings {
            masked(finding, &self.secrets);
        }
        self.facts.hide(self.secrets);
        let theirs = self.phases.iter().filter(|(name, _)| *name != RESOLVE);
        Report {
            outcome: worst(&self.findings),
            latency: answered.then(|| theirs.map(|(_, took)| *took).sum()),
            address: self.address,
            replied: self.replied,
            loss_percent: None,
            phases: self.phases,
            findings: self.findings,
            facts: self.facts,
            figures: self.figures,
        }
    }

    fn too_late(&self, phase: &str) -> Finding {
        let millis = u32::try_from(self.manner.timeout.as_millis()).unwrap_or(u32::MAX);
        let timeout = Period::from_millis(millis);
        if phase == RESOLVE {
            return Finding::unknown(format!("no resolver answered within {timeout}"));
        }
        Finding::down(format!("no answer within {timeout} ({phase})"))
    }
}

/// Takes all that is secret out of a finding.
pub(super) fn masked(finding: &mut Finding, secrets: &[String]) {
    for secret in secrets {
        if finding.words.contains(secret) {
            finding.words = finding.words.replace(secret, "…");
        }
    }
}

/// What the findings come to. What was seen of the target counts for more than what could not be.
pub(super) fn worst(findings: &[Finding]) -> Outcome {
    let any = |outcome| findings.iter().any(|finding| finding.outcome == outcome);
    [Outcome::Down, Outcome::Unknown, Outcome::Degraded]
        .into_iter()
        .find(|outcome| any(*outcome))
        .unwrap_or(Outcome::Up)
}
