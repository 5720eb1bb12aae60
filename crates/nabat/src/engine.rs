//! The one writer: what comes in is decided by the core, committed, and only then answered.
//!
//! A thread of its own holds the engine. It takes whatever waits in its queue, steps through it,
//! stores all changes in one transaction, then answers everyone and wakes the couriers. So a
//! thousand requests at once cost one synchronisation of the disk. When the store takes no
//! writes, nobody is answered with success: the state is read back from the store and everything
//! is refused until it does.

mod deliveries;
mod own;
mod silences;
mod worker;

#[cfg(test)]
mod simulation;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::{Semaphore, mpsc, oneshot, watch};

use nabat_core::alert::{Labels, News};
use nabat_core::change::Change;
use nabat_core::chat::{Admits, MadeBot};
use nabat_core::delivery::{DeliveryId, Settled, Waiting, Work};
use nabat_core::destination::{Destination, Outlet};
use nabat_core::engine::wish::{Upshot, Wish};
use nabat_core::engine::{
    Dropped, Figures, Heard, Overview, Pending, Refusal, Settings, Subscribed, Wanted, Watched,
};
use nabat_core::silence::{self, Draft, Silence, SilenceId};

use crate::store::{Store, StoreError};

/// How many requests may wait for the engine.
const REQUESTS_WAITING_MAX: usize = 1_024;
/// How many alerts may wait for the engine, in all requests.
const ALERTS_WAITING_MAX: usize = 200_000;
/// How long a request waits for a place in the queue.
const QUEUE_PATIENCE: Duration = Duration::from_secs(5);

/// A way to reach the engine. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Handle {
    asks: mpsc::Sender<Ask>,
    alerts: Arc<Semaphore>,
    ready: Arc<AtomicBool>,
    made_bots: watch::Receiver<MadeBots>,
}

/// The bots that are not of the configuration.
pub type MadeBots = Arc<[MadeBot]>;

/// Why the engine did not take something. Nothing of it was kept.
#[derive(Debug, Clone, thiserror::Error)]
pub enum NotTaken {
    /// It is over a limit.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The store takes no writes.
    #[error("nothing can be stored at the moment: {reason}")]
    Unavailable {
        /// What the store says.
        reason: String,
    },
    /// More comes in than can be stored.
    #[error("too much is waiting to be stored; try again in a moment")]
    Busy,
    /// Nabat is stopping.
    #[error("Nabat is stopping")]
    Stopping,
}

/// Why the engine stopped by itself.
#[derive(Debug, thiserror::Error)]
pub enum Broken {
    /// It lost the store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A mistake in Nabat.
    #[error("it panicked, what it had committed is kept; please report the panic from the log")]
    Panicked,
}

type Reply<T> = oneshot::Sender<Result<T, NotTaken>>;

/// What can be asked of the engine.
#[derive(Debug)]
enum Ask {
    News(Vec<News>, Reply<()>),
    Watched(Box<Watched>, Reply<()>),
    Heard(Box<Heard>, Reply<Option<String>>),
    Take(Vec<DeliveryId>, Reply<Option<Work>>),
    Settle(Settled, Reply<()>),
    Invite(Admits, [u8; 16], Reply<String>),
    Configure(Box<Settings>, Retention, Reply<()>),
    Pending(Wanted, Reply<Vec<Pending>>),
    PendingOne(DeliveryId, Reply<Option<Pending>>),
    Names(Vec<Destination>, Reply<Vec<String>>),
    Subscribed(Labels, Reply<Vec<Subscribed>>),
    Hurry(DeliveryId, Reply<bool>),
    ReachAgain(Destination, Reply<bool>),
    Drop(DeliveryId, Reply<Dropped>),
    Silences(Reply<Vec<Arc<Silence>>>),
    SetSilence(Box<Draft>, Reply<Result<SilenceId, silence::Refusal>>),
    ExpireSilence(SilenceId, Reply<bool>),
    Follow(Outlet, mpsc::UnboundedSender<Vec<Waiting>>, Reply<()>),
    Grant(mpsc::Sender<Wish>, Reply<()>),
    Fulfilled(Box<Wish>, Box<Upshot>, Reply<()>),
    Look(Reply<Look>),
    Overview(Reply<Overview>),
    Stop,
}

