//! The store in memory: for tests and simulation. It keeps what it is told, no longer than it lives.

mod monitors;

use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use nabat_core::card::{Card, CardId, Told};
use nabat_core::change::{Change, Given, Snapshot};
use nabat_core::delivery::{Attempt, DeliveryId, Done};
use nabat_core::history::{Entry, EntryId};
use nabat_core::incident::{Incident, IncidentId, State, title_of};
use nabat_core::monitor::MonitorId;
use nabat_core::monitor::record::{Edge, Ping};
use nabat_core::time::Timestamp;
use nabat_core::token::{Token, covers};

use super::{
    Fence, GIVEN_BYTES_KEPT_OF_ONE, GIVEN_KEPT, GIVEN_KEPT_FOR, GIVEN_KEPT_OF_ONE, History,
    IncidentPage, IncidentQuery, Keep, Query, Record, Store, StoreError, Watched,
};
use monitors::Monitors;

/// The store in memory.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    state: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    epochs: BTreeMap<String, i64>,
    incidents: BTreeMap<IncidentId, Arc<Incident>>,
    cards: BTreeMap<CardId, Card>,
    ledger: BTreeMap<(CardId, IncidentId), Told>,
    done: BTreeMap<DeliveryId, Done>,
    attempts: BTreeMap<(DeliveryId, u32), Attempt>,
    entries: BTreeMap<(IncidentId, EntryId), Entry>,
    monitors: Monitors,
    tokens: BTreeMap<String, Token>,
    given: Vec<Given>,
    rest: Snapshot,
}

impl Memory {
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn check(&self, fence: &Fence) -> Result<(), StoreError> {
        if self.epochs.get(&fence.lease) == Some(&fence.epoch) {
            return Ok(());
        }
        Err(StoreError::Fenced {
            fence: fence.clone(),
        })
    }

    /// All of them are taken, or none.
    fn check_revisions(&self, changes: &[Change]) -> Result<(), StoreError> {
        let mut revisions: BTreeMap<IncidentId, u32> = BTreeMap::new();
        for change in changes {
            let Change::Incident(incident) = change else {
                continue;
            };
            let stored = || self.incidents.get(&incident.id).map(|known| known.revision);
            let before = revisions.insert(incident.id, incident.revision);
            let before = before.or_else(stored);
            if before.is_some_and(|before| before >= incident.revision) {
                return Err(StoreError::Stale {
                    incident: incident.id,
                });
            }
        }
        Ok(())
    }

    fn apply(&mut self, change: Change) {
        match change {
            Change::Incident(incident) => {
                self.incidents.insert(incident.id, incident);
            }
            Change::Chat(chat) => put(&mut self.rest.chats, chat, |chat| chat.key),
            Change::ChatGone(key) => self.rest.chats.retain(|chat| chat.key != key),
            Change::Person(person) => put(&mut self.rest.people, person, |person| person.id),
            Change::PersonGone(id) => self.rest.people.retain(|person| person.id != id),
            Change::Invite(invite) => {
                put(&mut self.rest.invites, invite, |invite| invite.code_hash);
            }
            Change::InviteGone(hash) => self.rest.invites.retain(|i| i.code_hash != hash),
            Change::Subscription(subscription) => {
                put(&mut self.rest.subscriptions, subscription, |s| s.id);
            }
            Change::Bot(bot) => put(&mut self.rest.bots, *bot, |bot| bot.id),
            Change::BotGone(id) => self.rest.bots.retain(|bot| bot.id != id),
            Change::SubscriptionGone(id) => self.rest.subscriptions.retain(|s| s.id != id),
            Change::Card(card) => {
                self.cards.insert(card.id, *card);
            }
            Change::CardGone(id) => {
                self.cards.remove(&id);
                self.ledger.retain(|(card, _), _| *card != id);
            }
            Change::Told {
                card,
                incident,
                told,
            } => {
                self.ledger.insert((card, incident), told);
            }
            Change::ToldGone { card, incident } => {
                self.ledger.remove(&(card, incident));
            }
            Change::Delivery(delivery) => put(&mut self.rest.deliveries, delivery, |d| d.id),
            Change::DeliveryGone(id) => {
                self.rest.deliveries.retain(|d| d.id != id);
                if !self.done.contains_key(&id) {
                    self.attempts.retain(|(delivery, _), _| *delivery != id);
                }
            }
            Change::DeliveryDone(done) => {
                self.rest.deliveries.retain(|d| d.id != done.id);
                self.done.insert(done.id, *done);
            }
            Change::Attempt(attempt) => {
                let key = (attempt.delivery, attempt.number);
                self.attempts.insert(key, attempt);
            }
            Change::Silence(silence) => {
                put(&mut self.rest.silences, silence.as_ref().clone(), |s| s.id);
            }
            Change::Entry(entry) => {
                self.entries.insert((entry.incident, entry.id), *entry);
            }
            Change::SilenceGone(id) => self.rest.silences.retain(|s| s.id != id),
            Change::Monitor(..)
            | Change::MonitorState(..)
            | Change::MonitorGone(_)
            | Change::Edge(_)
            | Change::EdgesGone(_)
            | Change::Ping(_)
            | Change::WatchedUntil(_) => self.monitors.apply(change),
            Change::Token(token) => {
                self.tokens.insert(token.name.clone(), *token);
            }
            Change::TokenGone(name) => {
                self.tokens.remove(&name);
            }
            Change::Given(given) => self.give(*given),
            Change::Offset(bot, offset) => {
                put(&mut self.rest.offsets, (bot, offset), |(bot, _)| *bot);
            }
            Change::NumbersUsed(number) => self.rest.numbers_used = number,
        }
    }

