//! Parses `parse_mode: HTML` as Telegram does: the same tags, the same leniency, the same words and byte
//! offsets in its refusals. Pure: text in, plain text with entities out.
//!
//! [`parse`] gives the text before Telegram trims it; [`tidy`] trims it and drops entities that cannot stand
//! (inside `code` and `pre` nothing else is formatted). Offsets and lengths of entities are UTF-16 code units.

mod render;
mod tag;

use serde_json::{Map, Value, json};

pub(crate) use render::render;

/// A stretch of text with a meaning, in UTF-16 code units.
#[derive(Clone, Debug, PartialEq)]
pub struct Entity {
    /// Telegram's name of the kind: `bold`, `text_link`, `bot_command`, …
    pub kind: &'static str,
    /// Where it starts, in UTF-16 code units.
    pub offset: usize,
    /// How long it is, in UTF-16 code units.
    pub length: usize,
    /// The URL, language, custom emoji id or time format, where the kind has one.
    pub argument: Option<String>,
}

impl Entity {
    /// The entity as the Bot API writes it.
    pub fn to_json(&self) -> Value {
        let mut fields = Map::new();
        fields.insert("type".into(), json!(self.kind));
        fields.insert("offset".into(), json!(self.offset));
        fields.insert("length".into(), json!(self.length));
        if let Some(argument) = &self.argument {
            match self.kind {
                "text_link" => fields.insert("url".into(), json!(argument)),
                "pre" => fields.insert("language".into(), json!(argument)),
                "custom_emoji" => fields.insert("custom_emoji_id".into(), json!(argument)),
                "date_time" => {
                    let (unix, format) = argument.split_once(' ').unwrap_or((argument, ""));
                    fields.insert("unix_time".into(), json!(unix.parse::<i64>().unwrap_or(0)));
                    fields.insert("date_time_format".into(), json!(format))
                }
                _ => None,
            };
        }
        Value::Object(fields)
    }

    fn end(&self) -> usize {
        self.offset + self.length
    }
}

/// Plain text and what is formatted in it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Formatted {
    pub(crate) text: String,
    pub(crate) entities: Vec<Entity>,
}

/// A tag that is open while the parser goes on.
struct Open {
    tag: String,
    argument: String,
    offset: usize,
    begin: usize,
}

/// What people read of a message in HTML, before Telegram trims it.
///
/// # Errors
/// What Telegram says after `can't parse entities: `.
pub fn text_of(source: &str) -> Result<String, String> {
    parse(source).map(|formatted| formatted.text)
}

/// Parses `source`; the error is what Telegram says after `can't parse entities: `.
pub(crate) fn parse(source: &str) -> Result<Formatted, String> {
    let bytes = source.as_bytes();
    let mut out = Formatted::default();
    let mut offset = 0;
    let mut open: Vec<Open> = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        if bytes[at] == b'&'
            && let Some((decoded, next)) = decode_reference(bytes, at)
        {
            out.text.push(decoded);
            offset += decoded.len_utf16();
            at = next;
            continue;
        }
        if bytes[at] != b'<' {
            let Some(character) = source[at..].chars().next() else {
                break;
            };
            at += character.len_utf8();
            // Telegram drops carriage returns.
            if character != '\r' {
                out.text.push(character);
                offset += character.len_utf16();
            }
            continue;
        }
        if bytes.get(at + 1) == Some(&b'/') {
            let Some(opened) = open.pop() else {
                return Err(format!("Unexpected end tag at byte offset {at}"));
            };
            at = tag::end(source, at, &opened.tag)?;
            close(&mut out, &opened, offset);
        } else {
            let start = tag::start(source, at)?;
            at = start.next;
            open.push(Open {
                tag: start.name,
                argument: start.argument,
                offset,
                begin: out.text.len(),
            });
        }
    }
    match open.last() {
        Some(last) => Err(format!(
            "Can't find end tag corresponding to start tag \"{}\"",
            last.tag
        )),
        None => {
            for entity in out
                .entities
                .iter_mut()
                .filter(|entity| entity.kind == "code")
            {
                entity.argument = None;
            }
            Ok(out)
        }
    }
}

fn close(out: &mut Formatted, opened: &Open, offset: usize) {
    if offset == opened.offset {
        return;
    }
    let argument = (!opened.argument.is_empty()).then(|| opened.argument.clone());
    let same_place = |last: &Entity| last.offset == opened.offset && last.end() == offset;
    let (kind, argument) = match opened.tag.as_str() {
        "b" | "strong" => ("bold", None),
        "i" | "em" => ("italic", None),
        "u" | "ins" => ("underline", None),
        "s" | "strike" | "del" => ("strikethrough", None),
        "tg-spoiler" | "span" => ("spoiler", None),
        "tg-emoji" => ("custom_emoji", argument),
        "tg-time" => ("date_time", argument),
        "blockquote" if argument.is_some() => ("expandable_blockquote", None),
        "blockquote" => ("blockquote", None),
        "a" => {
            let shown = out.text[opened.begin..].to_owned();
            match checked_link(argument.as_deref().unwrap_or(&shown)) {
                Some(link) => ("text_link", Some(link)),
                None => return,
            }
        }
        // `<pre><code class="language-x">` is one entity, whichever of the two closes first.
        "pre" => match out.entities.last_mut() {
            Some(last) if last.kind == "code" && same_place(last) && last.argument.is_some() => {
                last.kind = "pre";
                return;
            }
            _ => ("pre", None),
        },
        _ => match out.entities.last_mut() {
            Some(last) if last.kind == "pre" && same_place(last) && argument.is_some() => {
                last.argument = argument;
                return;
            }
            _ => ("code", argument),
        },
    };
    out.entities.push(Entity {
        kind,
        offset: opened.offset,
        length: offset - opened.offset,
        argument,
    });
}

