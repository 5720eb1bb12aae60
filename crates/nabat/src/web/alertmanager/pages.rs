//! What pages of other sites may do in somebody's browser, as Alertmanager 0.25 lets them: read
//! and post, without credentials. They may not delete, nor log in: with `intake.auth`, they get
//! nothing.

use axum::http::{HeaderMap, HeaderValue, Method, header};

/// What a page may send beside a method, as it is written in the answer.
const HEADERS: [&str; 4] = ["Accept", "Content-Type", "Origin", "X-Requested-With"];

/// Whether a browser asks whether a page may send a request.
pub(super) fn asks(method: &Method, headers: &HeaderMap) -> bool {
    method == Method::OPTIONS && headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
}

/// What such a browser is told: nothing at all if the page may not.
pub(super) fn may(asked: &HeaderMap, answer: &mut HeaderMap) {
    for name in [
        "Origin",
        "Access-Control-Request-Method",
        "Access-Control-Request-Headers",
    ] {
        answer.append(header::VARY, HeaderValue::from_static(name));
    }
    let wanted = asked.get(header::ACCESS_CONTROL_REQUEST_METHOD);
    let allowed = |wanted: &&HeaderValue| {
        let method = Method::from_bytes(wanted.as_bytes());
        method.is_ok_and(|method| is_allowed(&method))
    };
    let (Some(wanted), Some(names)) = (wanted.filter(allowed), names(asked)) else {
        return;
    };
    if !asked.contains_key(header::ORIGIN) {
        return;
    }
    answer.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, anyone());
    answer.insert(header::ACCESS_CONTROL_ALLOW_METHODS, wanted.clone());
    if let Ok(names) = HeaderValue::from_str(&names.join(", "))
        && !names.is_empty()
    {
        answer.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, names);
    }
}

/// Lets a page read the answer to a request that it may send.
pub(super) fn may_read(method: &Method, from_a_page: bool, answer: &mut HeaderMap) {
    answer.insert(header::VARY, HeaderValue::from_static("Origin"));
    if from_a_page && is_allowed(method) {
        answer.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, anyone());
    }
}

fn anyone() -> HeaderValue {
    HeaderValue::from_static("*")
}

fn is_allowed(method: &Method) -> bool {
    [Method::GET, Method::HEAD, Method::POST, Method::OPTIONS].contains(method)
}

/// The headers that a page wants to send, or `None` if it may not send one of them.
fn names(asked: &HeaderMap) -> Option<Vec<&'static str>> {
    let lists = asked.get_all(header::ACCESS_CONTROL_REQUEST_HEADERS).iter();
    let lists: Option<Vec<&str>> = lists.map(|list| list.to_str().ok()).collect();
    let lists = lists?;
    let names = lists.iter().flat_map(|list| list.split(','));
    let names = names.map(str::trim).filter(|name| !name.is_empty());
    let known = |name: &str| {
        let mut known = HEADERS.into_iter();
        known.find(|known| known.eq_ignore_ascii_case(name))
    };
    names.map(known).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(header::HeaderName, &'static str)]) -> HeaderMap {
        let pairs = pairs.iter().cloned();
        pairs
            .map(|(name, value)| (name, HeaderValue::from_static(value)))
            .collect()
    }

    /// As measured of Alertmanager 0.25: the methods and headers allowed, if any are.
    #[test]
    fn pages_are_told_what_alertmanager_tells_them() {
        for (method, names, expected) in [
            ("GET", "", Some(None)),
            ("HEAD", "", Some(None)),
            ("POST", "content-type", Some(Some("Content-Type"))),
            (
                "POST",
                "x-requested-with, accept",
                Some(Some("X-Requested-With, Accept")),
            ),
            ("POST", "content-type, authorization", None),
            ("DELETE", "", None),
            ("PUT", "", None),
            ("no method", "", None),
        ] {
            let asked = headers(&[
                (header::ORIGIN, "https://elsewhere.example"),
                (header::ACCESS_CONTROL_REQUEST_METHOD, method),
                (header::ACCESS_CONTROL_REQUEST_HEADERS, names),
            ]);
            assert!(asks(&Method::OPTIONS, &asked));
            let mut answer = HeaderMap::new();
            may(&asked, &mut answer);
            let text = |name| answer.get(name).map(|value| value.to_str().unwrap());
            let allowed = text(header::ACCESS_CONTROL_ALLOW_METHODS);
            assert_eq!(allowed, expected.map(|_| method), "{method}");
            let origin = text(header::ACCESS_CONTROL_ALLOW_ORIGIN);
            assert_eq!(origin, expected.map(|_| "*"), "{method}");
            let names = text(header::ACCESS_CONTROL_ALLOW_HEADERS);
            assert_eq!(names, expected.flatten(), "{method}");
            assert_eq!(answer.get_all(header::VARY).iter().count(), 3);
        }
        let asked = headers(&[(header::ACCESS_CONTROL_REQUEST_METHOD, "GET")]);
        let mut answer = HeaderMap::new();
        may(&asked, &mut answer);
        assert!(!answer.contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN));
    }

    #[test]
    fn only_answers_to_what_a_page_may_send_are_read_by_it() {
        for (method, from_a_page, expected) in [
            (Method::GET, true, true),
            (Method::POST, true, true),
            (Method::DELETE, true, false),
            (Method::GET, false, false),
        ] {
            let mut answer = HeaderMap::new();
            may_read(&method, from_a_page, &mut answer);
            let read = answer.contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN);
            assert_eq!(read, expected, "{method}");
            assert_eq!(answer[header::VARY], "Origin");
        }
    }
}
