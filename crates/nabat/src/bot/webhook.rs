//! Telegram's calls, for bots that are configured so.
//!
//! The web layer hands over what comes to `/telegram/<bot id>`. The update is committed before
//! Telegram is told that it was taken. Telegram brings updates of other chats while it waits to
//! repeat one that did not get through; the engine knows updates by their growing numbers and
//! would take the late one for a known one. So what comes too early is put off.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use nabat_core::chat::BotId;
use serde_json::Value;

use super::ear::Ear;
use crate::config::{Bot, Secret};

/// For so long an update that was put off is waited for. Telegram repeats after two minutes at
/// the latest.
const WAIT_FOR_REPEAT: Duration = Duration::from_secs(300);
/// For so long an update whose predecessor never came is put off.
const WAIT_FOR_GAP: Duration = Duration::from_secs(60);

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
    /// Locked while an update is dealt with, so that there is one at a time.
    order: tokio::sync::Mutex<Order>,
}

/// In which order updates are taken.
#[derive(Debug, Default)]
struct Order {
    /// The number of the next one, if it is known.
    next: Option<i64>,
    /// What was put off: when it first came, and when last.
    put_off: BTreeMap<i64, (Instant, Instant)>,
}

/// Open while it lives.
#[derive(Debug)]
pub(super) struct Door {
    ears: WebhookEars,
    bot: BotId,
    listener: Arc<Listener>,
}

impl WebhookEars {
    /// Whether whoever calls for a bot is Telegram; `secret_header` is the call's
    /// `X-Telegram-Bot-Api-Secret-Token`. To be asked before the body is read.
    pub fn admits(&self, bot_id: i64, secret_header: Option<&str>) -> bool {
        self.listener(bot_id, secret_header).is_some()
    }

    /// Takes a call for a bot.
    pub async fn receive(
        &self,
        bot_id: i64,
        secret_header: Option<&str>,
        body: &[u8],
    ) -> WebhookAnswer {
        match self.listener(bot_id, secret_header) {
            Some(listener) => listener.receive(body).await,
            None => WebhookAnswer::Unauthorized,
        }
    }

    fn listener(&self, bot_id: i64, secret_header: Option<&str>) -> Option<Arc<Listener>> {
        let shown = Secret::new(secret_header.unwrap_or_default());
        let listener = self.doors().get(&BotId(bot_id)).cloned();
        listener.filter(|listener| listener.secret == shown)
    }

    /// Lets Telegram's calls for the bot in, of which the first is about the update `next`, if
    /// that is known. A door that was open for the bot before closes.
    pub(super) fn open(&self, bot: &Bot, ear: Ear, secret: Secret, next: Option<i64>) -> Door {
        let bot = BotId(bot.id());
        let listener = Arc::new(Listener {
            ear,
            secret,
            order: tokio::sync::Mutex::new(Order {
                next,
                ..Order::default()
            }),
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
        let mut order = self.order.lock().await;
        let Some(update) = self.ear.read(&update).await else {
            return WebhookAnswer::BadRequest;
        };
        let now = Instant::now();
        if order.has_turn(update.id, now) {
            match self.ear.offer(&update).await {
                Ok(()) => {
                    order.taken(update.id);
                    return WebhookAnswer::Ok;
                }
                Err(error) => tracing::debug!(%error, "an update has to wait"),
            }
        }
        order.put_off(update.id, now);
        WebhookAnswer::TryAgain
    }
}

impl Order {
    fn has_turn(&mut self, id: i64, now: Instant) -> bool {
        self.put_off
            .retain(|_, (_, last)| now.duration_since(*last) < WAIT_FOR_REPEAT);
        let earlier = self.put_off.range(..id).next().is_some();
        let gap = self.next.is_some_and(|next| id > next);
        let waited = self
            .put_off
            .get(&id)
            .is_some_and(|(first, _)| now.duration_since(*first) >= WAIT_FOR_GAP);
        !earlier && (!gap || waited)
    }

    fn taken(&mut self, id: i64) {
        self.put_off.remove(&id);
        self.next = self.next.max(Some(id + 1));
    }

    fn put_off(&mut self, id: i64, now: Instant) {
        self.put_off.entry(id).or_insert((now, now)).1 = now;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_taken_before_what_came_or_should_have_come_earlier() {
        let now = Instant::now();
        let mut order = Order {
            next: Some(5),
            ..Order::default()
        };
        let late = now + WAIT_FOR_GAP;
        assert!(!order.has_turn(6, now), "5 is missing");
        order.put_off(6, now);
        order.put_off(7, now);
        assert!(order.has_turn(5, now));
        order.taken(5);
        assert!(!order.has_turn(7, now), "6 comes again");
        assert!(order.has_turn(6, now));
        order.taken(6);
        assert!(order.has_turn(7, now));
        order.taken(7);
        assert!(order.has_turn(3, now), "the engine knows it");
        order.taken(3);
        order.put_off(10, now);
        assert!(!order.has_turn(10, now));
        assert!(order.has_turn(10, late), "8 and 9 will never come");
    }

    #[test]
    fn what_never_comes_again_is_not_waited_for_without_end() {
        let now = Instant::now();
        let mut order = Order::default();
        order.put_off(5, now);
        assert!(!order.has_turn(6, now + WAIT_FOR_REPEAT / 2));
        assert!(order.has_turn(6, now + WAIT_FOR_REPEAT));
        assert!(order.put_off.is_empty());
    }
}
