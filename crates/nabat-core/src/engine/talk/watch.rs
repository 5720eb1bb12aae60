//! What `/watch` is to watch, as people write it:
//! `TARGET [every PERIOD] [as NAME] [status CODES] [contains TEXT] [where CONDITION]`, in any order
//! behind the target, but for a condition, which is all that follows. Nothing is guessed at.

use std::time::Duration;

use crate::engine::wish::{Deed, Demands};
use crate::message::answer::{Answer, OfMonitor};
use crate::monitor::shorthand;
use crate::time::parse_period;

/// The bounds of how often something may be looked at.
const INTERVAL_MIN: Duration = Duration::from_secs(1);
const INTERVAL_MAX: Duration = Duration::from_secs(86_400);
/// Before which words a name ends that is not in quotation marks.
const AFTER_NAME: [&str; 4] = [" every ", " status ", " contains ", " where "];
/// What telephones make of quotation marks: how they begin, and how they end.
const QUOTES: [(char, &[char]); 4] = [
    ('"', &['"', '”']),
    ('“', &['”', '“', '"']),
    ('„', &['“', '”']),
    ('«', &['»']),
];

/// Reads it; or what is answered at once.
pub(super) fn read(text: &str) -> Result<Deed, Answer> {
    let how = || Answer::Monitor(OfMonitor::WatchHow);
    let (target, mut rest) = first_word(text);
    if target.is_empty() {
        return Err(how());
    }
    let target = shorthand::read(target).ok_or_else(|| {
        let text = target.to_owned();
        Answer::Monitor(OfMonitor::NoTarget { text })
    })?;
    let (mut interval, mut name) = (None, None);
    let mut demands = Demands::default();
    while !rest.is_empty() {
        let (word, after) = first_word(rest);
        rest = match word.to_ascii_lowercase().as_str() {
            "every" if interval.is_none() => {
                let (period, after) = first_word(after);
                interval = Some(read_interval(period)?);
                after
            }
            "as" if name.is_none() && !after.is_empty() => {
                let (called, after) = quoted(after).unwrap_or_else(|| plain_name(after));
                name = Some(called.trim().to_owned());
                after.trim_start()
            }
            "status" if demands.status.is_empty() && target.kind == "http" => {
                let (codes, after) = first_word(after);
                demands.status = read_codes(codes).ok_or_else(how)?;
                after
            }
            "contains" if demands.contains.is_none() && target.kind == "http" => {
                let (wanted, after) = quoted(after).unwrap_or_else(|| first_word(after));
                if wanted.is_empty() {
                    return Err(how());
                }
                demands.contains = Some(wanted.to_owned());
                after.trim_start()
            }
            "where" if !after.is_empty() => {
                demands.condition = Some(after.replace(['“', '”', '„', '«', '»'], "\""));
                ""
            }
            _ => return Err(how()),
        };
    }
    Ok(Deed::Watch {
        name: name.unwrap_or_else(|| target.name.clone()),
        target,
        interval,
        demands,
    })
}

/// A name up to the last word that says something else.
fn plain_name(text: &str) -> (&str, &str) {
    let ends = AFTER_NAME.into_iter().filter_map(|word| text.rfind(word));
    text.split_at(ends.min().unwrap_or(text.len()))
}

/// What stands in quotation marks at the beginning, and what follows it.
fn quoted(text: &str) -> Option<(&str, &str)> {
    let begin = text.chars().next()?;
    let (_, ends) = QUOTES.into_iter().find(|(known, _)| *known == begin)?;
    let inner = &text[begin.len_utf8()..];
    let at = inner.find(ends)?;
    let end = inner[at..].chars().next()?;
    Some((&inner[..at], &inner[at + end.len_utf8()..]))
}

