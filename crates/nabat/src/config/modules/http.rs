//! How modules ask web servers.

use std::path::PathBuf;

use hyper::header::HeaderName;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, de};

use super::{IpProtocol, TlsModule, bytes};
use crate::config::receiver::Authorization;
use crate::config::schema::unsupported;
use crate::config::secret::Secret;
use crate::config::settings::Basic;
use crate::probe::Pattern;
use crate::probe::http::{Headers, Method, Proxy};

/// How web servers are asked.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(extend("x-unsupported" = unsupported([
    ("oauth2", "have a token fetched by something else and name its file in `bearer_token_file`"),
    ("body_file", "write it as `body`"),
    ("http_headers", "write them as `headers`"),
    ("enable_http3", "HTTP/1 and HTTP/2 are spoken"),
    ("fail_if_body_json_matches_cel", ""),
    ("fail_if_body_json_not_matches_cel", ""),
    ("no_proxy", ""),
    ("proxy_from_environment", "name the proxy in `proxy_url`"),
    ("proxy_connect_header", ""),
])))]
#[expect(missing_docs, reason = "the words are blackbox_exporter's own")]
pub struct HttpModule {
    #[schemars(length(max = 1000), inner(range(min = 100, max = 599)))]
    pub valid_status_codes: Vec<u16>,
    #[schemars(length(max = 10))]
    pub valid_http_versions: Vec<HttpVersion>,
    pub method: Method,
    pub headers: Headers,
    pub body_size_limit: Size,
    pub compression: Option<ModuleCompression>,
    pub follow_redirects: Option<bool>,
    pub no_follow_redirects: bool,
    pub fail_if_ssl: bool,
    pub fail_if_not_ssl: bool,
    pub fail_if_body_matches_regexp: Vec<Pattern>,
    pub fail_if_body_not_matches_regexp: Vec<Pattern>,
    pub fail_if_header_matches: Vec<HeaderMatch>,
    pub fail_if_header_not_matches: Vec<HeaderMatch>,
    pub tls_config: TlsModule,
    pub basic_auth: Option<Basic>,
    pub authorization: Option<Authorization>,
    pub bearer_token: Option<Secret>,
    #[schemars(extend("x-expected" = "the path of a file"))]
    pub bearer_token_file: Option<PathBuf>,
    pub proxy_url: Option<Proxy>,
    pub skip_resolve_phase_with_proxy: bool,
    pub enable_http2: Option<bool>,
    pub preferred_ip_protocol: Option<IpProtocol>,
    pub ip_protocol_fallback: Option<bool>,
    #[schemars(length(max = 1_000_000))]
    pub body: Option<String>,
}

/// A header, and what is looked for in it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HeaderMatch {
    /// Its name.
    #[serde(deserialize_with = "header")]
    #[schemars(schema_with = "header_schema")]
    pub header: HeaderName,
    /// What is looked for in its values.
    pub regexp: Pattern,
    /// Whether there need be no such header.
    #[serde(default)]
    pub allow_missing: bool,
}

/// A version of HTTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[expect(missing_docs, reason = "the words are HTTP's own")]
pub enum HttpVersion {
    #[serde(rename = "HTTP/1.0")]
    One,
    #[serde(rename = "HTTP/1.1")]
    OneOne,
    #[serde(rename = "HTTP/2.0")]
    Two,
}

/// How a body is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the words are HTTP's own")]
pub enum ModuleCompression {
    Gzip,
    Deflate,
    Br,
    Identity,
}

/// A number of bytes; 0 is no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Size(pub u64);

impl<'de> Deserialize<'de> for Size {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        bytes(deserializer).map(Self)
    }
}

impl JsonSchema for Size {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Size".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "pattern": "^[0-9]{1,9}([KMGT]?i?B)?$",
            "x-expected": "a number of bytes such as `10MB`",
        })
    }
}

fn header<'de, D: Deserializer<'de>>(deserializer: D) -> Result<HeaderName, D::Error> {
    let text = String::deserialize(deserializer)?;
    HeaderName::try_from(text).map_err(de::Error::custom)
}

fn header_schema(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "string",
        "pattern": "^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,200}$",
        "x-expected": "the name of a header such as `Set-Cookie`",
    })
}
