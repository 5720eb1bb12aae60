//! What waits to be kept: collected while one commit is under way, then kept at once.

use std::collections::BTreeMap;

use nabat_core::alert::{Fingerprint, News, Status};
use nabat_core::change::Change;
use nabat_core::monitor::record::Record;
use nabat_core::monitor::{MonitorId, State};
use tokio::sync::oneshot;

use super::Refused;
use crate::engine::NotTaken;

/// More edges and signs of life than these are not kept in memory for a store that takes no writes.
const CHANGES_MAX: usize = 100_000;

/// What waits to be kept.
#[derive(Debug, Default)]
pub(super) struct Batch {
    changes: Vec<Change>,
    /// The newest of each.
    states: BTreeMap<MonitorId, State>,
    /// The newest of each alert.
    news: BTreeMap<Fingerprint, News>,
    answers: Vec<oneshot::Sender<Result<(), Refused>>>,
}

impl Batch {
    pub(super) fn is_empty(&self) -> bool {
        self.changes.is_empty() && self.states.is_empty() && self.news.is_empty()
    }

    pub(super) fn change(&mut self, change: Change) {
        if self.changes.len() < CHANGES_MAX {
            self.changes.push(change);
        } else {
            tracing::error!("the store takes no writes: a part of the monitors' history is lost");
        }
    }

    pub(super) fn state(&mut self, id: MonitorId, state: State) {
        self.states.insert(id, state);
    }

    pub(super) fn news(&mut self, news: News) {
        self.news.extend([of_alert(news)]);
    }

    /// Answers once all of it is kept.
    pub(super) fn answer(&mut self, answer: oneshot::Sender<Result<(), Refused>>) {
        self.answers.push(answer);
    }

    /// What the engine is to keep, in this order, with what came last: ends make room for what begins.
    pub(super) fn to_keep(
        &self,
        last_changes: Vec<Change>,
        last_news: Vec<News>,
    ) -> (Vec<Change>, Vec<News>) {
        let states = self
            .states
            .iter()
            .map(|(id, state)| Change::MonitorState(*id, Box::new(state.clone())));
        let changes = self.changes.iter().cloned().chain(states);
        let changes = changes.chain(last_changes).collect();
        let mut newest = self.news.clone();
        newest.extend(last_news.into_iter().map(of_alert));
        let mut news: Vec<News> = newest.into_values().collect();
        news.sort_by_key(|news| matches!(news.status, Status::Firing { .. }));
        (changes, news)
    }

    /// What is to be kept of a monitor that is gone is of no use. What is to be said of it is.
    pub(super) fn forget(&mut self, id: MonitorId) {
        self.states.remove(&id);
        self.changes.retain(|change| of(change) != Some(id));
    }

    /// Puts what could not be kept before what came since. Who waits for it goes on waiting: it was
    /// done, so that it is told to have failed only if it never is kept.
    pub(super) fn again(&mut self, failed: Self, known: impl Fn(MonitorId) -> bool) {
        let mut changes = failed.changes;
        changes.retain(|change| of(change).is_none_or(&known));
        changes.append(&mut self.changes);
        changes.truncate(CHANGES_MAX);
        self.changes = changes;
        for (id, state) in failed.states {
            if known(id) {
                self.states.entry(id).or_insert(state);
            }
        }
        for (alert, news) in failed.news {
            self.news.entry(alert).or_insert(news);
        }
        self.answers.extend(failed.answers);
    }

    /// Tells everyone who waits.
    pub(super) fn tell(&mut self, kept: Result<(), &NotTaken>) {
        for answer in self.answers.drain(..) {
            let kept = kept.map_err(|why| Refused::NotTaken(why.clone()));
            // Whoever asked may have given up waiting.
            let _ = answer.send(kept);
        }
    }
}

fn of_alert(news: News) -> (Fingerprint, News) {
    (news.labels.fingerprint(), news)
}

/// For which monitor it is of use, if for one: that one is gone has to be kept all the same.
fn of(change: &Change) -> Option<MonitorId> {
    match change {
        Change::Monitor(record) => {
            let Record { id, .. } = **record;
            Some(id)
        }
        Change::MonitorState(id, _) => Some(*id),
        Change::Edge(edge) => Some(edge.monitor),
        Change::Ping(ping) => Some(ping.monitor),
        _ => None,
    }
}
