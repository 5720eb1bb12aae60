//! Turns a message into what the Bot API takes: HTML, its plain form, and an inline keyboard.
//!
//! A message becomes runs of equally styled text. A piece is cut from the runs where the limits
//! are reached, best between blocks, else between lines, else between words; every piece opens
//! and closes its own tags, so no cut can break a tag or an entity. Only `<`, `>` and `&` mean
//! anything in the text, and `"` in addresses.
//!
//! Nothing is sent here. Limits are those of the Bot API: 4096 UTF-16 units after parsing (the
//! strictest reading of "characters") and 32,768 bytes before.

mod pieces;

use nabat_core::message::{Block, Button, Message, Press, Span, Style};
use serde_json::{Value, json};

use pieces::{Container, Run};

use crate::channel::readable::{is_blank, readable};

/// The most UTF-16 units of a piece after parsing.
pub const TEXT_MAX_UNITS: usize = 4_096;
/// The most bytes of a piece as it is sent.
pub const RAW_MAX_BYTES: usize = 32_768;

/// What stands where there would be nothing to see: Telegram refuses such a message.
const NOTHING: &str = "…";

/// One Telegram message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    /// For `parse_mode=HTML`.
    pub html: String,
    /// The same text without markup: what is sent when a chat refuses the markup.
    pub plain: String,
    /// Rows of buttons; only the last piece of a message has any. See [`keyboard`].
    pub buttons: Vec<Vec<Button>>,
}

/// The message in one or more pieces, in the order they are to be sent.
pub fn render(message: &Message) -> Vec<Rendered> {
    let runs = runs_of(message);
    let mut pieces: Vec<Rendered> = pieces::split(runs)
        .iter()
        .filter(|piece| piece.iter().any(|run| !is_blank(&run.text)))
        .map(|piece| Rendered {
            html: pieces::html(piece),
            plain: piece.iter().map(|run| run.text.as_str()).collect(),
            buttons: Vec::new(),
        })
        .collect();
    if pieces.is_empty() {
        pieces.push(Rendered {
            html: NOTHING.into(),
            plain: NOTHING.into(),
            buttons: Vec::new(),
        });
    }
    if let Some(last) = pieces.last_mut() {
        last.buttons.clone_from(&message.buttons);
    }
    pieces
}

/// The `reply_markup` with these buttons: an inline keyboard, empty if there are none.
///
/// Buttons that Telegram would refuse, and with them the whole message, are left out: those that
/// open no web address.
pub fn keyboard(buttons: &[Vec<Button>]) -> Value {
    let rows: Vec<Vec<Value>> = buttons
        .iter()
        .map(|row| row.iter().filter_map(button).collect::<Vec<_>>())
        .filter(|row| !row.is_empty())
        .collect();
    json!({ "inline_keyboard": rows })
}

fn button(button: &Button) -> Option<Value> {
    let mut text = readable(&button.text).replace('\n', " ");
    if is_blank(&text) {
        text = NOTHING.into();
    }
    match &button.press {
        Press::Callback(data) => Some(json!({ "text": text, "callback_data": data })),
        Press::Url(url) if is_linkable(url) => Some(json!({ "text": text, "url": url })),
        Press::Url(_) => None,
    }
}

/// The longest address that becomes a link, in bytes as escaped.
const ADDRESS_MAX_BYTES: usize = 8_192;

/// Whether Telegram follows a link to this address.
fn is_linkable(url: &str) -> bool {
    let scheme = url.split_once("://").map(|(scheme, _)| scheme);
    let known = scheme.is_some_and(|scheme| {
        ["http", "https", "tg"]
            .iter()
            .any(|known| scheme.eq_ignore_ascii_case(known))
    });
    known
        && !url.contains(|c: char| c.is_control() || c.is_whitespace())
        && pieces::escaped_address(url).len() <= ADDRESS_MAX_BYTES
}

fn runs_of(message: &Message) -> Vec<Run> {
    let mut runs = Vec::new();
    for (number, block) in message.blocks.iter().enumerate() {
        if number > 0 {
            runs.push(Run::newline(Container::None, 0));
        }
        match block {
            Block::Line(spans) => {
                runs.extend(spans.iter().map(|s| run(s, Container::None, number)));
            }
            Block::Quote { lines, expandable } => {
                let container = Container::Quote {
                    expandable: *expandable,
                };
                for (line, spans) in lines.iter().enumerate() {
                    if line > 0 {
                        runs.push(Run::newline(container, number));
                    }
                    runs.extend(spans.iter().map(|span| run(span, container, number)));
                }
            }
            Block::Code(text) => runs.push(Run {
                text: readable(text),
                style: Style::Plain,
                container: Container::Code,
                block: number,
            }),
            Block::Gap => {}
        }
    }
    runs.retain(|run| !run.text.is_empty());
    runs
}

fn run(span: &Span, container: Container, block: usize) -> Run {
    let style = match &span.style {
        Style::Link(url) if !is_linkable(url) => Style::Plain,
        style => style.clone(),
    };
    Run {
        text: readable(&span.text),
        style,
        container,
        block,
    }
}

#[cfg(test)]
mod tests;
