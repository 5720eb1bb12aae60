//! Names, asked of a DNS server that answers as it likes.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use nabat::probe::names::{NameError, Names};
use tokio::net::UdpSocket;
use tokio::task::JoinSet;

const A: u8 = 1;
const AAAA: u8 = 28;
/// The bits of a header that say how it went.
const NXDOMAIN: u8 = 3;
const SERVFAIL: u8 = 2;

/// A DNS server. What it answers follows from the first part of the name.
struct Server {
    address: SocketAddr,
    asked: Arc<AtomicUsize>,
    is_mute: Arc<AtomicBool>,
}

impl Server {
    async fn start() -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let server = Self {
            address: socket.local_addr().unwrap(),
            asked: Arc::default(),
            is_mute: Arc::default(),
        };
        let (asked, is_mute) = (Arc::clone(&server.asked), Arc::clone(&server.is_mute));
        tokio::spawn(async move {
            let mut packet = [0; 1_500];
            loop {
                let (length, from) = socket.recv_from(&mut packet).await.unwrap();
                asked.fetch_add(1, Ordering::Relaxed);
                if is_mute.load(Ordering::Relaxed) {
                    continue;
                }
                for answer in answers(&packet[..length]) {
                    socket.send_to(&answer, from).await.unwrap();
                }
            }
        });
        server
    }

    fn names(&self) -> Names {
        Names::of(&[self.address])
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }
}

/// What is sent for a question.
fn answers(question: &[u8]) -> Vec<Vec<u8>> {
    let length = usize::from(question[12]);
    let first = std::str::from_utf8(&question[13..13 + length]).unwrap();
    let name_length = question[12..].iter().position(|byte| *byte == 0).unwrap() + 1;
    let asks = &question[12..12 + name_length + 4];
    let kind = asks[name_length + 1];
    let id = [question[0], question[1]];
    let none = || answer(id, asks, 0, None);
    let v4 = |last| answer(id, asks, 0, Some((A, vec![10, 0, 0, last])));
    match (first, kind) {
        ("good" | "liar", AAAA) | ("six", A) => vec![none()],
        ("good", A) => vec![v4(1)],
        ("six", AAAA) => {
            let mut address = vec![0xfd, 0];
            address.resize(16, 7);
            vec![answer(id, asks, 0, Some((AAAA, address)))]
        }
        ("fails", _) => vec![answer(id, asks, SERVFAIL, None)],
        // Garbage, an answer to another question, and then the true one.
        ("liar", _) => {
            let stranger = answer([id[0] ^ 1, id[1]], asks, 0, Some((A, vec![6, 6, 6, 6])));
            vec![vec![0xff; 40], Vec::new(), stranger, v4(2)]
        }
        _ => vec![answer(id, asks, NXDOMAIN, None)],
    }
}

/// An answer with at most one record, which holds for a minute.
fn answer(id: [u8; 2], asks: &[u8], code: u8, record: Option<(u8, Vec<u8>)>) -> Vec<u8> {
    let count = u8::from(record.is_some());
    let mut packet = vec![id[0], id[1], 0x81, 0x80 | code, 0, 1, 0, count, 0, 0, 0, 0];
    packet.extend(asks);
    if let Some((kind, data)) = record {
        let length = u8::try_from(data.len()).unwrap();
        packet.extend([0xc0, 12, 0, kind, 0, 1, 0, 0, 0, 60, 0, length]);
        packet.extend(data);
    }
    packet
}

fn v4(last: u8) -> Vec<IpAddr> {
    vec![[10, 0, 0, last].into()]
}

#[tokio::test]
async fn a_name_is_asked_for_once_however_many_want_it() {
    let server = Server::start().await;
    let names = server.names();
    let mut all = JoinSet::new();
    for _ in 0..100 {
        let names = names.clone();
        all.spawn(async move { names.resolve("Good.test", false).await });
    }
    while let Some(found) = all.join_next().await {
        assert_eq!(found.unwrap(), Ok(v4(1)));
    }
    assert_eq!(names.resolve("good.test", false).await, Ok(v4(1)));
    assert_eq!(server.asked(), 2, "for each kind of address");
    assert_eq!(names.resolve("good.test", true).await, Ok(v4(1)));
    assert_eq!(server.asked(), 4, "anew");
}

#[tokio::test]
async fn an_address_is_nobody_asked_for() {
    let server = Server::start().await;
    let names = server.names();
    assert_eq!(names.resolve("10.0.0.1", true).await, Ok(v4(1)));
    assert_eq!(server.asked(), 0);
}

#[tokio::test]
async fn a_name_may_have_only_an_address_of_ipv6() {
    let server = Server::start().await;
    let found = server.names().resolve("six.test", false).await.unwrap();
    assert!(matches!(found.as_slice(), [IpAddr::V6(_)]), "{found:?}");
}

#[tokio::test]
async fn that_a_name_does_not_exist_is_not_that_nobody_answers() {
    let server = Server::start().await;
    let names = server.names();
    let name = "gone.test".to_owned();
    let gone = names.resolve(&name, false).await;
    assert_eq!(gone, Err(NameError::None { name }));
    let fails = names.resolve("fails.test", false).await.unwrap_err();
    assert_eq!(
        fails.to_string(),
        "no resolver could tell the address of fails.test: the server says Server Failure"
    );
}

#[tokio::test]
async fn what_answers_no_question_is_not_believed() {
    let server = Server::start().await;
    assert_eq!(server.names().resolve("liar.test", false).await, Ok(v4(2)));
}

#[tokio::test]
async fn while_no_resolver_answers_the_last_answer_goes_on() {
    let server = Server::start().await;
    let names = server.names();
    assert_eq!(names.resolve("good.test", false).await, Ok(v4(1)));
    server.is_mute.store(true, Ordering::Relaxed);
    let found = names.find("good.test", true).await.unwrap();
    assert_eq!(found.addresses, v4(1));
    assert_eq!(
        found.trouble.unwrap().to_string(),
        "no resolver could tell the address of good.test: it takes too long"
    );
}
