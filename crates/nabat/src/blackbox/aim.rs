//! A module and a target as one of our probes.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use hickory_resolver::proto::op::ResponseCode;
use hickory_resolver::proto::rr::{DNSClass, RecordType};
use hyper::header::HOST;

use super::Request;
use crate::config::Period;
use crate::config::modules::{
    DnsModule, GrpcModule, HttpModule, HttpVersion, IcmpModule, IpProtocol, Module,
    ModuleCompression, Prober, RecordsModule, TcpModule, TlsModule, TlsVersion, TransportProtocol,
};
use crate::probe::certificate::{CertificateCheck, Identity};
use crate::probe::dns::{self, Dns, RecordDemands, Transport};
use crate::probe::grpc::Grpc;
use crate::probe::http::{self, BodyDemand, Compression, HeaderDemand, Headers, Http, WebAddress};
use crate::probe::ping::{AddressFamily, Ping};
use crate::probe::tcp::{Script, Step, Tcp};
use crate::probe::{Choice, Endpoint, Manner, Target};

/// How many bytes blackbox_exporter's pings carry.
const PING_BYTES: u16 = 28;
/// The most bytes of a body in which something is looked for, if the module does not bound them.
const SEARCHED_BYTES: usize = 8 * 1024 * 1024;

/// Two names for one web server.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the module has a header `Host`, and the parameter `hostname` is another one")]
pub struct Misfit;

/// How the module asks: by which addresses, within `timeout`.
pub(super) fn manner(module: &Module, timeout: Duration) -> Manner {
    let Module {
        http,
        tcp,
        dns,
        icmp,
        grpc,
        ..
    } = module;
    let (preferred, fallback, source) = match module.prober {
        Prober::Http => (http.preferred_ip_protocol, http.ip_protocol_fallback, None),
        Prober::Tcp => (
            tcp.preferred_ip_protocol,
            tcp.ip_protocol_fallback,
            tcp.source_ip_address,
        ),
        Prober::Dns => dns.as_ref().map_or((None, None, None), |dns| {
            (
                dns.preferred_ip_protocol,
                dns.ip_protocol_fallback,
                dns.source_ip_address,
            )
        }),
        Prober::Grpc => (grpc.preferred_ip_protocol, grpc.ip_protocol_fallback, None),
        Prober::Icmp => (
            icmp.preferred_ip_protocol,
            icmp.ip_protocol_fallback,
            icmp.source_ip_address,
        ),
    };
    Manner {
        choice: choice(preferred, fallback),
        source,
        ..Manner::within(timeout)
    }
}

fn choice(preferred: Option<IpProtocol>, fallback: Option<bool>) -> Choice {
    let family = match preferred {
        Some(IpProtocol::Ip4) => AddressFamily::Ip4,
        Some(IpProtocol::Ip6) | None => AddressFamily::Ip6,
    };
    match fallback {
        Some(false) => Choice::Only(family),
        _ => Choice::First(family),
    }
}

/// What is looked at; nothing if `request` has no target of this kind.
///
/// # Errors
/// If the request asks for another name than the module.
pub(super) fn target(module: &Module, request: &Request) -> Result<Option<Target>, Misfit> {
    let target = request.target.as_str();
    let hostname = request.hostname.as_deref().filter(|name| !name.is_empty());
    Ok(match module.prober {
        Prober::Http => {
            let http = http(&module.http, target, hostname)?;
            http.map(|http| Target::Http(Arc::new(http)))
        }
        Prober::Tcp => tcp(&module.tcp, target, hostname).map(|tcp| Target::Tcp(Arc::new(tcp))),
        Prober::Dns => {
            let dns = module.dns.as_ref().and_then(|module| dns(module, target));
            dns.map(|dns| Target::Dns(Arc::new(dns)))
        }
        Prober::Grpc => grpc(&module.grpc, target).map(|grpc| Target::Grpc(Arc::new(grpc))),
        Prober::Icmp => Some(Target::Ping(Arc::new(ping(&module.icmp, target)))),
    })
}

