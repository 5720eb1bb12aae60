//! Covers what is secret of a webhook in the words of others.
//!
//! Servers like to repeat what they were asked: "/hooks/… was not found here". Those words are
//! shown to people, so whatever of the address or the credentials stands in them is taken out.

use reqwest::Url;

use super::{Access, Target};

/// Shorter parts of an address are no secrets, and would riddle the text.
const PART_MIN_BYTES: usize = 4;
/// Shorter secrets are looked for as words of their own: `u` is in every other word.
const WITHIN_WORDS_MIN_BYTES: usize = 6;
const MASK: &str = "…";

/// What is covered, the longest first.
pub(super) struct Cover(Vec<String>);

impl Cover {
    pub(super) fn new(target: &Target, url: &Url) -> Self {
        let mut hidden = vec![target.url.expose().to_owned(), url.to_string()];
        match &target.access {
            Access::Open => {}
            Access::Basic { password, .. } => hidden.push(password.expose().to_owned()),
            Access::Authorization { credentials, .. } => {
                hidden.push(credentials.expose().to_owned());
            }
        }
        hidden.extend(
            target
                .signing_secret
                .iter()
                .map(|key| key.expose().to_owned()),
        );
        hide_address(url, &mut hidden);
        if let Some(proxy) = &target.proxy {
            hidden.push(proxy.expose().to_owned());
            if let Ok(proxy) = Url::parse(proxy.expose()) {
                hide_login(&proxy, &mut hidden);
            }
        }
        let decoded: Vec<String> = hidden.iter().map(|text| percent_decoded(text)).collect();
        hidden.extend(decoded);
        hidden.retain(|text| !text.is_empty() && text != "/");
        hidden.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        hidden.dedup();
        Self(hidden)
    }

    /// `text` without any of it.
    pub(super) fn over(&self, mut text: String) -> String {
        for secret in &self.0 {
            if text.contains(secret) {
                text = without(&text, secret);
            }
        }
        text
    }
}

/// `text` with a mask in the place of `secret`.
fn without(text: &str, secret: &str) -> String {
    if secret.len() >= WITHIN_WORDS_MIN_BYTES {
        return text.replace(secret, MASK);
    }
    let mut covered = String::with_capacity(text.len());
    let mut end = 0;
    for (at, _) in text.match_indices(secret) {
        let (before, after) = (&text[..at], &text[at + secret.len()..]);
        let inside = |neighbour: Option<char>, edge: Option<char>| {
            neighbour.is_some_and(char::is_alphanumeric) && edge.is_some_and(char::is_alphanumeric)
        };
        let alone = !inside(before.chars().next_back(), secret.chars().next())
            && !inside(after.chars().next(), secret.chars().next_back());
        if alone {
            covered.push_str(&text[end..at]);
            covered.push_str(MASK);
            end = at + secret.len();
        }
    }
    covered + &text[end..]
}

fn hide_address(url: &Url, hidden: &mut Vec<String>) {
    hide_login(url, hidden);
    hidden.push(url.path().to_owned());
    let segments = url.path().split('/');
    let query = url.query().unwrap_or_default();
    let values = query
        .split('&')
        .map(|pair| pair.split_once('=').map_or(pair, |(_, value)| value));
    let parts = segments.chain([query]).chain(values);
    hidden.extend(
        parts
            .filter(|part| part.len() >= PART_MIN_BYTES)
            .map(str::to_owned),
    );
}

fn hide_login(url: &Url, hidden: &mut Vec<String>) {
    hidden.push(url.username().to_owned());
    hidden.extend(url.password().map(str::to_owned));
}

/// `text` as it was before it was put into an address: `p%40ss` is `p@ss`.
fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        let code = after
            .get(..2)
            .filter(|_| *first == b'%')
            .and_then(|digits| u8::from_str_radix(str::from_utf8(digits).ok()?, 16).ok());
        bytes.push(code.unwrap_or(*first));
        rest = code.map_or(after, |_| &after[2..]);
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Secret;

    #[test]
    fn nothing_secret_is_left_in_what_others_say() {
        let url = "https://ann:p%40ss@hooks.example/services/T0KEN/b?key=s3cr%2Fet&v=1";
        let target = Target {
            access: Access::Basic {
                username: "bob".into(),
                password: Secret::new("hunter2"),
            },
            proxy: Some(Secret::new("http://carl:pr0xy@proxy.example:3128")),
            ..Target::new(Secret::new(url), String::new(), String::new())
        };
        let cover = Cover::new(&target, &Url::parse(url).unwrap());
        for (said, shown) in [
            ("404 page not found", "404 page not found"),
            ("no /services/T0KEN/b here", "no … here"),
            (
                r#"{"path": "\/services\/T0KEN\/b"}"#,
                r#"{"path": "\/…\/…\/b"}"#,
            ),
            ("key=s3cr%2Fet", "key=…"),
            ("the key s3cr/et is old", "the key … is old"),
            ("ann, p@ss and p%40ss", "…, … and …"),
            ("hunter2? pr0xy!", "…? …!"),
            (url, "…"),
        ] {
            assert_eq!(cover.over(said.to_owned()), shown);
        }
    }

    #[test]
    fn an_address_without_secrets_leaves_words_alone() {
        let url = "http://127.0.0.1/";
        let target = Target::new(Secret::new(url), String::new(), String::new());
        let cover = Cover::new(&target, &Url::parse(url).unwrap());
        let said = "either / or 127.0.0.1, 100 %".to_owned();
        assert_eq!(cover.over(said.clone()), said);
    }

    #[test]
    fn what_is_short_is_covered_where_it_is_a_word() {
        let url = "http://u:pass@127.0.0.1/";
        let target = Target::new(Secret::new(url), String::new(), String::new());
        let cover = Cover::new(&target, &Url::parse(url).unwrap());
        for (said, shown) in [
            (
                "error sending request: passed",
                "error sending request: passed",
            ),
            ("user=u, password=pass", "user=…, password=…"),
            ("u:pass u", "…:… …"),
        ] {
            assert_eq!(cover.over(said.to_owned()), shown);
        }
    }

    #[test]
    fn percent_signs_that_encode_nothing_stay() {
        for (text, decoded) in [
            ("a%20b", "a b"),
            ("100%", "100%"),
            ("%zz%4", "%zz%4"),
            ("%D0%B1", "б"),
        ] {
            assert_eq!(percent_decoded(text), decoded);
        }
    }
}
