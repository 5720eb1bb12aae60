//! Subscriptions and alerts, listed.

use super::Firing;
use crate::incident::{Incident, State, summary_of};
use crate::message::card::hush::named;
use crate::message::card::parts::{emoji, place};
use crate::message::text::{one_line, width};
use crate::message::words::Locale;
use crate::message::{Button, Message, Span};
use crate::time::Timestamp;

/// How wide a list may be before the rest is counted only.
pub(super) const LIST_MAX: usize = 3_000;
/// How many routes are listed, and how wide the matchers of each may be.
const ROUTES_MAX: usize = 5;
const ROUTE_MAX: usize = 80;
/// How wide what selects alerts is shown.
const SELECTED_MAX: usize = 100;
/// How wide the name of an alert that explains another is at most.
const NAME_MAX: usize = 40;
/// How many buttons stand below a list.
const BUTTONS_MAX: usize = 50;

/// A subscription as its owner wrote it.
pub(super) fn what(what: &str, locale: &Locale) -> Span {
    if is_all(what) {
        Span::bold(locale.text("everything", []))
    } else {
        Span::code(one_line(what, 300))
    }
}

fn is_all(what: &str) -> bool {
    matches!(what.trim(), "all" | "*")
}

/// The answer to `/list`.
pub(super) fn subscriptions(
    items: &[(i64, String)],
    routed: &[(String, String)],
    muted_until: Option<Timestamp>,
    locale: &Locale,
    now: Timestamp,
) -> Message {
    if items.is_empty() && routed.is_empty() {
        return none(locale);
    }
    let mut message = Message::default().line([Span::bold(
        locale.text("subscriptions", [("n", items.len().into())]),
    )]);
    let mut used = 0;
    for (index, (_, item)) in items.iter().enumerate() {
        let span = what(item, locale);
        used += width(&span.text) + 2;
        if used > LIST_MAX {
            let left = items.len() - index;
            message = message.line([Span::plain(locale.text("more", [("n", left.into())]))]);
            break;
        }
        message = message.line([Span::plain("• "), span]);
    }
    if !routed.is_empty() {
        let heading = locale.text("routed", [("n", routed.len().into())]);
        message = message.gap().line([Span::bold(heading)]);
    }
    for (receiver, matchers) in routed.iter().take(ROUTES_MAX) {
        message = message.line([
            Span::plain("• "),
            Span::code(one_line(matchers, ROUTE_MAX)),
            Span::plain(format!(" → {}", one_line(receiver, NAME_MAX))),
        ]);
    }
    if routed.len() > ROUTES_MAX {
        let left = routed.len() - ROUTES_MAX;
        message = message.line([Span::plain(locale.text("more", [("n", left.into())]))]);
    }
    if !routed.is_empty() {
        message = message.line([Span::plain(locale.text("routed-hint", []))]);
    }
    if let Some(until) = muted_until.filter(|until| *until > now) {
        let until = Span::bold(locale.moment_in_zone(until, now));
        message = message.line(locale.spans("muted", [("what", until.into())]));
    }
    message
}

/// The answer to `/people`.
pub(super) fn people(items: &[(i64, String)], locale: &Locale) -> Message {
    if items.is_empty() {
        return Message::of(locale.text("people-none", []));
    }
    items.iter().take(BUTTONS_MAX).fold(
        Message::of(locale.text("people", [])),
        |message, (id, name)| {
            let text = one_line(name, 60);
            message.row(Button::callback(format!("✖ {text}"), format!("p:{id}")))
        },
    )
}

/// The answer where nothing is subscribed.
pub(super) fn none(locale: &Locale) -> Message {
    super::help::next_steps(Message::of(locale.text("no-subscriptions", [])), locale)
}

/// The answer to `/unsubscribe`.
pub(super) fn choose_unsubscribe(items: &[(i64, String)], locale: &Locale) -> Message {
    if items.is_empty() {
        return none(locale);
    }
    let mut message = Message::of(locale.text("choose-unsubscribe", []));
    for (id, item) in items.iter().take(BUTTONS_MAX) {
        let text = one_line(&what(item, locale).text, 60);
        message = message.row(Button::callback(format!("✖ {text}"), format!("u:{id}")));
    }
    if items.len() > 1 {
        let text = locale.text("unsubscribe-all", [("n", items.len().into())]);
        message = message.row(Button::callback(text, "u:all"));
    }
    message
}

