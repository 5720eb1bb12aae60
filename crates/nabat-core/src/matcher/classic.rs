//! Matchers as Alertmanager 0.25 reads them, in its configuration and in the filters of its API.
//!
//! The steps are those of `pkg/labels/parse.go`, so that the same text means the same, and what is
//! no matcher there is none here: a list is parted at commas outside of quotes, a value goes on to
//! the end of its part, and `\\`, `\"` and `\n` mean something with and without quotes. Only names are
//! more than there: any text, with quotes around what could not be read otherwise.

use std::ops::Range;

use super::{Cursor, Matcher, MatcherError, unescaped};

/// Reads a list: `{a="b", c!~"d",}`, where the braces may be left out.
///
/// # Errors
/// The first place that is not part of a matcher, and why.
pub fn parse_list(text: &str) -> Result<Vec<Matcher>, MatcherError> {
    let start = usize::from(text.starts_with('{'));
    let inner = text.get(start..).unwrap_or_default();
    let inner = inner.strip_suffix('}').unwrap_or(inner);
    let matcher = |part: Range<usize>| {
        let matcher = parse_one(inner.get(part.clone()).unwrap_or_default());
        matcher.map_err(|error| MatcherError {
            at: start + part.start + error.at,
            ..error
        })
    };
    parts(inner).into_iter().map(matcher).collect()
}

/// Reads one matcher, as it stands in a filter.
///
/// # Errors
/// The first place that is not part of it, and why.
pub fn parse_one(text: &str) -> Result<Matcher, MatcherError> {
    let mut cursor = Cursor { text, at: 0 };
    cursor.run(|c| !is_blank(c));
    let (name, operator) = cursor.name_and_operator_between(is_blank)?;
    let value_at = cursor.at;
    let raw = cursor.rest().trim_end_matches(is_blank);
    let value = value(raw).map_err(|(at, problem)| MatcherError {
        at: value_at + at,
        problem: problem.to_owned(),
    })?;
    Matcher::new(&name, operator, &value).map_err(|error| MatcherError {
        at: value_at + error.at,
        problem: error.problem,
    })
}

/// What `\s` is in Go.
fn is_blank(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\x0c' | '\r' | ' ')
}

/// Where the matchers of a list stand. A comma behind the last one parts nothing.
fn parts(list: &str) -> Vec<Range<usize>> {
    let (mut parts, mut start) = (Vec::new(), 0);
    let (mut quoted, mut escaped) = (false, false);
    for (at, c) in list.char_indices() {
        match c {
            ',' if !quoted => {
                parts.push(start..at);
                start = at + 1;
            }
            // It leaves an escape open, there too.
            ',' => {}
            '"' => {
                quoted ^= !escaped;
                escaped = false;
            }
            '\\' => escaped = !escaped,
            _ => escaped = false,
        }
    }
    let last = list.get(start..).unwrap_or_default();
    if !last.trim().is_empty() {
        parts.push(start..start + last.trim_end().len());
    }
    parts
}

