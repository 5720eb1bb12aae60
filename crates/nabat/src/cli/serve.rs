//! `nabat serve`: the real thing.

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Args;
use tokio_util::sync::CancellationToken;

use super::{Failure, Outcome, runtime};
use crate::app::{App, Source};
use crate::config::{self, environment};
use crate::{lifecycle, telemetry};

/// Take alerts and tell people
#[derive(Debug, Args)]
pub(super) struct Serve {
    /// The port to listen on; 0 takes a free one
    #[arg(short, long, env = "NABAT_PORT", default_value_t = 8080)]
    port: u16,
    /// The address to listen on
    #[arg(short = 'H', long, env = "NABAT_HOST", default_value = "127.0.0.1")]
    host: IpAddr,
    /// The configuration [default: ./nabat.yml, then $XDG_CONFIG_HOME/nabat/nabat.yml, /etc/nabat/nabat.yml]
    #[arg(short, long, env = "NABAT_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    /// A log file, opened anew on SIGHUP [default: standard error]
    #[arg(short, long, env = "NABAT_LOG", value_name = "FILE")]
    log: Option<PathBuf>,
    /// What is logged: `error`, `warn`, `info`, `debug`
    #[arg(
        long,
        env = "NABAT_LOG_LEVEL",
        default_value = "info",
        value_name = "LEVEL"
    )]
    log_level: String,
    /// Where the store is kept
    #[arg(
        long,
        env = "NABAT_DATA_DIR",
        default_value = "nabat-data",
        value_name = "DIR"
    )]
    data_dir: PathBuf,
}

impl Serve {
    pub(super) fn run(self) -> Outcome {
        let usage = |error: config::LoadError| Failure::Usage(error.to_string());
        let path = config::locate(self.config.as_deref(), &environment).map_err(usage)?;
        let config = config::load(&path, &environment).map_err(usage)?;
        let log = telemetry::start(self.log.as_deref(), &self.log_level)
            .with_context(|| format!("failed to open the log {}", shown(self.log.as_deref())))?;
        for warning in config.warnings() {
            tracing::warn!("{warning}");
        }
        let source = Source {
            path,
            log: Some(log),
        };
        let address = SocketAddr::new(self.host, self.port);
        runtime()?.block_on(async {
            let shutdown = CancellationToken::new();
            lifecycle::stop_on_signals(shutdown.clone(), || {})
                .context("failed to listen to signals")?;
            let app = App::start(config, Some(source), address, &self.data_dir).await?;
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
