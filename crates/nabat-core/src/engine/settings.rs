//! What the engine has to know of the configuration.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;

use crate::chat::{BotId, ChatKey};
use crate::destination::{Destination, Outlet};
use crate::inhibition;
use crate::message::words::{Language, Locale};
use crate::route::Routing;
use crate::silence::window::Window;

/// What the engine has to know of the configuration.
#[derive(Debug, Clone)]
pub struct Settings {
    /// After how long without news an incident is called stale.
    pub stale_after: Duration,
    /// For how long what a source says without an end is taken to be so, if it says no more.
    pub resolve_timeout: Duration,
    /// The language and time zone of chats that chose none.
    pub locale: Locale,
    /// Per bot, the users (above zero) and chats (below zero) that need no pairing.
    pub allowed: HashMap<BotId, HashSet<i64>>,
    /// Where Nabat speaks about itself; empty: the owners' private chats.
    pub operators: Vec<ChatKey>,
    /// Who else is told by labels.
    pub routing: Option<Arc<Routing>>,
    /// Which alerts are not told while which others fire.
    pub inhibit_rules: Arc<[inhibition::Rule]>,
    /// Who is told instead when what an outlet carries does not arrive.
    pub fallbacks: HashMap<Outlet, Fallback>,
    /// For how long whoever acknowledges an alert is trusted to see to it.
    pub acknowledged_for: Duration,
    /// After how long an undelivered critical alert is worth an alert of its own.
    pub late_after: Duration,
    /// How long before its end a silence reminds of itself; zero: it does not.
    pub remind_before: Duration,
    /// When what is silenced without anyone asking for it.
    pub windows: Arc<[Window]>,
    /// More incidents than this are not kept open at once.
    pub open_incidents_max: usize,
    /// More subscriptions than this are not kept.
    pub subscriptions_max: usize,
    /// The longest expression or list of matchers in characters.
    pub expression_chars_max: usize,
    /// The version that `/status` shows.
    pub version: &'static str,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            stale_after: Duration::from_secs(24 * 3_600),
            resolve_timeout: Duration::from_secs(300),
            locale: Locale {
                language: Language::En,
                zone: TimeZone::UTC,
            },
            allowed: HashMap::new(),
            operators: Vec::new(),
            routing: None,
            inhibit_rules: Arc::default(),
            fallbacks: HashMap::new(),
            acknowledged_for: Duration::from_secs(8 * 3_600),
            late_after: Duration::from_secs(300),
            remind_before: Duration::from_secs(900),
            windows: Arc::default(),
            open_incidents_max: 1_000_000,
            subscriptions_max: 100_000,
            expression_chars_max: 256,
            version: "",
        }
    }
}

/// Who is told instead when something does not arrive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fallback {
    /// After how long.
    pub after: Duration,
    /// Whom.
    pub to: Vec<Destination>,
}
