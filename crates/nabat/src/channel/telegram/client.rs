//! A thin client of the Bot API for one bot.
//!
//! Each call is one request and has one of five ends: done, [`CallError::Unsent`],
//! [`CallError::Lost`], [`CallError::Refused`], [`CallError::Garbled`]. Nothing is repeated here
//! but what surely did not arrive, at the bot's next address: everything else is for the caller to
//! decide, who knows what a second copy would cost. See `docs/adr/0001-own-telegram-client.md`.
//!
//! The token appears in the request's address only, and addresses appear in no error.

mod answer;
mod endpoints;
mod error;
mod methods;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use nabat_core::chat::BotId;
use reqwest::multipart::{Form, Part};
use reqwest::{Proxy, RequestBuilder};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::channel::http::{self, chain};
use crate::config::{ApiUrl, Bot, Secret};

pub use error::{CallError, Refusal};
pub use methods::{
    ALLOWED_UPDATES, Edit, FullChat, Member, NewMessage, POLL_TIMEOUT, Permissions, SEND_TIMEOUT,
    SHORT_TIMEOUT, Text, User,
};

use endpoints::Endpoints;

/// Speaks to the Bot API for one bot. Cheap to clone; clones share connections and endpoints.
#[derive(Clone)]
pub struct Client {
    inner: Arc<Inner>,
}

struct Inner {
    name: String,
    bot: BotId,
    token: Secret,
    doors: Vec<Door>,
    endpoints: Mutex<Endpoints>,
}

/// One way to the Bot API.
struct Door {
    base: String,
    http: reqwest::Client,
}

/// A file to send along.
#[derive(Clone, Copy)]
struct Upload<'a> {
    /// The parameter that it is.
    field: &'static str,
    /// What it is called.
    name: &'a str,
    /// What is in it.
    content: &'a [u8],
}

/// Why no client could be made for a bot.
#[derive(Debug, thiserror::Error)]
#[error("failed to prepare the connection of bot `{bot}` to {endpoint}")]
pub struct NoClient {
    /// The bot's name in the configuration.
    bot: String,
    /// The address it was for, without its path.
    endpoint: String,
    /// What the HTTP library says.
    source: reqwest::Error,
}

impl Client {
    /// A client for `bot`. Opens no connection yet.
    ///
    /// # Errors
    /// When a proxy's address is none, or the system's certificates can't be read.
    pub fn new(bot: &Bot) -> Result<Self, NoClient> {
        let door = |api: &ApiUrl| {
            door(api, bot.proxy_for(api)).map_err(|source| NoClient {
                bot: bot.name.clone(),
                endpoint: http::origin(&api.url),
                source: source.without_url(),
            })
        };
        let doors = bot.api_url.iter().map(door).collect::<Result<_, _>>()?;
        let names = bot.api_url.iter().map(|api| http::origin(&api.url));
        Ok(Self {
            inner: Arc::new(Inner {
                name: bot.name.clone(),
                bot: BotId(bot.id()),
                token: bot.token.clone(),
                doors,
                endpoints: Mutex::new(Endpoints::new(names)),
            }),
        })
    }

    /// The bot's name in the configuration.
    pub fn name(&self) -> &str {
        &self.inner.name
    }

    /// The bot's own Telegram id.
    pub fn bot(&self) -> BotId {
        self.inner.bot
    }

    /// Calls a method of the Bot API; `timeout` is for the whole exchange.
    ///
    /// If the request surely did not arrive, the bot's other addresses are tried, each once.
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn call<P: Serialize + ?Sized, R: DeserializeOwned>(
        &self,
        method: &str,
        params: &P,
        timeout: Duration,
    ) -> Result<R, CallError> {
        self.call_anywhere(method, timeout, |request| Ok(request.json(params)))
            .await
    }

