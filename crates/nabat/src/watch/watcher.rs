//! The task that owns all monitors.

mod change;
mod known;
mod relations;
mod room;
mod show;
mod start;

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;
use nabat_core::alert::News;
use nabat_core::change::Change;
use nabat_core::engine::{Refusal, Watched};
use nabat_core::monitor::record::{Edge, Ping};
use nabat_core::monitor::{self, Effect, MonitorId, Sample, Signal, Trouble, Watch, Why};
use nabat_core::time::Timestamp;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::keeper::Batch;
use super::prober::{Done, For, Job, Prober};
use super::witnesses::Witnesses;
use super::{Address, Ask, Beat, Refused, Reply, alarms};
use crate::clock;
use crate::config::Secret;
use crate::engine::{self, NotTaken};
use crate::probe::Manner;
use crate::samples::{self, Samples};
use crate::state_log::{self, State, StateLog};

use known::Known;

pub use start::{Files, Running, start};

/// At least so often time is looked at: the clock may have been set.
const LOOK_PERIOD: Duration = Duration::from_secs(1);
/// How often it is noted up to when monitors have been watched.
const WATCHED_PERIOD: Duration = Duration::from_secs(15);
/// How often what fires is said again, so that it never counts as silent.
const AFFIRM_PERIOD: Duration = Duration::from_secs(300);
/// How often what is too old is forgotten.
const FORGET_PERIOD: Duration = Duration::from_secs(3_600);
/// How long the last lines of the state log are waited for.
const LOG_PATIENCE: Duration = Duration::from_secs(1);
/// How long to wait before a store that took nothing is tried again.
const KEEP_AGAIN: Duration = Duration::from_secs(1);
/// How long to wait before alerts that found no room are raised again.
const RAISE_AGAIN: Duration = Duration::from_secs(10);
/// How many results are looked at before what follows is kept.
const RESULTS_AT_A_TIME: usize = 1_024;

/// The task that owns all monitors.
#[derive(Debug)]
struct Watcher {
    engine: engine::Handle,
    asks: mpsc::Receiver<Ask>,
    results: mpsc::UnboundedReceiver<Done>,
    prober: Prober,
    watch: Watch,
    monitors: BTreeMap<MonitorId, Known>,
    names: BTreeMap<String, MonitorId>,
    keys: HashMap<String, MonitorId>,
    witnesses: Witnesses,
    max_monitors: usize,
    /// How many bots may have come in by the API.
    max_bots: usize,
    /// The key that all heartbeats share.
    ping_key: Option<Secret>,
    zone: TimeZone,
    samples: Arc<Samples>,
    log: StateLog,
    /// Which file that is, and how large it grows.
    log_file: Option<(PathBuf, u32)>,
    /// The folder from which its path is taken.
    folder: PathBuf,
    /// For how long the history is kept.
    keep_statuses: Duration,
    /// The last number that was given to a monitor.
    last_number: u64,
    waiting: Batch,
    keeping: Option<Keeping>,
    /// Which of the configuration's monitors are not watched as it says, and why, if any.
    left_out: Option<String>,
    watched_at: Timestamp,
    affirm_at: Timestamp,
    forget_at: Timestamp,
}

/// A commit that is under way.
#[derive(Debug)]
struct Keeping {
    batch: Batch,
    task: JoinHandle<Result<(), NotTaken>>,
}

impl Watcher {
    async fn run(mut self) {
        loop {
            let patience = self.patience();
            tokio::select! {
                ask = self.asks.recv() => match ask {
                    None | Some(Ask::Stop) => break,
                    Some(ask) => self.ask(ask).await,
                },
                Some(done) = self.results.recv() => self.take_results(done),
                kept = kept(&mut self.keeping) => self.kept(kept),
                () = tokio::time::sleep(patience) => {}
            }
            self.pass_time();
            self.follow();
            self.keep();
        }
        self.stop().await;
    }

    /// How long nothing will happen by itself.
    fn patience(&self) -> Duration {
        let now = clock::now();
        let next = self.watch.next_due().map(|due| due.since(now));
        next.map_or(LOOK_PERIOD, |next| next.min(LOOK_PERIOD))
    }

