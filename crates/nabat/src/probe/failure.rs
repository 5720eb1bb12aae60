//! What errors of the operating system say: about the target, or about this machine alone.

use std::io::{self, ErrorKind};

use super::Finding;

const REFUSED: &str = "connection refused by ";
const RESET: &str = "connection reset by ";

/// Whether a connection failed because the target said so: then there is a way to it.
pub(super) fn is_reply(finding: &Finding) -> bool {
    let words = &finding.words;
    words.starts_with(REFUSED) || words.starts_with(RESET)
}

/// What it means that the kernel refused at once, before it had sent anything to `place`. Only what
/// it knows from the target counts against that; the rest is files, ports or ways that are missing
/// here.
pub(super) fn at_once(error: &io::Error, place: &str) -> Finding {
    match error.kind() {
        ErrorKind::ConnectionRefused | ErrorKind::HostUnreachable => later(error, place),
        _ => Finding::unknown(format!("{place} cannot be asked from here: {error}")),
    }
}

/// What it means that a connection to `place` failed after it had been asked for.
pub(super) fn later(error: &io::Error, place: &str) -> Finding {
    let words = match error.kind() {
        ErrorKind::ConnectionRefused => format!("{REFUSED}{place}"),
        ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted | ErrorKind::BrokenPipe => {
            format!("{RESET}{place}")
        }
        ErrorKind::UnexpectedEof => format!("connection closed by {place}"),
        ErrorKind::TimedOut => format!("no answer from {place}"),
        ErrorKind::HostUnreachable => format!("{place} cannot be reached: no route to host"),
        ErrorKind::NetworkUnreachable => format!("{place} cannot be reached: no route to network"),
        ErrorKind::OutOfMemory => return at_once(error, place),
        _ => format!("connection to {place} failed: {error}"),
    };
    Finding::down(words)
}

#[cfg(test)]
mod tests {
    use nix::errno::Errno;

    use super::*;
    use crate::probe::Outcome;

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
            let finding = at_once(&errno.into(), "10.0.0.7:443");
            assert_eq!(finding.outcome, Outcome::Unknown, "{errno}");
        }
    }

    #[test]
    fn what_the_target_or_its_network_says_counts_against_it() {
        for (errno, words) in [
            (Errno::ECONNREFUSED, "connection refused by 10.0.0.7:443"),
            (Errno::ECONNRESET, "connection reset by 10.0.0.7:443"),
            (Errno::ETIMEDOUT, "no answer from 10.0.0.7:443"),
            (
                Errno::EHOSTUNREACH,
                "10.0.0.7:443 cannot be reached: no route to host",
            ),
            // A router on the way says so.
            (
                Errno::ENETUNREACH,
                "10.0.0.7:443 cannot be reached: no route to network",
            ),
        ] {
            let finding = later(&errno.into(), "10.0.0.7:443");
            assert_eq!(finding, Finding::down(words));
        }
    }
}
