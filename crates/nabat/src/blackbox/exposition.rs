//! What a probe saw, as blackbox_exporter's metrics: the same names, labels and help.

use std::fmt::Write as _;
use std::net::IpAddr;
use std::time::Duration;

use hyper::Version;

use super::Probed;
use crate::config::modules::Prober;
use crate::probe::grpc::SERVING_STATUSES;
use crate::probe::{Figures, Report, TlsSeen};

/// What Go writes for a moment that was never set, in seconds of Unix time.
const NEVER: f64 = -62_135_596_800.0;

/// The metrics in the text format of Prometheus.
pub(super) fn of(probed: &Probed<'_>) -> String {
    let nothing = Figures::default();
    let report = &probed.report;
    let figures = report.figures.as_deref().unwrap_or(&nothing);
    let mut families = Families::default();
    families.one(
        "probe_success",
        "Displays whether or not the probe was a success",
        flag(probed.is_success()),
    );
    families.one(
        "probe_duration_seconds",
        "Returns how long the probe took to complete in seconds",
        probed.took.as_secs_f64(),
    );
    if let Some(took) = phase(report, "resolve") {
        addresses(&mut families, figures.address, took);
    }
    match probed.module.prober {
        Prober::Http => http(&mut families, report, figures),
        Prober::Tcp => tcp(&mut families, figures),
        Prober::Dns => dns(&mut families, report, figures),
        Prober::Grpc => grpc(&mut families, report, figures),
        Prober::Icmp => icmp(&mut families, report, figures),
    }
    families.text()
}

fn addresses(families: &mut Families, address: Option<IpAddr>, took: Duration) {
    families.one(
        "probe_dns_lookup_time_seconds",
        "Returns the time taken for probe dns lookup in seconds",
        took.as_secs_f64(),
    );
    families.one(
        "probe_ip_protocol",
        "Specifies whether probe ip protocol is IP4 or IP6",
        match address {
            Some(IpAddr::V4(_)) => 4.0,
            Some(IpAddr::V6(_)) => 6.0,
            None => 0.0,
        },
    );
    families.one(
        "probe_ip_addr_hash",
        "Specifies the hash of IP address. It's useful to detect if the IP address changes.",
        address.map_or(0.0, |address| f64::from(hash(address))),
    );
}

fn http(families: &mut Families, report: &Report, figures: &Figures) {
    failed_by_pattern(families, figures);
    let seen = figures.http.as_ref();
    if let Some(resolve) = phase(report, "resolve") {
        let help = "Duration of http request by phase, summed over all redirects";
        let phases = [
            ("resolve", Some(resolve)),
            ("connect", phase(report, "connect")),
            ("tls", phase(report, "tls")),
            ("processing", phase(report, "first byte")),
            ("transfer", phase(report, "transfer")),
        ];
        // Without an address there is nothing but the way to it.
        let count = figures.address.map_or(1, |_| phases.len());
        families.phases("probe_http_duration_seconds", help, &phases[..count]);
    }
    let count = |value: usize| value as f64;
    families.one(
        "probe_http_content_length",
        "Length of http content response",
        seen.map_or(0.0, |seen| {
            seen.told_length.map_or(-1.0, |told| told as f64)
        }),
    );
    families.one(
        "probe_http_uncompressed_body_length",
        "Length of uncompressed response body",
        seen.map_or(0.0, |seen| count(seen.body_length)),
    );
    families.one(
        "probe_http_redirects",
        "The number of redirects",
        count(figures.redirects),
    );
    families.one(
        "probe_http_ssl",
        "Indicates if SSL was used for the final redirect",
        flag(seen.is_some() && figures.tls.is_some()),
    );
    families.one(
        "probe_http_status_code",
        "Response HTTP status code",
        seen.map_or(0.0, |seen| f64::from(seen.status)),
    );
    families.one(
        "probe_http_version",
        "Returns the version of HTTP of the probe response",
        seen.map_or(0.0, |seen| match seen.version {
            Version::HTTP_10 => 1.0,
            Version::HTTP_2 => 2.0,
            _ => 1.1,
        }),
    );
    let Some(seen) = seen else {
        return;
    };
    if let Some(at) = seen.last_modified {
        families.one(
            "probe_http_last_modified_timestamp_seconds",
            "Returns the Last-Modified HTTP response header in unixtime",
            at as f64,
        );
    }
    if let Some(seen) = &figures.tls {
        tls(families, seen, Chain::Whole);
    }
}

