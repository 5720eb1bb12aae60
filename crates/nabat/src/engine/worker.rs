//! The engine's thread: take what waits, decide, commit, answer, wake.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::histogram::Histogram;
use tokio::sync::{mpsc, watch};

use nabat_core::change::{Change, Snapshot};
use nabat_core::delivery::Waiting;
use nabat_core::destination::Outlet;
use nabat_core::engine::wish::Wish;
use nabat_core::engine::{Effects, Engine, Refusal, Settings};
use nabat_core::time::Timestamp;

use super::{Ask, Look, MadeBots, NotTaken, Reply, Retention};
use crate::clock;
use crate::store::{ENGINE_LEASE, Fence, Keep, Store, StoreError};

/// How many requests are decided in one transaction.
const REQUESTS_AT_A_TIME: usize = 256;
/// How often a store that takes no writes is tried.
const PROBE_PERIOD: Duration = Duration::from_secs(1);
/// How long the history of deliveries is kept, and how much of it.
const KEEP_HISTORY_FOR: Duration = Duration::from_secs(30 * 86_400);
const HISTORY_ROWS_MAX: usize = 200_000;
/// How often an idle engine looks whether the store is still there.
const LOOK_PERIOD: Duration = Duration::from_secs(5);
/// How often, and how many at a time, older ones are forgotten.
const PRUNE_PERIOD: Duration = Duration::from_secs(600);
const PRUNE_AT_A_TIME: usize = 10_000;

/// What the engine counts.
#[derive(Debug, Clone)]
pub struct Metrics {
    /// Transactions.
    pub commits: Counter,
    /// How long they took, in seconds.
    pub commit_seconds: Histogram,
    /// Transactions that failed.
    pub commit_failures: Counter,
}

/// An answer that waits for the commit.
type Deferred = Box<dyn FnOnce(Option<&NotTaken>) + Send>;

pub(super) struct Worker {
    store: Arc<dyn Store>,
    fence: Fence,
    settings: Settings,
    retention: Retention,
    /// What was decided to be in force and is not stored yet.
    coming: Option<(Settings, Retention)>,
    engine: Engine,
    queue: mpsc::Receiver<Ask>,
    couriers: HashMap<Outlet, mpsc::UnboundedSender<Vec<Waiting>>>,
    granter: Option<mpsc::Sender<Wish>>,
    ready: Arc<AtomicBool>,
    made_bots: watch::Sender<MadeBots>,
    metrics: Metrics,
    prune_at: Instant,
}

impl Worker {
    pub(super) fn new(
        store: Arc<dyn Store>,
        settings: Settings,
        retention: Retention,
        metrics: Metrics,
        queue: mpsc::Receiver<Ask>,
        ready: Arc<AtomicBool>,
    ) -> Result<Self, StoreError> {
        let fence = store.acquire(ENGINE_LEASE, &format!("process {}", std::process::id()))?;
        let restore =
            |now, snapshot, out: &mut _| Engine::restore(now, settings.clone(), snapshot, out);
        let engine = read_back(store.as_ref(), &fence, restore)?;
        let (made_bots, _) = watch::channel(engine.made_bots().cloned().collect());
        Ok(Self {
            store,
            fence,
            settings,
            retention,
            coming: None,
            engine,
            queue,
            couriers: HashMap::new(),
            granter: None,
            ready,
            made_bots,
            metrics,
            prune_at: Instant::now(),
        })
    }

    /// The bots that are not of the configuration, as they are stored.
    pub(super) fn made_bots(&self) -> watch::Receiver<MadeBots> {
        self.made_bots.subscribe()
    }

