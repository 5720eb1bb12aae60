//! What the answer to a webhook means for the alerts that it told.
//!
//! Only what is said of this very message is final. What concerns the address, the rights or the
//! state of the other side (nothing is there during a deploy, a password is wrong, a page moved) is
//! mended by a person or by time, and then what waited goes out. Nothing is ever uncertain: the idempotency key lets the other side recognise a repeat, so what
//! may have arrived is sent again as if it had not.

use std::time::Duration;

use jiff::fmt::rfc2822::DateTimeParser;
use nabat_core::time::Timestamp;
use reqwest::StatusCode;

use crate::channel::Refusal;

/// Nobody can silence a webhook for longer at once.
const PAUSE_MAX: Duration = Duration::from_secs(3_600);
/// So much of the other side's words is kept, in characters.
const WORDS_MAX_CHARS: usize = 200;

/// What came back.
#[derive(Debug, Clone, Copy)]
pub(super) struct Answer<'a> {
    pub(super) status: StatusCode,
    /// How long the other side wants to hear nothing.
    pub(super) pause: Option<Duration>,
    /// What it says about it, as [`readable`] text.
    pub(super) words: &'a str,
}

/// Whether the alerts were taken, may be later, or never will be.
pub(super) fn judge(answer: Answer<'_>) -> Result<(), Refusal> {
    let said = || {
        let colon = if answer.words.is_empty() { "" } else { ": " };
        format!("answered {}{colon}{}", answer.status, answer.words)
    };
    let later = |reason| {
        Err(Refusal::Later {
            after: answer.pause,
            reason,
        })
    };
    match answer.status.as_u16() {
        200..=299 => Ok(()),
        // Bad request, too large, a type or a content that the other side does not take.
        400 | 413 | 415 | 422 => Err(Refusal::Never { reason: said() }),
        status @ (301..=303 | 307 | 308) => later(redirected(status)),
        _ => later(said()),
    }
}

/// Where to is left out: the address may be a secret.
fn redirected(status: u16) -> String {
    let why = match status {
        301..=303 => "to follow turns the request into a GET without the alerts",
        _ => {
            "that is not followed from https to http, more than ten times, or without \
             `follow_redirects`"
        }
    };
    format!("redirected with {status}, and {why}; configure the address that takes the alerts")
}

/// What the header `Retry-After` asks for at `now`: seconds or a date, at most an hour.
pub(super) fn pause(header: &str, now: Timestamp) -> Option<Duration> {
    let header = header.trim();
    let asked = match header.parse() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => {
            let date = DateTimeParser::new().parse_timestamp(header).ok()?;
            Timestamp::from_millis(date.as_millisecond()).since(now)
        }
    };
    Some(asked.min(PAUSE_MAX))
}

/// The beginning of `text` on one line: no control characters, no runs of spaces.
pub(super) fn readable(text: &str) -> String {
    let words = text.split(|c: char| c.is_whitespace() || c.is_control());
    let mut line = String::new();
    for word in words.filter(|word| !word.is_empty()) {
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    match line.char_indices().nth(WORDS_MAX_CHARS) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(784_111_777_000);

    enum Expected {
        Taken,
        Later,
        Never,
    }
    use Expected::{Later, Never, Taken};

    #[test]
    fn what_each_status_means() {
        for (statuses, expected) in [
            (&[200, 201, 202, 204, 206, 299][..], Taken),
            (&[300, 301, 302, 303, 304, 305, 307, 308], Later),
            (
                &[
                    401, 402, 403, 404, 405, 406, 407, 408, 409, 410, 411, 418, 421, 423, 425, 429,
                    451,
                ],
                Later,
            ),
            (&[500, 501, 502, 503, 504, 507, 520, 599, 999], Later),
            (&[400, 413, 415, 422], Never),
        ] {
            for status in statuses {
                let answer = Answer {
                    status: StatusCode::from_u16(*status).unwrap(),
                    pause: Some(Duration::from_secs(7)),
                    words: "not today",
                };
                let judged = judge(answer);
                let as_expected = match (&expected, &judged) {
                    (Taken, Ok(())) => true,
                    (Later, Err(Refusal::Later { after, reason })) => {
                        *after == answer.pause && reason.contains(&status.to_string())
                    }
                    (Never, Err(Refusal::Never { reason })) => reason.contains(&status.to_string()),
                    _ => false,
                };
                assert!(as_expected, "{status}: {judged:?}");
            }
        }
    }

    #[test]
    fn reasons_read_well_with_and_without_words() {
        for (words, reason) in [
            ("", "answered 400 Bad Request"),
            ("what?", "answered 400 Bad Request: what?"),
        ] {
            let answer = Answer {
                status: StatusCode::BAD_REQUEST,
                pause: None,
                words,
            };
            assert_eq!(judge(answer).unwrap_err().to_string(), reason);
        }
    }

    #[test]
    fn a_pause_is_asked_for_in_seconds_or_by_date() {
        let seconds = |seconds| Some(Duration::from_secs(seconds));
        for (header, expected) in [
            ("0", seconds(0)),
            ("7", seconds(7)),
            (" 7 ", seconds(7)),
            ("3600", seconds(3_600)),
            ("3601", seconds(3_600)),
            ("18446744073709551615", seconds(3_600)),
            ("Sun, 06 Nov 1994 08:50:37 GMT", seconds(60)),
            ("Sun, 06 Nov 1994 08:49:37 GMT", seconds(0)),
            ("Sun, 06 Nov 1994 08:00:00 GMT", seconds(0)),
            ("Fri, 01 Jan 2100 00:00:00 GMT", seconds(3_600)),
            ("", None),
            ("-1", None),
            ("1.5", None),
            ("soon", None),
        ] {
            assert_eq!(pause(header, NOW), expected, "{header}");
        }
    }

    #[test]
    fn foreign_words_become_one_short_line() {
        for (text, line) in [
            ("", String::new()),
            (" \r\n\t\0", String::new()),
            ("a\n\n  b\u{1b}[31mc\u{0}", "a b [31mc".into()),
            (&"é".repeat(200), "é".repeat(200)),
            (&"é".repeat(201), "é".repeat(200) + "…"),
        ] {
            assert_eq!(readable(text), line);
        }
    }
}
