//! Carries the outbox of one bot to Telegram, or that of one integration to where it goes
//! ([`integration`]).
//!
//! The core's schedule says which delivery goes next and when; the engine gives its content at
//! that moment; what Telegram answers goes back to the engine, and only then is the next delivery
//! of that chat touched. Chats go side by side: a slow or refusing one delays nobody else.

mod carry;
mod failures;
pub mod integration;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::{JoinError, JoinSet};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use nabat_core::chat::ChatKey;
use nabat_core::delivery::schedule::{Limits, Next, Schedule};
use nabat_core::delivery::{DeliveryId, Outcome, Settled, Waiting, Work};
use nabat_core::destination::{Destination, Outlet};

use crate::channel::telegram::client::Client;
use crate::clock::Steady;
use crate::engine::{Handle, NotTaken, Problem};
use crate::metrics::Metrics;

use failures::Failures;

/// How many deliveries of one bot are in hand at once.
const IN_HAND_MAX: usize = 64;
/// How long deliveries in hand may take once Nabat is stopping.
const FAREWELL: Duration = Duration::from_secs(6);
/// How long to wait before the engine is asked again that could not answer.
const ENGINE_PAUSE: Duration = Duration::from_secs(1);

/// The alert that says that a message was given up, and for how long it fires after the last one.
const MESSAGE_REFUSED: &str = "NabatMessageRefused";
const REFUSED_LASTS: Duration = Duration::from_secs(3_600);

/// What a courier works with.
#[derive(Debug)]
pub struct Courier {
    client: Client,
    desk: Desk,
    metrics: Arc<Metrics>,
    clock: Steady,
    schedule: Mutex<Schedule>,
    failures: Mutex<Failures>,
}

impl Courier {
    /// A courier for the client's bot.
    pub fn new(client: Client, engine: Handle, metrics: Arc<Metrics>) -> Arc<Self> {
        Arc::new(Self {
            client,
            desk: Desk::new(engine),
            metrics,
            clock: Steady::start(),
            schedule: Mutex::new(Schedule::new(Limits::default())),
            failures: Mutex::default(),
        })
    }

    /// Carries until `shutdown`, then finishes what is in hand.
    pub async fn run(self: Arc<Self>, shutdown: CancellationToken) {
        let mut hands = JoinSet::new();
        while !shutdown.is_cancelled() {
            let outlet = Outlet::Bot(self.client.bot());
            let Some(mut waiting) = self.desk.follow(outlet, &shutdown).await else {
                break;
            };
            self.work(&mut waiting, &mut hands, &shutdown).await;
        }
        say_farewell(&mut hands, self.client.name()).await;
    }

    async fn work(
        self: &Arc<Self>,
        waiting: &mut mpsc::UnboundedReceiver<Vec<Waiting>>,
        hands: &mut JoinSet<()>,
        shutdown: &CancellationToken,
    ) {
        loop {
            let next = if hands.len() < IN_HAND_MAX {
                self.schedule().next(self.clock.now())
            } else {
                Next::Idle
            };
            let pause = match next {
                Next::Send(ids, chat) => {
                    hands.spawn(Arc::clone(self).deliver(ids, chat));
                    continue;
                }
                Next::Wait(at) => Some(self.clock.instant(at)),
                Next::Idle => None,
            };
            match wait(waiting, hands, pause, shutdown).await {
                Woken::Announced(waiting) => {
                    let mut schedule = self.schedule();
                    for delivery in waiting {
                        if let Destination::Chat(chat) = delivery.destination {
                            schedule.add(delivery.id, chat, delivery.priority);
                            if delivery.hurried {
                                schedule.hurry(chat);
                            }
                        }
                    }
                }
                Woken::Again => {}
                Woken::Over => return,
            }
        }
    }

    /// Makes deliveries to one chat, from the engine's word what they are to its word that they are
    /// noted.
    async fn deliver(self: Arc<Self>, ids: Vec<DeliveryId>, chat: ChatKey) {
        let Some(work) = self.desk.take(ids).await else {
            return;
        };
        let mut fails = false;
        if let Some(work) = work {
            let settled = self.carry(chat, &work).await;
            if !self.desk.settle(settled.clone()).await {
                return;
            }
            if let Outcome::Failed { reason, .. } = &settled.outcome {
                self.tell_refused(chat, reason).await;
            }
            fails = matches!(
                settled.outcome,
                Outcome::Retry { .. } | Outcome::Uncertain { .. }
            );
        }
        if !fails {
            self.failures().forget(chat.chat);
        }
        self.schedule().done(chat, self.clock.now());
    }

    /// Tells the operators that a message was given up, which nobody would see otherwise.
    async fn tell_refused(&self, chat: ChatKey, reason: &str) {
        let place = chat.to_string();
        let labels = [("bot", self.client.name()), ("chat", &place)];
        let words = format!("Telegram refused a message, and it was given up: {reason}");
        self.desk.tell_refused(&labels, &words).await;
    }

    /// Waits until one more request may be made to the chat, and counts it.
    async fn again(&self, chat: ChatKey) {
        loop {
            let again = self.schedule().again(chat, self.clock.now());
            match again {
                Ok(()) => return,
                Err(at) => tokio::time::sleep_until(self.clock.instant(at)).await,
            }
        }
    }

