//! Where `nabat serve` listens and how it is reached, in Nabat's words or in Alertmanager's.
//!
//! A flag goes before a variable of the environment, which a container sets for everybody.

use std::fmt::Display;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, ToSocketAddrs as _};
use std::str::FromStr;

use clap::Args;
use reqwest::Url;

use super::{Failure, words};
use crate::app;
use crate::config::environment;

/// Where Nabat listens if nobody says.
const HOST: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const PORT: u16 = 8080;

/// An address, and what stands before every path.
#[derive(Debug, Args)]
pub(super) struct Place {
    /// The port to listen on; 0 takes a free one [env: NABAT_PORT] [default: 8080]
    #[arg(short, long)]
    port: Option<u16>,
    /// The address to listen on [env: NABAT_HOST] [default: 127.0.0.1]
    #[arg(short = 'H', long)]
    host: Option<IpAddr>,
    /// Address and port in one, as Alertmanager has it; `:9093` listens on every address
    #[arg(
        long = "web.listen-address",
        value_name = "ADDRESS",
        conflicts_with_all = ["port", "host"]
    )]
    listen: Option<String>,
    /// The address under which people and programs reach this Nabat, for links; goes before
    /// `external_url` of the configuration
    #[arg(long = "web.external-url", value_name = "URL", value_parser = words::address)]
    external_url: Option<Url>,
    /// What every path begins with [default: the path of --web.external-url]
    #[arg(long = "web.route-prefix", value_name = "PATH")]
    route_prefix: Option<String>,
}

impl Place {
    /// Makes sense of it.
    pub(super) fn read(&self) -> Result<app::Place, Failure> {
        let address = match &self.listen {
            Some(listen) => address(listen)?,
            None => SocketAddr::new(self.host()?, self.port()?),
        };
        let external_url = self.external_url.as_ref().map(Url::as_str);
        let external_url = external_url.map(|url| url.trim_end_matches('/').to_owned());
        let path = self.external_url.as_ref().map(Url::path);
        let prefix = self.route_prefix.as_deref().or(path).unwrap_or_default();
        Ok(app::Place {
            address,
            prefix: prefix_of(prefix)?,
            external_url,
        })
    }

    fn host(&self) -> Result<IpAddr, Failure> {
        let host = self
            .host
            .map_or_else(|| variable("NABAT_HOST"), |host| Ok(Some(host)));
        Ok(host?.unwrap_or(HOST))
    }

    fn port(&self) -> Result<u16, Failure> {
        let port = self
            .port
            .map_or_else(|| variable("NABAT_PORT"), |port| Ok(Some(port)));
        Ok(port?.unwrap_or(PORT))
    }
}

/// What a variable of the environment says where no flag does.
fn variable<T: FromStr<Err: Display>>(name: &str) -> Result<Option<T>, Failure> {
    let read = environment(name).map(|text| {
        let read = text.parse();
        read.map_err(|error| Failure::Usage(format!("nabat: {name} is `{text}`: {error}")))
    });
    read.transpose()
}

/// `127.0.0.1:9093`, `localhost:9093`, `[::1]:9093`, or `:9093` for every address.
fn address(listen: &str) -> Result<SocketAddr, Failure> {
    let whole = match listen.strip_prefix(':') {
        Some(port) => format!("[::]:{port}"),
        None => listen.to_owned(),
    };
    let found = whole.to_socket_addrs().ok().and_then(|mut all| all.next());
    found.ok_or_else(|| {
        Failure::Usage(format!(
            "`{listen}` is no address to listen on: write a host and a port such as `127.0.0.1:9093`, or `:9093`"
        ))
    })
}

/// With a slash before it and none behind it; nothing for the root.
fn prefix_of(path: &str) -> Result<String, Failure> {
    let path = path.trim_matches('/');
    let plain = |c: char| c.is_ascii_alphanumeric() || "-._~/".contains(c);
    let mut parts = path.split('/');
    // Whoever calls takes such parts out of an address before it is sent.
    if !path.chars().all(plain)
        || path.contains("//")
        || parts.any(|part| matches!(part, "." | ".."))
    {
        return Err(Failure::Usage(format!(
            "`{path}` can't stand before every path: use letters, digits, `-`, `.`, `_`, `~` and `/`, and neither `.` nor `..` alone"
        )));
    }
    Ok(match path {
        "" => String::new(),
        path => format!("/{path}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_as_alertmanager_reads_them() {
        let read = |listen| address(listen).ok().map(|address| address.to_string());
        assert_eq!(read("127.0.0.1:9093").as_deref(), Some("127.0.0.1:9093"));
        assert_eq!(read(":9093").as_deref(), Some("[::]:9093"));
        assert_eq!(read("[::1]:1").as_deref(), Some("[::1]:1"));
        assert_eq!(read("9093"), None);
    }

    #[test]
    fn a_prefix_has_a_slash_before_it_and_none_behind_it() {
        let read = |path| prefix_of(path).ok();
        for (path, prefix) in [("", ""), ("/", ""), ("/foo/", "/foo"), ("a/b", "/a/b")] {
            assert_eq!(read(path).as_deref(), Some(prefix), "{path}");
        }
        for path in ["/{x}", "/a//b", "/a b", "/..", "/a/./b"] {
            assert_eq!(read(path), None, "{path}");
        }
    }
}
