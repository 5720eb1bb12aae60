//! What is pinged, and how many lost packets are too many.

use std::net::IpAddr;
use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use crate::config::Period;
use crate::probe::short::Short;

/// A host that answers pings. A text alone stands for its `host`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "PingProbe")]
pub struct Ping {
    /// The name or the address of the host.
    #[schemars(schema_with = "host_schema")]
    pub host: String,
    /// How many packets are sent each time. With none answered the host is down.
    #[serde(default = "default_count")]
    #[schemars(range(min = 1, max = 100), extend("default" = 3))]
    pub count: u16,
    /// How long after one packet the next is sent. Shorter where they would not all be sent within
    /// the first half of the time that the probe has. At most `10s`.
    #[serde(default = "default_spacing")]
    #[schemars(extend("default" = "200ms"))]
    pub spacing: Period,
    /// How many bytes a packet carries, beside the headers.
    #[serde(default = "default_size")]
    #[schemars(range(min = 8, max = 65_000), extend("default" = 56))]
    pub size: u16,
    /// Which addresses of a name are pinged: `any` takes the first, which is of IPv4 if there is one.
    #[serde(default)]
    pub family: AddressFamily,
    /// How many packets of a hundred may be lost before the host is degraded.
    #[serde(default = "default_max_loss")]
    #[schemars(range(min = 0, max = 100), extend("default" = 50))]
    pub max_loss: u8,
    /// How many hops a packet may take; without it as many as is usual here.
    #[serde(skip)]
    pub hops: Option<u8>,
}

/// Which addresses of a name are meant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AddressFamily {
    /// All.
    #[default]
    Any,
    /// Those of IPv4.
    Ip4,
    /// Those of IPv6.
    Ip6,
}

impl Ping {
    /// The host with this name or address, and nothing special about it.
    pub fn new(host: impl Into<String>) -> Self {
        Self {
            host: host.into(),
            count: default_count(),
            spacing: default_spacing(),
            size: default_size(),
            family: AddressFamily::default(),
            max_loss: default_max_loss(),
            hops: None,
        }
    }

    /// How long after one packet the next is sent, if answers are awaited for `timeout` in all.
    pub(super) fn spacing_within(&self, timeout: Duration) -> Duration {
        let gaps = u32::from(self.count).saturating_sub(1).max(1);
        self.spacing.duration().min(timeout / 2 / gaps)
    }
}

impl AddressFamily {
    /// Whether an address is one of those meant.
    pub fn has(self, address: IpAddr) -> bool {
        match self {
            Self::Any => true,
            Self::Ip4 => address.is_ipv4(),
            Self::Ip6 => address.is_ipv6(),
        }
    }

    /// What an address of it is called.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Any => "address",
            Self::Ip4 => "IPv4 address",
            Self::Ip6 => "IPv6 address",
        }
    }
}

impl Short for Ping {
    fn short(text: &str) -> Result<Self, String> {
        Ok(Self::new(text))
    }

    fn text_schema(generator: &mut SchemaGenerator) -> Schema {
        host_schema(generator)
    }
}

fn host_schema(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "string",
        "maxLength": 253,
        "pattern": r"^[^\s/@\[\]]+$",
        "x-expected": "a host's name or address, such as `web-1.example.org` or `2001:db8::1`",
    })
}

const fn default_count() -> u16 {
    3
}

const fn default_spacing() -> Period {
    Period::from_millis(200)
}

const fn default_size() -> u16 {
    56
}

const fn default_max_loss() -> u8 {
    50
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_packets_are_sent_in_the_first_half_of_the_time() {
        let mut ping = Ping::new("a");
        let second = Duration::from_secs(1);
        assert_eq!(ping.spacing_within(second), Duration::from_millis(200));
        ping.count = 11;
        assert_eq!(ping.spacing_within(second), Duration::from_millis(50));
        ping.count = 1;
        assert_eq!(ping.spacing_within(second), Duration::from_millis(200));
    }

    #[test]
    fn what_is_not_said_has_a_default_and_what_is_unknown_is_refused() {
        let read = |text| serde_json::from_str::<Ping>(text);
        assert_eq!(read(r#"{"host": "a"}"#).unwrap(), Ping::new("a"));
        let all = r#"{"host": "a", "count": 5, "spacing": "1s", "size": 8, "family": "ip6", "max_loss": 0}"#;
        let all = read(all).unwrap();
        assert_eq!(all.family, AddressFamily::Ip6);
        let written = serde_json::to_string(&all).unwrap();
        assert_eq!(read(&written).unwrap(), all);
        read(r#"{"host": "a", "colour": 1}"#).unwrap_err();
    }
}
