//! The only place where the parts are put together: read from top to bottom, it is the architecture.

mod bots;
mod deafness;
mod home;
mod integrations;
mod reload;

use std::io::ErrorKind;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use nabat_core::silence::uuid::Names;
use tokio::net::TcpListener;
use tokio::signal::unix::Signal;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::config::{self, Config};
use crate::engine::{self, MadeBots, Problem, Running};
use crate::lifecycle;
use crate::metrics::Metrics;
use crate::probe::Tools;
use crate::samples::{Keep, Samples};
use crate::store::sqlite::{Damage, Sqlite};
use crate::store::{History, Store};
use crate::telemetry::Log;
use crate::web::api::keyring::Keyring;
use crate::web::api::manual::Manual;
use crate::web::api::{once, token};
use crate::web::server::{Reload, serve};
use crate::{bot, clock, watch, web};

use bots::Bots;
use home::home;
use integrations::Integrations;
use reload::Reloader;

/// The file of what probes saw, within the data folder.
const SAMPLES_FILE: &str = "samples.db";
/// The alert that says that the store was damaged at the start.
const STORE_DAMAGED: &str = "NabatStoreDamaged";
/// For how long it fires.
const STORE_DAMAGED_LASTS: Duration = Duration::from_secs(7 * 86_400);

/// Where the configuration came from, and what else is renewed with it.
#[derive(Debug)]
pub struct Source {
    /// The file.
    pub file: config::Named,
    /// The log, opened anew on SIGHUP.
    pub log: Option<Log>,
}

/// Where Nabat is found.
#[derive(Debug)]
pub struct Place {
    /// Where it listens.
    pub address: SocketAddr,
    /// What all paths begin with, such as `/nabat`; empty for nothing.
    pub prefix: String,
    /// Where people find it, if not as the configuration says.
    pub external_url: Option<String>,
}

impl From<SocketAddr> for Place {
    fn from(address: SocketAddr) -> Self {
        Self {
            address,
            prefix: String::new(),
            external_url: None,
        }
    }
}

/// Listens on `address`. `[::]` is every address, those of IPv4 too; a machine without IPv6 has
/// the latter alone.
async fn listen(address: SocketAddr) -> std::io::Result<TcpListener> {
    let every = SocketAddr::from((Ipv6Addr::UNSPECIFIED, address.port()));
    match TcpListener::bind(address).await {
        Err(error) if address == every && error.kind() != ErrorKind::AddrInUse => {
            TcpListener::bind((Ipv4Addr::UNSPECIFIED, address.port())).await
        }
        bound => bound,
    }
}

/// Nabat, ready to run.
#[derive(Debug)]
pub struct App {
    address: SocketAddr,
    listener: TcpListener,
    engine: Running,
    watch: watch::Running,
    granter: watch::Granter,
    router: axum::Router,
    damage: Option<Damage>,
    live: Live,
    reloads: mpsc::Receiver<Reload>,
    hangups: Signal,
}

/// What goes by the configuration in force.
#[derive(Debug)]
struct Live {
    /// Where people find this Nabat, whatever the configuration says.
    external_url: Option<String>,
    /// Where they find it if nobody says.
    listening: String,
    reloader: Reloader,
    bots: Bots,
    integrations: Integrations,
    /// The bots that came in by the API.
    made_bots: tokio::sync::watch::Receiver<MadeBots>,
    watch: watch::Handle,
}

impl Live {
    /// Reads the configuration again and goes by it; a bad one is refused and the old one stays.
    async fn reload(&mut self) -> Result<(), String> {
        self.reloader.reload().await?;
        self.follow();
        let config = (*self.reloader.config()).clone();
        self.watch.configure(config).await;
        Ok(())
    }

    /// Lets run what the configuration in force names.
    fn follow(&mut self) {
        let config = self.reloader.config();
        let made = Arc::clone(&self.made_bots.borrow_and_update());
        self.bots.follow(&config, &made);
        let external_url = self.external_url.as_deref();
        let external_url = external_url.or(config.external_url.as_deref());
        let external_url = external_url.unwrap_or(&self.listening);
        self.integrations.follow(&config, external_url);
    }

    /// Whether a part of it has panicked, so that something is told to nobody.
    fn crashed(&mut self) -> bool {
        self.bots.crashed() || self.integrations.crashed()
    }

    /// Lets all of it finish what it has in hand.
    async fn stop(&mut self) {
        tokio::join!(self.bots.stop(), self.integrations.stop());
    }
}

