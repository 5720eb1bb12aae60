//! One question to one DNS server, and the answer to it.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use hickory_resolver::proto::op::{Edns, Message, MessageType, OpCode, Query};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UdpSocket;
use tokio::time::{Instant, timeout, timeout_at};

use crate::probe::stream::Stream;
use crate::probe::{Finding, connect, evidence, failure};

/// After so long without an answer the question is asked again.
const AGAIN_AFTER: Duration = Duration::from_secs(1);

/// The largest answer by UDP that is asked for: it fits in one packet on every way.
const MAX_PACKET: u16 = 1232;

/// The answer of `server` to `query`, within `share` of the time.
///
/// # Errors
/// If there is none.
pub(super) async fn exchange(
    server: SocketAddr,
    query: &Query,
    share: Duration,
) -> Result<Message, Finding> {
    let deadline = Instant::now() + share;
    let mut question = question(query)?;
    let mut edns = Edns::new();
    edns.set_max_payload(MAX_PACKET);
    question.set_edns(edns);
    let asked = async {
        let answer = by_udp(server, None, &question).await?;
        if answer.metadata.truncation {
            let stream = connect::tcp(server, None).await?;
            return by_stream(stream, &server.to_string(), &question).await;
        }
        Ok(answer)
    };
    let in_time = timeout_at(deadline, asked).await;
    in_time.unwrap_or_else(|_| Err(failure::silence(&server.to_string()).into()))
}

/// The message that asks `query`, with a number that nobody can guess.
pub(super) fn question(query: &Query) -> Result<Message, Finding> {
    let number = getrandom::u32().map_err(|error| Finding::unknown(error.to_string()))?;
    let [high, low, ..] = number.to_be_bytes();
    let id = u16::from_be_bytes([high, low]);
    let mut message = Message::new(id, MessageType::Query, OpCode::Query);
    message.metadata.recursion_desired = true;
    message.add_query(query.clone());
    Ok(message)
}

/// The answer by UDP, asked for by the address `source` of this machine if there is one.
///
/// # Errors
/// If the server cannot be asked.
pub(super) async fn by_udp(
    server: SocketAddr,
    source: Option<IpAddr>,
    question: &Message,
) -> Result<Message, Finding> {
    let bytes = bytes(question)?;
    let place = server.to_string();
    let any: IpAddr = match server {
        SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    let socket = async {
        let socket = UdpSocket::bind((source.unwrap_or(any), 0)).await?;
        // From then on the kernel takes packets from there alone.
        socket.connect(server).await?;
        io::Result::Ok(socket)
    };
    let socket = socket
        .await
        .map_err(|error| failure::at_once(&error, &place))?;
    let mut packet = [0; 4096];
    loop {
        let sent = socket.send(&bytes).await;
        sent.map_err(|error| failure::at_once(&error, &place))?;
        let answer = async {
            loop {
                let size = socket.recv(&mut packet).await?;
                // Anybody can send a packet that claims to come from there.
                if let Some(answer) = answer(&packet[..size], question) {
                    return io::Result::Ok(answer);
                }
            }
        };
        if let Ok(answer) = timeout(AGAIN_AFTER, answer).await {
            return Ok(answer.map_err(|error| failure::later(&error, &place))?);
        }
    }
}

/// The answer on a connection with `place`.
///
/// # Errors
/// If there is none.
pub(super) async fn by_stream(
    mut stream: impl Stream,
    place: &str,
    question: &Message,
) -> Result<Message, Finding> {
    let bytes = bytes(question)?;
    let size = u16::try_from(bytes.len()).unwrap_or_default();
    let talk = async {
        stream
            .write_all(&[&size.to_be_bytes()[..], &bytes].concat())
            .await?;
        stream.flush().await?;
        let size = stream.read_u16().await?;
        let mut received = vec![0; usize::from(size)];
        stream.read_exact(&mut received).await?;
        io::Result::Ok(received)
    };
    let received = talk.await.map_err(|error| failure::later(&error, place))?;
    answer(&received, question).ok_or_else(|| {
        let seen = evidence::quote(&received);
        Finding::down(format!("answer {seen} of {place} to another question"))
    })
}

fn bytes(question: &Message) -> Result<Vec<u8>, Finding> {
    let bytes = question.to_vec();
    bytes.map_err(|error| Finding::unknown(format!("no such question: {error}")))
}

/// What was received, if it answers the question.
fn answer(received: &[u8], question: &Message) -> Option<Message> {
    let answer = Message::from_vec(received).ok()?;
    let is_answer = answer.metadata.message_type == MessageType::Response
        && answer.metadata.id == question.metadata.id
        // A server that did not understand the question may not repeat it.
        && (answer.queries.is_empty() || answer.queries == question.queries);
    is_answer.then_some(answer)
}
