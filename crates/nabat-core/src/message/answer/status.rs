//! The answer to `/status`: how Nabat is, and how the deliveries to this chat are.

use crate::message::text::cut;
use crate::message::words::Locale;
use crate::message::{Message, Span};
use crate::time::Timestamp;

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
    /// How many subscriptions this chat has.
    pub subscriptions: usize,
    /// Until when this chat is muted.
    pub muted_until: Option<Timestamp>,
    /// How many deliveries wait for this chat.
    pub waiting: usize,
    /// Since when the oldest of them waits.
    pub oldest_at: Option<Timestamp>,
    /// What went wrong last with a delivery to this chat; nothing secret.
    pub last_error: Option<String>,
    /// Why nothing is delivered to this chat any more.
    pub disabled: Option<String>,
    /// How many deliveries wait, of everyone.
    pub waiting_total: usize,
}

impl ChatStatus {
    /// The message.
    pub(super) fn message(&self, locale: &Locale, now: Timestamp) -> Message {
        let count = |key, n: usize| [Span::plain(locale.text(key, [("n", n.into())]))];
        let sign = if self.disabled.is_some() {
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
            .line(count("firing-now", self.firing))
            .line([Span::plain(self.last_news(locale, now))])
            .line(count("status-waiting-total", self.waiting_total))
            .gap()
            .line([Span::bold(locale.text("status-chat", []))])
            .line(count("subscriptions", self.subscriptions))
            .line([Span::plain(self.queue(locale, now))]);
        if let Some(until) = self.muted_until.filter(|until| *until > now) {
            let until = Span::bold(locale.moment_in_zone(until, now));
            message = message.line(locale.spans("muted", [("what", until.into())]));
        }
        let troubles = [
            ("status-disabled", &self.disabled),
            ("status-error", &self.last_error),
        ];
        for (key, trouble) in troubles {
            if let Some(trouble) = trouble {
                let trouble = Span::code(cut(trouble, 300));
                message = message.line(locale.spans(key, [("error", trouble.into())]));
            }
        }
        message
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

    fn queue(&self, locale: &Locale, now: Timestamp) -> String {
        if self.waiting == 0 {
            return locale.text("status-nothing-waits", []);
        }
        let oldest = now.since(self.oldest_at.unwrap_or(now));
        locale.text(
            "status-waiting",
            [
                ("n", self.waiting.into()),
                ("span", locale.span(oldest).into()),
            ],
        )
    }
}
