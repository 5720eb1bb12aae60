//! What whoever runs the tests asks of them, by the environment.

use std::str::FromStr;

/// The number that a variable says, if it is there.
#[expect(
    clippy::disallowed_methods,
    reason = "the one place where these tests are told to be longer"
)]
pub(crate) fn asked<T: FromStr>(variable: &str) -> Option<T> {
    let text = std::env::var(variable).ok()?;
    let number = text.parse().ok();
    Some(number.unwrap_or_else(|| panic!("{variable} is no number: {text}")))
}
