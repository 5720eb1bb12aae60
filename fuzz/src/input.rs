//! Makes of bytes what a property is about, so that a small change of the bytes is a small change of
//! it, and so that a corpus can be written by hand.

use nabat_core::message::{Block, Message, Span};

/// Stands in every place of a configuration that holds a secret.
pub(crate) const SECRET: &str = "123456789:AAsEcReTsEcReTsEcReTsEcReTsEcReT123";
/// The settings whose value is one.
const SECRET_KEYS: [&str; 4] = ["token", "bearer_token", "password", "secret_path"];

/// Ends a part of a message.
const PART_END: char = '\u{1e}';
/// Stands between the text and the address of a link.
const ADDRESS_BEGIN: char = '\u{1f}';

/// A message of parts that end with the character 1E. The first character of each says what it is:
/// a line (`l`), a quote (`q`) or a long one (`Q`), code (`c`), a gap (`g`), or more of the line or
/// quote before: bold (`b`), italic (`i`), struck through (`s`), code (`k`), a link (`a`, with its
/// address behind the character 1F).
pub(crate) fn message(bytes: &[u8]) -> Message {
    let text = String::from_utf8_lossy(bytes);
    let mut blocks = Vec::new();
    for part in text.split(PART_END) {
        let mut rest = part.chars();
        let kind = rest.next();
        let text = rest.as_str();
        match kind {
            Some('q' | 'Q') => blocks.push(Block::Quote {
                lines: text.lines().map(|line| vec![Span::plain(line)]).collect(),
                expandable: kind == Some('Q'),
            }),
            Some('c') => blocks.push(Block::Code(text.to_owned())),
            Some('g') => blocks.push(Block::Gap),
            Some('b') => append(&mut blocks, Span::bold(text)),
            Some('i') => append(&mut blocks, Span::italic(text)),
            Some('s') => append(&mut blocks, Span::strike(text)),
            Some('k') => append(&mut blocks, Span::code(text)),
            Some('a') => {
                let (text, address) = text.split_once(ADDRESS_BEGIN).unwrap_or((text, ""));
                append(&mut blocks, Span::link(text, address));
            }
            Some(_) => blocks.push(Block::Line(vec![Span::plain(text)])),
            None => {}
        }
    }
    Message {
        blocks,
        ..Message::default()
    }
}

fn append(blocks: &mut Vec<Block>, span: Span) {
    match blocks.last_mut() {
        Some(Block::Line(spans)) => spans.push(span),
        Some(Block::Quote { lines, .. }) => match lines.last_mut() {
            Some(line) => line.push(span),
            None => lines.push(vec![span]),
        },
        _ => blocks.push(Block::Line(vec![span])),
    }
}

/// The text with [`SECRET`] for each `KEY: 🔑` on a line of its own, where `KEY` holds a secret.
pub(crate) fn with_secrets(text: &str) -> String {
    let lines = text.split('\n').map(|line| {
        let setting = line.trim_start_matches([' ', '-']);
        let key = setting.split(':').next().unwrap_or_default();
        if SECRET_KEYS.contains(&key) {
            line.replace('🔑', SECRET)
        } else {
            line.replace('🔑', "")
        }
    });
    lines.collect::<Vec<_>>().join("\n")
}