impl App {
    /// Opens the store, starts the engine and listens. Without a `source` the configuration stays.
    ///
    /// # Errors
    /// When the store can't be opened or the address is taken.
    pub async fn start(
        config: Config,
        source: Option<Source>,
        place: Place,
        data_dir: &Path,
    ) -> anyhow::Result<Self> {
        let Place {
            address,
            prefix,
            external_url,
        } = place;
        // First of all: a SIGHUP that nobody listens to ends the process.
        let hangups = lifecycle::hangups().context("failed to listen to signals")?;
        lifecycle::outlive_full_files().context("failed to listen to signals")?;
        let listener = listen(address)
            .await
            .with_context(|| format!("failed to listen on {address}"))?;
        let address = listener.local_addr()?;
        let config::Store::Sqlite(file) = &config.store;
        let store = Arc::new(Sqlite::open(&data_dir.join(file))?);
        let token = token::open(data_dir)
            .with_context(|| format!("failed to keep the API's token in {}", data_dir.display()))?;
        let instance = store.instance()?;
        let api = web::api::Api {
            history: Arc::clone(&store) as Arc<dyn History>,
            token,
            keyring: Keyring::new(store.tokens()?),
            names: Names::of(&instance),
            answers: once::Answers::stored(store.as_ref(), clock::now())?,
            manual: Manual::new(&prefix),
        };

        let started_at = clock::now();
        let metrics = Arc::new(Metrics::since(started_at));
        let configured = reload::configured(&config);
        metrics.alertmanager.configured(Some(configured));
        let settings = reload::settings(&config);
        let writer = Arc::clone(&store) as Arc<dyn Store>;
        let engine = engine::start(
            writer,
            settings,
            reload::retention(&config),
            metrics.engine.clone(),
        )?;
        let damage = store.damage();
        if let Some(damage) = &damage {
            tracing::error!(details = ?damage.outcome, "{damage}");
        }
        let ears = bot::WebhookEars::default();
        let roster = bot::Roster::default();
        let bots = Bots::new(
            engine.handle.clone(),
            Arc::clone(&store) as Arc<dyn History>,
            Arc::clone(&metrics),
            ears.clone(),
            roster.clone(),
        );

        let about = Arc::new(web::About {
            instance: instance.clone(),
            started_at,
            address,
            home: home(address, &prefix),
        });
        let tools = Arc::new(Tools::start().context("failed to prepare probes")?);
        let history = Arc::clone(&store) as Arc<dyn History>;
        let samples = Samples::open(&data_dir.join(SAMPLES_FILE), Keep::default())?;
        let samples = Arc::new(samples);
        let files = watch::Files {
            samples: Arc::clone(&samples),
            folder: data_dir.to_owned(),
        };
        let watch = watch::start(
            engine.handle.clone(),
            history.as_ref(),
            Arc::clone(&tools),
            files,
            config.clone(),
        )
        .await?;
        let integrations = Integrations::new(engine.handle.clone(), Arc::clone(&metrics), instance);

        let counted = Arc::clone(&metrics);
        let granter = watch::Granter {
            engine: engine.handle.clone(),
            watch: watch.handle.clone(),
            history,
        };
        let (config_in_force, config) = tokio::sync::watch::channel(Arc::new(config));
        let (reload, reloads) = mpsc::channel(1);
        let router = web::under(
            &prefix,
            web::State {
                engine: engine.handle.clone(),
                config,
                about,
                metrics,
                watch: watch.handle.clone(),
                tools,
                samples,
                api,
                ears,
                roster,
                bodies: web::bodies(),
                readers: web::readers(),
                probes: web::probes(),
                turns: web::Turns::default(),
                reload,
            },
        );
        let made_bots = engine.handle.made_bots();
        let reloader = Reloader::new(source, engine.handle.clone(), config_in_force, counted);
        Ok(Self {
            address,
            listener,
            engine,
            router,
            damage,
            live: Live {
                external_url,
                listening: home(address, &prefix),
                reloader,
                bots,
                integrations,
                made_bots,
                watch: watch.handle.clone(),
            },
            watch,
            granter,
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

    /// Tells the operators what was wrong with the store, if anything was.
    async fn tell_damage(&self) {
        let Some(damage) = &self.damage else {
            return;
        };
        let problem = Problem {
            words: &damage.to_string(),
            lasts: Some(STORE_DAMAGED_LASTS),
        };
        let engine = &self.engine.handle;
        engine.own_alert(STORE_DAMAGED, &[], Some(problem)).await;
    }

    /// Runs until `shutdown`, then stops in order: what comes in and what goes out, then the engine.
    ///
    /// # Errors
    /// When the engine lost the store, or something panicked.
    pub async fn run(mut self, shutdown: CancellationToken) -> anyhow::Result<()> {
        tracing::info!("listening on http://{}", self.address);
        // Before anybody is heard.
        let wishes = tokio::spawn(self.granter.clone().run(shutdown.clone()));
        self.live.follow();
        // What an earlier process had to say of its configuration is over: this one was read.
        self.live.reloader.tell(None).await;
        self.tell_damage().await;
        let web = tokio::spawn(serve(self.listener, self.router, shutdown.clone()));
        let owner_link = tokio::spawn(bots::offer_owner_link(
            self.engine.handle.clone(),
            self.live.bots.first_name(),
        ));
        let mut look = tokio::time::interval(Duration::from_secs(1));
        let mut crashed = false;
        loop {
            tokio::select! {
                () = shutdown.cancelled() => break,
                _ = self.hangups.recv() => {
                    self.live.reloader.reopen_log();
                    // The outcome is in the log and in the operators' chat.
                    let _ = self.live.reload().await;
                }
                Ok(()) = self.live.made_bots.changed() => self.live.follow(),
                Some(reload) = self.reloads.recv() => {
                    let outcome = self.live.reload().await;
                    let _ = reload.answer.send(outcome);
                }
                _ = look.tick() => {
                    if self.engine.ended() {
                        tracing::error!("the engine stopped");
                        shutdown.cancel();
                    }
                    // In this order: the web ends by itself only once the shutdown has begun.
                    let web_crashed = web.is_finished() && !shutdown.is_cancelled();
                    // Half a Nabat is worse than one that its supervisor starts again.
                    let wishes_crashed = wishes.is_finished() && !shutdown.is_cancelled();
                    if web_crashed || wishes_crashed || self.live.crashed() || self.watch.ended() {
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
            let _ = tokio::join!(web, self.live.stop());
            self.watch.stop().await;
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
