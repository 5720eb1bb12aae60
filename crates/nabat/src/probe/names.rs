//! Finds the addresses of names, and remembers them.
//!
//! Thousands of probes ask for the same names again and again, so an answer is kept for as long as
//! it says, and those who ask at the same time wait for one answer. A resolver that does not answer
//! is no fault of the target: then the last answer goes on, and says so.

mod cache;
mod resolver;

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{Semaphore, watch};
use tokio::time::timeout;

use cache::{Cache, Cached};
use resolver::Resolver;

/// How long who has an older answer waits for a newer one.
const PATIENCE: Duration = Duration::from_millis(500);
/// How long a resolver may take in all.
const TIMEOUT: Duration = Duration::from_secs(10);
/// How many names are asked for at the same time; each takes two sockets.
const QUESTIONS: usize = 100;

/// Finds the addresses of names.
#[derive(Debug, Clone, Default)]
pub struct Names {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    resolver: Resolver,
    state: Mutex<State>,
    questions: Semaphore,
}

#[derive(Debug, Default)]
struct State {
    cache: Cache,
    /// The names that are asked for now, and where their answers will be.
    asked: HashMap<String, watch::Receiver<Option<Answer>>>,
}

type Answer = Result<Found, NameError>;

/// The addresses of a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// In the order in which to try them: IPv4 first. At least one.
    pub addresses: Vec<IpAddr>,
    /// Why it is an older answer, if it is one.
    pub trouble: Option<NameError>,
}

/// Why a name has no address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Whoever answers for the name says that it has none.
    #[error("the name {name} has no address")]
    None {
        /// Which name.
        name: String,
    },
    /// Nobody answered for the name.
    #[error("no resolver could tell the address of {name}: {problem}")]
    NoAnswer {
        /// Which name.
        name: String,
        /// What went wrong.
        problem: String,
    },
}

impl Default for Shared {
    fn default() -> Self {
        Self::new(Resolver::default())
    }
}

impl Shared {
    fn new(resolver: Resolver) -> Self {
        Self {
            resolver,
            state: Mutex::default(),
            questions: Semaphore::new(QUESTIONS),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Names {
    /// Names as these DNS servers know them, instead of those of this machine.
    pub fn of(servers: &[SocketAddr]) -> Self {
        let shared = Shared::new(Resolver::of(servers));
        Self {
            shared: Arc::new(shared),
        }
    }

    /// The addresses of `host` in the order in which to try them; an address is its own. With
    /// `fresh` the cache is only for want of a new answer.
    ///
    /// # Errors
    /// See [`NameError`].
    pub async fn resolve(&self, host: &str, fresh: bool) -> Result<Vec<IpAddr>, NameError> {
        Ok(self.find(host, fresh).await?.addresses)
    }

    /// As [`Self::resolve`], and says why the answer is an older one.
    ///
    /// # Errors
    /// See [`NameError`].
    pub async fn find(&self, host: &str, fresh: bool) -> Result<Found, NameError> {
        if let Ok(address) = host.parse() {
            return Ok(Found {
                addresses: vec![address],
                trouble: None,
            });
        }
        let name = host.to_ascii_lowercase();
        let cached = self.shared.state().cache.get(&name, Instant::now());
        let older = match cached {
            Some(Cached::Valid(answer)) if !fresh => return answer,
            Some(Cached::Valid(answer)) => answer.ok(),
            Some(Cached::Older(found)) => Some(found),
            None => None,
        };
        let asked = self.ask(&name);
        let Some(older) = older else {
            return answered(name, asked).await;
        };
        match timeout(PATIENCE, answered(name.clone(), asked)).await {
            Ok(Err(trouble @ NameError::NoAnswer { .. })) => Ok(Found {
                trouble: Some(trouble),
                ..older
            }),
            Ok(answer) => answer,
            Err(_) => Ok(Found {
                trouble: Some(NameError::slow(name)),
                ..older
            }),
        }
    }

    /// Where the answer for the name will be. Asked once, however many wait for it, and to the end,
    /// even if they do not.
    fn ask(&self, name: &str) -> watch::Receiver<Option<Answer>> {
        let mut state = self.shared.state();
        if let Some(asked) = state.asked.get(name) {
            return asked.clone();
        }
        let (teller, asked) = watch::channel(None);
        state.asked.insert(name.to_owned(), asked.clone());
        let shared = Arc::clone(&self.shared);
        let name = name.to_owned();
        tokio::spawn(async move {
            let asking = async {
                let _turn = shared.questions.acquire().await;
                shared.resolver.ask(&name).await
            };
            let answer = timeout(TIMEOUT, asking).await;
            let answer = answer.unwrap_or_else(|_| Err(NameError::slow(name.clone())));
            let mut state = shared.state();
            let answer = state.cache.put(&name, answer, Instant::now());
            state.asked.remove(&name);
            teller.send_replace(Some(answer));
        });
        asked
    }
}

impl NameError {
    fn slow(name: String) -> Self {
        Self::NoAnswer {
            name,
            problem: "it takes too long".to_owned(),
        }
    }
}

async fn answered(name: String, mut asked: watch::Receiver<Option<Answer>>) -> Answer {
    let answer = asked.wait_for(Option::is_some).await;
    let answer = answer.ok().and_then(|answer| answer.clone());
    // Whoever asks always answers, unless the program ends.
    answer.unwrap_or_else(|| Err(NameError::slow(name)))
}