fn tcp(families: &mut Families, figures: &Figures) {
    failed_by_pattern(families, figures);
    if let Some(seen) = &figures.tls {
        tls(families, seen, Chain::Whole);
    }
    if !figures.labels.is_empty() {
        let labels = figures.labels.iter();
        let labels: Vec<_> = labels
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        let help = "Explicit content matched";
        families.labelled("probe_expect_info", help, &labels);
    }
}

fn dns(families: &mut Families, report: &Report, figures: &Figures) {
    let phases = ["resolve", "connect", "query"].map(|name| phase(report, name));
    let [resolve, connect, query] = phases;
    families.phases(
        "probe_dns_duration_seconds",
        "Duration of DNS request by phase",
        &[
            ("resolve", resolve),
            ("connect", connect),
            ("request", query),
        ],
    );
    let seen = figures.dns.unwrap_or_default();
    for (name, help, count) in [
        (
            "probe_dns_answer_rrs",
            "Returns number of entries in the answer resource record list",
            seen.answers,
        ),
        (
            "probe_dns_authority_rrs",
            "Returns number of entries in the authority resource record list",
            seen.authorities,
        ),
        (
            "probe_dns_additional_rrs",
            "Returns number of entries in the additional resource record list",
            seen.additionals,
        ),
    ] {
        families.one(name, help, count as f64);
    }
    families.one(
        "probe_dns_query_succeeded",
        "Displays whether or not the query was executed successfully",
        flag(figures.dns.is_some()),
    );
    if let Some(serial) = seen.serial {
        let help = "Returns the serial number of the zone";
        families.one("probe_dns_serial", help, f64::from(serial));
    }
}

fn icmp(families: &mut Families, report: &Report, figures: &Figures) {
    // The sockets are open already.
    families.phases(
        "probe_icmp_duration_seconds",
        "Duration of icmp request by phase",
        &[
            ("resolve", phase(report, "resolve")),
            ("setup", None),
            ("rtt", report.latency),
        ],
    );
    if let Some(hops) = figures.hop_limit {
        let help = "Replied packet hop limit (TTL for ipv4)";
        families.one("probe_icmp_reply_hop_limit", help, f64::from(hops));
    }
}

fn grpc(families: &mut Families, report: &Report, figures: &Figures) {
    /// What gRPC says of a server that cannot be reached.
    const UNAVAILABLE: usize = 14;
    let resolve = phase(report, "resolve");
    let parts = ["connect", "tls", "call"].map(|name| phase(report, name));
    let check: Duration = parts.into_iter().flatten().sum();
    let phases = [("check", Some(check)), ("resolve", resolve)];
    let is_found = figures.address.is_some();
    families.phases(
        "probe_grpc_duration_seconds",
        "Duration of gRPC request by phase",
        if is_found { &phases } else { &phases[1..] },
    );
    let seen = figures.grpc;
    let tls_seen = figures
        .tls
        .as_ref()
        .filter(|_| seen.is_some_and(|seen| seen.code == 0));
    let code = seen.map_or(if is_found { UNAVAILABLE } else { 0 }, |seen| seen.code);
    families.one(
        "probe_grpc_status_code",
        "Response gRPC status code",
        code as f64,
    );
    families.one(
        "probe_grpc_ssl",
        "Indicates if SSL was used for the connection",
        flag(tls_seen.is_some()),
    );
    if is_found {
        let said = seen.and_then(|seen| seen.serving);
        families.choices(
            "probe_grpc_healthcheck_response",
            "Response HealthCheck response",
            "serving_status",
            &SERVING_STATUSES,
            said,
        );
    }
    match tls_seen {
        Some(seen) => tls(families, seen, Chain::OwnOnly),
        None => earliest_end(families, 0.0),
    }
}

fn failed_by_pattern(families: &mut Families, figures: &Figures) {
    families.one(
        "probe_failed_due_to_regex",
        "Indicates if probe failed due to regex",
        flag(figures.failed_by_pattern),
    );
}

/// Whether it is told when the certificates end by which the server's own is trusted.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Chain {
    Whole,
    OwnOnly,
}

