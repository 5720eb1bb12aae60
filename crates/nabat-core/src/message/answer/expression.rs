//! Help with expressions: what is missing, where the mistake is.

use crate::message::text::cut;
use crate::message::words::Locale;
use crate::message::{Message, Span};

/// How much of an expression is shown around a mistake, in characters: a phone's line of code.
const WINDOW: usize = 34;

/// The mistake, with a caret under its place.
pub(super) fn mistake(expression: &str, at_byte: usize, problem: &str, locale: &Locale) -> Message {
    Message::of(locale.text("bad-expression", []))
        .code(pointed_at(expression, at_byte))
        .line([Span::plain(cut(problem, 300))])
        .line(locale.spans(
            "expression-example",
            [("example", Span::code("/regexp mem|cpu").into())],
        ))
}

/// `/regexp` alone.
pub(super) fn missing(locale: &Locale) -> Message {
    Message::of(locale.text("expression-missing", [])).line(locale.spans(
        "try-subscribe",
        [
            ("example", Span::code("/regexp mem|cpu").into()),
            ("all", Span::code("/regexp all").into()),
        ],
    ))
}

fn pointed_at(expression: &str, at_byte: usize) -> String {
    let column = expression
        .char_indices()
        .take_while(|(at, _)| *at < at_byte)
        .count();
    let skipped = column.saturating_sub(WINDOW * 2 / 3);
    let total = expression.chars().count();
    let shown = expression
        .chars()
        .skip(skipped)
        .take(WINDOW)
        .map(|c| if c.is_control() { ' ' } else { c });
    let (before, after) = (
        if skipped > 0 { "…" } else { "" },
        if total > skipped + WINDOW { "…" } else { "" },
    );
    let indent = " ".repeat(column - skipped + before.chars().count());
    format!("{before}{}{after}\n{indent}^", shown.collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_caret_stands_under_the_mistake() {
        for (expression, at_byte, expected) in [
            ("mem|(cpu", 4, "mem|(cpu\n    ^"),
            ("диск[", 8, "диск[\n    ^"),
            ("a", 99, "a\n ^"),
            ("", 0, "\n^"),
            ("a\nb(", 3, "a b(\n   ^"),
        ] {
            assert_eq!(pointed_at(expression, at_byte), expected, "{expression}");
        }
        let long = format!("{}({}", "a".repeat(100), "b".repeat(100));
        assert_eq!(
            pointed_at(&long, 100),
            "…aaaaaaaaaaaaaaaaaaaaaa(bbbbbbbbbbb…\n                       ^"
        );
    }
}