/// How much is kept of incidents that ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// For how long.
    pub incidents_for: Duration,
    /// Of those, only so many that ended last.
    pub incidents_max: usize,
}

impl Default for Retention {
    fn default() -> Self {
        Self {
            incidents_for: Duration::from_secs(90 * 86_400),
            incidents_max: 200_000,
        }
    }
}

/// What the engine shows of itself.
#[derive(Debug, Clone, Copy)]
pub struct Look {
    /// Figures for `/metrics`.
    pub figures: Figures,
    /// Whether anyone is an owner.
    pub has_owner: bool,
}

/// The engine's thread.
#[derive(Debug)]
pub struct Running {
    /// The way to reach it.
    pub handle: Handle,
    thread: std::thread::JoinHandle<Result<(), StoreError>>,
}

/// Starts the engine on what `store` keeps. Must be called within a tokio runtime.
///
/// # Errors
/// When the store can't be read or written.
pub fn start(
    store: Arc<dyn Store>,
    settings: Settings,
    retention: Retention,
    metrics: worker::Metrics,
) -> Result<Running, StoreError> {
    let (asks, queue) = mpsc::channel(REQUESTS_WAITING_MAX);
    let ready = Arc::new(AtomicBool::new(true));
    let worker = worker::Worker::new(
        store,
        settings,
        retention,
        metrics,
        queue,
        Arc::clone(&ready),
    )?;
    let made_bots = worker.made_bots();
    let runtime = tokio::runtime::Handle::current();
    let thread = std::thread::Builder::new()
        .name("engine".to_owned())
        .spawn(move || runtime.block_on(worker.run()))
        .map_err(|source| StoreError::Open {
            path: "(the engine's thread)".to_owned(),
            source,
        })?;
    let handle = Handle {
        asks,
        alerts: Arc::new(Semaphore::new(ALERTS_WAITING_MAX)),
        ready,
        made_bots,
    };
    Ok(Running { handle, thread })
}

pub use own::Problem;
pub use worker::Metrics;

impl Running {
    /// Whether the thread has ended, which it does by itself only when it is [`Broken`].
    pub fn ended(&self) -> bool {
        self.thread.is_finished()
    }

    /// Lets the engine finish what waits, and stops it.
    ///
    /// # Errors
    /// Why it had stopped before.
    pub async fn stop(self) -> Result<(), Broken> {
        // A closed queue means that it has stopped already.
        let _ = self.handle.asks.send(Ask::Stop).await;
        let joined = tokio::task::spawn_blocking(|| self.thread.join()).await;
        match joined {
            Ok(Ok(result)) => Ok(result?),
            _ => Err(Broken::Panicked),
        }
    }
}

impl Handle {
    /// Takes what a source says. When this returns `Ok`, it is on disk.
    ///
    /// # Errors
    /// See [`NotTaken`]; nothing of it was kept.
    pub async fn news(&self, news: Vec<News>) -> Result<(), NotTaken> {
        let weight = u32::try_from(news.len().clamp(1, ALERTS_WAITING_MAX)).unwrap_or(u32::MAX);
        let _place = tokio::time::timeout(QUEUE_PATIENCE, self.alerts.acquire_many(weight))
            .await
            .map_err(|_| NotTaken::Busy)?
            .map_err(|_| NotTaken::Stopping)?;
        self.ask(|reply| Ask::News(news, reply)).await
    }

    /// Deals with an update of a bot; returns what is shown to whoever pressed a button.
    ///
    /// # Errors
    /// See [`NotTaken`]; the update is to be offered again.
    pub async fn heard(&self, heard: Heard) -> Result<Option<String>, NotTaken> {
        self.ask(|reply| Ask::Heard(Box::new(heard), reply)).await
    }

    /// What is to be sent for these deliveries of one chat now; `None` if nothing is any more.
    ///
    /// # Errors
    /// See [`NotTaken`]; it is to be asked for again.
    pub async fn take(&self, ids: Vec<DeliveryId>) -> Result<Option<Work>, NotTaken> {
        self.ask(|reply| Ask::Take(ids, reply)).await
    }

