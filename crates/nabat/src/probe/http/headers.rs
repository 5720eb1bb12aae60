//! Headers of a request. Their values may be secrets, and are shown nowhere.

use std::collections::BTreeMap;

use hyper::HeaderMap;
use hyper::header::{HeaderName, HeaderValue};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, de};

/// The headers that say how a connection is to be used, which is not for the settings to say.
const OURS: [&str; 9] = [
    "connection",
    "content-length",
    "sec-websocket-extensions",
    "sec-websocket-key",
    "sec-websocket-version",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// The headers that hold no secret, and go along to wherever a redirect leads.
const HARMLESS: [&str; 3] = ["accept", "accept-language", "user-agent"];

/// Headers of a request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Headers(pub(super) HeaderMap);

impl Headers {
    /// The name of a header that may be set.
    pub(crate) fn name(text: &str) -> Result<HeaderName, String> {
        let Ok(name) = HeaderName::try_from(text) else {
            return Err(format!("`{text}` is no name of a header"));
        };
        if OURS.contains(&name.as_str()) {
            return Err(format!("the header `{text}` is Nabat's own"));
        }
        Ok(name)
    }

    /// A value, marked as secret.
    pub(crate) fn value(text: &str) -> Result<HeaderValue, String> {
        let value = HeaderValue::try_from(text);
        let mut value =
            value.map_err(|_| "it has a character that no header may have".to_owned())?;
        value.set_sensitive(true);
        Ok(value)
    }

    /// The value of one.
    pub(crate) fn get(&self, name: &HeaderName) -> Option<&[u8]> {
        self.0.get(name).map(HeaderValue::as_bytes)
    }

    /// Gives one a value, whatever it had.
    pub(crate) fn set(&mut self, name: HeaderName, value: HeaderValue) {
        self.0.insert(name, value);
    }

    /// Each name with its value.
    pub(in crate::probe) fn lines(&self) -> impl Iterator<Item = (&str, &[u8])> {
        let lines = self.0.iter();
        lines.map(|(name, value)| (name.as_str(), value.as_bytes()))
    }

    /// The values that are text; all are taken for secret.
    pub(in crate::probe) fn values(&self) -> impl Iterator<Item = &str> {
        self.0.values().filter_map(|value| value.to_str().ok())
    }

    /// Those that may be sent to others than whom they were meant for.
    pub(super) fn harmless(&self) -> HeaderMap {
        let harmless = |(name, _): &(&HeaderName, &HeaderValue)| HARMLESS.contains(&name.as_str());
        let harmless = self.0.iter().filter(harmless);
        harmless
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect()
    }
}

impl TryFrom<BTreeMap<String, String>> for Headers {
    type Error = String;

    fn try_from(texts: BTreeMap<String, String>) -> Result<Self, String> {
        let mut headers = HeaderMap::with_capacity(texts.len());
        for (name, value) in texts {
            let value = Self::value(&value);
            let value = value.map_err(|error| format!("the header `{name}`: {error}"))?;
            headers.insert(Self::name(&name)?, value);
        }
        Ok(Self(headers))
    }
}

impl<'de> Deserialize<'de> for Headers {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let texts = BTreeMap::deserialize(deserializer)?;
        Self::try_from(texts).map_err(de::Error::custom)
    }
}

impl JsonSchema for Headers {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Headers".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "object",
            "propertyNames": {"type": "string", "format": "header", "maxLength": 100},
            "additionalProperties": {
                "type": "string",
                "format": "header-value",
                "writeOnly": true,
                "maxLength": 8000,
            },
        })
    }
}
