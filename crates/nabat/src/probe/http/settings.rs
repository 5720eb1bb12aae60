//! What is asked of a web server, and what is expected of its answer.

use std::path::PathBuf;
use std::str::FromStr;

use hyper::Version;
use reqwest::Url;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, de};

use super::demands::Demands;
use super::headers::Headers;
use super::proxy::Proxy;
use super::status::{StatusRange, default_status};
use crate::config::Secret;
use crate::probe::certificate::CertificateCheck;
use crate::probe::pattern::Pattern;
use crate::probe::short::Short;

/// A web page or an HTTP service. A text alone stands for its `url`.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Http {
    /// The address. A user name and password in it are sent as basic authentication.
    pub url: WebAddress,
    /// The method of the request.
    #[serde(default)]
    pub method: Method,
    /// Headers of the request.
    #[serde(default)]
    pub headers: Headers,
    /// The body of the request. Its kind is said by a header `Content-Type`.
    #[schemars(length(max = 1_000_000), extend("x-for-admins" = true))]
    pub body: Option<String>,
    /// The user of basic authentication.
    #[schemars(length(max = 1000))]
    pub username: Option<String>,
    /// The password of basic authentication.
    pub password: Option<Secret>,
    /// A file that holds the password.
    pub password_file: Option<PathBuf>,
    /// The token of bearer authentication.
    pub bearer_token: Option<Secret>,
    /// A file that holds the token.
    pub bearer_token_file: Option<PathBuf>,
    /// Whether redirects are followed, up to 10. Headers, body and password are sent to where the
    /// first address leads only if scheme, host and port are the same.
    #[serde(default = "yes")]
    #[schemars(extend("default" = true))]
    pub follow_redirects: bool,
    /// An HTTP proxy on the way: `http://host:3128`, with user and password if it wants them.
    pub proxy: Option<Proxy>,
    /// The status codes that are expected, such as `200` and `300-399`.
    #[serde(default = "default_status")]
    #[schemars(length(min = 1, max = 100), extend("default" = ["200-299"]))]
    pub status: Vec<StatusRange>,
    /// Whether HTTP/2 is offered to a server that speaks TLS.
    #[serde(default = "yes")]
    #[schemars(extend("default" = true))]
    pub http2: bool,
    /// The versions of HTTP in which the answer is expected. Without it any.
    #[serde(default)]
    #[schemars(length(max = 3), extend("default" = []))]
    pub versions: Vec<HttpVersion>,
    /// A text that stands in the answer's body.
    #[schemars(length(min = 1, max = 10_000))]
    pub contains: Option<String>,
    /// A text that does not stand in the answer's body.
    #[schemars(length(min = 1, max = 10_000))]
    pub not_contains: Option<String>,
    /// A regular expression that is found in the answer's body.
    pub matches: Option<Pattern>,
    /// How much of the answer's body is read, in bytes. More is neither looked at nor waited for.
    #[serde(default = "default_max_body")]
    #[schemars(range(min = 0, max = 67_108_864), extend("default" = 1_048_576))]
    pub max_body: usize,
    /// How the server's certificate is looked at.
    #[serde(default)]
    pub certificate: CertificateCheck,
    /// Whether the monitor has conditions on the body.
    #[serde(skip)]
    pub keeps_body: bool,
    /// What else is demanded of the answer.
    #[serde(skip)]
    pub demands: Demands,
}

impl Http {
    /// The page at `url`, with nothing special about it.
    pub fn new(url: WebAddress) -> Self {
        Self {
            url,
            method: Method::default(),
            headers: Headers::default(),
            body: None,
            username: None,
            password: None,
            password_file: None,
            bearer_token: None,
            bearer_token_file: None,
            follow_redirects: true,
            proxy: None,
            status: default_status(),
            http2: true,
            versions: Vec::new(),
            contains: None,
            not_contains: None,
            matches: None,
            max_body: default_max_body(),
            certificate: CertificateCheck::default(),
            keeps_body: false,
            demands: Demands::default(),
        }
    }

    /// Whether the body has to be kept until it is complete.
    pub(super) const fn wants_body(&self) -> bool {
        self.keeps_body
            || self.contains.is_some()
            || self.not_contains.is_some()
            || self.matches.is_some()
            || self.demands.searches()
    }
}

impl Short for Http {
    fn short(text: &str) -> Result<Self, String> {
        Ok(Self::new(text.parse()?))
    }

    fn text_schema(generator: &mut SchemaGenerator) -> Schema {
        WebAddress::json_schema(generator)
    }
}

const fn yes() -> bool {
    true
}

const fn default_max_body() -> usize {
    1_048_576
}

/// The method of a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
#[expect(missing_docs, reason = "the words are HTTP's own")]
pub enum Method {
    #[default]
    Get,
    Head,
    Post,
    Put,
    Patch,
    Delete,
    Options,
}

impl Method {
    pub(super) const fn name(self) -> hyper::Method {
        match self {
            Self::Get => hyper::Method::GET,
            Self::Head => hyper::Method::HEAD,
            Self::Post => hyper::Method::POST,
            Self::Put => hyper::Method::PUT,
            Self::Patch => hyper::Method::PATCH,
            Self::Delete => hyper::Method::DELETE,
            Self::Options => hyper::Method::OPTIONS,
        }
    }
}

/// A version of HTTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
pub enum HttpVersion {
    /// HTTP/1.0.
    #[serde(rename = "1.0")]
    One,
    /// HTTP/1.1.
    #[serde(rename = "1.1")]
    OneOne,
    /// HTTP/2.
    #[serde(rename = "2")]
    Two,
}

impl HttpVersion {
    pub(super) const fn version(self) -> Version {
        match self {
            Self::One => Version::HTTP_10,
            Self::OneOne => Version::HTTP_11,
            Self::Two => Version::HTTP_2,
        }
    }

    /// What a version is called in settings.
    pub(super) fn name(version: Version) -> Option<&'static str> {
        match version {
            Version::HTTP_10 => Some("1.0"),
            Version::HTTP_11 => Some("1.1"),
            Version::HTTP_2 => Some("2"),
            _ => None,
        }
    }
}

/// An `http` or `https` address.
#[derive(Clone, PartialEq, Eq)]
pub struct WebAddress(Url);

impl WebAddress {
    /// The address, with user and password if it has them.
    pub fn url(&self) -> &Url {
        &self.0
    }
}

/// Without what may be secret.
impl std::fmt::Debug for WebAddress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0.origin().ascii_serialization())
    }
}

impl FromStr for WebAddress {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let url = Url::parse(text).map_err(|error| error.to_string())?;
        if matches!(url.scheme(), "http" | "https") {
            Ok(Self(url))
        } else {
            Err("an address here begins with `http://` or `https://`".to_owned())
        }
    }
}

impl<'de> Deserialize<'de> for WebAddress {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

impl JsonSchema for WebAddress {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "WebAddress".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "format": "web-address", "maxLength": 8000})
    }
}
