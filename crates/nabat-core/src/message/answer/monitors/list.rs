//! Several monitors: a page of them, and which to remove.

use super::NAME_MAX;
use crate::message::text::one_line;
use crate::message::words::Locale;
use crate::message::{Button, Message, Span};
use crate::monitor::Status;
use crate::monitor::view::{Listing, View};
use crate::time::Timestamp;

/// How wide a line's name and words may be, so that a page of them is one message.
const ITEM_NAME_MAX: usize = 60;
const ITEM_WORDS_MAX: usize = 150;
/// How many buttons stand side by side.
const ROW: usize = 5;

/// How a status looks.
pub(super) const fn sign(status: Status) -> &'static str {
    match status {
        Status::Up => "🟢",
        Status::Down => "🔴",
        Status::Degraded => "🟠",
        Status::Suspect | Status::Recovering => "🟡",
        Status::Unreachable => "⚫",
        Status::Unknown => "⚪",
        Status::Pending => "⏳",
        Status::Maintenance => "🔧",
        Status::Paused => "⏸",
    }
}

/// The text that says how many stand so.
const fn count(status: Status) -> &'static str {
    match status {
        Status::Up => "monitors-up",
        Status::Down => "monitors-down",
        Status::Degraded => "monitors-degraded",
        Status::Suspect => "monitors-suspect",
        Status::Recovering => "monitors-recovering",
        Status::Unreachable => "monitors-unreachable",
        Status::Unknown => "monitors-unknown",
        Status::Pending => "monitors-pending",
        Status::Maintenance => "monitors-maintenance",
        Status::Paused => "monitors-paused",
    }
}

/// A page of monitors, a line and a button for each.
pub(super) fn list(text: &str, listing: &Listing, locale: &Locale, now: Timestamp) -> Message {
    if listing.items.is_empty() {
        return none(text, locale);
    }
    let mut heading = vec![Span::bold(counts(listing, locale))];
    if !text.is_empty() {
        heading.push(Span::plain(" "));
        heading.push(Span::code(one_line(text, NAME_MAX)));
    }
    if listing.pages > 1 {
        let page = ("page", (listing.page + 1).into());
        let page_of = locale.text("page", [page, ("pages", listing.pages.into())]);
        heading.push(Span::plain(format!(" · {page_of}")));
    }
    let mut message = Message::default().line(heading);
    for (index, view) in listing.items.iter().enumerate() {
        message = message.line(item(index + 1, view, locale, now));
    }
    let open = |(index, view): (usize, &View)| {
        Button::callback((index + 1).to_string(), format!("m:o:{}", view.id.0))
    };
    let buttons: Vec<Button> = listing.items.iter().enumerate().filter_map(open).collect();
    for row in buttons.chunks(ROW) {
        message = message.row(row.iter().cloned());
    }
    let turn = |sign, to: usize| {
        let data = match text {
            "" => format!("m:p:{to}"),
            _ => format!("m:p:{to}:{text}"),
        };
        Button::callback(sign, data)
    };
    let back = listing.page.checked_sub(1).and_then(|to| turn("◀", to));
    let on = (listing.page + 1 < listing.pages)
        .then(|| turn("▶", listing.page + 1))
        .flatten();
    message.row(back.into_iter().chain(on))
}

/// Those of which one may be removed, a button for each.
pub(super) fn choose(listing: &Listing, locale: &Locale) -> Message {
    if listing.items.is_empty() {
        let example = Span::code("/unwatch shop");
        let none = locale.spans("unwatch-none", [("example", example.into())]);
        return Message::default().line(none);
    }
    let question = Message::of(locale.text("unwatch-choose", []));
    listing.items.iter().fold(question, |message, view| {
        let text = format!("✖ {}", one_line(&view.name, ITEM_NAME_MAX));
        message.row(Button::callback(text, format!("m:d:{}", view.id.0)))
    })
}

fn none(text: &str, locale: &Locale) -> Message {
    if text.is_empty() {
        let example = Span::code(super::EXAMPLES[0]);
        let none = locale.spans("monitors-none", [("example", example.into())]);
        return Message::default().line(none);
    }
    let text = Span::code(one_line(text, NAME_MAX));
    Message::default().line(locale.spans("monitors-none-such", [("text", text.into())]))
}

/// `2 down, 1 degraded, 37 up`: what is to be seen to first.
fn counts(listing: &Listing, locale: &Locale) -> String {
    let mut counts: Vec<(Status, usize)> = listing.counts.iter().map(|(s, n)| (*s, *n)).collect();
    counts.sort_by_key(|(status, _)| (status.urgency(), *status == Status::Up));
    let counts = counts
        .into_iter()
        .map(|(status, n)| locale.text(count(status), [("n", n.into())]));
    counts.collect::<Vec<_>>().join(", ")
}

/// Its sign, its name, for how long it has stood so, and what was seen last.
fn item(number: usize, view: &View, locale: &Locale, now: Timestamp) -> Vec<Span> {
    let for_long = locale.span(now.since(view.since));
    let mut rest = format!(" · {for_long}");
    let latency = view.last.as_ref().and_then(|last| last.latency);
    match (view.status, latency) {
        (Status::Up, Some(latency)) => {
            rest.push_str(" · ");
            rest.push_str(&locale.latency(latency));
        }
        (Status::Up | Status::Paused | Status::Pending, _) => {}
        _ if view.words.is_empty() => {}
        _ => {
            rest.push_str(" · ");
            rest.push_str(&one_line(&view.words, ITEM_WORDS_MAX));
        }
    }
    vec![
        Span::plain(format!("{number}. {} ", sign(view.status))),
        Span::bold(one_line(&view.name, ITEM_NAME_MAX)),
        Span::plain(rest),
    ]
}
