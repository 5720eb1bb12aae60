//! Pings of addresses that are there, of thousands at once, of hosts that go away, and of liars.

mod liar;
mod net;
mod own;

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use nabat::probe::ping::{AddressFamily, Ping, Pinger, Round, probe};
use nabat::probe::{Manner, Outcome, Reach, Report, Tools};
use tokio::task::JoinSet;

use crate::world::nabat::command;
use liar::Liar;
use net::{HERE, Net, PEER, PEER_V6};

const PLAN: Round = Round {
    count: 3,
    spacing: Duration::from_millis(20),
    timeout: Duration::from_secs(5),
    size: 56,
    source: None,
    hops: None,
    fresh: false,
};

const MANNER: Manner = Manner::within(Duration::from_secs(5));

/// A probe of what is refused: the kernel says only now and then that something is.
const BRISK: Manner = Manner {
    timeout: Duration::from_millis(1_500),
    ..MANNER
};

/// A probe of what never answers.
const HASTY: Manner = Manner {
    timeout: Duration::from_millis(400),
    ..MANNER
};

/// Addresses of this machine: all of 127.0.0.0/8 are.
fn loopback(number: u32) -> IpAddr {
    Ipv4Addr::from(u32::from(Ipv4Addr::new(127, 1, 0, 1)) + number).into()
}

/// Probes a host as monitors do.
async fn look(host: &str, manner: Manner) -> Report {
    probed(&Ping::new(host), manner).await
}

async fn probed(ping: &Ping, manner: Manner) -> Report {
    let tools = Tools::start().unwrap();
    probe(ping, &tools, &tools.pinger, manner).await
}

/// Checks what came of a probe, and how it is said.
#[track_caller]
fn assert_report(report: &Report, outcome: Outcome, words: &str) {
    assert_eq!(report.outcome, outcome, "{report:?}");
    let [finding] = report.findings.as_slice() else {
        panic!("{report:?}");
    };
    assert_eq!(finding.words, words);
}

