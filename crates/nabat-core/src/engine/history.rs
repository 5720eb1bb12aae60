//! What is kept of incidents for those who ask afterwards.

use super::couriers::card_of;
use super::{Effects, Engine};
use crate::change::Change;
use crate::delivery::{Delivery, Fate, Note};
use crate::history::{Entry, EntryId, What};
use crate::incident::{Incident, IncidentId};
use crate::time::Timestamp;

impl Engine {
    /// Keeps what happened to an incident.
    pub(super) fn keep(
        &mut self,
        now: Timestamp,
        incident: IncidentId,
        what: What,
        out: &mut Effects,
    ) {
        let id = EntryId(self.number(out));
        out.changes.push(Change::Entry(Box::new(Entry {
            id,
            incident,
            at: now,
            what,
        })));
    }

    /// Keeps who sees to an incident from now on, or that nobody does.
    pub(super) fn keep_acknowledgement(
        &mut self,
        now: Timestamp,
        incident: &Incident,
        out: &mut Effects,
    ) {
        let what = match &incident.acknowledged {
            Some(acknowledged) => What::Acknowledged {
                by: acknowledged.by.clone(),
                until: acknowledged.until,
            },
            None => What::Unattended,
        };
        self.keep(now, incident.id, what, out);
    }

    /// Keeps what silences an incident from now on, if anything does.
    pub(super) fn keep_silenced(&mut self, now: Timestamp, incident: &Incident, out: &mut Effects) {
        let silences = self.silences.covering(&incident.labels);
        let Some(silence) = silences.max_by_key(|silence| (silence.ends_at, silence.id)) else {
            return;
        };
        let what = What::Silenced {
            silence: silence.id,
            by: silence.created_by.clone(),
            until: silence.ends_at,
        };
        self.keep(now, incident.id, what, out);
    }

    /// Keeps of what incidents these deliveries told for the first time, and of which the end. Must
    /// be called before the ledger notes it.
    pub(super) fn keep_told(
        &mut self,
        now: Timestamp,
        deliveries: &[Delivery],
        told: &[Note],
        fate: Fate,
        out: &mut Effects,
    ) {
        for delivery in deliveries {
            let Some(card) = card_of(delivery) else {
                continue;
            };
            for note in told.iter().filter(|note| note.card == card) {
                let on_duty = self.cards.get(&card);
                let known = on_duty.and_then(|known| known.card.members.get(&note.incident));
                let Some(known) = known.copied() else {
                    continue;
                };
                if known.edition > 0 && known.ended == note.told.ended {
                    continue;
                }
                let what = What::Told {
                    destination: delivery.destination,
                    delivery: delivery.id,
                    fate,
                    ended: note.told.ended,
                };
                self.keep(now, note.incident, what, out);
            }
        }
    }
}
