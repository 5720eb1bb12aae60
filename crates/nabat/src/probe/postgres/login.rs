//! Lets a user in, in the way that the server asks for.

use super::Postgres;
use super::message::{Message, framed};
use super::scram::Scram;
use crate::config::Secret;
use crate::probe::Finding;
use crate::probe::dialogue::Dialogue;
use crate::probe::stream::Stream;

/// The kinds of login that an `R` can ask for.
const DONE: u32 = 0;
const CLEARTEXT: u32 = 3;
const SASL: u32 = 10;
const SASL_GOES_ON: u32 = 11;
const SASL_ENDS: u32 = 12;

const MECHANISM: &[u8] = b"SCRAM-SHA-256";

/// Answers what `asked` for a password, until the user is in.
///
/// # Errors
/// If the user is not let in, or not in a way that is known here.
pub(super) async fn login<S: Stream>(
    dialogue: &mut Dialogue<S>,
    asked: &Message,
    settings: &Postgres,
    password: &Secret,
) -> Result<(), Finding> {
    match asked.login() {
        Some((DONE, _)) => return Ok(()),
        Some((CLEARTEXT, _)) if settings.tls => {
            let text = [password.expose().as_bytes(), b"\0"].concat();
            dialogue.say(framed(b'p', &text)).await?;
        }
        Some((CLEARTEXT, _)) => {
            let words = "the server wants the password in the clear, which needs `tls: true`";
            return Err(Finding::unknown(words));
        }
        Some((SASL, ways)) if ways.split(|byte| *byte == 0).any(|way| way == MECHANISM) => {
            scram(dialogue, password).await?;
        }
        _ => {
            let words =
                "the server wants a login other than SCRAM-SHA-256, which is not known here";
            return Err(Finding::unknown(words));
        }
    }
    match expect(dialogue).await?.login() {
        Some((DONE, _)) => Ok(()),
        _ => Err(odd()),
    }
}

async fn scram<S: Stream>(dialogue: &mut Dialogue<S>, password: &Secret) -> Result<(), Finding> {
    let mut random = [0; 18];
    getrandom::fill(&mut random).map_err(|error| Finding::unknown(error.to_string()))?;
    let scram = Scram::new(random);
    let first = scram.first();
    let size = u32::try_from(first.len()).unwrap_or_default().to_be_bytes();
    let body = [MECHANISM, b"\0", &size, first.as_bytes()].concat();
    dialogue.say(framed(b'p', &body)).await?;
    let answer = expect(dialogue).await?;
    let Some((SASL_GOES_ON, challenge)) = answer.login() else {
        return Err(odd());
    };
    let challenge = String::from_utf8_lossy(challenge);
    let proof = scram.proof(password.expose(), &challenge).ok_or_else(odd)?;
    dialogue.say(framed(b'p', proof.message.as_bytes())).await?;
    match expect(dialogue).await?.login() {
        Some((SASL_ENDS, answer)) if proof.is_confirmed_by(answer) => Ok(()),
        _ => Err(odd()),
    }
}

/// The next message, which must be about the login.
async fn expect<S: Stream>(dialogue: &mut Dialogue<S>) -> Result<Message, Finding> {
    let message = Message::next(dialogue).await?;
    match message.letter {
        b'R' => Ok(message),
        b'E' => Err(super::refusal("login refused", &message)),
        _ => Err(odd()),
    }
}

fn odd() -> Finding {
    Finding::down("login that goes otherwise than that of PostgreSQL")
}
