//! One monitor: how it stands and stood, and what can be done about it.

use std::time::Duration;

use super::list::sign;
use super::{NAME_MAX, WORDS_MAX, name};
use crate::message::text::one_line;
use crate::message::words::Locale;
use crate::message::{Button, Message, Span};
use crate::monitor::Status;
use crate::monitor::record::Origin;
use crate::monitor::view::{Seen, Uptime, View};
use crate::time::Timestamp;

/// For how long a button begins a maintenance: as it is written in it, and as a span.
const MAINTENANCES: [(&str, Duration); 2] = [
    ("1h", Duration::from_secs(3_600)),
    ("4h", Duration::from_secs(4 * 3_600)),
];

/// A status in words.
const fn status(status: Status) -> &'static str {
    match status {
        Status::Up => "monitor-up",
        Status::Down => "monitor-down",
        Status::Degraded => "monitor-degraded",
        Status::Suspect => "monitor-suspect",
        Status::Recovering => "monitor-recovering",
        Status::Unreachable => "monitor-unreachable",
        Status::Unknown => "monitor-unknown-status",
        Status::Pending => "monitor-pending",
        Status::Maintenance => "monitor-maintenance",
        Status::Paused => "monitor-paused",
    }
}

/// Everything about one.
pub(super) fn one(seen: &Seen, changeable: bool, locale: &Locale, now: Timestamp) -> Message {
    let view = &seen.view;
    // What has no target has its name in its place.
    let target = (view.target != view.name).then(|| {
        let target = Span::code(one_line(&view.target, NAME_MAX));
        [Span::plain(" "), target]
    });
    let first = [
        Span::plain(format!("{} ", sign(view.status))),
        name(&view.name),
        Span::plain(format!(" · {}", view.kind)),
    ];
    let message = Message::default()
        .line(first.into_iter().chain(target.into_iter().flatten()))
        .line([Span::plain(standing(view, locale, now))]);
    let message = last_look(message, view, locale, now);
    let message = uptimes(message, &seen.uptimes, locale);
    let message = message.line(whose(view, locale));
    buttons(message, view, changeable, locale)
}

fn standing(view: &View, locale: &Locale, now: Timestamp) -> String {
    let mut text = locale.text(
        "monitor-since",
        [
            ("status", locale.text(status(view.status), []).into()),
            ("at", locale.moment(view.since, now).into()),
            ("span", locale.span(now.since(view.since)).into()),
        ],
    );
    // A pause has no end of its own, and what was seen before it is below.
    let is_paused = view.status == Status::Paused;
    if let Some(until) = view.maintenance_until.filter(|_| !is_paused) {
        let at = [("at", locale.moment(until, now).into())];
        text.push_str(" · ");
        text.push_str(&locale.text("silence-until", at));
    }
    if view.flaps {
        text.push_str(" · ");
        text.push_str(&locale.text("monitor-flaps", []));
    }
    if !view.words.is_empty() && !is_paused {
        text.push_str(": ");
        text.push_str(&one_line(&view.words, WORDS_MAX));
    }
    text
}

fn last_look(message: Message, view: &View, locale: &Locale, now: Timestamp) -> Message {
    let Some(last) = &view.last else {
        return message;
    };
    let mut parts = Vec::new();
    parts.extend(last.latency.map(|latency| locale.latency(latency)));
    // What makes the difference stands above already.
    if !last.words.is_empty() && last.words != view.words {
        parts.push(one_line(&last.words, WORDS_MAX));
    }
    if parts.is_empty() {
        return message;
    }
    let args = [
        ("at", locale.moment(last.at, now).into()),
        ("seen", parts.join(" · ").into()),
    ];
    message.line([Span::plain(locale.text("monitor-last", args))])
}

fn uptimes(message: Message, uptimes: &[Uptime], locale: &Locale) -> Message {
    let known: Vec<String> = uptimes
        .iter()
        .filter_map(|uptime| {
            let share = locale.percent(uptime.millipercent?);
            let share = match uptime.of_less() {
                None => share,
                Some(watched) => {
                    let span = locale.span(watched);
                    let args = [("share", share.into()), ("span", span.into())];
                    locale.text("monitor-uptime-of-less", args)
                }
            };
            Some(format!("{} {share}", locale.span(uptime.period)))
        })
        .collect();
    if known.is_empty() {
        return message;
    }
    let list = ("list", known.join(" · ").into());
    message.line([Span::plain(locale.text("monitor-uptime", [list]))])
}

fn whose(view: &View, locale: &Locale) -> Vec<Span> {
    match &view.origin {
        Origin::Config => vec![Span::plain(locale.text("monitor-of-configuration", []))],
        Origin::Called => vec![Span::plain(locale.text("monitor-made-by-call", []))],
        Origin::Made { by, .. } | Origin::Chat { by, .. } => {
            let maker = Span::plain(one_line(by, NAME_MAX));
            locale.spans("monitor-made-by", [("name", maker.into())])
        }
    }
}

fn buttons(message: Message, view: &View, changeable: bool, locale: &Locale) -> Message {
    let id = view.id.0;
    let button = |key, kind: &str| Button::callback(locale.text(key, []), format!("m:{kind}:{id}"));
    let pause = match view.status {
        Status::Paused => button("button-resume", "r"),
        _ => button("button-pause", "z"),
    };
    let pause = pause.filter(|_| changeable);
    let check = button("button-check", "c").filter(|_| is_looked_at(view));
    let message = message.row(check.into_iter().chain(pause));
    if !changeable {
        return message.row(back(locale));
    }
    let maintenance: Vec<Button> = match view.maintenance_until {
        Some(_) => {
            let end = locale.text("button-maintenance-end", []);
            Button::callback(end, format!("m:t:{id}:0"))
                .into_iter()
                .collect()
        }
        None => MAINTENANCES
            .into_iter()
            .filter_map(|(period, span)| {
                let span = [("span", locale.span(span).into())];
                let text = locale.text("button-maintenance", span);
                Button::callback(text, format!("m:t:{id}:{period}"))
            })
            .collect(),
    };
    let remove = button("button-remove", "d").filter(|_| view.origin != Origin::Config);
    let last = back(locale).into_iter().chain(remove);
    message.row(maintenance).row(last)
}

/// Whether there is something to look at: a heartbeat calls, and a group stands as its members do.
fn is_looked_at(view: &View) -> bool {
    !matches!(view.kind.as_str(), "heartbeat" | "group")
}

fn back(locale: &Locale) -> Option<Button> {
    Button::callback(locale.text("button-all-monitors", []), "m:p:0")
}
