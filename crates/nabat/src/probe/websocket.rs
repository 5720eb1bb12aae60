//! Opens a WebSocket (RFC 6455), and closes it.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use reqwest::Url;
use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, de};

use super::certificate::CertificateCheck;
use super::dialogue::Dialogue;
use super::http::Headers;
use super::stream::{self, Encryption, Stream};
use super::trace::Trace;
use super::{Endpoint, Finding, Manner, Report, Short, Tools, evidence};

/// What the server adds to the key before it answers.
const GUID: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// The most lines of an answer.
const MAX_LINES: usize = 200;

/// "Going away", masked with zeros.
const CLOSE: [u8; 8] = [0x88, 0x82, 0, 0, 0, 0, 0x03, 0xe9];

/// A WebSocket. A text alone stands for its `url`.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Websocket {
    /// Its address, `ws` or `wss`.
    pub url: SocketAddress,
    /// Headers of the request.
    #[serde(default)]
    pub headers: Headers,
    /// How its certificate is looked at.
    #[serde(default)]
    pub certificate: CertificateCheck,
}

impl Short for Websocket {
    fn short(text: &str) -> Result<Self, String> {
        Ok(Self {
            url: text.parse()?,
            headers: Headers::default(),
            certificate: CertificateCheck::default(),
        })
    }

    fn text_schema(generator: &mut SchemaGenerator) -> Schema {
        SocketAddress::json_schema(generator)
    }
}

/// A `ws` or `wss` address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SocketAddress(Url);

impl SocketAddress {
    /// The address.
    pub fn url(&self) -> &Url {
        &self.0
    }
}

impl std::str::FromStr for SocketAddress {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let url = Url::parse(text).map_err(|error| error.to_string())?;
        if !matches!(url.scheme(), "ws" | "wss") {
            return Err("an address here begins with `ws://` or `wss://`".to_owned());
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err("an address here has no user name or password".to_owned());
        }
        Ok(Self(url))
    }
}

impl<'de> Deserialize<'de> for SocketAddress {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

impl JsonSchema for SocketAddress {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "SocketAddress".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "format": "socket-address", "maxLength": 8000})
    }
}

/// Opens it once.
pub async fn probe(settings: &Websocket, tools: &Tools, manner: Manner) -> Report {
    let mut trace = Trace::new(manner);
    let result = look(settings, tools, &mut trace).await;
    trace.finish(result)
}

async fn look(settings: &Websocket, tools: &Tools, trace: &mut Trace) -> Result<(), Finding> {
    let url = settings.url.url();
    let (encryption, usual_port) = match url.scheme() {
        "wss" => (Encryption::FromTheStart, 443),
        _ => (Encryption::None, 80),
    };
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    let endpoint: Endpoint = Endpoint {
        host: host.to_owned(),
        port: url.port().unwrap_or(usual_port),
    };
    for value in settings.headers.values() {
        trace.hide(value);
    }
    let check = &settings.certificate;
    let stream = stream::open(&endpoint, encryption, check, tools, trace).await?;
    let mut dialogue = Dialogue::new(stream);
    trace
        .phase("upgrade", upgrade(&mut dialogue, settings))
        .await?;
    trace.note(Finding::up("opens a WebSocket"));
    // It was opened; how it is closed says nothing about it.
    let _ = dialogue.say(CLOSE).await;
    Ok(())
}

async fn upgrade<S: Stream>(
    dialogue: &mut Dialogue<S>,
    settings: &Websocket,
) -> Result<(), Finding> {
    let mut key = [0; 16];
    getrandom::fill(&mut key).map_err(|error| Finding::unknown(error.to_string()))?;
    let key = BASE64_STANDARD.encode(key);
    dialogue.say(request(settings, &key)).await?;
    let status = dialogue.line().await?;
    let mut words = status.split(|byte| *byte == b' ');
    let is_http = words.next() == Some(b"HTTP/1.1");
    if !is_http || words.next() != Some(b"101") {
        let seen = evidence::quote(&status);
        return Err(Finding::down(format!("answer {seen}, expected status 101")));
    }
    let expected = digest(&SHA1_FOR_LEGACY_USE_ONLY, format!("{key}{GUID}").as_bytes());
    let expected = BASE64_STANDARD.encode(expected);
    let mut is_accepted = false;
    for _ in 0..MAX_LINES {
        let line = dialogue.line().await?;
        if line.is_empty() {
            break;
        }
        let line = String::from_utf8_lossy(&line);
        let (name, value) = line.split_once(':').unwrap_or_default();
        is_accepted |=
            name.eq_ignore_ascii_case("sec-websocket-accept") && value.trim() == expected;
    }
    match is_accepted {
        true => Ok(()),
        false => Err(Finding::down("status 101 without the answer to the key")),
    }
}

fn request(settings: &Websocket, key: &str) -> Vec<u8> {
    let url = settings.url.url();
    let (path, query) = (url.path(), url.query().map(|query| format!("?{query}")));
    let query = query.unwrap_or_default();
    let host = url.host_str().unwrap_or_default();
    let port = url
        .port()
        .map(|port| format!(":{port}"))
        .unwrap_or_default();
    let mut request = format!(
        "GET {path}{query} HTTP/1.1\r\nHost: {host}{port}\r\nUpgrade: websocket\r\n\
         Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n"
    )
    .into_bytes();
    for (name, value) in settings.headers.lines() {
        request.extend_from_slice(name.as_bytes());
        request.extend_from_slice(b": ");
        request.extend_from_slice(value);
        request.extend_from_slice(b"\r\n");
    }
    request.extend_from_slice(b"\r\n");
    request
}
