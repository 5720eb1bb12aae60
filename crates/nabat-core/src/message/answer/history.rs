//! The answer to `/history`.

use std::sync::Arc;

use super::lists::{LIST_MAX, alert};
use crate::incident::Incident;
use crate::message::card::hush::named;
use crate::message::card::parts::period;
use crate::message::words::Locale;
use crate::message::{Message, Span};
use crate::time::Timestamp;

/// What fired lately, the last one first, and who took it.
pub(super) fn history(items: &[Arc<Incident>], locale: &Locale, now: Timestamp) -> Message {
    if items.is_empty() {
        return Message::of(locale.text("history-none", []));
    }
    let heading = Message::default().line([Span::bold(locale.text("history", []))]);
    let share = (LIST_MAX / items.len()).saturating_sub(80);
    items.iter().fold(heading, |message, incident| {
        let mut spans = alert(incident, share, locale, now);
        if let Some(period) = period(incident, locale, now) {
            spans.push(Span::plain(format!(" · {period}")));
        }
        if let Some(acknowledged) = &incident.acknowledged {
            let who = named(std::slice::from_ref(&acknowledged.by), locale);
            spans.push(Span::plain(format!(" · ✋ {who}")));
        }
        message.line(spans)
    })
}
