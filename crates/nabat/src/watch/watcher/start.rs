//! Starting the watch on what is kept.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use nabat_core::alert::NAME;
use nabat_core::matcher::Matcher;
use nabat_core::monitor::Watch;
use nabat_core::monitor::record::{Kept, Origin, Record};
use nabat_core::time::Timestamp;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::known::Known;
use super::unread::Unread;
use super::{AFFIRM_PERIOD, FORGET_PERIOD, Watcher};
use crate::clock;
use crate::config::{Config, Monitor, Written, parse_monitor};
use crate::engine;
use crate::probe::Tools;
use crate::samples::Samples;
use crate::state_log::{Rotation, StateLog};
use crate::store::{History, StoreError};
use crate::watch::gateway::gateway;
use crate::watch::keeper::Batch;
use crate::watch::prober::{Limits, Prober};
use crate::watch::witnesses::Witnesses;
use crate::watch::{ASKS_WAITING_MAX, Ask, Handle, alarms};

/// The watch's task.
#[derive(Debug)]
pub struct Running {
    /// The way to reach it.
    pub handle: Handle,
    task: JoinHandle<()>,
}

/// Where the watch writes beside the store.
#[derive(Debug)]
pub struct Files {
    /// What each probe saw.
    pub samples: Arc<Samples>,
    /// The folder from which the path of the state log is taken.
    pub folder: PathBuf,
}

impl Running {
    /// Whether the task has ended, which it does by itself only when it panicked.
    pub fn ended(&self) -> bool {
        self.task.is_finished()
    }

    /// Lets the watch keep what there is to keep, and stops it.
    pub async fn stop(self) {
        // A closed queue means that it has stopped already.
        let _ = self.handle.asks.send(Ask::Stop).await;
        let _ = self.task.await;
    }
}

/// Why the watch can't be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The store can't be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The system does not give what probes are made with.
    #[error("no thread for probes: {0}")]
    Probes(#[from] io::Error),
}

/// Starts the watch on what `history` knows, and goes by `config`. Must be called within a tokio
/// runtime.
///
/// # Errors
/// See [`StartError`].
pub async fn start(
    engine: engine::Handle,
    history: &dyn History,
    tools: Arc<Tools>,
    files: Files,
    config: Config,
) -> Result<Running, StartError> {
    let now = clock::now();
    let kept = history.monitors()?;
    let blind_since = blind_since(&engine).await;
    let (asks, queue) = mpsc::channel(ASKS_WAITING_MAX);
    let (done, results) = mpsc::unbounded_channel();
    let prober = Prober::start(Arc::clone(&tools), Limits::of(&config.watch), &done);
    let mut watcher = Watcher {
        engine,
        asks: queue,
        results,
        prober: prober?,
        watch: Watch::new(now, blind_since),
        monitors: BTreeMap::new(),
        names: BTreeMap::new(),
        unread: Unread::default(),
        keys: HashMap::new(),
        witnesses: Witnesses::named(&config.watch.witnesses, gateway()),
        max_monitors: config.watch.max_monitors as usize,
        max_bots: config.telegram.made_bots.max as usize,
        ping_key: None,
        zone: config.time_zone.clone(),
        samples: files.samples,
        log: StateLog::open(None, Rotation::default()),
        log_file: None,
        folder: files.folder,
        keep_statuses: config.history.keep_statuses_for.duration(),
        last_number: kept.numbers_used,
        waiting: Batch::default(),
        keeping: None,
        refused: Vec::new(),
        left_out: None,
        watched_at: now,
        affirm_at: now.after(AFFIRM_PERIOD),
        forget_at: now.after(FORGET_PERIOD),
    };
    watcher.set_witnesses();
    let written = config.monitors.iter().zip(&config.monitor_definitions);
    let written: HashMap<&str, _> = written
        .map(|(monitor, definition)| (monitor.name.as_str(), (monitor, definition)))
        .collect();
    let mut states = Vec::new();
    for mut kept in kept.monitors {
        let state = kept.state.take();
        let configured = written.get(kept.record.name.as_str()).copied();
        match read(kept, configured) {
            Ok(known) => {
                states.push((known.record.id, state));
                watcher.restore(known);
            }
            Err(record) => watcher.unread.add(*record),
        }
    }
    for (id, state) in states {
        let rules = watcher.rules_of(&watcher.monitors[&id]);
        watcher.watch.set(now, id, rules, state);
    }
    if let Some(until) = kept.until {
        watcher.watch.unwatched(now, until);
    }
    let handle = Handle { asks, tools };
    let task = tokio::spawn(async move {
        watcher.configure(config).await;
        watcher.run().await;
    });
    Ok(Running { handle, task })
}

/// Since when Nabat is blind by what it said last, if it did not say that it sees again.
async fn blind_since(engine: &engine::Handle) -> Option<Timestamp> {
    let overview = engine.overview().await;
    let overview = overview.inspect_err(|error| {
        tracing::warn!(%error, "nobody knows whether Nabat was blind before it was started");
    });
    let blind = alarms::of_nabat_ended(alarms::BLIND, clock::now()).labels;
    let named = [Matcher::equal(NAME, alarms::BLIND)];
    let firing = overview.ok()?.firing(clock::now(), &named);
    let said = firing.iter().find(|firing| firing.incident.labels == blind);
    said.map(|said| said.incident.starts_at)
}

/// A monitor of the store.
///
/// # Errors
/// What is kept of it, if this version can't read it.
fn read(kept: Kept, configured: Option<(&Arc<Monitor>, &String)>) -> Result<Known, Box<Record>> {
    let Kept { record, pings, .. } = kept;
    let same = |(_, definition): &(&Arc<Monitor>, &String)| **definition == record.definition;
    // What is stored of a configuration's monitor has no secrets.
    let configured = configured.filter(|_| record.origin == Origin::Config);
    if let Some((monitor, _)) = configured.filter(same) {
        return Ok(Known::new(record, Arc::clone(monitor), pings));
    }
    match parse_monitor(Path::new(&record.name), record.definition.as_bytes()) {
        Ok(Written { monitor, .. }) => Ok(Known::new(record, monitor, pings)),
        Err(error) => {
            let monitor = &record.name;
            tracing::error!(monitor, %error, "a stored monitor can't be read and is not watched");
            Err(Box::new(record))
        }
    }
}
