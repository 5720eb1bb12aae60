//! Lets a user in, in the way that the server asks for.

use ring::digest::{Algorithm, Context, SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};

use super::Mysql;
use super::greeting::{self, Greeting, NONCE};
use super::wire::{Refusal, Wire, foreign};
use crate::config::Secret;
use crate::probe::stream::Stream;
use crate::probe::{Finding, evidence};

/// Refusals of who asks, by a server that is well: access denied, host not allowed, and the need for
/// TLS or another way of login.
const WELL: [u16; 6] = [1044, 1045, 1130, 1251, 1698, 3159];

/// How the answers of a server to a login begin.
const DONE: u8 = 0;
const MORE: u8 = 1;
const OTHER_WAY: u8 = 0xfe;

/// What `caching_sha2_password` says to a proof: that it is one, or that the password itself is wanted.
const PROVEN: u8 = 3;
const PASSWORD: u8 = 4;

/// The most answers that a login may take. Usual are at most three.
const MAX_ANSWERS: usize = 8;

/// A way to prove to know a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Native,
    CachingSha2,
}

impl Way {
    fn named(name: &[u8]) -> Option<Self> {
        let mut known = [Self::Native, Self::CachingSha2].into_iter();
        known.find(|way| way.name().as_bytes() == name)
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Native => "mysql_native_password",
            Self::CachingSha2 => "caching_sha2_password",
        }
    }

    /// Shows that `password` is known, to who knows what it hashes to twice.
    fn proof(self, password: &str, nonce: &[u8]) -> Vec<u8> {
        if password.is_empty() {
            return Vec::new();
        }
        let algorithm = match self {
            Self::Native => &SHA1_FOR_LEGACY_USE_ONLY,
            Self::CachingSha2 => &SHA256,
        };
        let once = digest(algorithm, password.as_bytes());
        let twice = digest(algorithm, once.as_ref());
        let mask = match self {
            Self::Native => both(algorithm, nonce, twice.as_ref()),
            Self::CachingSha2 => both(algorithm, twice.as_ref(), nonce),
        };
        let pairs = once.as_ref().iter().zip(mask.as_ref());
        pairs.map(|(once, mask)| once ^ mask).collect()
    }
}

fn both(algorithm: &'static Algorithm, first: &[u8], second: &[u8]) -> ring::digest::Digest {
    let mut context = Context::new(algorithm);
    context.update(first);
    context.update(second);
    context.finish()
}

/// Answers the greeting: lets the user in, if there is a password to do so with.
///
/// # Errors
/// If the user is not let in, or not in a way that is known here; without a password, if the server
/// is not well.
pub(super) async fn enter<S: Stream>(
    wire: &mut Wire<S>,
    greeting: &Greeting,
    settings: &Mysql,
) -> Result<Finding, Finding> {
    match &settings.password {
        Some(password) => {
            login(wire, greeting, settings, password).await?;
            Ok(Finding::up("lets the user in"))
        }
        None => knock(wire, greeting, settings).await,
    }
}

/// What a refusal of the user means.
///
/// # Errors
/// If the user should have been let in, or the server is not well.
pub(super) fn refused(refusal: &Refusal, settings: &Mysql) -> Result<Finding, Finding> {
    if settings.password.is_some() {
        return Err(refusal.down("login refused"));
    }
    if WELL.contains(&refusal.code) {
        return Ok(Finding::up(format!("answers: {}", refusal.seen)));
    }
    Err(refusal.down("refuses"))
}

/// Asks to be let in without a password.
async fn knock<S: Stream>(
    wire: &mut Wire<S>,
    greeting: &Greeting,
    settings: &Mysql,
) -> Result<Finding, Finding> {
    let way = Way::Native.name();
    wire.say(&greeting::answer(settings, way, &[])).await?;
    let mut answer = wire.next().await?;
    if answer[0] == OTHER_WAY {
        // There is no password in any.
        wire.say(&[]).await?;
        answer = wire.next().await?;
    } else if answer[0] != DONE && Refusal::read(&answer).is_none() {
        return Err(foreign(&answer));
    }
    if let Some(refusal) = Refusal::read(&answer) {
        return refused(&refusal, settings);
    }
    let version = evidence::quote(&greeting.version);
    Ok(Finding::up(format!("answers as version {version}")))
}