/// A link Telegram keeps, in the form it gives it; `None` for one it silently drops.
fn checked_link(url: &str) -> Option<String> {
    let url = url.trim();
    let (scheme, rest) = match url.split_once("://") {
        Some((scheme, rest)) => (scheme.to_ascii_lowercase(), rest),
        None if url.to_ascii_lowercase().starts_with("mailto:") => return Some(url.to_owned()),
        None => ("http".to_owned(), url),
    };
    if scheme == "tg" || scheme == "ton" {
        return Some(url.to_owned());
    }
    let host = rest
        .split(['/', '?', '#'])
        .next()
        .unwrap_or("")
        .rsplit('@')
        .next()
        .unwrap_or("");
    let name = host.split(':').next().unwrap_or("");
    let good_name =
        name.contains('.') && !name.starts_with('.') && !name.contains(char::is_whitespace);
    if !matches!(scheme.as_str(), "http" | "https") || !good_name {
        return None;
    }
    let slash = if rest.len() == host.len() { "/" } else { "" };
    Some(format!("{scheme}://{rest}{slash}"))
}

/// The character that the reference at `at` (`&lt;`, `&#39;`, …) stands for, and where the text goes on.
/// Unknown references are left as they are.
fn decode_reference(bytes: &[u8], at: usize) -> Option<(char, usize)> {
    let digits_from = |from: usize, radix: u32| {
        let digits = bytes[from.min(bytes.len())..]
            .iter()
            .take_while(|byte| char::from(**byte).is_digit(radix));
        from + digits.count()
    };
    let (decoded, end) = if bytes.get(at + 1) == Some(&b'#') {
        let (from, radix) = if bytes.get(at + 2) == Some(&b'x') {
            (at + 3, 16)
        } else {
            (at + 2, 10)
        };
        let end = digits_from(from, radix);
        // Telegram gives up on references of ten bytes or more.
        if end - at >= 10 {
            return None;
        }
        let code = u32::from_str_radix(std::str::from_utf8(&bytes[from..end]).ok()?, radix).ok()?;
        (
            char::from_u32(code).filter(|character| *character != '\0')?,
            end,
        )
    } else {
        let end = at
            + 1
            + bytes[at + 1..]
                .iter()
                .take_while(|byte| byte.is_ascii_alphabetic())
                .count();
        let decoded = match &bytes[at + 1..end] {
            b"lt" => '<',
            b"gt" => '>',
            b"amp" => '&',
            b"quot" => '"',
            _ => return None,
        };
        (decoded, end)
    };
    Some((
        decoded,
        if bytes.get(end) == Some(&b';') {
            end + 1
        } else {
            end
        },
    ))
}

/// Trims the text as Telegram does and keeps the entities that can stand, outer ones first.
pub(crate) fn tidy(formatted: Formatted) -> Formatted {
    let cleaned: String = formatted
        .text
        .chars()
        .map(|c| if c < ' ' && c != '\n' { ' ' } else { c })
        .collect();
    let kept_end = cleaned.trim_end().len();
    let kept_start = cleaned.len() - cleaned.trim_start().len();
    let text = cleaned.get(kept_start..kept_end).unwrap_or("").to_owned();
    let removed = units(&cleaned[..kept_start]);
    let length = units(&text);
    let mut entities: Vec<Entity> = formatted
        .entities
        .into_iter()
        .filter_map(|mut entity| {
            let end = entity.end().saturating_sub(removed).min(length);
            entity.offset = entity.offset.saturating_sub(removed);
            entity.length = end
                .checked_sub(entity.offset)
                .filter(|length| *length > 0)?;
            Some(entity)
        })
        .collect();
    entities.sort_by_key(|entity| (entity.offset, std::cmp::Reverse(entity.length)));
    let mut entities = merged(entities);
    let literal: Vec<(usize, usize)> = entities
        .iter()
        .filter(|entity| matches!(entity.kind, "code" | "pre"))
        .map(|entity| (entity.offset, entity.end()))
        .collect();
    entities.retain(|entity| {
        matches!(
            entity.kind,
            "code" | "pre" | "blockquote" | "expandable_blockquote"
        ) || !literal.iter().any(|(from, to)| {
            entity.offset < *to && entity.end() > *from && entity.end() - entity.offset <= to - from
        })
    });
    Formatted { text, entities }
}

/// Joins entities of one style that touch or overlap: `<b>a</b><b>b</b>` is one bold text.
fn merged(sorted: Vec<Entity>) -> Vec<Entity> {
    let mut kept: Vec<Entity> = Vec::new();
    for entity in sorted {
        let is_style = matches!(
            entity.kind,
            "bold" | "italic" | "underline" | "strikethrough" | "spoiler"
        );
        let touches = |known: &&mut Entity| {
            is_style && known.kind == entity.kind && known.end() >= entity.offset
        };
        match kept.iter_mut().rev().find(touches) {
            Some(known) => known.length = known.length.max(entity.end() - known.offset),
            None => kept.push(entity),
        }
    }
    kept.sort_by_key(|entity| (entity.offset, std::cmp::Reverse(entity.length)));
    kept
}

/// Length in UTF-16 code units.
pub(crate) fn units(text: &str) -> usize {
    text.encode_utf16().count()
}

#[cfg(test)]
mod tests;
