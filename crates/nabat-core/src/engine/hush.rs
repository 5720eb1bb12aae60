//! What keeps alerts from being told though they fire: acknowledgements and silences.

use std::sync::Arc;
use std::time::Duration;

use super::{Effects, Engine, Timer};
use crate::alert::Labels;
use crate::change::Change;
use crate::incident::{Acknowledgement, Incident, IncidentId};
use crate::silence::{Silence, SilenceId};
use crate::time::Timestamp;

/// Silences that ended are kept no longer than the step in which they end; more than this are not
/// kept at all.
const SILENCES_MAX: usize = 10_000;

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
            if incident.ended() || incident.acknowledged.as_ref() == acknowledgement {
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
        let acknowledged = known.incident.acknowledged.as_ref();
        let over = acknowledged.is_some_and(|acknowledged| acknowledged.until <= now);
        if over && !known.incident.ended() {
            Arc::make_mut(&mut known.incident).outlive_acknowledgement();
            let incident = Arc::clone(&known.incident);
            self.changed(now, &incident, out);
            self.keep_acknowledgement(now, &incident, out);
        }
    }

    fn changed(&mut self, now: Timestamp, incident: &Arc<Incident>, out: &mut Effects) {
        out.changes.push(Change::Incident(Arc::clone(incident)));
        self.after_change(now, incident);
    }

    /// Puts a silence in force. Returns whether there was room for it.
    pub(super) fn put_silence(
        &mut self,
        now: Timestamp,
        silence: &Silence,
        out: &mut Effects,
    ) -> bool {
        if self.silences.len() >= SILENCES_MAX {
            return false;
        }
        self.timers
            .insert((silence.ends_at, Timer::Silence(silence.id)));
        out.changes.push(Change::Silence(Box::new(silence.clone())));
        self.silences.insert(silence.id, silence.clone());
        self.cover_anew(now, silence, out);
        true
    }

    /// Ends a silence: what it held back and still fires is told. Returns whether there was one.
    pub(super) fn end_silence(&mut self, now: Timestamp, id: SilenceId, out: &mut Effects) -> bool {
        let Some(silence) = self.silences.remove(&id) else {
            return false;
        };
        out.changes.push(Change::SilenceGone(id));
        self.cover_anew(now, &silence, out);
        true
    }

    pub(super) fn end_silence_if_due(&mut self, now: Timestamp, id: SilenceId, out: &mut Effects) {
        let silence = self.silences.get(&id);
        if silence.is_some_and(|silence| silence.ends_at <= now) {
            self.end_silence(now, id, out);
        }
    }

    /// Until when the alert with these labels is silenced, if it is.
    /// A silence whose time is up counts until the timer has ended it, which shows that it is over.
    pub(super) fn silenced_until(&self, labels: &Labels) -> Option<Timestamp> {
        self.silences
            .values()
            .filter(|silence| silence.covers(labels))
            .map(|silence| silence.ends_at)
            .max()
    }

    /// The silences that cover an alert.
    pub(super) fn silences_of(&self, now: Timestamp, labels: &Labels) -> Vec<SilenceId> {
        self.silences
            .values()
            .filter(|silence| silence.active(now) && silence.covers(labels))
            .map(|silence| silence.id)
            .collect()
    }

    /// After a silence came or went: what is so of the incidents it is about, and what their cards
    /// have to tell. Those who know them are shown the silence too.
    fn cover_anew(&mut self, now: Timestamp, silence: &Silence, out: &mut Effects) {
        let covered: Vec<IncidentId> = self
            .incidents
            .iter()
            .filter(|(_, known)| silence.covers(&known.incident.labels))
            .map(|(id, _)| *id)
            .collect();
        for id in covered {
            let Some(known) = self.incidents.get(&id) else {
                continue;
            };
            let until = self.silenced_until(&known.incident.labels);
            let Some(known) = self.incidents.get_mut(&id) else {
                continue;
            };
            if known.silenced_until == until {
                continue;
            }
            known.silenced_until = until;
            if known.cards.is_empty() {
                continue;
            }
            if known.incident.ended() {
                self.touched.extend(&known.cards);
                continue;
            }
            // Another edition, so that live messages show it.
            Arc::make_mut(&mut known.incident).note_silence();
            let incident = Arc::clone(&known.incident);
            self.changed(now, &incident, out);
        }
    }
}

/// The most that a button or a command may silence.
pub(super) const SILENCE_MAX: Duration = Duration::from_secs(366 * 86_400);
