//! Monitors at a glance, in pages: for chats.

use std::collections::BTreeMap;

use nabat_core::chat::ChatKey;
use nabat_core::monitor::Status;

use super::Shown;

/// Which monitors are wanted at a glance.
#[derive(Debug, Clone, Default)]
pub struct Glance {
    /// Only those whose name or target contains this, in any case, or whose status it is; empty: all.
    pub text: String,
    /// Only those made in this chat.
    pub made_in: Option<ChatKey>,
    /// Which page, from 0; one that is too far is the last one.
    pub page: usize,
    /// How many are on a page; at least one.
    pub per_page: usize,
}

/// Some monitors: those that somebody has to see to first, then the others by name.
#[derive(Debug, Clone, Default)]
pub struct Glanced {
    /// Those of the page.
    pub monitors: Vec<Shown>,
    /// Which page it is, from 0.
    pub page: usize,
    /// Of how many, at least 1.
    pub pages: usize,
    /// How many of those that are wanted there are with each status.
    pub counts: BTreeMap<Status, usize>,
}
