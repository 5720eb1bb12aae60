//! Watches: asks of the core which probes are due, makes them, and has the engine keep what follows.
//!
//! One task owns all monitors. Probing never waits for the store: what was decided is committed beside
//! it, the newest state of each monitor at a time, and again if the store takes no writes. What people
//! ask for is answered only once it is on disk; only for a monitor that is made, changed or removed
//! does the task itself wait, since nothing older may be kept after that.

mod address;
mod alarms;
mod along;
mod gateway;
mod glance;
mod keeper;
mod prober;
mod refused;
#[cfg(test)]
mod tests;
mod watcher;
mod wishes;
mod witnesses;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use nabat_core::alert::Labels;
use nabat_core::chat::MadeBot;
use nabat_core::matcher::Matcher;
use nabat_core::monitor::record::{Origin, Record};
use nabat_core::monitor::state::Alarm;
use nabat_core::monitor::{MonitorId, Outcome, RunId, Signal, Status, Trouble};
use nabat_core::time::Timestamp;
use serde_json::Value;
use tokio::sync::{mpsc, oneshot};

use crate::config::{Monitor, Written};
use crate::engine::NotTaken;
use crate::probe::{Manner, Reach, Report, Tools};

pub use address::Address;
pub use along::Along;
pub use glance::{Glance, Glanced};
pub use refused::Refused;
pub use watcher::{Files, Running, StartError, start};
pub use wishes::Granter;

/// How many requests may wait for the watch.
const ASKS_WAITING_MAX: usize = 1_024;

/// A way to reach the watch. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Handle {
    asks: mpsc::Sender<Ask>,
    tools: Arc<Tools>,
}

/// What can be asked of the watch.
#[derive(Debug)]
enum Ask {
    List(Filter, Reply<Page>),
    One(String, Reply<Shown>),
    Numbered(MonitorId, Reply<Shown>),
    Glance(Glance, Reply<Glanced>),
    Put(Vec<Wanted>, Mode, Option<Along>, Reply<Vec<Put>>),
    Remove(Vec<String>, Reply<()>),
    Apply(Vec<Wanted>, Apply, Reply<Applied>),
    Pause(String, bool, Reply<Shown>),
    Maintain(String, Option<Timestamp>, Reply<Shown>),
    Probe(String, Reply<Report>),
    Expects(Address, Reply<()>),
    Beat(Beat, Reply<()>),
    Configure(Box<crate::config::Config>),
    Stop,
}

type Reply<T> = oneshot::Sender<Result<T, Refused>>;

/// A monitor that somebody wants.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// What is wanted.
    pub written: Written,
    /// Where it comes from.
    pub origin: Origin,
    /// The chat that it is to tell by itself, if Telegram was asked about it.
    pub introduced: Option<Introduced>,
}

/// What Telegram says of the chat that a monitor tells by itself.
#[derive(Debug, Clone)]
pub struct Introduced {
    /// The bot that is to speak there, if it is not of the configuration.
    pub bot: Option<MadeBot>,
    /// What the chat is called.
    pub title: String,
}

/// What may be there already when a monitor is put.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Nothing.
    Create,
    /// Whatever: it is replaced.
    Replace,
    /// It must be there, and not have been changed since this moment.
    Change(Timestamp),
}

/// What became of a monitor that was put.
#[derive(Debug, Clone)]
pub struct Put {
    /// As it is now.
    pub shown: Shown,
    /// What was done.
    pub done: PutDone,
}

/// What was done with a monitor that was put.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PutDone {
    /// There was none.
    Created,
    /// There was another one of this name.
    Changed,
    /// It was so already.
    Same,
}

/// How monitors are brought to be as they are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Apply {
    /// Whether those that are not wanted are removed, unless the configuration defines them.
    pub prune: bool,
    /// Whether to say only what would be done.
    pub dry_run: bool,
}

/// What was done, or would be: the names of the monitors.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Applied {
    /// Made.
    pub created: Vec<String>,
    /// Changed.
    pub changed: Vec<String>,
    /// Removed.
    pub removed: Vec<String>,
    /// How many were so already.
    pub same: usize,
}

