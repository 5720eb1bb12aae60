//! The answers about monitors, and to what was wished of them.
//!
//! Buttons: `m:p:<page>[:<text>]` (a page of them), `m:o:<number>` (one), and with such a number `c`
//! (check), `f` (tell this chat), `z` (pause), `r` (resume), `t:<period>` (maintenance; `0` ends it),
//! `d` (remove), `D` (remove, whoever is told of it).

mod list;
mod one;
mod trace;

use crate::engine::wish::{MADE_BY_PERSON_MAX, MADE_IN_CHAT_MAX, Refusal};
use crate::message::text::{cut, one_line};
use crate::message::words::Locale;
use crate::message::{Button, Message, Span};
use crate::monitor::view::{Listing, Seen, Trace, View};
use crate::time::Timestamp;

/// How wide names, and what people wrote, may be.
const NAME_MAX: usize = 100;
/// How wide what was seen may be.
const WORDS_MAX: usize = 300;
/// What is shown to whoever does not say what to watch.
const EXAMPLES: [&str; 4] = [
    "/watch https://shop.example.org/health every 10s",
    "/watch https://shop.example.org/ status 200 contains \"Welcome\"",
    "/watch 10.0.0.1",
    "/watch db-1:5432 every 1m as database",
];

/// An answer about monitors.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OfMonitor {
    /// What a button says is being done.
    Moment,
    /// `/watch` without what to watch, or with more than can be read.
    WatchHow,
    /// `/check` without what to look at.
    CheckHow,
    /// It can't be read as something to look at.
    NoTarget {
        /// As it was written.
        text: String,
    },
    /// Nothing can be looked at so often, or so seldom.
    BadInterval {
        /// As it was written.
        text: String,
    },
    /// Something is watched from now on.
    Watched {
        /// What it is called.
        name: String,
        /// What the first look saw.
        trace: Trace,
        /// Whether the chat is told of it.
        told: bool,
    },
    /// There is a monitor of this name already.
    Exists {
        /// It.
        view: Box<View>,
        /// Whether the chat is told of it.
        told: bool,
    },
    /// A page of monitors.
    List {
        /// What was looked for; empty: all.
        text: String,
        /// What was found.
        listing: Listing,
    },
    /// One monitor.
    One {
        /// It.
        seen: Box<Seen>,
        /// Whether the reader may change it.
        changeable: bool,
    },
    /// What one look saw.
    Checked {
        /// At what.
        name: String,
        /// That.
        trace: Trace,
    },
    /// To `/unwatch`: a button for each that was made in the chat.
    Choose {
        /// Those.
        listing: Listing,
    },
    /// Others are told of what is to be removed.
    SureToRemove {
        /// It.
        view: Box<View>,
        /// How many others.
        others: usize,
    },
    /// A monitor is gone.
    Removed {
        /// What it was called.
        name: String,
    },
    /// Nothing was done.
    Refused(Refusal),
}

impl OfMonitor {
    pub(super) fn message(&self, locale: &Locale, now: Timestamp) -> Message {
        match self {
            Self::Moment => Message::of(locale.text("monitor-moment", [])),
            Self::WatchHow => how("watch-how", &EXAMPLES, locale),
            Self::CheckHow => how("check-how", &["/check db-1:5432"], locale),
            Self::NoTarget { text } => {
                let text = Span::code(one_line(text, NAME_MAX));
                let first = locale.spans("not-a-target", [("text", text.into())]);
                EXAMPLES
                    .iter()
                    .fold(Message::default().line(first), |message, example| {
                        message.line([Span::code(*example)])
                    })
            }
            Self::BadInterval { text } => {
                let text = Span::code(one_line(text, NAME_MAX));
                let example = Span::code(EXAMPLES[0]);
                let args = [("text", text.into()), ("example", example.into())];
                Message::default().line(locale.spans("watch-interval", args))
            }
            Self::Watched { name, trace, told } => trace::watched(name, trace, *told, locale),
            Self::Exists { view, told } => exists(view, *told, locale),
            Self::List { text, listing } => list::list(text, listing, locale, now),
            Self::One { seen, changeable } => one::one(seen, *changeable, locale, now),
            Self::Checked { name, trace } => trace::trace(name, trace, locale),
            Self::Choose { listing } => list::choose(listing, locale),
            Self::SureToRemove { view, others } => sure(view, *others, locale),
            Self::Removed { name } => about("monitor-removed", name, locale),
            Self::Refused(refusal) => refused(refusal, locale),
        }
    }
}

fn name(name: &str) -> Span {
    Span::bold(one_line(name, NAME_MAX))
}

fn about(key: &str, of: &str, locale: &Locale) -> Message {
    Message::default().line(locale.spans(key, [("name", name(of).into())]))
}

fn how(key: &str, examples: &[&str], locale: &Locale) -> Message {
    let question = Message::of(locale.text(key, []));
    examples.iter().fold(question, |message, example| {
        message.line([Span::code(*example)])
    })
}

fn exists(view: &View, told: bool, locale: &Locale) -> Message {
    let target = Span::code(one_line(&view.target, NAME_MAX));
    let args = [("name", name(&view.name).into()), ("target", target.into())];
    let message = Message::default().line(locale.spans("monitor-exists", args));
    if told {
        return message.line([Span::plain(locale.text("monitor-exists-told", []))]);
    }
    let data = format!("m:f:{}", view.id.0);
    message.row(Button::callback(locale.text("button-follow", []), data))
}

fn sure(view: &View, others: usize, locale: &Locale) -> Message {
    let args = [("name", name(&view.name).into()), ("n", others.into())];
    let id = view.id.0;
    let yes = Button::callback(locale.text("button-remove-sure", []), format!("m:D:{id}"));
    let no = Button::callback(locale.text("button-no", []), format!("m:o:{id}"));
    let message = Message::default().line(locale.spans("monitor-remove-sure", args));
    message.row(yes.into_iter().chain(no))
}

fn refused(refusal: &Refusal, locale: &Locale) -> Message {
    let count = |key, n: usize| Message::of(locale.text(key, [("n", n.into())]));
    match refusal {
        Refusal::Unknown { name } if name.is_empty() => {
            Message::of(locale.text("monitor-gone", []))
        }
        Refusal::Unknown { name } => about("monitor-unknown", name, locale),
        Refusal::Configured { name } => about("monitor-configured", name, locale),
        Refusal::NotTheirs { name } => about("monitor-not-theirs", name, locale),
        Refusal::HasChildren { name: of, child } => {
            let args = [("name", name(of).into()), ("child", name(child).into())];
            Message::default().line(locale.spans("monitor-has-children", args))
        }
        Refusal::TooMany { max } => count("monitors-too-many", *max),
        Refusal::TooManyOfPerson => count("monitors-too-many-of-person", MADE_BY_PERSON_MAX),
        Refusal::TooManyInChat => count("monitors-too-many-in-chat", MADE_IN_CHAT_MAX),
        Refusal::NothingToProbe { name } => about("monitor-heartbeat", name, locale),
        Refusal::NotSeen { name, words } => {
            about("monitor-not-seen", name, locale).line([Span::code(one_line(words, WORDS_MAX))])
        }
        Refusal::Unfit { problem } => {
            Message::of(locale.text("monitor-unfit", [])).code(cut(problem, WORDS_MAX))
        }
        Refusal::TooManyLooks => Message::of(locale.text("monitors-too-many-looks", [])),
        Refusal::NotNow => Message::of(locale.text("not-saved", [])),
    }
}
