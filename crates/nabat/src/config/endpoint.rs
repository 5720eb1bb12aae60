//! The addresses of Bot API servers, written as one text, or as a list of texts and pairs.

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer};

use super::secret::Secret;

/// The official Bot API server.
pub const OFFICIAL: &str = "https://api.telegram.org";

/// A Bot API server and the way to it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ApiUrl {
    /// The address of the server, without `/bot<token>`.
    #[schemars(extend("format" = "http-url"))]
    pub url: String,
    /// The proxy for this address, instead of the bot's.
    #[schemars(extend("format" = "proxy-url"))]
    pub proxy: Option<Secret>,
}

/// The notation of `api_url`.
#[derive(Deserialize, JsonSchema)]
#[serde(untagged)]
pub(super) enum OneOrMany {
    One(#[schemars(extend("format" = "http-url"))] String),
    Many(#[schemars(length(min = 1, max = 16))] Vec<Entry>),
}

/// The notation of one entry of `api_url`.
#[derive(Deserialize, JsonSchema)]
#[serde(untagged)]
pub(super) enum Entry {
    Url(#[schemars(extend("format" = "http-url"))] String),
    WithProxy(ApiUrl),
}

/// The default of `api_url`.
pub(super) fn official() -> Vec<ApiUrl> {
    vec![ApiUrl {
        url: OFFICIAL.to_owned(),
        proxy: None,
    }]
}

/// Reads either notation into the one that the program uses, with no slash at an address's end.
pub(super) fn one_or_many<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<ApiUrl>, D::Error> {
    let entries = match OneOrMany::deserialize(deserializer)? {
        OneOrMany::One(url) => vec![Entry::Url(url)],
        OneOrMany::Many(entries) => entries,
    };
    Ok(entries
        .into_iter()
        .map(|entry| match entry {
            Entry::Url(url) => ApiUrl { url, proxy: None },
            Entry::WithProxy(api) => api,
        })
        .map(|api| ApiUrl {
            url: api.url.trim_end_matches('/').to_owned(),
            ..api
        })
        .collect())
}

/// The same where it may be left out.
pub(super) fn some_one_or_many<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Vec<ApiUrl>>, D::Error> {
    one_or_many(deserializer).map(Some)
}

/// Reads an address, with no slash at its end.
pub(super) fn without_slash<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<String>, D::Error> {
    let url = Option::<String>::deserialize(deserializer)?;
    Ok(url.map(|url| url.trim_end_matches('/').to_owned()))
}
