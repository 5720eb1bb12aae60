//! `nabat import`: the configuration of another program as a `nabat.yml`.

use std::path::PathBuf;

use anyhow::anyhow;
use clap::{Args, Subcommand};

use super::file::usage;
use super::{Failure, Outcome, complain, print};
use crate::config;

/// Make a `nabat.yml` of another program's configuration
#[derive(Debug, Args)]
pub(super) struct Import {
    #[command(subcommand)]
    from: From,
}

#[derive(Debug, Subcommand)]
enum From {
    /// Print the `nabat.yml` that an `alertmanager.yml` comes to, with its comments and others on
    /// what is left out
    Alertmanager {
        /// The `alertmanager.yml`
        file: PathBuf,
    },
}

impl Import {
    /// Fails, after it has printed what there is, if anybody would not be told any more.
    pub(super) fn run(self) -> Outcome {
        let From::Alertmanager { file } = self.from;
        let bytes = config::read(&file).map_err(usage)?;
        let imported = config::import(&file, &bytes);
        let imported = imported.map_err(|error| Failure::Usage(error.to_string()))?;
        print(&imported.yaml);
        for refused in &imported.refused {
            complain(&format!("not taken over: {refused}"));
        }
        if let Some(mistakes) = &imported.mistakes {
            complain(&format!("what stands in the way:\n{mistakes}"));
        }
        let count = imported.refused.len();
        match (count, imported.mistakes.is_some()) {
            (0, false) => Ok(()),
            (0, true) => Err(anyhow!("the result needs mending before Nabat accepts it").into()),
            (1, _) => Err(anyhow!(
                "1 setting was not taken over; a comment in the result says what to do"
            )
            .into()),
            _ => Err(anyhow!(
                "{count} settings were not taken over; comments in the result say what to do"
            )
            .into()),
        }
    }
}
