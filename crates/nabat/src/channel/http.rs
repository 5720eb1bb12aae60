//! What all channels that speak HTTP have in common.
//!
//! Nothing is repeated or redirected behind a channel's back, and no proxy is taken from the
//! environment: what happens to a message is decided where it can be seen.

use std::error::Error;
use std::time::Duration;

use reqwest::{ClientBuilder, Url, redirect};

/// How long a connection may take to be made, name look-up and TLS included.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Longer than this an unused connection is not trusted: middleboxes forget it without a word.
const POOL_IDLE_TIMEOUT: Duration = Duration::from_secs(50);

/// A client as every channel wants it, to be completed.
pub(crate) fn client() -> ClientBuilder {
    reqwest::Client::builder()
        .no_proxy()
        .connect_timeout(CONNECT_TIMEOUT)
        .pool_idle_timeout(POOL_IDLE_TIMEOUT)
        .tcp_nodelay(true)
        .redirect(redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
}

/// Scheme, host and port of an address: the rest may be a secret of its owner's.
pub(crate) fn origin(url: &str) -> String {
    match Url::parse(url) {
        Ok(url) => url.origin().ascii_serialization(),
        Err(_) => "an address that is none".to_owned(),
    }
}

/// An error with its causes, on one line.
pub(crate) fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let next = inner.to_string();
        // Some errors repeat the text of their cause.
        if !text.ends_with(&next) {
            text.push_str(": ");
            text.push_str(&next);
        }
        cause = inner.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_scheme_and_host_of_an_address_are_shown() {
        assert_eq!(
            origin("https://u:p@tg.example:444/secret/"),
            "https://tg.example:444"
        );
        assert_eq!(origin("x"), "an address that is none");
    }
}
