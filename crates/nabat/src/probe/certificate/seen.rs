//! What there is to see of certificates, in figures and as Go writes their names.

use std::fmt::Write as _;

use rustls::pki_types::CertificateDer;
use sha2::{Digest as _, Sha256};
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer as _, X509Certificate};
use x509_parser::x509::{AttributeTypeAndValue, X509Name};

use super::{Authorities, CertificateCheck};
use crate::probe::CertificateSeen;

/// The attributes of names that have a name themselves, in the order in which Go writes them.
const ATTRIBUTES: [(&str, &str); 9] = [
    ("2.5.4.5", "SERIALNUMBER"),
    ("2.5.4.3", "CN"),
    ("2.5.4.17", "POSTALCODE"),
    ("2.5.4.9", "STREET"),
    ("2.5.4.8", "ST"),
    ("2.5.4.7", "L"),
    ("2.5.4.11", "OU"),
    ("2.5.4.10", "O"),
    ("2.5.4.6", "C"),
];

/// What there is to see of `chain`, the server's own certificate first.
pub(in crate::probe) fn seen(
    chain: &[CertificateDer<'_>],
    check: &CertificateCheck,
    authorities: &Authorities,
) -> Option<CertificateSeen> {
    let sent: Vec<_> = chain.iter().filter_map(|one| parsed(one)).collect();
    let own = sent.first()?;
    let earliest_end = sent.iter().map(end).min()?;
    Some(CertificateSeen {
        earliest_end,
        chain_end: check.verify.then(|| chain_end(&sent, check, authorities)),
        fingerprint: hex(&Sha256::digest(chain.first()?)),
        subject: name(own.subject()),
        issuer: name(own.issuer()),
        names: names(own),
        serial: hex(own
            .raw_serial()
            .strip_prefix(&[0])
            .unwrap_or(own.raw_serial())),
    })
}

fn parsed<'d>(certificate: &'d CertificateDer<'_>) -> Option<X509Certificate<'d>> {
    let (_, parsed) = X509Certificate::from_der(certificate).ok()?;
    Some(parsed)
}

fn end(certificate: &X509Certificate<'_>) -> i64 {
    certificate.validity().not_after.timestamp()
}

/// When the first of those ends that lead from the server's own to one that is trusted. The system's
/// own authorities are not among them: they outlive what they sign.
fn chain_end(
    sent: &[X509Certificate<'_>],
    check: &CertificateCheck,
    authorities: &Authorities,
) -> i64 {
    let trusted = authorities.of(check.ca_file.as_deref()).ok();
    let trusted = trusted.as_ref().map(|trusted| &trusted.certificates);
    let trusted: Vec<_> = trusted.into_iter().flatten().filter_map(parsed).collect();
    let mut earliest = i64::MAX;
    let mut next = sent.first();
    for _ in 0..=sent.len() {
        let Some(one) = next else {
            break;
        };
        earliest = earliest.min(end(one));
        let vouches = |other: &&X509Certificate<'_>| {
            other.subject().as_raw() == one.issuer().as_raw()
                && other.raw_serial() != one.raw_serial()
        };
        if let Some(root) = trusted.iter().find(vouches) {
            return earliest.min(end(root));
        }
        next = sent.iter().find(vouches);
    }
    earliest
}

fn names(certificate: &X509Certificate<'_>) -> String {
    let alternative = certificate.subject_alternative_name().ok().flatten();
    let names = alternative.map(|extension| &extension.value.general_names);
    let of_the_dns = |name: &GeneralName<'_>| match name {
        GeneralName::DNSName(name) => Some((*name).to_owned()),
        _ => None,
    };
    let names: Vec<_> = names.into_iter().flatten().filter_map(of_the_dns).collect();
    names.join(",")
}

/// A name as Go writes it: the known attributes grouped by their kind, then what else there is.
fn name(name: &X509Name<'_>) -> String {
    let all: Vec<(String, String)> = name
        .iter_attributes()
        .map(|attribute| (attribute.attr_type().to_id_string(), value(attribute)))
        .collect();
    let mut parts = Vec::new();
    for (id, known) in ATTRIBUTES {
        let of_kind = all.iter().filter(|(other, _)| other == id);
        let of_kind: Vec<_> = of_kind
            .map(|(_, value)| format!("{known}={value}"))
            .collect();
        if !of_kind.is_empty() {
            parts.push(of_kind.join("+"));
        }
    }
    let is_known = |id: &str| ATTRIBUTES.iter().any(|(known, _)| *known == id);
    let others = all.iter().rev().filter(|(id, _)| !is_known(id));
    parts.extend(others.map(|(id, value)| format!("{id}={value}")));
    parts.join(",")
}

/// A value, with what would end it escaped as RFC 2253 has it.
fn value(attribute: &AttributeTypeAndValue<'_>) -> String {
    let Ok(text) = attribute.as_str() else {
        return format!("#{}", hex(attribute.as_slice()));
    };
    let last = text.chars().count().saturating_sub(1);
    let mut escaped = String::with_capacity(text.len());
    for (i, c) in text.chars().enumerate() {
        let is_special = match c {
            ',' | '+' | '"' | '\\' | '<' | '>' | ';' => true,
            '#' => i == 0,
            ' ' => i == 0 || i == last,
            _ => false,
        };
        if is_special {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}

fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        // Writing to a text does not fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}
