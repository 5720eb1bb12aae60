//! What is expected of a monitor, and how sure one has to be.

use std::time::Duration;

use jiff::tz::TimeZone;

use super::{Group, MonitorId};
use crate::cron::Cron;
use crate::time::Timestamp;

/// What the configuration says of one monitor.
#[derive(Debug, Clone, PartialEq)]
pub struct Rules {
    /// Whether Nabat looks, waits to hear, or goes by others.
    pub kind: Kind,
    /// When to stop calling every end an end; `None`: never.
    pub flap: Option<Flap>,
    /// What it is reached through. While all of them are down it is unreachable: nobody is woken for
    /// it, and it is watched all the same.
    pub parents: Vec<MonitorId>,
    /// Whether it is on this machine: no network of ours explains that it fails.
    pub is_local: bool,
}

/// Whether Nabat looks at the target, waits to hear from it, or goes by others.
#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    /// Nabat looks.
    Probed(Probing),
    /// Something says that it is alive.
    Heartbeat(Heartbeat),
    /// It stands as its members do.
    Group(Group),
}

/// How a target is looked at, and what it takes to believe what is seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probing {
    /// From one round to the next.
    pub interval: Duration,
    /// How long after the end of a failed probe it is tried again: once for each.
    pub retries: Vec<Duration>,
    /// How many of the first probe and its retries have to fail; `None`: all.
    pub failures_needed: Option<u32>,
    /// How many in a row have to succeed before it is up again.
    pub recoveries_needed: u32,
    /// An answer that takes longer is slow.
    pub slow_after: Option<Duration>,
    /// How many in a row have to be slow before it is called degraded; any other reason is at once.
    pub slow_rounds: u32,
}

/// What a heartbeat promises.
#[derive(Debug, Clone, PartialEq)]
pub struct Heartbeat {
    /// When it will be heard.
    pub expected: Expected,
    /// How late it may be, and how long a run may take that said when it began.
    pub grace: Duration,
}

/// When a heartbeat will be heard.
#[derive(Debug, Clone, PartialEq)]
pub enum Expected {
    /// So long after the last time.
    Every(Duration),
    /// By the clocks of a place.
    Cron {
        /// When.
        cron: Cron,
        /// Whose clocks.
        zone: TimeZone,
    },
}

/// How many changes within what time make a target one that flaps. While it does, its alarm stays
/// on; it is called off when the target was up for half that time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Flap {
    /// How many, of both directions.
    pub changes: u32,
    /// Within what time.
    pub within: Duration,
}

/// Why rules are refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadRules {
    /// The interval is too short or too long.
    #[error("the interval is not within 1s-365d")]
    Interval,
    /// Too many retries, or one too long.
    #[error("there are more than 10 retries, or one is longer than 1h")]
    Retries,
    /// More failures are needed than there are probes.
    #[error("{needed} failures are needed, of {probes} probes")]
    Failures {
        /// As said.
        needed: u32,
        /// One and its retries.
        probes: u32,
    },
    /// No number of recoveries or slow rounds that one could wait for.
    #[error("the recoveries and slow rounds needed are not within 1-100")]
    Rounds,
    /// No number of changes, or no time, that tells flapping from a failure.
    #[error("flapping is not 3-64 changes within 1m-7d")]
    Flap,
    /// The period or the grace of a heartbeat is too short or too long.
    #[error("the period and grace of a heartbeat are not within 1s-365d")]
    Heartbeat,
    /// No number of members, or no share of them, that a group can have.
    #[error("a group has more than 1000 members, or not 1-100 percent of them")]
    Group,
    /// Too many parents.
    #[error("there are more than 100 parents")]
    Parents,
}

const YEAR: Duration = Duration::from_secs(365 * 86_400);
const SECOND: Duration = Duration::from_secs(1);

impl Rules {
    /// Those of a target that is looked at so often, everything else as usual.
    pub fn every(interval: Duration) -> Self {
        Self::of(Kind::Probed(Probing::every(interval)))
    }

