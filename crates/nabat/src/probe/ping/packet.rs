//! An echo on the wire: what is asked, and what is understood of answers and of what routers quote.
//!
//! Only the head of a packet is looked at: type, sequence number and the cookie behind it.

use std::net::IpAddr;

/// The fields before what an echo carries.
const HEADER: usize = 8;
/// What it carries begins with something that nobody else knows.
const COOKIE: usize = 8;
/// How much of a packet is read: an IP header with all its options, and what matters behind it.
pub(super) const HEAD: usize = 60 + HEADER + COOKIE;

/// The version of the Internet Protocol of an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    V4,
    V6,
}

impl Family {
    /// The family of an address.
    pub(super) fn of(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(_) => Self::V4,
            IpAddr::V6(_) => Self::V6,
        }
    }

    /// The type of a request.
    const fn request(self) -> u8 {
        match self {
            Self::V4 => 8,
            Self::V6 => 128,
        }
    }

    /// The type of an answer.
    pub(super) const fn reply(self) -> u8 {
        match self {
            Self::V4 => 0,
            Self::V6 => 129,
        }
    }
}

/// What tells one echo from all others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Mark {
    pub(super) sequence: u16,
    /// What it carries; of a packet that a router quotes it may be cut off.
    pub(super) cookie: Option<u64>,
}

/// Writes a request that carries `size` bytes, at least the cookie. The kernel sets the number of a
/// datagram socket and the checksum of all but raw IPv4.
pub(super) fn write_request(
    packet: &mut Vec<u8>,
    family: Family,
    id: u16,
    sequence: u16,
    cookie: u64,
    size: usize,
) {
    packet.clear();
    packet.extend([family.request(), 0, 0, 0]);
    packet.extend(id.to_be_bytes());
    packet.extend(sequence.to_be_bytes());
    packet.extend(cookie.to_be_bytes());
    packet.resize(HEADER + size.max(COOKIE), 0);
    if family == Family::V4 {
        let sum = checksum(packet).to_be_bytes();
        packet[2..4].copy_from_slice(&sum);
    }
}

/// The mark of an answer.
pub(super) fn read_reply(family: Family, packet: &[u8]) -> Option<Mark> {
    let mark = read(family.reply(), packet)?;
    mark.cookie.map(|_| mark)
}

/// The mark of a request, as a router quotes it.
pub(super) fn read_request(family: Family, packet: &[u8]) -> Option<Mark> {
    read(family.request(), packet)
}

/// What follows the IPv4 header, which raw sockets hand out too.
pub(super) fn without_header(packet: &[u8]) -> Option<&[u8]> {
    let words = usize::from(packet.first()? & 0x0f);
    packet.get(words * 4..)
}

fn read(kind: u8, packet: &[u8]) -> Option<Mark> {
    let (header, carried) = packet.split_first_chunk::<HEADER>()?;
    let [said, code, _, _, _, _, high, low] = *header;
    let cookie = carried.first_chunk::<COOKIE>();
    (said == kind && code == 0).then(|| Mark {
        sequence: u16::from_be_bytes([high, low]),
        cookie: cookie.map(|cookie| u64::from_be_bytes(*cookie)),
    })
}

/// The Internet checksum (RFC 1071) of a packet in which it is zero.
fn checksum(packet: &[u8]) -> u16 {
    let words = packet.chunks(2).map(|pair| match *pair {
        [high, low] => u16::from_be_bytes([high, low]),
        [high] => u16::from_be_bytes([high, 0]),
        _ => 0,
    });
    let mut sum: u32 = words.map(u32::from).sum();
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !u16::try_from(sum).unwrap_or(u16::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn request(family: Family, size: usize) -> Vec<u8> {
        let mut packet = Vec::new();
        write_request(&mut packet, family, 7, 0xabcd, 0x0102_0304_0506_0708, size);
        packet
    }

    #[test]
    fn a_request_is_as_long_as_asked_and_never_without_its_cookie() {
        assert_eq!(request(Family::V4, 56).len(), 64);
        assert_eq!(request(Family::V6, 0).len(), 16);
    }

    #[test]
    fn the_checksum_of_a_request_is_that_of_the_standard() {
        // With the sum in its place, the sum of everything is zero.
        assert_eq!(checksum(&request(Family::V4, 56)), 0);
        assert_eq!(checksum(&request(Family::V4, 9)), 0);
        assert_eq!(
            checksum(&[0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7]),
            0x220d
        );
    }

    #[test]
    fn an_answer_is_a_request_with_another_type() {
        for family in [Family::V4, Family::V6] {
            let mut packet = request(family, 56);
            assert_eq!(read_reply(family, &packet), None, "our own request");
            packet[0] = family.reply();
            let mark = Mark {
                sequence: 0xabcd,
                cookie: Some(0x0102_0304_0506_0708),
            };
            assert_eq!(read_reply(family, &packet), Some(mark));
            assert_eq!(read_reply(family, &packet[..15]), None, "no cookie");
        }
    }

    #[test]
    fn a_router_need_not_quote_the_cookie() {
        let packet = request(Family::V4, 56);
        let mark = read_request(Family::V4, &packet[..8]).unwrap();
        assert_eq!((mark.sequence, mark.cookie), (0xabcd, None));
        assert_eq!(read_request(Family::V4, &packet[..7]), None);
    }

    proptest! {
        #[test]
        fn no_bytes_make_reading_panic(packet in proptest::collection::vec(any::<u8>(), 0..100)) {
            let _ = read_reply(Family::V4, &packet);
            let _ = read_request(Family::V6, &packet);
            let _ = without_header(&packet).map(|rest| read_reply(Family::V4, rest));
        }
    }
}
