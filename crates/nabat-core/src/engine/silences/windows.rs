//! Maintenance windows: each has one silence, which begins anew whenever the window opens.

use crate::alert::Labels;
use crate::change::Change;
use crate::engine::{Effects, Engine};
use crate::silence::window::Window;
use crate::silence::{Origin, Phase, Silence, SilenceId};
use crate::time::Timestamp;

/// Who makes the silences of windows.
const AUTHOR: &str = "maintenance";

impl Engine {
    /// Makes the silences of windows what the configuration says.
    pub(in crate::engine) fn set_windows(&mut self, now: Timestamp, out: &mut Effects) {
        let windows = self.settings.windows.clone();
        let gone: Vec<SilenceId> = self
            .silences
            .all()
            .filter(|silence| matches!(silence.origin, Origin::Window { .. }))
            .map(|silence| silence.id)
            .filter(|id| windows.iter().all(|window| window.id() != *id))
            .collect();
        for id in gone {
            self.remove_window(now, id, out);
        }
        for window in windows.iter() {
            let known = self.silences.get(window.id());
            let same = |silence: &Silence| match &silence.origin {
                Origin::Window { rule } => *rule == window.rule(),
                _ => false,
            };
            if !known.is_some_and(|silence| same(silence)) {
                self.remove_window(now, window.id(), out);
                self.open_window(now, window, window.open_after(now), out);
            }
        }
    }

    /// After a window closed, or was closed by somebody: its silence waits for the next time.
    pub(super) fn close_window(&mut self, now: Timestamp, silence: &Silence, out: &mut Effects) {
        let windows = self.settings.windows.clone();
        let window = windows.iter().find(|window| window.id() == silence.id);
        self.remove_window(now, silence.id, out);
        let Some(window) = window else {
            return;
        };
        // One that was closed early does not open again this time; of those that were missed, only
        // one that is open still counts.
        let from = match now < silence.ends_at {
            true => now,
            false => now.before(window.duration),
        };
        let next = window.opens_after(from.max(silence.starts_at));
        self.open_window(now, window, next, out);
    }

    fn open_window(
        &mut self,
        now: Timestamp,
        window: &Window,
        time: Option<(Timestamp, Timestamp)>,
        out: &mut Effects,
    ) {
        let Some((starts_at, ends_at)) = time else {
            return;
        };
        let silence = Silence {
            id: window.id(),
            matchers: window.matchers.clone(),
            starts_at,
            ends_at,
            updated_at: now,
            created_by: AUTHOR.to_owned(),
            comment: window.name.clone(),
            annotations: Labels::default(),
            until_resolved: false,
            phase: Phase::Pending,
            origin: Origin::Window {
                rule: window.rule(),
            },
        };
        self.keep_silence(now, silence, out);
    }

    fn remove_window(&mut self, now: Timestamp, id: SilenceId, out: &mut Effects) {
        let Some(silence) = self.silences.forget(id) else {
            return;
        };
        out.changes.push(Change::SilenceGone(id));
        if silence.active() {
            self.cover_anew(now, &silence, out);
        }
    }
}
