//! What ties settings of one module together.

use serde_json::Value;

use super::{note, text};
use crate::config::check::Check;
use crate::config::environment::join;

/// Notes what is wrong within the modules of `value`.
pub(in crate::config) fn apply(check: &mut Check<'_>, value: &Value) {
    let modules = value.get("modules").and_then(Value::as_object);
    for (name, module) in modules.into_iter().flatten() {
        let path = join("modules", name);
        let prober = text(module, "prober");
        if prober == Some("dns") && !super::given(check, &path, "dns") {
            let found = "`dns` without a `dns` section".to_owned();
            let hint = Some("dns: {query_name: example.org}".to_owned());
            note(
                check,
                &join(&path, "prober"),
                found,
                "what is asked for",
                hint,
            );
        }
        for kind in ["http", "tcp", "dns", "grpc"] {
            let Some(section) = module.get(kind) else {
                continue;
            };
            let path = join(&path, kind);
            if let Some(tls) = section.get("tls_config") {
                identity(check, tls, &join(&path, "tls_config"));
            }
            if kind == "dns" {
                by_tls(check, section, &path);
            }
            if kind == "http" {
                compression(check, section, &path);
            }
        }
    }
}

fn identity(check: &mut Check<'_>, tls: &Value, path: &str) {
    for (one, other) in [("cert_file", "key_file"), ("key_file", "cert_file")] {
        if super::given(check, path, one) && !super::given(check, path, other) {
            let found = format!("`{one}` without `{other}`");
            note(check, &join(path, one), found, "both or none", None);
        }
    }
    let has_both =
        tls.get("ca_file").is_some() && tls.get("insecure_skip_verify") == Some(&true.into());
    if has_both {
        let found = "`ca_file` with `insecure_skip_verify`".to_owned();
        let hint = Some("nobody's word is asked for where every certificate will do".to_owned());
        note(check, &join(path, "ca_file"), found, "one of them", hint);
    }
}

fn by_tls(check: &mut Check<'_>, dns: &Value, path: &str) {
    let is_by_tls = dns.get("dns_over_tls") == Some(&true.into());
    if is_by_tls && text(dns, "transport_protocol") != Some("tcp") {
        let found = "`dns_over_tls` by UDP".to_owned();
        let hint = Some("add `transport_protocol: tcp`".to_owned());
        note(check, &join(path, "dns_over_tls"), found, "TCP", hint);
    }
}

/// A body that nobody was asked to compress so would never be as expected.
fn compression(check: &mut Check<'_>, http: &Value, path: &str) {
    let Some(compression) = text(http, "compression") else {
        return;
    };
    let headers = http.get("headers").and_then(Value::as_object);
    let mut headers = headers.into_iter().flatten();
    let asked = headers.find(|(name, _)| name.eq_ignore_ascii_case("accept-encoding"));
    let Some(asked) = asked.and_then(|(_, value)| value.as_str()) else {
        return;
    };
    if !accepts(asked, compression) {
        let found = format!("`compression: {compression}` with an `Accept-Encoding` without it");
        let expected = "an `Accept-Encoding` that allows it, or none";
        note(check, &join(path, "compression"), found, expected, None);
    }
}

/// Whether the value of an `Accept-Encoding` allows the encoding `wanted`.
fn accepts(asked: &str, wanted: &str) -> bool {
    let weight = |name: &str| {
        asked.split(',').find_map(|one| {
            let (encoding, rest) = one.split_once(';').unwrap_or((one, ""));
            if encoding.trim() != name {
                return None;
            }
            let weight = rest.trim().strip_prefix("q=").unwrap_or("1");
            weight.trim().parse::<f64>().ok()
        })
    };
    let weight = weight(wanted).or_else(|| weight("*"));
    weight.map_or(wanted == "identity" || asked.is_empty(), |weight| {
        weight > 0.0
    })
}

#[cfg(test)]
mod tests {
    use super::accepts;

    #[test]
    fn an_encoding_is_accepted_by_its_name_or_by_a_star() {
        for (asked, wanted, accepted) in [
            ("gzip", "gzip", true),
            ("br;q=1.0, gzip;q=0.9", "gzip", true),
            ("br, gzip;q=0", "gzip", false),
            ("*", "gzip", true),
            ("gzip, *;q=0.0", "identity", false),
            ("br", "identity", true),
            ("br, identity", "gzip", false),
            ("", "gzip", true),
        ] {
            assert_eq!(accepts(asked, wanted), accepted, "{asked:?} {wanted}");
        }
    }
}
