//! One chat's line: what waits for it, in which order and how much of it together.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::super::{DIGEST_WITHOUT_FILE_MAX, DeliveryId, Priority};
use super::allowance::{Allowance, Share};
use super::limits::Limits;
use crate::chat::ChatKey;
use crate::time::Timestamp;

/// So many deliveries beyond what may be sent at once still get a message each: a live message
/// is worth waiting a few seconds for. In a group what is critical would wait longer than that.
const WORTH_WAITING_FOR: usize = 2;
/// More deliveries than this are not told in one digest.
const BATCH_MAX: usize = 2_000;
/// After so many messages in a row that left news behind, critical news takes it along.
const PASSED_OVER_MAX: u32 = 3;

/// One chat's line. Limits hold for the chat with all its topics.
#[derive(Debug)]
pub(super) struct Line {
    /// None of them is empty.
    waiting: BTreeMap<Priority, BTreeSet<DeliveryId>>,
    places: HashMap<DeliveryId, (Priority, ChatKey)>,
    /// Whose share the delivery counts for that is being made.
    in_hand: Option<Share>,
    /// The provider asked for it.
    frozen_until: Option<Timestamp>,
    /// Something failed.
    paused_until: Option<Timestamp>,
    allowance: Allowance,
    /// Something else went while an answer waited: the next turn is the answer's.
    answer_is_due: bool,
    /// How many critical messages in a row went while other news waited.
    passed_over: u32,
}

impl Line {
    pub(super) fn of(chat: i64) -> Self {
        Self {
            waiting: BTreeMap::new(),
            places: HashMap::new(),
            in_hand: None,
            frozen_until: None,
            paused_until: None,
            allowance: Allowance::of(chat),
            answer_is_due: false,
            passed_over: 0,
        }
    }

    pub(super) fn add(&mut self, id: DeliveryId, chat: ChatKey, priority: Priority) {
        self.remove(id);
        self.places.insert(id, (priority, chat));
        self.waiting.entry(priority).or_default().insert(id);
    }

    fn remove(&mut self, id: DeliveryId) {
        let Some((priority, _)) = self.places.remove(&id) else {
            return;
        };
        if let Some(waiting) = self.waiting.get_mut(&priority) {
            waiting.remove(&id);
            if waiting.is_empty() {
                self.waiting.remove(&priority);
            }
        }
    }

    /// What may go now, or when something may; `None` if nothing waits or the chat is busy.
    pub(super) fn first(
        &self,
        limits: &Limits,
        now: Timestamp,
    ) -> Option<Result<(Priority, DeliveryId), Timestamp>> {
        if self.in_hand.is_some() {
            return None;
        }
        let due = |priority: &Priority| self.answer_is_due && *priority == Priority::Answer;
        let answer = self.waiting.iter().filter(|(priority, _)| due(priority));
        let others = self.waiting.iter().filter(|(priority, _)| !due(priority));
        // What is more urgent may have to wait for room that the rest may not use anyway.
        let mut wait: Option<Timestamp> = None;
        for (priority, ids) in answer.chain(others) {
            let at = self.free_at(*priority, limits, now);
            match ids.first() {
                Some(id) if at <= now => return Some(Ok((*priority, *id))),
                _ => wait = Some(wait.map_or(at, |known| known.min(at))),
            }
        }
        wait.map(Err)
    }

    /// Takes a delivery out of the line, and with it, if it is news, other news that waits for
    /// the same place, should that be more than may be sent now.
    pub(super) fn take(
        &mut self,
        priority: Priority,
        id: DeliveryId,
        limits: &Limits,
        now: Timestamp,
    ) -> Option<(Vec<DeliveryId>, ChatKey)> {
        let (_, key) = *self.places.get(&id)?;
        let mut ids = vec![id];
        let together = self.together(priority);
        if !together.is_empty() {
            let others = together
                .iter()
                .filter_map(|priority| self.waiting.get(priority))
                .flatten()
                .filter(|other| self.places.get(other).is_some_and(|(_, at)| *at == key))
                .filter(|other| **other != id);
            let others: Vec<DeliveryId> = others.take(BATCH_MAX - 1).copied().collect();
            let room = self.allowance.room(Share::of(priority), limits, now);
            let patience = match (priority, &self.allowance) {
                (Priority::Critical, Allowance::Group { .. }) => 0,
                _ => WORTH_WAITING_FOR,
            };
            if others.len() + 1 > room + patience {
                ids.extend(others);
            }
        }
        for id in &ids {
            self.remove(*id);
        }
        self.in_hand = Some(Share::of(priority));
        self.note_turn(priority);
        Some((ids, key))
    }

