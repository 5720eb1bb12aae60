//! Signs a webhook as Standard Webhooks say: <https://www.standardwebhooks.com>.
//!
//! What is signed is the id, the time of the attempt and the body, so that nobody who has seen a
//! webhook can send it again later, or pass it off as another one.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;

/// What a key is marked with.
const PREFIX: &str = "whsec_";
/// The shortest key that the standard allows.
const KEY_MIN_BYTES: usize = 24;

/// A key, ready to sign.
#[derive(Clone)]
pub(super) struct Key(hmac::Key);

impl Key {
    /// Reads `whsec_…`, or the base64 alone; nothing for what is no key or too short a one.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let text = text.strip_prefix(PREFIX).unwrap_or(text);
        let bytes = STANDARD.decode(text).ok()?;
        (bytes.len() >= KEY_MIN_BYTES).then(|| Self(hmac::Key::new(hmac::HMAC_SHA256, &bytes)))
    }

    /// The header `webhook-signature`; `second` is that of the attempt, since 1970.
    pub(super) fn sign(&self, id: &str, second: i64, body: &[u8]) -> String {
        let mut signing = hmac::Context::with_key(&self.0);
        signing.update(format!("{id}.{second}.").as_bytes());
        signing.update(body);
        format!("v1,{}", STANDARD.encode(signing.sign()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The vector of the standard's own libraries.
    #[test]
    fn a_signature_is_that_of_the_standard() {
        let body = br#"{"test": 2432232314}"#;
        for key in [
            "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        ] {
            let key = Key::parse(key).unwrap();
            assert_eq!(
                key.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, body),
                "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
            );
        }
    }

    #[test]
    fn what_is_no_key_is_not_taken_for_one() {
        for text in [
            "",
            "whsec_",
            "correct horse battery staple",
            "whsec_c2hvcnQ=",
        ] {
            assert!(Key::parse(text).is_none(), "{text}");
        }
    }
}