    fn give(&mut self, given: Given) {
        let old = given.at.before(GIVEN_KEPT_FOR);
        let same = |known: &Given| known.asker == given.asker && known.key == given.key;
        self.given.retain(|known| known.at > old && !same(known));
        let (mut theirs, mut bytes) = (0, 0);
        let asker = given.asker;
        self.given.push(given);
        self.given.reverse();
        self.given.retain(|known| {
            if known.asker != asker {
                return true;
            }
            theirs += 1;
            bytes += known.body.len();
            theirs <= GIVEN_KEPT_OF_ONE && (theirs == 1 || bytes <= GIVEN_BYTES_KEPT_OF_ONE)
        });
        self.given.truncate(GIVEN_KEPT);
        self.given.reverse();
    }

    fn attempts(&self, id: DeliveryId) -> impl DoubleEndedIterator<Item = &Attempt> {
        let attempts = self.attempts.range((id, 0)..=(id, u32::MAX));
        attempts.map(|(_, attempt)| attempt)
    }

    fn record(&self, done: &Done) -> Record {
        let last = self.attempts(done.id).next_back();
        Record {
            done: done.clone(),
            last_error: last.map(|attempt| attempt.words.clone()),
        }
    }

    fn told_somewhere(&self, incident: IncidentId) -> bool {
        self.ledger.keys().any(|(_, known)| *known == incident)
    }
}

fn put<T, K: PartialEq>(items: &mut Vec<T>, item: T, key: impl Fn(&T) -> K) {
    items.retain(|known| key(known) != key(&item));
    items.push(item);
}

impl Store for Memory {
    fn acquire(&self, lease: &str, _holder: &str) -> Result<Fence, StoreError> {
        let mut kept = self.kept();
        let epoch = kept.epochs.entry(lease.to_owned()).or_default();
        *epoch += 1;
        Ok(Fence {
            lease: lease.to_owned(),
            epoch: *epoch,
        })
    }

    fn instance(&self) -> Result<String, StoreError> {
        Ok("memory".to_owned())
    }

    fn apply(&self, fence: &Fence, changes: &[Change]) -> Result<(), StoreError> {
        let mut kept = self.kept();
        kept.check(fence)?;
        kept.check_revisions(changes)?;
        for change in changes {
            kept.apply(change.clone());
        }
        Ok(())
    }

    fn snapshot(&self, ended_since: Timestamp) -> Result<Snapshot, StoreError> {
        let kept = self.kept();
        let mut cards: Vec<Card> = kept.cards.values().cloned().collect();
        for card in &mut cards {
            card.members = kept
                .ledger
                .range((card.id, IncidentId(i64::MIN))..=(card.id, IncidentId(i64::MAX)))
                .map(|((_, incident), told)| (*incident, *told))
                .collect();
        }
        let told: HashSet<IncidentId> = kept.ledger.keys().map(|(_, id)| *id).collect();
        let matters = |incident: &&Arc<Incident>| match incident.state {
            State::Ended { at, .. } => at >= ended_since || told.contains(&incident.id),
            _ => true,
        };
        let incidents = kept.incidents.values().filter(matters);
        Ok(Snapshot {
            incidents: incidents.map(|incident| (**incident).clone()).collect(),
            cards,
            ..kept.rest.clone()
        })
    }

    fn prune(&self, fence: &Fence, keep: Keep, limit: usize) -> Result<usize, StoreError> {
        let mut kept = self.kept();
        kept.check(fence)?;
        let mut oldest: Vec<(Timestamp, IncidentId)> = kept
            .incidents
            .values()
            .filter_map(|incident| match incident.state {
                State::Ended { at, .. } => Some((at, incident.id)),
                _ => None,
            })
            .collect();
        oldest.sort_unstable();
        let beyond = oldest.len().saturating_sub(keep.rows);
        let gone: Vec<IncidentId> = oldest
            .into_iter()
            .enumerate()
            .filter(|(place, (at, _))| *place < beyond || *at < keep.since)
            .map(|(_, (_, id))| id)
            .filter(|id| !kept.told_somewhere(*id))
            .take(limit)
            .collect();
        for id in &gone {
            kept.incidents.remove(id);
            kept.entries.retain(|(incident, _), _| incident != id);
        }
        Ok(gone.len())
    }

