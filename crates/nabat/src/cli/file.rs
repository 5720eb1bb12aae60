//! Which configuration a command reads: Nabat's own, or an `alertmanager.yml` as it is.

use std::path::PathBuf;

use clap::Args;

use super::Failure;
use crate::config::{self, Config, Form, LoadError, Named, environment};

/// A configuration file.
#[derive(Debug, Args)]
pub(super) struct File {
    /// The configuration [default: ./nabat.yml, then $XDG_CONFIG_HOME/nabat/nabat.yml, /etc/nabat/nabat.yml]
    #[arg(short, long, env = "NABAT_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    /// An `alertmanager.yml` to go by instead, as it is; also `--config.file`
    #[arg(
        long = "alertmanager.config",
        alias = "config.file",
        value_name = "FILE",
        conflicts_with = "config"
    )]
    alertmanager: Option<PathBuf>,
}

impl File {
    /// Finds and reads it.
    pub(super) fn load(&self) -> Result<(Named, Config), Failure> {
        let (given, form) = match &self.alertmanager {
            Some(path) => (Some(path), Form::Alertmanager),
            None => (self.config.as_ref(), Form::Nabat),
        };
        let path = config::locate(given.map(PathBuf::as_path), &environment);
        let path = path.map_err(usage)?;
        load(path, form)
    }
}

/// Reads the configuration in the file at `path`.
pub(super) fn load(path: PathBuf, form: Form) -> Result<(Named, Config), Failure> {
    let file = Named { path, form };
    let config = config::load(&file, &environment);
    Ok((file, config.map_err(usage)?))
}

/// Why there is no configuration, with the cause.
pub(super) fn usage(error: LoadError) -> Failure {
    Failure::Usage(super::chain(&error.into()))
}
