//! What is asked of a DNS server, and what is expected of its answer.

use hickory_resolver::proto::rr;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, de};

use super::demands::Demands;
use crate::probe::endpoint::Endpoint;
use crate::probe::short::Short;

const DNS: u16 = 53;

/// A name, and what the DNS says of it. A text alone stands for its `name`.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Dns {
    /// The name that is asked for.
    pub name: DnsName,
    /// What is asked of it.
    #[serde(default)]
    pub r#type: RecordType,
    /// The server that is asked, with a port if that is not 53. Without it those of this machine.
    pub server: Option<Endpoint<DNS>>,
    /// Records that are expected, such as `10.0.0.1` or `10 mail.example.org`. Without it any.
    #[serde(default)]
    #[schemars(length(max = 100), inner(length(min = 1, max = 1000)))]
    pub expect: Vec<String>,
    /// Whether `any` of the expected records has to come, `all` of them, or `exact`ly those.
    #[serde(default)]
    pub matching: Matching,
    /// The code of the answer.
    #[serde(default)]
    pub rcode: Rcode,
    /// How else it is asked, and what is demanded of the answer instead.
    #[serde(skip)]
    pub demands: Option<Box<Demands>>,
}

impl Dns {
    /// What the DNS says of `name`, with nothing special about it.
    pub fn new(name: DnsName) -> Self {
        Self {
            name,
            r#type: RecordType::default(),
            server: None,
            expect: Vec::new(),
            matching: Matching::default(),
            rcode: Rcode::default(),
            demands: None,
        }
    }
}

impl Short for Dns {
    fn short(text: &str) -> Result<Self, String> {
        Ok(Self::new(DnsName::read(text)?))
    }

    fn text_schema(generator: &mut SchemaGenerator) -> Schema {
        DnsName::json_schema(generator)
    }
}

/// A name of the DNS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DnsName(pub(super) rr::Name);

impl std::fmt::Display for DnsName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0.to_utf8().trim_end_matches('.'))
    }
}

impl DnsName {
    /// Reads a name.
    ///
    /// # Errors
    /// Why it is none, for people.
    pub fn read(text: &str) -> Result<Self, String> {
        let mut name = rr::Name::from_utf8(text)
            .or_else(|_| rr::Name::from_ascii(text))
            .map_err(|error| error.to_string())?;
        // Never below a domain of this machine's own.
        name.set_fqdn(true);
        Ok(Self(name))
    }

    /// The name as it is asked for, without the dot at its end.
    pub fn text(&self) -> String {
        let text = self.0.to_ascii();
        text.trim_end_matches('.').to_owned()
    }
}

impl<'de> Deserialize<'de> for DnsName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::read(&text).map_err(de::Error::custom)
    }
}

impl JsonSchema for DnsName {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "DnsName".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "minLength": 1,
            "maxLength": 253,
            "pattern": r"^[^\s/:]+$",
            "format": "dns-name",
        })
    }
}

/// What is asked of a name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
#[expect(missing_docs, reason = "the words are those of the DNS")]
pub enum RecordType {
    #[default]
    A,
    Aaaa,
    Caa,
    Cname,
    Mx,
    Ns,
    Ptr,
    Soa,
    Srv,
    Txt,
}

impl RecordType {
    pub(super) const fn number(self) -> rr::RecordType {
        match self {
            Self::A => rr::RecordType::A,
            Self::Aaaa => rr::RecordType::AAAA,
            Self::Caa => rr::RecordType::CAA,
            Self::Cname => rr::RecordType::CNAME,
            Self::Mx => rr::RecordType::MX,
            Self::Ns => rr::RecordType::NS,
            Self::Ptr => rr::RecordType::PTR,
            Self::Soa => rr::RecordType::SOA,
            Self::Srv => rr::RecordType::SRV,
            Self::Txt => rr::RecordType::TXT,
        }
    }

    pub(super) const fn text(self) -> &'static str {
        match self {
            Self::A => "A",
            Self::Aaaa => "AAAA",
            Self::Caa => "CAA",
            Self::Cname => "CNAME",
            Self::Mx => "MX",
            Self::Ns => "NS",
            Self::Ptr => "PTR",
            Self::Soa => "SOA",
            Self::Srv => "SRV",
            Self::Txt => "TXT",
        }
    }
}

/// How many of the expected records have to come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Matching {
    /// One of them at least.
    #[default]
    Any,
    /// Each of them; there may be more.
    All,
    /// Each of them and no other.
    Exact,
}

impl Matching {
    /// What stands before `count` expected records.
    pub(super) const fn words(self, count: usize) -> &'static str {
        match self {
            Self::Any if count > 1 => "one of ",
            Self::Exact => "exactly ",
            _ => "",
        }
    }
}

/// The code of an answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum Rcode {
    /// The name exists.
    #[default]
    Noerror,
    /// The question was not understood.
    Formerr,
    /// The server could not find out.
    Servfail,
    /// The name does not exist.
    Nxdomain,
    /// The server does not do that.
    Notimp,
    /// The server does not answer us.
    Refused,
}

impl Rcode {
    pub(super) const ALL: [Self; 6] = [
        Self::Noerror,
        Self::Formerr,
        Self::Servfail,
        Self::Nxdomain,
        Self::Notimp,
        Self::Refused,
    ];

    pub(super) const fn number(self) -> u16 {
        match self {
            Self::Noerror => 0,
            Self::Formerr => 1,
            Self::Servfail => 2,
            Self::Nxdomain => 3,
            Self::Notimp => 4,
            Self::Refused => 5,
        }
    }

    pub(super) const fn text(self) -> &'static str {
        match self {
            Self::Noerror => "NOERROR",
            Self::Formerr => "FORMERR",
            Self::Servfail => "SERVFAIL",
            Self::Nxdomain => "NXDOMAIN",
            Self::Notimp => "NOTIMP",
            Self::Refused => "REFUSED",
        }
    }
}
