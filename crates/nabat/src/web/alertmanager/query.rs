//! What stands behind the question mark.

use axum::extract::Query;
use axum::http::StatusCode;

use nabat_core::matcher::{Matcher, classic};

use super::answer::Refused;

/// What counts as true; everything else does not.
const TRUE: [&str; 10] = [
    "true", "1", "yes", "ok", "y", "on", "selected", "checked", "t", "enabled",
];

/// The parameters of a request, in order; one may stand there several times.
pub(super) type Parameters = Query<Vec<(String, String)>>;

/// The values of every parameter called `name`.
pub(super) fn all<'a>(
    parameters: &'a [(String, String)],
    name: &str,
) -> impl Iterator<Item = &'a str> {
    parameters
        .iter()
        .filter(move |(known, _)| known == name)
        .map(|(_, value)| value.as_str())
}

/// Whether the parameter called `name` is true, as it is when it is not there or says nothing.
pub(super) fn flag(parameters: &[(String, String)], name: &str) -> bool {
    let value = all(parameters, name)
        .last()
        .filter(|value| !value.is_empty());
    value.is_none_or(|value| TRUE.iter().any(|word| value.eq_ignore_ascii_case(word)))
}

/// The matchers of every `filter`, of which each holds one.
///
/// # Errors
/// The first that is not a matcher.
pub(super) fn filters(parameters: &[(String, String)]) -> Result<Vec<Matcher>, Refused> {
    all(parameters, "filter").map(matcher).collect()
}

fn matcher(text: &str) -> Result<Matcher, Refused> {
    classic::parse_one(text).map_err(|_| {
        let message = format!("bad matcher format: {text}");
        Refused::said(StatusCode::BAD_REQUEST, message)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parameters(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        pairs.iter().map(owned).collect()
    }

    #[test]
    fn anything_but_yes_is_no() {
        for (value, expected) in [
            ("true", true),
            ("On", true),
            ("1", true),
            ("maybe", false),
            ("", true),
            ("false", false),
        ] {
            assert_eq!(flag(&parameters(&[("active", value)]), "active"), expected);
        }
        assert!(flag(&[], "active"));
    }

    #[test]
    fn a_filter_is_one_matcher() {
        for (text, expected) in [
            ("alertname=foo", Some(r#"alertname="foo""#)),
            (r#"a="b""#, Some(r#"a="b""#)),
            ("a=~x|y", Some(r#"a=~"x|y""#)),
            ("a=b c, d", Some(r#"a="b c, d""#)),
            ("a!=", Some(r#"a!="""#)),
            (r#"хост!~"д.*""#, Some(r#"хост!~"д.*""#)),
            ("bad", None),
            ("", None),
            ("{a=b}", None),
            ("=b", None),
            ("a=~(", None),
            (r#"a="b", c="d""#, None),
            (r#"a=b"c"#, None),
            (r#"a=b\"c\d\\"#, Some(r#"a="b\"c\\d\\""#)),
        ] {
            let got = filters(&parameters(&[("filter", text)]));
            let got = got.ok().map(|list| list[0].to_string());
            assert_eq!(got.as_deref(), expected, "{text}");
        }
    }
}
