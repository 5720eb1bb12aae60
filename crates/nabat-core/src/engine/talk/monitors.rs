//! `/watch`, `/unwatch`, `/monitors`, `/check` and the buttons below monitors: who may, and what is
//! meant. What is wished goes to whoever watches; the answer follows with its upshot.
//!
//! Everybody whom Nabat would tell of alerts may see how monitors stand. Looking at something and
//! watching it is for people whom Nabat knows, in a group for those who administrate it too.
//! Others than owners reach public addresses only, and change only what they made.

use std::time::Duration;

use super::{Request, watch};
use crate::command::{self, Command};
use crate::engine::wish::{Deed, Which, Wish};
use crate::engine::{Effects, Engine};
use crate::message::answer::{Answer, OfMonitor};
use crate::monitor::MonitorId;
use crate::monitor::shorthand;
use crate::time::parse_period;

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
            Command::Watch(text) => watch::read(text),
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

fn check(text: &str) -> Result<Deed, Answer> {
    if text.is_empty() {
        return Err(Answer::Monitor(OfMonitor::CheckHow));
    }
    Ok(Deed::Check {
        which: named(text),
        target: shorthand::read(text),
    })
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
