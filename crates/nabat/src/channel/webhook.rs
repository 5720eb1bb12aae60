//! Any HTTP server as a channel: Alertmanager's webhook, version 4.
//!
//! `payload` writes the JSON, `signature` signs it, `client` sends it by a connection of `transport`,
//! `outcome` says what the answer means. A repeat has the `Idempotency-Key` of what it repeats, so whatever gets lost on
//! the way is simply sent again: no outcome is uncertain.
//!
//! An address often holds a token. No log, error or debug text shows more of it than its host, not
//! even where the other side repeats it.

mod client;
mod cover;
mod outcome;
pub mod payload;
mod signature;
mod transport;

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use crate::config::Secret;

pub use client::{NoSender, Sender};
pub use transport::Clients;

/// How long an exchange may take if nobody says otherwise.
pub const TIMEOUT: Duration = Duration::from_secs(10);

/// One webhook of a receiver: where it is and how it is spoken to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The address, `http` or `https`. A name and password in it are sent as basic authentication.
    pub url: Secret,
    /// By what the other side knows that it may listen.
    pub access: Access,
    /// An HTTP or SOCKS5 proxy on the way, `http://`, `https://`, `socks5://` or `socks5h://`.
    pub proxy: Option<Secret>,
    /// Certificates (PEM) that are trusted in place of the system's.
    pub ca_file: Option<PathBuf>,
    /// Whether any certificate will do.
    pub insecure_skip_verify: bool,
    /// Whether 307 and 308 are followed. The others would lose the body and never are.
    pub follow_redirects: bool,
    /// How long the whole exchange may take.
    pub timeout: Duration,
    /// The most alerts in one webhook; all of them if nothing is said.
    pub max_alerts: Option<NonZeroUsize>,
    /// The key of the signature, as Standard Webhooks write it: `whsec_` and base64 of at least 24
    /// bytes. Without it nothing is signed.
    pub signing_secret: Option<Secret>,
    /// Where people find this Nabat; `externalURL` in the webhook.
    pub external_url: String,
    /// What tells this Nabat from others that speak to the same webhook, and stays the same across
    /// restarts.
    pub instance: String,
}

/// What goes into the header `Authorization`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Access {
    /// Nothing.
    #[default]
    Open,
    /// A name and a password.
    Basic {
        /// The name.
        username: String,
        /// The password.
        password: Secret,
    },
    /// A scheme and whatever it wants; a bearer token is of the scheme `Bearer`.
    Authorization {
        /// The scheme.
        scheme: String,
        /// What follows it.
        credentials: Secret,
    },
}

impl Target {
    /// The webhook at `url`, with nothing special about it.
    pub fn new(url: Secret, external_url: String, instance: String) -> Self {
        Self {
            url,
            access: Access::Open,
            proxy: None,
            ca_file: None,
            insecure_skip_verify: false,
            follow_redirects: true,
            timeout: TIMEOUT,
            max_alerts: None,
            signing_secret: None,
            external_url,
            instance,
        }
    }
}
