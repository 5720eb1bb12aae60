//! What is heard of a life that is over: that it ended later than its source, or another, said at
//! first. Those who were told the end already are not told again.

use std::sync::Arc;

use super::{Effects, Engine};
use crate::alert::{News, Status};
use crate::change::Change;
use crate::time::Timestamp;

impl Engine {
    /// Corrects an end that somebody still has to be told.
    pub(super) fn amend_end(&mut self, now: Timestamp, news: &News, out: &mut Effects) {
        let Status::Resolved {
            ends_at: Some(ends_at),
        } = news.status
        else {
            return;
        };
        let ended = self.ended_lately.get(&news.labels.fingerprint());
        let Some(known) = ended.and_then(|ended| self.incidents.get(&ended.incident)) else {
            return;
        };
        let id = known.incident.id;
        let mut cards = known.cards.iter().filter_map(|card| self.cards.get(card));
        let untold = cards.any(|on_duty| {
            let told = on_duty.card.members.get(&id);
            told.is_some_and(|told| !told.ended)
        });
        if !untold {
            return;
        }
        let Some(known) = self.incidents.get_mut(&id) else {
            return;
        };
        let mut incident = known.incident.as_ref().clone();
        if incident.amend_end(ends_at.min(now), news) {
            if let Some(ended) = self.ended_lately.get_mut(&incident.fingerprint) {
                ended.at = ended.at.max(ends_at.min(now));
            }
            known.incident = Arc::new(incident);
            out.changes
                .push(Change::Incident(Arc::clone(&known.incident)));
        }
    }
}
