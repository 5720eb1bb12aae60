//! Carries the pings of all rounds, on a thread of its own.
//!
//! It wakes at ticks, not for each packet: the kernel writes on each answer when it came, so it need
//! not be read at once. At a tick it reads what came, ends what is over, and sends what is due, no
//! more than the buffers of small devices and of the kernel can take at a time.

use std::hash::{BuildHasher as _, RandomState};
use std::net::IpAddr;
use std::time::{Duration, Instant};

use super::inbox::{Inbox, Teller};
use super::packet::{Family, Mark};
use super::rounds::{Due, Key, Packet, Rounds, Which};
use super::seen::{By, Fault, NO_HOST, Refusal, Seen, words_of};
use super::socket::{Answer, Undelivered};
use super::sockets::{Sockets, Unsent};
use crate::probe::is_ours;

/// How long between two ticks.
const TICK: Duration = Duration::from_millis(10);
/// The same while more is due than may be sent at a tick.
const SHORT_TICK: Duration = Duration::from_millis(5);
/// How many packets are sent at a tick: with short ticks at most 20,000 a second.
const BURST: usize = 100;

/// Carries pings until the inbox is closed.
pub(super) fn carry(inbox: &Inbox) {
    let mut carrier = Carrier {
        underway: Underway::default(),
        v4: Sockets::new(Family::V4),
        v6: Sockets::new(Family::V6),
        secret: RandomState::new(),
        made: 0,
        told: Vec::new(),
    };
    let mut orders = Vec::new();
    let mut tick = None;
    while inbox.take(tick, &mut orders) {
        let now = Instant::now();
        for order in orders.drain(..) {
            carrier.underway.rounds.begin(order, now);
        }
        tick = carrier.turn(now);
    }
}

struct Carrier {
    underway: Underway,
    v4: Sockets,
    v6: Sockets,
    /// What makes cookies that nobody can guess, and how many it made.
    secret: RandomState,
    made: u64,
    /// What rounds saw that are over. It is told when all else is done: whoever hears it wakes up, on
    /// this very processor.
    told: Vec<(Teller, Seen)>,
}

/// The rounds, and which of them are over before their time.
#[derive(Default)]
struct Underway {
    rounds: Rounds<Teller>,
    over: Vec<Key>,
}

impl Carrier {
    /// Does what is to be done now, and says when to look again; `None` when nothing is under way.
    fn turn(&mut self, now: Instant) -> Option<Instant> {
        for sockets in [&mut self.v4, &mut self.v6] {
            sockets.hear(
                &mut self.underway,
                Underway::undelivered,
                Underway::answered,
            );
        }
        while let Some(key) = self.underway.over.pop() {
            self.end(key);
        }
        let mut sent = 0;
        let wait = loop {
            match self.underway.rounds.due(now) {
                Some(Due::End(key)) => self.end(key),
                Some(Due::Packet(key)) => {
                    self.send(key, now);
                    sent += 1;
                }
                None => break TICK,
            }
            if sent == BURST {
                break SHORT_TICK;
            }
        };
        self.v4.tidy();
        self.v6.tidy();
        for (teller, seen) in self.told.drain(..) {
            teller.tell(seen);
        }
        (!self.underway.rounds.is_empty()).then(|| now + wait)
    }

    /// Sends the next packet of a round.
    fn send(&mut self, key: Key, now: Instant) {
        let rounds = &mut self.underway.rounds;
        let Some(round) = rounds.get(key) else {
            return;
        };
        if round.teller.is_closed() {
            self.end(key);
            return;
        }
        let cookie = self.secret.hash_one(self.made);
        self.made += 1;
        let sockets = match Family::of(round.address) {
            Family::V4 => &mut self.v4,
            Family::V6 => &mut self.v6,
        };
        match sockets.send(round.address, round.plan, cookie, now) {
            Ok(packet) => {
                if let Some(which) = rounds.sent(key, packet) {
                    sockets.remember(&packet, which);
                }
            }
            Err(Unsent::Full | Unsent::Later) => rounds.put_off(key, now, now + TICK),
            Err(Unsent::Never(fault)) => rounds.unsent(key, fault, now),
        }
    }

    /// Ends a round.
    fn end(&mut self, key: Key) {
        let Some(round) = self.underway.rounds.end(key) else {
            return;
        };
        let sockets = match Family::of(round.address) {
            Family::V4 => &mut self.v4,
            Family::V6 => &mut self.v6,
        };
        for packet in &round.packets {
            sockets.forget(packet);
        }
        let seen = round.seen();
        self.told.push((round.teller, seen));
    }
}

impl Underway {
    fn answered(&mut self, which: Which, answer: Answer) {
        let Some(packet) = self.expected(which, answer.from, answer.mark) else {
            return;
        };
        let took = packet.took(answer.received_at, Instant::now());
        self.rounds.came_with(which.round, answer.hop_limit);
        if self.rounds.answered(which, took) {
            self.over.push(which.round);
        }
    }

    fn undelivered(&mut self, which: Which, what: Undelivered) {
        if self.expected(which, what.to, what.mark).is_none() {
            return;
        }
        let (kind, code) = what.said;
        let text = words_of(Family::of(what.to), kind, code);
        let why = match what.by {
            Some(by) if !is_ours(by) => Ok(Refusal {
                by: By::Router(by),
                what: text,
            }),
            // Our own kernel says so of a neighbor that it does not find, and of what we forbid.
            _ if text == NO_HOST => Ok(Refusal {
                by: By::Ourselves,
                what: text,
            }),
            _ => Err(Fault::Forbidden(what.to)),
        };
        if self.rounds.undelivered(which, why) {
            self.over.push(which.round);
        }
    }

    /// The packet, if it was sent to that address with that mark: neither an answer to an older one
    /// nor a stranger's counts.
    fn expected(&self, which: Which, address: IpAddr, mark: Mark) -> Option<Packet> {
        let (round, packet) = self.rounds.packet(which)?;
        let is_known = mark.cookie.is_none() || mark.cookie == packet.mark.cookie;
        (round.address == address && is_known).then_some(*packet)
    }
}
