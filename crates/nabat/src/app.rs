//! The only place where the parts are put together: read from top to bottom, it is the architecture.

mod bots;
mod deafness;
mod reload;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use tokio::net::TcpListener;
use tokio::signal::unix::Signal;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use crate::config::{self, Config};
use crate::engine::{self, Running};
use crate::lifecycle;
use crate::metrics::Metrics;
use crate::store::Store;
use crate::store::sqlite::Sqlite;
use crate::telemetry::Log;
use crate::web::server::{Reload, serve};
use crate::{bot, web};

use bots::Bots;
use reload::Reloader;

/// Where the configuration came from, and what else is renewed with it.
#[derive(Debug)]
pub struct Source {
    /// The file.
    pub path: PathBuf,
    /// The log, opened anew on SIGHUP.
    pub log: Option<Log>,
}

/// Nabat, ready to run.
#[derive(Debug)]
pub struct App {
    address: SocketAddr,
    listener: TcpListener,
    engine: Running,
    router: axum::Router,
    bots: Bots,
    reloader: Reloader,
    reloads: mpsc::Receiver<Reload>,
    hangups: Signal,
}

impl App {
    /// Opens the store, starts the engine and listens. Without a `source` the configuration stays.
    ///
    /// # Errors
    /// When the store can't be opened or the address is taken.
    pub async fn start(
        config: Config,
        source: Option<Source>,
        address: SocketAddr,
        data_dir: &Path,
    ) -> anyhow::Result<Self> {
        // First of all: a SIGHUP that nobody listens to ends the process.
        let hangups = lifecycle::hangups().context("failed to listen to signals")?;
        let listener = TcpListener::bind(address)
            .await
            .with_context(|| format!("failed to listen on {address}"))?;
        let address = listener.local_addr()?;
        let config::Store::Sqlite(file) = &config.store;
        let store: Arc<dyn Store> = Arc::new(Sqlite::open(&data_dir.join(file))?);

        let metrics = Arc::new(Metrics::default());
        let settings = reload::settings(&config);
        let engine = engine::start(store, settings, metrics.engine.clone())?;
        let ears = bot::WebhookEars::default();
        let bots = Bots::new(engine.handle.clone(), Arc::clone(&metrics), ears.clone());

        let (config_in_force, config) = watch::channel(Arc::new(config));
        let (reload, reloads) = mpsc::channel(1);
        let router = web::router(web::State {
            engine: engine.handle.clone(),
            config,
            metrics,
            ears,
            bodies: web::bodies(),
            reload,
        });
        let reloader = Reloader::new(source, engine.handle.clone(), config_in_force);
        Ok(Self {
            address,
            listener,
            engine,
            router,
            bots,
            reloader,
            reloads,
            hangups,
        })
    }

    /// The code with which somebody becomes the owner, once.
    ///
    /// # Errors
    /// When there are no random numbers or nothing can be stored.
    pub async fn owner_code(&self) -> anyhow::Result<String> {
        bots::owner_code(&self.engine.handle).await
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Runs until `shutdown`, then stops in order: what comes in and what goes out, then the engine.
    ///
    /// # Errors
    /// When the engine lost the store, or something panicked.
    pub async fn run(mut self, shutdown: CancellationToken) -> anyhow::Result<()> {
        tracing::info!("listening on http://{}", self.address);
        self.bots.follow(&self.reloader.config());
        // What an earlier process had to say of its configuration is over: this one was read.
        self.reloader.tell(None).await;
        let web = tokio::spawn(serve(self.listener, self.router, shutdown.clone()));
        let owner_link = tokio::spawn(bots::offer_owner_link(
            self.engine.handle.clone(),
            self.bots.first_name(),
        ));
        let mut watch = tokio::time::interval(std::time::Duration::from_secs(1));
        let mut crashed = false;
        loop {
            tokio::select! {
                () = shutdown.cancelled() => break,
                _ = self.hangups.recv() => {
                    self.reloader.reopen_log();
                    // The outcome is in the log and in the operators' chat.
                    let _ = self.reloader.reload(&mut self.bots).await;
                }
                Some(reload) = self.reloads.recv() => {
                    let outcome = self.reloader.reload(&mut self.bots).await;
                    let _ = reload.answer.send(outcome);
                }
                _ = watch.tick() => {
                    if self.engine.ended() {
                        tracing::error!("the engine stopped");
                        shutdown.cancel();
                    }
                    // In this order: the web ends by itself only once the shutdown has begun.
                    let web_crashed = web.is_finished() && !shutdown.is_cancelled();
                    // Half a Nabat is worse than one that its supervisor starts again.
                    if web_crashed || self.bots.crashed() {
                        tracing::error!("a part of Nabat panicked");
                        crashed = true;
                        shutdown.cancel();
                    }
                }
            }
        }
        owner_link.abort();
        let orderly = async {
            // Both at once: a slow client must not take the time of what is on its way.
            let _ = tokio::join!(web, self.bots.stop());
            self.engine.stop().await
        };
        match tokio::time::timeout(lifecycle::STOP_PATIENCE, orderly).await {
            Ok(stopped) => stopped.context("the engine stopped")?,
            Err(_) => tracing::warn!("stopped before everything was finished"),
        }
        anyhow::ensure!(
            !crashed,
            "a part of Nabat panicked; please report the panic from the log"
        );
        tracing::info!("stopped");
        Ok(())
    }
}
