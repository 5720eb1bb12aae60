//! Who is told instead, and the alert that something critical is late.

use std::collections::HashSet;

use nabat_core::card::Card;
use nabat_core::delivery::{Content, Priority};
use nabat_core::destination::Destination;
use nabat_core::incident::IncidentId;
use nabat_core::time::Timestamp;

use super::super::setting::SPARE;
use super::super::world::World;
use super::Kept;

impl World {
    /// A fallback is told when, and only when, somebody could not be told for long or something
    /// was given up.
    pub(super) fn check_fallbacks(&mut self, kept: &Kept) {
        let late = self.late(kept);
        for (there, id) in &late {
            // A chat may have heard of it by a subscription, and ended that since.
            if there.chat().is_none() {
                self.claim(kept.shown.contains(&(*there, *id)), || {
                    format!("{there} is not told of {id:?} instead")
                });
            }
        }
        self.check_spare(kept, late);
    }

    /// Who has to be told of what instead.
    fn late(&self, kept: &Kept) -> HashSet<(Destination, IncidentId)> {
        let mut late = HashSet::new();
        for card in &kept.snapshot.cards {
            let outlet = card.destination.outlet();
            let Some(fallback) = self.settings.fallbacks.get(&outlet) else {
                continue;
            };
            let since = self.untold_since(kept, card);
            if since.is_some_and(|since| since.after(fallback.after) <= self.now) {
                for id in self.untold(kept, card) {
                    late.extend(fallback.to.iter().map(|to| (*to, id)));
                }
            }
        }
        late
    }

    /// To the spare integration nothing leads but a fallback.
    fn check_spare(&mut self, kept: &Kept, mut late: HashSet<(Destination, IncidentId)>) {
        // What was late when the step began may have been told or be over in the same step.
        if let Some(before) = self.kept_before.take() {
            late.extend(self.late(&before));
            let spare = Destination::Integration(SPARE);
            let new = kept.shown.difference(&before.shown);
            let unasked = new
                .filter(|(there, _)| *there == spare)
                .find(|key| !late.contains(key) && !self.given_up.contains(&key.1))
                .copied();
            self.claim(unasked.is_none(), || {
                format!("{unasked:?} is told instead, but nobody waits for it")
            });
        }
    }

    /// Since when its destination could not be told of a card.
    fn untold_since(&self, kept: &Kept, card: &Card) -> Option<Timestamp> {
        let chat = card.destination.chat().and_then(|key| kept.chat(key));
        let disabled = chat.and_then(|chat| chat.disabled.as_ref());
        let mut deliveries = kept.snapshot.deliveries.iter();
        let waits = deliveries.find(|delivery| delivery.content == Content::Card(card.id));
        let waits = waits.map(|delivery| delivery.created_at);
        disabled.map(|disabled| disabled.since).or(waits)
    }

    /// What fires on a card, may be told and is not.
    fn untold(&self, kept: &Kept, card: &Card) -> Vec<IncidentId> {
        if self.muted(&kept.snapshot, card) {
            return Vec::new();
        }
        let members = card.members.iter().filter(|(_, told)| told.edition == 0);
        members
            .filter_map(|(id, _)| kept.incident(*id))
            .filter(|incident| !incident.ended())
            .filter(|incident| !self.hushed(&kept.snapshot, incident))
            .filter(|incident| self.is_led(card, incident))
            .map(|incident| incident.id)
            .collect()
    }

    /// The own alert fires as long as a critical delivery is late, and no longer.
    pub(super) fn check_late(&mut self, kept: &Kept) {
        let after = self.settings.late_after;
        let late = kept.snapshot.deliveries.iter().find(|delivery| {
            delivery.priority == Priority::Critical && delivery.created_at.after(after) <= self.now
        });
        let mut firing = kept.firing();
        let told = firing.any(|incident| incident.name() == "NabatDeliveryLate");
        self.claim(told == late.is_some(), || {
            format!("NabatDeliveryLate fires: {told}; late is {late:?}")
        });
    }
}
