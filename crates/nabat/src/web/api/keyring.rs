//! The tokens that people made, in memory: found by their digest, changed after the store has.
//!
//! Only digests are kept. That of a wrong token tells nothing about a right one, so a look in a map
//! gives nothing away, however long it takes; and none of it is slow.

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use nabat_core::change::Change;
use nabat_core::time::Timestamp;
use nabat_core::token::Token;
use sha2::{Digest as _, Sha256};
use tokio::sync::Mutex;

use crate::config::Secret;
use crate::engine::{Handle, NotTaken};

/// The most tokens.
pub(super) const TOKENS_MAX: usize = 1_000;
/// How often it is stored at the most that a token was used.
const USE_STORED_EVERY: Duration = Duration::from_secs(3_600);
/// By which people and programs that look for secrets know what it is.
const PREFIX: &str = "nbt_";
/// How many random bytes a token is made of.
const SECRET_BYTES: usize = 32;

/// The tokens that there are. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Keyring {
    known: Arc<RwLock<HashMap<[u8; 32], Arc<Known>>>>,
    /// One change at a time, in the store and here.
    changing: Arc<Mutex<()>>,
}

/// A token, and when it was used.
#[derive(Debug)]
pub struct Known {
    pub(super) token: Token,
    /// In milliseconds; 0: never. Newer than what the token says.
    used_at: AtomicI64,
    /// Which use was stored last, in the same way.
    stored_at: AtomicI64,
}

/// Why there can be no such token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refused {
    /// There is one of that name.
    Taken,
    /// There are as many as there may be.
    TooMany,
}

/// A new token: what is given out, and by what it is recognised.
///
/// # Errors
/// When there are no random numbers.
pub(super) fn secret() -> Result<(Secret, [u8; 32]), getrandom::Error> {
    let mut bytes = [0; SECRET_BYTES];
    getrandom::fill(&mut bytes)?;
    let secret = format!("{PREFIX}{}", BASE64_URL_SAFE_NO_PAD.encode(bytes));
    let digest = digest(&secret);
    Ok((Secret::new(secret), digest))
}

fn digest(secret: &str) -> [u8; 32] {
    Sha256::digest(secret).into()
}

impl Keyring {
    /// With the tokens that the store keeps.
    pub fn new(tokens: Vec<Token>) -> Self {
        let known = tokens.into_iter().map(Known::of);
        let known = known.map(|known| (known.token.digest, Arc::new(known)));
        Self {
            known: Arc::new(RwLock::new(known.collect())),
            changing: Arc::default(),
        }
    }

    /// The token that somebody bears, if it is good for something at `now`.
    pub(super) fn find(&self, given: &str, now: Timestamp) -> Option<Arc<Known>> {
        let digest = given.starts_with(PREFIX).then(|| digest(given))?;
        let all = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let known = all.get(&digest).filter(|known| known.token.holds(now));
        known.cloned()
    }

    /// Notes that a token was used. That is stored now and then; it does not matter if it can't be.
    pub(super) async fn used(&self, engine: &Handle, known: &Known, now: Timestamp) {
        if !known.note(now) {
            return;
        }
        let _one = self.changing.lock().await;
        // It may have been changed or removed since it was found: that must not come undone.
        let token = self.named(&known.token.name);
        let token = token.filter(|token| token.digest == known.token.digest);
        if let Some(token) = token {
            let change = Change::Token(Box::new(token));
            if let Err(error) = engine.watched(vec![change], Vec::new()).await {
                tracing::debug!(%error, "the use of a token could not be stored");
            }
        }
    }

    /// All of them, by name.
    pub(super) fn all(&self) -> Vec<Token> {
        let all = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let mut tokens: Vec<Token> = all.values().map(|known| known.now()).collect();
        tokens.sort_by(|a, b| a.name.cmp(&b.name));
        tokens
    }

    /// The one of that name.
    pub(super) fn named(&self, name: &str) -> Option<Token> {
        let all = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let known = all.values().find(|known| known.token.name == name);
        known.map(|known| known.now())
    }

    /// Adds a token. Within: why there can be none.
    ///
    /// # Errors
    /// When it can't be stored.
    pub(super) async fn add(
        &self,
        engine: &Handle,
        token: Token,
    ) -> Result<Result<(), Refused>, NotTaken> {
        self.change(engine, move |ring| {
            if ring.named(&token.name).is_some() {
                return Err(Refused::Taken);
            }
            if ring.all().len() >= TOKENS_MAX {
                return Err(Refused::TooMany);
            }
            Ok(Change::Token(Box::new(token)))
        })
        .await
    }

