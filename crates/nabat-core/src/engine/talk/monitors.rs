//! `/watch`, `/unwatch`, `/monitors`, `/check` and the buttons below monitors: who may, and what is
//! meant. What is wished goes to whoever watches; the answer follows with its upshot.
//!
//! Everybody whom Nabat would tell of alerts may see how monitors stand. Looking at something and
//! watching it is for people whom Nabat knows, in a group for those who administrate it too.
//! Others than owners reach public addresses only, and change only what they made.

use std::time::Duration;

use super::Request;
use crate::command::{self, Command};
use crate::engine::wish::{Deed, Which, Wish};
use crate::engine::{Effects, Engine};
use crate::message::answer::{Answer, OfMonitor};
use crate::monitor::MonitorId;
use crate::monitor::shorthand;
use crate::time::parse_period;

/// The bounds of how often something may be looked at.
const INTERVAL_MIN: Duration = Duration::from_secs(1);
const INTERVAL_MAX: Duration = Duration::from_secs(86_400);
/// The longest maintenance that a button begins.
const MAINTENANCE_MAX: Duration = Duration::from_secs(366 * 86_400);
/// How much of what was written is a name at most, in characters.
const NAME_CHARS_MAX: usize = 100;

impl Engine {
    /// Reads a command about monitors. What is answered at once, if anything is.
    pub(super) fn wish_by_command(
        &self,
        request: &Request<'_>,
        command: Command<'_>,
        out: &mut Effects,
    ) -> Option<Answer> {
        let deed = match command {
            Command::Watch(text) => watch(text),
            Command::Unwatch("") => Ok(Deed::Choose),
            Command::Unwatch(name) => Ok(Deed::Remove {
                which: named(name),
                sure: false,
            }),
            Command::Check(text) => check(text),
            Command::Monitors(text) => Ok(Deed::List {
                text: cut(text),
                page: 0,
            }),
            _ => return None,
        };
        let looks = matches!(command, Command::Monitors(_));
        match deed {
            Err(answer) => Some(answer),
            Ok(_) if !looks && !self.knows(request.bot, request.speaker) => Some(stranger(request)),
            Ok(deed) => {
                out.wishes.push(self.wish(request, None, deed));
                None
            }
        }
    }

    /// Reads what a button below monitors says. What is shown for the press.
    pub(super) fn wish_by_button(
        &self,
        request: &Request<'_>,
        data: &str,
        message_id: i64,
        out: &mut Effects,
    ) -> Answer {
        if command::button_about_monitors_changes(data) && !self.knows(request.bot, request.speaker)
        {
            return stranger(request);
        }
        let Some(deed) = pressed(request, data) else {
            return Answer::OldButton;
        };
        out.wishes.push(self.wish(request, Some(message_id), deed));
        Answer::Monitor(OfMonitor::Moment)
    }

    fn wish(&self, request: &Request<'_>, message_id: Option<i64>, deed: Deed) -> Wish {
        Wish {
            chat: request.chat,
            speaker: request.speaker.clone(),
            owner: self.is_owner(request.speaker),
            message_id,
            deed,
        }
    }
}

fn stranger(request: &Request<'_>) -> Answer {
    if request.speaker.anonymous {
        return Answer::AnonymousAdmin;
    }
    Answer::Stranger {
        user_id: request.speaker.id.0,
        chat_id: (!request.chat.is_private()).then_some(request.chat.chat),
    }
}

fn named(text: &str) -> Which {
    Which::Named(cut(text))
}

fn cut(text: &str) -> String {
    text.chars().take(NAME_CHARS_MAX).collect()
}

/// `TARGET [every PERIOD] [as NAME]`, in any order behind the target.
fn watch(text: &str) -> Result<Deed, Answer> {
    let (target, mut rest) = first_word(text);
    if target.is_empty() {
        return Err(Answer::Monitor(OfMonitor::WatchHow));
    }
    let target = shorthand::read(target).ok_or_else(|| not_a_target(target))?;
    let (mut interval, mut name) = (None, None);
    while !rest.is_empty() {
        let (word, after) = first_word(rest);
        if word.eq_ignore_ascii_case("every") && interval.is_none() {
            let (period, after) = first_word(after);
            interval = Some(read_interval(period)?);
            rest = after;
        } else if word.eq_ignore_ascii_case("as") && name.is_none() && !after.is_empty() {
            let end = after.rfind(" every ").unwrap_or(after.len());
            let (called, after) = after.split_at(end);
            name = Some(called.trim().to_owned());
            rest = after.trim_start();
        } else {
            return Err(Answer::Monitor(OfMonitor::WatchHow));
        }
    }
    Ok(Deed::Watch {
        name: name.unwrap_or_else(|| target.name.clone()),
        target,
        interval,
    })
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

fn check(text: &str) -> Result<Deed, Answer> {
    if text.is_empty() {
        return Err(Answer::Monitor(OfMonitor::CheckHow));
    }
    Ok(Deed::Check {
        which: named(text),
        target: shorthand::read(text),
    })
}

fn not_a_target(text: &str) -> Answer {
    Answer::Monitor(OfMonitor::NoTarget {
        text: text.to_owned(),
    })
}

fn first_word(text: &str) -> (&str, &str) {
    let (word, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    (word, rest.trim_start())
}

/// What a button below monitors says, without its `m:`.
fn pressed(request: &Request<'_>, data: &str) -> Option<Deed> {
    let (kind, rest) = data.split_once(':')?;
    if kind == "p" {
        let (page, text) = rest.split_once(':').unwrap_or((rest, ""));
        return Some(Deed::List {
            text: text.to_owned(),
            page: page.parse().ok()?,
        });
    }
    let (id, rest) = rest.split_once(':').unwrap_or((rest, ""));
    let which = Which::Numbered(MonitorId(id.parse().ok()?));
    Some(match kind {
        "o" => Deed::Show(which),
        "c" => Deed::Check {
            which,
            target: None,
        },
        "f" => Deed::Follow(which),
        "z" => Deed::Pause(which, true),
        "r" => Deed::Pause(which, false),
        "t" => {
            let period = parse_period(rest).ok()?;
            let period = Some(period).filter(|period| *period <= MAINTENANCE_MAX)?;
            let until = (!period.is_zero()).then(|| request.now.after(period));
            Deed::Maintain(which, until)
        }
        "d" => Deed::Remove { which, sure: false },
        "D" => Deed::Remove { which, sure: true },
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<(String, String, Option<u64>)> {
        match watch(text).ok()? {
            Deed::Watch {
                target,
                name,
                interval,
            } => {
                let interval = interval.map(|interval| interval.as_secs());
                Some((format!("{} {}", target.kind, target.target), name, interval))
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
                "https://a.example/x EVERY 10s",
                "http https://a.example/x",
                "a.example x",
                Some(10),
            ),
        ] {
            let expected = Some((target.to_owned(), name.to_owned(), interval));
            assert_eq!(read(text), expected, "{text}");
        }
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
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
