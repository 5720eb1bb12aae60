//! The rounds that are under way: which packet is due, which answer is whose, what each round saw.
//!
//! Nothing here knows a clock or a socket: what time it is and what came are arguments.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::net::IpAddr;
use std::time::{Duration, Instant, SystemTime};

use rustc_hash::FxHashMap;

use super::packet::Mark;
use super::seen::{Fault, Refusal, Seen};

/// How one address is to be pinged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Round {
    /// How many packets, at least one.
    pub count: u16,
    /// How long after one packet the next is sent.
    pub spacing: Duration,
    /// How long after the first packet answers are awaited.
    pub timeout: Duration,
    /// How many bytes a packet carries, at least eight.
    pub size: u16,
    /// The address of this machine from which it is sent; without it the system chooses.
    pub source: Option<IpAddr>,
    /// How many hops a packet may take; without it as many as is usual here.
    pub hops: Option<u8>,
    /// Whether it comes from a new socket, and so with another identifier: a firewall may hold on to
    /// the old one.
    pub fresh: bool,
}

/// Which round; never used again.
pub(super) type Key = u64;

/// Which packet of which round.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Which {
    pub(super) round: Key,
    place: usize,
}

/// A packet that was sent.
#[derive(Debug, Clone, Copy)]
pub(super) struct Packet {
    /// By which socket.
    pub(super) socket: u64,
    pub(super) mark: Mark,
    /// When, by the clock that never jumps and by the one that the kernel writes on answers.
    pub(super) sent_at: (Instant, SystemTime),
    fate: Fate,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Open,
    Refused,
    Answered(Duration),
}

impl Packet {
    pub(super) fn new(socket: u64, mark: Mark, sent_at: (Instant, SystemTime)) -> Self {
        Self {
            socket,
            mark,
            sent_at,
            fate: Fate::Open,
        }
    }

    /// How long its answer took that came at `received_at` and is read at `now`. Whoever sets the
    /// clock meanwhile makes that impossible, then it is how long ago the packet was sent.
    pub(super) fn took(&self, received_at: Option<SystemTime>, now: Instant) -> Duration {
        let (sent_at, sent_on) = self.sent_at;
        let at_most = now.saturating_duration_since(sent_at);
        received_at
            .and_then(|received_at| received_at.duration_since(sent_on).ok())
            .filter(|took| *took <= at_most)
            .unwrap_or(at_most)
    }
}

/// A round that is under way, and to whom it is told.
#[derive(Debug)]
pub(super) struct Active<T> {
    pub(super) address: IpAddr,
    pub(super) plan: Round,
    pub(super) packets: Vec<Packet>,
    pub(super) teller: T,
    begun_at: Option<Instant>,
    refusal: Option<Refusal>,
    fault: Option<Fault>,
    /// How many more hops the last answer might have taken.
    hop_limit: Option<u8>,
    /// How many packets are sent or given up.
    done: u16,
}

impl<T> Active<T> {
    pub(super) fn new(address: IpAddr, plan: Round, teller: T) -> Self {
        Self {
            address,
            plan,
            packets: Vec::with_capacity(usize::from(plan.count)),
            teller,
            begun_at: None,
            refusal: None,
            fault: None,
            hop_limit: None,
            done: 0,
        }
    }

    /// Until when answers are awaited; before its first packet was sent, from `now` on.
    pub(super) fn ends_at(&self, now: Instant) -> Instant {
        self.begun_at.unwrap_or(now) + self.plan.timeout
    }

    fn all_sent(&self) -> bool {
        self.done >= self.plan.count
    }

    fn is_over(&self) -> bool {
        self.all_sent() && self.packets.iter().all(|packet| packet.fate != Fate::Open)
    }

    /// What it saw.
    pub(super) fn seen(&self) -> Seen {
        let rtts = self.packets.iter().filter_map(|packet| match packet.fate {
            Fate::Answered(took) => Some(took),
            Fate::Open | Fate::Refused => None,
        });
        Seen {
            sent: u16::try_from(self.packets.len()).unwrap_or(u16::MAX),
            rtts: rtts.collect(),
            refusal: self.refusal,
            fault: self.fault.clone(),
            hop_limit: self.hop_limit,
        }
    }
}

/// What is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Due {
    /// The next packet of the round.
    Packet(Key),
    /// Nothing more is awaited.
    End(Key),
}

/// All rounds that are under way.
#[derive(Debug)]
pub(super) struct Rounds<T> {
    active: FxHashMap<Key, Active<T>>,
    /// When to look at which round: one entry for each, and those that ended before their time.
    agenda: BinaryHeap<Reverse<(Instant, Key)>>,
    next: Key,
}

impl<T> Default for Rounds<T> {
    fn default() -> Self {
        Self {
            active: FxHashMap::default(),
            agenda: BinaryHeap::new(),
            next: 0,
        }
    }
}

impl<T> Rounds<T> {
    pub(super) fn is_empty(&self) -> bool {
        self.active.is_empty()
    }

