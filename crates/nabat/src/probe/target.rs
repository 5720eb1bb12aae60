//! What is looked at, of whatever kind.

use std::sync::Arc;
use std::time::Duration;

use super::{Manner, Report, Tools, http, ping, tcp, tls};

/// What is looked at.
#[derive(Debug, Clone, PartialEq)]
pub enum Target {
    /// A host that answers echoes.
    Ping(ping::Ping),
    /// A web page or an HTTP service.
    Http(Box<http::Http>),
    /// A port that takes connections, and maybe answers as it should.
    Tcp(Box<tcp::Tcp>),
    /// A certificate, and the server that shows it.
    Tls(Box<tls::Tls>),
}

impl Target {
    /// The kind, as it is called in settings.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Ping(_) => "ping",
            Self::Http(_) => "http",
            Self::Tcp(_) => "tcp",
            Self::Tls(_) => "tls",
        }
    }

    /// The host whose load is bounded.
    pub fn host(&self) -> Arc<str> {
        match self {
            Self::Ping(ping) => ping.host.as_str().into(),
            Self::Http(http) => http.url.url().host_str().unwrap_or_default().into(),
            Self::Tcp(tcp) => tcp.address.host.as_str().into(),
            Self::Tls(tls) => tls.address.host.as_str().into(),
        }
    }

    /// What is looked at, for people: holds no secret.
    pub fn instance(&self) -> String {
        match self {
            Self::Ping(ping) => ping.host.clone(),
            Self::Http(http) => {
                let mut url = http.url.url().clone();
                // An address without a host has neither; there is none of these here.
                let _ = url.set_username("");
                let _ = url.set_password(None);
                url.into()
            }
            Self::Tcp(tcp) => tcp.address.to_string(),
            Self::Tls(tls) => tls.address.to_string(),
        }
    }

    /// How long a look may take where nobody says.
    pub const fn usual_timeout(&self) -> Duration {
        match self {
            Self::Ping(_) => Duration::from_secs(1),
            Self::Http(_) | Self::Tcp(_) | Self::Tls(_) => Duration::from_secs(10),
        }
    }

    /// Looks once.
    pub async fn probe(&self, tools: &Tools, manner: Manner) -> Report {
        match self {
            Self::Ping(ping) => ping::probe(ping, tools, &tools.pinger, manner).await,
            Self::Http(http) => http::probe(http, tools, manner).await,
            Self::Tcp(tcp) => tcp::probe(tcp, tools, manner).await,
            Self::Tls(tls) => tls::probe(tls, tools, manner).await,
        }
    }
}
