//! What a probe saw, in figures, for who asks for them: `/probe` makes metrics of these.

use std::net::IpAddr;

use hyper::Version;

use super::grpc::GrpcSeen;

/// What a probe saw beside its findings.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Figures {
    /// The address that was found first.
    pub address: Option<IpAddr>,
    /// Whether the probe failed because of what a pattern found or did not find.
    pub failed_by_pattern: bool,
    /// What TLS agreed upon, if it did and the certificate was as it should be.
    pub tls: Option<TlsSeen>,
    /// How often a web server sent elsewhere.
    pub redirects: usize,
    /// The answer of a web server, the last of them.
    pub http: Option<HttpSeen>,
    /// The answer of a DNS server.
    pub dns: Option<DnsSeen>,
    /// What came of a call by gRPC.
    pub grpc: Option<GrpcSeen>,
    /// How many more hops the answer to a ping might have taken.
    pub hop_limit: Option<u8>,
    /// Labels that a talk was to make of what it heard.
    pub labels: Vec<(String, String)>,
}

/// The answer of a web server.
#[derive(Debug, Clone, PartialEq)]
pub struct HttpSeen {
    /// Its status code.
    pub status: u16,
    /// Its version.
    pub version: Version,
    /// The length that it told, in bytes.
    pub told_length: Option<u64>,
    /// How much of its body was read, in bytes, once decompressed.
    pub body_length: usize,
    /// When the page was changed last, by its own word, in seconds of Unix time.
    pub last_modified: Option<i64>,
}

/// What TLS agreed upon.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsSeen {
    /// The version, as Go calls it: `TLS 1.3`.
    pub version: &'static str,
    /// The cipher suite, as IANA calls it.
    pub cipher: String,
    /// The certificates.
    pub certificate: CertificateSeen,
}

/// The certificates of a server. Ends are in seconds of Unix time.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CertificateSeen {
    /// When the first of those ends that the server sent.
    pub earliest_end: i64,
    /// When the first of those ends by which the server's own is trusted, if that was looked at.
    pub chain_end: Option<i64>,
    /// The SHA-256 of the server's own.
    pub fingerprint: String,
    /// Whose it is, as Go writes names: `CN=example.org,O=Example`.
    pub subject: String,
    /// Who says so.
    pub issuer: String,
    /// The names of the DNS for which it is.
    pub names: String,
    /// Its number.
    pub serial: String,
}

/// The answer of a DNS server.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DnsSeen {
    /// How many records it has.
    pub answers: usize,
    /// How many tell of who is responsible.
    pub authorities: usize,
    /// How many it adds.
    pub additionals: usize,
    /// The number of the zone's edition, if that was asked for.
    pub serial: Option<u32>,
}
