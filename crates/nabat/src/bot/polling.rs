//! Asks Telegram for updates, one long poll after the other.
//!
//! The first poll names no offset: Telegram repeats what was not confirmed, and the engine knows
//! what it has dealt with.

use std::time::{Duration, Instant};

use super::ear::{Ear, Stopping};
use super::pace::Pace;
use super::state::Voice;
use crate::channel::telegram::client::{CallError, Client, POLL_TIMEOUT};

/// An empty answer that comes sooner than this is none of a long poll: something on the way gives
/// it, and must not be asked in a circle.
const EMPTY_TOO_SOON: Duration = Duration::from_secs(1);
/// Two programs on one bot take turns in being refused: the conflict is over only after so long
/// without a refusal.
const CONFLICT_OVER_AFTER: Duration = Duration::from_secs(60);

pub(super) struct Polling<'a> {
    ear: &'a Ear,
    client: &'a Client,
    voice: &'a Voice,
    offset: Option<i64>,
    pace: Pace,
    conflict_at: Option<Instant>,
}

/// Nothing more will be heard: the token was refused, or the engine stops.
#[derive(Debug)]
pub(super) struct Ended;

impl<'a> Polling<'a> {
    pub(super) fn new(ear: &'a Ear, client: &'a Client, voice: &'a Voice) -> Self {
        Self {
            ear,
            client,
            voice,
            offset: None,
            pace: Pace::default(),
            conflict_at: None,
        }
    }

    /// Hears everything that is to come.
    pub(super) async fn forever(mut self) -> Ended {
        // Whether Telegram answers at all is asked without patience, to know it soon.
        let mut patience = Duration::ZERO;
        loop {
            self.client.reconsider().await;
            let begun = Instant::now();
            let before = self.offset;
            match self.once(patience).await {
                Err(ended) => return ended,
                Ok(None) if self.in_conflict() => patience = POLL_TIMEOUT,
                Ok(None) => patience = Duration::ZERO,
                Ok(Some(heard)) => {
                    if !self.in_conflict() {
                        self.voice.polls();
                    }
                    let too_soon = !patience.is_zero() && begun.elapsed() < EMPTY_TOO_SOON;
                    let stuck = heard == 0 || self.offset == before;
                    if stuck && too_soon {
                        tokio::time::sleep(EMPTY_TOO_SOON).await;
                    }
                    patience = POLL_TIMEOUT;
                }
            }
        }
    }

    /// Hears what waits already. Returns the number that the next update will have, if one came.
    pub(super) async fn drain(mut self) -> Result<Option<i64>, Ended> {
        while self.once(Duration::ZERO).await? != Some(0) {}
        Ok(self.offset)
    }

    /// Polls once. Returns how many updates came; after a failure and a pause, `None`.
    async fn once(&mut self, patience: Duration) -> Result<Option<usize>, Ended> {
        match self.client.get_updates(self.offset, patience).await {
            Ok(updates) => {
                self.pace.reset();
                for update in &updates {
                    match self.ear.hear(update).await {
                        Ok(id) => self.offset = id.map(|id| id + 1).or(self.offset),
                        Err(Stopping) => return Err(Ended),
                    }
                }
                Ok(Some(updates.len()))
            }
            Err(error) => self.failed(&error).await.map(|()| None),
        }
    }

    fn in_conflict(&self) -> bool {
        self.conflict_at
            .is_some_and(|at| at.elapsed() < CONFLICT_OVER_AFTER)
    }

    async fn failed(&mut self, error: &CallError) -> Result<(), Ended> {
        if error.is_refusal(401) {
            self.voice.token_refused();
            return Err(Ended);
        }
        let conflict = error.is_refusal(409);
        if conflict {
            self.conflict_at = Some(Instant::now());
            self.voice.conflict(error);
        } else {
            self.voice.unreachable(error);
        }
        tokio::time::sleep(self.pace.after(error)).await;
        if conflict && error.to_string().contains("webhook") {
            // Whoever set it sees the conflict as well; with it set, nothing would ever come.
            let _ = self.client.delete_webhook().await;
        }
        Ok(())
    }
}
