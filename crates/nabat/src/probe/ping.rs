//! Pings: whether an address answers echoes, how fast, and how many get lost.
//!
//! One socket of each family serves all targets, on one thread. An answer counts only if it comes
//! from the address that was asked, in time, and carries what only the question said.

mod carrier;
mod inbox;
mod packet;
mod rounds;
mod seen;
mod socket;
mod sockets;

use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::thread;

use tokio::sync::oneshot;

use inbox::Inbox;
use rounds::Active;

pub use rounds::Round;
pub use seen::{By, Fault, Refusal, Seen, jitter};

/// Pings addresses, thousands at a time. Sockets are opened when they are needed first.
#[derive(Debug)]
pub struct Pinger {
    inbox: Arc<Inbox>,
}

impl Pinger {
    /// Starts the thread that carries pings. It ends with the pinger.
    ///
    /// # Errors
    /// If the system starts no thread.
    pub fn new() -> io::Result<Self> {
        let inbox = Arc::new(Inbox::default());
        let waiting = Arc::clone(&inbox);
        let thread = thread::Builder::new().name("pings".to_owned());
        thread.spawn(move || carrier::carry(&waiting))?;
        Ok(Self { inbox })
    }

    /// Pings an address. Ends as soon as nothing more is awaited; who stops waiting stops it.
    pub async fn round(&self, address: IpAddr, plan: Round) -> Seen {
        let (teller, told) = oneshot::channel();
        self.inbox.put(Active::new(address, plan, teller));
        told.await.unwrap_or_else(|_| Seen {
            fault: Some(Fault::Stopped),
            ..Seen::default()
        })
    }
}

/// interim
#[derive(Debug, Clone, PartialEq, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Ping {
    /// Its name or address.
    pub host: String,
}

impl super::Short for Ping {
    fn short(text: &str) -> Result<Self, String> {
        Ok(Self {
            host: text.to_owned(),
        })
    }
    fn text_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({"type": "string"})
    }
}

/// interim
pub async fn probe(settings: &Ping, tools: &super::Tools, manner: super::Manner) -> super::Report {
    use super::{Finding, Outcome, Report};
    let addresses = match tools.names.resolve(&settings.host, manner.fresh).await {
        Ok(addresses) => addresses,
        Err(error) => return Report::unknown(&error.to_string()),
    };
    let Some(address) = addresses.first().copied() else {
        return Report::unknown("no address");
    };
    let seen = tools
        .pinger
        .round(
            address,
            Round {
                count: 3,
                spacing: std::time::Duration::from_millis(100),
                timeout: manner.timeout,
                size: 56,
                fresh: manner.fresh,
            },
        )
        .await;
    let up = !seen.rtts.is_empty();
    let finding = match (up, seen.fault.is_some()) {
        (true, _) => Finding::up(format!("{:?}", seen.rtts)),
        (false, true) => Finding::unknown(format!("{:?}", seen.fault)),
        (false, false) => Finding::down("no answer"),
    };
    Report {
        outcome: finding.outcome,
        latency: seen.rtts.first().copied(),
        address: Some(address),
        loss_percent: None,
        phases: Vec::new(),
        findings: vec![finding],
    }
}

impl Drop for Pinger {
    fn drop(&mut self) {
        self.inbox.close();
    }
}
