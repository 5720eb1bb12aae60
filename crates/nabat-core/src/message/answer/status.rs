//! The answer to `/status`: how Nabat is, and how the deliveries to this chat are; an owner is also
//! told what waits for others.

use crate::message::text::{cut, one_line};
use crate::message::words::Locale;
use crate::message::{Message, Span};
use crate::time::Timestamp;

/// How many other destinations are told of.
const ELSEWHERE_MAX: usize = 10;
/// How wide an error may be: this chat's, and those of other destinations.
const ERROR_MAX: usize = 300;
const ERROR_ELSEWHERE_MAX: usize = 150;

/// How Nabat is, seen from one chat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChatStatus {
    /// Of Nabat.
    pub version: String,
    /// Since when it runs.
    pub up_since: Timestamp,
    /// How many alerts fire, of everyone.
    pub firing: usize,
    /// When an intake last brought anything.
    pub last_news_at: Option<Timestamp>,
    /// How many silences hold.
    pub silences: usize,
    /// How many subscriptions this chat has.
    pub subscriptions: usize,
    /// How many routes of the configuration tell this chat.
    pub routes: usize,
    /// Until when this chat is muted.
    pub muted_until: Option<Timestamp>,
    /// What waits for this chat.
    pub here: Queue,
    /// What waits for other destinations, by name, the worst first; empty if the reader is no
    /// owner.
    pub elsewhere: Vec<(String, Queue)>,
    /// How many deliveries wait, of everyone.
    pub waiting_total: usize,
}

/// What waits for one destination.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Queue {
    /// How many deliveries wait.
    pub waiting: usize,
    /// Since when the oldest of them waits.
    pub oldest_at: Option<Timestamp>,
    /// What went wrong last with one of them; nothing secret.
    pub last_error: Option<String>,
    /// Why nothing is delivered there any more.
    pub disabled: Option<String>,
}

impl Queue {
    /// Less is worse: what takes no messages, then what failed, then what has waited longest.
    pub(crate) fn badness(&self) -> impl Ord + use<> {
        let fine = (self.disabled.is_none(), self.last_error.is_none());
        (fine, self.oldest_at)
    }
}

impl ChatStatus {
    /// The message.
    pub(super) fn message(&self, locale: &Locale, now: Timestamp) -> Message {
        let count = |key, n: usize| [Span::plain(locale.text(key, [("n", n.into())]))];
        let mut queues = std::iter::once(&self.here).chain(self.elsewhere.iter().map(|(_, q)| q));
        let sign = if queues.any(|queue| queue.disabled.is_some()) {
            "⚠️"
        } else {
            "✅"
        };
        let up = locale.text(
            "status-up",
            [
                ("version", self.version.as_str().into()),
                ("at", locale.moment_in_zone(self.up_since, now).into()),
                ("span", locale.span(now.since(self.up_since)).into()),
            ],
        );
        let mut message = Message::default()
            .line([Span::plain(format!("{sign} ")), Span::bold(up)])
            .line(count("firing-now", self.firing));
        if self.silences > 0 {
            message = message.line(count("status-silences", self.silences));
        }
        message = message
            .line([Span::plain(self.last_news(locale, now))])
            .line(count("status-waiting-total", self.waiting_total))
            .gap()
            .line([Span::bold(locale.text("status-chat", []))])
            .line(count("subscriptions", self.subscriptions));
        if self.routes > 0 {
            message = message.line(count("routed", self.routes));
        }
        message = message.line([Span::plain(self.here.line(locale, now))]);
        if let Some(until) = self.muted_until.filter(|until| *until > now) {
            let until = Span::bold(locale.moment_in_zone(until, now));
            message = message.line(locale.spans("muted", [("what", until.into())]));
        }
        let troubles = [
            ("status-disabled", &self.here.disabled),
            ("status-error", &self.here.last_error),
        ];
        for (key, trouble) in troubles {
            if let Some(trouble) = trouble {
                let trouble = Span::code(cut(trouble, ERROR_MAX));
                message = message.line(locale.spans(key, [("error", trouble.into())]));
            }
        }
        self.with_elsewhere(message, locale, now)
    }

    fn last_news(&self, locale: &Locale, now: Timestamp) -> String {
        let Some(at) = self.last_news_at else {
            return locale.text("status-no-news", []);
        };
        locale.text(
            "status-news",
            [
                ("at", locale.moment(at, now).into()),
                ("span", locale.span(now.since(at)).into()),
            ],
        )
    }

    fn with_elsewhere(&self, mut message: Message, locale: &Locale, now: Timestamp) -> Message {
        if self.elsewhere.is_empty() {
            return message;
        }
        let title = Span::bold(locale.text("status-elsewhere", []));
        message = message.gap().line([title]);
        for (name, queue) in self.elsewhere.iter().take(ELSEWHERE_MAX) {
            message = message.line(queue.entry(name, locale, now));
        }
        let left = self.elsewhere.len().saturating_sub(ELSEWHERE_MAX);
        if left > 0 {
            message = message.line([Span::plain(locale.text("more", [("n", left.into())]))]);
        }
        message
    }
}

impl Queue {
    fn line(&self, locale: &Locale, now: Timestamp) -> String {
        if self.waiting == 0 {
            return locale.text("status-nothing-waits", []);
        }
        self.counted("status-waiting", locale, now)
    }

    fn counted(&self, key: &str, locale: &Locale, now: Timestamp) -> String {
        let oldest = now.since(self.oldest_at.unwrap_or(now));
        let span = locale.span(oldest);
        locale.text(key, [("n", self.waiting.into()), ("span", span.into())])
    }

    /// A destination on one line: what is so, and what was said about it last.
    fn entry(&self, name: &str, locale: &Locale, now: Timestamp) -> Vec<Span> {
        let sign = match (&self.disabled, &self.last_error) {
            (Some(_), _) => "⛔",
            (None, Some(_)) => "⚠️",
            (None, None) => "⏳",
        };
        let mut states = Vec::new();
        if self.disabled.is_some() {
            states.push(locale.text("status-elsewhere-disabled", []));
        }
        if self.waiting > 0 {
            states.push(self.counted("status-elsewhere-waiting", locale, now));
        }
        let mut line = vec![
            Span::plain(format!("{sign} ")),
            Span::bold(one_line(name, 60)),
            Span::plain(format!(" · {}", states.join(" · "))),
        ];
        if let Some(error) = self.disabled.as_ref().or(self.last_error.as_ref()) {
            line.push(Span::plain(": "));
            line.push(Span::code(one_line(error, ERROR_ELSEWHERE_MAX)));
        }
        line
    }
}
