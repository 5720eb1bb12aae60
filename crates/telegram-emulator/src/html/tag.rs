//! Reads one tag of Telegram's HTML, with the words of its refusals. Offsets are bytes of the source.

use super::decode_reference;

const KNOWN: [&str; 17] = [
    "a",
    "b",
    "strong",
    "i",
    "em",
    "s",
    "strike",
    "del",
    "u",
    "ins",
    "tg-spoiler",
    "tg-emoji",
    "tg-time",
    "span",
    "pre",
    "code",
    "blockquote",
];

pub(super) struct Start {
    pub(super) name: String,
    pub(super) argument: String,
    /// The byte after `>`.
    pub(super) next: usize,
}

/// Reads the end tag at `begin`, which must close `expected`; gives the byte after it.
pub(super) fn end(source: &str, begin: usize, expected: &str) -> Result<usize, String> {
    let bytes = source.as_bytes();
    let mut at = begin + 2;
    while at < bytes.len() && !is_space(bytes[at]) && bytes[at] != b'>' {
        at += 1;
    }
    let found = &source[begin + 2..at];
    while at < bytes.len() && is_space(bytes[at]) {
        at += 1;
    }
    if bytes.get(at) != Some(&b'>') {
        return Err(format!("Unclosed end tag at byte offset {begin}"));
    }
    // `</>` closes whatever is open.
    if !found.is_empty() && found != expected {
        return Err(format!(
            "Unmatched end tag at byte offset {begin}, expected \"</{expected}>\", found \"</{found}>\""
        ));
    }
    Ok(at + 1)
}

/// Reads the start tag at `begin`.
pub(super) fn start(source: &str, begin: usize) -> Result<Start, String> {
    let bytes = source.as_bytes();
    let mut at = begin + 1;
    while at < bytes.len() && !is_space(bytes[at]) && bytes[at] != b'>' {
        at += 1;
    }
    if at == bytes.len() {
        return Err(format!("Unclosed start tag at byte offset {begin}"));
    }
    let name = source[begin + 1..at].to_ascii_lowercase();
    if !KNOWN.contains(&name.as_str()) {
        return Err(format!(
            "Unsupported start tag \"{name}\" at byte offset {begin}"
        ));
    }
    let unclosed = || format!("Unclosed start tag \"{name}\" at byte offset {begin}");
    let mut argument = Argument::default();
    loop {
        at = skip_space(bytes, at);
        match bytes.get(at) {
            None => return Err(unclosed()),
            Some(b'>') => break,
            Some(_) => {}
        }
        let from = at;
        while at < bytes.len()
            && !is_space(bytes[at])
            && !matches!(bytes[at], b'=' | b'>' | b'/' | b'"' | b'\'')
        {
            at += 1;
        }
        let attribute = &source[from..at];
        if attribute.is_empty() {
            return Err(format!(
                "Empty attribute name in the tag \"{name}\" at byte offset {begin}"
            ));
        }
        at = skip_space(bytes, at);
        match bytes.get(at) {
            None => return Err(unclosed()),
            Some(b'=') => {}
            Some(_) => {
                argument.take(&name, attribute, String::new());
                continue;
            }
        }
        at = skip_space(bytes, at + 1);
        if at >= bytes.len() {
            return Err(unclosed());
        }
        let (value, next) = value(source, at)?;
        at = next;
        if at >= bytes.len() {
            return Err(format!("Unclosed start tag at byte offset {begin}"));
        }
        argument.take(&name, attribute, value);
    }
    let argument = argument.into_text(&name);
    if name == "span" && argument != "spoiler" {
        return Err(format!(
            "Tag \"span\" must have class \"tg-spoiler\" at byte offset {begin}"
        ));
    }
    if name == "tg-emoji" && argument.parse::<i64>().is_err() {
        return Err("Invalid custom emoji identifier specified".to_owned());
    }
    Ok(Start {
        name,
        argument,
        next: at + 1,
    })
}

/// What the attributes of a tag say, as far as Telegram cares.
#[derive(Default)]
struct Argument {
    main: String,
    format: String,
}

impl Argument {
    fn take(&mut self, tag: &str, attribute: &str, value: String) {
        match (tag, attribute) {
            ("a", "href") | ("tg-emoji", "emoji-id") | ("tg-time", "unix") => self.main = value,
            ("tg-time", "format") => self.format = value,
            ("blockquote", "expandable") => self.main = "1".to_owned(),
            ("code", "class") => {
                if let Some(language) = value.strip_prefix("language-") {
                    self.main = language.to_owned();
                }
            }
            ("span", "class") => {
                if let Some(class) = value.strip_prefix("tg-") {
                    self.main = class.to_owned();
                }
            }
            _ => {}
        }
    }

    fn into_text(self, tag: &str) -> String {
        if tag == "tg-time" {
            format!("{} {}", self.main, self.format)
        } else {
            self.main
        }
    }
}

/// Reads an attribute's value at `from`, quoted or a bare token; gives it and the byte after it.
fn value(source: &str, from: usize) -> Result<(String, usize), String> {
    let bytes = source.as_bytes();
    let quote = bytes[from];
    let mut at = from;
    if quote != b'"' && quote != b'\'' {
        while at < bytes.len()
            && (bytes[at].is_ascii_alphanumeric() || matches!(bytes[at], b'.' | b'-'))
        {
            at += 1;
        }
        if bytes
            .get(at)
            .is_some_and(|byte| !is_space(*byte) && *byte != b'>')
        {
            return Err(format!(
                "Unexpected end of name token at byte offset {from}"
            ));
        }
        return Ok((source[from..at].to_ascii_lowercase(), at));
    }
    at += 1;
    let mut value = String::new();
    while let Some(character) = source[at..].chars().next() {
        if character == char::from(quote) {
            at += 1;
            break;
        }
        if let Some((decoded, next)) = (character == '&')
            .then(|| decode_reference(bytes, at))
            .flatten()
        {
            value.push(decoded);
            at = next;
        } else {
            value.push(character);
            at += character.len_utf8();
        }
    }
    Ok((value, at))
}

fn skip_space(bytes: &[u8], from: usize) -> usize {
    from + bytes[from..]
        .iter()
        .take_while(|byte| is_space(**byte))
        .count()
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n' | b'\0' | 0x0b)
}
