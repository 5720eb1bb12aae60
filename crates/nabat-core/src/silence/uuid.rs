//! What silences are called outside: by a UUID, because Alertmanager's clients know no numbers.
//!
//! It is made of the store's name and the silence's number, both ways, so that nothing has to be
//! kept or looked up, and the name that another Nabat gave is not mistaken for one of this. The
//! layout is that of RFC 9562's version 8: 60 bits of a hash of the store's name, 62 of the number.

use sha2::{Digest, Sha256};

use super::SilenceId;

const VERSION: u128 = 8 << 76;
const VARIANT: u128 = 2 << 62;
const NUMBER: u128 = (1 << 62) - 1;
/// Everything that is the same in all names of one store.
const STORE: u128 = !NUMBER;

/// Gives the silences of one store their names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Names(u128);

impl Names {
    /// The names of silences in the store with this name.
    pub fn of(instance: &str) -> Self {
        let hash = Sha256::digest(instance.as_bytes());
        let bits = hash.iter().take(16);
        let hash = bits.fold(0, |bits, byte| bits << 8 | u128::from(*byte));
        let free = !((0xf << 76) | (3 << 62)) & STORE;
        Self(hash & free | VERSION | VARIANT)
    }

    /// The name of a silence.
    pub fn uuid(self, id: SilenceId) -> String {
        // The sign goes into the lowest bit; numbers are given one by one and never use the highest.
        let number = (id.0 << 1) ^ (id.0 >> 63);
        let bits = self.0 | (u128::from(number.cast_unsigned()) & NUMBER);
        let text = format!("{bits:032x}");
        let parts = [0..8, 8..12, 12..16, 16..20, 20..32];
        let parts = parts.map(|part| text.get(part).unwrap_or_default());
        parts.join("-")
    }

    /// The silence with this name, if it can be one of this store.
    pub fn id(self, uuid: &str) -> Option<SilenceId> {
        let digits: String = uuid.chars().filter(|c| *c != '-').collect();
        let whole = digits.len() == 32 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        let bits = u128::from_str_radix(&digits, 16).ok().filter(|_| whole)?;
        if bits & STORE != self.0 {
            return None;
        }
        let number = u64::try_from(bits & NUMBER).ok()?;
        let sign = (number & 1).cast_signed();
        Some(SilenceId((number >> 1).cast_signed() ^ -sign))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_name_looks_as_clients_want_it() {
        let uuid = Names::of("9f0c2a5177be0d10").uuid(SilenceId(1_000));
        assert_eq!(uuid.len(), 36);
        assert_eq!(uuid.get(14..15), Some("8"), "{uuid}");
        assert_eq!(uuid.get(19..), Some("8000-0000000007d0"), "{uuid}");
    }

    #[test]
    fn the_name_of_another_store_is_none_of_this() {
        let uuid = Names::of("one").uuid(SilenceId(7));
        assert_eq!(Names::of("two").id(&uuid), None);
        for text in ["", "7", "xyz", "11111111-2222-4333-8444-555555555555"] {
            assert_eq!(Names::of("one").id(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_number_has_a_name_and_the_name_leads_back(number in -(1i64 << 60)..(1i64 << 60)) {
            let names = Names::of("store");
            let id = SilenceId(number);
            prop_assert_eq!(names.id(&names.uuid(id)), Some(id));
        }
    }
}
