//! By which connections webhooks are sent.
//!
//! A client keeps the system's certificates in memory, which takes time and a megabyte: webhooks
//! that are reached in the ordinary way share one.

use std::collections::HashMap;
use std::path::PathBuf;

use reqwest::redirect::{self, Policy};
use reqwest::{Certificate, Client, Proxy};

use super::{NoSender, Target};
use crate::channel::http;

/// So often a webhook may be sent elsewhere.
const REDIRECTS_MAX: usize = 10;

/// The clients that webhooks share, by whether they follow redirects.
#[derive(Debug, Default)]
pub struct Clients(HashMap<bool, Client>);

impl Clients {
    /// The client for `target`. `endpoint` is what people may see of its address.
    ///
    /// # Errors
    /// When the certificates or the proxy can't be used.
    pub(super) fn of(
        &mut self,
        target: &Target,
        endpoint: &impl Fn() -> String,
    ) -> Result<Client, NoSender> {
        let ordinary =
            target.proxy.is_none() && target.ca_file.is_none() && !target.insecure_skip_verify;
        if !ordinary {
            return client(target, endpoint);
        }
        if let Some(client) = self.0.get(&target.follow_redirects) {
            return Ok(client.clone());
        }
        let client = client(target, endpoint)?;
        self.0.insert(target.follow_redirects, client.clone());
        Ok(client)
    }
}

fn client(target: &Target, endpoint: &impl Fn() -> String) -> Result<Client, NoSender> {
    let failed = |source: reqwest::Error| NoSender::Http {
        endpoint: endpoint(),
        source: source.without_url(),
    };
    let mut http = http::client()
        .user_agent(concat!("Nabat/", env!("CARGO_PKG_VERSION")))
        .tls_danger_accept_invalid_certs(target.insecure_skip_verify);
    if target.follow_redirects {
        http = http.redirect(Policy::custom(redirect));
    }
    if let Some(proxy) = &target.proxy {
        http = http.proxy(Proxy::all(proxy.expose()).map_err(failed)?);
    }
    if let Some(path) = &target.ca_file {
        http = http.tls_certs_only(certificates(path)?);
    }
    http.build().map_err(failed)
}

/// Follows where the alerts would arrive: 307 and 308 keep method and body. What was sent through
/// TLS is not sent without.
fn redirect(attempt: redirect::Attempt<'_>) -> redirect::Action {
    let from = attempt.previous();
    let keeps_body = matches!(attempt.status().as_u16(), 307 | 308);
    let keeps_secret = match attempt.url().scheme() {
        "https" => true,
        "http" => from.iter().all(|url| url.scheme() == "http"),
        _ => false,
    };
    if keeps_body && keeps_secret && from.len() <= REDIRECTS_MAX {
        attempt.follow()
    } else {
        attempt.stop()
    }
}

fn certificates(path: &PathBuf) -> Result<Vec<Certificate>, NoSender> {
    let pem = std::fs::read(path).map_err(|source| NoSender::CaFile {
        path: path.clone(),
        source,
    })?;
    Certificate::from_pem_bundle(&pem)
        .ok()
        .filter(|certificates| !certificates.is_empty())
        .ok_or_else(|| NoSender::NoCertificate { path: path.clone() })
}
