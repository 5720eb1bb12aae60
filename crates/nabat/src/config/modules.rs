//! The modules of a `blackbox.yml`, blackbox_exporter's configuration, as it is.
//!
//! What Nabat cannot do as blackbox_exporter does it is refused by name, when the file is read: a
//! probe that looks at less than it says would be worse than none.

mod http;
mod load;

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, de};
use serde_json::Value;

use super::period::Period;
use super::schema::unsupported;
use super::secret::Secret;
use crate::probe::Pattern;
use crate::probe::dns::DnsName;

pub use http::{HeaderMatch, HttpModule, HttpVersion, ModuleCompression, Size};
pub(super) use load::load;

/// A `blackbox.yml`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Modules {
    /// Each module by its name.
    pub modules: BTreeMap<String, Module>,
    /// The modules as they are written, without secrets.
    #[serde(skip)]
    pub definitions: BTreeMap<String, Value>,
}

/// How a target is probed.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Module {
    /// By what.
    pub prober: Prober,
    /// How long it may take; never longer than Prometheus waits.
    pub timeout: Option<Period>,
    /// How web servers are asked.
    #[serde(default)]
    pub http: HttpModule,
    /// How TCP services are asked.
    #[serde(default)]
    pub tcp: TcpModule,
    /// How DNS servers are asked.
    pub dns: Option<DnsModule>,
    /// How hosts are pinged.
    #[serde(default)]
    pub icmp: IcmpModule,
    /// How gRPC servers are asked.
    #[serde(default)]
    pub grpc: GrpcModule,
}

/// By what a target is probed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the words are blackbox_exporter's own")]
pub enum Prober {
    Http,
    Tcp,
    Dns,
    Icmp,
    Grpc,
}

/// A family of addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the words are blackbox_exporter's own")]
pub enum IpProtocol {
    Ip4,
    Ip6,
}

/// How TCP services are asked.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TcpModule {
    /// Which addresses of a target are taken first.
    pub preferred_ip_protocol: Option<IpProtocol>,
    /// Whether those of the other family will do.
    pub ip_protocol_fallback: Option<bool>,
    /// The address of this machine by which the target is asked.
    #[serde(default)]
    #[schemars(schema_with = "address")]
    pub source_ip_address: Option<IpAddr>,
    /// What is said and expected, in this order.
    #[schemars(length(max = 100))]
    pub query_response: Vec<QueryResponse>,
    /// Whether TLS begins with the connection.
    pub tls: bool,
    /// How TLS is spoken.
    pub tls_config: TlsModule,
}

/// A line that is expected, and one that is sent.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct QueryResponse {
    /// What a line is expected to have.
    pub expect: Option<Pattern>,
    /// Labels that are made of what was found in it.
    #[schemars(length(max = 20))]
    pub labels: Vec<ExpectLabel>,
    /// The line that is sent then, with `${1}` for what a group found.
    pub send: Option<Secret>,
    /// Whether TLS begins after it.
    pub starttls: bool,
}

/// A label that is made of what was found.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExpectLabel {
    /// Its name.
    #[schemars(regex(pattern = "^[a-zA-Z_][a-zA-Z0-9_]*$"), extend("x-expected" = "the name of a label"))]
    pub name: String,
    /// Its value, with `${1}` for what a group found.
    pub value: String,
}

/// How DNS servers are asked.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DnsModule {
    /// Which addresses of a target are taken first.
    pub preferred_ip_protocol: Option<IpProtocol>,
    /// Whether those of the other family will do.
    pub ip_protocol_fallback: Option<bool>,
    /// The address of this machine by which the server is asked.
    #[serde(default)]
    #[schemars(schema_with = "address")]
    pub source_ip_address: Option<IpAddr>,
    /// By what it is asked.
    #[serde(default)]
    pub transport_protocol: TransportProtocol,
    /// Whether it is asked by TLS.
    #[serde(default)]
    pub dns_over_tls: bool,
    /// How TLS is spoken.
    #[serde(default)]
    pub tls_config: TlsModule,
    /// The name that is asked for.
    #[schemars(schema_with = "name")]
    pub query_name: DnsName,
    /// The type of records that is asked for; without it `ANY`.
    #[schemars(
        regex(pattern = "^(A|AAAA|ANY|AXFR|CAA|CDNSKEY|CDS|CERT|CNAME|DNSKEY|DS|HINFO|HTTPS|MX|NAPTR|NS|NSEC|NSEC3|OPENPGPKEY|PTR|RRSIG|SOA|SRV|SSHFP|SVCB|TLSA|TXT)$"),
        extend("x-expected" = "a type of records such as `A` or `SOA`")
    )]
    pub query_type: Option<String>,
    /// Their class; without it `IN`.
    #[schemars(regex(pattern = "^(IN|CH|HS|NONE|ANY)$"), extend("x-expected" = "`IN`, `CH`, `HS`, `NONE` or `ANY`"))]
    pub query_class: Option<String>,
    /// Whether the server is to ask others.
    pub recursion_desired: Option<bool>,
    /// The codes that the answer may have; without it `NOERROR`.
    #[serde(default)]
    #[schemars(schema_with = "rcodes")]
    pub valid_rcodes: Option<Vec<String>>,
    /// What the records of the answer must be like.
    #[serde(default)]
    pub validate_answer_rrs: RecordsModule,
    /// What those must be like that tell who is responsible.
    #[serde(default)]
    pub validate_authority_rrs: RecordsModule,
    /// What those must be like that are added.
    #[serde(default)]
    pub validate_additional_rrs: RecordsModule,
}

