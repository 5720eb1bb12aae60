//! The expressions of matchers, which mean what they mean to Alertmanager: Go's `regexp` (RE2).
//!
//! They are anchored at both ends, letter case counts, and `\d`, `\w`, `\s`, `\b` know ASCII alone.
//! What the `regex` crate would read otherwise than Go (sets within sets, flags that Go does not
//! have) is refused rather than read in another sense. What is checked is what runs later.

use std::ops::Range;

use regex_automata::meta::Regex;
use regex_syntax::ast::{
    self, AssertionKind, Ast, ClassPerl, ClassPerlKind, ClassSetBinaryOp, ClassSetItem, Flag,
    Flags, FlagsItemKind, GroupKind, Span, Visitor,
};

use crate::subscription::expression::{self, EXPRESSION_BYTES_MAX, ExpressionError, NESTED_MAX};

/// What stands around an expression, so that it is compared as a whole.
const BEFORE: &str = "^(?:";
const AFTER: &str = ")$";
/// How large the compiled form may be: this much in any case, and for long expressions so many
/// bytes for each of their own. A list of hosts takes 35 to 90.
const COMPILED_BYTES: usize = 128 << 10;
const COMPILED_BYTES_EACH: usize = 128;

/// Whether `text` is an expression that can be compared within the limits.
///
/// # Errors
/// The place of the mistake and what it is.
pub(super) fn check(text: &str) -> Result<(), ExpressionError> {
    build(text).map(|_| ())
}

/// The compiled form of a checked expression.
pub(super) fn compile(checked: &str) -> Regex {
    build(checked).unwrap_or_else(|_| expression::nothing())
}

fn build(text: &str) -> Result<Regex, ExpressionError> {
    if text.len() > EXPRESSION_BYTES_MAX {
        return Err(expression::too_long(text));
    }
    let anchored = format!("{BEFORE}{text}{AFTER}");
    let within = |error: ExpressionError| ExpressionError {
        at: error.at.saturating_sub(BEFORE.len()).min(text.len()),
        ..error
    };
    // Without what stands around it, the parser points at the right place.
    let ascii = as_ascii(&anchored)
        .map_err(|error| as_ascii(text).err().unwrap_or_else(|| within(error)))?;
    let limit = COMPILED_BYTES.max(COMPILED_BYTES_EACH * text.len());
    expression::build(&ascii, false, limit).map_err(|_| {
        // What is no expression for another reason is said by the parser.
        let mistake = expression::parse(&ascii).err();
        match mistake.map(|mistake| expression::mistake(*mistake)) {
            Some(ExpressionError { problem, .. }) => ExpressionError { at: 0, problem },
            None => expression::too_large(),
        }
    })
}

/// The same expression with the classes of Perl written out in ASCII.
fn as_ascii(text: &str) -> Result<String, ExpressionError> {
    let mut parser = ast::parse::ParserBuilder::new()
        .nest_limit(NESTED_MAX)
        .build();
    let parsed = parser
        .parse(text)
        .map_err(|error| expression::mistake(regex_syntax::Error::Parse(error)))?;
    let replaced = ast::visit(&parsed, Reader::default())?;
    let mut ascii = String::with_capacity(text.len());
    let mut at = 0;
    for (range, instead) in replaced {
        ascii.push_str(text.get(at..range.start).unwrap_or_default());
        ascii.push_str(instead);
        at = range.end;
    }
    ascii.push_str(text.get(at..).unwrap_or_default());
    Ok(ascii)
}

/// Collects what has to be written otherwise, in the order of the text.
#[derive(Default)]
struct Reader {
    replaced: Vec<(Range<usize>, &'static str)>,
}

impl Reader {
    fn replace(&mut self, span: &Span, instead: &'static str) {
        self.replaced
            .push((span.start.offset..span.end.offset, instead));
    }

    fn class(&mut self, class: &ClassPerl) {
        let instead = match (&class.kind, class.negated) {
            (ClassPerlKind::Digit, false) => "[0-9]",
            (ClassPerlKind::Digit, true) => "[^0-9]",
            (ClassPerlKind::Space, false) => r"[\t\n\f\r ]",
            (ClassPerlKind::Space, true) => r"[^\t\n\f\r ]",
            (ClassPerlKind::Word, false) => "[0-9A-Za-z_]",
            (ClassPerlKind::Word, true) => "[^0-9A-Za-z_]",
        };
        self.replace(&class.span, instead);
    }