    fn prune_history(&self, fence: &Fence, keep: Keep, limit: usize) -> Result<usize, StoreError> {
        let mut kept = self.kept();
        kept.check(fence)?;
        let mut oldest: Vec<(Timestamp, DeliveryId)> = kept
            .done
            .values()
            .map(|done| (done.done_at, done.id))
            .collect();
        oldest.sort_unstable();
        let outdated = oldest.iter().filter(|(at, _)| *at < keep.since).count();
        let gone = outdated
            .max(oldest.len().saturating_sub(keep.rows))
            .min(limit);
        for (_, id) in oldest.into_iter().take(gone) {
            kept.done.remove(&id);
            kept.attempts.retain(|(delivery, _), _| *delivery != id);
        }
        Ok(gone)
    }

    fn probe(&self, fence: &Fence) -> Result<(), StoreError> {
        self.kept().check(fence)
    }
}

impl History for Memory {
    fn deliveries(&self, query: &Query) -> Result<Vec<Record>, StoreError> {
        let kept = self.kept();
        let before = query.before.unwrap_or(DeliveryId(i64::MAX));
        let wanted = |done: &&Done| {
            (query.fates.is_empty() || query.fates.contains(&done.fate))
                && query.destination.is_none_or(|at| at == done.destination)
        };
        let newest = kept.done.range(..before).rev().map(|(_, done)| done);
        let found = newest.filter(wanted).take(query.limit);
        Ok(found.map(|done| kept.record(done)).collect())
    }

    fn delivery(&self, id: DeliveryId) -> Result<Option<Record>, StoreError> {
        let kept = self.kept();
        Ok(kept.done.get(&id).map(|done| kept.record(done)))
    }

    fn attempts(&self, id: DeliveryId) -> Result<Vec<Attempt>, StoreError> {
        Ok(self.kept().attempts(id).cloned().collect())
    }

    fn incidents(&self, query: &IncidentQuery) -> Result<IncidentPage, StoreError> {
        let kept = self.kept();
        let wanted = |incident: &&Incident| {
            let ended_at = match incident.state {
                State::Ended { at, .. } => Some(at),
                _ => None,
            };
            let title = title_of(&incident.labels, &incident.annotations);
            covers(&query.scope, &incident.labels)
                && query.open.is_none_or(|open| open == ended_at.is_none())
                && query.until.is_none_or(|until| incident.opened_at <= until)
                && query
                    .since
                    .is_none_or(|since| ended_at.is_none_or(|at| at >= since))
                && query
                    .selector
                    .as_ref()
                    .is_none_or(|selector| selector.selects(&incident.labels, &title))
        };
        let before = query.before.unwrap_or(IncidentId(i64::MAX));
        let newest = kept.incidents.range(..before).rev();
        let mut found = newest.map(|(_, incident)| &**incident).filter(wanted);
        let incidents: Vec<Incident> = found.by_ref().take(query.limit).cloned().collect();
        let next = found.next().and(incidents.last()).map(|last| last.id);
        Ok(IncidentPage { incidents, next })
    }

    fn incident(&self, id: IncidentId) -> Result<Option<Incident>, StoreError> {
        Ok(self
            .kept()
            .incidents
            .get(&id)
            .map(|known| (**known).clone()))
    }

    fn entries(&self, id: IncidentId) -> Result<Vec<Entry>, StoreError> {
        let kept = self.kept();
        let of_incident = (id, EntryId(i64::MIN))..=(id, EntryId(i64::MAX));
        Ok(kept
            .entries
            .range(of_incident)
            .map(|(_, e)| e.clone())
            .collect())
    }

    fn monitors(&self) -> Result<Watched, StoreError> {
        Ok(self.kept().monitors.all())
    }

    fn tokens(&self) -> Result<Vec<Token>, StoreError> {
        Ok(self.kept().tokens.values().cloned().collect())
    }

    fn given(&self, since: Timestamp) -> Result<Vec<Given>, StoreError> {
        let kept = self.kept();
        let of_after = kept.given.iter().filter(|given| given.at > since);
        Ok(of_after.cloned().collect())
    }

    fn edges(&self, id: MonitorId, since: Timestamp) -> Result<Vec<Edge>, StoreError> {
        Ok(self.kept().monitors.edges(id, since))
    }

    fn pings(&self, id: MonitorId, limit: usize) -> Result<Vec<Ping>, StoreError> {
        Ok(self.kept().monitors.pings(id, limit))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::contract;

    #[test]
    fn fulfils_the_contract() {
        contract::run(|| {
            let folder = tempfile::tempdir().unwrap();
            (folder, Memory::default())
        });
    }
}
