//! What somebody means who names only a target: `10.0.0.1`, `db-1:5432`, `https://shop.example.org`.

use std::net::IpAddr;

/// What somebody means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shorthand {
    /// The kind of monitor, such as `ping`.
    pub kind: &'static str,
    /// The target as that kind takes it.
    pub target: String,
    /// What a monitor of it may be called.
    pub name: String,
}

/// The schemes of addresses, and the kind that each means.
const SCHEMES: [(&str, &str); 15] = [
    ("ping", "ping"),
    ("icmp", "ping"),
    ("tcp", "tcp"),
    ("tls", "tls"),
    ("dns", "dns"),
    ("grpc", "grpc"),
    ("ssh", "ssh"),
    ("smtp", "smtp"),
    ("redis", "redis"),
    ("postgres", "postgres"),
    ("mysql", "mysql"),
    ("ws", "websocket"),
    ("wss", "websocket"),
    ("domain", "domain"),
    ("group", "group"),
];
/// The longest name that is made of a target.
const NAME_CHARS_MAX: usize = 100;

/// Reads a target; nothing if it can't be one.
pub fn read(text: &str) -> Option<Shorthand> {
    let text = text.trim();
    if text.is_empty() || text.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return None;
    }
    let (kind, target) = match text.split_once("://") {
        Some(("http" | "https", rest)) if !rest.is_empty() => ("http", text.to_owned()),
        Some((scheme, rest)) if !rest.is_empty() => {
            let (_, kind) = SCHEMES.into_iter().find(|(known, _)| *known == scheme)?;
            let whole = kind == "websocket";
            (
                kind,
                if whole {
                    text
                } else {
                    rest.trim_end_matches('/')
                }
                .to_owned(),
            )
        }
        Some(_) => return None,
        None if text.parse::<IpAddr>().is_ok() => ("ping", text.to_owned()),
        None if has_port(text) => ("tcp", text.to_owned()),
        None if is_host(text) => ("ping", text.to_owned()),
        None => return None,
    };
    Some(Shorthand {
        kind,
        name: name(&target),
        target,
    })
}

/// Whether it is a host and a port: `db-1:5432`, `[2001:db8::1]:443`.
fn has_port(text: &str) -> bool {
    let Some((host, port)) = text.rsplit_once(':') else {
        return false;
    };
    let bracketed = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'));
    let host = bracketed.map_or_else(|| is_host(host), |host| host.parse::<IpAddr>().is_ok());
    // One that is too large is said to be so by whoever reads the whole.
    host && !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_host(text: &str) -> bool {
    let allowed = |c: char| c.is_alphanumeric() || matches!(c, '-' | '.' | '_');
    text.parse::<IpAddr>().is_ok()
        || (!text.is_empty() && text.chars().all(allowed) && !ends_in_number(text))
}

/// Whether it looks like an address: no name ends in a number, so `10.0.0.256` is a slip.
fn ends_in_number(text: &str) -> bool {
    let last = text.trim_end_matches('.').rsplit('.').next();
    text.contains('.') && last.is_some_and(|last| last.bytes().all(|byte| byte.is_ascii_digit()))
}

/// The target without its scheme, and with nothing that a name may not have.
fn name(target: &str) -> String {
    let rest = target.split_once("://").map_or(target, |(_, rest)| rest);
    // A user and a password are nobody's business.
    let rest = rest.rsplit_once('@').map_or(rest, |(_, rest)| rest);
    let rest = rest.split(['?', '#']).next().unwrap_or_default();
    let parts = rest.split('/').filter(|part| !part.is_empty());
    let name = parts.collect::<Vec<_>>().join(" ");
    let name: String = name
        .chars()
        .filter(|c| !matches!(c, '"' | '\\'))
        .take(NAME_CHARS_MAX)
        .collect();
    name.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_says_what_kind_it_is() {
        for (text, kind, target, name) in [
            ("10.0.0.1", "ping", "10.0.0.1", "10.0.0.1"),
            ("2001:db8::1", "ping", "2001:db8::1", "2001:db8::1"),
            (" router ", "ping", "router", "router"),
            ("db-1:5432", "tcp", "db-1:5432", "db-1:5432"),
            ("10.0.0.1:80", "tcp", "10.0.0.1:80", "10.0.0.1:80"),
            ("box.7a", "ping", "box.7a", "box.7a"),
            ("[::1]:443", "tcp", "[::1]:443", "[::1]:443"),
            (
                "tls://a.example:443/",
                "tls",
                "a.example:443",
                "a.example:443",
            ),
            (
                "https://u:p@a.example/x/y?k=1",
                "http",
                "https://u:p@a.example/x/y?k=1",
                "a.example x y",
            ),
            (
                "wss://a.example/live",
                "websocket",
                "wss://a.example/live",
                "a.example live",
            ),
            ("ping://10.0.0.1", "ping", "10.0.0.1", "10.0.0.1"),
            ("group://web-1,web-2", "group", "web-1,web-2", "web-1,web-2"),
        ] {
            let read = read(text).unwrap();
            assert_eq!(
                (read.kind, &*read.target, &*read.name),
                (kind, target, name)
            );
        }
    }

    #[test]
    fn what_is_no_target_is_none() {
        for text in [
            "",
            "a b",
            "gopher://x",
            "http://",
            "x:y",
            "a/b",
            "tcp://",
            "10.0.0.256",
            "10.0.1",
            "10.0.0.256:80",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
