//! Silences: how they begin, end and change, and what then becomes of the alerts they cover.

mod book;
mod named;
mod reminders;
mod windows;

use std::sync::Arc;
use std::time::Duration;

pub(super) use book::Book;
pub(super) use named::Named;

use super::{Effects, Engine, Timer};
use crate::alert::Labels;
use crate::change::Change;
use crate::incident::IncidentId;
use crate::silence::{Draft, Origin, Phase, Refusal, Silence, SilenceId};
use crate::time::Timestamp;

/// More silences than this are not pending or active at a time.
pub(super) const SILENCES_MAX: usize = 10_000;
/// For how long, and how many, expired ones are kept.
const KEEP_EXPIRED_FOR: Duration = Duration::from_secs(120 * 3_600);
const EXPIRED_MAX: usize = 10_000;

impl Engine {
    /// All silences that are not forgotten, in order of their numbers.
    pub fn silences(&self) -> impl Iterator<Item = &Arc<Silence>> {
        self.silences.all()
    }

    /// The numbers of the active silences that cover an alert with these labels, in order.
    pub fn silenced_by(&self, labels: &Labels) -> Vec<SilenceId> {
        let mut ids: Vec<SilenceId> = self.silences.covering(labels).map(|s| s.id).collect();
        ids.sort_unstable();
        ids
    }

    /// Makes a silence, or changes one. What may not be changed makes another one, and ends the
    /// first. Returns its number.
    ///
    /// # Errors
    /// Why not; then nothing has changed.
    pub fn set_silence(
        &mut self,
        now: Timestamp,
        draft: Draft,
        out: &mut Effects,
    ) -> Result<SilenceId, Refusal> {
        let id = self.put_silence(now, draft, out)?;
        self.announce_touched(now, out);
        Ok(id)
    }

    /// Ends a silence; one that has ended already stays as it is. Returns whether there is one.
    pub fn expire_silence(&mut self, now: Timestamp, id: SilenceId, out: &mut Effects) -> bool {
        let Some(silence) = self.silences.get(id).cloned() else {
            return false;
        };
        self.end_silence(now, &silence, out);
        self.announce_touched(now, out);
        true
    }

    pub(super) fn put_silence(
        &mut self,
        now: Timestamp,
        draft: Draft,
        out: &mut Effects,
    ) -> Result<SilenceId, Refusal> {
        let sound = draft.check(now);
        if let Err(refusal @ (Refusal::NoTime | Refusal::Over)) = sound {
            return Err(refusal);
        }
        let known = match draft.id {
            Some(id) => Some(self.silences.get(id).cloned().ok_or(Refusal::Unknown)?),
            None => None,
        };
        sound?;
        if let Some(known) = &known
            && draft.fits(known, now)
        {
            let id = known.id;
            self.change_silence(now, known, draft, out);
            return Ok(id);
        }
        let ends = known.filter(|known| known.phase != Phase::Expired);
        if self.silences.unexpired() >= SILENCES_MAX + usize::from(ends.is_some()) {
            let limit = SILENCES_MAX;
            return Err(Refusal::TooMany { limit });
        }
        if let Some(ends) = &ends {
            self.end_silence(now, ends, out);
        }
        let id = SilenceId(self.number(out));
        let silence = Silence {
            id,
            starts_at: draft.starts_at.max(now),
            ends_at: draft.ends_at.max(now),
            updated_at: now,
            phase: Phase::Pending,
            annotations: draft.annotations.unwrap_or_default(),
            until_resolved: draft.until_resolved.unwrap_or_default(),
            matchers: draft.matchers,
            created_by: draft.created_by,
            comment: draft.comment,
            origin: draft.origin,
        };
        self.keep_silence(now, silence, out);
        Ok(id)
    }

    /// Changes what may be changed of a silence.
    fn change_silence(&mut self, now: Timestamp, known: &Silence, draft: Draft, out: &mut Effects) {
        let begun = known.active();
        let mut silence = Silence {
            starts_at: if begun {
                known.starts_at
            } else {
                draft.starts_at
            },
            ends_at: draft.ends_at,
            updated_at: now,
            created_by: draft.created_by,
            comment: draft.comment,
            annotations: draft
                .annotations
                .unwrap_or_else(|| known.annotations.clone()),
            until_resolved: draft.until_resolved.unwrap_or(known.until_resolved),
            ..known.clone()
        };
        self.remind_anew(now, &mut silence);
        self.keep_silence(now, silence, out);
    }

    /// Stores a silence as it is now and lets begin or end what is due of it.
    fn keep_silence(&mut self, now: Timestamp, mut silence: Silence, out: &mut Effects) {
        if silence.phase == Phase::Pending && silence.starts_at <= now {
            let since = self.number(out);
            silence.phase = Phase::Active { since };
        }
        let silence = Arc::new(silence);
        out.changes.push(Change::Silence(Arc::clone(&silence)));
        let before = self.silences.put(Arc::clone(&silence));
        self.watch_silence(&silence);
        let covered = |silence: &Silence| silence.active().then_some(silence.ends_at);
        if before.and_then(|before| covered(&before)) != covered(&silence) {
            self.cover_anew(now, &silence, out);
        }
        for id in self.silences.too_old(EXPIRED_MAX) {
            self.forget_silence(id, out);
        }
    }

