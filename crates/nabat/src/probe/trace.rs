//! A report in the making: what took how long, what was seen, and the time that is left.
//!
//! Who probes hands every part of the work to [`Trace::phase`], so that none can outlast the probe's
//! time, and ends early with the [`Finding`] that leaves nothing more to look at.

use std::future::Future;
use std::net::IpAddr;
use std::time::Duration;

use tokio::time::Instant;

use super::condition::{Fact, Facts};
use super::{Figures, Finding, Manner, Outcome, Report, evidence};
use crate::config::Period;

/// What stands in the place of what was cut off, or is secret.
const MASK: &str = "…";
/// Fewer characters of a secret's beginning tell nothing, and stand in other words too.
const BEGINNING_CHARS_MIN: usize = 4;

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
        // Findings have it on one line.
        let line = evidence::shortened(secret, usize::MAX);
        if line != secret && !line.is_empty() {
            self.secrets.push(line);
        }
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

/// Takes all that is secret out of a finding, also what is left of it where words were cut off.
pub(super) fn masked(finding: &mut Finding, secrets: &[String]) {
    for secret in secrets {
        if finding.words.contains(secret) {
            finding.words = finding.words.replace(secret, MASK);
        }
        if finding.words.contains(MASK)
            && let Some(words) = without_beginning(&finding.words, secret)
        {
            finding.words = words;
        }
    }
}

/// `words` without the beginning of `secret` before an ellipsis, if it stands there.
fn without_beginning(words: &str, secret: &str) -> Option<String> {
    let beginnings = secret.char_indices().skip(BEGINNING_CHARS_MIN);
    let beginnings: Vec<&str> = beginnings
        .filter_map(|(end, _)| secret.get(..end))
        .collect();
    let before = |part: &str| {
        let found = beginnings.iter().rev().find(|one| part.ends_with(*one));
        found.map(|found| part.len() - found.len())
    };
    let parts: Vec<&str> = words.split(MASK).collect();
    let (last, cut) = parts.split_last()?;
    let is_found = cut.iter().any(|part| before(part).is_some());
    let kept = cut
        .iter()
        .map(|part| &part[..before(part).unwrap_or(part.len())]);
    let kept: Vec<&str> = kept.chain([*last]).collect();
    is_found.then(|| kept.join(MASK))
}

/// What the findings come to. What was seen of the target counts for more than what could not be.
pub(super) fn worst(findings: &[Finding]) -> Outcome {
    let any = |outcome| findings.iter().any(|finding| finding.outcome == outcome);
    [Outcome::Down, Outcome::Unknown, Outcome::Degraded]
        .into_iter()
        .find(|outcome| any(*outcome))
        .unwrap_or(Outcome::Up)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_part_of_a_secret_is_left_where_words_were_cut_off() {
        let told = |words: &str| {
            let mut trace = Trace::new(Manner::within(Duration::ZERO));
            trace.hide("AUTH  s3cret-of-mine\r\n");
            trace.hide("пароль-длинный");
            trace.note(Finding::down(words));
            trace.finish(Ok(())).findings.remove(0).words
        };
        let long = "x".repeat(70);
        for (words, shown) in [
            ("said AUTH  s3cret-of-mine", "said …"),
            (
                "said “AUTH s3cret-of…”, expected +OK",
                "said “…”, expected +OK",
            ),
            ("“AUT…”", "“AUT…”"),
            ("said “парол…”", "said “…”"),
            ("пароль-длинный and so on…", "… and so on…"),
        ] {
            assert_eq!(told(words), shown);
        }
        let cut = evidence::quote(format!("{long}AUTH s3cret-of-mine").as_bytes());
        assert!(!told(&cut).contains("AUTH"), "{cut}");
    }
}