async fn login<S: Stream>(
    wire: &mut Wire<S>,
    greeting: &Greeting,
    settings: &Mysql,
    password: &Secret,
) -> Result<(), Finding> {
    if greeting.nonce.len() != NONCE {
        return Err(odd());
    }
    let password = password.expose();
    let mut way = Way::named(&greeting.way).unwrap_or(Way::Native);
    let proof = way.proof(password, &greeting.nonce);
    let answer = greeting::answer(settings, way.name(), &proof);
    wire.say(&answer).await?;
    for _ in 0..MAX_ANSWERS {
        let answer = wire.next().await?;
        if let Some(refusal) = Refusal::read(&answer) {
            return refused(&refusal, settings).map(|_| ());
        }
        match (answer[0], &answer[1..]) {
            (DONE, _) => return Ok(()),
            (OTHER_WAY, asked) => {
                let mut parts = asked.splitn(2, |byte| *byte == 0);
                let name = parts.next().unwrap_or_default();
                let Some(other) = Way::named(name) else {
                    let name = evidence::quote(name);
                    let words = format!("the server wants a login by {name}, not known here");
                    return Err(broken_off(wire, &words).await);
                };
                let nonce = parts.next().and_then(|rest| rest.get(..NONCE));
                way = other;
                let proof = way.proof(password, nonce.ok_or_else(odd)?);
                wire.say(&proof).await?;
            }
            (MORE, [PROVEN]) if way == Way::CachingSha2 => {}
            (MORE, [PASSWORD]) if way == Way::CachingSha2 => {
                if !settings.tls {
                    let words = "the server wants the password over TLS, which needs `tls: true`";
                    return Err(broken_off(wire, words).await);
                }
                wire.say(&[password.as_bytes(), b"\0"].concat()).await?;
            }
            _ => return Err(odd()),
        }
    }
    Err(odd())
}

/// Ends a login that cannot go on here, by a refusal, which the server does not count.
async fn broken_off<S: Stream>(wire: &mut Wire<S>, words: &str) -> Finding {
    if wire.say(&[]).await.is_ok() {
        let _ = wire.next().await;
    }
    Finding::unknown(words)
}