/// Which monitors are wanted.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Only those with one of these statuses; empty: all.
    pub statuses: Vec<Status>,
    /// Only those of this kind.
    pub kind: Option<String>,
    /// Only those whose name or target contains this, in any case.
    pub text: Option<String>,
    /// Only those whose alerts all of these take.
    pub scope: Arc<[Matcher]>,
    /// Only those after the one of this name, in the order of names.
    pub after: Option<String>,
    /// At most so many.
    pub limit: usize,
}

/// Some monitors, in the order of their names.
#[derive(Debug, Clone, Default)]
pub struct Page {
    /// The monitors.
    pub monitors: Vec<Shown>,
    /// Whether there are more.
    pub more: bool,
    /// How many of all in the scope there are with each status.
    pub counts: BTreeMap<Status, usize>,
}

/// A monitor as people are shown it.
#[derive(Debug, Clone)]
pub struct Shown {
    /// What is kept of it.
    pub record: Arc<Record>,
    /// What it means.
    pub monitor: Arc<Monitor>,
    /// Its kind, such as `ping`.
    pub kind: &'static str,
    /// What is looked at, for people; holds no secret.
    pub target: Arc<str>,
    /// How it stands.
    pub status: Status,
    /// Since when.
    pub since: Timestamp,
    /// The words of the last thing that made a difference.
    pub words: String,
    /// What fires.
    pub alarm: Option<Alarm>,
    /// Whether it goes up and down.
    pub flaps: bool,
    /// Whether it is not looked at.
    pub paused: bool,
    /// Until when it is being worked on.
    pub maintenance_until: Option<Timestamp>,
    /// The last look.
    pub last: Option<Last>,
}

impl Shown {
    /// Its definition; may hold secrets.
    pub fn definition(&self) -> Value {
        serde_json::from_str(&self.record.definition).unwrap_or_default()
    }
}

/// The last look at a monitor.
#[derive(Debug, Clone)]
pub struct Last {
    /// When it began.
    pub at: Timestamp,
    /// What came of it.
    pub outcome: Outcome,
    /// How long the target took.
    pub latency: Option<Duration>,
    /// What was seen.
    pub words: Arc<str>,
}

/// A sign of life, as it comes in.
#[derive(Debug, Clone)]
pub struct Beat {
    /// Whose it is.
    pub address: Address,
    /// What it says.
    pub signal: Signal,
    /// What pairs beginnings and ends.
    pub run: Option<RunId>,
    /// Where it came from.
    pub from: String,
    /// What came with it.
    pub body: String,
}

impl Handle {
    /// Monitors, in the order of their names.
    ///
    /// # Errors
    /// See [`Refused`].
    pub async fn list(&self, filter: Filter) -> Result<Page, Refused> {
        self.ask(|reply| Ask::List(filter, reply)).await
    }

    /// One of them.
    ///
    /// # Errors
    /// See [`Refused`].
    pub async fn one(&self, name: &str) -> Result<Shown, Refused> {
        self.ask(|reply| Ask::One(name.to_owned(), reply)).await
    }

    /// The one with this number.
    ///
    /// # Errors
    /// See [`Refused`].
    pub async fn numbered(&self, id: MonitorId) -> Result<Shown, Refused> {
        self.ask(|reply| Ask::Numbered(id, reply)).await
    }

    /// Monitors, those that somebody has to see to first.
    ///
    /// # Errors
    /// See [`Refused`].
    pub async fn glance(&self, wanted: Glance) -> Result<Glanced, Refused> {
        self.ask(|reply| Ask::Glance(wanted, reply)).await
    }

    /// Makes or changes monitors: all of them, or none. When this returns, they are on disk.
    ///
    /// # Errors
    /// See [`Refused`].
    pub async fn put(&self, wanted: Vec<Wanted>, mode: Mode) -> Result<Vec<Put>, Refused> {
        self.ask(|reply| Ask::Put(wanted, mode, None, reply)).await
    }

