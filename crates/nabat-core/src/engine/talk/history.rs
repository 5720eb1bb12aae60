//! `/history`: what fired lately. The store remembers it, so whoever hears the question looks it up
//! before the engine answers.

use std::sync::Arc;

use super::{Engine, Event, Heard};
use crate::command::Command;
use crate::incident::Incident;
use crate::message::answer::{Answer, Selecting};
use crate::subscription::Selector;

/// How many incidents an answer shows.
const SHOWN_MAX: usize = 10;

/// What has to be looked up before an event can be answered: this many incidents that were opened
/// last, of those that the selector selects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LookBack {
    /// Which.
    pub selector: Selector,
    /// How many.
    pub limit: usize,
}

impl Event {
    /// What has to be looked up for [`Heard::past`], if anything has.
    pub fn looks_back(&self, bot_name: &str) -> Option<LookBack> {
        let Self::Said { text, .. } = self else {
            return None;
        };
        let Some(Command::History(text)) = Command::parse(text, bot_name) else {
            return None;
        };
        Some(LookBack {
            selector: Selector::either(text).ok()?,
            limit: SHOWN_MAX,
        })
    }
}

impl Engine {
    pub(super) fn look_back(&self, heard: &Heard, text: &str) -> Answer {
        if let Err(answer) = self.selector_of(Selecting::History, text) {
            return answer;
        }
        match &heard.past {
            Some(items) => Answer::History {
                items: items.iter().map(|known| self.as_it_is(known)).collect(),
            },
            None => Answer::HistoryUnreadable,
        }
    }

    /// What is open may have changed since it was looked up.
    fn as_it_is(&self, known: &Arc<Incident>) -> Arc<Incident> {
        let now = self.incidents.get(&known.id).map(|known| &known.incident);
        Arc::clone(now.unwrap_or(known))
    }
}
