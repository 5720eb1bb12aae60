//! Judges the certificate of a server: until when it is valid, for which names, and who says so.
//!
//! The three are looked at one by one, so that a certificate that has expired *and* is for another
//! name is told as both.

use std::path::PathBuf;

use jiff::Timestamp;
use nabat_core::listed::listed;
use rustls::CertificateError;
use rustls::client::verify_server_name;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use schemars::JsonSchema;
use serde::Deserialize;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer as _, X509Certificate};

use super::Finding;
use super::condition::Fact;
use crate::config::Period;

mod authorities;
mod seen;

pub(super) use authorities::Authorities;
pub(super) use seen::seen;

/// The most names of a certificate that are told.
const MAX_NAMES: usize = 5;

const DAY: i64 = 86_400;

/// How a server's certificate is looked at.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CertificateCheck {
    /// Whether it must be valid, for the server's name, and of an authority that is trusted.
    pub verify: bool,
    /// A file with the only certificates (PEM) of authorities to trust, instead of the system's; or
    /// with the server's own. A relative path is taken from the configuration's folder.
    #[schemars(extend("format" = "certificates"))]
    pub ca_file: Option<PathBuf>,
    /// The name in the certificate, if it is not that of the server; it is also asked for (SNI).
    #[schemars(length(min = 1, max = 253))]
    pub server_name: Option<String>,
    /// How long before its end a certificate is told as degraded; `0s`: not at all. Without it `14d`
    /// if the certificate is verified, else not at all.
    pub expires_within: Option<Period>,
    /// Whether TLS has to be of version 1.3.
    #[serde(skip)]
    pub tls_13_only: bool,
    /// By what we show who we are, if we do.
    #[serde(skip)]
    pub identity: Option<Identity>,
}

/// The files (PEM) by which we show who we are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The certificate, and those by which it is trusted.
    pub certificate: PathBuf,
    /// Its key.
    pub key: PathBuf,
}

impl Default for CertificateCheck {
    fn default() -> Self {
        Self {
            verify: true,
            ca_file: None,
            server_name: None,
            expires_within: None,
            tls_13_only: false,
            identity: None,
        }
    }
}

impl CertificateCheck {
    /// In seconds, if the end matters at all.
    fn notice(&self) -> Option<i64> {
        let default = self.verify.then_some(Period::from_minutes(14 * 24 * 60));
        let period = self.expires_within.or(default)?;
        i64::try_from(period.duration().as_secs()).ok()
    }
}

