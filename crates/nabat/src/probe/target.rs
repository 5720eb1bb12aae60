//! What is looked at, of whatever kind.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use super::{
    Condition, Manner, Report, Tools, address, command, condition, dns, domain, grpc, http, mysql,
    ping, postgres, redis, smtp, ssh, tcp, tls, websocket,
};

/// What is looked at.
#[derive(Debug, Clone, PartialEq)]
pub enum Target {
    /// A host that answers echoes.
    Ping(Arc<ping::Ping>),
    /// A web page or an HTTP service.
    Http(Arc<http::Http>),
    /// A port that takes connections, and maybe answers as it should.
    Tcp(Arc<tcp::Tcp>),
    /// A certificate, and the server that shows it.
    Tls(Arc<tls::Tls>),
    /// A name, and what the DNS says of it.
    Dns(Arc<dns::Dns>),
    /// A gRPC server that says how it is.
    Grpc(Arc<grpc::Grpc>),
    /// A server that speaks SSH.
    Ssh(Arc<ssh::Ssh>),
    /// A mail server.
    Smtp(Arc<smtp::Smtp>),
    /// A Redis server.
    Redis(Arc<redis::Redis>),
    /// A PostgreSQL server.
    Postgres(Arc<postgres::Postgres>),
    /// A MySQL or MariaDB server.
    Mysql(Arc<mysql::Mysql>),
    /// A WebSocket.
    Websocket(Arc<websocket::Websocket>),
    /// The registration of a domain.
    Domain(Arc<domain::Domain>),
    /// A program that looks for itself.
    Command(Arc<command::Command>),
}

impl Target {
    /// The kind, as it is called in settings.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Ping(_) => "ping",
            Self::Http(_) => "http",
            Self::Tcp(_) => "tcp",
            Self::Tls(_) => "tls",
            Self::Dns(_) => "dns",
            Self::Grpc(_) => "grpc",
            Self::Ssh(_) => "ssh",
            Self::Smtp(_) => "smtp",
            Self::Redis(_) => "redis",
            Self::Postgres(_) => "postgres",
            Self::Mysql(_) => "mysql",
            Self::Websocket(_) => "websocket",
            Self::Domain(_) => "domain",
            Self::Command(_) => "command",
        }
    }

    /// The host whose load is bounded. What runs here and whoever is asked for others have none of
    /// their own: each is one.
    pub fn host(&self) -> Arc<str> {
        let host = match self {
            Self::Ping(ping) => &ping.host,
            Self::Http(http) => http.url.url().host_str().unwrap_or_default(),
            Self::Tcp(tcp) => &tcp.address.host,
            Self::Tls(tls) => &tls.address.host,
            Self::Dns(dns) => dns.server.as_ref().map_or("dns", |server| &server.host),
            Self::Grpc(grpc) => &grpc.address.host,
            Self::Ssh(ssh) => &ssh.address.host,
            Self::Smtp(smtp) => &smtp.address.host,
            Self::Redis(redis) => &redis.address.host,
            Self::Postgres(postgres) => &postgres.address.host,
            Self::Mysql(mysql) => &mysql.address.host,
            Self::Websocket(websocket) => websocket.url.url().host_str().unwrap_or_default(),
            Self::Domain(_) => "rdap",
            Self::Command(_) => "command",
        };
        host.into()
    }

    /// Whether it is on this machine, as far as its settings say.
    pub fn is_local(&self) -> bool {
        let host = self.host();
        let address = host.trim_start_matches('[').trim_end_matches(']');
        let loopback = |address: IpAddr| address.is_loopback();
        &*host == "localhost" || address.parse().is_ok_and(loopback)
    }

    /// What is looked at, for people: holds no secret.
    pub fn instance(&self) -> String {
        match self {
            Self::Ping(ping) => ping.host.clone(),
            Self::Http(http) => address::public(http.url.url()),
            Self::Tcp(tcp) => tcp.address.to_string(),
            Self::Tls(tls) => tls.address.to_string(),
            Self::Dns(dns) => dns.name.to_string(),
            Self::Grpc(grpc) => grpc.address.to_string(),
            Self::Ssh(ssh) => ssh.address.to_string(),
            Self::Smtp(smtp) => smtp.address.to_string(),
            Self::Redis(redis) => redis.address.to_string(),
            Self::Postgres(postgres) => postgres.address.to_string(),
            Self::Mysql(mysql) => mysql.address.to_string(),
            Self::Websocket(websocket) => address::public(websocket.url.url()),
            Self::Domain(domain) => domain.name.clone(),
            // Its arguments may hold secrets.
            Self::Command(command) => command.run.first().cloned().unwrap_or_default(),
        }
    }

    /// How long a look may take where nobody says.
    pub const fn usual_timeout(&self) -> Duration {
        match self {
            Self::Ping(_) => Duration::from_secs(1),
            Self::Dns(_) => Duration::from_secs(5),
            Self::Command(_) | Self::Domain(_) => Duration::from_secs(30),
            _ => Duration::from_secs(10),
        }
    }

    /// How often it is looked at where nobody says.
    pub const fn usual_interval(&self) -> Duration {
        match self {
            // Registries want to be left alone, and a registration does not end from one hour to
            // the next.
            Self::Domain(_) => Duration::from_secs(12 * 3_600),
            Self::Command(_) => Duration::from_secs(60),
            _ => Duration::from_secs(30),
        }
    }

    /// Looks once, and holds what was seen against `conditions`.
    pub async fn probe(
        &self,
        conditions: &Arc<[Condition]>,
        tools: &Tools,
        manner: Manner,
    ) -> Report {
        let report = self.look(tools, manner).await;
        condition::judge(conditions, report, &tools.evaluations, manner.reach).await
    }

    async fn look(&self, tools: &Tools, manner: Manner) -> Report {
        match self {
            Self::Ping(ping) => ping::probe(ping, tools, &tools.pinger, manner).await,
            Self::Http(http) => http::probe(http, tools, manner).await,
            Self::Tcp(tcp) => tcp::probe(tcp, tools, manner).await,
            Self::Tls(tls) => tls::probe(tls, tools, manner).await,
            Self::Dns(dns) => dns::probe(dns, tools, manner).await,
            Self::Grpc(grpc) => grpc::probe(grpc, tools, manner).await,
            Self::Ssh(ssh) => ssh::probe(ssh, tools, manner).await,
            Self::Smtp(smtp) => smtp::probe(smtp, tools, manner).await,
            Self::Redis(redis) => redis::probe(redis, tools, manner).await,
            Self::Postgres(postgres) => postgres::probe(postgres, tools, manner).await,
            Self::Mysql(mysql) => mysql::probe(mysql, tools, manner).await,
            Self::Websocket(websocket) => websocket::probe(websocket, tools, manner).await,
            Self::Domain(domain) => domain::probe(domain, tools, manner).await,
            Self::Command(command) => command::probe(command, tools, manner).await,
        }
    }
}
