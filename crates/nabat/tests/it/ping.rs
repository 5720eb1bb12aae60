//! Pings of addresses that are there, of thousands at once, and of hosts that go away.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use nabat::probe::ping::{Pinger, Round};
use tokio::task::JoinSet;

const PLAN: Round = Round {
    count: 3,
    spacing: Duration::from_millis(20),
    timeout: Duration::from_secs(5),
    size: 56,
    fresh: false,
};

/// Addresses of this machine: all of 127.0.0.0/8 are.
fn loopback(number: u32) -> IpAddr {
    Ipv4Addr::from(u32::from(Ipv4Addr::new(127, 1, 0, 1)) + number).into()
}

#[tokio::test]
async fn this_machine_answers_each_packet() {
    let pinger = Pinger::new().unwrap();
    for address in [loopback(0), IpAddr::from([0, 0, 0, 0, 0, 0, 0, 1])] {
        let seen = pinger.round(address, PLAN).await;
        assert_eq!((seen.sent, seen.lost()), (3, 0), "{address}: {seen:?}");
        let slowest = seen.rtts.iter().max().unwrap();
        assert!(*slowest < Duration::from_millis(100), "{address}: {seen:?}");
    }
}

#[tokio::test]
async fn of_thousands_of_targets_at_once_none_is_lost() {
    let pinger = Arc::new(Pinger::new().unwrap());
    let mut rounds = JoinSet::new();
    for number in 0..10_000 {
        let pinger = Arc::clone(&pinger);
        let fresh = number % 1_000 == 0;
        let plan = Round { fresh, ..PLAN };
        rounds.spawn(async move { pinger.round(loopback(number), plan).await });
    }
    while let Some(seen) = rounds.join_next().await {
        let seen = seen.unwrap();
        assert_eq!((seen.sent, seen.lost()), (3, 0), "{seen:?}");
    }
}
