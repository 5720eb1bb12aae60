//! Cutting texts that may hold anything down to what a reader takes in.

/// What stands for what was cut off.
const ELLIPSIS: char = '…';

/// How much of a message a text fills: UTF-16 units, which is how chats count.
pub(super) fn width(text: &str) -> usize {
    text.chars().map(char::len_utf16).sum()
}

/// `text` on one line: every run of white space becomes one space. At most `max` units wide.
pub(super) fn one_line(text: &str, max: usize) -> String {
    // Cutting generously first keeps a 40 kB annotation from being copied whole.
    let start = cut(text.trim_start(), max.saturating_mul(4));
    let words: Vec<&str> = start.split_whitespace().collect();
    cut(&words.join(" "), max)
}

/// `text` without white space around it, at most `max` units wide; its lines stay lines.
pub(super) fn cut(text: &str, max: usize) -> String {
    let text = text.trim();
    let mut used = 0;
    for (at, c) in text.char_indices() {
        used += c.len_utf16();
        if used > max {
            return shortened(text, at, max);
        }
    }
    text.to_owned()
}

/// The start of `text` before byte `end`, with room for the ellipsis, ending at a word if one
/// ends nearby.
fn shortened(text: &str, end: usize, max: usize) -> String {
    let mut kept = text.get(..end).unwrap_or_default();
    while width(kept) + 1 > max {
        let Some((at, _)) = kept.char_indices().next_back() else {
            return String::new();
        };
        kept = kept.get(..at).unwrap_or_default();
    }
    let word_end = kept.rfind(char::is_whitespace).unwrap_or(0);
    if word_end > kept.len() / 2 && kept.len() - word_end < 30 {
        kept = kept.get(..word_end).unwrap_or_default();
    }
    let mut short = kept.trim_end().to_owned();
    short.push(ELLIPSIS);
    short
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn texts_are_cut_at_a_word_and_marked() {
        for (text, max, expected) in [
            ("short", 10, "short"),
            ("exactly 10", 10, "exactly 10"),
            ("exactly 11!", 10, "exactly…"),
            ("unbroken-word", 8, "unbroke…"),
            ("🔥🔥🔥", 5, "🔥🔥…"),
            ("🔥🔥🔥", 4, "🔥…"),
            ("  \n ", 4, ""),
            ("abc", 0, ""),
        ] {
            assert_eq!(cut(text, max), expected, "{text}");
        }
        assert_eq!(one_line(" a\n\n b\tc ", 10), "a b c");
    }

    proptest! {
        #[test]
        fn a_cut_text_is_never_wider_than_asked(text in ".{0,60}", max in 0usize..40) {
            prop_assert!(width(&cut(&text, max)) <= max);
            prop_assert!(width(&one_line(&text, max)) <= max);
        }
    }
}
