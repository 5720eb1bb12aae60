//! Asks Telegram for updates, one long poll after the other.

use std::time::{Duration, Instant};

use super::ear::{Ear, Stopping};
use super::pace::Pace;
use super::state::Voice;
use crate::channel::telegram::client::{Client, POLL_TIMEOUT};

/// An empty answer that comes sooner than this is none of a long poll: something on the way gives
/// it, and must not be asked in a circle.
const EMPTY_TOO_SOON: Duration = Duration::from_secs(1);

/// Polls until the token is refused or the engine stops.
///
/// The first poll names no offset: Telegram repeats what was not confirmed, and the engine knows
/// what it has dealt with.
pub(super) async fn poll(ear: &Ear, client: &Client, voice: &mut Voice) {
    let mut offset = None;
    let mut pace = Pace::default();
    // Whether Telegram answers at all is asked without patience, to know it soon.
    let mut patience = Duration::ZERO;
    loop {
        client.reconsider().await;
        let begun = Instant::now();
        let error = match client.get_updates(offset, patience).await {
            Ok(updates) => {
                pace.reset();
                voice.polls();
                let too_soon = !patience.is_zero() && begun.elapsed() < EMPTY_TOO_SOON;
                if updates.is_empty() && too_soon {
                    tokio::time::sleep(EMPTY_TOO_SOON).await;
                }
                patience = POLL_TIMEOUT;
                for update in &updates {
                    match ear.hear(update).await {
                        Ok(id) => offset = id.map(|id| id + 1).or(offset),
                        Err(Stopping) => return,
                    }
                }
                continue;
            }
            Err(error) => error,
        };
        if error.is_refusal(401) {
            return voice.token_refused();
        }
        if error.is_refusal(409) {
            voice.conflict(&error);
        } else {
            voice.unreachable(&error);
            patience = Duration::ZERO;
        }
        tokio::time::sleep(pace.after(&error)).await;
        if error.is_refusal(409) && error.to_string().contains("webhook") {
            // Whoever set it sees the conflict as well; with it set, nothing would ever come.
            let _ = client.delete_webhook().await;
        }
    }
}
