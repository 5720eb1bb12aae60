//! Holds the body of an answer against what should and what should not stand in it.

use super::Http;
use crate::probe::trace::Trace;
use crate::probe::{Finding, evidence};

/// Notes each condition on the body that `settings` have; `is_cut` says that there was more of it.
pub(super) fn judge(body: &[u8], is_cut: bool, settings: &Http, trace: &mut Trace) {
    if !settings.wants_body() {
        return;
    }
    let text = String::from_utf8_lossy(body);
    let part = match is_cut {
        true => format!("first {} bytes of the body", body.len()),
        false => "body".to_owned(),
    };
    let missing = |wanted: String| {
        let seen = match body {
            [] if !is_cut => "it is empty".to_owned(),
            _ => format!("it begins {}", evidence::quote(body)),
        };
        Finding::down(format!("{wanted} is not in the {part}: {seen}"))
    };
    if let Some(wanted) = &settings.contains {
        let quoted = evidence::quote(wanted.as_bytes());
        trace.note(match text.contains(wanted.as_str()) {
            true => Finding::up(format!("{quoted} is in the {part}")),
            false => missing(quoted),
        });
    }
    if let Some(unwanted) = &settings.not_contains {
        let quoted = evidence::quote(unwanted.as_bytes());
        trace.note(match text.contains(unwanted.as_str()) {
            true => Finding::down(format!("{quoted} is in the {part}, expected without it")),
            false => Finding::up(format!("{quoted} is not in the {part}")),
        });
    }
    if let Some(pattern) = &settings.matches {
        let quoted = format!("/{}/", pattern.as_str());
        trace.note(match pattern.is_match(body) {
            true => Finding::up(format!("{quoted} is in the {part}")),
            false => missing(quoted),
        });
    }
}