    fn pass_time(&mut self) {
        let now = clock::now();
        for due in self.watch.due(now) {
            let Some(known) = self.monitors.get(&due.id) else {
                continue;
            };
            if let Some(target) = &known.target {
                self.prober.probe(Job {
                    of: For::Monitor(due.id),
                    target: Arc::clone(target),
                    conditions: Arc::clone(&known.conditions),
                    manner: known.manner(due.why == Why::Retry),
                });
            }
        }
        if now.since(self.watched_at) >= WATCHED_PERIOD || now < self.watched_at {
            self.watched_at = now;
            self.waiting.change(Change::WatchedUntil(now));
        }
        if Self::is_due(now, self.affirm_at, AFFIRM_PERIOD) {
            self.affirm_at = now.after(AFFIRM_PERIOD);
            self.affirm();
        }
        if Self::is_due(now, self.forget_at, FORGET_PERIOD) {
            self.forget_at = now.after(FORGET_PERIOD);
            let before = now.before(self.keep_statuses);
            self.waiting.change(Change::EdgesGone(before));
        }
    }

    /// Whether `at` has come, or the clock was put back since it was planned.
    fn is_due(now: Timestamp, at: Timestamp, period: Duration) -> bool {
        now >= at || at.since(now) > period
    }

    /// Says again what fires.
    fn affirm(&mut self) {
        for (id, known) in &self.monitors {
            let state = self.watch.state(*id);
            let alarm = state.and_then(|state| Some((state.alarm?, state.alarm_words())));
            if let Some((alarm, words)) = alarm {
                let news = known.raised(alarm.what, alarm.since, words);
                self.waiting.news(news);
            }
        }
        if let Some(since) = self.watch.blind_since() {
            self.waiting.news(self.witnesses.blind(since));
        }
        if let Some(left_out) = &self.left_out {
            self.waiting.news(alarms::left_out(left_out));
        }
    }

    async fn ask(&mut self, ask: Ask) {
        match ask {
            Ask::List(filter, reply) => tell(reply, Ok(self.list(&filter))),
            Ask::One(name, reply) => tell(reply, self.find(&name).map(|id| self.shown(id))),
            Ask::Numbered(id, reply) => tell(reply, self.numbered(id)),
            Ask::Glance(wanted, reply) => tell(reply, Ok(self.glance(&wanted))),
            Ask::Put(wanted, mode, reply) => tell(reply, self.put(wanted, mode).await),
            Ask::Remove(names, reply) => tell(reply, self.remove(&names).await),
            Ask::Apply(wanted, how, reply) => {
                let applied = self.bring_about(wanted, how).await;
                tell(reply, applied);
            }
            Ask::Pause(name, is_paused, reply) => {
                let paused = self.find_to_change(&name);
                let paused = paused.map(|id| self.pause(id, is_paused));
                self.answer_once_kept(paused, reply);
            }
            Ask::Maintain(name, until, reply) => {
                let id = self.find_to_change(&name);
                let id = id.inspect(|id| self.watch.maintain(clock::now(), *id, until));
                self.answer_once_kept(id, reply);
            }
            Ask::Probe(name, reply) => self.look(&name, reply),
            Ask::Expects(address, reply) => tell(reply, self.called(&address).map(drop)),
            Ask::Beat(beat, reply) => self.beat(beat, reply),
            Ask::Configure(config) => self.configure(*config).await,
            Ask::Stop => {}
        }
    }

    /// A monitor to which something is to be done, if that can be kept: nothing is done that may be
    /// answered with a refusal.
    fn find_to_change(&self, name: &str) -> Result<MonitorId, Refused> {
        let id = self.find(name)?;
        self.can_keep()?;
        Ok(id)
    }

    /// Whether the store took what it was given last.
    fn can_keep(&self) -> Result<(), NotTaken> {
        let reason = "the store takes no writes; Nabat's log says why".to_owned();
        let ready = self.engine.ready();
        ready.then_some(()).ok_or(NotTaken::Unavailable { reason })
    }