    /// Begins a round: its first packet is due now.
    pub(super) fn begin(&mut self, round: Active<T>, now: Instant) {
        let key = self.next;
        self.next += 1;
        self.active.insert(key, round);
        self.agenda.push(Reverse((now, key)));
    }

    /// What is due at `now`, and taken from the agenda: who takes a packet says what became of it.
    pub(super) fn due(&mut self, now: Instant) -> Option<Due> {
        loop {
            let Reverse((at, key)) = *self.agenda.peek()?;
            if at > now {
                return None;
            }
            self.agenda.pop();
            if let Some(round) = self.active.get(&key) {
                let is_late = round.begun_at.is_some() && round.ends_at(now) <= now;
                let due = if round.all_sent() || is_late {
                    Due::End
                } else {
                    Due::Packet
                };
                return Some(due(key));
            }
        }
    }

    pub(super) fn get(&self, key: Key) -> Option<&Active<T>> {
        self.active.get(&key)
    }

    /// The packet, while its round is under way.
    pub(super) fn packet(&self, which: Which) -> Option<(&Active<T>, &Packet)> {
        let round = self.active.get(&which.round)?;
        Some((round, round.packets.get(which.place)?))
    }

    /// The due packet was sent. Says which it is.
    pub(super) fn sent(&mut self, key: Key, packet: Packet) -> Option<Which> {
        let round = self.active.get_mut(&key)?;
        let (sent_at, _) = packet.sent_at;
        round.begun_at.get_or_insert(sent_at);
        let place = round.packets.len();
        round.packets.push(packet);
        self.count(key, sent_at);
        Some(Which { round: key, place })
    }

    /// The due packet could not be sent, and will not be.
    pub(super) fn unsent(&mut self, key: Key, fault: Fault, now: Instant) {
        let Some(round) = self.active.get_mut(&key) else {
            return;
        };
        round.fault = Some(fault);
        round.begun_at.get_or_insert(now);
        self.count(key, now);
    }

    /// The due packet could not be sent now: it is due again at `again_at`, unless its round ends
    /// before.
    pub(super) fn put_off(&mut self, key: Key, now: Instant, again_at: Instant) {
        let Some(round) = self.active.get_mut(&key) else {
            return;
        };
        round.begun_at.get_or_insert(now);
        if again_at < round.ends_at(now) {
            self.agenda.push(Reverse((again_at, key)));
        } else {
            self.unsent(key, Fault::Busy, now);
        }
    }

    /// One more packet is done with: what of the round is due next, and when.
    fn count(&mut self, key: Key, now: Instant) {
        let Some(round) = self.active.get_mut(&key) else {
            return;
        };
        round.done += 1;
        let next = match (round.all_sent(), round.is_over()) {
            (false, _) => now + round.plan.spacing,
            (true, false) => round.ends_at(now),
            (true, true) => now,
        };
        self.agenda.push(Reverse((next, key)));
    }

    /// A packet was answered. Says whether nothing more is awaited.
    pub(super) fn answered(&mut self, which: Which, took: Duration) -> bool {
        self.settle(which, |packet| match packet.fate {
            Fate::Answered(_) => {}
            Fate::Open | Fate::Refused => packet.fate = Fate::Answered(took),
        })
    }

    /// How many more hops an answer might have taken.
    pub(super) fn came_with(&mut self, key: Key, hop_limit: Option<u8>) {
        if let Some(round) = self.active.get_mut(&key) {
            round.hop_limit = hop_limit.or(round.hop_limit);
        }
    }

    /// A packet was not delivered, by what the network says or by our own fault. Says whether nothing
    /// more is awaited.
    pub(super) fn undelivered(&mut self, which: Which, why: Result<Refusal, Fault>) -> bool {
        if let Some(round) = self.active.get_mut(&which.round) {
            match why {
                Ok(refusal) => round.refusal = Some(refusal),
                Err(fault) => round.fault = Some(fault),
            }
        }
        self.settle(which, |packet| match packet.fate {
            Fate::Open => packet.fate = Fate::Refused,
            Fate::Refused | Fate::Answered(_) => {}
        })
    }

    fn settle(&mut self, which: Which, change: impl FnOnce(&mut Packet)) -> bool {
        let Some(round) = self.active.get_mut(&which.round) else {
            return false;
        };
        if let Some(packet) = round.packets.get_mut(which.place) {
            change(packet);
        }
        round.is_over()
    }

    /// Takes a round out.
    pub(super) fn end(&mut self, key: Key) -> Option<Active<T>> {
        self.active.remove(&key)
    }
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use super::super::seen::By;
    use super::*;

    const PLAN: Round = Round {
        count: 3,
        spacing: ms(200),
        timeout: ms(1_000),
        size: 56,
        source: None,
        hops: None,
        fresh: false,
    };

    const fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    /// Rounds, and a clock of their own that begins at 0 ms.
    struct World {
        rounds: Rounds<()>,
        start: Instant,
    }