    fn schedule(&self) -> MutexGuard<'_, Schedule> {
        self.schedule.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn failures(&self) -> MutexGuard<'_, Failures> {
        self.failures.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The chat gets nothing for `period`.
    fn freeze(&self, chat: ChatKey, period: Duration) {
        let until = self.clock.now().after(period);
        self.schedule().freeze(chat, until);
    }

    /// Something went wrong with the chat: it gets nothing for a while, longer each time.
    fn pause_chat(&self, chat: ChatKey) {
        let until = self.failures().of_chat(chat.chat, self.clock.now());
        self.schedule().pause(chat, until);
    }

    /// Telegram can't be reached: nobody gets anything for a while, longer each time.
    fn pause_all(&self) {
        let until = self.failures().of_bot(self.clock.now());
        self.schedule().freeze_all(until);
    }
}

/// The engine, as couriers deal with it: whoever can't be answered now is asked again.
#[derive(Debug)]
struct Desk {
    engine: Handle,
}

impl Desk {
    fn new(engine: Handle) -> Self {
        Self { engine }
    }

    /// Asks for the outlet's deliveries. `None` once Nabat is stopping.
    async fn follow(
        &self,
        outlet: Outlet,
        shutdown: &CancellationToken,
    ) -> Option<mpsc::UnboundedReceiver<Vec<Waiting>>> {
        // Bounded by the outbox: a delivery is announced when it comes and when its turn changes.
        let (announce, waiting) = mpsc::unbounded_channel();
        while self.engine.follow(outlet, announce.clone()).await.is_err() {
            tokio::select! {
                () = tokio::time::sleep(ENGINE_PAUSE) => {}
                () = shutdown.cancelled() => return None,
            }
        }
        Some(waiting)
    }

    /// What is to be sent, if anything still is. `None` once Nabat is stopping.
    async fn take(&self, ids: Vec<DeliveryId>) -> Option<Option<Work>> {
        loop {
            match self.engine.take(ids.clone()).await {
                Ok(work) => return Some(work),
                Err(NotTaken::Stopping) => return None,
                Err(_) => tokio::time::sleep(ENGINE_PAUSE).await,
            }
        }
    }

    /// Has the operators told of what was given up.
    async fn tell_refused(&self, labels: &[(&str, &str)], words: &str) {
        let problem = Problem {
            words,
            lasts: Some(REFUSED_LASTS),
        };
        let engine = &self.engine;
        engine
            .own_alert(MESSAGE_REFUSED, labels, Some(problem))
            .await;
    }

    /// Has it noted how a delivery went. Returns `false` once Nabat is stopping.
    async fn settle(&self, settled: Settled) -> bool {
        loop {
            match self.engine.settle(settled.clone()).await {
                Ok(()) => return true,
                Err(NotTaken::Stopping) => return false,
                Err(_) => tokio::time::sleep(ENGINE_PAUSE).await,
            }
        }
    }
}

/// What ended a wait.
enum Woken {
    /// There is more to carry.
    Announced(Vec<Waiting>),
    /// A hand is free, or the pause is over.
    Again,
    /// Another courier follows now, or Nabat is stopping.
    Over,
}

/// Waits for news of the outbox, for a free hand, or until a pause is over.
async fn wait(
    waiting: &mut mpsc::UnboundedReceiver<Vec<Waiting>>,
    hands: &mut JoinSet<()>,
    pause: Option<Instant>,
    shutdown: &CancellationToken,
) -> Woken {
    let pause = async {
        match pause {
            Some(at) => tokio::time::sleep_until(at).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        announced = waiting.recv() => announced.map_or(Woken::Over, Woken::Announced),
        Some(ended) = hands.join_next() => {
            pass_on(ended);
            Woken::Again
        }
        () = pause => Woken::Again,
        () = shutdown.cancelled() => Woken::Over,
    }
}

/// Lets what is in hand finish, for a while.
async fn say_farewell(hands: &mut JoinSet<()>, outlet: &str) {
    let finish = async {
        while let Some(ended) = hands.join_next().await {
            pass_on(ended);
        }
    };
    if tokio::time::timeout(FAREWELL, finish).await.is_err() {
        tracing::warn!(
            outlet,
            "some deliveries were cut off; they are made again at the next start"
        );
    }
}

/// The name of an outcome in metrics and logs, and the reason if it is a bad one.
fn name_of(outcome: &Outcome) -> (&'static str, Option<&str>) {
    match outcome {
        Outcome::Sent { .. } => ("sent", None),
        Outcome::Retry { reason, .. } => ("retry", Some(reason)),
        Outcome::Uncertain { reason, .. } => ("uncertain", Some(reason)),
        Outcome::Failed { reason, .. } => ("failed", Some(reason)),
        Outcome::Unreachable { reason } => ("unreachable", Some(reason)),
        Outcome::TopicGone | Outcome::Migrated { .. } => ("moved", None),
    }
}

/// A delivery that panicked would leave its chat mute without a word: it takes the courier along.
fn pass_on(ended: Result<(), JoinError>) {
    if let Err(error) = ended
        && error.is_panic()
    {
        std::panic::resume_unwind(error.into_panic());
    }
}
