//! Who may come in. For alerts: any one of the ways that the configuration lists suffices; none listed, anyone.

use axum::http::{HeaderMap, header};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use subtle::ConstantTimeEq;

use crate::config::{Auth, Secret};

/// Whether a request may come in. `secret` is what stood behind the path, if anything did.
pub fn allowed(auth: Option<&Auth>, headers: &HeaderMap, secret: Option<&str>) -> bool {
    let Some(auth) = auth else {
        return secret.is_none();
    };
    if let (Some(expected), Some(given)) = (&auth.secret_path, secret)
        && same(expected, given)
    {
        return true;
    }
    match (credentials(headers), &auth.bearer_token, &auth.basic) {
        (Some((scheme, token)), Some(expected), _) if scheme.eq_ignore_ascii_case("bearer") => {
            same(expected, token.trim())
        }
        (Some((scheme, pair)), _, Some(basic)) if scheme.eq_ignore_ascii_case("basic") => {
            let decoded = BASE64_STANDARD.decode(pair.trim()).unwrap_or_default();
            let expected = format!("{}:{}", basic.username, basic.password.expose());
            decoded.ct_eq(expected.as_bytes()).into()
        }
        _ => false,
    }
}

/// Whether a request carries one of these bearer tokens.
pub fn bears<'a>(accepted: impl IntoIterator<Item = &'a Secret>, headers: &HeaderMap) -> bool {
    let given = bearer(headers);
    // Each is compared, so that the time tells nothing about which one matched.
    given.is_some_and(|given| {
        let same = accepted
            .into_iter()
            .filter(|expected| same(expected, given));
        same.count() > 0
    })
}

/// The bearer token of a request.
pub fn bearer(headers: &HeaderMap) -> Option<&str> {
    credentials(headers)
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, token)| token.trim())
}

/// The scheme and the value of `Authorization`.
fn credentials(headers: &HeaderMap) -> Option<(&str, &str)> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    value.split_once(' ')
}

/// Compares in a time that tells nothing about where the texts differ.
fn same(expected: &Secret, given: &str) -> bool {
    expected.expose().as_bytes().ct_eq(given.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Basic;

    #[test]
    fn any_accepted_token_suffices_and_nothing_else() {
        let accepted = ["one", "two"].map(Secret::new);
        let bears = |accepted: &[Secret], header: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::AUTHORIZATION, header.parse().unwrap());
            super::bears(accepted, &headers)
        };
        assert!(bears(&accepted, "Bearer one") && bears(&accepted, "bearer two"));
        for header in ["Bearer", "Bearer ", "Bearer three", "Basic one", "one"] {
            assert!(!bears(&accepted, header), "{header}");
            assert!(!bears(&[], header), "{header}");
        }
        assert!(!super::bears(&accepted, &HeaderMap::new()));
    }

    #[test]
    fn any_listed_way_suffices() {
        let auth = Auth {
            bearer_token: Some(Secret::new("bear".to_owned())),
            bearer_token_file: None,
            basic: Some(Basic {
                username: "am".to_owned(),
                password: Secret::new("pass".to_owned()),
                password_file: None,
            }),
            secret_path: Some(Secret::new("a-long-secret-path".to_owned())),
        };
        let cases: &[(Option<&str>, Option<&str>, bool)] = &[
            (Some("Bearer bear"), None, true),
            (Some("bearer bear"), None, true),
            (Some("Bearer wolf"), None, false),
            (Some("Basic YW06cGFzcw=="), None, true),
            (Some("Basic YW06d3Jvbmc="), None, false),
            (Some("Basic !!"), None, false),
            (Some("Digest x"), None, false),
            (None, Some("a-long-secret-path"), true),
            (None, Some("another"), false),
            (Some("Bearer bear"), Some("another"), true),
            (None, None, false),
        ];
        for (header, secret, expected) in cases {
            let mut headers = HeaderMap::new();
            if let Some(header) = header {
                headers.insert(header::AUTHORIZATION, header.parse().unwrap());
            }
            assert_eq!(
                allowed(Some(&auth), &headers, *secret),
                *expected,
                "{header:?} {secret:?}"
            );
        }
        assert!(allowed(None, &HeaderMap::new(), None));
        assert!(!allowed(None, &HeaderMap::new(), Some("guess")));
    }
}
