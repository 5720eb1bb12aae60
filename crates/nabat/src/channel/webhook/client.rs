//! Sends webhooks to one target.

use std::fmt::{self, Write as _};
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use nabat_core::notification::Notification;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER};
use reqwest::{Response, Url};
use sha2::{Digest as _, Sha256};

use super::cover::Cover;
use super::outcome::{self, Answer};
use super::signature::Key;
use super::{Access, Clients, Target, payload};
use crate::channel::Refusal;
use crate::channel::http::chain;
use crate::clock;

/// So much of an answer is read, in bytes.
const ANSWER_MAX_BYTES: usize = 64 * 1024;
/// So many bytes of a digest tell one webhook from others.
const DIGEST_BYTES: usize = 8;

/// Sends webhooks to one target.
pub struct Sender {
    http: reqwest::Client,
    url: Url,
    headers: HeaderMap,
    key: Option<Key>,
    cover: Cover,
    /// Of the instance's name.
    digest: Sha256,
    timeout: Duration,
    external_url: String,
    max_alerts: Option<NonZeroUsize>,
}

/// Why there is no sender for a target. No text of it holds a secret.
#[derive(Debug, thiserror::Error)]
pub enum NoSender {
    /// The address is none.
    #[error("the webhook's address must begin with `http://` or `https://` and name a host")]
    Address,
    /// The credentials fit into no header.
    #[error(
        "the credentials for {endpoint} hold a character that HTTP does not allow, such as a line break"
    )]
    Credentials {
        /// The address, without what may be secret.
        endpoint: String,
    },
    /// The secret is no key.
    #[error(
        "the signing secret for {endpoint} must be `whsec_` and the base64 of at least 24 bytes; \
         `echo whsec_$(openssl rand -base64 32)` makes one"
    )]
    SigningSecret {
        /// The address, without what may be secret.
        endpoint: String,
    },
    /// The file with certificates can't be read.
    #[error("failed to read the certificates in {}", path.display())]
    CaFile {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// There is no certificate in the file.
    #[error("there is no certificate (PEM) in {}", path.display())]
    NoCertificate {
        /// The file.
        path: PathBuf,
    },
    /// The proxy's address is none, or the certificates can't be used.
    #[error("failed to prepare the connection to {endpoint}")]
    Http {
        /// The address, without what may be secret.
        endpoint: String,
        /// What the HTTP library says.
        source: reqwest::Error,
    },
}

impl Sender {
    /// A sender to `target`, by one of `clients`. Reads `ca_file`; opens no connection yet.
    ///
    /// # Errors
    /// When `target` can't be used as it is; see [`NoSender`].
    pub fn new(target: &Target, clients: &mut Clients) -> Result<Self, NoSender> {
        let url = address(target).ok_or(NoSender::Address)?;
        let endpoint = || shown(&url);
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if let Some(authorization) = authorization(&target.access) {
            let mut value =
                HeaderValue::try_from(authorization).map_err(|_| NoSender::Credentials {
                    endpoint: endpoint(),
                })?;
            value.set_sensitive(true);
            headers.insert(AUTHORIZATION, value);
        }
        let key = target.signing_secret.as_ref().map(|secret| {
            Key::parse(secret.expose()).ok_or_else(|| NoSender::SigningSecret {
                endpoint: endpoint(),
            })
        });
        Ok(Self {
            http: clients.of(target, &endpoint)?,
            headers,
            key: key.transpose()?,
            cover: Cover::new(target, &url),
            digest: Sha256::new_with_prefix(&target.instance).chain_update([0]),
            timeout: target.timeout,
            external_url: target.external_url.clone(),
            max_alerts: target.max_alerts,
            url,
        })
    }

    /// The target's address as people may see it: `https://hooks.example.org/…`.
    pub fn endpoint(&self) -> String {
        shown(&self.url)
    }