    /// Shows the monitor to whoever asked, once what is known of it now is on disk.
    fn answer_once_kept(&mut self, id: Result<MonitorId, Refused>, reply: Reply<super::Shown>) {
        let id = match id {
            Ok(id) => id,
            Err(refused) => return tell(reply, Err(refused)),
        };
        self.follow();
        let shown = self.shown(id);
        self.once_kept(move |kept| tell(reply, kept.map(|()| shown)));
    }

    /// Calls back once all that is known now is on disk, or why it is not.
    fn once_kept(&mut self, then: impl FnOnce(Result<(), Refused>) + Send + 'static) {
        let (kept, told) = tokio::sync::oneshot::channel();
        self.waiting.answer(kept);
        tokio::spawn(async move {
            then(told.await.unwrap_or(Err(NotTaken::Stopping.into())));
        });
    }

    /// Looks at a monitor for somebody, beside its rounds.
    fn look(&mut self, name: &str, reply: Reply<crate::probe::Report>) {
        let known = self.find(name).map(|id| &self.monitors[&id]);
        let target = known.and_then(|known| match &known.target {
            Some(target) => Ok((
                Arc::clone(target),
                Arc::clone(&known.conditions),
                known.manner(true),
            )),
            None => Err(Refused::NothingToProbe {
                name: name.to_owned(),
            }),
        });
        match target {
            Err(refused) => tell(reply, Err(refused)),
            Ok((target, conditions, manner)) => {
                let tools = self.prober.tools();
                tokio::spawn(async move {
                    let report = target.probe(&conditions, &tools, manner).await;
                    tell(reply, Ok(report));
                });
            }
        }
    }

    /// The heartbeat that is called so.
    fn called(&self, address: &Address) -> Result<MonitorId, Refused> {
        let name = match address {
            Address::Key(key) => return self.keys.get(key).copied().ok_or(Refused::UnknownKey),
            Address::Slug(name) => name,
        };
        let refused = |refused: fn(String) -> Refused| refused(name.clone());
        let id = self.names.get(name).copied();
        let id = id.ok_or_else(|| refused(|name| Refused::UnknownSlug { name }))?;
        // Heartbeats alone have keys.
        let is_heartbeat = self.monitors[&id].record.key.is_some();
        is_heartbeat
            .then_some(id)
            .ok_or_else(|| refused(|name| Refused::NoHeartbeat { name }))
    }

    fn beat(&mut self, beat: Beat, reply: Reply<()>) {
        let id = match self.called(&beat.address) {
            Ok(id) => id,
            Err(refused) => return tell(reply, Err(refused)),
        };
        if let Err(not_taken) = self.can_keep() {
            return tell(reply, Err(not_taken.into()));
        }
        let now = clock::now();
        let said = match beat.signal {
            Signal::Success => "success".to_owned(),
            Signal::Start => "start".to_owned(),
            Signal::Fail => "fail".to_owned(),
            Signal::Log => "log".to_owned(),
            Signal::Exit(code) => format!("exit {code}"),
        };
        let last_line = beat
            .body
            .lines()
            .rev()
            .map(str::trim)
            .find(|line| !line.is_empty());
        let words = last_line.unwrap_or_default().to_owned();
        let took = self.watch.signal(now, id, beat.signal, beat.run, words);
        if let Some(known) = self.monitors.get_mut(&id) {
            known.pings += 1;
            self.waiting.change(Change::Ping(Box::new(Ping {
                monitor: id,
                number: known.pings,
                at: now,
                said,
                took_millis: took.map(|took| u64::try_from(took.as_millis()).unwrap_or(u64::MAX)),
                from: beat.from,
                body: beat.body,
            })));
        }
        self.follow();
        self.once_kept(move |kept| tell(reply, kept));
    }

    fn take_results(&mut self, first: Done) {
        let mut next = Some(first);
        let mut left = RESULTS_AT_A_TIME;
        while let Some(done) = next.take() {
            self.take_result(&done);
            left -= 1;
            if left > 0 {
                next = self.results.try_recv().ok();
            }
        }
    }

