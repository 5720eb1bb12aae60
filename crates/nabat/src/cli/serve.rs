//! `nabat serve`: the real thing.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Args;
use tokio_util::sync::CancellationToken;

use super::file::File;
use super::idle::Idle;
use super::place::Place;
use super::{Outcome, server_runtime};
use crate::app::{App, Source};
use crate::{lifecycle, telemetry};

/// Take alerts and tell people
#[derive(Debug, Args)]
pub(super) struct Serve {
    #[command(flatten)]
    place: Place,
    #[command(flatten)]
    file: File,
    /// A log file, opened anew on SIGHUP [default: standard error]
    #[arg(short, long, env = "NABAT_LOG", value_name = "FILE")]
    log: Option<PathBuf>,
    /// What is logged: `error`, `warn`, `info`, `debug`
    #[arg(
        long,
        alias = "log.level",
        env = "NABAT_LOG_LEVEL",
        default_value = "info",
        value_name = "LEVEL"
    )]
    log_level: String,
    /// Where the store is kept; also `--storage.path`
    #[arg(
        long,
        alias = "storage.path",
        env = "NABAT_DATA_DIR",
        default_value = "nabat-data",
        value_name = "DIR"
    )]
    data_dir: PathBuf,
    #[command(flatten)]
    idle: Idle,
}

impl Serve {
    pub(super) fn run(self) -> Outcome {
        let (file, config) = self.file.load()?;
        let place = self.place.read()?;
        let idle = self.idle.warnings()?;
        let log = telemetry::start(self.log.as_deref(), &self.log_level)
            .with_context(|| format!("failed to open the log {}", shown(self.log.as_deref())))?;
        for warning in idle.into_iter().chain(config.warnings()) {
            tracing::warn!("{warning}");
        }
        let source = Source {
            file,
            log: Some(log),
        };
        server_runtime()?.block_on(async {
            let shutdown = CancellationToken::new();
            lifecycle::stop_on_signals(shutdown.clone(), || {})
                .context("failed to listen to signals")?;
            let app = App::start(config, Some(source), place, &self.data_dir).await?;
            app.run(shutdown).await
        })?;
        Ok(())
    }
}

fn shown(path: Option<&Path>) -> String {
    path.map_or_else(
        || "(standard error)".to_owned(),
        |path| path.display().to_string(),
    )
}
