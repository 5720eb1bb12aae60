//! Answers pings to the test's own address instead of the kernel, and not as it should.

use std::io::Read as _;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use socket2::{Domain, Protocol, Socket, Type};

/// What is sent for a request: packets without their checksums.
pub(super) type Lie = fn(&mut Liar, Vec<u8>) -> Vec<Vec<u8>>;

#[derive(Default)]
pub(super) struct Liar {
    before: Option<Vec<u8>>,
}

pub(super) struct Lying {
    thread: JoinHandle<()>,
    is_over: Arc<AtomicBool>,
}

impl Liar {
    pub(super) fn start(lie: Lie) -> Lying {
        Self::begin(
            Socket::new(Domain::IPV4, Type::RAW, Some(Protocol::ICMPV4)).unwrap(),
            lie,
        )
    }

    /// The same with another address as the sender.
    pub(super) fn start_as(address: IpAddr, lie: Lie) -> Lying {
        let mut liar = Self::default();
        let ears = Socket::new(Domain::IPV4, Type::RAW, Some(Protocol::ICMPV4)).unwrap();
        let mouth = Socket::new(Domain::IPV4, Type::RAW, Some(Protocol::ICMPV4)).unwrap();
        mouth.bind(&SocketAddr::new(address, 0).into()).unwrap();
        Self::spawn(ears, mouth, move |request| lie(&mut liar, request))
    }

    fn begin(socket: Socket, lie: Lie) -> Lying {
        let mut liar = Self::default();
        let mouth = socket.try_clone().unwrap();
        Self::spawn(socket, mouth, move |request| lie(&mut liar, request))
    }

    fn spawn(
        mut ears: Socket,
        mouth: Socket,
        mut lie: impl FnMut(Vec<u8>) -> Vec<Vec<u8>> + Send + 'static,
    ) -> Lying {
        ears.set_read_timeout(Some(Duration::from_millis(20)))
            .unwrap();
        let is_over = Arc::new(AtomicBool::new(false));
        let end = Arc::clone(&is_over);
        let thread = thread::spawn(move || {
            let mut packet = [0; 2_000];
            while !end.load(Ordering::Relaxed) {
                let Ok(length) = ears.read(&mut packet) else {
                    continue;
                };
                let (header, request) = packet[..length].split_at(20);
                if request[0] != 8 {
                    continue;
                }
                let from: [u8; 4] = header[12..16].try_into().unwrap();
                let to = SocketAddr::new(from.into(), 0).into();
                for mut answer in lie(request.to_vec()) {
                    answer[0] = 0;
                    seal(&mut answer);
                    mouth.send_to(&answer, &to).unwrap();
                }
            }
        });
        Lying { thread, is_over }
    }

    pub(super) fn honest(&mut self, request: Vec<u8>) -> Vec<Vec<u8>> {
        vec![request]
    }

    pub(super) fn twice(&mut self, request: Vec<u8>) -> Vec<Vec<u8>> {
        vec![request.clone(), request]
    }

    pub(super) fn other_cookie(&mut self, mut request: Vec<u8>) -> Vec<Vec<u8>> {
        request[15] ^= 1;
        vec![request]
    }

    pub(super) fn other_sequence(&mut self, mut request: Vec<u8>) -> Vec<Vec<u8>> {
        request[7] ^= 1;
        vec![request]
    }

    pub(super) fn without_cookie(&mut self, mut request: Vec<u8>) -> Vec<Vec<u8>> {
        request.truncate(8);
        vec![request]
    }

    /// The sequence number of this request with what the one before carried.
    pub(super) fn the_one_before(&mut self, request: Vec<u8>) -> Vec<Vec<u8>> {
        let head = request[..8].to_vec();
        let before = self.before.replace(request);
        let answer = before.map(|before| [&head[..], &before[8..]].concat());
        answer.into_iter().collect()
    }
}

impl Lying {
    pub(super) fn stop(self) {
        self.is_over.store(true, Ordering::Relaxed);
        self.thread.join().unwrap();
    }
}

/// Writes the checksum of a packet of an even length.
fn seal(packet: &mut [u8]) {
    packet[2..4].fill(0);
    let words = packet
        .chunks(2)
        .map(|pair| u32::from(u16::from_be_bytes([pair[0], pair[1]])));
    let mut sum: u32 = words.sum();
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    packet[2..4].copy_from_slice(&(!(sum as u16)).to_be_bytes());
}
