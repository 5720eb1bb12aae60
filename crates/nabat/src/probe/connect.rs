//! Makes a connection: finds the addresses, refuses those that may not be asked, and tries the rest.
//!
//! The address that was looked at is the one that is connected to: a name is never resolved a second
//! time, so it cannot lead elsewhere in between.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use nix::errno::Errno;
use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::TcpStream;

use super::failure::Failure;
use super::names::NameError;
use super::ping::AddressFamily;
use super::trace::{RESOLVE, Trace};
use super::{Choice, Finding, Manner, Outcome, Reach, Tools, failure, reach};

/// The most addresses of a name that are tried.
const MAX_ATTEMPTS: usize = 8;

/// Connects to `host` by the first of its addresses that takes the connection. Those before it are
/// noted, unless this machine has no way to them.
///
/// # Errors
/// What became of each address, if none of them did.
pub(super) async fn connect(
    host: &str,
    port: u16,
    tools: &Tools,
    trace: &mut Trace,
) -> Result<TcpStream, Finding> {
    let addresses = addresses(host, tools, trace).await?;
    let source = trace.manner.source;
    let mut failures = Vec::new();
    for (i, address) in addresses.iter().enumerate() {
        let place = SocketAddr::new(*address, port);
        trace.address = Some(*address);
        let left = u32::try_from(addresses.len() - i).unwrap_or(1);
        let share = trace.left() / left;
        let mut replied = false;
        let attempt = async {
            let attempt = attempt(place, source, share, left == 1).await;
            attempt.map_err(|failure| {
                replied = failure.is_reply();
                failure.into()
            })
        };
        let made = trace.phase("connect", attempt).await;
        trace.replied |= replied;
        match made {
            Ok(stream) => {
                let theirs = failures
                    .iter()
                    .filter(|f: &&Finding| f.outcome == Outcome::Down);
                for failure in theirs {
                    trace.note(Finding::degraded(format!(
                        "{}, not by {place}",
                        failure.words
                    )));
                }
                return Ok(stream);
            }
            Err(failure) => failures.push(failure),
        }
    }
    Err(all_failed(&failures))
}

/// The addresses of `host` that may be asked, at least one.
///
/// # Errors
/// If there is none.
pub(super) async fn addresses(
    host: &str,
    tools: &Tools,
    trace: &mut Trace,
) -> Result<Vec<IpAddr>, Finding> {
    let Manner {
        fresh,
        reach,
        choice,
        ..
    } = trace.manner;
    let found = trace.phase(RESOLVE, async {
        tools
            .names
            .resolve(host, fresh)
            .await
            .map_err(|error| nameless(&error))
    });
    let mut addresses = found.await?;
    if reach == Reach::PublicOnly {
        addresses.retain(|address| reach::is_public(*address));
        if addresses.is_empty() {
            return Err(inside(host));
        }
    }
    chosen(&mut addresses, choice, host)?;
    let first = addresses.first().copied();
    trace.figure(|figures| figures.address = figures.address.or(first));
    addresses.truncate(MAX_ATTEMPTS);
    if addresses.is_empty() {
        return Err(Finding::down(format!("the name {host} has no address")));
    }
    Ok(addresses)
}

/// Why others than owners are not told of `host`. Its address is not said: it may be the secret of a
/// network inside.
pub(super) fn inside(host: impl std::fmt::Display) -> Finding {
    Finding::unknown(format!(
        "{host} is not on the internet: only an owner may have such a place looked at"
    ))
}

/// Leaves those that `choice` means.
fn chosen(addresses: &mut Vec<IpAddr>, choice: Choice, host: &str) -> Result<(), Finding> {
    let first = |family: AddressFamily| addresses.iter().copied().find(|one| family.has(*one));
    let found = match choice {
        Choice::Each => return Ok(()),
        Choice::First(family) => first(family).or(addresses.first().copied()),
        Choice::Only(family) => match first(family) {
            None => {
                let wanted = family.name();
                return Err(Finding::down(format!("{host} has no {wanted}")));
            }
            found => found,
        },
    };
    *addresses = found.into_iter().collect();
    Ok(())
}

fn nameless(error: &NameError) -> Finding {
    match error {
        NameError::None { .. } => Finding::down(error.to_string()),
        NameError::NoAnswer { .. } => Finding::unknown(error.to_string()),
    }
}

/// One attempt within `share` of the time; the last has all that is left.
async fn attempt(
    place: SocketAddr,
    source: Option<IpAddr>,
    share: Duration,
    is_last: bool,
) -> Result<TcpStream, Failure> {
    if is_last {
        return tcp(place, source).await;
    }
    let in_time = tokio::time::timeout(share, tcp(place, source)).await;
    in_time.unwrap_or_else(|_| Err(failure::silence(&place.to_string())))
}

/// Connects to this address alone, by the address `source` of this machine if there is one.
///
/// # Errors
/// What kept it from that.
pub(super) async fn tcp(place: SocketAddr, source: Option<IpAddr>) -> Result<TcpStream, Failure> {
    let begun =
        begin(place, source).map_err(|error| failure::at_once(&error, &place.to_string()))?;
    let end = async {
        begun.writable().await?;
        begun.take_error()?.map_or(Ok(()), Err)
    };
    match end.await {
        Ok(()) => Ok(begun),
        Err(error) => Err(failure::later(&error, &place.to_string())),
    }
}

/// Asks for a connection, without waiting for it.
fn begin(place: SocketAddr, source: Option<IpAddr>) -> io::Result<TcpStream> {
    let domain = Domain::for_address(place);
    let socket = Socket::new(domain, Type::STREAM.nonblocking(), Some(Protocol::TCP))?;
    // What a probe writes is small and waits for an answer.
    socket.set_tcp_nodelay(true)?;
    if let Some(source) = source {
        socket.bind(&SocketAddr::new(source, 0).into())?;
    }
    match socket.connect(&place.into()) {
        Err(error) if error.raw_os_error() != Some(Errno::EINPROGRESS as i32) => Err(error),
        _ => TcpStream::from_std(socket.into()),
    }
}

/// What became of all attempts. If one was made, those that this machine could not make say nothing.
fn all_failed(failures: &[Finding]) -> Finding {
    let made = |failure: &&Finding| failure.outcome == Outcome::Down;
    let count = failures.iter().filter(made).count();
    let words = failures
        .iter()
        .filter(|failure| count == 0 || made(failure));
    let words: Vec<&str> = words.map(|failure| failure.words.as_str()).collect();
    let words = words.join("; ");
    if count == 0 {
        Finding::unknown(words)
    } else {
        Finding::down(words)
    }
}
