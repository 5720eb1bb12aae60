//! What a restart, and a commit that is refused, leave as it was.

use std::collections::{BTreeSet, HashSet};

use nabat_core::card::{Card, CardId};
use nabat_core::change::Snapshot;
use nabat_core::delivery::{Content, Delivery, DeliveryId};
use nabat_core::incident::Incident;

use super::super::setting::tells_ends;
use super::super::world::World;
use crate::store::Store;

/// What is doubtful after a restart is told under a silence too: then more that waits is critical,
/// and this alert may begin.
const MAY_BEGIN: &str = "NabatDeliveryLate";

impl World {
    /// A restart changes nothing but what couriers `held`.
    pub(in super::super) fn check_restart(
        &mut self,
        before: &Snapshot,
        held: &HashSet<DeliveryId>,
    ) {
        let after = self.store.snapshot(self.now).unwrap();
        let late = cards_of_late(before).chain(cards_of_late(&after));
        // Of a clock that was set back and caught up again, repeats are left that are not due.
        let due = before
            .cards
            .iter()
            .filter(|card| card.routed.is_some() && self.set_back);
        // Of a group that is no more, what other groups say of it may have come first before.
        let orphans = before
            .cards
            .iter()
            .filter(|card| self.has_orphans(before, card));
        let late = late.chain(due.chain(orphans).map(|card| card.id)).collect();
        let (before, after) = (facts(before, held, &late), facts(&after, held, &late));
        self.check_same("a restart", &before, &after);
    }

    pub(in super::super) fn check_same(
        &mut self,
        what: &str,
        before: &BTreeSet<String>,
        after: &BTreeSet<String>,
    ) {
        self.claim(before == after, || {
            let gone: Vec<_> = before.difference(after).collect();
            let new: Vec<_> = after.difference(before).collect();
            format!("{what} made {new:#?} of {gone:#?}")
        });
    }
}

/// The cards that tell that something is late.
fn cards_of_late(kept: &Snapshot) -> impl Iterator<Item = CardId> {
    let mut incidents = kept.incidents.iter();
    let late = incidents.find(|incident| !incident.ended() && incident.name() == MAY_BEGIN);
    let cards = kept.cards.iter();
    cards
        .filter(move |card| late.is_some_and(|late| card.members.contains_key(&late.id)))
        .map(|card| card.id)
}

/// Everything that a restart keeps, each fact as its text.
fn facts(kept: &Snapshot, held: &HashSet<DeliveryId>, late: &HashSet<CardId>) -> BTreeSet<String> {
    // Who wants no ends is told to the end what is on its way, and that is lost.
    let kept_on = |card: &Card| !late.contains(&card.id) && tells_ends(card.destination);
    let waits = |delivery: &&Delivery| match &delivery.content {
        Content::Card(id) => {
            let mut cards = kept.cards.iter();
            !held.contains(&delivery.id) && cards.any(|card| card.id == *id && kept_on(card))
        }
        Content::Say(_) | Content::Edit { .. } => true,
    };
    let open = |incident: &&Incident| !incident.ended() && incident.name() != MAY_BEGIN;
    let deliveries = kept.deliveries.iter().filter(waits).map(|delivery| {
        let (since, attempts) = (delivery.created_at, delivery.attempts);
        format!(
            "{:?} {:?} {since} {attempts}",
            delivery.id, delivery.content
        )
    });
    let incidents = kept.incidents.iter().filter(open);
    let cards = kept.cards.iter().filter(|card| kept_on(card));
    // Nobody knows what was on its way: that is all that becomes doubtful. When a group with hours
    // that has said nothing yet will speak is decided anew.
    let without_doubts = |card: &Card| {
        let mut card = card.clone();
        let hours = card
            .routed
            .as_mut()
            .filter(|routed| !routed.hours.are_all());
        if let Some(routed) = hours.filter(|routed| routed.told_at.is_none()) {
            routed.beat = None;
        }
        for told in card.members.values_mut() {
            told.maybe = false;
        }
        card
    };
    cards
        .map(|card| format!("{:?}", without_doubts(card)))
        .chain(incidents.map(|incident| format!("{incident:?}")))
        .chain(deliveries)
        .chain(kept.chats.iter().map(|chat| format!("{chat:?}")))
        .chain(kept.silences.iter().map(|silence| format!("{silence:?}")))
        .chain(kept.subscriptions.iter().map(|known| format!("{known:?}")))
        .collect()
}