    /// Which deliveries are told together with one of this urgency. What is critical goes without
    /// the rest as long as that can follow soon: it gets messages of its own, which can be
    /// acknowledged, and costs the chat no file.
    fn together(&self, priority: Priority) -> &'static [Priority] {
        const ALL: &[Priority] = &[Priority::Critical, Priority::News];
        match priority {
            Priority::News => ALL,
            Priority::Critical if self.passed_over >= PASSED_OVER_MAX => ALL,
            Priority::Critical if self.count(Priority::Critical) > DIGEST_WITHOUT_FILE_MAX => ALL,
            Priority::Critical => &[Priority::Critical],
            Priority::Answer | Priority::Quiet | Priority::Stranger => &[],
        }
    }

    /// How many messages are made of one of this urgency, with what goes along.
    fn messages(&self, priority: Priority) -> usize {
        let together = self.together(priority).iter();
        let waiting: usize = together.map(|priority| self.count(*priority)).sum();
        1 + usize::from(waiting > DIGEST_WITHOUT_FILE_MAX)
    }

    fn count(&self, priority: Priority) -> usize {
        self.waiting.get(&priority).map_or(0, BTreeSet::len)
    }

    /// Remembers whose turn it is next, so that neither answers nor other news wait for ever where
    /// critical news never ends.
    fn note_turn(&mut self, priority: Priority) {
        self.answer_is_due =
            priority != Priority::Answer && self.waiting.contains_key(&Priority::Answer);
        self.passed_over = match priority {
            Priority::Critical if self.waiting.contains_key(&Priority::News) => {
                self.passed_over.saturating_add(1)
            }
            Priority::Critical | Priority::News => 0,
            Priority::Answer | Priority::Quiet | Priority::Stranger => self.passed_over,
        };
    }

    fn free_at(&self, priority: Priority, limits: &Limits, now: Timestamp) -> Timestamp {
        let messages = self.messages(priority);
        let share = Share::of(priority);
        let free_at = self.allowance.free_at(share, messages, limits, now);
        self.held_until()
            .map_or(free_at, |until| until.max(free_at))
    }

    /// When the delivery in hand may make another request.
    pub(super) fn goes_on_at(&self, limits: &Limits, now: Timestamp) -> Timestamp {
        let share = self.in_hand.unwrap_or(Share::News);
        let free_at = self.allowance.goes_on_at(share, limits, now);
        self.held_until()
            .map_or(free_at, |until| until.max(free_at))
    }

    fn held_until(&self) -> Option<Timestamp> {
        self.frozen_until.max(self.paused_until)
    }

    /// Counts a request of the delivery in hand.
    pub(super) fn count_request(&mut self, now: Timestamp) {
        let share = self.in_hand.unwrap_or(Share::News);
        self.allowance.count(share, now);
    }

    /// The delivery in hand is answered: by now, all its requests arrived.
    pub(super) fn answered(&mut self, now: Timestamp) {
        self.allowance.answered(now);
    }

    pub(super) fn done(&mut self, now: Timestamp) {
        self.answered(now);
        self.in_hand = None;
    }

    pub(super) fn freeze(&mut self, until: Timestamp) {
        self.frozen_until = self.frozen_until.max(Some(until));
    }

    pub(super) fn pause(&mut self, until: Timestamp) {
        self.paused_until = self.paused_until.max(Some(until));
    }

    pub(super) fn hurry(&mut self) {
        self.paused_until = None;
    }

    /// Whether there is nothing to remember of the chat.
    pub(super) fn rests(&self, now: Timestamp) -> bool {
        let held = self.held_until().is_some_and(|until| until > now);
        self.places.is_empty() && self.in_hand.is_none() && !held && self.allowance.is_full(now)
    }
}
