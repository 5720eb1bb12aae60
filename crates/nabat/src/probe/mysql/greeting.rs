//! How the two sides greet each other: what each can, and who wants to use what.

use super::Mysql;

/// What is said of what we can: long passwords, the protocol since 4.1, its login, its plug-ins.
const ABILITIES: u32 = 0x0000_0001 | 0x0000_0200 | 0x0000_8000 | 0x0008_0000;

/// That a database is named.
const NAMES_DATABASE: u32 = 0x0000_0008;

/// That TLS is spoken.
const TLS: u32 = 0x0000_0800;

/// UTF-8, as `utf8mb4_general_ci`.
const UTF_8: u8 = 45;

/// The random bytes that a login answers.
pub(super) const NONCE: usize = 20;

/// What a server says first.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Greeting {
    pub(super) version: Vec<u8>,
    pub(super) offers_tls: bool,
    /// Empty for servers before 4.1.
    pub(super) nonce: Vec<u8>,
    /// The name of the login that it likes best, if it names one.
    pub(super) way: Vec<u8>,
}

impl Greeting {
    /// That in a packet, if it is one. Servers before 4.1 say less, which will do without a login.
    pub(super) fn read(packet: &[u8]) -> Option<Self> {
        let rest = packet.strip_prefix(&[10])?;
        let end = rest.iter().position(|byte| *byte == 0)?;
        // The number of the connection, eight random bytes and a zero, what it can, its alphabet, its
        // state, what it can beyond that, how many random bytes there are, ten bytes of nothing, the
        // other random bytes and a zero, and the name of a login.
        let (version, rest) = (&rest[..end], &rest[end + 1..]);
        let abilities = rest.get(13..15).unwrap_or_default();
        let offers_tls = abilities.get(1).is_some_and(|high| high & 8 != 0);
        let halves = rest.get(4..12).zip(rest.get(31..43));
        let nonce = halves.map(|(first, second)| [first, second].concat());
        let way = rest.get(44..).unwrap_or_default().split(|byte| *byte == 0);
        Some(Self {
            version: version.to_vec(),
            offers_tls,
            nonce: nonce.unwrap_or_default(),
            way: way.into_iter().next().unwrap_or_default().to_vec(),
        })
    }
}

/// Asks for TLS: the beginning of what is said once it is spoken.
pub(super) fn tls_request(settings: &Mysql) -> Vec<u8> {
    let mut abilities = ABILITIES;
    if settings.tls {
        abilities |= TLS;
    }
    if settings.database.is_some() {
        abilities |= NAMES_DATABASE;
    }
    let mut body = abilities.to_le_bytes().to_vec();
    // The largest packet.
    body.extend_from_slice(&(1_u32 << 24).to_le_bytes());
    body.push(UTF_8);
    body.extend_from_slice(&[0; 23]);
    body
}

/// Who wants to use what, and proves it in this `way`.
pub(super) fn answer(settings: &Mysql, way: &str, proof: &[u8]) -> Vec<u8> {
    let mut body = tls_request(settings);
    body.extend_from_slice(settings.username.as_bytes());
    body.push(0);
    body.push(u8::try_from(proof.len()).unwrap_or_default());
    body.extend_from_slice(proof);
    for text in settings.database.as_deref().into_iter().chain([way]) {
        body.extend_from_slice(text.as_bytes());
        body.push(0);
    }
    body
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_greeting_is_read_however_much_of_it_there_is() {
        let whole = [
            b"\x0a8.4.0\0\x01\0\0\0".as_slice(),
            b"abcdefgh\0\xff\xff\xff\x02\0\xff\xdf\x15",
            &[0; 10],
            b"ijklmnopqrst\0caching_sha2_password\0",
        ]
        .concat();
        let greeting = Greeting::read(&whole).unwrap();
        let expected = Greeting {
            version: b"8.4.0".to_vec(),
            offers_tls: true,
            nonce: b"abcdefghijklmnopqrst".to_vec(),
            way: b"caching_sha2_password".to_vec(),
        };
        assert_eq!(greeting, expected);
        for size in 0..whole.len() {
            let part = Greeting::read(&whole[..size]);
            assert_eq!(part.is_some(), size > 6, "{size}");
        }
        assert_eq!(Greeting::read(b"HTTP/1.1\0"), None);
    }
}
