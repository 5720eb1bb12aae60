//! Makes any text readable in a message: what cannot be seen or would derange the line is shown as
//! a sign or left out.

/// `text` without characters that cannot be shown, or that change how their neighbours read.
pub(super) fn readable(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '\n' => clean.push('\n'),
            '\r' if rest.peek() == Some(&'\n') => {}
            '\r' | '\u{2028}' | '\u{2029}' | '\u{85}' => clean.push('\n'),
            '\t' => clean.push_str("    "),
            // ␀ and its kin.
            '\0'..='\u{1f}' => clean.extend(char::from_u32(0x2400 + u32::from(c))),
            '\u{7f}' => clean.push('␡'),
            '\u{80}'..='\u{9f}' => clean.push('\u{fffd}'),
            c if turns_direction(c) || says_nothing(c) => {}
            c => clean.push(c),
        }
    }
    clean
}

/// Marks, embeddings, overrides and isolates: lone ones reverse what follows.
pub(crate) const fn turns_direction(c: char) -> bool {
    matches!(
        c,
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
    )
}

/// Byte order marks and noncharacters.
const fn says_nothing(c: char) -> bool {
    matches!(c, '\u{feff}' | '\u{fdd0}'..='\u{fdef}') || c as u32 & 0xfffe == 0xfffe
}

/// Whether there is nothing to see in `text`.
pub(super) fn is_blank(text: &str) -> bool {
    text.chars().all(is_blank_char)
}

/// Whether there is nothing to see of `c`.
pub(super) fn is_blank_char(c: char) -> bool {
    c.is_whitespace()
        || matches!(
            c,
            '\u{ad}'
                | '\u{34f}'
                | '\u{115f}'
                | '\u{1160}'
                | '\u{17b4}'
                | '\u{17b5}'
                | '\u{180b}'..='\u{180e}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2060}'..='\u{206f}'
                | '\u{2800}'
                | '\u{3164}'
                | '\u{fe00}'..='\u{fe0f}'
                | '\u{ffa0}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e0fff}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn oddities_become_signs_or_nothing() {
        for (text, expected) in [
            ("диск 🔥 <&>", "диск 🔥 <&>"),
            ("a\0b\u{1b}[31m", "a␀b␛[31m"),
            ("a\r\nb\rc\u{2028}d", "a\nb\nc\nd"),
            ("a\tb", "a    b"),
            ("exe\u{202e}gpj.", "exegpj."),
            ("\u{200f}x\u{2067}", "x"),
            ("\u{feff}x\u{ffff}\u{fdd0}", "x"),
            ("\u{9b}\u{7f}", "\u{fffd}␡"),
            ("👩\u{200d}🚀", "👩\u{200d}🚀"),
        ] {
            assert_eq!(readable(text), expected, "{text:?}");
        }
    }

    #[test]
    fn text_without_anything_to_see_is_blank() {
        assert!(is_blank(""));
        assert!(is_blank(" \n\u{200b}\u{2800}\u{3164}\u{fe0f}"));
        assert!(!is_blank(" . "));
    }
}
