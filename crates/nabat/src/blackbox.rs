//! Probes that Prometheus asks for one by one, as it asks blackbox_exporter: a module of its
//! configuration and a target become a probe of ours, and what that saw becomes its metrics.

mod aim;
mod exposition;

use std::sync::Arc;
use std::time::Duration;

use crate::config::modules::{Module, Modules};
use crate::probe::{Manner, Outcome, Report, Tools};

pub use aim::Misfit;

/// The module that is meant if none is named.
const USUAL_MODULE: &str = "http_2xx";
/// How long a probe may take that nobody bounds.
const LONGEST: Duration = Duration::from_secs(120);
/// How much less a probe takes than Prometheus waits, so that the answer arrives in time.
const OFFSET: Duration = Duration::from_millis(500);

/// What Prometheus asks for.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Request {
    /// The name of the module.
    pub module: Option<String>,
    /// What is probed.
    pub target: String,
    /// The name by which a web server is asked, if not by that of the target.
    pub hostname: Option<String>,
    /// How long Prometheus waits.
    pub patience: Option<Duration>,
}

/// Why nothing is probed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// There is no such module.
    #[error("there is no module `{name}`")]
    UnknownModule {
        /// Its name.
        name: String,
    },
    /// Nobody said what to probe.
    #[error("the parameter `target` is missing")]
    NoTarget,
    /// The module and what else is asked do not go together.
    #[error(transparent)]
    Misfit(#[from] Misfit),
}

/// What came of a probe.
#[derive(Debug)]
pub struct Probed<'m> {
    module: &'m Module,
    definition: String,
    report: Report,
    took: Duration,
}

/// Probes as `request` wants it.
///
/// # Errors
/// See [`Refused`].
pub async fn probe<'m>(
    modules: &'m Modules,
    request: &Request,
    tools: &Tools,
) -> Result<Probed<'m>, Refused> {
    let name = request.module.as_deref().filter(|name| !name.is_empty());
    let name = name.unwrap_or(USUAL_MODULE);
    let Some(module) = modules.modules.get(name) else {
        let name = name.to_owned();
        return Err(Refused::UnknownModule { name });
    };
    if request.target.is_empty() {
        return Err(Refused::NoTarget);
    }
    let begun = tokio::time::Instant::now();
    let manner = Manner {
        fresh: true,
        figures: true,
        ..aim::manner(module, timeout(module, request.patience))
    };
    let report = match aim::target(module, request)? {
        Some(target) => target.probe(&Arc::default(), tools, manner).await,
        None => Report::unknown("the target is no address that the module can ask"),
    };
    let definition = modules.definitions.get(name);
    Ok(Probed {
        module,
        definition: definition.map(ToString::to_string).unwrap_or_default(),
        report,
        took: begun.elapsed(),
    })
}

/// How long a probe may take: as its module says, and a bit less than Prometheus waits.
fn timeout(module: &Module, patience: Option<Duration>) -> Duration {
    let patience = patience.filter(|patience| !patience.is_zero());
    let own = module.timeout.map(|own| own.duration());
    let own = own.filter(|own| !own.is_zero());
    match (patience.unwrap_or(LONGEST).checked_sub(OFFSET), own) {
        (Some(most), Some(own)) => most.min(own),
        (Some(most), None) => most,
        // As blackbox_exporter does: whoever waits so little gets what the module says.
        (None, own) => own.unwrap_or_default(),
    }
}

impl Probed<'_> {
    /// Whether the target is as it should be.
    pub fn is_success(&self) -> bool {
        matches!(self.report.outcome, Outcome::Up | Outcome::Degraded)
    }

    /// The metrics, in the text format of Prometheus.
    pub fn metrics(&self) -> String {
        exposition::of(self)
    }

    /// What was seen, in words, with metrics and module, for people.
    pub fn debug(&self) -> String {
        let mut text = "What the probe saw:\n".to_owned();
        for finding in &self.report.findings {
            text.push_str(&format!("{:?}: {}\n", finding.outcome, finding.words));
        }
        text.push_str("\n\nMetrics that would have been returned:\n");
        text.push_str(&self.metrics());
        text.push_str("\n\nModule configuration:\n");
        text.push_str(&self.definition);
        text.push('\n');
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_probe_ends_before_prometheus_stops_waiting() {
        let secs = Duration::from_secs;
        for (module, patience, timeout_ms) in [
            (r#"{"prober": "tcp"}"#, None, 119_500),
            (r#"{"prober": "tcp"}"#, Some(secs(10)), 9_500),
            (r#"{"prober": "tcp"}"#, Some(secs(0)), 119_500),
            (r#"{"prober": "tcp", "timeout": "5s"}"#, None, 5_000),
            (
                r#"{"prober": "tcp", "timeout": "5s"}"#,
                Some(secs(10)),
                5_000,
            ),
            (
                r#"{"prober": "tcp", "timeout": "5s"}"#,
                Some(secs(5)),
                4_500,
            ),
            (
                r#"{"prober": "tcp", "timeout": "5s"}"#,
                Some(Duration::from_millis(400)),
                5_000,
            ),
        ] {
            let read: Module = serde_json::from_str(module).unwrap();
            let expected = Duration::from_millis(timeout_ms);
            assert_eq!(timeout(&read, patience), expected, "{module} {patience:?}");
        }
    }
}