    /// Works until told to stop.
    pub(super) async fn run(mut self) -> Result<(), StoreError> {
        let mut asks = Vec::with_capacity(REQUESTS_AT_A_TIME);
        loop {
            self.wait(&mut asks).await;
            let stop = asks.iter().any(|ask| matches!(ask, Ask::Stop)) || self.queue.is_closed();
            match self.work(&mut asks) {
                Ok(()) => {}
                Err(error) if is_final(&error) => return Err(error),
                Err(error) if stop => {
                    tracing::error!(%error, "the last news could not be stored and were refused");
                }
                Err(error) => self.recover(&error).await?,
            }
            if stop {
                return Ok(());
            }
        }
    }

    /// Waits for requests or for the next moment at which time itself brings something.
    async fn wait(&mut self, asks: &mut Vec<Ask>) {
        let now = clock::now();
        let due = self
            .engine
            .next_due()
            .map_or(LOOK_PERIOD, |due| due.since(now).min(LOOK_PERIOD));
        tokio::select! {
            biased;
            count = self.queue.recv_many(asks, REQUESTS_AT_A_TIME) => {
                if count == 0 {
                    asks.push(Ask::Stop);
                }
            }
            () = tokio::time::sleep(due) => {}
        }
    }

    /// Decides on everything at hand and commits it; on an error nobody was answered with success.
    fn work(&mut self, asks: &mut Vec<Ask>) -> Result<(), StoreError> {
        let now = clock::now();
        let mut out = Effects::default();
        let mut answers: Vec<Deferred> = Vec::with_capacity(asks.len());
        self.engine.tick(now, &mut out);
        for ask in asks.drain(..) {
            self.decide(now, ask, &mut out, &mut answers);
        }
        if let Err(error) = self.commit(&out) {
            self.coming = None;
            // Before anyone is answered: who is refused may look whether it is worth trying again.
            self.ready.store(false, Ordering::Relaxed);
            let reason = NotTaken::Unavailable {
                reason: error.to_string(),
            };
            for answer in answers {
                answer(Some(&reason));
            }
            return Err(error);
        }
        self.engine.committed();
        // Before anyone is answered: what was asked for is there then.
        if out.changes.iter().any(is_about_a_bot) {
            self.show_bots();
        }
        if let Some((settings, retention)) = self.coming.take() {
            (self.settings, self.retention) = (settings, retention);
        }
        for answer in answers {
            answer(None);
        }
        self.wake(out.waiting);
        self.hand_on(out.wishes);
        self.store.look()?;
        self.prune(now)
    }

    fn decide(&mut self, now: Timestamp, ask: Ask, out: &mut Effects, answers: &mut Vec<Deferred>) {
        match ask {
            Ask::News(news, reply) => {
                let taken = self.engine.news(now, news, out);
                answers.push(defer_result(reply, taken));
            }
            Ask::Watched(watched, reply) => {
                let taken = self.engine.take_watched(now, *watched, out);
                answers.push(defer_result(reply, taken));
            }
            Ask::Heard(heard, reply) => {
                let toast = self.engine.heard(now, &heard, out);
                answers.push(defer(reply, toast));
            }
            Ask::Take(ids, reply) => {
                let work = self.engine.take(now, &ids, out);
                answers.push(defer(reply, work));
            }
            Ask::Settle(settled, reply) => {
                self.engine.settle(now, settled, out);
                answers.push(defer(reply, ()));
            }
            Ask::Invite(admits, entropy, reply) => {
                let code = self.engine.open_invite(now, entropy, admits, out);
                answers.push(defer(reply, code));
            }
            Ask::Configure(settings, retention, reply) => {
                self.engine.configure(now, (*settings).clone(), out);
                self.coming = Some((*settings, retention));
                answers.push(defer(reply, ()));
            }
            Ask::Hurry(id, reply) => {
                let waits = self.engine.hurry(id, out);
                answers.push(defer(reply, waits));
            }
            Ask::ReachAgain(destination, reply) => {
                let found = self.engine.reach_again(now, destination, out);
                answers.push(defer(reply, found));
            }
            Ask::Drop(id, reply) => {
                let found = self.engine.drop_delivery(now, id, out);
                answers.push(defer(reply, found));
            }
            Ask::SetSilence(draft, reply) => {
                let made = self.engine.set_silence(now, *draft, out);
                answers.push(defer(reply, made));
            }
            Ask::ExpireSilence(id, reply) => {
                let known = self.engine.expire_silence(now, id, out);
                answers.push(defer(reply, known));
            }
            Ask::Follow(outlet, courier, reply) => {
                let waiting: Vec<Waiting> = self.engine.waiting(outlet).collect();
                if !waiting.is_empty() {
                    // A courier that is gone already follows anew when it is started again.
                    let _ = courier.send(waiting);
                }
                self.couriers.insert(outlet, courier);
                answer_now(reply, Ok(()));
            }
            Ask::Grant(granter, reply) => {
                self.granter = Some(granter);
                answer_now(reply, Ok(()));
            }
            Ask::Fulfilled(wish, upshot, reply) => {
                self.engine.fulfilled(now, &wish, *upshot, out);
                answers.push(defer(reply, ()));
            }
            // Answered after the commit: it may hold what is being decided.
            Ask::Overview(reply) => answers.push(defer(reply, self.engine.overview())),
            // Whoever wants to stop is seen to afterwards.
            looking => _ = show(&self.engine, looking),
        }
    }