fn odd() -> Finding {
    Finding::down("login that goes otherwise than that of MySQL")
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex};

    use super::*;
    use crate::probe::Outcome;

    /// The example of Go's driver.
    const RANDOM: [u8; NONCE] = [
        10, 47, 74, 111, 75, 73, 34, 48, 88, 76, 114, 74, 37, 13, 3, 80, 82, 2, 23, 21,
    ];

    const FULL: &[u8] = &[MORE, PASSWORD];
    const FAST: &[u8] = &[MORE, PROVEN];
    const OK: &[u8] = &[DONE, 0, 0, 2, 0, 0, 0];
    const DENIED: &[u8] = b"\xff\x15\x04#28000Access denied for user";

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    #[test]
    fn a_proof_is_that_of_other_clients() {
        let proof = hex(&Way::CachingSha2.proof("secret", &RANDOM));
        let known = "f490e76f66d9d86665ce54d98c78d0acfe2fb0b08b423da807144873d30b312c";
        assert_eq!(proof, known);
        let random = [
            70, 114, 92, 94, 1, 38, 11, 116, 63, 114, 23, 101, 126, 103, 26, 95, 81, 17, 24, 21,
        ];
        let proof = hex(&Way::Native.proof("secret", &random));
        assert_eq!(proof, "35b18c9ffbbd7f356dfcac32d3c0f0a41a30cf2d");
        assert!(Way::Native.proof("", &random).is_empty());
    }

    /// Logs in where the server says all of `said`; and what was said to it.
    async fn log_in(more: Value, said: &[&[u8]]) -> (Result<(), Finding>, Vec<u8>) {
        let mut written = json!({"address": "db", "username": "boss", "password": "secret"});
        let more = more.as_object().unwrap().clone();
        written.as_object_mut().unwrap().extend(more);
        let settings: Mysql = serde_json::from_value(written).unwrap();
        let greeting = Greeting {
            version: b"8.4.0".to_vec(),
            offers_tls: true,
            nonce: RANDOM.to_vec(),
            way: b"caching_sha2_password".to_vec(),
        };
        let (near, mut far) = duplex(4096);
        for packet in said {
            let size = u8::try_from(packet.len()).unwrap();
            far.write_all(&[size, 0, 0, 2]).await.unwrap();
            far.write_all(packet).await.unwrap();
        }
        let mut wire = Wire::going_on(near, 1);
        let password = settings.password.as_ref().unwrap();
        let result = login(&mut wire, &greeting, &settings, password).await;
        drop(wire);
        let mut heard = Vec::new();
        far.read_to_end(&mut heard).await.unwrap();
        (result, heard)
    }

    fn has(heard: &[u8], part: &[u8]) -> bool {
        heard.windows(part.len()).any(|window| window == part)
    }

    #[tokio::test]
    async fn a_proof_is_enough_for_who_was_let_in_before() {
        let (result, heard) = log_in(json!({"database": "shop"}), &[FAST, OK]).await;
        assert_eq!(result, Ok(()));
        let mut end = b"boss\0\x20".to_vec();
        end.extend(Way::CachingSha2.proof("secret", &RANDOM));
        end.extend(b"shop\0caching_sha2_password\0");
        assert!(heard.ends_with(&end), "{heard:?}");
        assert!(!has(&heard, b"secret"));
    }

    #[tokio::test]
    async fn the_password_itself_is_told_by_tls_alone() {
        let (result, heard) = log_in(json!({"tls": true}), &[FULL, OK]).await;
        assert_eq!(result, Ok(()));
        assert!(heard.ends_with(b"\x07\0\0\x03secret\0"), "{heard:?}");
        let (result, heard) = log_in(json!({}), &[FULL, DENIED]).await;
        let finding = result.unwrap_err();
        let told = "the server wants the password over TLS, which needs `tls: true`";
        assert_eq!(
            (finding.outcome, finding.words.as_str()),
            (Outcome::Unknown, told)
        );
        assert!(!has(&heard, b"secret"));
    }

    #[tokio::test]
    async fn the_server_says_which_proof_it_wants() {
        let other = [b"\xfemysql_native_password\0".as_slice(), &RANDOM, b"\0"].concat();
        let (result, heard) = log_in(json!({}), &[&other, OK]).await;
        assert_eq!(result, Ok(()));
        let mut end = b"\x14\0\0\x03".to_vec();
        end.extend(Way::Native.proof("secret", &RANDOM));
        assert!(heard.ends_with(&end), "{heard:?}");
        for (said, outcome, told) in [
            (
                &b"\xfeclient_ed25519\0x"[..],
                Outcome::Unknown,
                "the server wants a login by “client_ed25519”, not known here",
            ),
            (
                b"\xfemysql_native_password\0short",
                Outcome::Down,
                "login that goes otherwise than that of MySQL",
            ),
            (
                b"\x01\x02",
                Outcome::Down,
                "login that goes otherwise than that of MySQL",
            ),
            (
                DENIED,
                Outcome::Down,
                "login refused with 1045: “Access denied for user”",
            ),
        ] {
            let (result, heard) = log_in(json!({"tls": true}), &[said, DENIED]).await;
            let finding = result.unwrap_err();
            assert_eq!((finding.outcome, finding.words.as_str()), (outcome, told));
            assert!(!has(&heard, b"secret"));
        }
        let (result, _) = log_in(json!({}), &[FAST; 9]).await;
        assert_eq!(result.unwrap_err().outcome, Outcome::Down);
    }
}
