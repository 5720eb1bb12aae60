//! Monitors as people are shown them in a chat: what whoever watches tells of them.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use super::record::Origin;
use super::{MonitorId, Outcome, Status};
use crate::alert::Labels;
use crate::time::Timestamp;

/// A monitor as people are shown it. Holds no secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View {
    /// Its number.
    pub id: MonitorId,
    /// What people call it.
    pub name: String,
    /// Its kind, such as `ping`.
    pub kind: String,
    /// What is looked at.
    pub target: String,
    /// Where it comes from.
    pub origin: Origin,
    /// How it stands.
    pub status: Status,
    /// Since when.
    pub since: Timestamp,
    /// The words of the last thing that made a difference.
    pub words: String,
    /// Whether it goes up and down.
    pub flaps: bool,
    /// Until when it is being worked on.
    pub maintenance_until: Option<Timestamp>,
    /// The last look at it.
    pub last: Option<Look>,
    /// The labels of each alert that it can raise.
    pub alerts: Vec<Labels>,
}

/// A look at a monitor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Look {
    /// When it began.
    pub at: Timestamp,
    /// What came of it.
    pub outcome: Outcome,
    /// How long the target took.
    pub latency: Option<Duration>,
    /// What was seen.
    pub words: String,
}

/// A monitor and how it stood before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// The monitor.
    pub view: View,
    /// How much of several times it was up; empty if nobody can tell.
    pub uptimes: Vec<Uptime>,
}

/// Which part of a period has to have been watched for its uptime to be called that of the period.
const WHOLE: f64 = 0.99;

/// How much of a time something worked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Uptime {
    /// The time, up to now.
    pub period: Duration,
    /// In thousandths of a percent, rounded down; `None` if nobody knew how it stood.
    pub millipercent: Option<u32>,
    /// For how long of it one knew how it stood.
    pub watched: Duration,
}

/// Some monitors: those that somebody has to see to first, then the others by name.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Listing {
    /// Which page, from 0.
    pub page: usize,
    /// Of how many, at least 1.
    pub pages: usize,
    /// The monitors of this page.
    pub items: Vec<View>,
    /// How many of all that are looked for stand how.
    pub counts: BTreeMap<Status, usize>,
}

/// What one probe saw. Holds no secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trace {
    /// What came of it.
    pub outcome: Outcome,
    /// How long the target took.
    pub latency: Option<Duration>,
    /// The address that was asked, if it came so far.
    pub address: Option<IpAddr>,
    /// How long each part took, in order.
    pub phases: Vec<(&'static str, Duration)>,
    /// Each condition with what was seen.
    pub findings: Vec<(Outcome, String)>,
}

impl Uptime {
    /// Of a part between 0 and 1 of the time in which it was watched.
    pub fn new(period: Duration, ratio: Option<f64>, watched: Duration) -> Self {
        // What was down for a moment is never called whole.
        let millipercent = ratio.map(|ratio| (ratio.clamp(0.0, 1.0) * 100_000.0).floor() as u32);
        Self {
            period,
            millipercent,
            watched,
        }
    }

    /// How long it was watched, if that is so much less than the period that it has to be said.
    pub fn of_less(&self) -> Option<Duration> {
        (self.watched.as_secs_f64() < self.period.as_secs_f64() * WHOLE).then_some(self.watched)
    }
}

impl Status {
    /// All there are: what somebody has to see to comes first.
    pub const ALL: [Self; 10] = [
        Self::Down,
        Self::Suspect,
        Self::Degraded,
        Self::Recovering,
        Self::Unreachable,
        Self::Unknown,
        Self::Pending,
        Self::Maintenance,
        Self::Paused,
        Self::Up,
    ];

    /// Its name for programs.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Up => "up",
            Self::Suspect => "suspect",
            Self::Degraded => "degraded",
            Self::Down => "down",
            Self::Recovering => "recovering",
            Self::Unknown => "unknown",
            Self::Unreachable => "unreachable",
            Self::Maintenance => "maintenance",
            Self::Paused => "paused",
        }
    }

    /// Less is to be seen to sooner. What needs nobody is all the same.
    pub const fn urgency(self) -> u8 {
        match self {
            Self::Down => 0,
            Self::Suspect => 1,
            Self::Degraded => 2,
            Self::Recovering => 3,
            Self::Unreachable => 4,
            Self::Unknown => 5,
            Self::Pending | Self::Up | Self::Maintenance | Self::Paused => 6,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_down_for_a_moment_was_never_up_all_the_time() {
        let day = Duration::from_secs(86_400);
        let of = |ratio| Uptime::new(day, ratio, day).millipercent;
        for (ratio, expected) in [
            (None, None),
            (Some(0.0), Some(0)),
            (Some(0.5), Some(50_000)),
            (Some(0.999_999_9), Some(99_999)),
            (Some(1.0), Some(100_000)),
        ] {
            assert_eq!(of(ratio), expected);
        }
    }

    #[test]
    fn that_a_period_was_watched_in_part_is_said_unless_it_makes_no_difference() {
        let hours = |hours: f64| Duration::from_secs_f64(hours * 3_600.0);
        let of_less = |watched| Uptime::new(hours(24.0), Some(1.0), hours(watched)).of_less();
        for (watched, said) in [(24.0, false), (23.8, false), (23.7, true), (3.0, true)] {
            let expected = said.then_some(hours(watched));
            assert_eq!(of_less(watched), expected, "{watched}");
        }
    }
}
