//! What one chat may still be sent, by a person's or a group's limits.
//!
//! A person's chat is a bucket of a few messages that fills again by one a second; news leaves a
//! message in it. A group takes so many messages in any minute, of which critical news and answers
//! have shares of their own: nothing else takes them, and neither takes the other's. Beyond its
//! share, what is critical and what is news keep a distance that grows as the minute is used up, so
//! that a storm is told every few seconds instead of all at once and then not for a minute.

use std::collections::VecDeque;
use std::time::Duration;

use super::super::Priority;
use super::limits::Limits;
use crate::time::Timestamp;

/// Whose part of a chat's messages one counts as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Share {
    Critical,
    Answers,
    News,
}

impl Share {
    pub(super) fn of(priority: Priority) -> Self {
        match priority {
            Priority::Critical => Self::Critical,
            Priority::Answer | Priority::Stranger => Self::Answers,
            Priority::News | Priority::Quiet => Self::News,
        }
    }
}

/// What one chat was sent lately.
#[derive(Debug)]
pub(super) enum Allowance {
    /// A person: when the whole burst is there again, the theoretical arrival time of the generic
    /// cell rate algorithm (ITU-T I.371).
    Person { full_at: Timestamp },
    /// A group: each message of the last minute, the oldest first.
    Group { sent: VecDeque<(Timestamp, Share)> },
}

impl Allowance {
    pub(super) fn of(chat: i64) -> Self {
        if chat > 0 {
            Self::Person {
                full_at: Timestamp::default(),
            }
        } else {
            Self::Group {
                sent: VecDeque::new(),
            }
        }
    }

    /// When so many messages of this share may be sent, one right after the other.
    pub(super) fn free_at(
        &self,
        share: Share,
        messages: usize,
        limits: &Limits,
        now: Timestamp,
    ) -> Timestamp {
        match self {
            Self::Person { full_at } => {
                let needed = u32::try_from(messages).unwrap_or(u32::MAX);
                let needed = needed.saturating_add(kept_from(share, limits));
                let spare = limits.private_burst.saturating_sub(needed);
                full_at.before(Limits::PRIVATE_PACE * spare).max(now)
            }
            Self::Group { sent } => group_free_at(sent, share, messages, limits, now),
        }
    }

    /// How many messages of this share may be sent now, one right after the other and without a
    /// distance.
    pub(super) fn room(&self, share: Share, limits: &Limits, now: Timestamp) -> usize {
        match self {
            Self::Person { full_at } => {
                let used = full_at.since(now).as_millis();
                let used = used.div_ceil(Limits::PRIVATE_PACE.as_millis());
                let room = limits
                    .private_burst
                    .saturating_sub(kept_from(share, limits));
                (room as usize).saturating_sub(usize::try_from(used).unwrap_or(usize::MAX))
            }
            Self::Group { sent } => {
                let recent = sent.iter().filter(|(at, _)| is_recent(*at, now));
                let counts = Counts::in_window(recent);
                counts.left(share, limits).min(counts.near(share, limits))
            }
        }
    }

    /// When a delivery that was begun may go on. Nothing of the chat can pass it meanwhile, so it
    /// keeps no distance, and may take of what is kept for what is critical.
    pub(super) fn goes_on_at(&self, share: Share, limits: &Limits, now: Timestamp) -> Timestamp {
        match self {
            Self::Person { .. } => self.free_at(Share::Answers, 1, limits, now),
            Self::Group { sent } => {
                let share = match share {
                    Share::Answers => Share::Answers,
                    Share::Critical | Share::News => Share::Critical,
                };
                let mut free =
                    moments(sent, now).filter(|(_, counts)| counts.left(share, limits) > 0);
                free.next().map_or(now, |(at, _)| at)
            }
        }
    }

    /// Counts a message.
    pub(super) fn count(&mut self, share: Share, now: Timestamp) {
        match self {
            Self::Person { full_at } => {
                *full_at = (*full_at).max(now).after(Limits::PRIVATE_PACE);
            }
            Self::Group { sent } => {
                while sent.front().is_some_and(|(at, _)| !is_recent(*at, now)) {
                    sent.pop_front();
                }
                sent.push_back((now, share));
            }
        }
    }

