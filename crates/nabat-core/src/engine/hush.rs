//! Acknowledgements: somebody's word that they see to what fires.

use std::sync::Arc;

use super::{Effects, Engine, Timer};
use crate::change::Change;
use crate::incident::{Acknowledgement, Incident, IncidentId};
use crate::time::Timestamp;

impl Engine {
    /// Notes that somebody took these incidents, or lets go of them with `None`. Those that are
    /// over or unknown are left alone. Returns how many there were.
    pub(super) fn acknowledge(
        &mut self,
        now: Timestamp,
        incidents: &[IncidentId],
        acknowledgement: Option<&Acknowledgement>,
        out: &mut Effects,
    ) -> usize {
        let mut count = 0;
        for id in incidents {
            let Some(known) = self.incidents.get_mut(id) else {
                continue;
            };
            let incident = &known.incident;
            if incident.ended() || incident.acknowledged.as_deref() == acknowledgement {
                continue;
            }
            Arc::make_mut(&mut known.incident).acknowledge(acknowledgement.cloned());
            let incident = Arc::clone(&known.incident);
            self.watch_acknowledgement(&incident);
            self.changed(now, &incident, out);
            self.keep_acknowledgement(now, &incident, out);
            count += 1;
        }
        count
    }

    /// Remembers when an acknowledgement runs out.
    pub(super) fn watch_acknowledgement(&mut self, incident: &Incident) {
        if let Some(acknowledged) = &incident.acknowledged {
            self.timers
                .insert((acknowledged.until, Timer::Acknowledgement(incident.id)));
        }
    }

    /// What was acknowledged and still fires when the time is up demands attention again.
    pub(super) fn outlive_acknowledgement(
        &mut self,
        now: Timestamp,
        id: IncidentId,
        out: &mut Effects,
    ) {
        let Some(known) = self.incidents.get_mut(&id) else {
            return;
        };
        let acknowledged = known.incident.acknowledged.as_deref();
        let over = acknowledged.is_some_and(|acknowledged| acknowledged.until <= now);
        if over && !known.incident.ended() {
            Arc::make_mut(&mut known.incident).outlive_acknowledgement();
            let incident = Arc::clone(&known.incident);
            self.changed(now, &incident, out);
            self.keep_acknowledgement(now, &incident, out);
        }
    }

    /// After somebody took it, let go of it or silenced it, or time ended that: messages show it at
    /// once.
    pub(super) fn changed(&mut self, now: Timestamp, incident: &Arc<Incident>, out: &mut Effects) {
        if let Some(known) = self.incidents.get_mut(&incident.id) {
            known.marked = incident.edition;
        }
        out.changes.push(Change::Incident(Arc::clone(incident)));
        self.after_change(now, incident);
    }
}
