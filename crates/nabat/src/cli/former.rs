//! Flags of Alertmanager that mean little to Nabat: taken, so that its arguments can stay as they are.

use clap::Args;

use super::{Failure, Outcome};

/// Hidden from the help: nobody needs them who does not have them already.
#[derive(Debug, Args)]
pub(super) struct Former {
    #[arg(long = "cluster.listen-address", hide = true)]
    cluster: Option<String>,
    #[arg(long = "data.retention", hide = true)]
    retention: Option<String>,
    #[arg(long = "log.format", hide = true)]
    format: Option<String>,
}

impl Former {
    /// Refuses what Nabat can't do at all.
    pub(super) fn check(&self) -> Outcome {
        match self.cluster.as_deref() {
            // How Alertmanager is told to stay alone.
            None | Some("") => Ok(()),
            Some(_) => Err(Failure::Usage(
                "nabat: `--cluster.listen-address`: Nabat can't form a cluster yet; leave it out, or empty"
                    .to_owned(),
            )),
        }
    }

    /// What is otherwise than it asks for, one sentence each.
    pub(super) fn warnings(&self) -> Vec<&'static str> {
        let mut warnings = Vec::new();
        if self.retention.is_some() {
            warnings.push("--data.retention changes nothing: expired silences are kept for 120 hours, and ended alerts as `history` in the configuration says");
        }
        if self
            .format
            .as_deref()
            .is_some_and(|format| format != "json")
        {
            warnings.push(
                "--log.format changes nothing: the log is JSON, and readable text on a terminal",
            );
        }
        warnings
    }
}