/// The value that `raw` stands for, or where a quote is missing or too much, and what to do.
fn value(raw: &str) -> Result<String, (usize, &'static str)> {
    let inner = raw.strip_prefix('"');
    let before = usize::from(inner.is_some());
    match unescaped(inner.unwrap_or(raw)) {
        (value, None) if inner.is_none() => Ok(value),
        (_, None) => Err((0, "the closing quote is missing")),
        (value, Some(at)) if inner.is_some() && before + at + 1 == raw.len() => Ok(value),
        (_, Some(at)) => Err((
            before + at,
            "a quote within the value needs a `\\` before it",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Operator, list_text};
    use super::*;
    use proptest::prelude::*;

    /// Checked against `pkg/labels/parse.go` of 0.25; `None` is no list of matchers there either.
    #[test]
    fn lists_read_as_in_alertmanager() {
        let cases: &[(&str, Option<&str>)] = &[
            ("", Some("{}")),
            ("{}", Some("{}")),
            ("{", Some("{}")),
            (" ", Some("{}")),
            (",", None),
            ("a=b", Some(r#"{a="b"}"#)),
            ("a=b,", Some(r#"{a="b"}"#)),
            ("a=b,,c=d", None),
            (r#"{a="b", c!~"d.*",}"#, Some(r#"{a="b",c!~"d.*"}"#)),
            ("{a=b", Some(r#"{a="b"}"#)),
            ("a=b}", Some(r#"{a="b"}"#)),
            ("a=b}}", Some(r#"{a="b}"}"#)),
            (" {a=b}", None),
            ("foo=bar baz=qux", Some(r#"{foo="bar baz=qux"}"#)),
            (r#"foo="bar" baz=qux"#, None),
            (r"instance=~foo\\.bar", Some(r#"{instance=~"foo\\.bar"}"#)),
            (r"instance=~foo\.bar", Some(r#"{instance=~"foo\\.bar"}"#)),
            (r#"a="b\nc\"d\\e\f""#, Some(r#"{a="b\nc\"d\\e\\f"}"#)),
            (r"a=b\", Some(r#"{a="b\\"}"#)),
            (r#"a="b\""#, None),
            (r#"a="b"#, None),
            (r#"a=b""#, None),
            (r#"a=A"b"#, None),
            (r#"a=A\"b"#, Some(r#"{a="A\"b"}"#)),
            (r#"a=""#, None),
            (r#"a="""#, Some(r#"{a=""}"#)),
            ("a=", Some(r#"{a=""}"#)),
            (" a \t=~ x y ", Some(r#"{a=~"x y"}"#)),
            ("a=~(", None),
            ("a!b", None),
            ("severity", None),
            ("=x", None),
            (r#"a="x,y",b=z"#, Some(r#"{a="x,y",b="z"}"#)),
            (r#"a="x\",y",b=z"#, Some(r#"{a="x\",y",b="z"}"#)),
            (r#"a="\,",b=c"#, None),
            (r#"a=b\,c="x""#, Some(r#"{a="b\\",c="x"}"#)),
            ("a==b", Some(r#"{a="=b"}"#)),
            ("a=~~b", Some(r#"{a=~"~b"}"#)),
            ("a=!b", Some(r#"{a="!b"}"#)),
            ("a!=~b", Some(r#"{a!="~b"}"#)),
            ("a=b\u{a0},", Some("{a=\"b\u{a0}\"}")),
        ];
        for (text, expected) in cases {
            let read = parse_list(text).ok().map(|list| list_text(&list));
            assert_eq!(read.as_deref(), *expected, "{text}");
        }
    }

    #[test]
    fn names_may_be_any_text() {
        for (text, expected) in [
            (r#"хост="дб-1""#, r#"{хост="дб-1"}"#),
            ("a-b=c", r#"{a-b="c"}"#),
            (r#""a b, c"=d"#, r#"{"a b, c"="d"}"#),
        ] {
            let read = parse_list(text).map(|list| list_text(&list));
            assert_eq!(read.as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn mistakes_are_pointed_at() {
        for (text, at) in [
            ("severity", 8),
            ("=x", 0),
            (r#"{a="b"#, 3),
            (r#"a=b, c=A"b"#, 8),
            ("a=~(", 3),
            (r#"a="b" c"#, 4),
        ] {
            assert_eq!(
                parse_list(text).map_err(|error| error.at),
                Err(at),
                "{text}"
            );
        }
    }

    #[test]
    fn a_filter_is_one_matcher() {
        for (text, expected) in [
            ("a=b", Some(r#"a="b""#)),
            ("a = b c, d", Some(r#"a="b c, d""#)),
            (r#"a=~"x|y" "#, Some(r#"a=~"x|y""#)),
            ("a!=", Some(r#"a!="""#)),
            ("a=~", Some(r#"a=~"""#)),
            ("bad", None),
            ("", None),
            ("{a=b}", None),
            ("a=~(", None),
            (r#"alertname=A"b"#, None),
            (r#"a="b" c"#, None),
        ] {
            let read = parse_one(text).ok().map(|matcher| matcher.to_string());
            assert_eq!(read.as_deref(), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_the_reader_panic(text in ".{0,40}") {
            let _ = parse_list(&text);
            let _ = parse_one(&text);
        }

        #[test]
        fn what_is_printed_is_read_back(name in ".{1,8}", value in any::<String>()) {
            let matcher = Matcher::new(&name, Operator::NotEqual, &value).unwrap();
            let list = vec![matcher];
            prop_assert_eq!(parse_list(&list_text(&list)), Ok(list));
        }
    }
}
