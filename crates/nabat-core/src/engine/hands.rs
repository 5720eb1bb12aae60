//! What couriers have in their hands, card by card, and what became doubtful because of it.
//!
//! No commit makes it so: a message is on its way whether or not the store takes writes. It is known
//! in memory only, but for doubts about what waits for no courier, which the ledger notes. When a commit fails and the engine is read back, the hands are therefore
//! taken over as they were at the last commit ([`Before`]): whoever holds something was told so
//! after a commit, and whoever could not have an outcome noted still holds it.

use std::collections::{BTreeSet, HashMap};

use super::{Effects, Engine, OnDuty};
use crate::card::CardId;
use crate::change::Change;
use crate::incident::IncidentId;

/// What is on its way, or may have been, of one card.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Hand {
    /// What the message tells of that a courier has, while one has it.
    on_its_way: Option<BTreeSet<IncidentId>>,
    /// Of what the chat may have seen a message although the ledger knows nothing: an answer got
    /// lost, or the process died. The ends of it are told too.
    in_doubt: BTreeSet<IncidentId>,
    /// How many answers got lost since the last one that came.
    answers_lost: u32,
}

/// The hands that changed since the last commit, as they were then.
#[derive(Debug, Default)]
pub(super) struct Before(HashMap<CardId, Hand>);

impl Before {
    pub(super) fn note(&mut self, on_duty: &OnDuty) {
        let hand = || on_duty.hand.clone();
        self.0.entry(on_duty.card.id).or_insert_with(hand);
    }
}

impl OnDuty {
    /// Whether the chat may have seen a message about an incident of which the ledger knows
    /// nothing.
    pub(super) fn maybe_told(&self, incident: IncidentId) -> bool {
        let known = self.card.members.get(&incident);
        self.is_on_its_way(incident)
            || self.hand.in_doubt.contains(&incident)
            || known.is_some_and(|told| told.maybe)
    }

    /// Whether a courier has a message about an incident.
    pub(super) fn is_on_its_way(&self, incident: IncidentId) -> bool {
        let told = self.hand.on_its_way.as_ref();
        told.is_some_and(|told| told.contains(&incident))
    }

    /// Whether a courier has a message of it.
    pub(super) fn on_its_way(&self) -> bool {
        self.hand.on_its_way.is_some()
    }

    /// How many answers got lost since the last one that came.
    pub(super) fn answers_lost(&self) -> u32 {
        self.hand.answers_lost
    }

    fn change(&mut self, before: &mut Before) -> &mut Hand {
        before.note(self);
        &mut self.hand
    }

    /// A courier gets a message that tells of these. If another had one, it will not say how that
    /// went.
    pub(super) fn hand_out(&mut self, told: BTreeSet<IncidentId>, before: &mut Before) {
        self.doubt(before);
        self.change(before).on_its_way = Some(told);
    }

    /// Nobody knows what became of the message that a courier had, if one had.
    pub(super) fn doubt(&mut self, before: &mut Before) {
        if self.on_its_way() {
            let hand = self.change(before);
            let told = hand.on_its_way.take();
            hand.in_doubt.extend(told.unwrap_or_default());
        }
    }

    /// Nobody has seen the message that a courier had.
    pub(super) fn take_back(&mut self, before: &mut Before) {
        if self.on_its_way() {
            self.change(before).on_its_way = None;
        }
    }

    /// The answer to a message got lost: the next one may repeat it.
    pub(super) fn lose_answer(&mut self, before: &mut Before) {
        let hand = self.change(before);
        hand.answers_lost = hand.answers_lost.saturating_add(1);
    }

    /// The ledger knows of these now.
    pub(super) fn clear_up(
        &mut self,
        noted: impl IntoIterator<Item = IncidentId>,
        before: &mut Before,
    ) {
        self.doubt(before);
        let hand = self.change(before);
        hand.answers_lost = 0;
        for incident in noted {
            hand.in_doubt.remove(&incident);
        }
    }

    /// Nobody knows which of these the chat has seen.
    pub(super) fn doubt_these(&mut self, incidents: BTreeSet<IncidentId>, before: &mut Before) {
        self.change(before).in_doubt.extend(incidents);
    }

    /// Another card is merged into this one.
    pub(super) fn take_over(&mut self, mut other: Self, before: &mut Before) {
        other.doubt(before);
        self.doubt_these(other.hand.in_doubt, before);
    }
}

impl Engine {
    /// Notes of a card for which no delivery waits whether its destination may have seen a message of
    /// what is on it: nothing else would say so after a restart.
    pub(super) fn keep_doubts(&mut self, id: CardId, out: &mut Effects) {
        let Some(on_duty) = self.cards.get_mut(&id) else {
            return;
        };
        for incident in &on_duty.hand.in_doubt {
            let Some(told) = on_duty.card.members.get_mut(incident) else {
                continue;
            };
            if told.edition == 0 && !told.maybe {
                told.maybe = true;
                out.changes.push(Change::Told {
                    card: id,
                    incident: *incident,
                    told: *told,
                });
            }
        }
    }

    /// Everything decided so far is stored. To be called after each commit.
    pub fn committed(&mut self) {
        self.before.0.clear();
    }

    /// Takes over what couriers had in their hands when the other engine was last stored, and what
    /// was explained when it ended.
    pub(super) fn take_over(&mut self, other: &Self) {
        let ended = other
            .incidents
            .values()
            .filter(|known| known.incident.ended());
        for then in ended {
            if let Some(known) = self.incidents.get_mut(&then.incident.id)
                && known.incident.ended()
            {
                known.inhibited_by = then.inhibited_by;
            }
        }
        for (id, on_duty) in &mut self.cards {
            let then = other.before.0.get(id);
            let hand = then.or_else(|| other.cards.get(id).map(|known| &known.hand));
            on_duty.hand = hand.cloned().unwrap_or_default();
        }
    }
}
