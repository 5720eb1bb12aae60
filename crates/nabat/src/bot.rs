//! The bots' ears: what people write and press reaches the engine, once and in order.
//!
//! One task per bot. It learns who the bot is, sets its menus, then polls, or lets Telegram call
//! (`webhook`). An update is confirmed to Telegram only after the engine has committed it: what
//! the engine does not take is offered again, never skipped. Nothing is decided here, and nothing
//! is said but the short answer to a pressed button.

mod ear;
mod pace;
mod polling;
mod roster;
mod state;
#[cfg(test)]
mod tests;
mod update;
mod webhook;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use nabat_core::message::answer::command_menu;
use nabat_core::message::words::Language;

use crate::channel::telegram::client::{CallError, Client, User};
use crate::config::{Bot, Updates, Webhook};
use crate::engine;
use crate::store::History;

pub use roster::Roster;
pub use state::State;
pub use webhook::{WebhookAnswer, WebhookEars};

use ear::Ear;
use pace::Pace;
use polling::Polling;
use state::Voice;

/// One bot, and whom it talks to.
#[derive(Debug)]
pub struct Ears {
    /// Its configuration.
    pub bot: Bot,
    /// Its way to Telegram.
    pub client: Client,
    /// Who hears.
    pub engine: engine::Handle,
    /// Where what is over is looked up.
    pub history: Arc<dyn History>,
    /// Where it shows how it does.
    pub state: watch::Sender<State>,
    /// Where Telegram's calls come in, should it be configured so.
    pub webhooks: WebhookEars,
}

/// How often a bot that does not poll looks whether its first address works again.
const RECONSIDER_PERIOD: Duration = Duration::from_secs(60);

/// How long the bot with this place in the configuration waits before it starts: Telegram lets
/// one address start about 20 bots a minute.
pub fn start_delay(index: usize) -> Duration {
    const AT_ONCE: u32 = 20;
    let index = u32::try_from(index).unwrap_or(u32::MAX);
    let slow = index.saturating_sub(AT_ONCE - 1);
    Duration::from_millis(200) * index.min(AT_ONCE - 1) + Duration::from_secs(3) * slow
}

/// Listens until `shutdown`, or until Telegram refuses the token. An update that is being dealt
/// with at that moment stays unconfirmed; the engine knows whether it had taken it.
pub async fn run(ears: Ears, shutdown: CancellationToken) {
    shutdown.run_until_cancelled(listen(ears)).await;
}

async fn listen(ears: Ears) {
    let mut voice = Voice::new(ears.bot.name.clone(), ears.state);
    let client = &ears.client;
    let Some(me) = insist(&voice, || client.get_me()).await else {
        return;
    };
    voice.meet(&me);
    let ear = Ear::new(me, ears.client.clone(), ears.engine, ears.history);
    if insist(&voice, || client.delete_webhook()).await.is_none() {
        return;
    }
    set_menus(client).await;
    let polling = Polling::new(&ear, client, &voice);
    let Some(webhook) = webhook_of(&ears.bot) else {
        polling.forever().await;
        return;
    };
    // What came while nobody was called is taken in order here; Telegram would bring it mixed.
    let Ok(next) = polling.drain().await else {
        return;
    };
    let secret = match webhook::fresh_secret() {
        Ok(secret) => secret,
        Err(error) => return voice.no_secret(&error),
    };
    let door = ears.webhooks.open(&ears.bot, ear, secret, next);
    let url = door.url(&webhook.url);
    let set = insist(&voice, || client.set_webhook(&url, door.secret()));
    if set.await.is_some() {
        voice.called();
        // The door is open as long as this task lives.
        loop {
            tokio::time::sleep(RECONSIDER_PERIOD).await;
            client.reconsider().await;
        }
    }
}

fn webhook_of(bot: &Bot) -> Option<&Webhook> {
    match bot.updates {
        Updates::Webhook => bot.webhook.as_ref(),
        Updates::Polling => None,
    }
}

/// Calls until it succeeds. `None` if the token is refused.
async fn insist<T, F: Future<Output = Result<T, CallError>>>(
    voice: &Voice,
    call: impl Fn() -> F,
) -> Option<T> {
    let mut pace = Pace::default();
    loop {
        match call().await {
            Ok(result) => return Some(result),
            Err(error) if error.is_refusal(401) => {
                voice.token_refused();
                return None;
            }
            Err(error) => {
                voice.unreachable(&error);
                tokio::time::sleep(pace.after(&error)).await;
            }
        }
    }
}

/// The menus are a convenience: the bot works without.
async fn set_menus(client: &Client) {
    for language in [None, Some(Language::Ru), Some(Language::PtBr)] {
        let menu = command_menu(language.unwrap_or_default(), false);
        let set = client.set_my_commands(&menu, language);
        if let Err(error) = set.await {
            tracing::warn!(bot = client.name(), %error, "the bot's menu of commands was not set");
            return;
        }
    }
}
