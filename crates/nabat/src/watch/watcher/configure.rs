//! Going by a configuration: what it says of the watch as a whole, and the monitors that it defines.

use std::collections::HashSet;
use std::fmt::Write as _;

use nabat_core::monitor::record::Origin;
use nabat_core::monitor::{MonitorId, Rules};

use super::Watcher;
use super::change::Plan;
use super::known::Known;
use crate::clock;
use crate::config::{self, Config, Written, monitor};
use crate::samples::Keep;
use crate::state_log::{Rotation, StateLog};
use crate::watch::alarms;
use crate::watch::gateway::gateway;
use crate::watch::prober::Limits;
use crate::watch::witnesses::Witnesses;
use crate::watch::{Mode, Refused, Wanted};

/// How many monitors that were left out are named.
const LEFT_OUT_SHOWN_MAX: usize = 10;

impl Watcher {
    /// Goes by a configuration. That is kept as soon as the store takes it: what is to be watched is
    /// watched in any case.
    pub(super) async fn configure(&mut self, config: Config) {
        let watch = &config.watch;
        self.max_monitors = watch.max_monitors as usize;
        self.max_bots = config.telegram.made_bots.max as usize;
        self.ping_key.clone_from(&watch.ping_key);
        let zone_before = std::mem::replace(&mut self.zone, config.time_zone.clone());
        self.prober.limit(Limits::of(watch));
        self.keep_statuses = config.history.keep_statuses_for.duration();
        self.samples.set_keep(samples_kept(&config.history));
        self.log_to(watch);
        if !self.witnesses.are(&watch.witnesses) {
            self.witnesses = Witnesses::named(&watch.witnesses, gateway());
            self.set_witnesses();
        }
        let written = config.monitors.into_iter().zip(config.monitor_definitions);
        let wanted: Vec<Wanted> = written
            .map(|(monitor, definition)| Wanted {
                written: Written {
                    monitor,
                    definition,
                },
                origin: Origin::Config,
                introduced: None,
            })
            .collect();
        let names: HashSet<&str> = wanted
            .iter()
            .map(|wanted| wanted.written.monitor.name.as_str())
            .collect();
        let gone = self.monitors.values().filter(|known| {
            known.record.origin == Origin::Config && !names.contains(&*known.record.name)
        });
        let gone: Vec<MonitorId> = gone.map(|known| known.record.id).collect();
        let (plan, problems) = self.plan_most(wanted, &gone);
        // Those of the configuration have no chats of their own.
        let watched = self.to_keep(&plan);
        self.apply(plan);
        if zone_before != self.zone {
            self.go_by_zone();
        }
        for change in watched.changes {
            self.waiting.change(change);
        }
        for news in watched.news {
            self.waiting.news(news);
        }
        self.refused = problems;
        self.leave_out();
    }

    /// Writes the state log where it is to be from now on.
    fn log_to(&mut self, watch: &monitor::Watch) {
        let log_file = watch.state_log.as_ref();
        let log_file = log_file.map(|file| (self.folder.join(file), watch.state_log_max_bytes));
        if log_file != self.log_file {
            let (path, max_bytes) = log_file.clone().unzip();
            let rotation = Rotation {
                max_bytes: max_bytes.map_or(0, u64::from),
                ..Rotation::default()
            };
            self.log = StateLog::open(path.as_deref(), rotation);
            self.log_file = log_file;
        }
    }

    /// Has those heartbeats go by the clocks of the configuration's time zone that name none.
    fn go_by_zone(&mut self) {
        let follows = |known: &&Known| {
            let heartbeat = known.monitor.heartbeat.as_ref();
            heartbeat.is_some_and(|one| one.cron.is_some() && one.time_zone.is_none())
        };
        let followers = self.monitors.values().filter(follows);
        let rules: Vec<(MonitorId, Rules)> = followers
            .map(|known| (known.record.id, self.rules_of(known)))
            .collect();
        for (id, rules) in rules {
            self.watch.set(clock::now(), id, rules, None);
        }
    }

    /// A plan of all that can be done, and why the rest can't: the file was checked, but what is made
    /// elsewhere may be in its way.
    fn plan_most(&self, mut wanted: Vec<Wanted>, gone: &[MonitorId]) -> (Plan, Vec<String>) {
        let mut problems = Vec::new();
        loop {
            let refused = match self.plan(&wanted, Mode::Replace, gone.to_vec()) {
                Ok(plan) => return (plan, problems),
                Err(refused) => refused,
            };
            let named = |name: &str| {
                let mut wanted = wanted.iter();
                wanted.rposition(|wanted| wanted.written.monitor.name == name)
            };
            let is_new = |wanted: &Wanted| !self.names.contains_key(&wanted.written.monitor.name);
            let in_the_way = match (&refused, refused.of()) {
                // The child may have been made elsewhere.
                (Refused::ParentGroup { name, parent }, _) => named(name).or(named(parent)),
                (_, Some(name)) => named(name),
                (_, None) => wanted.iter().rposition(is_new),
            };
            let Some(at) = in_the_way else {
                problems.push(refused.to_string());
                return (Plan::default(), problems);
            };
            let left_out = wanted.remove(at).written.monitor;
            problems.push(format!("`{}`: {refused}", left_out.name));
        }
    }

    /// Tells the operators which of the configuration's monitors are not watched as it says, and which
    /// of the store are not watched at all, or that all are.
    pub(super) fn leave_out(&mut self) {
        let refused = first_of(&self.refused).map(|refused| {
            format!("monitors of the configuration that are not watched as it says: {refused}")
        });
        let unread: Vec<String> = self
            .unread
            .names()
            .map(|name| format!("`{name}`"))
            .collect();
        let unread = first_of(&unread).map(|unread| {
            format!(
                "stored monitors that this version of Nabat can't read and that are not watched: \
                 {unread}; write them anew under their names, or remove them"
            )
        });
        let words: Vec<String> = refused.into_iter().chain(unread).collect();
        self.left_out = (!words.is_empty()).then(|| words.join("; "));
        self.waiting.news(match &self.left_out {
            Some(words) => {
                tracing::error!("{words}");
                alarms::left_out(words)
            }
            None => alarms::of_nabat_ended(alarms::LEFT_OUT, clock::now()),
        });
    }
}

/// The first of them, for people, if there are any.
fn first_of(all: &[String]) -> Option<String> {
    let shown = all.iter().take(LEFT_OUT_SHOWN_MAX).cloned();
    let mut words = shown.collect::<Vec<_>>().join("; ");
    if all.len() > LEFT_OUT_SHOWN_MAX {
        let more = all.len() - LEFT_OUT_SHOWN_MAX;
        let _ = write!(words, "; and {more} more");
    }
    (!all.is_empty()).then_some(words)
}

/// For how long samples are kept.
fn samples_kept(history: &config::History) -> Keep {
    Keep {
        samples: history.keep_samples_for.duration(),
        hours: history.keep_hours_for.duration(),
        ..Keep::default()
    }
}
