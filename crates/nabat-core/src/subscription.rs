//! What a chat wants to hear of.
//!
//! A [`Selector`] is what a person wrote: an expression searched in the alert's title
//! (`/regexp mem|cpu`), label matchers (`/subscribe severity=critical`), or everything. The
//! [`index::Index`] finds the subscriptions of an alert without asking each of them.

pub mod expression;
pub mod index;

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::alert::Labels;
use crate::chat::{ChatKey, PersonId};
use crate::matcher::{self, Matcher, MatcherError};
use crate::monitor::MonitorId;
use crate::time::Timestamp;
use expression::ExpressionError;

/// How much memory the expressions of one list of matchers may take once they are compiled, in
/// bytes: what a chat asks for is kept for good, and a list of hosts as long as a message takes less.
const COMPILED_BYTES_MAX: usize = 256 << 10;

/// The label by which the alerts of one monitor are known.
pub const MONITOR: &str = "monitor";

/// The number of a subscription; never used twice.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct SubscriptionId(pub i64);

/// A route that a person made for a chat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscription {
    /// Its number.
    pub id: SubscriptionId,
    /// Where it is told.
    pub chat: ChatKey,
    /// What is told.
    pub selector: Selector,
    /// Who made it.
    pub created_by: PersonId,
    /// When it was made.
    pub created_at: Timestamp,
    /// The monitor of which the chat is the own one: the subscription goes with it.
    pub monitor: Option<MonitorId>,
}

/// Which alerts a subscription is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selector {
    /// Every alert.
    All,
    /// Those in whose title the expression is found, in any letter case.
    Title(Box<str>),
    /// Those whose labels fulfil every matcher.
    Labels(Vec<Matcher>),
}

impl Selector {
    /// Reads what stands behind `/regexp`: an expression, or `all` or `*` for everything.
    ///
    /// # Errors
    /// Where the expression is not one, and why.
    pub fn title(text: &str) -> Result<Self, ExpressionError> {
        let text = text.trim();
        if text.eq_ignore_ascii_case("all") || text == "*" {
            return Ok(Self::All);
        }
        expression::check(text)?;
        Ok(Self::Title(text.into()))
    }

    /// Reads what stands behind `/subscribe`: label matchers.
    ///
    /// # Errors
    /// Where the list is not one, and why.
    pub fn labels(text: &str) -> Result<Self, MatcherError> {
        let matchers = matcher::parse_list(text)?;
        let bytes: usize = matchers.iter().map(Matcher::compiled_bytes).sum();
        if bytes > COMPILED_BYTES_MAX {
            let ExpressionError { at, problem } = expression::too_large();
            return Err(MatcherError { at, problem });
        }
        Ok(Self::of_matchers(matchers))
    }

    /// Selects the alerts of the monitor of this name.
    pub fn of_monitor(name: &str) -> Self {
        Self::Labels(vec![Matcher::equal(MONITOR, name)])
    }

    fn of_matchers(matchers: Vec<Matcher>) -> Self {
        if matchers.is_empty() {
            Self::All
        } else {
            Self::Labels(matchers)
        }
    }

    /// Reads what people write to look for something: label matchers if it can be read so, else an
    /// expression; everything if it is empty.
    ///
    /// # Errors
    /// Where the expression is not one, and why.
    pub fn either(text: &str) -> Result<Self, ExpressionError> {
        match Self::labels(text) {
            Ok(selector) => Ok(selector),
            Err(_) => Self::title(text),
        }
    }

    /// Whether an alert with these labels and this title is selected.
    pub fn selects(&self, labels: &Labels, title: &str) -> bool {
        match self {
            Self::All => true,
            Self::Title(text) => expression::compile(text).is_match(title),
            Self::Labels(matchers) => matchers.iter().all(|matcher| matcher.matches(labels)),
        }
    }

    /// The form in which the store keeps it: [`Selector::from_stored`] reads it back.
    pub fn to_stored(&self) -> (&'static str, String) {
        match self {
            Self::All => ("all", String::new()),
            Self::Title(text) => ("title", text.to_string()),
            Self::Labels(_) => ("labels", self.to_string()),
        }
    }

    /// Reads the stored form.
    ///
    /// # Errors
    /// When the text is not of that kind any more, with the reason in words.
    pub fn from_stored(kind: &str, text: &str) -> Result<Self, String> {
        match kind {
            "all" => Ok(Self::All),
            "title" => expression::check(text)
                .map(|()| Self::Title(text.into()))
                .map_err(|error| error.to_string()),
            "labels" => matcher::parse_list(text)
                .map(Self::of_matchers)
                .map_err(|error| error.to_string()),
            other => Err(format!("`{other}` is not a kind of selector")),
        }
    }
}

/// As people see it: the expression itself, the matchers, or `all`.
impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("all"),
            Self::Title(text) => f.write_str(text),
            Self::Labels(matchers) => {
                for (index, matcher) in matchers.iter().enumerate() {
                    let blank = if index == 0 { "" } else { " " };
                    write!(f, "{blank}{matcher}")?;
                }
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_hosts_as_long_as_a_message_may_be_subscribed_to_and_a_bomb_may_not() {
        let hosts = (0..180).map(|host| format!("host-{host:04}.example.org"));
        let hosts = hosts.collect::<Vec<_>>().join("|");
        assert!(Selector::labels(&format!("instance=~\"{hosts}\"")).is_ok());
        // Each of them would do.
        let large = r#"instance=~".{1,50}""#;
        assert!(Selector::labels(large).is_ok());
        let many = [large; 50].join(" ");
        assert!(Selector::labels(&many).is_err());
        let kept = Selector::from_stored("labels", &many);
        assert!(kept.is_ok(), "what was taken once stays");
    }
}