    /// After a start: what time has brought meanwhile is so before anyone is told anything.
    pub(super) fn resume_silences(&mut self, now: Timestamp, out: &mut Effects) {
        let all: Vec<Arc<Silence>> = self.silences.all().cloned().collect();
        for silence in all {
            self.watch_silence(&silence);
            if silence.phase == Phase::Pending {
                self.look_at_silence(now, silence.id, out);
            }
        }
    }

    /// Remembers when there is something to do about a silence next.
    pub(super) fn watch_silence(&mut self, silence: &Silence) {
        let at = match silence.phase {
            Phase::Pending => silence.starts_at,
            Phase::Active { .. } => {
                let reminder = silence.reminds_at(self.settings.remind_before);
                reminder.map_or(silence.ends_at, |at| at.min(silence.ends_at))
            }
            Phase::Expired => silence.ends_at.after(KEEP_EXPIRED_FOR),
        };
        self.timers.insert((at, Timer::Silence(silence.id)));
    }

    /// Looks whether a silence begins, is near its end, ends, or is to be forgotten.
    pub(super) fn look_at_silence(&mut self, now: Timestamp, id: SilenceId, out: &mut Effects) {
        let Some(silence) = self.silences.get(id).cloned() else {
            return;
        };
        match silence.phase {
            Phase::Pending | Phase::Active { .. } if silence.ends_at <= now => {
                self.finish_silence(now, &silence, silence.ends_at, out);
            }
            Phase::Pending if silence.starts_at <= now => {
                self.keep_silence(now, silence.as_ref().clone(), out);
            }
            Phase::Active { .. } => self.remind_if_due(now, &silence, out),
            Phase::Expired if silence.ends_at.after(KEEP_EXPIRED_FOR) <= now => {
                self.forget_silence(id, out);
            }
            // The clock was set back, or it was put off: there is another timer.
            Phase::Pending | Phase::Expired => {}
        }
    }

    /// Ends a silence before its time.
    pub(super) fn end_silence(&mut self, now: Timestamp, silence: &Silence, out: &mut Effects) {
        if let Origin::Window { .. } = silence.origin {
            self.close_window(now, silence, out);
        } else if silence.phase != Phase::Expired {
            let ended = Silence {
                starts_at: silence.starts_at.min(now),
                updated_at: now,
                ..silence.clone()
            };
            self.finish_silence(now, &ended, now, out);
        }
    }

    /// Ends a silence: what it held back and still fires is told. A window opens again.
    fn finish_silence(
        &mut self,
        now: Timestamp,
        silence: &Silence,
        ends_at: Timestamp,
        out: &mut Effects,
    ) {
        if let Origin::Window { .. } = silence.origin {
            self.close_window(now, silence, out);
            return;
        }
        let expired = Silence {
            ends_at,
            phase: Phase::Expired,
            ..silence.clone()
        };
        self.keep_silence(now, expired, out);
    }

    fn forget_silence(&mut self, id: SilenceId, out: &mut Effects) {
        self.silences.forget(id);
        out.changes.push(Change::SilenceGone(id));
    }

    /// Ends the silences that hold until all they cover is resolved, and of which the last alert
    /// ended in this step.
    pub(super) fn end_resolved_silences(&mut self, now: Timestamp, out: &mut Effects) {
        for id in self.silences.take_to_look_at() {
            let Some(silence) = self.silences.get(id).cloned() else {
                continue;
            };
            let fires = self
                .covered_and_firing(|labels| silence.covers(labels))
                .next();
            if silence.active() && silence.until_resolved && fires.is_none() {
                self.end_silence(now, &silence, out);
            }
        }
    }

    /// What fires of what these labels are about.
    pub(super) fn covered_and_firing(
        &self,
        covers: impl Fn(&Labels) -> bool,
    ) -> impl Iterator<Item = IncidentId> {
        let open = self.open.values().filter_map(|id| self.incidents.get(id));
        open.map(|known| &known.incident)
            .filter(move |incident| covers(&incident.labels))
            .map(|incident| incident.id)
    }

    /// After a silence came or went: what is so of the incidents it is about, and what their cards
    /// have to tell. Those who know them are shown the silence too.
    fn cover_anew(&mut self, now: Timestamp, silence: &Silence, out: &mut Effects) {
        let all = || self.incidents.iter().map(|(id, _)| *id).collect();
        let candidates: Vec<IncidentId> = self.named.of(&silence.matchers).unwrap_or_else(all);
        for id in candidates {
            let known = self.incidents.get(&id);
            if !known.is_some_and(|known| silence.covers(&known.incident.labels)) {
                continue;
            }
            let Some(known) = self.incidents.get_mut(&id) else {
                continue;
            };
            let until = self.silences.until(&known.incident.labels);
            if known.silenced_until == until {
                continue;
            }
            let newly = known.silenced_until.is_none();
            if known.incident.ended() {
                // What ended under a silence stays an end that nobody hears.
                known.silenced_until = until.or(known.silenced_until);
                self.touched.extend(&known.cards);
                continue;
            }
            known.silenced_until = until;
            if known.cards.is_empty() {
                continue;
            }
            // Another edition, so that live messages show it.
            Arc::make_mut(&mut known.incident).note_silence();
            let incident = Arc::clone(&known.incident);
            self.changed(now, &incident, out);
            if newly {
                self.keep_silenced(now, &incident, out);
            }
        }
    }
}
