//! What a chat is told of a group of alerts.
//!
//! [`card`] is the live message of a group: it is edited as its alerts come and go. Nobody is
//! notified of an edit, so [`follow_up`] is the short message that answers it.
//!
//! A card always fits one message: the richest level of detail that does is taken, which cuts
//! descriptions first, then labels, and never a name or a state. It says "resolved" of the whole
//! only when every alert of it is.

mod follow_up;
mod listing;
pub(super) mod parts;
mod several;

pub use follow_up::follow_up;
pub use listing::listing;

use super::text::width;
use super::words::Locale;
use super::{Block, Button, Message, Span, Style};
use crate::card::CardId;
use crate::incident::{Ending, Incident, State};
use crate::time::Timestamp;
use parts::{description, emoji, heading, label_spans, link_spans, shown_labels};

/// An alert of a group, and what is new about it to the chat.
#[derive(Debug, Clone, Copy)]
pub struct Member<'a> {
    /// The alert's life.
    pub incident: &'a Incident,
    /// Whether the chat knows about it.
    pub news: MemberNews,
    /// Until when a silence covers it.
    pub silenced_until: Option<Timestamp>,
}

/// What a card has to say beside its alerts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Extras {
    /// Whether nothing of it was told before.
    pub first: bool,
    /// Whether this may repeat a message of which the answer got lost.
    pub maybe_repeated: bool,
    /// What it stands in for, if it is a fallback.
    pub instead_of: Option<String>,
}

/// What is new about an alert to a chat.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum MemberNews {
    /// The chat has not been told of it yet.
    New,
    /// The chat knows it, but not as it is now.
    Changed,
    /// It came and went before the chat could be told.
    Missed,
    /// The chat knows all of it.
    Known,
}

/// How much of everything is shown; widths in UTF-16 units, 0 for none.
#[derive(Debug, Clone, Copy)]
struct Detail {
    name: usize,
    summary: usize,
    /// Shared by all alerts of the card.
    description: usize,
    /// How many labels of an alert, and how wide each.
    labels: usize,
    label: usize,
    links: bool,
}

const DETAILS: [Detail; 6] = {
    let full = Detail {
        name: 200,
        summary: 300,
        description: 1_500,
        labels: 20,
        label: 120,
        links: true,
    };
    let no_description = Detail {
        description: 0,
        labels: 12,
        label: 100,
        ..full
    };
    let few_labels = Detail {
        name: 120,
        summary: 160,
        labels: 6,
        label: 60,
        ..no_description
    };
    let bare = Detail {
        name: 80,
        summary: 60,
        labels: 2,
        label: 40,
        links: false,
        ..few_labels
    };
    [
        full,
        Detail {
            description: 600,
            ..full
        },
        Detail {
            description: 0,
            ..full
        },
        no_description,
        few_labels,
        bare,
    ]
};

/// The most text of a card. A chat takes 4096; the rest is for what people add when they quote.
const TEXT_MAX: usize = 3_500;
/// The most bytes of all link addresses of a card together, counted as if escaped.
const ADDRESSES_MAX_BYTES: usize = 10_000;

/// The live message of a group of alerts in one chat.
pub fn card(members: &[Member<'_>], extras: &Extras, locale: &Locale, now: Timestamp) -> Message {
    let _ = extras;
    match members {
        [] => Message::of(locale.text("alerts-none", [])),
        [one] => fitting(|detail| single(one.incident, detail, locale, now)),
        [first, ..] => {
            let group = several::Group::of(first.incident, members);
            fitting(|detail| group.compose(detail, locale, now))
        }
    }
}

/// What is new on several cards, in one message that is not edited afterwards.
pub fn digest(news: &[Member<'_>], locale: &Locale, now: Timestamp) -> Message {
    card(news, &Extras::default(), locale, now)
        .gap()
        .line([Span::italic(locale.text("digest", []))])
}

/// What can be pressed below a card.
pub fn buttons(_id: CardId, _members: &[Member<'_>], _locale: &Locale) -> Vec<Vec<Button>> {
    Vec::new()
}

/// Everything that is known of what fires on a card.
pub fn details(members: &[Member<'_>], locale: &Locale, now: Timestamp) -> Message {
    card(members, &Extras::default(), locale, now)
}

fn fitting(compose: impl Fn(&Detail) -> Message) -> Message {
    let [richer @ .., barest] = &DETAILS;
    richer
        .iter()
        .map(&compose)
        .find(fits)
        .unwrap_or_else(|| compose(barest))
}

fn fits(message: &Message) -> bool {
    let addresses: usize = message
        .blocks
        .iter()
        .filter_map(|block| match block {
            Block::Line(spans) => Some(spans),
            _ => None,
        })
        .flatten()
        .map(|span| match &span.style {
            Style::Link(url) => url.len() + 5 * url.matches(['&', '"', '<', '>']).count(),
            _ => 0,
        })
        .sum();
    width(&message.text()) <= TEXT_MAX && addresses <= ADDRESSES_MAX_BYTES
}

fn single(incident: &Incident, detail: &Detail, locale: &Locale, now: Timestamp) -> Message {
    let mut first = vec![Span::plain(format!("{} ", emoji(incident)))];
    let state = match incident.state {
        State::Ended { how, .. } => Some(locale.text(state_key(how), [])),
        State::Firing | State::Stale => parts::severity_word(incident),
    };
    if let Some(state) = state {
        first.push(Span::plain(format!("{state} · ")));
    }
    first.extend(heading(incident, detail));
    let mut message = Message::default().line(first);
    message
        .blocks
        .extend(description(incident, detail.description));
    let labels = label_spans(shown_labels(incident), detail);
    if !labels.is_empty() {
        message = message.line(labels);
    }
    message = message.line(when(incident, locale, now));
    if let Some(why) = why_ended(incident, locale) {
        message = message.line([Span::italic(why)]);
    }
    let links = link_spans(&incident.links, detail, locale, |_| true);
    if !links.is_empty() {
        message = message.line(links);
    }
    message
}

fn when(incident: &Incident, locale: &Locale, now: Timestamp) -> Vec<Span> {
    let since = locale.moment_in_zone(incident.starts_at, now);
    match incident.state {
        State::Firing => locale.spans("since", [("at", since.into())]),
        State::Stale => {
            let seen = locale.moment_in_zone(incident.seen_at, now);
            locale.spans("stale", [("at", Span::bold(seen).into())])
        }
        State::Ended { at, .. } => locale.spans(
            "period",
            [
                ("from", locale.moment(incident.starts_at, now).into()),
                ("to", locale.moment_in_zone(at, now).into()),
                ("span", locale.span(at.since(incident.starts_at)).into()),
            ],
        ),
    }
}

/// An end that its source has not confirmed is explained.
fn why_ended(incident: &Incident, locale: &Locale) -> Option<String> {
    match incident.state {
        State::Ended { how, .. } => match how {
            Ending::Resolved => None,
            Ending::Expired => Some(locale.text("why-expired", [])),
            Ending::Closed => Some(locale.text("why-closed", [])),
        },
        State::Firing | State::Stale => None,
    }
}

const fn state_key(how: Ending) -> &'static str {
    match how {
        Ending::Resolved => "state-resolved",
        Ending::Expired => "state-expired",
        Ending::Closed => "state-closed",
    }
}

#[cfg(test)]
mod tests;