/// Codes of HTTP with commas between them; whether they make sense is seen by whoever watches.
fn read_codes(text: &str) -> Option<Vec<String>> {
    let is_code = |code: &str| {
        let digit = |c: char| c.is_ascii_digit() || matches!(c, '-' | '–');
        code.starts_with(|c: char| c.is_ascii_digit()) && code.chars().all(digit)
    };
    let codes = text.split(',');
    codes
        .map(|code| is_code(code).then(|| code.to_owned()))
        .collect()
}

fn read_interval(text: &str) -> Result<Duration, Answer> {
    let period = parse_period(text).ok();
    let period = period.filter(|period| (INTERVAL_MIN..=INTERVAL_MAX).contains(period));
    period.ok_or_else(|| {
        Answer::Monitor(OfMonitor::BadInterval {
            text: text.to_owned(),
        })
    })
}

fn first_word(text: &str) -> (&str, &str) {
    let (word, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    (word, rest.trim_start())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The target, the name, the interval in seconds, and what has to hold.
    type Read = (String, String, Option<u64>, Demands);

    fn read_all(text: &str) -> Option<Read> {
        match read(text).ok()? {
            Deed::Watch {
                target,
                name,
                interval,
                demands,
            } => {
                let interval = interval.map(|interval| interval.as_secs());
                let target = format!("{} {}", target.kind, target.target);
                Some((target, name, interval, demands))
            }
            _ => None,
        }
    }

    #[test]
    fn what_is_to_be_watched_is_read_as_people_write_it() {
        for (text, target, name, interval) in [
            ("10.0.0.1", "ping 10.0.0.1", "10.0.0.1", None),
            (
                "db-1:5432 every 1m as the database",
                "tcp db-1:5432",
                "the database",
                Some(60),
            ),
            (
                "db-1:5432  as the database every 1m",
                "tcp db-1:5432",
                "the database",
                Some(60),
            ),
            (
                "db-1:5432 as \"where every one is\" every 1m",
                "tcp db-1:5432",
                "where every one is",
                Some(60),
            ),
            (
                "https://a.example/x EVERY 10s",
                "http https://a.example/x",
                "a.example x",
                Some(10),
            ),
        ] {
            let expected = (
                target.to_owned(),
                name.to_owned(),
                interval,
                Demands::default(),
            );
            assert_eq!(read_all(text), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_has_to_hold_is_read_as_telephones_write_it() {
        let page = "https://a.example";
        for (text, status, contains, condition) in [
            ("status 200", &["200"][..], None, None),
            (
                "status 200-299,401 every 1m contains ok",
                &["200-299", "401"],
                Some("ok"),
                None,
            ),
            ("contains \"all is well\"", &[], Some("all is well"), None),
            (
                "Contains “all is well” as a",
                &[],
                Some("all is well"),
                None,
            ),
            ("contains «всё в порядке»", &[], Some("всё в порядке"), None),
            (
                "as the shop status 200 where json.status == “ok” && latency < 300",
                &["200"],
                None,
                Some("json.status == \"ok\" && latency < 300"),
            ),
        ] {
            let (_, _, _, demands) = read_all(&format!("{page} {text}")).expect(text);
            let expected = Demands {
                status: status.iter().map(|code| (*code).to_owned()).collect(),
                contains: contains.map(str::to_owned),
                condition: condition.map(str::to_owned),
            };
            assert_eq!(demands, expected, "{text}");
        }
        let (_, _, _, demands) = read_all("10.0.0.1 where loss < 10").unwrap();
        assert_eq!(demands.condition.as_deref(), Some("loss < 10"));
    }

    #[test]
    fn what_cannot_be_watched_is_not_guessed_at() {
        for text in [
            "",
            "gopher://a",
            "a b",
            "a every",
            "a every 0",
            "a every 2d",
            "a every 500ms",
            "a as",
            "a every 1s every 2s",
            "a status 200",
            "a contains x",
            "a where",
            "https://a.example status",
            "https://a.example status ok",
            "https://a.example status -1",
            "https://a.example contains",
            "https://a.example contains \"\"",
            "https://a.example contains two words",
        ] {
            assert_eq!(read_all(text), None, "{text}");
        }
    }
}
