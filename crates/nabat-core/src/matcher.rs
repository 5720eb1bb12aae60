//! Label matchers as Prometheus and Alertmanager write them: `team=~"db|web"`.
//!
//! Expressions are anchored at both ends, a missing label is an empty one. Alertmanager's own way to
//! write them is read in [`classic`]. [`parse_list`] reads what people write in a chat and what the
//! store keeps: there blanks part one matcher from the next.

pub mod classic;
pub mod index;
pub mod pairs;
mod pattern;

use std::fmt::{self, Write as _};
use std::sync::OnceLock;

use regex_automata::meta::Regex;

use crate::alert::{Labels, NAME};
use crate::subscription::expression::ExpressionError;

/// One condition on one label.
#[derive(Debug, Clone)]
pub struct Matcher {
    /// The label's name.
    pub name: Box<str>,
    /// How it is compared.
    pub operator: Operator,
    /// What it is compared with.
    pub value: Box<str>,
    compiled: OnceLock<Regex>,
}

/// How a matcher compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    /// `=`
    Equal,
    /// `!=`
    NotEqual,
    /// `=~`
    Matches,
    /// `!~`
    MatchesNot,
}

impl Operator {
    const fn sign(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::NotEqual => "!=",
            Self::Matches => "=~",
            Self::MatchesNot => "!~",
        }
    }
}

/// Where and why a text is not a matcher.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{problem} (at byte {at})")]
pub struct MatcherError {
    /// Byte offset into the text.
    pub at: usize,
    /// What is wrong there.
    pub problem: String,
}

impl PartialEq for Matcher {
    fn eq(&self, other: &Self) -> bool {
        (&self.name, self.operator, &self.value) == (&other.name, other.operator, &other.value)
    }
}
impl Eq for Matcher {}

/// As [`parse_list`] reads it: the store keeps this form.
impl fmt::Display for Matcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.name.contains(ends_a_name) {
            write_quoted(f, &self.name)?;
        } else {
            f.write_str(&self.name)?;
        }
        f.write_str(self.operator.sign())?;
        write_quoted(f, &self.value)
    }
}

/// Escapes what [`Cursor::quoted`] reads escaped, and nothing else.
fn write_quoted(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    f.write_char('"')?;
    for c in text.chars() {
        match c {
            '\n' => f.write_str("\\n")?,
            '"' | '\\' => write!(f, "\\{c}")?,
            _ => f.write_char(c)?,
        }
    }
    f.write_char('"')
}

/// Whether a name without quotes ends before `c`.
fn ends_a_name(c: char) -> bool {
    c.is_whitespace() || "=!~,{}\"'`".contains(c)
}

impl Matcher {
    /// A condition on the label `name`.
    ///
    /// # Errors
    /// When the value is to be an expression and is none.
    pub fn new(name: &str, operator: Operator, value: &str) -> Result<Self, ExpressionError> {
        if matches!(operator, Operator::Matches | Operator::MatchesNot) {
            pattern::check(value)?;
        }
        Ok(Self {
            name: name.into(),
            operator,
            value: value.into(),
            compiled: OnceLock::new(),
        })
    }

    /// `name="value"`.
    pub fn equal(name: &str, value: &str) -> Self {
        Self {
            name: name.into(),
            operator: Operator::Equal,
            value: value.into(),
            compiled: OnceLock::new(),
        }
    }

    /// The one value that it asks for; `None` if others do too, or none at all: a missing label has
    /// an empty value, so that under no pair of an alert it would be found.
    pub fn only_value(&self) -> Option<&str> {
        let asks = self.operator == Operator::Equal && !self.value.is_empty();
        asks.then_some(&*self.value)
    }

    /// Whether the label's value fulfils it.
    pub fn matches(&self, labels: &Labels) -> bool {
        let value = labels.value(&self.name);
        match self.operator {
            Operator::Equal => value == &*self.value,
            Operator::NotEqual => value != &*self.value,
            Operator::Matches => self.is_match(value),
            Operator::MatchesNot => !self.is_match(value),
        }
    }

    /// How much memory its expression takes once it is compiled, in bytes; nothing without one.
    pub fn compiled_bytes(&self) -> usize {
        match self.operator {
            Operator::Equal | Operator::NotEqual => 0,
            Operator::Matches | Operator::MatchesNot => self.compiled().memory_usage(),
        }
    }

    fn is_match(&self, value: &str) -> bool {
        self.compiled().is_match(value)
    }

    fn compiled(&self) -> &Regex {
        self.compiled.get_or_init(|| pattern::compile(&self.value))
    }
}

/// A list of matchers, as [`parse_list`] reads it.
pub fn list_text(matchers: &[Matcher]) -> String {
    let texts: Vec<String> = matchers.iter().map(ToString::to_string).collect();
    format!("{{{}}}", texts.join(","))
}

