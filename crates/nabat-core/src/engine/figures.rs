//! How much there is of what, for `/metrics`.

use super::Engine;
use crate::time::Timestamp;

/// Figures for `/metrics`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Figures {
    /// Incidents that fire.
    pub open_incidents: usize,
    /// Subscriptions of all chats.
    pub subscriptions: usize,
    /// Live messages.
    pub cards: usize,
    /// Deliveries that wait.
    pub waiting: usize,
    /// Since when the oldest of them waits.
    pub oldest_waiting: Option<Timestamp>,
    /// Since when the oldest critical one waits.
    pub oldest_critical: Option<Timestamp>,
    /// Chats that take no messages.
    pub disabled_chats: usize,
    /// Silences in force or to come.
    pub silences: usize,
    /// Of those, the ones to come.
    pub silences_pending: usize,
    /// Silences that are over and not forgotten.
    pub silences_expired: usize,
    /// Incidents that somebody took.
    pub acknowledged: usize,
    /// Incidents that fire and that a silence covers.
    pub silenced: usize,
    /// Incidents that fire and that another one explains.
    pub inhibited: usize,
    /// Incidents that fire and that are one or the other.
    pub suppressed: usize,
}

impl Engine {
    /// Figures for `/metrics`.
    pub fn figures(&self) -> Figures {
        let [active, silences_pending, silences_expired] = self.silences.count();
        let [
            mut acknowledged,
            mut silenced,
            mut inhibited,
            mut suppressed,
        ] = [0; 4];
        for known in self.open.values().filter_map(|id| self.incidents.get(id)) {
            let (by_silence, by_alert) =
                (known.silenced_until.is_some(), known.inhibited_by.is_some());
            acknowledged += usize::from(known.incident.acknowledged.is_some());
            silenced += usize::from(by_silence);
            inhibited += usize::from(by_alert);
            suppressed += usize::from(by_silence || by_alert);
        }
        Figures {
            open_incidents: self.open.len(),
            subscriptions: self.subscriptions.len(),
            cards: self.cards.len(),
            waiting: self.deliveries.len(),
            oldest_waiting: self.deliveries.values().map(|d| d.created_at).min(),
            oldest_critical: self.oldest_critical().map(|delivery| delivery.created_at),
            silences: active + silences_pending,
            silences_pending,
            silences_expired,
            acknowledged,
            silenced,
            inhibited,
            suppressed,
            disabled_chats: self
                .chats
                .values()
                .filter(|chat| chat.disabled.is_some())
                .count(),
        }
    }
}
