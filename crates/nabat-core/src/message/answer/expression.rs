//! Help with what selects alerts: what is missing, where the mistake is.

use crate::message::text::cut;
use crate::message::words::Locale;
use crate::message::{Message, Span};

/// How much of an expression is shown around a mistake, in characters: a phone's line of code.
const WINDOW: usize = 34;

/// Behind which command something stands that selects alerts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Selecting {
    /// `/regexp`
    Regexp,
    /// `/subscribe`
    Subscribe,
    /// `/alerts`
    Alerts,
    /// `/history`
    History,
    /// `/silence`
    Silence,
}

impl Selecting {
    fn example(self) -> Span {
        Span::code(match self {
            Self::Regexp => "/regexp mem|cpu",
            Self::Subscribe => "/subscribe severity=critical team=~\"db|web\"",
            Self::Alerts => "/alerts team=db",
            Self::History => "/history severity=critical",
            Self::Silence => "/silence DiskFull host=db-1 2h",
        })
    }
}

/// The mistake, with a caret under its place.
pub(super) fn mistake(
    selecting: Selecting,
    expression: &str,
    at_byte: usize,
    problem: &str,
    locale: &Locale,
) -> Message {
    Message::of(locale.text("bad-expression", []))
        .code(pointed_at(expression, at_byte))
        .line([Span::plain(in_words(problem, locale))])
        .line(locale.spans(
            "expression-example",
            [("example", selecting.example().into())],
        ))
}

/// `/regexp` or `/subscribe` alone.
pub(super) fn missing(selecting: Selecting, locale: &Locale) -> Message {
    let (key, all) = match selecting {
        Selecting::Subscribe => ("try-matchers", "/subscribe all"),
        _ => ("try-subscribe", "/regexp all"),
    };
    Message::of(locale.text("expression-missing", [])).line(locale.spans(
        key,
        [
            ("example", selecting.example().into()),
            ("all", Span::code(all).into()),
        ],
    ))
}

/// Mistakes that people make often, as they are told by the readers of matchers and expressions, and
/// what they are called in every language. Others are told as they are.
const MISTAKES: [(&str, &str); 12] = [
    (
        "a label's name is missing, as in `severity=critical`",
        "mistake-no-label",
    ),
    (
        "one of `=`, `!=`, `=~`, `!~` is missing",
        "mistake-no-operator",
    ),
    ("the closing quote is missing", "mistake-quote"),
    ("the closing brace is missing", "mistake-brace"),
    ("the expression is empty", "mistake-empty"),
    (
        "the expression grows too large; use smaller repetitions",
        "mistake-large",
    ),
    ("unclosed group", "mistake-group"),
    ("unopened group", "mistake-group-unopened"),
    ("unclosed character class", "mistake-class"),
    ("unclosed counted repetition", "mistake-count"),
    (
        "repetition operator missing expression",
        "mistake-nothing-repeated",
    ),
    (
        "look-around, including look-ahead and look-behind, is not supported",
        "mistake-look-around",
    ),
];

fn in_words(problem: &str, locale: &Locale) -> String {
    let known = MISTAKES.iter().find(|(said, _)| *said == problem);
    match known {
        Some((_, key)) => locale.text(key, []),
        None => cut(problem, 300),
    }
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
    use crate::message::words::Language;
    use crate::subscription::Selector;

    #[test]
    fn mistakes_are_named_in_every_language() {
        let matchers = ["=x", "severity", "a=\"b", "{a=b"];
        let expressions = [
            "",
            "(((a{99}){99}){99}){9}",
            "(",
            ")",
            "[",
            "a{2",
            "+",
            "(?=a)",
        ];
        let of_matchers = matchers.map(|text| Selector::labels(text).unwrap_err().problem);
        let of_expressions = expressions.map(|text| Selector::title(text).err().map(|e| e.problem));
        let problems = of_matchers
            .into_iter()
            .chain(of_expressions.into_iter().flatten());
        let told: Vec<String> = problems.collect();
        let known: Vec<&str> = MISTAKES.iter().map(|(said, _)| *said).collect();
        assert_eq!(told, known);
        for problem in known {
            for language in [Language::Ru, Language::PtBr] {
                let locale = Locale {
                    language,
                    ..Locale::english()
                };
                let words = in_words(problem, &locale);
                assert!(
                    words != problem && !words.starts_with("mistake-"),
                    "{words}"
                );
            }
        }
    }

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
