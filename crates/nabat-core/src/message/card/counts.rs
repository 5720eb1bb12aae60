//! How many alerts of a group stand where, and what changed about that.

use super::{Member, MemberNews};
use crate::incident::{Ending, State};
use crate::message::words::Locale;

/// How many alerts stand where.
#[derive(Debug, Default)]
pub(super) struct Counts {
    firing: usize,
    stale: usize,
    resolved: usize,
    expired: usize,
    closed: usize,
    missed: usize,
}

impl Counts {
    /// Counts `members`.
    pub(super) fn of<'a>(members: impl IntoIterator<Item = &'a Member<'a>>) -> Self {
        let mut counts = Self::default();
        for member in members {
            let count = match member.incident.state {
                State::Firing => &mut counts.firing,
                State::Stale => &mut counts.stale,
                State::Ended { .. } if member.news == MemberNews::Missed => &mut counts.missed,
                State::Ended { how, .. } => match how {
                    Ending::Resolved => &mut counts.resolved,
                    Ending::Expired => &mut counts.expired,
                    Ending::Closed => &mut counts.closed,
                },
            };
            *count += 1;
        }
        counts
    }

    /// `7 firing, 1 resolved`.
    pub(super) fn text(&self, locale: &Locale) -> String {
        self.words("count-firing", locale).join(", ")
    }

    fn words(&self, firing: &str, locale: &Locale) -> Vec<String> {
        [
            (firing, self.firing),
            ("count-stale", self.stale),
            ("count-resolved", self.resolved),
            ("count-expired", self.expired),
            ("count-closed", self.closed),
            ("count-missed", self.missed),
        ]
        .into_iter()
        .filter(|(_, n)| *n > 0)
        .map(|(key, n)| locale.text(key, [("n", n.into())]))
        .collect()
    }
}

/// `+2, 1 resolved, 7 still firing`; `None` if nothing came or ended since the last time.
pub(super) fn delta(members: &[Member<'_>], locale: &Locale) -> Option<String> {
    let is_new = |member: &&Member<'_>| member.news == MemberNews::New;
    let open = || members.iter().filter(|member| !member.incident.ended());
    let ended = members.iter().filter(|member| member.incident.ended());
    let new = open().filter(is_new).count();
    let ends = Counts::of(ended.filter(|member| member.news != MemberNews::Known));
    let still = Counts::of(open().filter(|member| !is_new(member)));

    let mut words = Vec::new();
    if new > 0 {
        words.push(format!("+{new}"));
    }
    words.extend(ends.words("count-firing", locale));
    if words.is_empty() {
        return None;
    }
    words.extend(still.words("count-still-firing", locale));
    Some(words.join(", "))
}
