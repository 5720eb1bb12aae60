//! Which configuration a command reads: Nabat's own, or an `alertmanager.yml` as it is.
//!
//! A flag goes before a variable of the environment, which a container sets for everybody.

use std::path::PathBuf;

use clap::Args;

use super::Failure;
use crate::config::{self, Config, Form, LoadError, Named, environment};

/// The variable that names the configuration, where no flag does.
const VARIABLE: &str = "NABAT_CONFIG";

/// A configuration file that may be named.
#[derive(Debug, Args)]
pub(super) struct Choice {
    /// A `nabat.yml` to go by; without it, `serve` and `check` look at NABAT_CONFIG, then for
    /// ./nabat.yml, $XDG_CONFIG_HOME/nabat/nabat.yml and /etc/nabat/nabat.yml
    #[arg(short, long, value_name = "FILE")]
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

impl Choice {
    /// Reads the file, if one was named.
    pub(super) fn load(&self) -> Result<Option<(Named, Config)>, Failure> {
        let nabat = self.config.as_ref().map(|path| (path, Form::Nabat));
        let other = self.alertmanager.as_ref();
        let named = nabat.or(other.map(|path| (path, Form::Alertmanager)));
        named
            .map(|(path, form)| load(path.clone(), form))
            .transpose()
    }
}

/// A configuration file, which is looked for if none was named.
#[derive(Debug, Args)]
pub(super) struct File {
    #[command(flatten)]
    choice: Choice,
}

impl File {
    /// Finds and reads it.
    pub(super) fn load(&self) -> Result<(Named, Config), Failure> {
        if let Some(chosen) = self.choice.load()? {
            return Ok(chosen);
        }
        let given = environment(VARIABLE).map(PathBuf::from);
        let path = config::locate(given.as_deref(), &environment);
        load(path.map_err(usage)?, Form::Nabat)
    }
}

fn load(path: PathBuf, form: Form) -> Result<(Named, Config), Failure> {
    let file = Named { path, form };
    let config = config::load(&file, &environment);
    Ok((file, config.map_err(usage)?))
}

/// Why there is no configuration, with the cause.
pub(super) fn usage(error: LoadError) -> Failure {
    Failure::Usage(super::chain(&error.into()))
}
