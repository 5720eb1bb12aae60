//! One ICMP socket: opening it, sending, reading what came and what became of what did not come.
//!
//! A datagram socket where the system allows it: it hears only what is meant for it. Else a raw one
//! with a filter to the same effect, because each raw socket is otherwise handed every ICMP packet
//! of the machine.

use std::io::{IoSlice, IoSliceMut, Result as IoResult};
use std::net::IpAddr;
use std::os::fd::AsRawFd as _;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use nix::cmsg_space;
use nix::errno::Errno;
use nix::libc;
use nix::sys::socket::{
    ControlMessage, ControlMessageOwned, MsgFlags, MultiHeaders, RecvMsg, SockaddrIn, SockaddrIn6,
    SockaddrLike, SockaddrStorage, getsockopt, recvmmsg, recvmsg, sendmsg, sendto, setsockopt,
    sockopt,
};
use nix::sys::time::TimeSpec;
use rustc_hash::FxHashMap;
use socket2::{Domain, Protocol, SockFilter, Type};

use super::packet::{Family, HEAD, Mark, read_reply, read_request, without_header};
use super::rounds::{Round, Which};

/// How many bytes of packets may wait in the kernel each way, as it counts them: about 700 for a
/// small one. Without the capability CAP_NET_ADMIN the system's own limit is lower.
const BUFFER: usize = 8 << 20;
/// How many answers are read by one call.
const BATCH: usize = 32;
/// How many calls read answers at a time: who is flooded also has to send.
const CALLS: usize = 256;
/// How many sequence numbers of a socket are in use at most. There are 65,536; the rest keeps the
/// search for an unused one short.
const ECHOES: usize = 60_000;

/// A socket and the echoes that it waits for.
#[derive(Debug)]
pub(super) struct Socket {
    socket: socket2::Socket,
    family: Family,
    is_raw: bool,
    /// How many were opened before it.
    pub(super) number: u64,
    /// The identifier by which a raw one knows its own; of another the kernel sees to that.
    pub(super) id: u16,
    pub(super) opened_at: Instant,
    /// Whose which sequence number is. The numbers are our own: nobody else chooses what is put in.
    pub(super) echoes: FxHashMap<u16, Which>,
    next: u16,
}

/// A packet that the network did not deliver, by the error queue.
#[derive(Clone, Copy)]
pub(super) struct Undelivered {
    /// To whom it was sent.
    pub(super) to: IpAddr,
    pub(super) mark: Mark,
    /// Who says so.
    pub(super) by: Option<IpAddr>,
    /// The type and code of what they say.
    pub(super) said: (u8, u8),
}

/// An answer that came.
#[derive(Clone, Copy)]
pub(super) struct Answer {
    pub(super) from: IpAddr,
    pub(super) mark: Mark,
    /// When the kernel got it.
    pub(super) received_at: Option<SystemTime>,
    /// How many more hops it might have taken.
    pub(super) hop_limit: Option<u8>,
}

impl Socket {
    /// Opens a socket.
    pub(super) fn open(family: Family, id: u16, number: u64, now: Instant) -> Result<Self, Errno> {
        let (domain, protocol) = match family {
            Family::V4 => (Domain::IPV4, Protocol::ICMPV4),
            Family::V6 => (Domain::IPV6, Protocol::ICMPV6),
        };
        let open = |kind| socket2::Socket::new(domain, kind, Some(protocol));
        let (socket, is_raw) = match open(Type::DGRAM).map_err(errno) {
            Ok(socket) => (socket, false),
            Err(Errno::EACCES | Errno::EPERM | Errno::EPROTONOSUPPORT) => {
                let socket = open(Type::RAW).map_err(errno)?;
                filter(&socket, family, id).map_err(errno)?;
                (socket, true)
            }
            Err(other) => return Err(other),
        };
        socket.set_nonblocking(true).map_err(errno)?;
        setsockopt(&socket, sockopt::ReceiveTimestampns, &true)?;
        match family {
            Family::V4 => {
                setsockopt(&socket, sockopt::Ipv4RecvErr, &true)?;
                setsockopt(&socket, sockopt::Ipv4RecvTtl, &true)?;
            }
            Family::V6 => {
                setsockopt(&socket, sockopt::Ipv6RecvErr, &true)?;
                setsockopt(&socket, sockopt::Ipv6RecvHopLimit, &true)?;
            }
        }
        if setsockopt(&socket, sockopt::RcvBufForce, &BUFFER).is_err() {
            setsockopt(&socket, sockopt::RcvBuf, &BUFFER)?;
        }
        if setsockopt(&socket, sockopt::SndBufForce, &BUFFER).is_err() {
            setsockopt(&socket, sockopt::SndBuf, &BUFFER)?;
        }
        Ok(Self {
            socket,
            family,
            is_raw,
            number,
            id,
            opened_at: now,
            echoes: FxHashMap::default(),
            next: id,
        })
    }

