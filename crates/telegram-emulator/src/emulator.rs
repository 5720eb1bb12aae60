//! A running emulator: what its tasks share, and starting, stopping and vanishing.
//!
//! The handle's other abilities are in `acts` (changing the world) and `views` (looking at it and waiting).

mod acts;
mod views;

use std::fmt;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::extract::DefaultBodyLimit;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::limits::Limits;
use crate::server::Server;
use crate::world::World;
use crate::{api, control, page, request, webhook};

pub use views::TimedOut;

/// How the emulator behaves.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Where to listen; port 0 takes any free one.
    pub listen: SocketAddr,
    /// How much bots may send.
    pub limits: Limits,
    /// Whether unknown parameters are refused; Telegram ignores them.
    pub strict: bool,
    /// Whether `setWebhook` takes `http://127.0.0.1:PORT/…`, which Telegram does not.
    pub plain_webhooks: bool,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            limits: Limits::default(),
            strict: true,
            plain_webhooks: false,
        }
    }
}

/// What the tasks of the emulator share.
#[derive(Debug)]
pub(crate) struct Shared {
    world: Mutex<World>,
    pub(crate) settings: Settings,
    /// Counts changes of the world.
    pub(crate) changes: watch::Sender<u64>,
    stopping: Mutex<CancellationToken>,
}

impl Shared {
    /// The world, locked: never hold it across an await.
    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells everyone who waits that the world has changed.
    pub(crate) fn change(&self) {
        self.changes.send_modify(|count| *count += 1);
    }

    /// Cancelled once the running server is asked to stop.
    pub(crate) fn stopping(&self) -> CancellationToken {
        self.stopping
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

/// A running emulator. Clones are handles of the same one.
#[derive(Clone, Debug)]
pub struct Emulator {
    pub(crate) shared: Arc<Shared>,
    server: Arc<tokio::sync::Mutex<Option<Server>>>,
    address: SocketAddr,
}

impl Emulator {
    /// Starts to listen. Fails if the address can't be bound.
    pub async fn start(settings: Settings) -> std::io::Result<Emulator> {
        let listener = TcpListener::bind(settings.listen).await?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            world: Mutex::default(),
            settings,
            changes: watch::Sender::new(0),
            stopping: Mutex::new(CancellationToken::new()),
        });
        let emulator = Emulator {
            shared,
            server: Arc::default(),
            address,
        };
        emulator.serve(listener).await;
        Ok(emulator)
    }

    async fn serve(&self, listener: TcpListener) {
        let stopping = CancellationToken::new();
        *self
            .shared
            .stopping
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = stopping.clone();
        let app = Router::new()
            .merge(page::routes())
            .nest("/control", control::routes(self.clone()))
            .fallback(api::handle)
            .layer(DefaultBodyLimit::max(request::BODY_MAX))
            .with_state(Arc::clone(&self.shared));
        tokio::spawn(webhook::deliver(Arc::clone(&self.shared), stopping.clone()));
        *self.server.lock().await = Some(Server::start(listener, app, stopping));
    }

    /// Where it listens: the `api_url` for bots, and the address of the chat page.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Answers what is in hand and stops listening. The world stays; see [`Emulator::resume`].
    pub async fn stop(&self) {
        if let Some(server) = self.server.lock().await.take() {
            server.stop().await;
        }
    }

    /// Goes away without a word: open connections are cut, new ones refused. The world stays.
    pub async fn vanish(&self) {
        if let Some(server) = self.server.lock().await.take() {
            server.cut().await;
        }
    }

    /// Listens again on the same port with the same world, after [`Emulator::stop`] or [`Emulator::vanish`].
    pub async fn resume(&self) -> std::io::Result<()> {
        if self.server.lock().await.is_none() {
            let listener = TcpListener::bind(self.address).await?;
            self.serve(listener).await;
        }
        Ok(())
    }

    /// Changes the world and tells everyone who waits.
    pub(crate) fn with<T>(&self, act: impl FnOnce(&mut World) -> T) -> T {
        let result = act(&mut self.shared.world());
        self.shared.change();
        result
    }
}

impl fmt::Display for Emulator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "emulated Telegram at {}", self.url())
    }
}
