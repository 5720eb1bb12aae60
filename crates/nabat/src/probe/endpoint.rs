//! A host and a port, as people write them: `db.example.org:5432`, `10.0.0.1`, `[2001:db8::1]:22`.

use std::fmt;
use std::net::Ipv6Addr;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, de};

/// A host and a port. `PORT` is the usual one, which need not be written; 0 if there is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint<const PORT: u16 = 0> {
    /// Its name or its IP address, that of IPv6 without brackets.
    pub host: String,
    /// Its port.
    pub port: u16,
}

/// The text is no host and port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EndpointError {
    /// Nothing after a colon at its end.
    #[error("the port is missing, a number from 1 to 65535 after a colon")]
    Port,
    /// Something else than a number from 1 to 65535 there.
    #[error("the port after the colon is no number from 1 to 65535")]
    OutOfRange,
    /// Something in the host that no host has.
    #[error("a host is a name or an IP address, that of IPv6 in brackets if a port follows")]
    Host,
}

impl<const PORT: u16> FromStr for Endpoint<PORT> {
    type Err = EndpointError;

    fn from_str(text: &str) -> Result<Self, EndpointError> {
        let (host, port) = split(text)?;
        if !is_host(host) {
            return Err(EndpointError::Host);
        }
        let port = match port {
            Some(port) => match port.parse() {
                Ok(port @ 1..) => port,
                _ => return Err(EndpointError::OutOfRange),
            },
            None if PORT == 0 => return Err(EndpointError::Port),
            None => PORT,
        };
        let host = host.to_owned();
        Ok(Self { host, port })
    }
}

fn split(text: &str) -> Result<(&str, Option<&str>), EndpointError> {
    if let Some(rest) = text.strip_prefix('[') {
        let (host, rest) = rest.split_once(']').ok_or(EndpointError::Host)?;
        let is_v6 = host.parse::<Ipv6Addr>().is_ok();
        let port = rest.strip_prefix(':');
        return match is_v6 && (rest.is_empty() || port.is_some()) {
            true => Ok((host, port)),
            false => Err(EndpointError::Host),
        };
    }
    match text.rsplit_once(':') {
        Some((host, port)) if !host.contains(':') => Ok((host, Some(port))),
        _ => Ok((text, None)),
    }
}

/// Whether `text` can be the name or the address of a host.
pub(super) fn is_host(text: &str) -> bool {
    if text.contains(':') {
        return text.parse::<Ipv6Addr>().is_ok();
    }
    let of_a_name = |c: char| c.is_alphanumeric() || "-._".contains(c);
    !text.is_empty() && text.len() <= 253 && text.chars().all(of_a_name)
}

impl<const PORT: u16> fmt::Display for Endpoint<PORT> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, port } = self;
        if host.contains(':') {
            write!(f, "[{host}]:{port}")
        } else {
            write!(f, "{host}:{port}")
        }
    }
}

impl<'de, const PORT: u16> Deserialize<'de> for Endpoint<PORT> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

impl<const PORT: u16> JsonSchema for Endpoint<PORT> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        format!("Endpoint{PORT}").into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let format = if PORT == 0 { "host-and-port" } else { "host" };
        json_schema!({"type": "string", "format": format, "maxLength": 300})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_port_need_not_be_written() {
        for (text, host, port) in [
            ("example.org", "example.org", 22),
            ("example.org:2222", "example.org", 2222),
            ("10.0.0.1", "10.0.0.1", 22),
            ("2001:db8::1", "2001:db8::1", 22),
            ("[2001:db8::1]", "2001:db8::1", 22),
            ("[2001:db8::1]:2222", "2001:db8::1", 2222),
            ("пример.рф:22", "пример.рф", 22),
        ] {
            let endpoint: Endpoint<22> = text.parse().unwrap();
            assert_eq!((endpoint.host.as_str(), endpoint.port), (host, port));
            assert_eq!(endpoint.to_string().parse(), Ok(endpoint));
        }
    }

    #[test]
    fn what_is_no_host_and_port_says_why() {
        for (text, error) in [
            ("example.org", EndpointError::Port),
            ("2001:db8::1", EndpointError::Port),
            ("example.org:0", EndpointError::OutOfRange),
            ("example.org:70000", EndpointError::OutOfRange),
            ("example.org:ssh", EndpointError::OutOfRange),
            (":22", EndpointError::Host),
            ("[::1:22", EndpointError::Host),
            ("[::1]22", EndpointError::Host),
            ("[10.0.0.1]:22", EndpointError::Host),
            ("https://example.org:443", EndpointError::Host),
            ("a b:22", EndpointError::Host),
            ("user@host:22", EndpointError::Host),
        ] {
            assert_eq!(text.parse::<Endpoint>(), Err(error), "{text}");
        }
    }
}