fn earliest_end(families: &mut Families, end: f64) {
    let help = "Returns last SSL chain expiry in unixtime";
    families.one("probe_ssl_earliest_cert_expiry", help, end);
}

fn tls(families: &mut Families, seen: &TlsSeen, chain: Chain) {
    let certificate = &seen.certificate;
    earliest_end(families, certificate.earliest_end as f64);
    if chain == Chain::Whole {
        families.one(
            "probe_ssl_last_chain_expiry_timestamp_seconds",
            "Returns last SSL chain expiry in timestamp",
            certificate.chain_end.map_or(NEVER, |end| end as f64),
        );
    }
    families.labelled(
        "probe_ssl_last_chain_info",
        "Contains SSL leaf certificate information",
        &[
            ("fingerprint_sha256", &certificate.fingerprint),
            ("issuer", &certificate.issuer),
            ("serialnumber", &certificate.serial),
            ("subject", &certificate.subject),
            ("subjectalternative", &certificate.names),
        ],
    );
    families.labelled(
        "probe_tls_version_info",
        "Returns the TLS version used or NaN when unknown",
        &[("version", seen.version)],
    );
    families.labelled(
        "probe_tls_cipher_info",
        "Returns the TLS cipher negotiated during handshake",
        &[("cipher", &seen.cipher)],
    );
}

fn phase(report: &Report, name: &str) -> Option<Duration> {
    let mut phases = report.phases.iter();
    let (_, took) = phases.find(|(phase, _)| *phase == name)?;
    Some(*took)
}

fn flag(is_so: bool) -> f64 {
    f64::from(u8::from(is_so))
}

/// FNV-1a of 32 bits.
fn hash(address: IpAddr) -> u32 {
    let mix = |hash: u32, byte: &u8| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193);
    match address {
        IpAddr::V4(v4) => v4.octets().iter().fold(0x811c_9dc5, mix),
        IpAddr::V6(v6) => v6.octets().iter().fold(0x811c_9dc5, mix),
    }
}

/// Families of gauges, each as its text.
#[derive(Default)]
struct Families(Vec<(&'static str, String)>);

impl Families {
    fn one(&mut self, name: &'static str, help: &str, value: f64) {
        self.family(name, help, &format!("{name} {value}\n"));
    }

    fn labelled(&mut self, name: &'static str, help: &str, labels: &[(&str, &str)]) {
        let labels = labels.iter();
        let labels: Vec<_> = labels.map(|(name, value)| label(name, value)).collect();
        let line = format!("{name}{{{}}} 1\n", labels.join(","));
        self.family(name, help, &line);
    }

    fn phases(&mut self, name: &'static str, help: &str, phases: &[(&str, Option<Duration>)]) {
        let mut lines = String::new();
        for (phase, took) in phases {
            let (label, took) = (label("phase", phase), took.unwrap_or_default());
            // Writing to a text does not fail.
            let _ = writeln!(lines, "{name}{{{label}}} {}", took.as_secs_f64());
        }
        self.family(name, help, &lines);
    }

    /// One series for each of `values` of a label: 1 for the one that is so.
    fn choices(
        &mut self,
        name: &'static str,
        help: &str,
        label_name: &str,
        values: &[&str],
        chosen: Option<usize>,
    ) {
        let mut lines = String::new();
        for (place, value) in values.iter().enumerate() {
            let (label, value) = (label(label_name, value), flag(chosen == Some(place)));
            // Writing to a text does not fail.
            let _ = writeln!(lines, "{name}{{{label}}} {value}");
        }
        self.family(name, help, &lines);
    }

    fn family(&mut self, name: &'static str, help: &str, lines: &str) {
        let text = format!("# HELP {name} {help}\n# TYPE {name} gauge\n{lines}");
        self.0.push((name, text));
    }

    /// All of them, by their names.
    fn text(mut self) -> String {
        self.0.sort_by_key(|(name, _)| *name);
        self.0.into_iter().map(|(_, text)| text).collect()
    }
}

fn label(name: &str, value: &str) -> String {
    let value = value
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n");
    format!("{name}=\"{value}\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_have_the_hashes_of_blackbox_exporter() {
        for (address, expected) in [("127.0.0.1", 3_668_918_509), ("::1", 1_751_717_746)] {
            assert_eq!(hash(address.parse().unwrap()), expected, "{address}");
        }
    }
}