    fn commit(&self, out: &Effects) -> Result<(), StoreError> {
        if out.changes.is_empty() {
            return Ok(());
        }
        let begun = Instant::now();
        let committed = self.store.apply(&self.fence, &out.changes);
        if committed.is_ok() {
            out.changes.iter().for_each(note);
            self.metrics.commits.inc();
            self.metrics
                .commit_seconds
                .observe(begun.elapsed().as_secs_f64());
        } else {
            self.metrics.commit_failures.inc();
        }
        committed
    }

    /// Tells whoever lets bots run which there are.
    fn show_bots(&self) {
        let bots = self.engine.made_bots().cloned().collect();
        self.made_bots.send_replace(bots);
    }

    /// Tells each courier at once of all that was committed at once: it sends the most urgent first.
    fn wake(&self, waiting: Vec<Waiting>) {
        let mut of_outlets: HashMap<Outlet, Vec<Waiting>> = HashMap::new();
        for waiting in waiting {
            let outlet = waiting.destination.outlet();
            of_outlets.entry(outlet).or_default().push(waiting);
        }
        for (outlet, waiting) in of_outlets {
            if let Some(courier) = self.couriers.get(&outlet) {
                let _ = courier.send(waiting);
            }
        }
    }

    /// Hands on what people wish of the monitors.
    fn hand_on(&self, wishes: Vec<Wish>) {
        for wish in wishes {
            let chat = wish.chat;
            let granter = self.granter.as_ref();
            let handed = granter.is_some_and(|granter| granter.try_send(wish).is_ok());
            if !handed {
                tracing::warn!(%chat, "a wish is not answered: too many wait, or nobody sees to them");
            }
        }
    }

    fn prune(&mut self, now: Timestamp) -> Result<(), StoreError> {
        if Instant::now() < self.prune_at {
            return Ok(());
        }
        let of_incidents = Keep {
            since: now.before(self.retention.incidents_for),
            rows: self.retention.incidents_max,
        };
        let of_deliveries = Keep {
            since: now.before(KEEP_HISTORY_FOR),
            rows: HISTORY_ROWS_MAX,
        };
        let (store, fence) = (&self.store, &self.fence);
        let incidents = store.prune(fence, of_incidents, PRUNE_AT_A_TIME)?;
        let deliveries = store.prune_history(fence, of_deliveries, PRUNE_AT_A_TIME)?;
        if incidents.max(deliveries) < PRUNE_AT_A_TIME {
            self.prune_at = Instant::now() + PRUNE_PERIOD;
        }
        Ok(())
    }