    fn take_result(&mut self, done: &Done) {
        self.prober.finished(done);
        let now = clock::now();
        match done.of {
            For::Witness(index) => {
                // Who can't even ask sees nothing either.
                let replied = done.report.replied;
                self.watch
                    .witness_sampled(now, index, done.begun_at, replied);
            }
            For::Monitor(id) => {
                let Some(known) = self.monitors.get_mut(&id) else {
                    return;
                };
                let words = done.report.words();
                known.note(done.begun_at, &done.report, &words);
                self.samples.put(samples::Sample {
                    monitor: id,
                    at: done.begun_at,
                    outcome: done.report.outcome,
                    latency: done.report.latency,
                    loss_percent: done.report.loss_percent,
                });
                let sample = Sample {
                    at: done.begun_at,
                    took: done.report.latency,
                    outcome: done.report.outcome,
                    words,
                };
                let address = done.report.address;
                if done.report.replied && address.is_some_and(|address| !address.is_loopback()) {
                    self.watch.crossed(now, done.begun_at);
                }
                self.watch.sampled(now, id, sample);
            }
        }
    }

    /// Carries out what the steps came to.
    fn follow(&mut self) {
        let effects = self.watch.drain();
        for effect in effects.list {
            self.carry_out(effect);
        }
        for id in effects.touched {
            if let Some(state) = self.watch.state(id) {
                self.waiting.state(id, state.clone());
            }
        }
    }

    fn carry_out(&mut self, effect: Effect) {
        match effect {
            Effect::Changed {
                id, to, at, words, ..
            } => {
                self.write_down(id, to, at, &words);
                self.waiting.change(Change::Edge(Box::new(Edge {
                    monitor: id,
                    at,
                    status: to,
                    words,
                })));
            }
            Effect::Alarm {
                id,
                what,
                since,
                words,
            } => {
                if let Some(known) = self.monitors.get(&id) {
                    self.waiting.news(known.raised(what, since, &words));
                }
            }
            Effect::Calm { id, what, at, .. } => {
                let paused = self.watch.state(id).is_some_and(|state| state.paused);
                if let Some(known) = self.monitors.get(&id) {
                    self.waiting.news(match (paused, what) {
                        (false, _) => known.over(what, at),
                        (true, Trouble::Down) => known.closed(what, at, "paused, was down"),
                        (true, Trouble::Degraded) => known.closed(what, at, "paused, was degraded"),
                    });
                }
            }
            Effect::Blind { since, words } => {
                tracing::warn!(%words, "Nabat is cut off: what fails now is unknown");
                self.waiting.news(self.witnesses.blind(since));
            }
            Effect::Sees { at } => {
                tracing::info!("a witness answers again");
                self.waiting.news(alarms::of_nabat_ended(alarms::BLIND, at));
            }
            Effect::AskWitnesses => {
                for (index, target) in self.witnesses.targets() {
                    self.prober.probe(Job {
                        of: For::Witness(index),
                        target,
                        conditions: Arc::default(),
                        manner: Manner::within(super::witnesses::TIMEOUT),
                    });
                }
            }
        }
    }

    /// Adds a line to the log of changes.
    fn write_down(&self, id: MonitorId, to: monitor::Status, at: Timestamp, words: &str) {
        let state = match to {
            monitor::Status::Up => State::Online,
            monitor::Status::Degraded => State::Degraded,
            monitor::Status::Down => State::Offline,
            monitor::Status::Unknown => State::Unknown,
            monitor::Status::Unreachable => State::Unreachable,
            monitor::Status::Maintenance => State::Maintenance,
            monitor::Status::Paused => State::Paused,
            // History knows none of these: what is not made sure of is not written down.
            monitor::Status::Pending | monitor::Status::Suspect | monitor::Status::Recovering => {
                return;
            }
        };
        if let Some(known) = self.monitors.get(&id) {
            let target = known.target.is_some().then_some(&*known.instance);
            let name = &known.record.name;
            let line = state_log::line(at, &self.zone, state, name, target, words);
            self.log.write(line);
        }
    }

