//! Brings one update to the engine, and its short answer to whoever pressed a button.

use std::sync::Arc;
use std::time::Duration;

use nabat_core::chat::BotId;
use nabat_core::engine::{Event, Heard};
use nabat_core::incident::Incident;
use serde_json::Value;

use super::User;
use super::update::{self, Me, Update};
use crate::channel::telegram::client::Client;
use crate::engine::{Handle, NotTaken};
use crate::store::{History, IncidentQuery};

/// How long Telegram may take to say who administrates a group.
const RIGHTS_TIMEOUT: Duration = Duration::from_secs(5);
/// How long until the engine is offered again what it did not take.
const OFFER_AGAIN_AFTER: Duration = Duration::from_secs(1);

/// What a bot hears goes through here.
#[derive(Debug)]
pub(super) struct Ear {
    me: Me,
    client: Client,
    engine: Handle,
    history: Arc<dyn History>,
}

/// Nabat is stopping: the update is left for the next start.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Stopping;

impl Ear {
    pub(super) fn new(me: User, client: Client, engine: Handle, history: Arc<dyn History>) -> Self {
        let me = Me {
            id: BotId(me.id),
            username: me.username,
        };
        Self {
            me,
            client,
            engine,
            history,
        }
    }

    /// Offers an update to the engine until it is committed. Returns its number; `None` if it has
    /// none, so that nothing can be done about it.
    pub(super) async fn hear(&self, update: &Value) -> Result<Option<i64>, Stopping> {
        let Some(update) = self.read(update).await else {
            return Ok(None);
        };
        let mut told = false;
        loop {
            match self.offer(&update).await {
                Ok(()) => return Ok(Some(update.id)),
                Err(NotTaken::Stopping) => return Err(Stopping),
                Err(error) if !told => {
                    tracing::warn!(bot = self.client.name(), %error, "an update has to wait");
                    told = true;
                }
                Err(_) => {}
            }
            tokio::time::sleep(OFFER_AGAIN_AFTER).await;
        }
    }

    /// Reads an update and finds out what has to be known of its speaker.
    pub(super) async fn read(&self, update: &Value) -> Option<Update> {
        let Some(mut update) = update::read(update, &self.me) else {
            tracing::warn!(
                bot = self.client.name(),
                "an update without a number was left out"
            );
            return None;
        };
        let name = &self.me.username;
        if let Some((chat, speaker)) = update::rights_to_ask(&mut update.event, name) {
            let asked = self
                .client
                .is_administrator(chat, speaker.id, RIGHTS_TIMEOUT);
            match asked.await {
                Ok(is) => speaker.administrator = Some(is),
                Err(error) => {
                    tracing::warn!(bot = self.client.name(), %error, "an administrator's rights could not be looked up");
                }
            }
        }
        Some(update)
    }

    /// Looks up what the engine needs to answer.
    async fn look_back(&self, event: &Event) -> Option<Vec<Arc<Incident>>> {
        let wanted = event.looks_back(&self.me.username)?;
        let history = Arc::clone(&self.history);
        let query = IncidentQuery {
            selector: Some(wanted.selector),
            limit: wanted.limit,
            ..IncidentQuery::default()
        };
        let found = tokio::task::spawn_blocking(move || history.incidents(&query)).await;
        let problem = match found {
            Ok(Ok(page)) => return Some(page.incidents.into_iter().map(Arc::new).collect()),
            Ok(Err(error)) => error.to_string(),
            Err(error) => error.to_string(),
        };
        tracing::error!(problem, "the history can't be read");
        None
    }

    /// Offers an update to the engine once.
    pub(super) async fn offer(&self, update: &Update) -> Result<(), NotTaken> {
        let mut entropy = [0; 16];
        getrandom::fill(&mut entropy).map_err(|error| NotTaken::Unavailable {
            reason: format!("the system gives no random numbers: {error}"),
        })?;
        let heard = Heard {
            bot: self.me.id,
            bot_name: self.me.username.clone(),
            update_id: update.id,
            entropy,
            event: update.event.clone(),
            past: self.look_back(&update.event).await,
        };
        let toast = self.engine.heard(heard).await?;
        if let Some(query) = &update.query {
            let text = toast.unwrap_or_default();
            if let Err(error) = self.client.answer_callback_query(query, &text).await {
                tracing::debug!(bot = self.client.name(), %error, "a pressed button was not answered");
            }
        }
        if update.event == Event::Other {
            tracing::debug!(
                bot = self.client.name(),
                update_id = update.id,
                "an update of no interest"
            );
        }
        Ok(())
    }
}
