//! A message as plain text: for mail programs that show no HTML, and for people who like it so.

use nabat_core::message::{Block, Message, Press, Span, Style};

/// The message as text, with the addresses of its links.
pub(super) fn render(message: &Message) -> String {
    let mut lines: Vec<String> = message.blocks.iter().map(block).collect();
    let mut links = message.buttons.iter().flatten().filter_map(|button| {
        let Press::Url(url) = &button.press else {
            return None;
        };
        super::is_linkable(url).then(|| link(&super::readable(&button.text), url))
    });
    if let Some(first) = links.next() {
        lines.extend([String::new(), first]);
        lines.extend(links);
    }
    lines.join("\n") + "\n"
}

fn block(block: &Block) -> String {
    match block {
        Block::Line(spans) => line(spans),
        Block::Quote { lines, .. } => {
            // Not by `>`: some programs fold up what looks like an older letter.
            let lines: Vec<String> = lines
                .iter()
                .flat_map(|spans| {
                    let text = line(spans);
                    let lines: Vec<String> = text.lines().map(|line| format!("  {line}")).collect();
                    lines
                })
                .collect();
            lines.join("\n")
        }
        Block::Code(text) => text.clone(),
        Block::Gap => String::new(),
    }
}

fn line(spans: &[Span]) -> String {
    spans
        .iter()
        .map(|span| match &span.style {
            Style::Link(url) => link(&span.text, url),
            _ => span.text.clone(),
        })
        .collect()
}

/// In angle brackets, programs find the end of an address; see RFC 3986, appendix C.
fn link(text: &str, url: &str) -> String {
    if text.trim() == url {
        url.to_owned()
    } else {
        format!("{text} <{url}>")
    }
}
