//! What a round of pings saw, and in which words it is said.

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use nix::errno::Errno;

use super::packet::Family;

/// What one round saw.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Seen {
    /// How many packets were sent.
    pub sent: u16,
    /// How long the answers took that came in time, in the order in which their packets were sent.
    pub rtts: Vec<Duration>,
    /// What the network said last of a packet that it did not deliver.
    pub refusal: Option<Refusal>,
    /// Why packets could not be sent, by our own fault.
    pub fault: Option<Fault>,
    /// How many more hops the last answer might have taken.
    pub hop_limit: Option<u8>,
}

impl Seen {
    /// How many answers came in time.
    pub fn received(&self) -> u16 {
        u16::try_from(self.rtts.len()).unwrap_or(u16::MAX)
    }

    /// How many packets were sent in vain.
    pub fn lost(&self) -> u16 {
        self.sent.saturating_sub(self.received())
    }

    /// How long an answer took on average.
    pub fn average(&self) -> Option<Duration> {
        let count = u32::try_from(self.rtts.len()).ok()?;
        self.rtts.iter().sum::<Duration>().checked_div(count)
    }

    /// By how much one answer took longer or shorter than the one before, on average.
    pub fn jitter(&self) -> Option<Duration> {
        jitter(self.rtts.iter().copied())
    }
}

/// By how much each differs from the one before, on average.
pub fn jitter(rtts: impl Iterator<Item = Duration> + Clone) -> Option<Duration> {
    let steps = rtts.clone().zip(rtts.skip(1));
    let (count, sum) = steps.fold((0_u32, Duration::ZERO), |(count, sum), (one, next)| {
        (count + 1, sum + one.abs_diff(next))
    });
    sum.checked_div(count)
}

/// What the network said of a packet that it did not deliver.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refusal {
    /// Who said so.
    pub by: By,
    /// What the matter is: `host unreachable`.
    pub what: &'static str,
}

/// Who said that a packet was not delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// Someone on the way, or the host itself.
    Router(IpAddr),
    /// This machine, which found nobody with the address on its own network.
    Ourselves,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.by {
            By::Router(address) => write!(f, "{}, says {address}", self.what),
            By::Ourselves => write!(
                f,
                "{}: nobody on this machine's network has the address",
                self.what
            ),
        }
    }
}

/// What is said of a host that is not there.
pub(super) const NO_HOST: &str = "host unreachable";

/// What an ICMP error of a type and code means (RFC 792, RFC 1812; RFC 4443).
pub(super) fn words_of(family: Family, kind: u8, code: u8) -> &'static str {
    match (family, kind, code) {
        (Family::V4, 3, 0 | 6 | 11) | (Family::V6, 1, 0) => "network unreachable",
        (Family::V4, 3, 1 | 7 | 12) | (Family::V6, 1, 3) => NO_HOST,
        (Family::V4, 3, 2 | 3) | (Family::V6, 1, 4) => "not willing to answer pings",
        (Family::V4, 3, 4) | (Family::V6, 2, _) => "packet too big",
        (Family::V4, 3, 9 | 10 | 13) | (Family::V6, 1, 1 | 5 | 6) => "forbidden by a firewall",
        (Family::V4, 11, _) | (Family::V6, 3, _) => "lost in a routing loop",
        _ => "not delivered",
    }
}

/// Why a packet could not be sent or an answer not be taken, by our own fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The system lets this process ping neither way.
    #[error(
        "this process may not ping: run `sysctl -w net.ipv4.ping_group_range=\"0 2147483647\"`, \
         or give it the capability CAP_NET_RAW"
    )]
    NotAllowed,
    /// There is no such protocol here.
    #[error("this machine has no {0}")]
    NoProtocol(&'static str),
    /// There is no way to the address.
    #[error("this machine has no route to {0}")]
    NoRoute(IpAddr),
    /// A rule of this machine forbids it.
    #[error(
        "this machine lets no ping to {0} out: a firewall forbids it, or it is a broadcast address"
    )]
    Forbidden(IpAddr),
    /// The packet could not be handed to the network for as long as the round lasted.
    #[error("this machine's network takes no packets: its queue is full, or the cable is out")]
    Busy,
    /// Something else that the system says.
    #[error("this machine could not send a ping: {0}")]
    System(Errno),
    /// Whoever carries pings is gone.
    #[error("Nabat is stopping")]
    Stopped,
}

impl Fault {
    /// What it means that a socket could not be opened.
    pub(super) fn of_opening(errno: Errno, protocol: &'static str) -> Self {
        match errno {
            Errno::EACCES | Errno::EPERM => Self::NotAllowed,
            Errno::EAFNOSUPPORT | Errno::EPROTONOSUPPORT => Self::NoProtocol(protocol),
            other => Self::System(other),
        }
    }

    /// What it means that a packet could not be sent. What others say of packets is no part of it:
    /// that comes later, by the error queue.
    pub(super) fn of_sending(errno: Errno, address: IpAddr) -> Self {
        match errno {
            // The last two are what routes of the types `unreachable` and `blackhole` say.
            Errno::ENETUNREACH | Errno::EADDRNOTAVAIL | Errno::EHOSTUNREACH | Errno::EINVAL => {
                Self::NoRoute(address)
            }
            Errno::EACCES | Errno::EPERM => Self::Forbidden(address),
            other => Self::System(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn a_round_is_summed_up() {
        let seen = Seen {
            sent: 4,
            rtts: vec![ms(10), ms(14), ms(12)],
            ..Seen::default()
        };
        assert_eq!((seen.received(), seen.lost()), (3, 1));
        assert_eq!(seen.average(), Some(ms(12)));
        assert_eq!(seen.jitter(), Some(ms(3)), "4 and 2");
        let nothing = Seen::default();
        assert_eq!((nothing.average(), nothing.jitter()), (None, None));
        assert_eq!(jitter([ms(1)].into_iter()), None);
    }

    #[test]
    fn people_are_told_who_says_so() {
        let mut refusal = Refusal {
            by: By::Router([10, 0, 0, 1].into()),
            what: "host unreachable",
        };
        assert_eq!(refusal.to_string(), "host unreachable, says 10.0.0.1");
        refusal.by = By::Ourselves;
        assert_eq!(
            refusal.to_string(),
            "host unreachable: nobody on this machine's network has the address"
        );
    }
}
