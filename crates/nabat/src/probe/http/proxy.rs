//! An HTTP proxy on the way: it passes on plain requests, and opens tunnels for those by TLS.

use std::fmt;
use std::str::FromStr;

use hyper::header::{HeaderValue, PROXY_AUTHORIZATION};
use reqwest::Url;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, de};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::question::credentials;
use crate::probe::trace::Trace;
use crate::probe::{Finding, evidence, failure};

/// The most bytes that a proxy may say about a tunnel.
const MAX_HEAD: usize = 8 * 1024;

/// The usual port of a proxy, as curl takes it.
const PORT: u16 = 1080;

/// The address of an HTTP proxy. User and password in it are secret.
#[derive(Clone, PartialEq, Eq)]
pub struct Proxy(Url);

impl Proxy {
    /// Its host and its port.
    pub(super) fn place(&self) -> (&str, u16) {
        (super::host(&self.0), self.0.port().unwrap_or(PORT))
    }

    /// What it wants to be told of who asks.
    pub(super) fn authorization(&self, trace: &mut Trace) -> Option<HeaderValue> {
        credentials(&self.0, trace)
    }

    /// Has a tunnel made to `host` and `port`.
    ///
    /// # Errors
    /// If the proxy makes none.
    pub(super) async fn tunnel(
        &self,
        stream: &mut TcpStream,
        host: &str,
        port: u16,
        trace: &mut Trace,
    ) -> Result<(), Finding> {
        let authorization = self.authorization(trace);
        let place = if host.contains(':') {
            format!("[{host}]:{port}")
        } else {
            format!("{host}:{port}")
        };
        let mut request = format!("CONNECT {place} HTTP/1.1\r\nHost: {place}\r\n").into_bytes();
        if let Some(value) = authorization {
            request.extend_from_slice(PROXY_AUTHORIZATION.as_str().as_bytes());
            request.extend_from_slice(b": ");
            request.extend_from_slice(value.as_bytes());
            request.extend_from_slice(b"\r\n");
        }
        request.extend_from_slice(b"\r\n");
        let answer = trace.phase("proxy", async {
            let lost = |error| Finding::from(failure::later(&error, "the proxy"));
            stream.write_all(&request).await.map_err(lost)?;
            let mut head = Vec::new();
            // Byte by byte where the head ends: what follows belongs to the tunnel.
            while !head.ends_with(b"\r\n\r\n") && head.len() < MAX_HEAD {
                head.push(stream.read_u8().await.map_err(lost)?);
            }
            Ok(head)
        });
        let answer = answer.await?;
        let line = answer
            .split(|byte| *byte == b'\r')
            .next()
            .unwrap_or_default();
        let mut words = line.split(|byte| *byte == b' ');
        let is_http = words
            .next()
            .is_some_and(|word| word.starts_with(b"HTTP/1."));
        if is_http
            && words
                .next()
                .is_some_and(|code| code.len() == 3 && code[0] == b'2')
        {
            return Ok(());
        }
        let line = evidence::quote(line);
        Err(Finding::down(format!(
            "no way through the proxy, which answers {line}"
        )))
    }
}

/// Without what may be secret.
impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.origin().ascii_serialization())
    }
}

impl FromStr for Proxy {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let url = Url::parse(text).map_err(|error| error.to_string())?;
        if url.scheme() == "http" {
            Ok(Self(url))
        } else {
            Err("a proxy's address begins with `http://`".to_owned())
        }
    }
}

impl<'de> Deserialize<'de> for Proxy {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

impl JsonSchema for Proxy {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Proxy".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "format": "http-proxy", "writeOnly": true})
    }
}