    /// Makes a monitor where there is none of its name, and keeps `along` with it.
    ///
    /// # Errors
    /// See [`Refused`].
    pub async fn make(&self, wanted: Wanted, along: Option<Along>) -> Result<Vec<Put>, Refused> {
        self.ask(|reply| Ask::Put(vec![wanted], Mode::Create, along, reply))
            .await
    }

    /// Watches these no more, and forgets their history.
    ///
    /// # Errors
    /// See [`Refused`].
    pub async fn remove(&self, names: Vec<String>) -> Result<(), Refused> {
        self.ask(|reply| Ask::Remove(names, reply)).await
    }

    /// Brings monitors to be as they are wanted: all of it is done, or nothing.
    ///
    /// # Errors
    /// See [`Refused`].
    pub async fn apply(&self, wanted: Vec<Wanted>, how: Apply) -> Result<Applied, Refused> {
        self.ask(|reply| Ask::Apply(wanted, how, reply)).await
    }

    /// Stops looking at a monitor, or goes on.
    ///
    /// # Errors
    /// See [`Refused`].
    pub async fn pause(&self, name: &str, paused: bool) -> Result<Shown, Refused> {
        self.ask(|reply| Ask::Pause(name.to_owned(), paused, reply))
            .await
    }

    /// Tells nobody of a monitor until then, or again from now on.
    ///
    /// # Errors
    /// See [`Refused`].
    pub async fn maintain(&self, name: &str, until: Option<Timestamp>) -> Result<Shown, Refused> {
        self.ask(|reply| Ask::Maintain(name.to_owned(), until, reply))
            .await
    }

    /// Looks at a monitor now, and says what was seen.
    ///
    /// # Errors
    /// See [`Refused`].
    pub async fn probe(&self, name: &str) -> Result<Report, Refused> {
        self.ask(|reply| Ask::Probe(name.to_owned(), reply)).await
    }

    /// Looks once at what is no monitor, or not yet.
    ///
    /// # Errors
    /// When there is nothing to look at.
    pub async fn try_out(&self, monitor: &Monitor, reach: Reach) -> Result<Report, Refused> {
        let Some(target) = monitor.target() else {
            return Err(Refused::NothingToProbe {
                name: monitor.name.clone(),
            });
        };
        let timeout = monitor.timeout.map(|timeout| timeout.duration());
        let manner = Manner {
            fresh: true,
            reach,
            ..Manner::within(timeout.unwrap_or_else(|| target.usual_timeout()))
        };
        let conditions = monitor.conditions.clone().into();
        Ok(target.probe(&conditions, &self.tools, manner).await)
    }

    /// Whether a heartbeat calls at this address.
    ///
    /// # Errors
    /// See [`Refused`].
    pub async fn expects(&self, address: Address) -> Result<(), Refused> {
        self.ask(|reply| Ask::Expects(address, reply)).await
    }

    /// Takes a sign of life. When this returns, it is on disk.
    ///
    /// # Errors
    /// See [`Refused`].
    pub async fn beat(&self, beat: Beat) -> Result<(), Refused> {
        self.ask(|reply| Ask::Beat(beat, reply)).await
    }

    /// Goes by a changed configuration.
    pub async fn configure(&self, config: crate::config::Config) {
        // A watch that has ended is seen to by whoever runs it.
        let _ = self.asks.send(Ask::Configure(Box::new(config))).await;
    }

    async fn ask<T>(&self, ask: impl FnOnce(Reply<T>) -> Ask) -> Result<T, Refused> {
        let (reply, answer) = oneshot::channel();
        let sent = self.asks.send(ask(reply)).await;
        sent.map_err(|_| NotTaken::Stopping)?;
        answer.await.unwrap_or(Err(NotTaken::Stopping.into()))
    }
}

impl Shown {
    /// The labels of its alert about this.
    pub fn alert_labels(&self, what: Trouble) -> Labels {
        alarms::labels(&self.monitor, &self.target, what)
    }

    /// Its number.
    pub fn id(&self) -> MonitorId {
        self.record.id
    }
}
