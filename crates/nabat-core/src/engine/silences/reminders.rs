//! A word in time before a silence ends, to whom it was made for.

use std::sync::Arc;

use crate::delivery::Priority;
use crate::engine::{Effects, Engine};
use crate::message::answer::Answer;
use crate::silence::{Origin, Silence};
use crate::time::Timestamp;

impl Engine {
    /// Tells the chat in which a silence was made that its end is near.
    pub(super) fn remind_if_due(
        &mut self,
        now: Timestamp,
        silence: &Arc<Silence>,
        out: &mut Effects,
    ) {
        let before = self.settings.remind_before;
        let due = silence.reminds_at(before).is_some_and(|at| at <= now);
        let (true, Origin::Chat { chat, .. }) = (due, &silence.origin) else {
            self.watch_silence(silence);
            return;
        };
        let chat = *chat;
        let reminded = Silence {
            origin: Origin::Chat {
                chat,
                reminded: true,
            },
            ..silence.as_ref().clone()
        };
        self.keep_silence(now, reminded, out);
        let firing = self.covered_and_firing(|labels| silence.covers(labels));
        let answer = Answer::SilenceEndsSoon {
            silence: Arc::clone(silence),
            firing: firing.count(),
        };
        let message = answer.message(&self.locale(chat), now);
        self.say(now, chat, Priority::News, message, out);
    }

    /// After a silence was changed: whoever was reminded of the old end is reminded of the new one.
    pub(super) fn remind_anew(&self, now: Timestamp, silence: &mut Silence) {
        let (before, ends_at) = (self.settings.remind_before, silence.ends_at);
        if let Origin::Chat { reminded, .. } = &mut silence.origin {
            *reminded = ends_at.before(before) <= now;
        }
    }
}