#[tokio::test]
async fn this_machine_answers_each_packet() {
    for host in ["127.0.0.1", "::1"] {
        let report = look(host, MANNER).await;
        assert_eq!(report.outcome, Outcome::Up, "{report:?}");
        assert!(
            report.findings[0].words.contains(" 0 of 3 lost"),
            "{report:?}"
        );
        assert!(
            report.latency.unwrap() < Duration::from_millis(100),
            "{report:?}"
        );
        assert_eq!(report.address, host.parse().ok());
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

#[tokio::test]
async fn a_name_is_pinged_at_the_address_that_is_meant() {
    let mut ping = Ping::new("localhost");
    let report = probed(&ping, MANNER).await;
    assert_eq!(
        report.address,
        Some(Ipv4Addr::LOCALHOST.into()),
        "{report:?}"
    );
    assert_eq!(report.outcome, Outcome::Up, "{report:?}");
    ping.host = "127.0.0.1".to_owned();
    ping.family = AddressFamily::Ip6;
    let report = probed(&ping, MANNER).await;
    assert_report(&report, Outcome::Down, "127.0.0.1 has no IPv6 address");
    let guarded = Manner {
        reach: Reach::PublicOnly,
        ..MANNER
    };
    let report = look("127.0.0.1", guarded).await;
    assert_eq!(report.outcome, Outcome::Unknown, "{report:?}");
}

#[tokio::test]
async fn a_neighbor_answers_whichever_socket_the_system_allows() {
    for datagram in [true, false] {
        let _net = Net::new(datagram);
        let pinger = Pinger::new().unwrap();
        for address in [PEER, PEER_V6] {
            let seen = pinger.round(address, PLAN).await;
            assert_eq!((seen.sent, seen.lost()), (3, 0), "{address}: {seen:?}");
        }
        for table in [["icmp", "raw"], ["icmp6", "raw6"]] {
            let open = table.map(net::sockets);
            let expected = if datagram { [1, 0] } else { [0, 1] };
            assert_eq!(open, expected, "{table:?}");
        }
    }
}

#[tokio::test]
async fn a_neighbor_that_went_away_is_down() {
    for datagram in [true, false] {
        let net = Net::new(datagram);
        for address in [PEER, PEER_V6] {
            let host = address.to_string();
            assert_eq!(look(&host, MANNER).await.outcome, Outcome::Up);
            net.peer(&format!(
                "ip address del {} dev cable",
                net::with_prefix(address)
            ));
            net.here(&format!("ip neighbor flush {address}"));
            let words = format!(
                "{address}: host unreachable: nobody on this machine's network has the address \
                 (3 packets lost)"
            );
            assert_report(&look(&host, BRISK).await, Outcome::Down, &words);
        }
    }
}

#[tokio::test]
async fn a_cut_cable_is_noticed_and_so_is_its_mending() {
    let net = Net::new(true);
    net.peer("ip link set cable down");
    // Whether this machine finds no neighbor or its own network takes nothing is a matter of moments.
    let report = look(&PEER.to_string(), MANNER).await;
    assert_ne!(report.outcome, Outcome::Up, "{report:?}");
    net.peer("ip link set cable up");
    net::await_reach(PEER);
    assert_eq!(look(&PEER.to_string(), MANNER).await.outcome, Outcome::Up);
}

#[tokio::test]
async fn what_a_router_says_is_told() {
    for datagram in [true, false] {
        let net = Net::new(datagram);
        net.here(&format!("ip route add 10.8.0.0/16 via {PEER}"));
        net.here(&format!("ip route add fd00:8::/64 via {PEER_V6}"));
        net.peer("ip route add unreachable 10.8.0.1");
        net.peer("ip route add prohibit 10.8.0.2");
        net.peer("ip route add blackhole 10.8.0.3");
        net.peer("ip route add unreachable fd00:8::1");
        for (host, manner, said) in [
            (
                "10.8.0.1",
                BRISK,
                "10.8.0.1: host unreachable, says 10.7.0.2 (1 packet lost)",
            ),
            (
                "10.8.0.2",
                BRISK,
                "10.8.0.2: forbidden by a firewall, says 10.7.0.2 (1 packet lost)",
            ),
            (
                "10.8.0.3",
                HASTY,
                "no answer from 10.8.0.3 within 400ms (1 packet)",
            ),
            (
                "fd00:8::1",
                BRISK,
                "fd00:8::1: network unreachable, says fd00:7::2 (1 packet lost)",
            ),
        ] {
            // One packet for each: a router says only now and then that it does not deliver.
            let ping = Ping {
                count: 1,
                ..Ping::new(host)
            };
            assert_report(&probed(&ping, manner).await, Outcome::Down, said);
        }
    }
}

#[tokio::test]
async fn what_this_machine_cannot_do_is_not_held_against_the_host() {
    let net = Net::new(true);
    net.here("ip route add unreachable 10.9.0.1");
    net.here("ip route add prohibit 10.9.0.2");
    net.here("ip route add blackhole 10.9.0.3");
    for (host, said) in [
        ("192.0.2.1", "this machine has no route to 192.0.2.1"),
        ("2001:db8::1", "this machine has no route to 2001:db8::1"),
        ("10.9.0.1", "this machine has no route to 10.9.0.1"),
        (
            "10.9.0.2",
            "this machine lets no ping to 10.9.0.2 out: a firewall forbids it, or it is a broadcast \
             address",
        ),
        ("10.9.0.3", "this machine has no route to 10.9.0.3"),
    ] {
        assert_report(&look(host, MANNER).await, Outcome::Unknown, said);
    }
}

#[tokio::test]
async fn loss_makes_a_host_degraded() {
    let net = Net::new(true);
    // The neighbor answers six packets at once, and then one a second.
    net.peer("echo 1 > /proc/sys/net/ipv4/icmp_ratemask");
    net.peer("echo 1000 > /proc/sys/net/ipv4/icmp_ratelimit");
    let ping = Ping {
        count: 20,
        ..Ping::new(PEER.to_string())
    };
    let manner = Manner {
        timeout: Duration::from_secs(1),
        ..MANNER
    };
    let report = probed(&ping, manner).await;
    assert_eq!(report.outcome, Outcome::Degraded, "{report:?}");
    let words = &report.findings[0].words;
    assert!(words.contains(" of 20 lost"), "{words}");
    assert!(words.ends_with("; expected at most 50 %"), "{words}");
}

#[tokio::test]
async fn hundreds_of_neighbors_that_are_not_there_delay_nobody() {
    let _net = Net::new(true);
    let pinger = Arc::new(Pinger::new().unwrap());
    let mut rounds = JoinSet::new();
    let plan = Round {
        timeout: Duration::from_secs(2),
        ..PLAN
    };
    for number in 0..700_u16 {
        let [high, low] = number.to_be_bytes();
        let pinger = Arc::clone(&pinger);
        rounds.spawn(async move { pinger.round([10, 7, 100 + high, low].into(), plan).await });
    }
    for _ in 0..20 {
        let seen = pinger.round(PEER, PLAN).await;
        assert_eq!((seen.sent, seen.lost()), (3, 0), "{seen:?}");
        assert!(
            seen.average().unwrap() < Duration::from_millis(100),
            "{seen:?}"
        );
    }
    while let Some(seen) = rounds.join_next().await {
        let seen = seen.unwrap();
        assert_eq!(
            (seen.received(), seen.fault.as_ref()),
            (0, None),
            "{seen:?}"
        );
    }
}

#[tokio::test]
async fn only_the_very_answer_counts() {
    let net = Net::new(true);
    // The kernel says nothing, so that the liar alone answers.
    net.here("echo 1 > /proc/sys/net/ipv4/icmp_echo_ignore_all");
    for (lie, received) in [
        (Liar::honest as liar::Lie, 3),
        (Liar::twice, 3),
        (Liar::other_cookie, 0),
        (Liar::other_sequence, 0),
        (Liar::without_cookie, 0),
        (Liar::the_one_before, 0),
    ] {
        let liar = Liar::start(lie);
        let pinger = Pinger::new().unwrap();
        let plan = Round {
            timeout: Duration::from_millis(300),
            ..PLAN
        };
        let seen = pinger.round(HERE, plan).await;
        assert_eq!((seen.sent, seen.received()), (3, received), "{seen:?}");
        liar.stop();
    }
}

#[tokio::test]
async fn an_answer_from_somebody_else_does_not_count() {
    let net = Net::new(false);
    net.here("echo 1 > /proc/sys/net/ipv4/icmp_echo_ignore_all");
    net.here("ip address add 10.7.0.9/32 dev lo");
    let liar = Liar::start_as([10, 7, 0, 9].into(), Liar::honest);
    let pinger = Pinger::new().unwrap();
    let plan = Round {
        timeout: Duration::from_millis(300),
        ..PLAN
    };
    let seen = pinger.round(HERE, plan).await;
    assert_eq!((seen.sent, seen.received()), (3, 0), "{seen:?}");
    liar.stop();
}

/// Runs `nabat ping`; returns its exit code and what it printed.
fn nabat_ping(arguments: &[&str]) -> (Option<i32>, String) {
    let output = command().arg("ping").args(arguments).output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    (output.status.code(), said)
}

#[test]
fn the_command_says_how_hosts_answer() {
    let hosts = ["127.0.0.1", "::1"];
    let options = ["-c", "2", "-i", "20ms", "-w", "5s"];
    let (code, said) = nabat_ping(&[&options[..], &hosts[..]].concat());
    assert_eq!(code, Some(0), "{said}");
    for host in hosts {
        let answers = said
            .lines()
            .filter(|line| line.starts_with(&format!("{host}: ")));
        assert_eq!(answers.count(), 2, "{said}");
    }
    let sum: Vec<&str> = said.lines().rev().take(3).collect();
    assert!(
        sum[2].starts_with("HOST") && sum[0].starts_with("::1 "),
        "{said}"
    );

    let (code, said) = nabat_ping(&[&options[..], &["-o", "json"], &hosts[..]].concat());
    assert_eq!(code, Some(0), "{said}");
    let shown: Vec<serde_json::Value> = serde_json::from_str(&said).unwrap();
    for (host, shown) in hosts.iter().zip(&shown) {
        assert_eq!(
            (&shown["host"], &shown["received"]),
            (&(*host).into(), &2.into())
        );
        assert!(shown["average_ms"].as_f64().is_some(), "{shown}");
    }
}

#[test]
fn the_command_fails_when_somebody_does_not_answer_or_it_is_called_wrongly() {
    let (code, said) = nabat_ping(&["-c", "1", "127.0.0.1", "255.255.255.255"]);
    assert_eq!(code, Some(1), "{said}");
    assert!(
        said.contains("255.255.255.255: this machine lets no ping"),
        "{said}"
    );
    for wrong in [
        &[][..],
        &["-i", "1ms", "127.0.0.1"],
        &["-4", "-6", "127.0.0.1"],
    ] {
        assert_eq!(nabat_ping(wrong).0, Some(2), "{wrong:?}");
    }
}