    /// Changes the token of that name. Within: what `how` refuses.
    ///
    /// # Errors
    /// When it can't be stored.
    pub(super) async fn edit<E: Send + 'static>(
        &self,
        engine: &Handle,
        name: String,
        how: impl FnOnce(Option<Token>) -> Result<Token, E> + Send + 'static,
    ) -> Result<Result<(), E>, NotTaken> {
        self.change(engine, move |ring| {
            how(ring.named(&name)).map(|token| Change::Token(Box::new(token)))
        })
        .await
    }

    /// Removes a token; returns whether there was one. It admits to nothing from then on.
    ///
    /// # Errors
    /// When it can't be stored.
    pub(super) async fn remove(&self, engine: &Handle, name: String) -> Result<bool, NotTaken> {
        let removed = self.change(engine, move |ring| match ring.named(&name) {
            Some(_) => Ok(Change::TokenGone(name)),
            None => Err(()),
        });
        removed.await.map(|removed| removed.is_ok())
    }

    /// Stores a change and takes it over, whole even if whoever asked goes away in the middle.
    async fn change<E: Send + 'static>(
        &self,
        engine: &Handle,
        what: impl FnOnce(&Self) -> Result<Change, E> + Send + 'static,
    ) -> Result<Result<(), E>, NotTaken> {
        let (ring, engine) = (self.clone(), engine.clone());
        let changed = tokio::spawn(async move {
            let _one = ring.changing.lock().await;
            let change = match what(&ring) {
                Ok(change) => change,
                Err(refused) => return Ok(Err(refused)),
            };
            engine.watched(vec![change.clone()], Vec::new()).await?;
            ring.apply(change);
            Ok(Ok(()))
        });
        changed.await.unwrap_or(Err(NotTaken::Stopping))
    }

    fn apply(&self, change: Change) {
        let mut all = self.known.write().unwrap_or_else(PoisonError::into_inner);
        match change {
            Change::Token(token) => {
                all.retain(|_, known| known.token.name != token.name);
                all.insert(token.digest, Arc::new(Known::of(*token)));
            }
            Change::TokenGone(name) => all.retain(|_, known| known.token.name != name),
            _ => {}
        }
    }
}

impl Known {
    fn of(token: Token) -> Self {
        let used_at = token.used_at.map_or(0, Timestamp::as_millis);
        Self {
            token,
            used_at: AtomicI64::new(used_at),
            stored_at: AtomicI64::new(used_at),
        }
    }

    /// Notes a use; returns whether it is to be stored.
    fn note(&self, now: Timestamp) -> bool {
        self.used_at.store(now.as_millis(), Ordering::Relaxed);
        let stored = Timestamp::from_millis(self.stored_at.load(Ordering::Relaxed));
        let is_due = now.since(stored) >= USE_STORED_EVERY;
        if is_due {
            self.stored_at.store(now.as_millis(), Ordering::Relaxed);
        }
        is_due
    }

    /// The token as it is now.
    fn now(&self) -> Token {
        let used_at = self.used_at.load(Ordering::Relaxed);
        Token {
            used_at: (used_at > 0).then(|| Timestamp::from_millis(used_at)),
            ..self.token.clone()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nabat_core::token::Role;

    const HOUR: i64 = 3_600_000;

    fn token(digest: [u8; 32], expires_at: Option<Timestamp>) -> Token {
        Token {
            name: "ci".to_owned(),
            digest,
            role: Role::Viewer,
            scope: Vec::new(),
            created_at: Timestamp::from_millis(1),
            expires_at,
            used_at: None,
        }
    }

    #[test]
    fn a_token_is_found_by_what_was_given_out_and_by_nothing_else() {
        let (given, digest) = secret().unwrap();
        let (other, _) = secret().unwrap();
        let at = Timestamp::from_millis;
        let ring = Keyring::new(vec![token(digest, Some(at(9)))]);
        assert_eq!(given.expose().len(), 47);
        let name = |given: &Secret, now| {
            let known = ring.find(given.expose(), at(now));
            known.map(|known| known.token.name.clone())
        };
        assert_eq!(name(&given, 8).as_deref(), Some("ci"));
        assert_eq!(name(&given, 9), None);
        assert_eq!(name(&other, 8), None);
        assert_eq!(name(&Secret::new("nbt_"), 8), None);
        assert_eq!(name(&Secret::new(""), 8), None);
    }

    #[test]
    fn a_use_is_stored_once_an_hour_however_often_it_is_used() {
        let known = Known::of(token([0; 32], None));
        let minutes = (0..=150).map(|minute| 100 * HOUR + minute * 60_000);
        let stored = minutes.filter(|now| known.note(Timestamp::from_millis(*now)));
        assert_eq!(stored.count(), 3);
        let last = Timestamp::from_millis(100 * HOUR + 150 * 60_000);
        assert_eq!(known.now().used_at, Some(last));
    }
}
