//! What a database answers to a query, whichever it is.

use super::condition::Fact;
use super::trace::Trace;
use super::{Finding, Pattern, evidence};

/// Notes the first value of the answer, if there was one, and whether it is as `expected`.
pub(super) fn note(trace: &mut Trace, value: Option<&[u8]>, expected: Option<&Pattern>) {
    trace.note(judge(value, expected));
    if let Some(value) = value {
        trace.keep("value", Fact::text(value));
    }
}

fn judge(value: Option<&[u8]>, expected: Option<&Pattern>) -> Finding {
    let seen = value.map_or_else(|| "nothing".to_owned(), evidence::quote);
    let is_found = |pattern: &Pattern| value.is_some_and(|value| pattern.is_match(value));
    match expected {
        Some(pattern) if !is_found(pattern) => {
            let expected = pattern.as_str();
            Finding::down(format!("query answered {seen}, expected /{expected}/"))
        }
        _ => Finding::up(format!("query answered {seen}")),
    }
}