fn http(module: &HttpModule, target: &str, hostname: Option<&str>) -> Result<Option<Http>, Misfit> {
    let has_scheme = target.starts_with("http://") || target.starts_with("https://");
    let address = match has_scheme {
        true => target.to_owned(),
        false => format!("http://{target}"),
    };
    let mut headers = module.headers.clone();
    if let Some(hostname) = hostname {
        let own = headers.get(&HOST).map(|host| host == hostname.as_bytes());
        if own == Some(false) {
            return Err(Misfit);
        }
        let Ok(value) = Headers::value(hostname) else {
            return Ok(None);
        };
        headers.set(HOST, value);
    }
    let Ok(url) = address.parse::<WebAddress>() else {
        return Ok(None);
    };
    let mut certificate = certificate(&module.tls_config);
    if certificate.server_name.is_none() {
        let host = headers
            .get(&HOST)
            .and_then(|host| std::str::from_utf8(host).ok());
        certificate.server_name = host.map(str::to_owned);
    }
    let basic = module.basic_auth.as_ref();
    if let Some(authorization) = &module.authorization {
        let credentials = authorization.credentials.expose();
        let line = format!("{} {credentials}", authorization.r#type);
        if let Ok(value) = Headers::value(&line) {
            headers.set(hyper::header::AUTHORIZATION, value);
        }
    }
    let demands = demands(module);
    let limit = usize::try_from(module.body_size_limit.0).unwrap_or(usize::MAX);
    let max_body = match limit {
        0 if demands.searches() => SEARCHED_BYTES,
        0 => usize::MAX,
        limit => limit,
    };
    let codes = module.valid_status_codes.iter();
    let status: Vec<http::StatusRange> = codes.map(|code| (*code).into()).collect();
    let mut http = Http::new(url);
    if !status.is_empty() {
        http.status = status;
    }
    let versions = module.valid_http_versions.iter();
    Ok(Some(Http {
        method: module.method,
        headers,
        body: module.body.clone(),
        username: basic.map(|basic| basic.username.clone()),
        password: basic.map(|basic| basic.password.clone()),
        bearer_token: module.bearer_token.clone(),
        follow_redirects: module
            .follow_redirects
            .unwrap_or(!module.no_follow_redirects),
        proxy: module.proxy_url.clone(),
        http2: module.enable_http2.unwrap_or(true),
        versions: versions.map(|version| (*version).into()).collect(),
        max_body,
        certificate,
        demands,
        ..http
    }))
}

fn demands(module: &HttpModule) -> http::Demands {
    let mut headers = Vec::new();
    let mut body = Vec::new();
    for (demanded, wanted) in [
        (&module.fail_if_header_matches, false),
        (&module.fail_if_header_not_matches, true),
    ] {
        headers.extend(demanded.iter().map(|one| HeaderDemand {
            name: one.header.clone(),
            pattern: one.regexp.clone(),
            wanted,
            may_be_missing: one.allow_missing,
        }));
    }
    for (demanded, wanted) in [
        (&module.fail_if_body_matches_regexp, false),
        (&module.fail_if_body_not_matches_regexp, true),
    ] {
        body.extend(demanded.iter().map(|pattern| BodyDemand {
            pattern: pattern.clone(),
            wanted,
        }));
    }
    let tls = match (module.fail_if_ssl, module.fail_if_not_ssl) {
        (true, _) => Some(false),
        (false, true) => Some(true),
        (false, false) => None,
    };
    http::Demands {
        tls,
        headers,
        body,
        compression: match module.compression {
            Some(ModuleCompression::Gzip) => Some(Compression::Gzip),
            Some(ModuleCompression::Deflate) => Some(Compression::Deflate),
            Some(ModuleCompression::Br) => Some(Compression::Brotli),
            Some(ModuleCompression::Identity) | None => None,
        },
        whole_body: true,
        resolves_past_proxy: !module.skip_resolve_phase_with_proxy,
    }
}

impl From<HttpVersion> for http::HttpVersion {
    fn from(version: HttpVersion) -> Self {
        match version {
            HttpVersion::One => Self::One,
            HttpVersion::OneOne => Self::OneOne,
            HttpVersion::Two => Self::Two,
        }
    }
}

fn tcp(module: &TcpModule, target: &str, hostname: Option<&str>) -> Option<Tcp> {
    let address: Endpoint = target.parse().ok()?;
    let mut certificate = certificate(&module.tls_config);
    if certificate.server_name.is_none() {
        certificate.server_name = hostname.map(str::to_owned);
    }
    let steps = module.query_response.iter().map(|one| Step {
        send: one.send.clone(),
        expect: one.expect.clone(),
        script: Some(Script {
            labels: one
                .labels
                .iter()
                .map(|label| (label.name.clone(), label.value.clone()))
                .collect(),
            starttls: one.starttls,
        }),
    });
    Some(Tcp {
        tls: module.tls,
        certificate,
        steps: steps.collect(),
        ..Tcp::new(address)
    })
}

fn dns(module: &DnsModule, target: &str) -> Option<Dns> {
    let port = if module.dns_over_tls { 853 } else { 53 };
    let server = match target.parse::<Endpoint<0>>() {
        Ok(Endpoint { host, port }) => Endpoint { host, port },
        Err(_) => {
            let Endpoint { host, .. } = target.parse::<Endpoint<53>>().ok()?;
            Endpoint { host, port }
        }
    };
    let transport = match module.transport_protocol {
        TransportProtocol::Udp => Transport::Udp,
        TransportProtocol::Tcp if module.dns_over_tls => {
            Transport::Tls(certificate(&module.tls_config))
        }
        TransportProtocol::Tcp => Transport::Tcp,
    };
    let record_type = module.query_type.as_deref().unwrap_or("ANY");
    let class = module.query_class.as_deref().unwrap_or("IN");
    let rcodes = match &module.valid_rcodes {
        None => vec![ResponseCode::NoError],
        Some(rcodes) => rcodes.iter().map(|code| rcode(code)).collect(),
    };
    Some(Dns {
        server: Some(server),
        demands: Some(Box::new(dns::Demands {
            transport,
            record_type: record_type.parse().unwrap_or(RecordType::ANY),
            class: class.parse().unwrap_or(DNSClass::IN),
            recursion: module.recursion_desired.unwrap_or(true),
            rcodes,
            answers: records(&module.validate_answer_rrs),
            authorities: records(&module.validate_authority_rrs),
            additionals: records(&module.validate_additional_rrs),
        })),
        ..Dns::new(module.query_name.clone())
    })
}

fn records(module: &RecordsModule) -> RecordDemands {
    RecordDemands {
        in_none: module.fail_if_matches_regexp.clone(),
        not_missing: module.fail_if_all_match_regexp.clone(),
        in_each: module.fail_if_not_matches_regexp.clone(),
        in_any: module.fail_if_none_matches_regexp.clone(),
    }
}

fn rcode(name: &str) -> ResponseCode {
    match name {
        "FORMERR" => ResponseCode::FormErr,
        "SERVFAIL" => ResponseCode::ServFail,
        "NXDOMAIN" => ResponseCode::NXDomain,
        "NOTIMP" => ResponseCode::NotImp,
        "REFUSED" => ResponseCode::Refused,
        "YXDOMAIN" => ResponseCode::YXDomain,
        "YXRRSET" => ResponseCode::YXRRSet,
        "NXRRSET" => ResponseCode::NXRRSet,
        "NOTAUTH" => ResponseCode::NotAuth,
        "NOTZONE" => ResponseCode::NotZone,
        _ => ResponseCode::NoError,
    }
}

/// A target may be written as an address of the web; the port is then the web's.
fn grpc(module: &GrpcModule, target: &str) -> Option<Grpc> {
    let bare = target.strip_prefix("http://");
    let bare = bare.or(target.strip_prefix("https://")).unwrap_or(target);
    let bare = bare.split('/').next().unwrap_or_default();
    let address = match bare.parse::<Endpoint<0>>() {
        Ok(address) => address,
        Err(_) => {
            let Endpoint { host, .. } = bare.parse::<Endpoint<443>>().ok()?;
            let port = if module.tls { 443 } else { 80 };
            Endpoint { host, port }
        }
    };
    Some(Grpc {
        service: module.service.clone(),
        tls: module.tls,
        certificate: certificate(&module.tls_config),
        ..Grpc::new(address)
    })
}

fn ping(module: &IcmpModule, target: &str) -> Ping {
    let size = match module.payload_size {
        0 => PING_BYTES,
        size => size.max(8),
    };
    // An address of IPv6 in brackets is one without them.
    let bare = target.trim_matches(['[', ']']);
    let host = bare.parse::<IpAddr>().map_or(target, |_| bare);
    Ping {
        count: 1,
        spacing: Period::from_seconds(0),
        size,
        hops: Some(module.ttl).filter(|ttl| *ttl != 0),
        ..Ping::new(host)
    }
}

fn certificate(module: &TlsModule) -> CertificateCheck {
    let files = module.cert_file.clone().zip(module.key_file.clone());
    CertificateCheck {
        verify: !module.insecure_skip_verify,
        ca_file: module.ca_file.clone(),
        server_name: module.server_name.clone().filter(|name| !name.is_empty()),
        // Prometheus has the end in a metric, and decides by itself how near it may be.
        expires_within: (!module.insecure_skip_verify).then_some(Period::from_seconds(0)),
        tls_13_only: module.min_version == Some(TlsVersion::Tls13),
        identity: files.map(|(certificate, key)| Identity { certificate, key }),
    }
}
