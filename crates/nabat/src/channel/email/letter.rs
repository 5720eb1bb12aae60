//! Writes the letter for a notification: headers that thread it and keep machines from answering,
//! and its text twice, plain and as HTML.
//!
//! Every letter of one life of a group refers to the same message, which was never sent: its
//! *root*. Mail programs put together what refers to the same, so no letter has to know of
//! another, and one that got lost or was sent twice breaks nothing. The first letter can't be the
//! root itself: when it is not known whether it arrived, the next one is a first letter too, and
//! of two letters with one `Message-ID` mailboxes show one.
//!
//! A letter's own `Message-ID` says which delivery it is of, and what it tells. So a repeat is known
//! as one, unless there is news in it: then it must be shown.
//!
//! `Precedence: bulk` is left out: it was never standardized, and some take it for advertising.

mod html;
mod plain;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailboxes, Message as Mime, MultiPart};
use nabat_core::message::{Block, Message, Span, Style};
use nabat_core::notification::{Notification, Text};
use nabat_core::time::Timestamp;
use sha2::{Digest, Sha256};

use super::{Account, Address};
use crate::channel::readable::{is_blank, readable};

/// The most bytes of text in a letter, before it is encoded. Far beyond what anyone reads, far
/// below what mail servers refuse.
const TEXT_MAX_BYTES: usize = 256 * 1024;
/// The most characters of a subject. A header's line may have 998 bytes and breaks only at spaces.
const SUBJECT_MAX_CHARS: usize = 250;
/// The longest address that becomes a link, in bytes.
const URL_MAX_BYTES: usize = 8_192;

const AUTO_SUBMITTED: HeaderName = HeaderName::new_from_ascii_str("Auto-Submitted");
const SUPPRESS: HeaderName = HeaderName::new_from_ascii_str("X-Auto-Response-Suppress");

/// The letter that tells `to` of `notification` in the words of `text`, as it is handed to the mail
/// server.
///
/// # Errors
/// When `to` is empty.
pub(super) fn compose(
    account: &Account,
    notification: &Notification,
    text: &Text,
    to: &[Address],
    at: Timestamp,
) -> Result<Vec<u8>, lettre::error::Error> {
    let root = message_id(account, &format!("thread.{}", notification.thread.0));
    let id = message_id(account, &letter_name(notification));
    let message = presentable(&text.message);
    let mailboxes: Mailboxes = to.iter().map(|to| to.mailbox().clone()).collect();
    let builder = Mime::builder()
        .from(account.from.mailbox().clone())
        .mailbox(lettre::message::header::To::from(mailboxes))
        .subject(subject(&text.subject))
        .date(date(at))
        .message_id(Some(id))
        .in_reply_to(root.clone())
        .references(root)
        // No answer of machines, by RFC 3834.
        .raw_header(HeaderValue::new(AUTO_SUBMITTED, "auto-generated".into()))
        // Exchange knows only its own header. Reports that a letter did not arrive are welcome,
        // so it does not say `All`.
        .raw_header(HeaderValue::new(SUPPRESS, "OOF, AutoReply, RN, NRN".into()));
    let text = MultiPart::alternative_plain_html(plain::render(&message), html::render(&message));
    Ok(builder.multipart(text)?.formatted())
}

/// A clock that is set to before 1970 is wrong anyway.
fn date(at: Timestamp) -> SystemTime {
    let millis = u64::try_from(at.as_millis()).unwrap_or(0);
    UNIX_EPOCH + Duration::from_millis(millis)
}

/// What tells a letter from all others of this Nabat.
fn letter_name(notification: &Notification) -> String {
    let mut told = Sha256::new();
    for shown in &notification.members {
        told.update(shown.incident.id.0.to_be_bytes());
        told.update(shown.incident.edition.to_be_bytes());
    }
    let [a, b, c, d, ..] = <[u8; 32]>::from(told.finalize());
    let told = u32::from_be_bytes([a, b, c, d]);
    format!("{}.{told:08x}", notification.number.0)
}

fn message_id(account: &Account, what: &str) -> String {
    let instance: String = account
        .instance
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || *c == '-')
        .collect();
    format!("<nabat.{instance}.{what}@{}>", account.from.bare().domain())
}

/// One line, however many `text` has.
fn subject(text: &str) -> String {
    let text = readable(text);
    let words: Vec<&str> = text.split_whitespace().collect();
    let line = words.join(" ");
    if is_blank(&line) {
        return "…".to_owned();
    }
    // What only looks like an encoded word must not be decoded: the sign that nobody sees makes
    // it be encoded.
    let line = shortened(&line, SUBJECT_MAX_CHARS);
    line.replace("=?", "=\u{200b}?")
}

fn shortened(line: &str, chars_max: usize) -> String {
    match line.char_indices().nth(chars_max) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line.to_owned(),
    }
}

/// The message with readable texts, cut where it becomes too long, and without what can only be
/// pressed in a chat.
fn presentable(message: &Message) -> Message {
    let mut room = Room {
        left: TEXT_MAX_BYTES,
    };
    let blocks = message.blocks.iter();
    Message {
        blocks: blocks.map_while(|block| room.block(block)).collect(),
        buttons: message.buttons.clone(),
        silent: message.silent,
    }
}

/// How many more bytes of text there may be.
struct Room {
    left: usize,
}

impl Room {
    fn block(&mut self, block: &Block) -> Option<Block> {
        if self.left == 0 {
            return None;
        }
        Some(match block {
            Block::Line(spans) => Block::Line(self.spans(spans)),
            Block::Quote { lines, expandable } => Block::Quote {
                lines: lines.iter().map(|line| self.spans(line)).collect(),
                expandable: *expandable,
            },
            Block::Code(text) => Block::Code(self.text(text)),
            Block::Gap => Block::Gap,
        })
    }

    fn spans(&mut self, spans: &[Span]) -> Vec<Span> {
        let spans = spans.iter().map(|span| Span {
            text: self.text(&span.text),
            style: match &span.style {
                Style::Link(url) if !is_linkable(url) => Style::Plain,
                style => style.clone(),
            },
        });
        spans.collect()
    }

    fn text(&mut self, text: &str) -> String {
        let mut text = readable(text);
        if text.len() > self.left {
            text.truncate(text.floor_char_boundary(self.left));
            // Only once, where it breaks off.
            if self.left > 0 {
                text.push('…');
            }
            self.left = 0;
        } else {
            self.left -= text.len();
        }
        text
    }
}

/// Whether a letter may link to this address.
fn is_linkable(url: &str) -> bool {
    let scheme = url.split_once(':').map(|(scheme, _)| scheme);
    let is_known = scheme.is_some_and(|scheme| {
        ["http", "https", "mailto"]
            .iter()
            .any(|known| scheme.eq_ignore_ascii_case(known))
    });
    is_known
        && url.len() <= URL_MAX_BYTES
        && !url.contains(|c: char| c.is_control() || c.is_whitespace() || c == '<' || c == '>')
}

#[cfg(test)]
mod tests;
