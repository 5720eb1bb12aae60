//! Where letters are handed over, and as whom. The words are those of Alertmanager's
//! `email_configs`.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use super::Address;
use crate::config::Secret;

/// Where letters are handed over, and as whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// The mail server.
    pub smarthost: Smarthost,
    /// Who writes.
    pub from: Address,
    /// The name by which Nabat introduces itself to the server.
    pub hello: String,
    /// Whether the connection is encrypted.
    pub tls: Tls,
    /// How the server's certificate is checked.
    pub certificate: CertificateCheck,
    /// What the server asks for before it takes letters.
    pub login: Option<Login>,
    /// What tells this Nabat's letters from those of another one that writes from the same
    /// domain. Must stay the same through restarts, else a repeat is not known as one; letters,
    /// digits and `-` count.
    pub instance: String,
    /// How long to wait.
    pub timeouts: Timeouts,
}

/// A mail server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Smarthost {
    /// Its name or IP address.
    pub host: String,
    /// Its port.
    pub port: u16,
}

/// Whether the connection is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tls {
    /// From the first byte, as on port 465.
    Implicit,
    /// After a few words in the clear, as on port 587.
    StartTls {
        /// Whether there is no letter without it. If not, it is used where the server offers it,
        /// and the certificate is not checked: whoever could forge one could as well hide the
        /// offer.
        required: bool,
    },
    /// Never.
    Off,
}

/// How the server's certificate is checked.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CertificateCheck {
    /// The only certificate authorities to trust, as a PEM file, instead of the system's.
    pub ca_file: Option<PathBuf>,
    /// The name in the certificate, when it is not the name of the smarthost.
    pub server_name: Option<String>,
    /// Takes any certificate. Then the connection is secret, but nobody knows with whom.
    pub insecure_skip_verify: bool,
}

/// What the server asks for before it takes letters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Login {
    /// The user's name.
    pub username: String,
    /// The user's password.
    pub password: Secret,
    /// The user to act as, if that is another one. Only `AUTH PLAIN` knows such a thing.
    pub identity: Option<String>,
}

/// How long to wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// For a connection: name look-up, TLS and greetings included.
    pub connect: Duration,
    /// For the answer to one command.
    pub answer: Duration,
    /// For the answer to a whole letter. Servers look for spam and viruses before they give it,
    /// and when it is not awaited, nobody knows whether the letter was taken.
    pub letter: Duration,
}

impl Default for Timeouts {
    /// Shorter than RFC 5321 advises: other letters wait meanwhile.
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(30),
            answer: Duration::from_secs(30),
            letter: Duration::from_secs(120),
        }
    }
}

impl fmt::Display for Smarthost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, port } = self;
        if host.contains(':') {
            write!(f, "[{host}]:{port}")
        } else {
            write!(f, "{host}:{port}")
        }
    }
}
