//! `nabat check`: every mistake of a configuration, before anything is started.

use std::path::PathBuf;

use clap::Args;

use super::{Failure, Outcome, print};
use crate::config::{self, environment};

/// Look for mistakes in a configuration, without starting anything
#[derive(Debug, Args)]
pub(super) struct Check {
    /// The file [default: ./nabat.yml, then $XDG_CONFIG_HOME/nabat/nabat.yml, /etc/nabat/nabat.yml]
    #[arg(short, long, env = "NABAT_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
}

impl Check {
    pub(super) fn run(self) -> Outcome {
        let usage = |error: config::LoadError| Failure::Usage(error.to_string());
        let path = config::locate(self.config.as_deref(), &environment).map_err(usage)?;
        let config = config::load(&path, &environment).map_err(usage)?;
        print(&format!("{}\n", config::report(&path, &config).trim_end()));
        Ok(())
    }
}
