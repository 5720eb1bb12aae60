//! What was seen, in words that fit on a line: short, and without anything that deranges it.

use crate::channel::readable::turns_direction;

/// The most characters of a finding.
const MAX_WORDS: usize = 300;

/// The most characters that are quoted of an answer.
const MAX_QUOTE: usize = 80;

/// `words` on one line and at most 300 characters long.
pub(super) fn line(words: &str) -> String {
    cut(words.trim().chars(), MAX_WORDS)
}

/// The beginning of what somebody sent, in quotation marks.
pub(super) fn quote(bytes: &[u8]) -> String {
    // A character has at most four bytes; what is cut in the middle is beyond the end anyway.
    let beginning = &bytes[..bytes.len().min(4 * MAX_QUOTE + 4)];
    let text = String::from_utf8_lossy(beginning);
    format!("“{}”", cut(text.trim().chars(), MAX_QUOTE))
}

/// `words` on one line and at most so many characters long.
pub(super) fn shortened(words: &str, most: usize) -> String {
    cut(words.trim().chars(), most)
}

/// The first `most` characters, the last of them an ellipsis if there are more.
fn cut(chars: impl Iterator<Item = char>, most: usize) -> String {
    let mut text = String::new();
    let mut count = 0;
    for c in chars.filter(|c| !turns_direction(*c)) {
        let c = if c.is_control() { ' ' } else { c };
        if c == ' ' && (text.is_empty() || text.ends_with(' ')) {
            continue;
        }
        if count == most {
            text.pop();
            text.push('…');
            break;
        }
        text.push(c);
        count += 1;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_quoted_on_one_line_and_shortened() {
        assert_eq!(quote(b"220 mail\r\n\x1b[31m\0x"), "“220 mail [31m x”");
        assert_eq!(quote("\u{202e}привет\n".as_bytes()), "“привет”");
        assert_eq!(quote(b"\xff\xfe"), "“\u{fffd}\u{fffd}”");
        let long = quote("ж".repeat(500).as_bytes());
        assert_eq!(long.chars().count(), MAX_QUOTE + 2);
        assert!(long.ends_with("ж…”"), "{long}");
    }

    #[test]
    fn words_have_an_end() {
        assert_eq!(line("short"), "short");
        assert_eq!(line(&"x".repeat(301)).chars().count(), MAX_WORDS);
    }
}