/// What there is to say of `chain`, the server's own certificate first, presented for `name`; and
/// what conditions may speak of.
pub(super) fn judge(
    chain: &[CertificateDer<'_>],
    name: &ServerName<'_>,
    check: &CertificateCheck,
    authorities: &Authorities,
) -> (Vec<Finding>, Option<Fact>) {
    let Some((own, others)) = chain.split_first() else {
        return (vec![Finding::down("no certificate")], None);
    };
    let Ok((_, parsed)) = X509Certificate::from_der(own) else {
        return (vec![Finding::down("certificate that cannot be read")], None);
    };
    let now = Timestamp::now().as_second();
    let validity = parsed.validity();
    let (from, until) = (
        validity.not_before.timestamp(),
        validity.not_after.timestamp(),
    );
    let fact = Fact::Certificate {
        days: (until - now).div_euclid(DAY),
        expires: day(until),
        issuer: parsed.issuer().to_string(),
        names: names(&parsed),
    };
    let mut findings = Vec::new();
    if let Some(notice) = check.notice() {
        findings.push(validity_at(now, from, until, notice));
    }
    if check.verify {
        findings.extend(other_name(own, &parsed, name));
        // Who says so is asked for a moment at which the certificate was valid.
        let then = now.min(until.saturating_sub(1)).max(from);
        let then = u64::try_from(then).unwrap_or_default();
        let then = UnixTime::since_unix_epoch(std::time::Duration::from_secs(then));
        findings.extend(untrusted(
            own,
            others,
            &parsed,
            name,
            then,
            check,
            authorities,
        ));
    }
    (findings, Some(fact))
}

fn validity_at(now: i64, from: i64, until: i64, notice: i64) -> Finding {
    let left = until - now;
    if now < from {
        let day = day(from);
        return Finding::down(format!("certificate not valid before {day}"));
    }
    let end = day(until);
    if left <= 0 {
        let ago = days(-left);
        return Finding::down(format!("certificate expired on {end} ({ago} ago)"));
    }
    if left < notice {
        let (left, notice) = (days(left), days(notice));
        let words = format!("certificate expires on {end} (in {left}), expected {notice} at least");
        return Finding::degraded(words);
    }
    Finding::up(format!("certificate valid until {end} ({})", days(left)))
}

fn day(second: i64) -> String {
    let at = Timestamp::from_second(second).unwrap_or(Timestamp::MAX);
    at.strftime("%Y-%m-%d").to_string()
}

/// `1 day`, `12 days`; less than two days in hours.
fn days(seconds: i64) -> String {
    match seconds / DAY {
        0 | 1 => format!("{} h", seconds / 3600),
        days => format!("{days} days"),
    }
}

fn other_name(
    own: &CertificateDer<'_>,
    parsed: &X509Certificate<'_>,
    name: &ServerName<'_>,
) -> Option<Finding> {
    let readable = ParsedCertificate::try_from(own).ok()?;
    verify_server_name(&readable, name).err()?;
    let names = names(parsed);
    let shown = match names.is_empty() {
        true => "no name".to_owned(),
        false => listed(names.into_iter(), MAX_NAMES),
    };
    let expected = name.to_str();
    Some(Finding::down(format!(
        "certificate is for {shown}, expected {expected}"
    )))
}

fn names(parsed: &X509Certificate<'_>) -> Vec<String> {
    let alternative = parsed.subject_alternative_name().ok().flatten();
    let names = alternative.map(|extension| &extension.value.general_names);
    let text = |name: &GeneralName<'_>| match name {
        GeneralName::DNSName(name) => Some((*name).to_owned()),
        GeneralName::IPAddress(bytes) => address(bytes),
        _ => None,
    };
    names.into_iter().flatten().filter_map(text).collect()
}

fn address(bytes: &[u8]) -> Option<String> {
    let v4 = <[u8; 4]>::try_from(bytes).map(|v4| std::net::Ipv4Addr::from(v4).to_string());
    let v6 = <[u8; 16]>::try_from(bytes).map(|v6| std::net::Ipv6Addr::from(v6).to_string());
    v4.or(v6).ok()
}

/// Why nobody who is trusted vouches for the certificate.
fn untrusted(
    own: &CertificateDer<'_>,
    others: &[CertificateDer<'_>],
    parsed: &X509Certificate<'_>,
    name: &ServerName<'_>,
    then: UnixTime,
    check: &CertificateCheck,
    authorities: &Authorities,
) -> Option<Finding> {
    let trusted = match authorities.of(check.ca_file.as_deref()) {
        Ok(trusted) => trusted,
        Err(problem) => return Some(Finding::unknown(problem)),
    };
    if trusted.certificates.contains(own) {
        return None;
    }
    let verified = trusted
        .verifier
        .verify_server_cert(own, others, name, &[], then);
    let error = verified.err()?;
    let rustls::Error::InvalidCertificate(error) = error else {
        return Some(Finding::down(format!("certificate not trusted: {error}")));
    };
    let is_self_signed = parsed.issuer().as_raw() == parsed.subject().as_raw();
    let issuer = parsed.issuer();
    Some(Finding::down(match error {
        // That was looked at already.
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            return None;
        }
        _ if is_self_signed => {
            "certificate is self-signed, expected one of a trusted authority".to_owned()
        }
        CertificateError::UnknownIssuer => {
            format!("certificate of an authority that is not trusted: {issuer}")
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            format!("certificate of an authority whose own has expired: {issuer}")
        }
        error => format!("certificate not trusted: {error}"),
    }))
}
