//! A real DNS server, and ones that lie.

use std::net::SocketAddr;

use nabat::probe::dns::{Dns, probe};
use nabat::probe::{Manner, Outcome, Report, ShortOrLong, Tools};
use serde_json::{Value, json};
use tokio::net::UdpSocket;

use super::{HASTY, MANNER, assert_report, settings};
use crate::world::service::Service;

async fn ask_in(manner: Manner, written: Value) -> Report {
    let ShortOrLong(dns): ShortOrLong<Dns> = settings(written);
    probe(&dns, &Tools::start().unwrap(), manner).await
}

#[tokio::test]
async fn records_are_compared_with_those_expected() {
    let server = Service::dns().await;
    let ask = async |name: &str, more: Value| {
        let mut written = json!({"name": name, "server": server.address()});
        written
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        ask_in(MANNER, written).await
    };
    for (name, more) in [
        ("example.test", json!({})),
        (
            "example.test",
            json!({"expect": ["10.1.2.3"], "matching": "exact"}),
        ),
        (
            "EXAMPLE.test.",
            json!({"type": "AAAA", "expect": ["2001:db8::1"]}),
        ),
        (
            "example.test",
            json!({"type": "MX", "expect": ["10 Mail.example.test."]}),
        ),
        (
            "example.test",
            json!({"type": "TXT", "expect": ["v=spf1 -all"]}),
        ),
        (
            "www.example.test",
            json!({"type": "CNAME", "expect": ["example.test"]}),
        ),
        ("example.test", json!({"expect": ["10.9.9.9", "10.1.2.3"]})),
        ("nothing.test", json!({"rcode": "NXDOMAIN"})),
        ("elsewhere.invalid", json!({"rcode": "REFUSED"})),
    ] {
        let report = ask(name, more).await;
        assert_report(&report, Outcome::Up, &[]);
    }
    for (name, more, told) in [
        (
            "nothing.test",
            json!({}),
            "answer NXDOMAIN, expected NOERROR",
        ),
        (
            "example.test",
            json!({"rcode": "NXDOMAIN"}),
            "answer NOERROR, expected NXDOMAIN",
        ),
        ("example.test", json!({"type": "SRV"}), "no SRV record"),
        (
            "example.test",
            json!({"expect": ["10.9.9.9"]}),
            "A 10.1.2.3, expected 10.9.9.9",
        ),
        (
            "example.test",
            json!({"expect": ["10.9.9.9", "10.8.8.8"]}),
            "A 10.1.2.3, expected one of 10.8.8.8, 10.9.9.9",
        ),
        (
            "example.test",
            json!({"expect": ["10.1.2.3", "10.9.9.9"], "matching": "exact"}),
            "A 10.1.2.3, expected exactly 10.1.2.3, 10.9.9.9",
        ),
    ] {
        let report = ask(name, more).await;
        assert_report(&report, Outcome::Down, &[told]);
    }
    // More than fits in a packet comes by TCP.
    let last = "19".repeat(100);
    let report = ask("big.example.test", json!({"type": "TXT", "expect": [last]})).await;
    assert_report(&report, Outcome::Up, &[]);
}

#[tokio::test]
async fn who_does_not_answer_the_question_is_down() {
    let closed = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let address = closed.local_addr().unwrap();
    drop(closed);
    let written = json!({"name": "example.org", "server": address.to_string()});
    let report = ask_in(MANNER, written).await;
    let told = format!("connection refused by {address}");
    assert_report(&report, Outcome::Down, &[&told]);
    let liar = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let address: SocketAddr = liar.local_addr().unwrap();
    let lying = tokio::spawn(async move {
        let mut packet = [0; 512];
        loop {
            let (size, from) = liar.recv_from(&mut packet).await.unwrap();
            // An answer to another question, and what is none at all.
            packet[0] ^= 1;
            packet[2] |= 0x80;
            liar.send_to(&packet[..size], from).await.unwrap();
            liar.send_to(b"garbage", from).await.unwrap();
        }
    });
    let written = json!({"name": "example.org", "server": address.to_string()});
    let report = ask_in(HASTY, written).await;
    lying.abort();
    assert_eq!(report.outcome, Outcome::Down, "{report:?}");
    assert!(report.words().starts_with("no answer"), "{report:?}");
}

#[test]
fn a_name_alone_is_enough() {
    let ShortOrLong(dns): ShortOrLong<Dns> = settings(json!("www.example.org"));
    assert_eq!(dns.name.text(), "www.example.org");
    let ShortOrLong(dns): ShortOrLong<Dns> = settings(json!("_dmarc.пример.рф"));
    assert_eq!(dns.name.text(), "_dmarc.xn--e1afmkfd.xn--p1ai");
    let read: Result<ShortOrLong<Dns>, _> = serde_json::from_value(json!("a..b"));
    read.unwrap_err();
}