/// By what a DNS server is asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the words are blackbox_exporter's own")]
pub enum TransportProtocol {
    #[default]
    Udp,
    Tcp,
}

/// What records must be like.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[expect(missing_docs, reason = "the words are blackbox_exporter's own")]
pub struct RecordsModule {
    pub fail_if_matches_regexp: Vec<Pattern>,
    pub fail_if_all_match_regexp: Vec<Pattern>,
    pub fail_if_not_matches_regexp: Vec<Pattern>,
    pub fail_if_none_matches_regexp: Vec<Pattern>,
}

/// How hosts are pinged.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(extend("x-unsupported" = unsupported([
    ("dont_fragment", "leave it out: packets are sent as the system sends them"),
])))]
pub struct IcmpModule {
    /// Which addresses of a target are taken first.
    pub preferred_ip_protocol: Option<IpProtocol>,
    /// Whether those of the other family will do.
    pub ip_protocol_fallback: Option<bool>,
    /// The address of this machine from which packets are sent.
    #[serde(default)]
    #[schemars(schema_with = "address")]
    pub source_ip_address: Option<IpAddr>,
    /// How many bytes a packet carries, beside the headers; 0 or nothing: 28.
    #[schemars(range(min = 0, max = 65_000))]
    pub payload_size: u16,
    /// How many hops a packet may take; 0 or nothing: as many as is usual here.
    #[schemars(range(min = 0, max = 255))]
    pub ttl: u8,
}

/// How gRPC servers are asked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(extend("x-unsupported" = unsupported([("metadata", "")])))]
pub struct GrpcModule {
    /// Which addresses of a target are taken first.
    pub preferred_ip_protocol: Option<IpProtocol>,
    /// Whether those of the other family will do.
    pub ip_protocol_fallback: Option<bool>,
    /// The service that is asked for; without it the server as a whole.
    #[schemars(length(max = 1000))]
    pub service: String,
    /// Whether TLS is spoken.
    pub tls: bool,
    /// How.
    pub tls_config: TlsModule,
}

/// How TLS is spoken.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(extend("x-unsupported" = unsupported([
    ("ca", "put it into a file and name that in `ca_file`"),
    ("cert", "put it into a file and name that in `cert_file`"),
    ("key", "put it into a file and name that in `key_file`"),
    ("ca_ref", ""),
    ("cert_ref", ""),
    ("key_ref", ""),
    ("max_version", ""),
])))]
pub struct TlsModule {
    /// Whether any certificate will do.
    pub insecure_skip_verify: bool,
    /// The only authorities to trust, instead of the system's.
    #[schemars(extend("format" = "certificates"))]
    pub ca_file: Option<PathBuf>,
    /// The certificate by which we show who we are.
    #[schemars(extend("format" = "certificates"))]
    pub cert_file: Option<PathBuf>,
    /// Its key.
    #[schemars(extend("x-expected" = "the path of a file"))]
    pub key_file: Option<PathBuf>,
    /// The name in the certificate, if it is not that of the target.
    #[schemars(length(max = 253))]
    pub server_name: Option<String>,
    /// The least version of TLS; 1.2 is the least that Nabat speaks.
    pub min_version: Option<TlsVersion>,
}

/// A version of TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
#[expect(missing_docs, reason = "the words are blackbox_exporter's own")]
pub enum TlsVersion {
    Tls12,
    Tls13,
}

impl Modules {
    /// Takes relative paths from `folder`.
    fn settle(&mut self, folder: &Path) {
        for module in self.modules.values_mut() {
            let dns = module.dns.as_mut().map(|dns| &mut dns.tls_config);
            let all = [
                &mut module.http.tls_config,
                &mut module.tcp.tls_config,
                &mut module.grpc.tls_config,
            ];
            for tls in all.into_iter().chain(dns) {
                tls.key_file = tls.key_file.take().map(|file| folder.join(file));
            }
        }
    }
}

fn address(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "string", "format": "address"})
}

fn name(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "string",
        "minLength": 1,
        "maxLength": 254,
        "pattern": r"^[^\s/:]+$",
        "x-expected": "a name of the DNS such as `example.org`",
    })
}

fn rcodes(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "array",
        "maxItems": 100,
        "items": {"type": "string", "enum": [
            "NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED", "YXDOMAIN",
            "YXRRSET", "NXRRSET", "NOTAUTH", "NOTZONE",
        ]},
    })
}

/// A number with a unit of bytes, as Go reads it: `10MB` are 10 · 1024 · 1024.
fn bytes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    let text = String::deserialize(deserializer)?;
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = text[digits.len()..].chars().next().unwrap_or('B');
    let power = "BKMGT"
        .find(unit)
        .and_then(|place| u32::try_from(place).ok());
    let number: Option<u64> = digits.parse().ok();
    number
        .zip(power)
        .and_then(|(number, power)| number.checked_mul(1024_u64.pow(power)))
        .ok_or_else(|| de::Error::custom("no number of bytes"))
}