    /// Keeps what the watch decided, and takes its alerts, in one transaction.
    ///
    /// # Errors
    /// See [`NotTaken`]; nothing of it was kept. Where too many incidents are open, all of it was but
    /// what would open more.
    pub async fn watched(&self, changes: Vec<Change>, news: Vec<News>) -> Result<(), NotTaken> {
        let watched = Watched {
            changes,
            news,
            ..Watched::default()
        };
        self.take_watched(watched).await
    }

    /// The same with all that the watch can decide.
    ///
    /// # Errors
    /// As [`Self::watched`].
    pub async fn take_watched(&self, watched: Watched) -> Result<(), NotTaken> {
        let watched = Box::new(watched);
        self.ask(|reply| Ask::Watched(watched, reply)).await
    }

    /// The bots that are not of the configuration, as they are stored.
    pub fn made_bots(&self) -> watch::Receiver<MadeBots> {
        self.made_bots.clone()
    }

    /// Notes how a delivery went.
    ///
    /// # Errors
    /// See [`NotTaken`]; it is to be said again.
    pub async fn settle(&self, settled: Settled) -> Result<(), NotTaken> {
        self.ask(|reply| Ask::Settle(settled, reply)).await
    }

    /// Opens an invitation; returns its code.
    ///
    /// # Errors
    /// See [`NotTaken`].
    pub async fn open_invite(&self, admits: Admits, entropy: [u8; 16]) -> Result<String, NotTaken> {
        self.ask(|reply| Ask::Invite(admits, entropy, reply)).await
    }

    /// Takes over a changed configuration.
    ///
    /// # Errors
    /// See [`NotTaken`].
    pub async fn configure(
        &self,
        settings: Settings,
        retention: Retention,
    ) -> Result<(), NotTaken> {
        self.ask(|reply| Ask::Configure(Box::new(settings), retention, reply))
            .await
    }

    /// Sends the outlet's waiting deliveries to `courier`, those that wait now and all to come,
    /// instead of to whoever followed before.
    ///
    /// # Errors
    /// See [`NotTaken`].
    pub async fn follow(
        &self,
        outlet: Outlet,
        courier: mpsc::UnboundedSender<Vec<Waiting>>,
    ) -> Result<(), NotTaken> {
        self.ask(|reply| Ask::Follow(outlet, courier, reply)).await
    }

    /// Sends what people wish of the monitors to `granter` from now on. What finds no room there is
    /// dropped: whoever floods a bot is not answered.
    ///
    /// # Errors
    /// See [`NotTaken`].
    pub async fn grant(&self, granter: mpsc::Sender<Wish>) -> Result<(), NotTaken> {
        self.ask(|reply| Ask::Grant(granter, reply)).await
    }

    /// Says what came of a wish, which answers it.
    ///
    /// # Errors
    /// See [`NotTaken`]; the wish is not answered.
    pub async fn fulfilled(&self, wish: Wish, upshot: Upshot) -> Result<(), NotTaken> {
        self.ask(|reply| Ask::Fulfilled(Box::new(wish), Box::new(upshot), reply))
            .await
    }

    /// What the engine shows of itself.
    ///
    /// # Errors
    /// See [`NotTaken`].
    pub async fn look(&self) -> Result<Look, NotTaken> {
        self.ask(Ask::Look).await
    }

    /// What fires now, as far as it is stored.
    ///
    /// # Errors
    /// See [`NotTaken`].
    pub async fn overview(&self) -> Result<Overview, NotTaken> {
        self.ask(Ask::Overview).await
    }

    /// Whether alerts can be taken.
    pub fn ready(&self) -> bool {
        self.ready.load(Ordering::Relaxed) && !self.asks.is_closed()
    }

    async fn ask<T>(&self, ask: impl FnOnce(Reply<T>) -> Ask) -> Result<T, NotTaken> {
        let (reply, answer) = oneshot::channel();
        self.asks
            .send_timeout(ask(reply), QUEUE_PATIENCE)
            .await
            .map_err(|error| match error {
                mpsc::error::SendTimeoutError::Timeout(_) => NotTaken::Busy,
                mpsc::error::SendTimeoutError::Closed(_) => NotTaken::Stopping,
            })?;
        answer.await.unwrap_or(Err(NotTaken::Stopping))
    }
}