    /// What was stored last, to be looked at while nothing can be; `None` if it can't be read.
    fn what_is_kept(&self) -> Option<Engine> {
        let now = clock::now();
        let snapshot = self.store.snapshot(now.before(Engine::REORDER_WINDOW));
        let (settings, snapshot) = (self.settings.clone(), snapshot.ok()?);
        let mut kept = Engine::restore(now, settings, snapshot, &mut Effects::default());
        kept.committed();
        Some(kept)
    }

    /// Refuses everything but looking until the store takes writes again, then goes on from what it
    /// kept.
    async fn recover(&mut self, error: &StoreError) -> Result<(), StoreError> {
        tracing::error!(%error, "nothing can be stored: alerts are refused until it can");
        self.ready.store(false, Ordering::Relaxed); // Forgetting old incidents may have failed too.
        let reason = NotTaken::Unavailable {
            reason: error.to_string(),
        };
        let kept = self.what_is_kept();
        loop {
            let probe = tokio::time::sleep(PROBE_PERIOD);
            tokio::pin!(probe);
            loop {
                tokio::select! {
                    () = &mut probe => break,
                    ask = self.queue.recv() => match ask {
                        None | Some(Ask::Stop) => {
                            self.queue.close();
                            return Ok(());
                        }
                        Some(ask) => {
                            let ask = match &kept {
                                Some(kept) => show(kept, ask),
                                None => Some(ask),
                            };
                            if let Some(ask) = ask {
                                refuse(ask, &reason);
                            }
                        }
                    },
                }
            }
            match self.store.probe(&self.fence) {
                Ok(()) => {}
                Err(error) if is_final(&error) => return Err(error),
                Err(_) => continue,
            }
            let recover = |now, snapshot, out: &mut _| {
                let settings = self.settings.clone();
                self.engine.recover(now, settings, snapshot, out)
            };
            match read_back(self.store.as_ref(), &self.fence, recover) {
                Ok(engine) => {
                    self.engine = engine;
                    break;
                }
                Err(error) if is_final(&error) => return Err(error),
                Err(error) => tracing::error!(%error, "the store can't be read back"),
            }
        }
        self.show_bots();
        for (outlet, courier) in &self.couriers {
            let _ = courier.send(self.engine.waiting(*outlet).collect());
        }
        self.ready.store(true, Ordering::Relaxed);
        tracing::info!("the store takes writes again");
        Ok(())
    }
}

/// Leaves a trace in the log of what operators look for there.
fn note(change: &Change) {
    match change {
        Change::Person(person) => {
            tracing::info!(person = person.id.0, role = ?person.role, "somebody was let in");
        }
        Change::Bot(bot) => {
            tracing::info!(
                bot = bot.id.0,
                username = bot.username,
                "a bot came in by the API"
            );
        }
        Change::BotGone(id) => tracing::info!(bot = id.0, "a bot that nothing uses is forgotten"),
        Change::PersonGone(id) => tracing::info!(person = id.0, "somebody was let out"),
        Change::Chat(chat) => {
            if let Some(disabled) = &chat.disabled {
                let reason = &disabled.reason;
                tracing::warn!(chat = %chat.key, reason, "a chat takes no messages");
            }
        }
        _ => {}
    }
}

const fn is_about_a_bot(change: &Change) -> bool {
    matches!(change, Change::Bot(_) | Change::BotGone(_))
}

/// Whether waiting does not help: somebody else writes, or only a new start mends the store.
fn is_final(error: &StoreError) -> bool {
    matches!(
        error,
        StoreError::Fenced { .. } | StoreError::Damaged { .. }
    )
}

/// Makes an engine of what the store keeps, and stores what it decides at first.
fn read_back(
    store: &dyn Store,
    fence: &Fence,
    make: impl Fn(Timestamp, Snapshot, &mut Effects) -> Engine,
) -> Result<Engine, StoreError> {
    let now = clock::now();
    let snapshot = store.snapshot(now.before(Engine::REORDER_WINDOW))?;
    let mut out = Effects::default();
    let mut engine = make(now, snapshot, &mut out);
    if !out.changes.is_empty() {
        store.apply(fence, &out.changes)?;
    }
    engine.committed();
    Ok(engine)
}

