//! Writes a text with entities as HTML again: for tests that look at formatting, and for the chat page.
//!
//! The result is safe to insert into a page: everything that is not a known entity is escaped.

use std::fmt::Write;

use super::{Entity, Formatted};

/// HTML of the text, with the tags of Telegram's own dialect.
pub(crate) fn render(formatted: &Formatted) -> String {
    let mut out = String::new();
    let mut open: Vec<&Entity> = Vec::new();
    let mut waiting = formatted.entities.iter().peekable();
    let mut offset = 0;
    for character in formatted.text.chars() {
        close_ended(&mut out, &mut open, offset);
        while let Some(entity) = waiting.next_if(|entity| entity.offset <= offset) {
            out.push_str(&start_tag(entity));
            open.push(entity);
        }
        push_escaped(&mut out, character);
        offset += character.len_utf16();
    }
    close_ended(&mut out, &mut open, usize::MAX);
    out
}

/// Closes what has ended. An inner entity that goes on is closed with it and opened again.
fn close_ended<'a>(out: &mut String, open: &mut Vec<&'a Entity>, offset: usize) {
    let Some(outermost) = open.iter().position(|entity| entity.end() <= offset) else {
        return;
    };
    let closed: Vec<&'a Entity> = open.split_off(outermost);
    closed
        .iter()
        .rev()
        .for_each(|entity| out.push_str(end_tag(entity)));
    for entity in closed.into_iter().filter(|entity| entity.end() > offset) {
        out.push_str(&start_tag(entity));
        open.push(entity);
    }
}

fn start_tag(entity: &Entity) -> String {
    let argument = escaped(entity.argument.as_deref().unwrap_or(""));
    match entity.kind {
        "bold" => "<b>".to_owned(),
        "italic" => "<i>".to_owned(),
        "underline" => "<u>".to_owned(),
        "strikethrough" => "<s>".to_owned(),
        "spoiler" => "<tg-spoiler>".to_owned(),
        "code" => "<code>".to_owned(),
        "pre" if argument.is_empty() => "<pre>".to_owned(),
        "pre" => format!("<pre><code class=\"language-{argument}\">"),
        "text_link" => format!("<a href=\"{argument}\">"),
        "blockquote" => "<blockquote>".to_owned(),
        "expandable_blockquote" => "<blockquote expandable>".to_owned(),
        "custom_emoji" => format!("<tg-emoji emoji-id=\"{argument}\">"),
        "date_time" => {
            let (unix, format) = argument.split_once(' ').unwrap_or((&argument, ""));
            format!("<tg-time unix=\"{unix}\" format=\"{format}\">")
        }
        _ => String::new(),
    }
}

fn end_tag(entity: &Entity) -> &'static str {
    match entity.kind {
        "bold" => "</b>",
        "italic" => "</i>",
        "underline" => "</u>",
        "strikethrough" => "</s>",
        "spoiler" => "</tg-spoiler>",
        "code" => "</code>",
        "pre" if entity.argument.is_none() => "</pre>",
        "pre" => "</code></pre>",
        "text_link" => "</a>",
        "blockquote" | "expandable_blockquote" => "</blockquote>",
        "custom_emoji" => "</tg-emoji>",
        "date_time" => "</tg-time>",
        _ => "",
    }
}

fn escaped(text: &str) -> String {
    let mut out = String::new();
    text.chars()
        .for_each(|character| push_escaped(&mut out, character));
    out
}

fn push_escaped(out: &mut String, character: char) {
    match character {
        '<' => out.push_str("&lt;"),
        '>' => out.push_str("&gt;"),
        '&' => out.push_str("&amp;"),
        '"' => out.push_str("&quot;"),
        _ => out.write_char(character).unwrap_or_default(),
    }
}
