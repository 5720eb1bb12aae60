//! Which bots run now and how their ears do, for whoever asks.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use nabat_core::chat::BotId;
use tokio::sync::watch;

use super::State;

/// The bots that run now. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Roster(Arc<RwLock<HashMap<BotId, watch::Receiver<State>>>>);

impl Roster {
    /// A bot runs from now on, until whoever shows its state is gone.
    pub fn add(&self, bot: BotId, state: watch::Receiver<State>) {
        let mut bots = self.0.write().unwrap_or_else(PoisonError::into_inner);
        bots.retain(|_, state| state.has_changed().is_ok());
        bots.insert(bot, state);
    }

    /// How a bot does, if it runs.
    pub fn state(&self, bot: BotId) -> Option<State> {
        let bots = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let state = bots.get(&bot)?;
        state.has_changed().ok()?;
        Some(state.borrow().clone())
    }
}
