//! `nabat ping`: asks hosts now and shows how they answer, without a server or a configuration.

mod tally;
mod view;

use std::io::IsTerminal as _;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use nabat_core::time::format_period;
use tokio::sync::mpsc;
use tokio::time::MissedTickBehavior;

use super::output::{Output, json};
use super::{Failure, Outcome, complain, print, runtime, words};
use crate::probe::names::{NameError, Names};
use crate::probe::ping::{AddressFamily, Listener, Pinger, Round, Seen};
use tally::{Answer, Tally};
use view::View;

/// How many packets are sent where nobody watches who could say that it is enough.
const UNWATCHED: u32 = 3;
/// The shortest time between two packets to a host: what an office network stands.
const SHORTEST: Duration = Duration::from_millis(10);
/// How often what is seen is drawn anew.
const FRAME: Duration = Duration::from_millis(100);

/// How long answers are gathered.
const GATHERED: Duration = Duration::from_millis(10);
/// How many answers are taken in at a time.
const AT_A_TIME: usize = 1_024;

/// Ping hosts now and see how they answer
///
/// At a terminal there is a line for each host, kept up to date until Ctrl-C. Elsewhere each answer
/// is a line, and the sum comes last. Exit code 0: all hosts answered; 1: some did not.
#[derive(Debug, Args)]
pub(super) struct Ping {
    /// Names or addresses
    #[arg(required = true, value_name = "HOST")]
    hosts: Vec<String>,
    /// How many packets to send to each; without it until Ctrl-C at a terminal, else 3
    #[arg(short, long, value_parser = clap::value_parser!(u32).range(1..))]
    count: Option<u32>,
    /// How long after one packet the next is sent: 1s, 200ms
    #[arg(short, long, default_value = "1s", value_parser = words::period)]
    interval: Duration,
    /// How long to wait for an answer
    #[arg(short = 'w', long, default_value = "1s", value_parser = words::period)]
    timeout: Duration,
    /// How many bytes a packet carries
    #[arg(short, long, default_value_t = 56, value_parser = clap::value_parser!(u16).range(8..=65_000), value_name = "BYTES")]
    size: u16,
    /// Only IPv4
    #[arg(short = '4', long, conflicts_with = "ipv6")]
    ipv4: bool,
    /// Only IPv6
    #[arg(short = '6', long)]
    ipv6: bool,
    /// For people or for scripts
    #[arg(short, long, value_enum, default_value_t = Output::Text)]
    output: Output,
}

/// What is told of a host, by its place on the command line.
type Told = (usize, Event);

enum Event {
    Address(IpAddr),
    Answer(Answer),
}

impl Ping {
    pub(super) fn run(self) -> Outcome {
        if self.interval < SHORTEST {
            let shortest = format_period(SHORTEST);
            let usage = format!("nabat: --interval is at least {shortest}");
            return Err(Failure::Usage(usage));
        }
        runtime()?.block_on(self.ping())
    }

    async fn ping(self) -> Outcome {
        let is_live = self.output == Output::Text && std::io::stdout().is_terminal();
        let (teller, mut told) = mpsc::unbounded_channel();
        let way = Arc::new(Way {
            pinger: Pinger::new()?,
            names: Names::default(),
            family: self.family(),
            plan: Round {
                count: 1,
                spacing: Duration::ZERO,
                timeout: self.timeout,
                size: self.size,
                source: None,
                hops: None,
                fresh: false,
            },
            interval: self.interval,
            count: self.count.or((!is_live).then_some(UNWATCHED)),
            teller,
        });
        let mut tallies: Vec<Tally> = self.hosts.iter().map(|host| Tally::of(host)).collect();
        for (place, host) in self.hosts.into_iter().enumerate() {
            tokio::spawn(Arc::clone(&way).follow(place, host));
        }
        drop(way);
        let mut view = is_live.then(View::default);
        let mut frame = tokio::time::interval(FRAME);
        frame.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut stop = std::pin::pin!(tokio::signal::ctrl_c());
        let says_all = !is_live && self.output == Output::Text;
        let mut news = Vec::new();
        loop {
            tokio::select! {
                count = told.recv_many(&mut news, AT_A_TIME) => {
                    if count == 0 {
                        break;
                    }
                    for (place, event) in news.drain(..) {
                        let Some(tally) = tallies.get_mut(place) else { continue };
                        if tally.note(event) && says_all {
                            print(&format!("{}\n", tally.line()));
                        }
                    }
                    // To wake up for each answer would cost more than all else.
                    tokio::time::sleep(GATHERED).await;
                }
                _ = frame.tick() => {
                    if let Some(view) = &mut view {
                        view.draw(&tallies);
                    }
                }
                _ = &mut stop => break,
            }
        }
        match view {
            Some(mut view) => view.finish(&tallies),
            None if self.output == Output::Json => json(&tally::shown(&tallies))?,
            None => print(&view::table(&tallies, None)),
        }
        let silent = tallies.iter().filter(|tally| !tally.has_answered()).count();
        if silent == 0 {
            return Ok(());
        }
        if self.output == Output::Text {
            complain(&format!(
                "nabat: {silent} of {} did not answer",
                tallies.len()
            ));
        }
        Err(Failure::Said)
    }

    const fn family(&self) -> AddressFamily {
        match (self.ipv4, self.ipv6) {
            (true, _) => AddressFamily::Ip4,
            (_, true) => AddressFamily::Ip6,
            _ => AddressFamily::Any,
        }
    }
}

/// How all hosts are pinged.
struct Way {
    pinger: Pinger,
    names: Names,
    family: AddressFamily,
    plan: Round,
    interval: Duration,
    /// How many packets each host is sent; `None`: until it is enough.
    count: Option<u32>,
    teller: mpsc::UnboundedSender<Told>,
}

impl Way {
    /// Pings a host at each interval, whether or not the packets before were answered.
    async fn follow(self: Arc<Self>, place: usize, host: String) {
        // On the heap for as long as it takes: thousands of hosts are followed from then on.
        let address = match Box::pin(self.address(&host)).await {
            Ok(address) => address,
            Err(trouble) => return self.tell(place, Event::Answer(Answer::Nowhere(trouble))),
        };
        self.tell(place, Event::Address(address));
        let mut turn = tokio::time::interval(self.interval);
        turn.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut sent = 0;
        while self.count.is_none_or(|count| sent < count) {
            turn.tick().await;
            sent += 1;
            let listener = Arc::clone(&self) as _;
            self.pinger.begin(address, self.plan, place, listener);
        }
    }

    async fn address(&self, host: &str) -> Result<IpAddr, String> {
        let found = self.names.resolve(host, false).await;
        let mut found = found.map_err(nameless)?.into_iter();
        let address = found.find(|address| self.family.has(*address));
        address.ok_or_else(|| format!("it has no {}", self.family.name()))
    }

    fn tell(&self, place: usize, event: Event) {
        // Who listened has seen enough.
        let _ = self.teller.send((place, event));
    }
}

impl Listener for Way {
    fn seen(&self, host: usize, seen: Seen) {
        self.tell(host, Event::Answer(Answer::of(seen, self.plan.timeout)));
    }
}

fn nameless(error: NameError) -> String {
    match error {
        NameError::None { .. } => "the name has no address".to_owned(),
        NameError::NoAnswer { problem, .. } => {
            format!("no resolver could tell its address: {problem}")
        }
    }
}
