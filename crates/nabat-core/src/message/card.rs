//! What a chat is told of a group of alerts.
//!
//! [`card`] is the live message of a group: it is edited as its alerts come and go. Nobody is
//! notified of an edit, so [`follow_up`] is the short message that answers it.
//!
//! A card always fits one message: the richest level of detail that does is taken, which cuts
//! descriptions first, then labels, and never a name or a state. It says "resolved" of the whole
//! only when every alert of it is.
//!
//! What a reader wants to know first stands first: what it is, what changed, whether somebody sees
//! to it.

mod buttons;
mod counts;
mod details;
mod follow_up;
pub(super) mod hush;
mod listing;
pub(super) mod parts;
mod several;
mod single;

pub use buttons::buttons;
pub use details::details;
pub use follow_up::follow_up;
pub use listing::listing;

use super::text::{one_line, width};
use super::words::Locale;
use super::{Block, Message, Span, Style, text_of};
use crate::incident::{Ending, Incident};
use crate::time::Timestamp;

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

/// From the richest to the barest.
const LEVELS: [Detail; 7] = {
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
    let barest = Detail {
        name: 50,
        summary: 40,
        labels: 1,
        label: 30,
        ..bare
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
        barest,
    ]
};

/// The most text of a card. A chat takes 4096; the rest is for what people add when they quote.
const TEXT_MAX: usize = 3_500;
/// The most bytes of all link addresses of a card together, counted as if escaped.
const ADDRESSES_MAX_BYTES: usize = 10_000;

/// The live message of a group of alerts in one chat.
pub fn card(members: &[Member<'_>], extras: &Extras, locale: &Locale, now: Timestamp) -> Message {
    told(members, extras.first, locale, now, |message| {
        remark(message, extras, locale)
    })
}

/// What is new on several cards, in one message that is not edited afterwards.
pub fn digest(news: &[Member<'_>], extras: &Extras, locale: &Locale, now: Timestamp) -> Message {
    told(news, true, locale, now, |message| {
        let text = locale.text("digest", []);
        remark(message.gap().line([Span::italic(text)]), extras, locale)
    })
}

/// Alerts in one message, which `finish` ends.
fn told(
    members: &[Member<'_>],
    first: bool,
    locale: &Locale,
    now: Timestamp,
    finish: impl Fn(Message) -> Message,
) -> Message {
    match members {
        [] => finish(Message::of(locale.text("alerts-none", []))),
        [one] => fitting(|detail| finish(single::compose(one, detail, locale, now))),
        [example, ..] => {
            let group = several::Group::of(example.incident, members);
            fitting(|detail| finish(group.compose(first, detail, locale, now)))
        }
    }
}

/// A group on one line without styles, at most about 250 wide: the subject of a letter.
pub fn subject(members: &[Member<'_>], locale: &Locale) -> String {
    const SUBJECT: Detail = Detail {
        name: 80,
        summary: 140,
        ..LEVELS[0]
    };
    match members {
        [] => locale.text("alerts-none", []),
        [one] => text_of(&single::first_line(one, &SUBJECT, locale)),
        [first, ..] => several::Group::of(first.incident, members).subject(&SUBJECT, locale),
    }
}

/// Adds how the message came about, where that is not the ordinary way.
fn remark(mut message: Message, extras: &Extras, locale: &Locale) -> Message {
    if extras.maybe_repeated || extras.instead_of.is_some() {
        message = message.gap();
    }
    if extras.maybe_repeated {
        message = message.line([Span::italic(locale.text("maybe-repeated", []))]);
    }
    if let Some(name) = &extras.instead_of {
        let name = one_line(name, 60);
        let text = locale.text("instead-of", [("name", name.into())]);
        message = message.line([Span::italic(text)]);
    }
    message
}

fn fitting(compose: impl Fn(&Detail) -> Message) -> Message {
    let [richer @ .., barest] = &LEVELS;
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

const fn state_key(how: Ending) -> &'static str {
    match how {
        Ending::Resolved => "state-resolved",
        Ending::Expired => "state-expired",
        Ending::Closed => "state-closed",
    }
}

#[cfg(test)]
mod tests;
