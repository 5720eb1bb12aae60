//! Everything that is known of what fires on a card.
//!
//! It may be longer than a message: the channel splits it. It is bounded all the same, because
//! nobody reads fifty messages at night.

use super::hush::Hush;
use super::parts::{append, flapped, link_spans};
use super::single::{first_line, when};
use super::{Detail, LEVELS, Member};
use crate::alert::Labels;
use crate::incident::Incident;
use crate::message::text::{cut, one_line, width};
use crate::message::words::Locale;
use crate::message::{Message, Span};
use crate::time::Timestamp;

/// How many alerts are told of.
const ALERTS_MAX: usize = 10;
/// No further alert is begun behind this much text.
const TEXT_MAX: usize = 10_000;
/// How many labels of an alert, and how wide each with its name.
const LABELS_MAX: usize = 64;
const LABEL_MAX: usize = 300;
/// How many annotations of an alert, how wide a name, and how wide all values together.
const ANNOTATIONS_MAX: usize = 20;
const ANNOTATION_NAME_MAX: usize = 80;
const ANNOTATIONS_TEXT_MAX: usize = 4_000;
/// An annotation up to this width stands on a line, a longer one is set apart.
const LINE_MAX: usize = 200;

/// Every label, annotation, time and link of what fires, for the one who asked.
pub fn details(members: &[Member<'_>], locale: &Locale, now: Timestamp) -> Message {
    let open: Vec<&Member<'_>> = members
        .iter()
        .filter(|member| !member.incident.ended())
        .collect();
    if open.is_empty() {
        return Message::of(locale.text("alerts-none", []));
    }
    let mut message = Message::default();
    let mut told = 0;
    for member in open.iter().take(ALERTS_MAX) {
        if width(&message.text()) > TEXT_MAX {
            break;
        }
        if told > 0 {
            message = message.gap();
        }
        message = alert(message, member, locale, now);
        told += 1;
    }
    let left = open.len() - told;
    if left > 0 {
        let rest = [("n", left.into()), ("names", "/alerts".into())];
        message = message.gap().line(locale.spans("rest", rest));
    }
    message
}

fn alert(mut message: Message, member: &Member<'_>, locale: &Locale, now: Timestamp) -> Message {
    const DETAIL: Detail = LEVELS[0];
    let incident = member.incident;
    message = message.line(first_line(member, &DETAIL, locale));
    for line in Hush::of(&[*member]).lines(locale, now) {
        message = message.line([Span::plain(line)]);
    }
    message = times(message, incident, locale, now);
    for (name, value) in incident.labels.iter().take(LABELS_MAX) {
        let label = one_line(&format!("{name}={value}"), LABEL_MAX);
        message = message.line([Span::code(label)]);
    }
    let left = incident.labels.iter().skip(LABELS_MAX).count();
    if left > 0 {
        message = message.line([Span::plain(format!("+{left}"))]);
    }
    message = annotations(message, &incident.annotations);
    let links = link_spans(&incident.links, &DETAIL, locale, |_| true);
    if !links.is_empty() {
        message = message.line(links);
    }
    message
}

fn times(message: Message, incident: &Incident, locale: &Locale, now: Timestamp) -> Message {
    let mut since = when(incident, locale, now);
    append(&mut since, flapped(incident, locale).map(Span::plain));
    let moment = |at| locale.moment_in_zone(at, now).into();
    let known = locale.text(
        "details-known",
        [
            ("opened", moment(incident.opened_at)),
            ("seen", moment(incident.seen_at)),
        ],
    );
    message.line(since).line([Span::plain(known)])
}

fn annotations(mut message: Message, annotations: &Labels) -> Message {
    let mut room = ANNOTATIONS_TEXT_MAX;
    for (name, value) in annotations.iter().take(ANNOTATIONS_MAX) {
        let name = Span::bold(one_line(name, ANNOTATION_NAME_MAX));
        let value = cut(value, room);
        room -= width(&value);
        if value.contains('\n') || width(&value) > LINE_MAX {
            message = message.line([name]).quote(&value, true);
        } else {
            message = message.line([name, Span::plain(format!(": {value}"))]);
        }
    }
    message
}
