//! Texts in quotes as Go writes them (`%q`): those who compare group keys and label sets with what
//! they had from Alertmanager must find the same letters.

use std::fmt::{self, Write as _};
use std::sync::LazyLock;

use regex_syntax::hir::{Class, HirKind};

/// What Go prints as it is: letters, marks, numbers, punctuation, symbols and the blank.
const PRINTABLE: &str = r"[\pL\pM\pN\pP\pS ]";

/// The ranges of [`PRINTABLE`], in order.
static RANGES: LazyLock<Vec<(char, char)>> = LazyLock::new(|| {
    let class = regex_syntax::parse(PRINTABLE);
    match class.map(|class| class.kind().clone()) {
        Ok(HirKind::Class(Class::Unicode(class))) => {
            let ranges = class.ranges().iter();
            ranges.map(|range| (range.start(), range.end())).collect()
        }
        _ => Vec::new(),
    }
});

/// A text that is shown in quotes.
#[derive(Debug, Clone, Copy)]
pub struct Quoted<'a>(pub &'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_char('"')?;
        for c in self.0.chars() {
            match c {
                '"' | '\\' => write!(f, "\\{c}")?,
                c if is_printable(c) => f.write_char(c)?,
                '\x07' => f.write_str("\\a")?,
                '\x08' => f.write_str("\\b")?,
                '\x0c' => f.write_str("\\f")?,
                '\n' => f.write_str("\\n")?,
                '\r' => f.write_str("\\r")?,
                '\t' => f.write_str("\\t")?,
                '\x0b' => f.write_str("\\v")?,
                c => match u32::from(c) {
                    code @ (0..0x20 | 0x7f) => write!(f, "\\x{code:02x}")?,
                    code @ 0..0x1_0000 => write!(f, "\\u{code:04x}")?,
                    code => write!(f, "\\U{code:08x}")?,
                },
            }
        }
        f.write_char('"')
    }
}

fn is_printable(c: char) -> bool {
    if c.is_ascii() {
        return matches!(c, ' '..='~');
    }
    let after = RANGES.partition_point(|(start, _)| *start <= c);
    let range = after.checked_sub(1).and_then(|at| RANGES.get(at));
    range.is_some_and(|(_, end)| c <= *end)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What Go 1.19 prints for `fmt.Printf("%q")`.
    #[test]
    fn texts_are_quoted_as_go_quotes_them() {
        for (text, quoted) in [
            ("", r#""""#),
            ("a b", r#""a b""#),
            ("a\"b\\c'd", r#""a\"b\\c'd""#),
            ("\0\x01\x1b\x7f", r#""\x00\x01\x1b\x7f""#),
            ("\x07\x08\x0c\n\r\t\x0b", r#""\a\b\f\n\r\t\v""#),
            ("дб 日本 🙂", "\"дб 日本 🙂\""),
            // A combining accent is a letter like others.
            ("e\u{301}", "\"e\u{301}\""),
            ("\u{301}", "\"\u{301}\""),
            ("\u{80}\u{a0}\u{ad}", r#""\u0080\u00a0\u00ad""#),
            ("\u{200b}\u{2028}\u{feff}", r#""\u200b\u2028\ufeff""#),
            ("\u{fffd}", "\"\u{fffd}\""),
            (
                "\u{e000}\u{f0000}\u{10ffff}",
                r#""\ue000\U000f0000\U0010ffff""#,
            ),
            ("\u{e0001}", r#""\U000e0001""#),
        ] {
            assert_eq!(Quoted(text).to_string(), quoted);
        }
    }
}
