//! The mail server that takes letters, as Alertmanager writes it: `mail.example.org:587`.

use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, de};

/// A mail server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Smarthost {
    /// Its name or its IP address, that of IPv6 without brackets.
    pub host: String,
    /// Its port.
    pub port: u16,
}

/// The text is no mail server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SmarthostError {
    /// No colon with a number from 1 to 65535 at its end.
    #[error("the port is missing: 587 is usual, 465 with TLS from the start, 25 within a network")]
    Port,
    /// Something in the host that no host has.
    #[error("before the port stands a host's name or address, that of IPv6 in brackets")]
    Host,
}

impl FromStr for Smarthost {
    type Err = SmarthostError;

    fn from_str(text: &str) -> Result<Self, SmarthostError> {
        let (host, port) = text.rsplit_once(':').ok_or(SmarthostError::Port)?;
        let port = port.parse().ok().filter(|port| *port != 0);
        let port = port.ok_or(SmarthostError::Port)?;
        let bare = host
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'));
        let fits = match bare {
            Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
            None => {
                let of_a_name = |b: u8| b.is_ascii_alphanumeric() || b"-._".contains(&b);
                !host.is_empty() && host.len() <= 253 && host.bytes().all(of_a_name)
            }
        };
        if !fits {
            return Err(SmarthostError::Host);
        }
        Ok(Self {
            host: bare.unwrap_or(host).to_owned(),
            port,
        })
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

impl<'de> Deserialize<'de> for Smarthost {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

impl JsonSchema for Smarthost {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Smarthost".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "format": "smarthost"})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mail_server_is_a_host_and_a_port() {
        for text in [
            "mail.example.org:587",
            "localhost:25",
            "[::1]:465",
            "10.0.0.1:25",
        ] {
            assert_eq!(text.parse::<Smarthost>().unwrap().to_string(), text);
        }
        for (text, error) in [
            ("mail.example.org", SmarthostError::Port),
            ("mail.example.org:0", SmarthostError::Port),
            ("mail.example.org:smtp", SmarthostError::Port),
            (":25", SmarthostError::Host),
            ("::1:25", SmarthostError::Host),
            ("smtp://mail:25", SmarthostError::Host),
        ] {
            assert_eq!(text.parse::<Smarthost>(), Err(error), "{text}");
        }
    }
}
