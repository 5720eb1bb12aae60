//! Telegram's calls, for bots that are configured so.
//!
//! The web layer hands over what comes to `/telegram/<bot id>`. The update is committed before
//! Telegram is told that it was taken. Telegram may bring a later update before it repeats one
//! that was not taken; the engine knows updates by their growing numbers, so the later ones are
//! put off meanwhile.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use nabat_core::chat::BotId;
use serde_json::Value;

use super::ear::Ear;
use crate::config::{Bot, Secret};

/// For so long an update that was not taken is waited for. Telegram repeats after two minutes at
/// the latest.
const WAIT_FOR_REPEAT: Duration = Duration::from_secs(300);

/// Telegram's way in for all bots. Clones are the same one.
#[derive(Debug, Clone, Default)]
pub struct WebhookEars {
    doors: Arc<Mutex<HashMap<BotId, Arc<Listener>>>>,
}

/// What to answer to a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WebhookAnswer {
    /// 200: the update is on disk.
    Ok,
    /// 401: not Telegram, or no such bot.
    Unauthorized,
    /// 503: it is to be brought again.
    TryAgain,
    /// 400: not an update.
    BadRequest,
}

#[derive(Debug)]
struct Listener {
    ear: Ear,
    secret: Secret,
    /// What was not taken, and when it last came. Locked while an update is dealt with, so that
    /// there is one at a time.
    put_off: tokio::sync::Mutex<BTreeMap<i64, Instant>>,
}

/// Open while it lives.
#[derive(Debug)]
pub(super) struct Door {
    ears: WebhookEars,
    bot: BotId,
    listener: Arc<Listener>,
}

impl WebhookEars {
    /// Takes a call for a bot; `secret_header` is its `X-Telegram-Bot-Api-Secret-Token`.
    pub async fn receive(
        &self,
        bot_id: i64,
        secret_header: Option<&str>,
        body: &[u8],
    ) -> WebhookAnswer {
        let listener = self.doors().get(&BotId(bot_id)).cloned();
        let shown = Secret::new(secret_header.unwrap_or_default());
        match listener {
            Some(listener) if listener.secret == shown => listener.receive(body).await,
            _ => WebhookAnswer::Unauthorized,
        }
    }

    /// Lets Telegram's calls for the bot in. A door that was open for it before closes.
    pub(super) fn open(&self, bot: &Bot, ear: Ear, secret: Secret) -> Door {
        let bot = BotId(bot.id());
        let listener = Arc::new(Listener {
            ear,
            secret,
            put_off: tokio::sync::Mutex::default(),
        });
        self.doors().insert(bot, Arc::clone(&listener));
        Door {
            ears: self.clone(),
            bot,
            listener,
        }
    }

    fn doors(&self) -> MutexGuard<'_, HashMap<BotId, Arc<Listener>>> {
        self.doors.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Listener {
    async fn receive(&self, body: &[u8]) -> WebhookAnswer {
        let Ok(update) = serde_json::from_slice::<Value>(body) else {
            return WebhookAnswer::BadRequest;
        };
        let mut put_off = self.put_off.lock().await;
        let Some(update) = self.ear.read(&update).await else {
            return WebhookAnswer::BadRequest;
        };
        put_off.retain(|_, at| at.elapsed() < WAIT_FOR_REPEAT);
        let early = put_off
            .first_key_value()
            .is_some_and(|(id, _)| *id < update.id);
        if !early {
            match self.ear.offer(&update).await {
                Ok(()) => {
                    put_off.remove(&update.id);
                    return WebhookAnswer::Ok;
                }
                Err(error) => tracing::debug!(%error, "an update has to wait"),
            }
        }
        put_off.insert(update.id, Instant::now());
        WebhookAnswer::TryAgain
    }
}

impl Door {
    /// Where Telegram is to call, below the public address.
    pub(super) fn url(&self, base: &str) -> String {
        format!("{}/telegram/{}", base.trim_end_matches('/'), self.bot.0)
    }

    /// By what Telegram proves itself.
    pub(super) fn secret(&self) -> &Secret {
        &self.listener.secret
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        let mut doors = self.ears.doors();
        // After a reload the next door of the same bot may be open already.
        if doors
            .get(&self.bot)
            .is_some_and(|open| Arc::ptr_eq(open, &self.listener))
        {
            doors.remove(&self.bot);
        }
    }
}

/// A secret of 32 random bytes.
///
/// # Errors
/// When the system gives no random numbers.
pub(super) fn fresh_secret() -> Result<Secret, getrandom::Error> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes)?;
    Ok(Secret::new(BASE64_URL_SAFE_NO_PAD.encode(bytes)))
}