    /// Sends `notification`, once.
    ///
    /// # Errors
    /// Whatever was not taken for sure, [`Refusal::Later`] or [`Refusal::Never`]. A repeat of a
    /// delivery has the same `Idempotency-Key` if it tells the same, so one whose answer got lost
    /// is [`Refusal::Later`] too and never [`Refusal::Uncertain`].
    pub async fn send(&self, notification: &Notification) -> Result<(), Refusal> {
        let body = payload::body(notification, &self.external_url, self.max_alerts);
        let id = self.id(notification, &body);
        let mut request = self
            .http
            .post(self.url.clone())
            .headers(self.headers.clone())
            .timeout(self.timeout)
            .header("idempotency-key", &id);
        if let Some(key) = &self.key {
            let second = clock::now().as_millis().div_euclid(1_000);
            request = request
                .header("webhook-signature", key.sign(&id, second, &body))
                .header("webhook-timestamp", second)
                .header("webhook-id", id);
        }
        let answer = request.body(body).send().await;
        let answer = answer.map_err(|error| self.no_answer(error))?;
        self.judge(answer).await
    }

    /// What repeats of a delivery have in common, and nothing else does. One that has more to tell
    /// by now is no repeat: whoever drops what they know must not miss the rest.
    ///
    /// It holds no full stop, so that it can't be mistaken for more than its part of what is
    /// signed.
    fn id(&self, notification: &Notification, body: &[u8]) -> String {
        let Notification { thread, number, .. } = notification;
        let mut id = format!("{}-{}-", thread.0, number.0);
        let digest = self.digest.clone().chain_update(body).finalize();
        for byte in digest.iter().take(DIGEST_BYTES) {
            write!(id, "{byte:02x}").expect("writing to a string succeeds");
        }
        id
    }

    async fn judge(&self, response: Response) -> Result<(), Refusal> {
        let status = response.status();
        let pause = response
            .headers()
            .get(RETRY_AFTER)
            .and_then(|value| outcome::pause(value.to_str().ok()?, clock::now()));
        // Read even if it was taken: only then the connection can be used again.
        let said = beginning(response).await;
        let words = if status.is_success() {
            String::new()
        } else {
            outcome::readable(&self.cover.over(String::from_utf8_lossy(&said).into_owned()))
        };
        outcome::judge(Answer {
            status,
            pause,
            words: &words,
        })
    }

    fn no_answer(&self, error: reqwest::Error) -> Refusal {
        let reason = if error.is_timeout() && !error.is_connect() {
            format!("no answer within {} s", self.timeout.as_secs_f32())
        } else {
            self.cover.over(chain(&error.without_url()))
        };
        Refusal::Later {
            after: None,
            reason,
        }
    }
}

impl fmt::Debug for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender")
            .field("endpoint", &self.endpoint())
            .finish_non_exhaustive()
    }
}

fn address(target: &Target) -> Option<Url> {
    let url = Url::parse(target.url.expose()).ok()?;
    (matches!(url.scheme(), "http" | "https") && url.has_host()).then_some(url)
}

fn shown(url: &Url) -> String {
    format!("{}/…", url.origin().ascii_serialization())
}

fn authorization(access: &Access) -> Option<String> {
    match access {
        Access::Open => None,
        Access::Basic { username, password } => {
            let login = format!("{username}:{}", password.expose());
            Some(format!("Basic {}", STANDARD.encode(login)))
        }
        Access::Authorization {
            scheme,
            credentials,
        } => Some(format!("{scheme} {}", credentials.expose())),
    }
}

/// What of the answer arrived, up to [`ANSWER_MAX_BYTES`]: the status says it all, the rest is for
/// people.
async fn beginning(mut response: Response) -> Vec<u8> {
    let mut read = Vec::new();
    while let Ok(Some(chunk)) = response.chunk().await {
        let room = ANSWER_MAX_BYTES - read.len();
        read.extend_from_slice(&chunk[..chunk.len().min(room)]);
        if chunk.len() >= room {
            break;
        }
    }
    read
}
