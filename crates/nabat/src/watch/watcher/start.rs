//! Starting the watch on what is kept.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use nabat_core::alert::{News, Status};
use nabat_core::monitor::Watch;
use nabat_core::monitor::record::{Kept, Origin};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::known::Known;
use super::{AFFIRM_PERIOD, FORGET_PERIOD, Watcher};
use crate::clock;
use crate::config::{Config, Monitor, Written, parse_monitor};
use crate::engine;
use crate::probe::Tools;
use crate::samples::Samples;
use crate::state_log::{Rotation, StateLog};
use crate::store::{History, StoreError};
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

/// Starts the watch on what `history` knows, and goes by `config`. Must be called within a tokio
/// runtime.
///
/// # Errors
/// When the store can't be read.
pub fn start(
    engine: engine::Handle,
    history: &dyn History,
    tools: Arc<Tools>,
    files: Files,
    config: Config,
) -> Result<Running, StoreError> {
    let now = clock::now();
    let kept = history.monitors()?;
    let (asks, queue) = mpsc::channel(ASKS_WAITING_MAX);
    let (done, results) = mpsc::unbounded_channel();
    let mut watcher = Watcher {
        engine,
        asks: queue,
        results,
        prober: Prober::new(Arc::clone(&tools), Limits::of(&config.watch), done),
        watch: Watch::new(now, None),
        monitors: BTreeMap::new(),
        names: BTreeMap::new(),
        keys: HashMap::new(),
        witnesses: Witnesses::default(),
        max_monitors: config.watch.max_monitors as usize,
        max_bots: config.telegram.made_bots.max as usize,
        ping_key: None,
        zone: config.time_zone.clone(),
        samples: files.samples,
        log: StateLog::open(None, Rotation::default()),
        log_file: None,
        folder: files.folder,
        keep_statuses: config.history.keep_statuses_for.duration(),
        last_number: 0,
        waiting: Batch::default(),
        keeping: None,
        left_out: None,
        watched_at: now,
        affirm_at: now.after(AFFIRM_PERIOD),
        forget_at: now.after(FORGET_PERIOD),
    };
    let written = config.monitors.iter().zip(&config.monitor_definitions);
    let written: HashMap<&str, _> = written
        .map(|(monitor, definition)| (monitor.name.as_str(), (monitor, definition)))
        .collect();
    let mut states = Vec::new();
    for mut kept in kept.monitors {
        let state = kept.state.take();
        let configured = written.get(kept.record.name.as_str()).copied();
        if let Some(known) = read(kept, configured) {
            states.push((known.record.id, state));
            watcher.restore(known);
        }
    }
    for (id, state) in states {
        let rules = watcher.rules_of(&watcher.monitors[&id]);
        watcher.watch.set(now, id, rules, state);
    }
    if let Some(until) = kept.until {
        watcher.watch.unwatched(now, until);
    }
    // What was said of it before the restart is over, or is said anew.
    let sees = Status::Resolved { ends_at: None };
    let sees = News::about_itself(alarms::BLIND, &[], None, sees);
    watcher.waiting.news(sees);
    let handle = Handle { asks, tools };
    let task = tokio::spawn(async move {
        watcher.configure(config).await;
        watcher.run().await;
    });
    Ok(Running { handle, task })
}

/// A monitor of the store; nothing if this version can't read it: it stays in the store.
fn read(kept: Kept, configured: Option<(&Arc<Monitor>, &String)>) -> Option<Known> {
    let Kept { record, pings, .. } = kept;
    let same = |(_, definition): &(&Arc<Monitor>, &String)| **definition == record.definition;
    // What is stored of a configuration's monitor has no secrets.
    let configured = configured.filter(|_| record.origin == Origin::Config);
    if let Some((monitor, _)) = configured.filter(same) {
        return Some(Known::new(record, Arc::clone(monitor), pings));
    }
    match parse_monitor(Path::new(&record.name), record.definition.as_bytes()) {
        Ok(Written { monitor, .. }) => Some(Known::new(record, monitor, pings)),
        Err(error) => {
            let monitor = &record.name;
            tracing::error!(monitor, %error, "a stored monitor can't be read and is not watched");
            None
        }
    }
}