/// Reads a list of matchers: `{a="b", c!~"d",}`; braces, commas between, quotes are optional
/// where nothing is ambiguous, so `severity=critical team=~"db|web"` is one too.
///
/// # Errors
/// The first place that is not part of a matcher, and why.
pub fn parse_list(text: &str) -> Result<Vec<Matcher>, MatcherError> {
    let mut cursor = Cursor { text, at: 0 };
    let mut matchers = Vec::new();
    cursor.skip_blank();
    let braces = cursor.take("{");
    loop {
        cursor.skip_blank();
        if braces && cursor.take("}") {
            cursor.skip_blank();
            break;
        }
        if cursor.rest().is_empty() {
            break;
        }
        matchers.push(cursor.matcher()?);
        cursor.skip_blank();
        cursor.take(",");
    }
    if !cursor.rest().is_empty() {
        return Err(cursor.problem("unexpected text behind the closing brace"));
    }
    if braces && !text.trim_end().ends_with('}') {
        return Err(cursor.problem("the closing brace is missing"));
    }
    Ok(matchers)
}

/// Reads the matchers that a text begins with, as in [`parse_list`] without braces, and returns
/// what follows them. A first word without an operator is the alert's name.
///
/// # Errors
/// The first place that begins as a matcher and is none, and why.
pub fn parse_prefix(text: &str) -> Result<(Vec<Matcher>, &str), MatcherError> {
    let mut cursor = Cursor { text, at: 0 };
    let mut matchers = Vec::new();
    cursor.skip_blank();
    cursor.take("{");
    if !cursor.at_matcher() {
        let name = match cursor.rest().starts_with('"') {
            true => cursor.quoted()?,
            false => cursor.run(char::is_whitespace).to_owned(),
        };
        // A comma may follow it as it may follow a matcher.
        let name = name.trim_end_matches(',');
        matchers.extend((!name.is_empty()).then(|| Matcher::equal(NAME, name)));
    }
    loop {
        cursor.skip_blank();
        if cursor.take(",") || cursor.take("}") {
            continue;
        }
        if !cursor.at_matcher() {
            return Ok((matchers, cursor.rest()));
        }
        matchers.push(cursor.matcher()?);
    }
}

struct Cursor<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Cursor<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn problem(&self, problem: &str) -> MatcherError {
        MatcherError {
            at: self.at,
            problem: problem.to_owned(),
        }
    }

    fn skip_blank(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start().len();
    }

    fn take(&mut self, sign: &str) -> bool {
        let found = self.rest().starts_with(sign);
        if found {
            self.at += sign.len();
        }
        found
    }

    /// Takes the text up to the first character of which `ends` is true.
    fn run(&mut self, ends: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let length = rest.find(ends).unwrap_or(rest.len());
        self.at += length;
        rest.get(..length).unwrap_or_default()
    }

    /// Whether a name and an operator follow.
    fn at_matcher(&self) -> bool {
        let mut ahead = Cursor { ..*self };
        ahead.name_and_operator().is_ok()
    }

    fn name_and_operator(&mut self) -> Result<(String, Operator), MatcherError> {
        self.name_and_operator_between(char::is_whitespace)
    }

    /// A name and an operator, with `blank` around the operator.
    fn name_and_operator_between(
        &mut self,
        blank: fn(char) -> bool,
    ) -> Result<(String, Operator), MatcherError> {
        let name = if self.rest().starts_with('"') {
            self.quoted()?
        } else {
            self.run(ends_a_name).to_owned()
        };
        if name.is_empty() {
            return Err(self.problem("a label's name is missing, as in `severity=critical`"));
        }
        self.run(|c| !blank(c));
        let operator = if self.take("=~") {
            Operator::Matches
        } else if self.take("!~") {
            Operator::MatchesNot
        } else if self.take("!=") {
            Operator::NotEqual
        } else if self.take("=") {
            Operator::Equal
        } else {
            return Err(self.problem("one of `=`, `!=`, `=~`, `!~` is missing"));
        };
        self.run(|c| !blank(c));
        Ok((name, operator))
    }

    fn matcher(&mut self) -> Result<Matcher, MatcherError> {
        let (name, operator) = self.name_and_operator()?;
        let value_at = self.at;
        let value = if self.rest().starts_with('"') {
            self.quoted()?
        } else {
            self.run(|c| c.is_whitespace() || ",}\"".contains(c))
                .to_owned()
        };
        Matcher::new(&name, operator, &value).map_err(|error| MatcherError {
            at: value_at + error.at,
            problem: error.problem,
        })
    }

    fn quoted(&mut self) -> Result<String, MatcherError> {
        let opened_at = self.at;
        self.at += 1;
        let (value, quote_at) = unescaped(self.rest());
        let Some(quote_at) = quote_at else {
            self.at = opened_at;
            return Err(self.problem("the closing quote is missing"));
        };
        self.at += quote_at + 1;
        Ok(value)
    }
}