    /// Has the engine keep what waits, unless it is at it.
    fn keep(&mut self) {
        if self.keeping.is_some() {
            return;
        }
        if self.waiting.is_empty() {
            // What was asked for was so already.
            return self.waiting.tell(Ok(()));
        }
        let batch = std::mem::take(&mut self.waiting);
        let (changes, news) = batch.to_keep(Vec::new(), Vec::new());
        let engine = self.engine.clone();
        let task = tokio::spawn(async move { keep(&engine, changes, news).await });
        self.keeping = Some(Keeping { batch, task });
    }

    fn kept(&mut self, (mut batch, kept): (Batch, Result<(), NotTaken>)) {
        match self.without_refused(kept) {
            Ok(()) => batch.tell(Ok(())),
            Err(_) => {
                let known = |id| self.monitors.contains_key(&id);
                self.waiting.again(batch, known);
            }
        }
    }

    /// Alerts that are over a limit keep nothing else from being kept: they are raised again soon.
    fn without_refused(&mut self, kept: Result<(), NotTaken>) -> Result<(), NotTaken> {
        if let Err(NotTaken::Refused(refusal @ Refusal::TooManyIncidents { .. })) = &kept {
            tracing::error!(%refusal, "alerts of monitors were refused; they are tried again");
            self.affirm_at = self.affirm_at.min(clock::now().after(RAISE_AGAIN));
            return Ok(());
        }
        kept
    }

    /// Has the engine keep this at once, with all that waits: nothing older may come after it, or an
    /// alert would begin after its end.
    async fn keep_now(&mut self, watched: Watched) -> Result<(), NotTaken> {
        self.can_keep()?;
        if self.keeping.is_some() {
            let kept = kept(&mut self.keeping).await;
            self.kept(kept);
        }
        let (changes, news) = self.waiting.to_keep(watched.changes, watched.news);
        let watched = Watched {
            changes,
            news,
            ..watched
        };
        let kept = self.engine.take_watched(watched).await;
        self.without_refused(kept)?;
        std::mem::take(&mut self.waiting).tell(Ok(()));
        Ok(())
    }

    /// Keeps what there is to keep, and ends.
    async fn stop(mut self) {
        self.follow();
        let watched = Watched {
            changes: vec![Change::WatchedUntil(clock::now())],
            ..Watched::default()
        };
        let kept = self.keep_now(watched).await;
        if let Err(error) = &kept {
            tracing::warn!(%error, "the last changes of monitors were not kept");
        }
        self.waiting.tell(kept.as_ref().copied());
        let log = self.log;
        let flush = move || log.flush(LOG_PATIENCE);
        if !matches!(tokio::task::spawn_blocking(flush).await, Ok(true)) {
            tracing::warn!("the last lines of the state log were not written");
        }
    }
}

/// Waits for the commit that is under way; for ever if there is none.
async fn kept(keeping: &mut Option<Keeping>) -> (Batch, Result<(), NotTaken>) {
    let Some(under_way) = keeping else {
        return std::future::pending().await;
    };
    let joined = (&mut under_way.task).await;
    let batch = keeping.take().map(|keeping| keeping.batch);
    (
        batch.unwrap_or_default(),
        joined.unwrap_or(Err(NotTaken::Stopping)),
    )
}

/// Has the engine keep a batch.
async fn keep(
    engine: &engine::Handle,
    changes: Vec<Change>,
    news: Vec<News>,
) -> Result<(), NotTaken> {
    let kept = engine.watched(changes, news).await;
    if matches!(&kept, Err(error) if !matches!(error, NotTaken::Refused(_))) {
        // The next try must not come at once.
        tokio::time::sleep(KEEP_AGAIN).await;
    }
    kept
}

/// Answers; whoever asked may have given up waiting.
fn tell<T>(reply: Reply<T>, answer: Result<T, Refused>) {
    let _ = reply.send(answer);
}
