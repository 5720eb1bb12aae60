//! Faults that a test orders: which requests they hit, how often, and what then happens.

use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

/// Which requests a fault hits; an empty filter hits every one.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Filter {
    /// The bot's username.
    pub bot: Option<String>,
    /// The method's name, as Telegram writes it.
    pub method: Option<String>,
    /// The `chat_id` of the request.
    pub chat: Option<i64>,
}

/// What happens to a request that a fault hits.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// The connection is cut and the request has no effect.
    DropBefore,
    /// The request has its effect, and the connection is cut instead of the answer.
    DropAfter,
    /// The request waits for so long and then has its effect, whether or not the caller still listens.
    Hold(#[serde(deserialize_with = "milliseconds")] Duration),
    /// An HTTP status without effect, with a page of HTML or with Telegram's JSON.
    Status {
        /// The HTTP status.
        code: u16,
        /// Whether the body is a page of HTML, as of a proxy in front of Telegram.
        html_body: bool,
    },
    /// 429 without effect.
    TooMany {
        /// Seconds.
        retry_after: u64,
    },
    /// Any refusal of the Bot API, without effect.
    Refuse {
        /// `error_code` and HTTP status.
        code: u16,
        /// The whole description, with its prefix such as `Bad Request: `.
        description: String,
        /// `parameters` of the answer.
        #[serde(default)]
        parameters: Option<Value>,
    },
}

fn milliseconds<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
    u64::deserialize(from).map(Duration::from_millis)
}

/// A fault on order. Over HTTP, the duration of `hold` is in milliseconds.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// Which requests it hits.
    #[serde(default)]
    pub filter: Filter,
    /// How many requests it hits before it is over.
    pub times: u32,
    /// What happens to them.
    pub kind: FaultKind,
}

/// The faults still to come, in the order in which they were ordered.
#[derive(Debug, Default)]
pub(crate) struct Faults(Vec<Fault>);

impl Faults {
    pub(crate) fn order(&mut self, fault: Fault) {
        self.0.push(fault);
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    /// The fault that this request suffers, if any; it is used up by one.
    pub(crate) fn strike(
        &mut self,
        bot: &str,
        method: &str,
        chat: Option<i64>,
    ) -> Option<FaultKind> {
        let index = self
            .0
            .iter()
            .position(|fault| fault.filter.hits(bot, method, chat))?;
        let fault = self.0.get_mut(index)?;
        let kind = fault.kind.clone();
        fault.times = fault.times.saturating_sub(1);
        if fault.times == 0 {
            self.0.remove(index);
        }
        Some(kind)
    }
}

impl Filter {
    fn hits(&self, bot: &str, method: &str, chat: Option<i64>) -> bool {
        self.bot.as_deref().is_none_or(|wanted| wanted == bot)
            && self.method.as_deref().is_none_or(|wanted| wanted == method)
            && self.chat.is_none_or(|wanted| chat == Some(wanted))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_strike_in_order_and_only_what_they_are_meant_for() {
        let mut faults = Faults::default();
        let sends = Filter {
            method: Some("sendMessage".into()),
            ..Filter::default()
        };
        faults.order(Fault {
            filter: sends,
            times: 2,
            kind: FaultKind::DropAfter,
        });
        faults.order(Fault {
            filter: Filter {
                chat: Some(5),
                ..Filter::default()
            },
            times: 1,
            kind: FaultKind::DropBefore,
        });
        assert_eq!(faults.strike("b", "getMe", None), None);
        assert_eq!(
            faults.strike("b", "sendMessage", Some(5)),
            Some(FaultKind::DropAfter)
        );
        assert_eq!(
            faults.strike("b", "editMessageText", Some(5)),
            Some(FaultKind::DropBefore)
        );
        assert_eq!(
            faults.strike("b", "sendMessage", Some(6)),
            Some(FaultKind::DropAfter)
        );
        assert_eq!(faults.strike("b", "sendMessage", Some(5)), None);
    }
}
