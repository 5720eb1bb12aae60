//! Pings: whether an address answers echoes, how fast, and how many get lost.
//!
//! One socket of each family serves all targets, on one thread. An answer counts only if it comes
//! from the address that was asked, in time, and carries what only the question said.

mod carrier;
mod inbox;
mod packet;
mod rounds;
mod seen;
mod settings;
mod socket;
mod sockets;
mod verdict;

use std::fmt;
use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use tokio::sync::oneshot;

use super::trace::Trace;
use super::{Finding, Manner, Report, Tools, connect};
use inbox::{Inbox, Teller};
use rounds::Active;

pub use inbox::Listener;
pub use rounds::Round;
pub use seen::{By, Fault, Refusal, Seen, jitter};
pub use settings::{AddressFamily, Ping};
pub use verdict::took;

/// A round ends at a tick of the thread that carries it, at most so long after its time.
const SLACK: Duration = Duration::from_millis(20);

/// Pings the host once, with as many packets as its settings say.
pub async fn probe(ping: &Ping, tools: &Tools, pinger: &Pinger, manner: Manner) -> Report {
    let mut trace = Trace::new(manner);
    let seen = look(ping, tools, pinger, &mut trace).await;
    let latency = seen.as_ref().ok().and_then(Seen::average);
    let result = seen.map(drop);
    Report {
        latency,
        ..trace.finish(result)
    }
}

async fn look(
    ping: &Ping,
    tools: &Tools,
    pinger: &Pinger,
    trace: &mut Trace,
) -> Result<Seen, Finding> {
    let addresses = connect::addresses(&ping.host, tools, trace).await?;
    let address = addresses
        .into_iter()
        .find(|address| ping.family.has(*address));
    let address = address.ok_or_else(|| {
        let (host, wanted) = (&ping.host, ping.family.name());
        Finding::down(format!("{host} has no {wanted}"))
    })?;
    trace.address = Some(address);
    let timeout = trace.left().saturating_sub(SLACK);
    let plan = Round {
        count: ping.count,
        spacing: ping.spacing_within(timeout),
        timeout,
        size: ping.size,
        source: trace.manner.source,
        hops: ping.hops,
        fresh: trace.manner.fresh,
    };
    let seen = pinger.round(address, plan).await;
    // A host that is not willing to answer says so, and so that it is there.
    let refused = seen.refusal.map(|refusal| refusal.by) == Some(By::Router(address));
    trace.replied |= seen.received() > 0 || refused;
    trace.figure(|figures| figures.hop_limit = seen.hop_limit);
    trace.note(verdict::verdict(&seen, ping, address, trace.manner.timeout));
    Ok(seen)
}

/// Pings addresses, thousands at a time. Sockets are opened when they are needed first.
pub struct Pinger {
    inbox: Arc<Inbox>,
}

impl fmt::Debug for Pinger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pinger").finish_non_exhaustive()
    }
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
        let order = Active::new(address, plan, Teller::Task(teller));
        self.inbox.put(order);
        told.await.unwrap_or_else(|_| Seen {
            fault: Some(Fault::Stopped),
            ..Seen::default()
        })
    }

    /// Has an address pinged, and `listener` told what was seen of `host`, as it calls it.
    pub fn begin(&self, address: IpAddr, plan: Round, host: usize, listener: Arc<dyn Listener>) {
        let teller = Teller::Listener(host, listener);
        self.inbox.put(Active::new(address, plan, teller));
    }
}

impl Drop for Pinger {
    fn drop(&mut self) {
        self.inbox.close();
    }
}
