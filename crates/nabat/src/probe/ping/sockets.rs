//! The sockets of one family. All sends go by the newest; the others wait for what is still to come.
//!
//! A newer one is opened for whoever asks for a fresh one, and when the newest is full: of packets
//! to neighbors that do not answer, which the kernel keeps for seconds, or of echoes.

use std::iter;
use std::net::IpAddr;
use std::time::{Duration, Instant, SystemTime};

use nix::errno::Errno;

use super::packet::{Family, Mark, write_request};
use super::rounds::{Packet, Round, Which};
use super::seen::Fault;
use super::socket::{Answer, Reader, Socket, Undelivered};

/// How old the newest must be before somebody who asks for a fresh one gets another.
const FRESH: Duration = Duration::from_secs(1);
/// How many are open at most.
const SOCKETS: usize = 16;
/// Of how many packets of a socket it is read at a time that they were not delivered.
const UNDELIVERED: usize = 8_192;

pub(super) struct Sockets {
    family: Family,
    open: Vec<Socket>,
    /// How many were opened so far.
    opened: u64,
    reader: Reader,
    packet: Vec<u8>,
}

/// Why a packet was not sent.
pub(super) enum Unsent {
    /// The socket has no room for it.
    Full,
    /// There is no room at the moment, whichever socket it goes by.
    Later,
    Never(Fault),
}

impl Sockets {
    pub(super) fn new(family: Family) -> Self {
        Self {
            family,
            open: Vec::new(),
            opened: 0,
            reader: Reader::default(),
            packet: Vec::new(),
        }
    }

    /// Sends a packet of a round.
    pub(super) fn send(
        &mut self,
        to: IpAddr,
        plan: Round,
        cookie: u64,
        now: Instant,
    ) -> Result<Packet, Unsent> {
        self.prepare(plan.fresh, cookie, now)?;
        match self.try_to_send(to, plan, cookie) {
            Err(Unsent::Full) if self.open_another(cookie, now).is_ok() => {
                self.try_to_send(to, plan, cookie)
            }
            tried => tried,
        }
    }

    fn try_to_send(&mut self, to: IpAddr, plan: Round, cookie: u64) -> Result<Packet, Unsent> {
        let socket = self.open.last_mut().ok_or(Unsent::Later)?;
        let sequence = socket.sequence().ok_or(Unsent::Full)?;
        let size = usize::from(plan.size);
        write_request(
            &mut self.packet,
            self.family,
            socket.id,
            sequence,
            cookie,
            size,
        );
        let sent_at = (Instant::now(), SystemTime::now());
        match socket.send(&self.packet, to, plan) {
            Ok(()) => {
                let mark = Mark {
                    sequence,
                    cookie: Some(cookie),
                };
                Ok(Packet::new(socket.number, mark, sent_at))
            }
            Err(Errno::EAGAIN) => Err(Unsent::Full),
            Err(Errno::ENOBUFS | Errno::ENOMEM) => Err(Unsent::Later),
            Err(errno) => Err(Unsent::Never(Fault::of_sending(errno, to))),
        }
    }

    /// Sees to it that there is a socket, and a fresh one if that is asked for and can be had.
    fn prepare(&mut self, fresh: bool, seed: u64, now: Instant) -> Result<(), Unsent> {
        match self.open.last() {
            None => {
                self.open_another(seed, now).map_err(Unsent::Never)?;
                // The kernel begins to note when packets come a moment after the first asks for it.
                Err(Unsent::Later)
            }
            Some(newest) if fresh && now.duration_since(newest.opened_at) >= FRESH => {
                // Where there is no fresh one to be had, the one that is there will do.
                let _ = self.open_another(seed, now);
                Ok(())
            }
            Some(_) => Ok(()),
        }
    }

    fn open_another(&mut self, seed: u64, now: Instant) -> Result<(), Fault> {
        if self.open.len() >= SOCKETS {
            return Err(Fault::Busy);
        }
        let [high, low, ..] = seed.to_be_bytes();
        let id = u16::from_be_bytes([high, low]);
        let protocol = match self.family {
            Family::V4 => "IPv4",
            Family::V6 => "IPv6",
        };
        let socket = Socket::open(self.family, id, self.opened, now);
        self.open
            .push(socket.map_err(|errno| Fault::of_opening(errno, protocol))?);
        self.opened += 1;
        Ok(())
    }

    /// Remembers whose the packet is.
    pub(super) fn remember(&mut self, packet: &Packet, which: Which) {
        if let Some(socket) = self.numbered(packet.socket) {
            socket.echoes.insert(packet.mark.sequence, which);
        }
    }

    /// Forgets the packet, whether it was answered or not.
    pub(super) fn forget(&mut self, packet: &Packet) {
        if let Some(socket) = self.numbered(packet.socket) {
            socket.echoes.remove(&packet.mark.sequence);
        }
    }

    fn numbered(&mut self, number: u64) -> Option<&mut Socket> {
        self.open.iter_mut().find(|socket| socket.number == number)
    }

    /// Reads what came: of what was not delivered, and answers with the time at which the kernel got
    /// them. Of both only what may belong to a packet that is waited for.
    pub(super) fn hear<S>(
        &mut self,
        state: &mut S,
        mut undelivered: impl FnMut(&mut S, Which, Undelivered),
        mut answered: impl FnMut(&mut S, Which, Answer),
    ) {
        for socket in &self.open {
            for what in iter::from_fn(|| socket.undelivered()).take(UNDELIVERED) {
                if let Some(which) = socket.echoes.get(&what.mark.sequence) {
                    undelivered(state, *which, what);
                }
            }
            self.reader.read(socket, |answer| {
                if let Some(which) = socket.echoes.get(&answer.mark.sequence) {
                    answered(state, *which, answer);
                }
            });
        }
    }

    /// Closes the sockets that send no more and wait for nothing.
    pub(super) fn tidy(&mut self) {
        let newest = self.opened.saturating_sub(1);
        self.open
            .retain(|socket| socket.number == newest || !socket.echoes.is_empty());
    }
}
