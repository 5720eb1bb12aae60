//! The task that owns all monitors.

mod change;
mod configure;
mod keep;
mod known;
mod relations;
mod room;
mod show;
mod start;
mod unread;

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;
use nabat_core::change::Change;
use nabat_core::engine::Watched;
use nabat_core::monitor::record::{Edge, Ping};
use nabat_core::monitor::{self, Effect, MonitorId, Sample, Signal, Watch, Why};
use nabat_core::time::Timestamp;
use tokio::sync::mpsc;

use super::gateway::gateway;
use super::keeper::Batch;
use super::prober::{Done, For, GATHERED, Job, Prober};
use super::witnesses::Witnesses;
use super::{Address, Ask, Beat, Refused, Reply, alarms};
use crate::clock;
use crate::config::Secret;
use crate::engine;
use crate::probe::{Manner, is_ours};
use crate::samples::{self, Samples};
use crate::state_log::{self, State, StateLog};

use keep::{Keeping, kept};
use known::Known;
use unread::Unread;

pub use start::{Files, Running, StartError, start};

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

/// The task that owns all monitors.
#[derive(Debug)]
struct Watcher {
    engine: engine::Handle,
    asks: mpsc::Receiver<Ask>,
    results: mpsc::UnboundedReceiver<Vec<Done>>,
    prober: Prober,
    watch: Watch,
    monitors: BTreeMap<MonitorId, Known>,
    names: BTreeMap<String, MonitorId>,
    unread: Unread,
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
    /// Which of the configuration's monitors are not watched as it says, and why.
    refused: Vec<String>,
    /// What the operators are told of those, and of what can't be read, if there are any.
    left_out: Option<String>,
    watched_at: Timestamp,
    affirm_at: Timestamp,
    forget_at: Timestamp,
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
                Some(results) = self.results.recv() => {
                    results.iter().for_each(|done| self.take_result(done));
                }
                kept = kept(&mut self.keeping) => self.kept(kept),
                () = tokio::time::sleep(patience) => {}
            }
            self.pass_time();
            self.follow();
            self.prober.begin();
            self.keep();
        }
        self.stop().await;
    }

    /// How long nothing will happen by itself, or may wait for what happens next.
    fn patience(&self) -> Duration {
        let now = clock::now();
        let next = self.watch.next_due().map(|due| due.since(now));
        next.map_or(LOOK_PERIOD, |next| next.clamp(GATHERED, LOOK_PERIOD))
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
            if self.witnesses.grow(gateway) {
                self.set_witnesses();
            }
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
            Ask::Put(wanted, mode, along, reply) => {
                let put = self.put(wanted, mode, along).await;
                tell(reply, put);
            }
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
                if !known.is_of(&done.target) {
                    return self.watch.disregard(now, id);
                }
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
                // Asked only where it matters: it takes a socket to know one's own addresses.
                let address = done.report.address.filter(|_| done.report.replied);
                if self.watch.doubts_witnesses() && address.is_some_and(|it| !is_ours(it)) {
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
                    self.waiting.news(match paused {
                        true => known.closed(what, at, &format!("paused, was {}", what.word())),
                        false => known.over(what, at),
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
            Effect::AskWitnesses => self.ask_witnesses(),
        }
    }

    fn ask_witnesses(&mut self) {
        let targets = self.witnesses.targets(gateway());
        for (index, target) in targets.into_iter().enumerate() {
            match target {
                Some(target) => self.prober.probe(Job {
                    of: For::Witness(index),
                    target,
                    conditions: Arc::default(),
                    manner: Manner::within(super::witnesses::TIMEOUT),
                }),
                // A machine that has lost its router sees nothing either.
                None => {
                    let now = clock::now();
                    self.watch.witness_sampled(now, index, now, false);
                }
            }
        }
    }

    /// There are other witnesses than before.
    fn set_witnesses(&mut self) {
        let each = self.witnesses.each(gateway());
        self.watch.set_witnesses(clock::now(), &each);
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

/// Answers; whoever asked may have given up waiting.
fn tell<T>(reply: Reply<T>, answer: Result<T, Refused>) {
    let _ = reply.send(answer);
}