    impl World {
        fn with(plan: Round) -> Self {
            let mut rounds = Rounds::default();
            let start = Instant::now();
            rounds.begin(Active::new([10, 0, 0, 7].into(), plan, ()), start);
            Self { rounds, start }
        }

        fn due(&mut self, at: u64) -> Option<Due> {
            self.rounds.due(self.start + ms(at))
        }

        fn sends(&mut self, at: u64) -> Which {
            assert_eq!(self.due(at), Some(Due::Packet(0)), "at {at}");
            let sent_at = (self.start + ms(at), UNIX_EPOCH + ms(at));
            let mark = Mark {
                sequence: 0,
                cookie: Some(1),
            };
            self.rounds
                .sent(0, Packet::new(0, mark, sent_at))
                .expect("the round is under way")
        }

        fn end(&mut self) -> Seen {
            self.rounds.end(0).expect("the round is under way").seen()
        }
    }

    #[test]
    fn packets_go_one_after_the_other_and_answers_are_awaited_to_the_end() {
        let mut world = World::with(PLAN);
        let first = world.sends(0);
        assert_eq!(world.due(199), None);
        world.sends(200);
        world.sends(400);
        assert!(!world.rounds.answered(first, ms(3)));
        assert_eq!(world.due(999), None);
        assert_eq!(world.due(1_000), Some(Due::End(0)));
        let seen = world.end();
        assert_eq!((seen.sent, seen.rtts), (3, vec![ms(3)]));
        assert!(world.rounds.is_empty());
    }

    #[test]
    fn a_round_is_over_with_its_last_answer() {
        let mut world = World::with(PLAN);
        let packets = [world.sends(0), world.sends(200), world.sends(400)];
        for (packet, is_over) in packets.into_iter().zip([false, false, true]) {
            assert_eq!(world.rounds.answered(packet, ms(1)), is_over);
        }
        assert_eq!(world.end().lost(), 0);
        assert_eq!(world.due(1_000), None, "what is over is due no more");
    }

    #[test]
    fn an_answer_counts_once_and_none_after_the_end() {
        let mut world = World::with(PLAN);
        let first = world.sends(0);
        world.rounds.answered(first, ms(1));
        world.rounds.answered(first, ms(9));
        assert_eq!(world.end().rtts, [ms(1)]);
        assert!(!world.rounds.answered(first, ms(1)));
        assert!(world.rounds.packet(first).is_none());
    }

    #[test]
    fn an_answer_counts_for_more_than_what_a_router_says() {
        let refusal = Refusal {
            by: By::Ourselves,
            what: "host unreachable",
        };
        let plan = Round { count: 2, ..PLAN };
        let mut world = World::with(plan);
        let packets = [world.sends(0), world.sends(200)];
        assert!(!world.rounds.undelivered(packets[0], Ok(refusal)));
        assert!(!world.rounds.answered(packets[0], ms(1)));
        assert!(world.rounds.undelivered(packets[1], Ok(refusal)));
        let seen = world.end();
        assert_eq!((seen.received(), seen.refusal), (1, Some(refusal)));
    }

    #[test]
    fn what_finds_no_room_is_sent_later_and_is_our_fault_at_the_end() {
        let mut world = World::with(PLAN);
        for at in (0..990).step_by(10) {
            assert_eq!(world.due(at), Some(Due::Packet(0)), "at {at}");
            let now = world.start + ms(at);
            world.rounds.put_off(0, now, now + ms(10));
        }
        assert_eq!(world.due(990), Some(Due::Packet(0)));
        let now = world.start + ms(990);
        world.rounds.put_off(0, now, now + ms(10));
        assert_eq!(world.due(1_190), Some(Due::End(0)));
        let seen = world.end();
        assert_eq!((seen.sent, seen.fault), (0, Some(Fault::Busy)));
    }

    #[test]
    fn a_round_of_which_nothing_can_be_sent_ends_with_its_last_packet() {
        let mut world = World::with(PLAN);
        for at in [0, 200, 400] {
            assert_eq!(world.due(at), Some(Due::Packet(0)));
            world
                .rounds
                .unsent(0, Fault::NotAllowed, world.start + ms(at));
        }
        assert_eq!(world.due(400), Some(Due::End(0)));
        assert_eq!(world.end().fault, Some(Fault::NotAllowed));
    }

    #[test]
    fn how_long_it_took_is_what_the_kernel_says_unless_the_clock_was_set() {
        let start = Instant::now();
        let mark = Mark {
            sequence: 0,
            cookie: None,
        };
        let sent_on = UNIX_EPOCH + ms(1_000);
        let packet = Packet::new(0, mark, (start, sent_on));
        let read_at = start + ms(10);
        for (received_on, took) in [
            (Some(sent_on + ms(3)), 3),
            (Some(sent_on + ms(3_600_000)), 10),
            (Some(sent_on - ms(1)), 10),
            (None, 10),
        ] {
            assert_eq!(
                packet.took(received_on, read_at),
                ms(took),
                "{received_on:?}"
            );
        }
    }
}
