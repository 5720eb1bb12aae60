//! Asks for names: the DNS servers of this machine, its `hosts` file, and where those know nothing
//! the C library, which may know more ways.

use std::fs;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use hickory_resolver::TokioResolver;
use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolverConfig, ResolverOpts};
use hickory_resolver::lookup::Lookup;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::rr::RData;
use hickory_resolver::system_conf::read_system_conf;

use super::NameError;
use super::cache::Said;

/// The files that say how this machine finds names.
const FILES: [&str; 2] = ["/etc/resolv.conf", "/etc/hosts"];
/// How long the C library's answers hold, which do not say it.
const UNSAID: Duration = Duration::from_secs(60);

/// Asks for names.
pub(super) struct Resolver {
    /// Those that are asked instead of those of this machine.
    servers: Vec<SocketAddr>,
    made: Mutex<Option<Made>>,
}

/// A client, as the files were when it was made.
struct Made {
    of: [Option<SystemTime>; FILES.len()],
    client: Option<TokioResolver>,
}

impl std::fmt::Debug for Resolver {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Resolver")
            .field("servers", &self.servers)
            .finish_non_exhaustive()
    }
}

impl Default for Resolver {
    fn default() -> Self {
        Self::of(&[])
    }
}

impl Resolver {
    /// Asks these servers instead of those of this machine, if there are any.
    pub(super) fn of(servers: &[SocketAddr]) -> Self {
        Self {
            servers: servers.to_vec(),
            made: Mutex::default(),
        }
    }

    /// The addresses of a name, IPv4 first.
    pub(super) async fn ask(&self, name: &str) -> Said {
        // Which addresses this machine itself has, its files say and not the standard.
        let is_ours = name == "localhost" && self.servers.is_empty();
        let Some(client) = self.client().filter(|_| !is_ours) else {
            return ask_library(name).await;
        };
        let (v4, v6) = tokio::join!(client.ipv4_lookup(name), client.ipv6_lookup(name));
        let said = summary(name, v4, v6);
        let has_other_ways = !name.trim_end_matches('.').contains('.') || name.ends_with(".local");
        match said {
            Err(NameError::None { .. }) if has_other_ways && self.servers.is_empty() => {
                ask_library(name).await.or(said)
            }
            _ => said,
        }
    }

    /// The client as the files say it now; `None` if they name no server that can be asked.
    fn client(&self) -> Option<TokioResolver> {
        let of = FILES.map(|file| fs::metadata(file).and_then(|file| file.modified()).ok());
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if made.as_ref().is_none_or(|made| made.of != of) {
            let client = self.make();
            *made = Some(Made { of, client });
        }
        made.as_ref()?.client.clone()
    }

    fn make(&self) -> Option<TokioResolver> {
        let (config, mut options) = match self.servers.as_slice() {
            [] => read_system_conf().ok()?,
            servers => (of_servers(servers), ResolverOpts::default()),
        };
        // The answers are kept by `Cache`.
        options.cache_size = 0;
        let provider = TokioRuntimeProvider::default();
        let builder = TokioResolver::builder_with_config(config, provider);
        builder.with_options(options).build().ok()
    }
}

fn of_servers(servers: &[SocketAddr]) -> ResolverConfig {
    let servers = servers.iter().map(|server| {
        let connections = [ConnectionConfig::udp(), ConnectionConfig::tcp()];
        let connections = connections.map(|mut connection| {
            connection.port = server.port();
            connection
        });
        NameServerConfig::new(server.ip(), true, connections.to_vec())
    });
    ResolverConfig::from_name_servers(servers.collect())
}

/// What two answers come to. That there is none of one kind says nothing while the other is not
/// known.
fn summary(name: &str, v4: Result<Lookup, NetError>, v6: Result<Lookup, NetError>) -> Said {
    let now = Instant::now();
    let mut addresses = Vec::new();
    let mut holds_for = Duration::MAX;
    let mut trouble = None;
    for answer in [v4, v6] {
        match answer {
            Ok(lookup) => {
                addresses.extend(
                    lookup
                        .answers()
                        .iter()
                        .filter_map(|record| match record.data {
                            RData::A(address) => Some(IpAddr::V4(address.0)),
                            RData::AAAA(address) => Some(IpAddr::V6(address.0)),
                            _ => None,
                        }),
                );
                holds_for = holds_for.min(lookup.valid_until().saturating_duration_since(now));
            }
            Err(error) if error.is_no_records_found() => {}
            Err(error) => trouble = Some(problem(&error)),
        }
    }
    let name = name.to_owned();
    match trouble {
        _ if !addresses.is_empty() => Ok((addresses, holds_for)),
        Some(problem) => Err(NameError::NoAnswer { name, problem }),
        None => Err(NameError::None { name }),
    }
}

fn problem(error: &NetError) -> String {
    match error {
        NetError::Timeout => "time-out".to_owned(),
        NetError::Dns(DnsError::ResponseCode(code)) => format!("the server says {code}"),
        other => other.to_string(),
    }
}

/// What the C library knows of a name.
async fn ask_library(name: &str) -> Said {
    let found = tokio::net::lookup_host((name, 0)).await;
    let found = found.map_err(|error| {
        let problem = error.to_string();
        // All that the standard library tells of the codes EAI_NONAME and EAI_NODATA is their text.
        let is_none = ["Name or service not known", "No address associated"];
        match is_none.iter().any(|text| problem.contains(text)) {
            true => NameError::None {
                name: name.to_owned(),
            },
            false => NameError::NoAnswer {
                name: name.to_owned(),
                problem,
            },
        }
    })?;
    let mut addresses: Vec<IpAddr> = found.map(|address| address.ip()).collect();
    addresses.sort_by_key(IpAddr::is_ipv6);
    addresses.dedup();
    Ok((addresses, UNSAID))
}
