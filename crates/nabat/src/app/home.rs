//! Under which address a Nabat is found whose configuration does not say it.

use std::fs;
use std::net::SocketAddr;

/// As Alertmanager has it, with the machine's name where it listens on every address.
pub(super) fn home(listening: SocketAddr, prefix: &str) -> String {
    // systemd may hide the first.
    let files = ["/proc/sys/kernel/hostname", "/etc/hostname"].into_iter();
    let names = files.filter_map(|file| fs::read_to_string(file).ok());
    let name = names
        .map(|name| name.trim().to_owned())
        .find(|name| !name.is_empty());
    address(listening, name.as_deref().unwrap_or_default(), prefix)
}

fn address(listening: SocketAddr, name: &str, prefix: &str) -> String {
    // What is given for every address is the address of nobody.
    match listening.ip().is_unspecified() && !name.is_empty() {
        true => format!("http://{name}:{}{prefix}", listening.port()),
        false => format!("http://{listening}{prefix}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_address_is_that_of_the_machine() {
        for (listening, expected) in [
            ("0.0.0.0:9093", "http://db-1:9093/x"),
            ("[::]:9093", "http://db-1:9093/x"),
            ("127.0.0.1:80", "http://127.0.0.1:80/x"),
            ("[::1]:80", "http://[::1]:80/x"),
        ] {
            assert_eq!(address(listening.parse().unwrap(), "db-1", "/x"), expected);
        }
        let nameless = address("0.0.0.0:1".parse().unwrap(), "", "");
        assert_eq!(nameless, "http://0.0.0.0:1");
    }
}
