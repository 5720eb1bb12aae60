//! What is silenced or would be, and who sees to what.

use std::sync::Arc;
use std::time::Duration;

use crate::matcher::Matcher;
use crate::message::card::hush::named;
use crate::message::text::one_line;
use crate::message::words::Locale;
use crate::message::{Button, Message, Span};
use crate::silence::Silence;
use crate::time::Timestamp;

/// How wide a list may be; each silence has its share.
const LIST_MAX: usize = 3_000;
/// How wide a name may be.
const NAME_MAX: usize = 24;
/// How wide a condition and a reason may be where only one is shown.
const CONDITION_MAX: usize = 300;
/// By how many hours a silence is extended by a press.
const EXTENSIONS: [usize; 2] = [1, 4];

/// What a silence would hush now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preview {
    /// What its buttons name it by.
    pub number: i64,
    /// Which alerts: those that fulfil all.
    pub matchers: Vec<Matcher>,
    /// For how long.
    pub period: Duration,
    /// Whether only until all of them are resolved.
    pub until_resolved: bool,
    /// How many alerts fire.
    pub firing: usize,
    /// How many of them it would hush.
    pub hushed: usize,
    /// How many of those are silenced already.
    pub already: usize,
    /// The names of some of those, and how many have them.
    pub names: Vec<(String, usize)>,
    /// Whether it would hush everything that fires, or asks for no exact value.
    pub broad: bool,
}

/// How often was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Question {
    /// For the first time.
    First,
    /// Once more, because it covers so much.
    Second,
}

impl Preview {
    /// The question, with its buttons.
    pub(super) fn message(&self, question: Question, locale: &Locale) -> Message {
        let span = || locale.span(self.period);
        let what = Span::code(one_line(&condition(&self.matchers), CONDITION_MAX));
        let counts = [
            ("hushed", self.hushed.into()),
            ("firing", self.firing.into()),
            ("what", what.into()),
        ];
        let mut message = Message::default().line(locale.spans("silence-would", counts));
        for (name, count) in &self.names {
            let times = match count {
                1 => String::new(),
                count => format!(" × {count}"),
            };
            let name = one_line(name, 80);
            message = message.line([Span::plain(format!("• {name}{times}"))]);
        }
        let shown: usize = self.names.iter().map(|(_, count)| count).sum();
        if self.hushed > shown {
            let more = [("n", (self.hushed - shown).into())];
            message = message.line([Span::plain(locale.text("more", more))]);
        }
        if self.already > 0 {
            let text = locale.text("silence-already", [("n", self.already.into())]);
            message = message.line([Span::plain(text)]);
        }
        if self.until_resolved {
            let text = locale.text("silence-until-resolved", [("span", span().into())]);
            message = message.line([Span::plain(text)]);
        }
        let (key, sure) = match question {
            Question::First => ("y", None),
            Question::Second if self.hushed == self.firing && self.hushed > 0 => {
                ("Y", Some("silence-sure-everything"))
            }
            Question::Second => ("Y", Some("silence-sure-open")),
        };
        if let Some(sure) = sure {
            message = message.line([Span::bold(locale.text(sure, []))]);
        }
        let yes = match self.until_resolved {
            true => locale.text("button-silence-until-resolved", []),
            false => locale.text("button-silence", [("span", span().into())]),
        };
        let yes = Button::callback(yes, format!("{key}:{}", self.number));
        let no = Button::callback(locale.text("button-no", []), format!("n:{}", self.number));
        message.row(yes.into_iter().chain(no))
    }
}

/// The answer to one who acknowledges what others see to.
pub(super) fn already_acknowledged(
    by: &[String],
    until: Timestamp,
    locale: &Locale,
    now: Timestamp,
) -> Message {
    Message::default().line(locale.spans(
        "already-acknowledged",
        [
            ("people", by.len().into()),
            ("names", named(by, locale).into()),
            ("at", locale.moment(until, now).into()),
        ],
    ))
}

/// The answer to one who silenced alerts. It says which, on one line: that may be more than those
/// that were looked at.
pub(super) fn silenced(
    matchers: &[Matcher],
    until: Timestamp,
    until_resolved: bool,
    locale: &Locale,
    now: Timestamp,
) -> Message {
    let what = Span::code(one_line(&condition(matchers), CONDITION_MAX));
    let at = Span::bold(locale.moment(until, now));
    let key = match until_resolved {
        true => "silenced-until-resolved",
        false => "silenced",
    };
    Message::default().line(locale.spans(key, [("at", at.into()), ("what", what.into())]))
}