fn defer_result(reply: Reply<()>, taken: Result<(), Refusal>) -> Deferred {
    Box::new(move |unstored| {
        let taken = taken.map_err(NotTaken::from);
        answer_now(reply, unstored.map_or(taken, |why| Err(why.clone())));
    })
}

fn defer<T: Send + 'static>(reply: Reply<T>, value: T) -> Deferred {
    Box::new(move |refused| answer_now(reply, refused.map_or(Ok(value), |why| Err(why.clone()))))
}

/// Answers; whoever asked may have given up waiting.
fn answer_now<T>(reply: Reply<T>, answer: Result<T, NotTaken>) {
    let _ = reply.send(answer);
}

/// Answers who only wants to look; gives back every other ask.
fn show(engine: &Engine, ask: Ask) -> Option<Ask> {
    match ask {
        Ask::Pending(wanted, reply) => answer_now(reply, Ok(engine.pending(wanted))),
        Ask::PendingOne(id, reply) => answer_now(reply, Ok(engine.pending_one(id))),
        Ask::Names(destinations, reply) => {
            let names = destinations.into_iter().map(|at| engine.name_of(at));
            answer_now(reply, Ok(names.collect()));
        }
        Ask::Subscribed(labels, reply) => answer_now(reply, Ok(engine.subscribed(&labels))),
        Ask::Silences(reply) => answer_now(reply, Ok(engine.silences().cloned().collect())),
        Ask::Look(reply) => answer_now(
            reply,
            Ok(Look {
                figures: engine.figures(),
                has_owner: engine.has_owner(),
            }),
        ),
        Ask::Overview(reply) => answer_now(reply, Ok(engine.overview())),
        other => return Some(other),
    }
    None
}

fn refuse(ask: Ask, why: &NotTaken) {
    match ask {
        Ask::News(_, reply)
        | Ask::Watched(_, reply)
        | Ask::Settle(_, reply)
        | Ask::Configure(_, _, reply) => {
            answer_now(reply, Err(why.clone()));
        }
        Ask::Follow(_, _, reply) => answer_now(reply, Err(why.clone())),
        Ask::Grant(_, reply) => answer_now(reply, Err(why.clone())),
        Ask::Fulfilled(_, _, reply) => answer_now(reply, Err(why.clone())),
        Ask::Heard(_, reply) => answer_now(reply, Err(why.clone())),
        Ask::Take(_, reply) => answer_now(reply, Err(why.clone())),
        Ask::Pending(_, reply) => answer_now(reply, Err(why.clone())),
        Ask::PendingOne(_, reply) => answer_now(reply, Err(why.clone())),
        Ask::Names(_, reply) => answer_now(reply, Err(why.clone())),
        Ask::Subscribed(_, reply) => answer_now(reply, Err(why.clone())),
        Ask::Hurry(_, reply) => answer_now(reply, Err(why.clone())),
        Ask::Drop(_, reply) => answer_now(reply, Err(why.clone())),
        Ask::ReachAgain(_, reply) => answer_now(reply, Err(why.clone())),
        Ask::Silences(reply) => answer_now(reply, Err(why.clone())),
        Ask::SetSilence(_, reply) => answer_now(reply, Err(why.clone())),
        Ask::ExpireSilence(_, reply) => answer_now(reply, Err(why.clone())),
        Ask::Invite(_, _, reply) => answer_now(reply, Err(why.clone())),
        Ask::Look(reply) => answer_now(reply, Err(why.clone())),
        Ask::Overview(reply) => answer_now(reply, Err(why.clone())),
        Ask::Stop => {}
    }
}