    /// A sequence number that no echo has; `None` if there are too many echoes.
    pub(super) fn sequence(&mut self) -> Option<u16> {
        if self.echoes.len() >= ECHOES {
            return None;
        }
        loop {
            self.next = self.next.wrapping_add(1);
            if !self.echoes.contains_key(&self.next) {
                return Some(self.next);
            }
        }
    }

    /// Sends a packet of a round.
    pub(super) fn send(&self, packet: &[u8], to: IpAddr, plan: Round) -> Result<(), Errno> {
        match to {
            IpAddr::V4(to) => {
                let [a, b, c, d] = to.octets();
                self.send_to(packet, &SockaddrIn::new(a, b, c, d, 0), plan)
            }
            IpAddr::V6(to) => {
                let to = std::net::SocketAddrV6::new(to, 0, 0, 0);
                self.send_to(packet, &SockaddrIn6::from(to), plan)
            }
        }
    }

    fn send_to(&self, packet: &[u8], to: &impl SockaddrLike, plan: Round) -> Result<(), Errno> {
        let fd = self.socket.as_raw_fd();
        let send = || match (plan.source, plan.hops) {
            (None, None) => sendto(fd, packet, to, MsgFlags::MSG_DONTWAIT),
            _ => self.send_by(packet, to, plan),
        };
        // What became of an earlier packet to somebody else fails the next call, whatever that is.
        // It stands in the error queue too; so it is only taken away, and what fails with nothing
        // in the way is the packet's own.
        let mut sent = send();
        for _ in 0..3 {
            match sent {
                Ok(_) | Err(Errno::EAGAIN | Errno::ENOBUFS) => break,
                Err(_) => {
                    let pending = getsockopt(&self.socket, sockopt::SocketError)?;
                    sent = send();
                    if pending == 0 {
                        break;
                    }
                }
            }
        }
        sent.map(|_| ())
    }

    /// Sends a packet from the address and with the hops that its round wants.
    fn send_by(&self, packet: &[u8], to: &impl SockaddrLike, plan: Round) -> Result<usize, Errno> {
        let from_v4 = match plan.source {
            Some(IpAddr::V4(source)) => Some(libc::in_pktinfo {
                ipi_ifindex: 0,
                ipi_spec_dst: libc::in_addr {
                    s_addr: u32::from_ne_bytes(source.octets()),
                },
                ipi_addr: libc::in_addr { s_addr: 0 },
            }),
            _ => None,
        };
        let from_v6 = match plan.source {
            Some(IpAddr::V6(source)) => Some(libc::in6_pktinfo {
                ipi6_addr: libc::in6_addr {
                    s6_addr: source.octets(),
                },
                ipi6_ifindex: 0,
            }),
            _ => None,
        };
        let hops = plan.hops.map(libc::c_int::from);
        let mut control = Vec::new();
        match self.family {
            Family::V4 => {
                control.extend(from_v4.as_ref().map(ControlMessage::Ipv4PacketInfo));
                control.extend(hops.as_ref().map(ControlMessage::Ipv4Ttl));
            }
            Family::V6 => {
                control.extend(from_v6.as_ref().map(ControlMessage::Ipv6PacketInfo));
                control.extend(hops.as_ref().map(ControlMessage::Ipv6HopLimit));
            }
        }
        let slices = [IoSlice::new(packet)];
        let flags = MsgFlags::MSG_DONTWAIT;
        sendmsg(self.socket.as_raw_fd(), &slices, &control, flags, Some(to))
    }

    /// The next packet that was not delivered; `None` when there is no more.
    pub(super) fn undelivered(&self) -> Option<Undelivered> {
        loop {
            let mut head = [0; HEAD];
            let mut slices = [IoSliceMut::new(&mut head)];
            let mut control = cmsg_space!(
                TimeSpec,
                libc::c_int,
                libc::sock_extended_err,
                libc::sockaddr_in6
            );
            let flags = MsgFlags::MSG_ERRQUEUE | MsgFlags::MSG_DONTWAIT;
            let fd = self.socket.as_raw_fd();
            let message =
                recvmsg::<SockaddrStorage>(fd, &mut slices, Some(&mut control), flags).ok()?;
            let to = message.address.as_ref().and_then(address);
            let mut said = None;
            for one in message.cmsgs().ok()? {
                match one {
                    ControlMessageOwned::Ipv4RecvErr(error, by) => {
                        let by = by.map(|by| SockaddrIn::from(by).ip().into());
                        said = Some((error.ee_type, error.ee_code, by));
                    }
                    ControlMessageOwned::Ipv6RecvErr(error, by) => {
                        let by = by.map(|by| SockaddrIn6::from(by).ip().into());
                        said = Some((error.ee_type, error.ee_code, by));
                    }
                    _ => {}
                }
            }
            let quoted = message.iovs().next().unwrap_or_default();
            let mark = read_request(self.family, quoted);
            if let (Some(to), Some(mark), Some((kind, code, by))) = (to, mark, said) {
                return Some(Undelivered {
                    to,
                    mark,
                    by,
                    said: (kind, code),
                });
            }
        }
    }
}