    /// The message counted last was answered now: the provider may have counted it as late as
    /// that.
    pub(super) fn answered(&mut self, now: Timestamp) {
        match self {
            Self::Person { full_at } => {
                *full_at = (*full_at).max(now.after(Limits::PRIVATE_PACE));
            }
            Self::Group { sent } => {
                if let Some((at, _)) = sent.back_mut() {
                    *at = (*at).max(now);
                }
            }
        }
    }

    /// Whether there is nothing to remember.
    pub(super) fn is_full(&self, now: Timestamp) -> bool {
        match self {
            Self::Person { full_at } => *full_at <= now,
            Self::Group { sent } => !sent.iter().any(|(at, _)| is_recent(*at, now)),
        }
    }
}

/// How many messages this share leaves in a person's chat.
fn kept_from(share: Share, limits: &Limits) -> u32 {
    match share {
        Share::News => limits.private_reserve,
        Share::Critical | Share::Answers => 0,
    }
}

/// When a group may be sent so many messages of this share.
fn group_free_at(
    sent: &VecDeque<(Timestamp, Share)>,
    share: Share,
    messages: usize,
    limits: &Limits,
    now: Timestamp,
) -> Timestamp {
    let before = sent.iter().rev().find(|(_, other)| *other == share);
    let before = before.map(|(at, _)| *at);
    moments(sent, now)
        .filter_map(|(from, counts)| {
            let left = counts.left(share, limits);
            if left < messages {
                return None;
            }
            let distance = counts.distance(share, left, limits);
            Some(before.map_or(from, |at| at.after(distance).max(from)))
        })
        .min()
        .unwrap_or_else(|| now.after(Limits::GROUP_WINDOW))
}

/// From now on, each moment at which a message leaves the window, and how many are in it then.
fn moments(
    sent: &VecDeque<(Timestamp, Share)>,
    now: Timestamp,
) -> impl Iterator<Item = (Timestamp, Counts)> {
    let recent = move || sent.iter().filter(move |(at, _)| is_recent(*at, now));
    let all = Counts::in_window(recent());
    let leaving = recent().scan(all, |counts, (at, share)| {
        *counts.of(*share) -= 1;
        Some((at.after(Limits::GROUP_WINDOW), *counts))
    });
    std::iter::once((now, all)).chain(leaving)
}

fn is_recent(at: Timestamp, now: Timestamp) -> bool {
    at.after(Limits::GROUP_WINDOW) > now
}

/// How many messages of each share a group was sent in a minute.
#[derive(Debug, Clone, Copy, Default)]
struct Counts {
    critical: usize,
    answers: usize,
    news: usize,
}

impl Counts {
    fn in_window<'a>(sent: impl Iterator<Item = &'a (Timestamp, Share)>) -> Self {
        let mut counts = Self::default();
        for (_, share) in sent {
            *counts.of(*share) += 1;
        }
        counts
    }

    fn of(&mut self, share: Share) -> &mut usize {
        match share {
            Share::Critical => &mut self.critical,
            Share::Answers => &mut self.answers,
            Share::News => &mut self.news,
        }
    }

    /// How many more messages of this share the minute has room for. What the others did not use
    /// of theirs is not there for it.
    fn left(&self, share: Share, limits: &Limits) -> usize {
        let kept = |whose: Share, kept: usize, used: usize| match share == whose {
            true => 0,
            false => kept.saturating_sub(used),
        };
        let taken = self.critical + self.answers + self.news;
        limits
            .group_per_minute
            .saturating_sub(taken)
            .saturating_sub(kept(Share::Critical, limits.group_criticals, self.critical))
            .saturating_sub(kept(Share::Answers, limits.group_answers, self.answers))
    }

    /// How many more of them keep no distance.
    fn near(mut self, share: Share, limits: &Limits) -> usize {
        let near = match share {
            Share::Critical => limits.group_criticals,
            Share::Answers => usize::MAX,
            Share::News => limits.group_burst,
        };
        near.saturating_sub(*self.of(share))
    }

    /// How far from the one before it the next message of this share keeps, `left` being left to
    /// it.
    fn distance(self, share: Share, left: usize, limits: &Limits) -> Duration {
        if self.near(share, limits) > 0 {
            return Duration::ZERO;
        }
        let left = u32::try_from(left).unwrap_or(u32::MAX);
        Limits::GROUP_DISTANCE / left.max(1)
    }
}