/// The answer to `/unsubscribe` with what is no subscription.
pub(super) fn unknown_subscription(
    text: &str,
    items: &[(i64, String)],
    locale: &Locale,
) -> Message {
    let text = Span::code(one_line(text, 100));
    let mut message =
        Message::default().line(locale.spans("subscription-unknown", [("what", text.into())]));
    let choice = choose_unsubscribe(items, locale);
    message.blocks.extend(choice.blocks);
    message.buttons = choice.buttons;
    message
}

/// A page of what fires, of all or of what is `selected`.
pub(super) fn alerts(
    (page, pages): (usize, usize),
    total: usize,
    selected: &str,
    items: &[Firing],
    locale: &Locale,
    now: Timestamp,
) -> Message {
    if total == 0 {
        let key = match selected {
            "" => "alerts-none",
            _ => "firing-now-none-of-these",
        };
        return Message::of(format!("✅ {}", locale.text(key, [])));
    }
    let mut heading = vec![Span::bold(locale.text("firing-now", [("n", total.into())]))];
    if !selected.is_empty() {
        heading.push(Span::plain(" "));
        heading.push(Span::code(one_line(selected, SELECTED_MAX)));
    }
    if pages > 1 {
        let page_of = locale.text("page", [("page", page.into()), ("pages", pages.into())]);
        heading.push(Span::plain(format!(" · {page_of}")));
    }
    // Every alert of the page is named, so its share shrinks with their number.
    let share = (LIST_MAX / items.len().max(1)).saturating_sub(110);
    let message = items
        .iter()
        .fold(Message::default().line(heading), |message, firing| {
            let mut spans = alert(&firing.incident, share, locale, now);
            if let Some(taken) = &firing.incident.acknowledged {
                let who = named(std::slice::from_ref(&taken.by), locale);
                spans.push(Span::plain(format!(" · ✋ {who}")));
            }
            if let Some(until) = firing.silenced_until {
                let at = [("at", locale.moment(until, now).into())];
                spans.push(Span::plain(format!(
                    " · 🔕 {}",
                    locale.text("silence-until", at)
                )));
            }
            if let Some(name) = &firing.explained_by {
                let name = ("name", one_line(name, NAME_MAX).into());
                let explained = locale.text("entry-explained", [name]);
                spans.push(Span::plain(format!(" · {explained}")));
            }
            message.line(spans)
        });
    let turn = |text, to: usize| {
        let data = match selected {
            "" => format!("a:{to}"),
            _ => format!("a:{to}:{selected}"),
        };
        Button::callback(text, data)
    };
    let back = (page > 1).then(|| turn("◀", page - 1)).flatten();
    let on = (page < pages).then(|| turn("▶", page + 1)).flatten();
    message.row(back.into_iter().chain(on))
}

/// An alert on one line, without its end.
pub(super) fn alert(
    incident: &Incident,
    share: usize,
    locale: &Locale,
    now: Timestamp,
) -> Vec<Span> {
    let name = one_line(&incident.name(), share.clamp(20, 80));
    let mut spans = vec![
        Span::plain(format!("{} ", emoji(incident))),
        Span::bold(name),
    ];
    if let Some(place) = place(incident) {
        spans.push(Span::plain(format!(" {place}")));
    }
    let summary = one_line(
        summary_of(&incident.annotations),
        share.saturating_sub(80).min(120),
    );
    if !summary.is_empty() {
        spans.push(Span::plain(format!(": {summary}")));
    }
    let (key, at) = match incident.state {
        State::Stale => ("entry-stale", incident.seen_at),
        State::Firing => ("entry-since", incident.starts_at),
        State::Ended { .. } => return spans,
    };
    let when = locale.text(key, [("at", locale.moment(at, now).into())]);
    spans.push(Span::plain(format!(" · {when}")));
    spans
}
