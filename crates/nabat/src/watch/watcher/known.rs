//! One monitor, as the watch has it in hand.

use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;
use nabat_core::alert::{Labels, News};
use nabat_core::monitor::record::Record;
use nabat_core::monitor::{
    self, Expected, Kind, Member, MonitorId, Probing, Rules, Status, Trouble,
};
use nabat_core::time::Timestamp;

use crate::config::Monitor;
use crate::probe::{Condition, Manner, Reach, Report, Target};
use crate::watch::{Last, Shown, alarms};

/// How many slow answers in a row make a monitor degraded.
const SLOW_ROUNDS: u32 = 3;

/// One monitor.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) record: Arc<Record>,
    pub(super) monitor: Arc<Monitor>,
    /// What is looked at; nothing for a heartbeat and a group.
    pub(super) target: Option<Arc<Target>>,
    pub(super) conditions: Arc<[Condition]>,
    /// What is looked at, for people.
    pub(super) instance: Arc<str>,
    pub(super) last: Option<Last>,
    /// How many signs of life it gave.
    pub(super) pings: u64,
}

impl Known {
    pub(super) fn new(record: Record, monitor: Arc<Monitor>, pings: u64) -> Self {
        let target = monitor.target().map(Arc::new);
        let instance = match &target {
            Some(target) => target.instance(),
            None => monitor.name.clone(),
        };
        Self {
            record: Arc::new(record),
            conditions: monitor.conditions.clone().into(),
            monitor,
            target,
            instance: instance.into(),
            last: None,
            pings,
        }
    }

    /// As it is shown when it has just been made.
    pub(super) fn as_made(&self) -> Shown {
        let paused = self.monitor.paused;
        Shown {
            record: Arc::clone(&self.record),
            monitor: Arc::clone(&self.monitor),
            kind: self.monitor.kind(),
            target: Arc::clone(&self.instance),
            status: match paused {
                true => Status::Paused,
                false => Status::Pending,
            },
            since: self.record.made_at,
            words: String::new(),
            alarm: None,
            flaps: false,
            paused,
            maintenance_until: None,
            last: None,
        }
    }

    /// Whether the same is looked at, and has to hold.
    pub(super) fn looks_as(&self, other: &Self) -> bool {
        self.target == other.target && self.conditions == other.conditions
    }

    /// How it is looked at.
    pub(super) fn manner(&self, fresh: bool) -> Manner {
        let interval = self.monitor.interval();
        let usual = self.target.as_ref().map(|target| target.usual_timeout());
        let timeout = self.monitor.timeout.map(|timeout| timeout.duration());
        let timeout = timeout.or(usual).unwrap_or(interval);
        let reach = match self.record.origin.public_only() {
            true => Reach::PublicOnly,
            false => Reach::Anywhere,
        };
        Manner {
            fresh,
            reach,
            ..Manner::within(timeout.min(interval))
        }
    }

    /// Whether a probe of this target is one of it, and not of what it was before it changed.
    pub(super) fn is_of(&self, target: &Arc<Target>) -> bool {
        let own = self.target.as_ref();
        own.is_some_and(|own| Arc::ptr_eq(own, target) || own == target)
    }

    /// Notes a look at it.
    pub(super) fn note(&mut self, at: Timestamp, report: &Report, words: &str) {
        // Most looks see what the one before saw.
        let same = self.last.as_ref().filter(|last| &*last.words == words);
        let words = match same {
            Some(last) => Arc::clone(&last.words),
            None => words.into(),
        };
        self.last = Some(Last {
            at,
            outcome: report.outcome,
            latency: report.latency,
            words,
        });
    }

    /// The labels of its alert when it is down.
    pub(super) fn labels(&self) -> Labels {
        alarms::labels(&self.monitor, &self.instance, Trouble::Down)
    }

    pub(super) fn raised(&self, what: Trouble, since: Timestamp, words: &str) -> News {
        alarms::raised(&self.monitor, &self.instance, what, since, words)
    }

    pub(super) fn over(&self, what: Trouble, at: Timestamp) -> News {
        alarms::over(&self.monitor, &self.instance, what, at)
    }

    /// Its alert is over though it is not well.
    pub(super) fn closed(&self, what: Trouble, at: Timestamp, why: &str) -> News {
        alarms::closed(&self.monitor, &self.instance, what, at, why)
    }
}

/// By which rules a monitor is judged.
pub(super) fn rules(
    monitor: &Monitor,
    parents: Vec<MonitorId>,
    members: Vec<Member>,
    zone: &TimeZone,
) -> Rules {
    let kind = match (&monitor.heartbeat, &monitor.group) {
        (_, Some(group)) => Kind::Group(monitor::Group {
            members,
            down_when: group.0.down_when,
        }),
        (Some(heartbeat), None) => Kind::Heartbeat(monitor::Heartbeat {
            expected: match (&heartbeat.cron, heartbeat.period) {
                (Some(cron), _) => Expected::Cron {
                    cron: cron.clone(),
                    zone: heartbeat.time_zone.clone().unwrap_or_else(|| zone.clone()),
                },
                (None, period) => {
                    Expected::Every(period.map_or(Duration::from_secs(86_400), |p| p.duration()))
                }
            },
            grace: heartbeat.grace.duration(),
        }),
        (None, None) => Kind::Probed(Probing {
            interval: monitor.interval(),
            retries: monitor.retries(),
            failures_needed: monitor.failures_needed,
            recoveries_needed: monitor.recoveries_needed,
            slow_after: monitor.slow_after.map(|slow| slow.duration()),
            slow_rounds: SLOW_ROUNDS,
        }),
    };
    Rules {
        parents,
        is_local: monitor.target().is_some_and(|target| target.is_local()),
        ..Rules::of(kind)
    }
}
