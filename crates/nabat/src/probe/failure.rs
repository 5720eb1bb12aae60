//! What errors of the operating system say: about the target, or about this machine alone.

use std::fmt;
use std::io::{self, ErrorKind};

use super::{Finding, Outcome};

/// Why a place, such as a host and a port, did not answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Failure {
    kind: Kind,
    place: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    /// It could not even be asked: files, ports or ways are missing here.
    NotAsked(String),
    /// It refused the connection.
    Refused,
    /// It broke the connection off.
    Reset,
    /// It ended the connection.
    Closed,
    /// Nothing came back.
    Silent,
    /// Somebody on the way says that it is not there.
    NoHost,
    /// Somebody on the way knows no way to it.
    NoNetwork,
    /// Something else.
    Other(String),
}

/// What it means that the kernel refused at once, before it had sent anything to `place`. Only what
/// it knows from the target counts against that.
pub(super) fn at_once(error: &io::Error, place: &str) -> Failure {
    match error.kind() {
        ErrorKind::ConnectionRefused | ErrorKind::HostUnreachable => later(error, place),
        _ => Failure::new(Kind::NotAsked(error.to_string()), place),
    }
}

/// What it means that a connection to `place` failed after it had been asked for.
pub(super) fn later(error: &io::Error, place: &str) -> Failure {
    let kind = match error.kind() {
        ErrorKind::ConnectionRefused => Kind::Refused,
        ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted | ErrorKind::BrokenPipe => {
            Kind::Reset
        }
        ErrorKind::UnexpectedEof => Kind::Closed,
        ErrorKind::TimedOut => Kind::Silent,
        ErrorKind::HostUnreachable => Kind::NoHost,
        ErrorKind::NetworkUnreachable => Kind::NoNetwork,
        ErrorKind::OutOfMemory => Kind::NotAsked(error.to_string()),
        _ => Kind::Other(error.to_string()),
    };
    Failure::new(kind, place)
}

/// That nothing came back from `place` in the time that there was.
pub(super) fn silence(place: &str) -> Failure {
    Failure::new(Kind::Silent, place)
}

impl Failure {
    fn new(kind: Kind, place: &str) -> Self {
        let place = place.to_owned();
        Self { kind, place }
    }

    /// Whether the target itself said so: then there is a way to it.
    pub(super) const fn is_reply(&self) -> bool {
        matches!(self.kind, Kind::Refused | Kind::Reset | Kind::Closed)
    }

    const fn outcome(&self) -> Outcome {
        match self.kind {
            Kind::NotAsked(_) => Outcome::Unknown,
            _ => Outcome::Down,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = &self.place;
        match &self.kind {
            Kind::NotAsked(error) => write!(f, "{place} cannot be asked from here: {error}"),
            Kind::Refused => write!(f, "connection refused by {place}"),
            Kind::Reset => write!(f, "connection reset by {place}"),
            Kind::Closed => write!(f, "connection closed by {place}"),
            Kind::Silent => write!(f, "no answer from {place}"),
            Kind::NoHost => write!(f, "{place} cannot be reached: no route to host"),
            Kind::NoNetwork => write!(f, "{place} cannot be reached: no route to network"),
            Kind::Other(error) => write!(f, "connection to {place} failed: {error}"),
        }
    }
}

impl From<Failure> for Finding {
    fn from(failure: Failure) -> Self {
        Self::new(failure.outcome(), &failure.to_string())
    }
}

#[cfg(test)]
mod tests {
    use nix::errno::Errno;

    use super::*;

    #[test]
    fn what_this_machine_lacks_is_never_the_fault_of_the_target() {
        for errno in [
            Errno::EMFILE,
            Errno::ENFILE,
            Errno::ENETUNREACH,
            Errno::EADDRNOTAVAIL,
            Errno::ENOBUFS,
            Errno::ENOMEM,
            Errno::EPERM,
            Errno::EACCES,
            Errno::EAFNOSUPPORT,
        ] {
            let failure = at_once(&errno.into(), "10.0.0.7:443");
            assert!(!failure.is_reply(), "{errno}");
            assert_eq!(Finding::from(failure).outcome, Outcome::Unknown, "{errno}");
        }
    }

    #[test]
    fn what_the_target_or_its_network_says_counts_against_it() {
        for (errno, is_reply, words) in [
            (
                Errno::ECONNREFUSED,
                true,
                "connection refused by 10.0.0.7:443",
            ),
            (Errno::ECONNRESET, true, "connection reset by 10.0.0.7:443"),
            (Errno::ETIMEDOUT, false, "no answer from 10.0.0.7:443"),
            // A router on the way says so.
            (
                Errno::EHOSTUNREACH,
                false,
                "10.0.0.7:443 cannot be reached: no route to host",
            ),
            (
                Errno::ENETUNREACH,
                false,
                "10.0.0.7:443 cannot be reached: no route to network",
            ),
        ] {
            let failure = later(&errno.into(), "10.0.0.7:443");
            assert_eq!(failure.is_reply(), is_reply, "{errno}");
            assert_eq!(Finding::from(failure), Finding::down(words));
        }
    }
}