/// The text up to the first quote that is not escaped, and where that is. What stands for nothing
/// else behind a `\` leaves it there.
fn unescaped(text: &str) -> (String, Option<usize>) {
    let mut value = String::new();
    let mut escaped = false;
    for (at, character) in text.char_indices() {
        match (escaped, character) {
            (true, 'n') => value.push('\n'),
            (true, '"' | '\\') => value.push(character),
            (true, other) => value.extend(['\\', other]),
            (false, '\\') => {
                escaped = true;
                continue;
            }
            (false, '"') => return (value, Some(at)),
            (false, other) => value.push(other),
        }
        escaped = false;
    }
    value.extend(escaped.then_some('\\'));
    (value, None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn lists_are_read_with_commas_or_blanks_between() {
        let cases: &[(&str, Result<&str, usize>)] = &[
            ("severity=critical", Ok(r#"severity="critical""#)),
            (r#"{a="b", c!~"d.*",}"#, Ok(r#"a="b" c!~"d.*""#)),
            (
                r#"severity=critical team=~"db|web""#,
                Ok(r#"severity="critical" team=~"db|web""#),
            ),
            (r#" a = "x, y" "#, Ok(r#"a="x, y""#)),
            (r#"a="q\"uo\\te""#, Ok(r#"a="q\"uo\\te""#)),
            (r#"хост="дб-1""#, Ok(r#"хост="дб-1""#)),
            ("a=", Ok(r#"a="""#)),
            ("", Ok("")),
            ("{}", Ok("")),
            ("severity", Err(8)),
            ("=x", Err(0)),
            (r#"a="b"#, Err(2)),
            (r#"a=~"(""#, Err(3)),
            (r#"{a="b"} x"#, Err(8)),
            (r#"{a="b""#, Err(6)),
        ];
        for (text, expected) in cases {
            let got = parse_list(text)
                .map(|list| {
                    list.iter()
                        .map(ToString::to_string)
                        .collect::<Vec<_>>()
                        .join(" ")
                })
                .map_err(|error| error.at);
            assert_eq!(got.as_deref().map_err(|at| *at), *expected, "{text}");
        }
    }

    #[test]
    fn what_follows_the_matchers_is_left() {
        let cases: &[(&str, &str, &str)] = &[
            ("team=db 2h moving it", r#"{team="db"}"#, "2h moving it"),
            (r#"team="db", sev!=x,4h"#, r#"{team="db",sev!="x"}"#, "4h"),
            (r#"{team="d b"} 4h"#, r#"{team="d b"}"#, "4h"),
            (
                "DiskFull host=a 2h",
                r#"{alertname="DiskFull",host="a"}"#,
                "2h",
            ),
            ("DiskFull", r#"{alertname="DiskFull"}"#, ""),
            (
                "DiskFull, host=a, 1h",
                r#"{alertname="DiskFull",host="a"}"#,
                "1h",
            ),
            (r#""Disk full" 1m"#, r#"{alertname="Disk full"}"#, "1m"),
            (r#""Disk full" 2h"#, r#"{alertname="Disk full"}"#, "2h"),
            ("", "{}", ""),
        ];
        for (text, matchers, rest) in cases {
            let read = parse_prefix(text).map(|(list, rest)| (list_text(&list), rest));
            assert_eq!(read, Ok(((*matchers).to_owned(), *rest)), "{text}");
        }
        assert_eq!(
            parse_prefix("a=~\"(\" 2h").map_err(|error| error.at),
            Err(3)
        );
        assert!(parse_prefix("\"x").is_err(), "a quote is no name");
    }

    #[test]
    fn a_missing_label_is_an_empty_one() {
        let labels: Labels = [("team", "db")].into_iter().collect();
        for (text, expected) in [
            ("team=db", true),
            ("team=~d.", true),
            ("team=~d", false),
            ("team!~d", true),
            ("absent=", true),
            ("absent!=x", true),
            (r#"absent=~".*""#, true),
            (r#"absent=~".+""#, false),
        ] {
            let matchers = parse_list(text).unwrap();
            assert_eq!(matchers[0].matches(&labels), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_the_reader_panic(text in ".{0,40}") {
            let _ = parse_list(&text);
        }

        #[test]
        fn what_is_printed_is_read_back(name in ".{1,8}", value in any::<String>()) {
            let matcher = Matcher {
                name: name.into(),
                operator: Operator::Equal,
                value: value.into(),
                compiled: OnceLock::new(),
            };
            let again = parse_list(&matcher.to_string());
            prop_assert_eq!(again, Ok(vec![matcher]));
        }
    }
}
