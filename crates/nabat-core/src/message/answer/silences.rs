//! What is silenced, and who sees to what.

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
    locale: &Locale,
    now: Timestamp,
) -> Message {
    let what = Span::code(one_line(&condition(matchers), 300));
    let at = Span::bold(locale.moment(until, now));
    Message::default().line(locale.spans("silenced", [("at", at.into()), ("what", what.into())]))
}

/// The answer to `/silences`: the first `items` of `total`.
pub(super) fn list(items: &[Silence], total: usize, locale: &Locale, now: Timestamp) -> Message {
    if items.is_empty() {
        return Message::of(locale.text("silences-none", []));
    }
    let heading = locale.text("silences", [("n", total.into())]);
    let mut message = Message::default()
        .line([Span::bold(heading)])
        .line([Span::plain(locale.text("silences-hint", []))]);
    let share = (LIST_MAX / items.len()).saturating_sub(60).clamp(40, 300);
    for silence in items {
        let what = condition(&silence.matchers);
        let until = locale.text(
            "silence-until",
            [("at", locale.moment(silence.ends_at, now).into())],
        );
        let by = one_line(&silence.created_by, NAME_MAX);
        let by = Some(by).filter(|by| !by.is_empty());
        let by = by.map_or_else(String::new, |by| format!(" · {by}"));
        let button = Button::callback(
            format!("✖ {}", one_line(&what, 60)),
            format!("x:{}", silence.id.0),
        );
        message = message
            .line([
                Span::plain("• "),
                Span::code(one_line(&what, share)),
                Span::plain(format!(" · {until}{by}")),
            ])
            .row(button);
    }
    if total > items.len() {
        let left = total - items.len();
        message = message.line([Span::plain(locale.text("more", [("n", left.into())]))]);
    }
    message
}

/// `alertname="DiskFull", host="db-1"`
fn condition(matchers: &[Matcher]) -> String {
    let texts: Vec<String> = matchers.iter().map(ToString::to_string).collect();
    texts.join(", ")
}
