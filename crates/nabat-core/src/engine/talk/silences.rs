//! `/silences`: what is silenced for everyone, with buttons that end it.

use super::Request;
use crate::engine::{Effects, Engine};
use crate::message::answer::Answer;
use crate::silence::{Silence, SilenceId};
use crate::time::Timestamp;

/// How many silences are listed.
const LISTED_MAX: usize = 20;

impl Engine {
    /// The silences in force, those that end first on top.
    pub(super) fn list_silences(&self, now: Timestamp) -> Answer {
        let silences = self.silences.values();
        let mut active: Vec<&Silence> = silences.filter(|silence| silence.active(now)).collect();
        active.sort_by_key(|silence| (silence.ends_at, silence.id));
        Answer::Silences {
            total: active.len(),
            items: active.into_iter().take(LISTED_MAX).cloned().collect(),
        }
    }

    /// Ends a silence of the list, which then shows those that are left.
    pub(super) fn end_listed_silence(
        &mut self,
        request: &Request<'_>,
        id: &str,
        message_id: i64,
        out: &mut Effects,
    ) -> Answer {
        let now = request.now;
        let ended = id
            .parse()
            .is_ok_and(|id| self.end_silence(now, SilenceId(id), out));
        let locale = self.locale_for(request.chat, request.speaker);
        let left = self.list_silences(now).message(&locale, now);
        self.rewrite(now, request.chat, message_id, left, out);
        if ended {
            Answer::SilenceEnded
        } else {
            Answer::SilenceUnknown
        }
    }
}
