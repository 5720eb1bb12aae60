//! Groups: monitors of which nothing is probed. How they stand follows from how their members stand.
//!
//! What is paused, in maintenance or not looked at yet is left out. What is unknown never makes a group
//! go down; as long as it could make the difference, the group is unknown itself. The same holds for
//! what is unreachable, with which the group is unreachable too: the alarm is that of the parent.

use super::state::Standing;
use super::{BadRules, MonitorId, Status};
use crate::listed::listed;

/// The most members whose names are told, and of how many it is told what was seen.
const NAMED_MAX: usize = 10;
const QUOTED_MAX: usize = 3;

/// What a group is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// The monitors whose standing counts.
    pub members: Vec<Member>,
    /// How many of them have to be down.
    pub down_when: DownWhen,
}

/// A monitor in a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Its number.
    pub id: MonitorId,
    /// What people call it.
    pub name: String,
}

/// How many members have to be down for a group to be down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DownWhen {
    /// One at least.
    Any,
    /// Each that counts.
    All,
    /// So many of a hundred that count, and one at least.
    Percent(u8),
}

/// How a member stands and what is said of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seen<'a> {
    pub(super) name: &'a str,
    pub(super) status: Status,
    pub(super) words: &'a str,
}

impl Group {
    /// The most members.
    pub const MEMBERS_MAX: usize = 1_000;

    pub(super) fn check(&self) -> Result<(), BadRules> {
        let share = match self.down_when {
            DownWhen::Any | DownWhen::All => true,
            DownWhen::Percent(percent) => (1..=100).contains(&percent),
        };
        (self.members.len() <= Self::MEMBERS_MAX && share)
            .then_some(())
            .ok_or(BadRules::Group)
    }
}

impl DownWhen {
    /// How a group with these members stands; nothing if nobody can say.
    pub(super) fn verdict(self, members: &[Seen<'_>]) -> Option<Standing> {
        let count = |what: fn(Status) -> bool| members.iter().filter(|m| what(m.status)).count();
        let all = count(counts);
        let down = count(|status| status == Status::Down);
        let fail = count(|status| matches!(status, Status::Down | Status::Unreachable));
        let may_fail = fail + count(|status| status == Status::Unknown);
        match () {
            () if all == 0 => None,
            () if self.is_met(down, all) => Some(Standing::Down),
            () if self.is_met(fail, all) => Some(Standing::Unreachable),
            () if self.is_met(may_fail, all) => None,
            () => Some(Standing::Up),
        }
    }

    fn is_met(self, count: usize, all: usize) -> bool {
        count > 0
            && match self {
                Self::Any => true,
                Self::All => count == all,
                Self::Percent(percent) => count * 100 >= all * usize::from(percent),
            }
    }
}

/// Whether a member with this status counts.
const fn counts(status: Status) -> bool {
    !matches!(
        status,
        Status::Pending | Status::Paused | Status::Maintenance
    )
}

/// What is to be said of a group with these members: `1 of 3 down: web-1 (status 503)`.
pub(super) fn words(members: &[Seen<'_>]) -> String {
    let all = members.iter().filter(|m| counts(m.status)).count();
    if all == 0 {
        return "no member is looked at".into();
    }
    let told = [
        (Status::Down, "down"),
        (Status::Unreachable, "unreachable"),
        (Status::Unknown, "unknown"),
    ];
    let parts = told.into_iter().filter_map(|(status, word)| {
        let these: Vec<_> = members.iter().filter(|m| m.status == status).collect();
        let named = these.iter().map(|member| {
            let quoted = these.len() <= QUOTED_MAX && status == Status::Down;
            match member.words {
                words if quoted && !words.is_empty() => format!("{} ({words})", member.name),
                _ => member.name.to_owned(),
            }
        });
        let (count, named) = (these.len(), listed(named, NAMED_MAX));
        (count > 0).then(|| format!("{count} of {all} {word}: {named}"))
    });
    let parts: Vec<String> = parts.collect();
    match parts.is_empty() {
        true => format!("{all} of {all} up"),
        false => parts.join("; "),
    }
}