    fn assertion(&mut self, assertion: &ast::Assertion) -> Result<(), ExpressionError> {
        match assertion.kind {
            AssertionKind::WordBoundary => self.replace(&assertion.span, r"(?-u:\b)"),
            AssertionKind::NotWordBoundary => self.replace(&assertion.span, r"(?-u:\B)"),
            // No more than the signs themselves to Go.
            AssertionKind::WordBoundaryStartAngle => self.replace(&assertion.span, "<"),
            AssertionKind::WordBoundaryEndAngle => self.replace(&assertion.span, ">"),
            AssertionKind::WordBoundaryStart
            | AssertionKind::WordBoundaryEnd
            | AssertionKind::WordBoundaryStartHalf
            | AssertionKind::WordBoundaryEndHalf => {
                return Err(unknown(
                    &assertion.span,
                    r"`\b{…}` is no boundary to Alertmanager",
                ));
            }
            AssertionKind::StartLine
            | AssertionKind::EndLine
            | AssertionKind::StartText
            | AssertionKind::EndText => {}
        }
        Ok(())
    }
}

impl Visitor for Reader {
    type Output = Vec<(Range<usize>, &'static str)>;
    type Err = ExpressionError;

    fn finish(self) -> Result<Self::Output, ExpressionError> {
        Ok(self.replaced)
    }

    fn visit_pre(&mut self, ast: &Ast) -> Result<(), ExpressionError> {
        match ast {
            Ast::ClassPerl(class) => self.class(class),
            Ast::Assertion(assertion) => self.assertion(assertion)?,
            Ast::Flags(set) => known(&set.flags)?,
            Ast::Group(group) => {
                if let GroupKind::NonCapturing(flags) = &group.kind {
                    known(flags)?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn visit_class_set_item_pre(&mut self, item: &ClassSetItem) -> Result<(), ExpressionError> {
        match item {
            ClassSetItem::Perl(class) => self.class(class),
            ClassSetItem::Bracketed(inner) => {
                let problem = r"a `[` within `[…]` is no set of its own; write `\[`";
                return Err(unknown(&inner.span, problem));
            }
            _ => {}
        }
        Ok(())
    }

    fn visit_class_set_binary_op_pre(
        &mut self,
        operation: &ClassSetBinaryOp,
    ) -> Result<(), ExpressionError> {
        let problem = r"`&&`, `--` and `~~` within `[…]` are no operations; write `\&`, `\-`, `\~`";
        Err(unknown(&operation.span, problem))
    }
}

/// Whether Go knows all of these flags.
fn known(flags: &Flags) -> Result<(), ExpressionError> {
    let foreign = flags.items.iter().find(|item| {
        let foreign = [Flag::Unicode, Flag::CRLF, Flag::IgnoreWhitespace];
        matches!(item.kind, FlagsItemKind::Flag(flag) if foreign.contains(&flag))
    });
    foreign.map_or(Ok(()), |item| {
        Err(unknown(&item.span, "the flags are `i`, `m`, `s` and `U`"))
    })
}

fn unknown(span: &Span, problem: &str) -> ExpressionError {
    ExpressionError {
        at: span.start.offset,
        problem: problem.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_match(expression: &str, value: &str) -> bool {
        check(expression).unwrap();
        compile(expression).is_match(value)
    }

    #[test]
    fn classes_are_those_of_go() {
        for (expression, value, expected) in [
            (r"\d+", "123", true),
            (r"\d", "٣", false),
            (r"[\d.]+", "1.2", true),
            (r"\D", "٣", true),
            (r"\w+", "db_1", true),
            (r"\w+", "дб", false),
            (r"[^\W]+", "дб", false),
            (r"\W+", "дб", true),
            (r"a\sb", "a b", true),
            (r"a\sb", "a\u{a0}b", false),
            (r"a\sb", "a\u{b}b", false),
            (r"\S+", "\u{a0}", true),
            (r"a\b.*", "aд", true),
            (r"a\B.*", "ad", true),
            (r"д\B.", "дд", true),
            (r"\<a\>", "<a>", true),
            (r".", "д", true),
            (r".", "\n", false),
            (r"(?s).", "\n", true),
            (r"(?i)DISK", "disk", true),
            (r"DISK", "disk", false),
            (r"\pL+", "дб", true),
            (r"[[:alpha:]]+", "db", true),
            (r"a|b", "ab", false),
            // Go puts it between `^(?:` and `)$` as it is.
            (r"a)|(?:b", "ax", true),
            ("", "", true),
            ("", "a", false),
        ] {
            assert_eq!(
                is_match(expression, value),
                expected,
                "{expression} {value}"
            );
        }
    }

    #[test]
    fn what_go_would_read_otherwise_is_refused() {
        for (expression, at) in [
            ("(", 0),
            ("a(", 1),
            ("[a-z&&[b]]", 1),
            ("[a[b]]", 2),
            ("(?x) a", 2),
            ("(?-u:a)", 3),
            (r"\b{start}a", 0),
            (r"\q", 0),
            (r"\p{Nothing}", 0),
        ] {
            assert_eq!(
                check(expression).map_err(|error| error.at),
                Err(at),
                "{expression}"
            );
        }
    }

    #[test]
    fn long_lists_and_ordinary_repetitions_have_room_and_bombs_have_none() {
        let hosts = |count: usize| {
            let hosts = (0..count).map(|host| format!("host-{host:04}.example.org"));
            hosts.collect::<Vec<_>>().join("|")
        };
        for expression in [
            hosts(40),
            hosts(80),
            hosts(700),
            format!("({})(:\\d+)?", hosts(600)),
            hosts(600).replace('.', r"\."),
            r"\d{1,300}".to_owned(),
            r"\w{1,200}-.{1,100}".to_owned(),
            format!("(?i){}", hosts(700)),
        ] {
            let start = expression.get(..40).unwrap_or(&expression);
            assert_eq!(check(&expression), Ok(()), "{start}");
        }
        assert!(is_match(&hosts(700), "host-0699.example.org"));
        assert!(!is_match(&hosts(700), "host-0700.example.org"));
        for expression in [r"(\w{1000}){1000}", r"(.{100}){100}", r"(\pL{50}){50}"] {
            assert_eq!(
                check(expression),
                Err(expression::too_large()),
                "{expression}"
            );
        }
        assert!(check(&"x".repeat(EXPRESSION_BYTES_MAX + 1)).is_err());
    }
}
