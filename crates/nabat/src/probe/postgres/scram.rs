//! Proves to know a password without telling it: SCRAM-SHA-256 (RFC 5802, RFC 7677).
//!
//! The password is taken as it stands; what SASLprep would change of it (rare letters beyond ASCII)
//! is not changed.

use std::num::NonZeroU32;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use ring::digest::{SHA256, digest};
use ring::{hmac, pbkdf2};
use subtle::ConstantTimeEq as _;

/// The most rounds that a server may ask for, lest it keeps this machine busy. Usual are 4,096.
const MAX_ROUNDS: u32 = 100_000;

/// The header of who binds no channel, and its base64.
const HEADER: (&str, &str) = ("n,,", "biws");

/// A login that has begun.
pub(super) struct Scram {
    nonce: String,
}

/// A login that wants to be confirmed.
pub(super) struct Proof {
    /// What is sent.
    pub(super) message: String,
    /// What the server has to answer if it knows the password too.
    pub(super) expected: String,
}

impl Scram {
    /// Begins with random bytes.
    pub(super) fn new(random: [u8; 18]) -> Self {
        let nonce = BASE64_STANDARD.encode(random);
        Self { nonce }
    }

    /// The first message; the user was named already.
    pub(super) fn first(&self) -> String {
        format!("{}{}", HEADER.0, self.bare())
    }

    fn bare(&self) -> String {
        format!("n=,r={}", self.nonce)
    }

    /// The answer to the server's first message, if that is one.
    pub(super) fn proof(&self, password: &str, challenge: &str) -> Option<Proof> {
        let part = |name: &str| {
            challenge
                .split(',')
                .find_map(|part| part.strip_prefix(name))
        };
        let nonce = part("r=").filter(|nonce| nonce.starts_with(&self.nonce))?;
        let salt = BASE64_STANDARD.decode(part("s=")?).ok()?;
        let rounds: NonZeroU32 = part("i=")?.parse().ok()?;
        if rounds.get() > MAX_ROUNDS {
            return None;
        }
        let mut salted = [0; 32];
        let algorithm = pbkdf2::PBKDF2_HMAC_SHA256;
        pbkdf2::derive(algorithm, rounds, &salt, password.as_bytes(), &mut salted);
        let last = format!("c={},r={nonce}", HEADER.1);
        let whole = format!("{},{challenge},{last}", self.bare());
        let key = sign(&salted, b"Client Key");
        let stored = digest(&SHA256, key.as_ref());
        let signature = sign(stored.as_ref(), whole.as_bytes());
        let both = key.as_ref().iter().zip(signature.as_ref());
        let proof: Vec<u8> = both.map(|(key, signature)| key ^ signature).collect();
        let of_server = sign(&salted, b"Server Key");
        let expected = sign(of_server.as_ref(), whole.as_bytes());
        Some(Proof {
            message: format!("{last},p={}", BASE64_STANDARD.encode(proof)),
            expected: format!("v={}", BASE64_STANDARD.encode(expected)),
        })
    }
}

impl Proof {
    /// Whether the server knows the password too.
    pub(super) fn is_confirmed_by(&self, answer: &[u8]) -> bool {
        answer.ct_eq(self.expected.as_bytes()).into()
    }
}

fn sign(key: &[u8], text: &[u8]) -> hmac::Tag {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of RFC 7677, save for the user's name, which PostgreSQL wants empty.
    #[test]
    fn a_server_that_knows_the_password_takes_the_proof() {
        let scram = Scram {
            nonce: "rOprNGfwEbeRWgbNEkqO".to_owned(),
        };
        let challenge = "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,\
                         s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";
        let proof = scram.proof("pencil", challenge).unwrap();
        let last = "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=";
        assert!(proof.message.starts_with(last), "{}", proof.message);
        assert!(proof.is_confirmed_by(proof.expected.as_bytes()));
        assert!(!proof.is_confirmed_by(b"v=AAAA"));
    }

    #[test]
    fn a_challenge_that_is_none_is_not_taken_up() {
        let scram = Scram::new([7; 18]);
        let nonce = &scram.nonce;
        for challenge in [
            String::new(),
            "r=another,s=AAAA,i=4096".to_owned(),
            format!("r={nonce}x,s=?,i=4096"),
            format!("r={nonce}x,s=AAAA,i=0"),
            format!("r={nonce}x,s=AAAA,i=4000000000"),
            format!("r={nonce}x,s=AAAA"),
        ] {
            assert!(scram.proof("pencil", &challenge).is_none(), "{challenge}");
        }
    }
}
