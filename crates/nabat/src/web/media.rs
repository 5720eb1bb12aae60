//! As what a body comes: what its headers say of type and compression.

use axum::http::{HeaderMap, header};

/// How much of a foreign type is quoted, in characters.
const QUOTED_CHARS_MAX: usize = 60;

/// What a body is said to be.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Media {
    /// JSON as it is.
    Json,
    /// Nothing is said of its type.
    Unsaid,
    /// Compressed, whatever it is.
    Compressed,
    /// Of another type: the beginning of its name.
    Other(String),
}

impl Media {
    /// What these headers say.
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let kind = headers.get(header::CONTENT_TYPE);
        let kind = kind.map(|kind| kind.to_str().unwrap_or_default());
        let plain = kind.map(|kind| kind.split(';').next().unwrap_or_default().trim());
        let json = plain.is_none_or(|plain| plain.eq_ignore_ascii_case("application/json"));
        match plain {
            Some(plain) if !json => Self::Other(plain.chars().take(QUOTED_CHARS_MAX).collect()),
            _ if headers.contains_key(header::CONTENT_ENCODING) => Self::Compressed,
            Some(_) => Self::Json,
            None => Self::Unsaid,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    #[test]
    fn a_body_is_what_its_headers_say() {
        let long = "x".repeat(QUOTED_CHARS_MAX + 1);
        for (kind, compressed, expected) in [
            (None, false, Media::Unsaid),
            (None, true, Media::Compressed),
            (Some("application/json"), false, Media::Json),
            (Some("Application/JSON; charset=utf-8"), false, Media::Json),
            (Some("application/json"), true, Media::Compressed),
            (
                Some("text/plain; x"),
                true,
                Media::Other("text/plain".into()),
            ),
            (Some(""), false, Media::Other(String::new())),
            (Some(&*long), false, Media::Other(long[1..].into())),
        ] {
            let mut headers = HeaderMap::new();
            if let Some(kind) = kind {
                let kind = HeaderValue::from_str(kind).unwrap();
                headers.insert(header::CONTENT_TYPE, kind);
            }
            if compressed {
                let gzip = HeaderValue::from_static("gzip");
                headers.insert(header::CONTENT_ENCODING, gzip);
            }
            assert_eq!(Media::of(&headers), expected, "{kind:?} {compressed}");
        }
    }
}