/// The answer to one who would silence everything that lacks some label.
pub(super) fn matches_all(locale: &Locale) -> Message {
    let example = Span::code("team=\"db\"");
    Message::default().line(locale.spans("silence-matches-all", [("example", example.into())]))
}

/// The answer to `/silence` alone.
pub(super) fn how(locale: &Locale) -> Message {
    let why = locale.text("silence-why-example", []);
    let examples = [
        "/silence DiskFull 2h".to_owned(),
        format!("/silence team=\"db\" severity=~\"warning|info\" 4h {why}"),
        "/silence DiskFull host=db-1 resolved".to_owned(),
    ];
    examples.into_iter().fold(
        Message::of(locale.text("silence-how", [])),
        |message, example| message.line([Span::code(example)]),
    )
}

/// A word in time before a silence ends.
pub(super) fn ends_soon(
    silence: &Silence,
    firing: usize,
    locale: &Locale,
    now: Timestamp,
) -> Message {
    let what = Span::code(one_line(&condition(&silence.matchers), CONDITION_MAX));
    let at = Span::bold(locale.moment(silence.ends_at, now));
    let message = Message::default()
        .line(locale.spans(
            "silence-ends-soon",
            [("at", at.into()), ("what", what.into())],
        ))
        .line([Span::plain(
            locale.text("silence-still-fires", [("n", firing.into())]),
        )]);
    let message = why(message, &silence.created_by, &silence.comment);
    let id = silence.id.0;
    let extend = |hours: usize| extend_button(hours, format!("t:{id}:{hours}h"), locale);
    let end = Button::callback(locale.text("button-end-silence", []), format!("z:{id}"));
    message
        .row(EXTENSIONS.into_iter().filter_map(extend))
        .row(end)
}

/// Adds who silenced something and why, as far as that is known.
pub(super) fn why(message: Message, by: &str, comment: &str) -> Message {
    let (by, comment) = (one_line(by, NAME_MAX), one_line(comment, CONDITION_MAX));
    let why = match (by.is_empty(), comment.is_empty()) {
        (true, true) => return message,
        (true, false) => comment,
        (false, true) => by,
        (false, false) => format!("{by}: {comment}"),
    };
    message.line([Span::italic(why)])
}

fn extend_button(hours: usize, data: String, locale: &Locale) -> Option<Button> {
    let span = locale.text("span-hours", [("n", hours.into())]);
    Button::callback(format!("+{span}"), data)
}

/// The answer to `/silences`: the first `items` of `total`.
pub(super) fn list(
    items: &[Arc<Silence>],
    total: usize,
    locale: &Locale,
    now: Timestamp,
) -> Message {
    if items.is_empty() {
        return Message::of(locale.text("silences-none", []));
    }
    let heading = locale.text("silences", [("n", total.into())]);
    let mut message = Message::default()
        .line([Span::bold(heading)])
        .line([Span::plain(locale.text("silences-hint", []))]);
    let share = (LIST_MAX / items.len())
        .saturating_sub(85)
        .clamp(40, CONDITION_MAX);
    for (index, silence) in items.iter().enumerate() {
        let number = index + 1;
        let by = one_line(&silence.created_by, NAME_MAX);
        let said = [by, one_line(&silence.comment, share / 2)];
        let said: String = said
            .iter()
            .filter(|text| !text.is_empty())
            .map(|text| format!(" · {text}"))
            .collect();
        let end = Button::callback(format!("✖ {number}"), format!("x:{}", silence.id.0));
        let extend = extend_button(1, format!("X:{}", silence.id.0), locale);
        message = message
            .line([
                Span::plain(format!("{number}. ")),
                Span::code(one_line(&condition(&silence.matchers), share)),
                Span::plain(format!(" · {}{said}", time_of(silence, locale, now))),
            ])
            .row(end.into_iter().chain(extend));
    }
    if total > items.len() {
        let left = total - items.len();
        message = message.line([Span::plain(locale.text("more", [("n", left.into())]))]);
    }
    message
}

/// `until 15:04`, `from 02:00 until 03:30`.
fn time_of(silence: &Silence, locale: &Locale, now: Timestamp) -> String {
    let until = locale.moment(silence.ends_at, now);
    if silence.active() {
        let key = match silence.until_resolved {
            true => "silence-resolved-or-until",
            false => "silence-until",
        };
        return locale.text(key, [("at", until.into())]);
    }
    let from = locale.moment(silence.starts_at, now);
    locale.text(
        "silence-from",
        [("from", from.into()), ("at", until.into())],
    )
}

/// `alertname="DiskFull", host="db-1"`
fn condition(matchers: &[Matcher]) -> String {
    let texts: Vec<String> = matchers.iter().map(ToString::to_string).collect();
    texts.join(", ")
}