    /// Those of a monitor of this kind, everything else as usual.
    pub fn of(kind: Kind) -> Self {
        Self {
            kind,
            flap: Some(Flap::default()),
            parents: Vec::new(),
            is_local: false,
        }
    }

    /// Those by which it stands, if it is a group.
    pub(super) fn members(&self) -> Vec<MonitorId> {
        match &self.kind {
            Kind::Group(group) => group.members.iter().map(|member| member.id).collect(),
            Kind::Probed(_) | Kind::Heartbeat(_) => Vec::new(),
        }
    }

    /// Whether they can be kept.
    ///
    /// # Errors
    /// The first thing that can't, with what could.
    pub fn check(&self) -> Result<(), BadRules> {
        let flaps = |flap: &Flap| {
            (3..=64).contains(&flap.changes) && (SECOND * 60..=YEAR / 52).contains(&flap.within)
        };
        match &self.kind {
            Kind::Probed(probing) => probing.check()?,
            Kind::Heartbeat(heartbeat) => heartbeat.check()?,
            Kind::Group(group) => group.check()?,
        }
        if self.flap.as_ref().is_some_and(|flap| !flaps(flap)) {
            return Err(BadRules::Flap);
        }
        if self.parents.len() > 100 {
            return Err(BadRules::Parents);
        }
        Ok(())
    }
}

impl Probing {
    /// So often, everything else as usual.
    pub fn every(interval: Duration) -> Self {
        Self {
            interval,
            retries: [1, 3, 7].map(Duration::from_secs).to_vec(),
            failures_needed: None,
            recoveries_needed: 2,
            slow_after: None,
            slow_rounds: 3,
        }
    }

    fn check(&self) -> Result<(), BadRules> {
        let hour = SECOND * 3_600;
        let probes = self.probes();
        let needed = self.failures();
        if !(SECOND..=YEAR).contains(&self.interval) {
            Err(BadRules::Interval)
        } else if self.retries.len() > 10 || self.retries.iter().any(|retry| *retry > hour) {
            Err(BadRules::Retries)
        } else if !(1..=probes).contains(&needed) {
            Err(BadRules::Failures { needed, probes })
        } else if ![self.recoveries_needed, self.slow_rounds]
            .iter()
            .all(|count| (1..=100).contains(count))
        {
            Err(BadRules::Rounds)
        } else {
            Ok(())
        }
    }

    /// How many probes make sure of a failure.
    pub(super) fn probes(&self) -> u32 {
        u32::try_from(self.retries.len()).map_or(u32::MAX, |retries| retries.saturating_add(1))
    }

    /// How many of them have to fail.
    pub(super) fn failures(&self) -> u32 {
        self.failures_needed.unwrap_or_else(|| self.probes())
    }

    /// How long to wait before looking again, after so many looks.
    pub(super) fn retry_after(&self, looks: u32) -> Option<Duration> {
        let at = usize::try_from(looks).unwrap_or(usize::MAX).max(1) - 1;
        self.retries.get(at).or(self.retries.last()).copied()
    }
}

impl Heartbeat {
    fn check(&self) -> Result<(), BadRules> {
        let fits = |period: Duration| (SECOND..=YEAR).contains(&period);
        let period = match self.expected {
            Expected::Every(period) => fits(period),
            Expected::Cron { .. } => true,
        };
        (period && fits(self.grace))
            .then_some(())
            .ok_or(BadRules::Heartbeat)
    }
}

impl Expected {
    /// When it will be heard after having been heard then.
    pub(super) fn after(&self, heard_at: Timestamp) -> Option<Timestamp> {
        match self {
            Self::Every(period) => Some(heard_at.after(*period)),
            // In UTC from here on: the grace is a span of time, not of wall clocks.
            Self::Cron { cron, zone } => cron.next_run(heard_at, zone),
        }
    }
}

impl Default for Flap {
    /// Six within an hour.
    fn default() -> Self {
        Self {
            changes: 6,
            within: SECOND * 3_600,
        }
    }
}