/// Reads answers, many at a time.
pub(super) struct Reader {
    headers: MultiHeaders<SockaddrStorage>,
    heads: Vec<[u8; HEAD]>,
}

impl Default for Reader {
    fn default() -> Self {
        Self {
            headers: MultiHeaders::preallocate(BATCH, Some(cmsg_space!(TimeSpec, libc::c_int))),
            heads: vec![[0; HEAD]; BATCH],
        }
    }
}

impl Reader {
    /// Reads the answers that came to the socket.
    pub(super) fn read(&mut self, socket: &Socket, mut each: impl FnMut(Answer)) {
        let fd = socket.socket.as_raw_fd();
        for _ in 0..CALLS {
            let mut slices: Vec<_> = self
                .heads
                .iter_mut()
                .map(|head| [IoSliceMut::new(head)])
                .collect();
            let flags = MsgFlags::MSG_DONTWAIT;
            let read = match recvmmsg(fd, &mut self.headers, slices.iter_mut(), flags, None) {
                Ok(read) => read,
                Err(Errno::EAGAIN) => return,
                // What became of a packet: it is read from the error queue.
                Err(_) => continue,
            };
            let mut count = 0;
            for message in read {
                count += 1;
                let from = message.address.as_ref().and_then(address);
                let packet = message.iovs().next().unwrap_or_default();
                let packet = match (socket.is_raw, socket.family) {
                    (true, Family::V4) => without_header(packet).unwrap_or_default(),
                    _ => packet,
                };
                if let (Some(from), Some(mark)) = (from, read_reply(socket.family, packet)) {
                    let (received_at, hop_limit) = told(&message);
                    each(Answer {
                        from,
                        mark,
                        received_at,
                        hop_limit,
                    });
                }
            }
            if count < BATCH {
                return;
            }
        }
    }
}

/// What the kernel tells of a packet: when it got it, and how many hops it had left.
fn told(message: &RecvMsg<'_, '_, SockaddrStorage>) -> (Option<SystemTime>, Option<u8>) {
    let (mut received_at, mut hop_limit) = (None, None);
    for one in message.cmsgs().into_iter().flatten() {
        match one {
            ControlMessageOwned::ScmTimestampns(at) => {
                received_at = Some(UNIX_EPOCH + Duration::from(at));
            }
            ControlMessageOwned::Ipv4Ttl(hops) | ControlMessageOwned::Ipv6HopLimit(hops) => {
                hop_limit = u8::try_from(hops).ok();
            }
            _ => {}
        }
    }
    (received_at, hop_limit)
}

fn address(storage: &SockaddrStorage) -> Option<IpAddr> {
    let v4 = storage.as_sockaddr_in().map(|v4| v4.ip().into());
    v4.or_else(|| storage.as_sockaddr_in6().map(|v6| v6.ip().into()))
}

fn errno(error: std::io::Error) -> Errno {
    Errno::try_from(error).unwrap_or(Errno::EIO)
}

/// Has the kernel keep from a raw socket all but the answers with its identifier.
fn filter(socket: &socket2::Socket, family: Family, id: u16) -> IoResult<()> {
    // The opcodes of the classic Berkeley packet filter that `bpf(4)` lists.
    const HEADER_LENGTH_TO_X: u16 = 0xb1;
    const BYTE_AT: u16 = 0x30;
    const HALF_AT: u16 = 0x28;
    const BYTE_AT_X: u16 = 0x50;
    const HALF_AT_X: u16 = 0x48;
    const JUMP_IF_EQUAL: u16 = 0x15;
    const RETURN: u16 = 0x06;
    let (byte, half) = match family {
        Family::V4 => (BYTE_AT_X, HALF_AT_X),
        Family::V6 => (BYTE_AT, HALF_AT),
    };
    let mut program = vec![
        SockFilter::new(byte, 0, 0, 0),
        SockFilter::new(JUMP_IF_EQUAL, 0, 3, family.reply().into()),
        SockFilter::new(half, 0, 0, 4),
        SockFilter::new(JUMP_IF_EQUAL, 0, 1, id.into()),
        SockFilter::new(RETURN, 0, 0, u32::MAX),
        SockFilter::new(RETURN, 0, 0, 0),
    ];
    if family == Family::V4 {
        program.insert(0, SockFilter::new(HEADER_LENGTH_TO_X, 0, 0, 0));
    }
    socket.attach_filter(&program)
}