    /// Calls a method with a file, as a form.
    async fn upload<R: DeserializeOwned>(
        &self,
        method: &str,
        fields: &[(&'static str, String)],
        file: Upload<'_>,
        timeout: Duration,
    ) -> Result<R, CallError> {
        self.call_anywhere(method, timeout, |request| {
            let content = Part::bytes(file.content.to_vec())
                .file_name(file.name.to_owned())
                .mime_str("text/plain; charset=utf-8")?;
            let mut form = Form::new().part(file.field, content);
            for (name, value) in fields {
                form = form.text(*name, value.clone());
            }
            Ok(request.multipart(form))
        })
        .await
    }

    async fn call_anywhere<R: DeserializeOwned>(
        &self,
        method: &str,
        timeout: Duration,
        fill: impl Fn(RequestBuilder) -> reqwest::Result<RequestBuilder>,
    ) -> Result<R, CallError> {
        let mut tried = 0;
        loop {
            let number = self.endpoints().current();
            let result = self.call_at(number, method, timeout, &fill).await;
            tried += 1;
            match result {
                Err(CallError::Unsent { .. }) if tried < self.inner.doors.len() => {}
                result => return result,
            }
        }
    }

    /// Goes back to the first address, if another one has been in use for a while and the first
    /// one works again. To be called now and then: it costs nothing while there is nothing to do.
    pub async fn reconsider(&self) {
        let due = self.endpoints().return_is_due(Instant::now());
        if due {
            self.try_first().await;
        }
    }

    /// Only a call without consequences may find out whether the first address works.
    async fn try_first(&self) {
        let answer: Result<serde::de::IgnoredAny, _> = self
            .call_at(0, "getMe", SHORT_TIMEOUT, |request| {
                Ok(request.json(&serde_json::json!({})))
            })
            .await;
        if answer.is_ok() {
            tracing::info!(bot = %self.inner.name, "the bot's first address works again");
            self.endpoints().return_to_first();
        }
    }

    async fn call_at<R: DeserializeOwned>(
        &self,
        number: usize,
        method: &str,
        timeout: Duration,
        fill: impl Fn(RequestBuilder) -> reqwest::Result<RequestBuilder>,
    ) -> Result<R, CallError> {
        let result = match self.inner.doors.get(number) {
            Some(door) => self.exchange(door, method, timeout, fill).await,
            None => Err(CallError::Unsent {
                reason: "the bot has no address of the Bot API".to_owned(),
            }),
        };
        let moved = match &result {
            Err(error) => self.endpoints().failed(number, error, Instant::now()),
            Ok(_) => {
                self.endpoints().worked(number);
                None
            }
        };
        if let (Some(to), Err(error)) = (moved, &result) {
            tracing::warn!(bot = %self.inner.name, %error, "the bot goes on at its address {to}");
        }
        result
    }

    async fn exchange<R: DeserializeOwned>(
        &self,
        door: &Door,
        method: &str,
        timeout: Duration,
        fill: impl Fn(RequestBuilder) -> reqwest::Result<RequestBuilder>,
    ) -> Result<R, CallError> {
        let address = format!("{}/bot{}/{method}", door.base, self.inner.token.expose());
        let request = fill(door.http.post(address).timeout(timeout))
            .map_err(|error| self.no_answer(error))?;
        let response = request
            .send()
            .await
            .map_err(|error| self.no_answer(error))?;
        answer::read(response)
            .await
            .map_err(|error| error.redacted(|text| self.redact(text)))
    }

    /// What it means that no answer began to come.
    fn no_answer(&self, error: reqwest::Error) -> CallError {
        let sent = !(error.is_connect() || error.is_builder());
        let reason = self.redact(chain(&error.without_url()));
        if sent {
            CallError::Lost { reason }
        } else {
            CallError::Unsent { reason }
        }
    }

    /// Whatever others say, the token is not repeated.
    fn redact(&self, text: String) -> String {
        let token = self.inner.token.expose();
        let secret = token.split_once(':').map_or(token, |(_, secret)| secret);
        if secret.is_empty() || !text.contains(secret) {
            return text;
        }
        text.replace(token, "…").replace(secret, "…")
    }

    fn endpoints(&self) -> MutexGuard<'_, Endpoints> {
        self.inner
            .endpoints
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("name", &self.inner.name)
            .field("bot", &self.inner.bot)
            .finish_non_exhaustive()
    }
}

fn door(api: &ApiUrl, proxy: Option<&Secret>) -> reqwest::Result<Door> {
    let mut http = http::client().user_agent(concat!("nabat/", env!("CARGO_PKG_VERSION")));
    if let Some(proxy) = proxy {
        http = http.proxy(Proxy::all(proxy.expose())?);
    }
    Ok(Door {
        base: api.url.trim_end_matches('/').to_owned(),
        http: http.build()?,
    })
}
