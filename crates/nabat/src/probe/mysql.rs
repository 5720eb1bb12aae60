//! Greets a MySQL or MariaDB server and asks to be let in without a password.
//!
//! Who breaks off after the greeting is counted, and shut out after a hundred times
//! (`max_connect_errors`); who is refused is not. So the probe lets itself be refused.

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Deserialize;

use super::certificate::CertificateCheck;
use super::dialogue::Dialogue;
use super::stream::{self, Encryption, Stream};
use super::trace::Trace;
use super::{Endpoint, Finding, Manner, Report, Short, Tools, evidence};

const MYSQL: u16 = 3306;

/// The largest packet that is taken, in bytes.
const MAX_PACKET: usize = 32 * 1024;

/// What is said of what we can: long passwords, the protocol since 4.1, its login, its plug-ins.
const ABILITIES: u32 = 0x0000_0001 | 0x0000_0200 | 0x0000_8000 | 0x0008_0000;

/// Refusals of who asks, by a server that is well: access denied, host not allowed, and the need for
/// TLS or another way of login.
const WELL: [u16; 6] = [1044, 1045, 1130, 1251, 1698, 3159];

/// A MySQL or MariaDB server. A text alone stands for its `address`.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Mysql {
    /// Its host, with a port if that is not 3306.
    pub address: Endpoint<MYSQL>,
    /// The user who asks to be let in, without a password. The server refuses it, if there is none.
    #[serde(default = "nabat")]
    #[schemars(length(min = 1, max = 32), extend("default" = "nabat"))]
    pub username: String,
}

fn nabat() -> String {
    "nabat".to_owned()
}

impl Short for Mysql {
    fn short(text: &str) -> Result<Self, String> {
        Ok(Self {
            address: text.parse().map_err(|error| format!("{error}"))?,
            username: nabat(),
        })
    }

    fn text_schema(generator: &mut SchemaGenerator) -> Schema {
        Endpoint::<MYSQL>::json_schema(generator)
    }
}

/// Asks once.
pub async fn probe(settings: &Mysql, tools: &Tools, manner: Manner) -> Report {
    let mut trace = Trace::new(manner);
    let result = look(settings, tools, &mut trace).await;
    trace.finish(result)
}

async fn look(settings: &Mysql, tools: &Tools, trace: &mut Trace) -> Result<(), Finding> {
    let check = CertificateCheck::default();
    let stream = stream::open(&settings.address, Encryption::None, &check, tools, trace).await?;
    let finding = trace
        .phase("dialogue", talk(Dialogue::new(stream), settings))
        .await?;
    trace.note(finding);
    Ok(())
}

async fn talk<S: Stream>(mut dialogue: Dialogue<S>, settings: &Mysql) -> Result<Finding, Finding> {
    let greeting = packet(&mut dialogue).await?;
    let version = match greeting.split_first() {
        Some((10, rest)) => rest.split(|byte| *byte == 0).next().unwrap_or_default(),
        Some((0xff, refusal)) => return refused(refusal),
        _ => return Err(foreign(&greeting)),
    };
    let seen = evidence::quote(version);
    dialogue.say(framed(1, &login(settings))).await?;
    let answer = packet(&mut dialogue).await?;
    match answer.split_first() {
        Some((0xff, refusal)) => return refused(refusal),
        // Another way to log in is asked for; there is no password in any.
        Some((0xfe, _)) => {
            dialogue.say(framed(3, &[])).await?;
            let answer = packet(&mut dialogue).await?;
            if let Some((0xff, refusal)) = answer.split_first() {
                return refused(refusal);
            }
        }
        Some((0, _)) => {}
        _ => return Err(foreign(&answer)),
    }
    // It has answered; it need not wait for more.
    let _ = dialogue.say(framed(0, &[1])).await;
    Ok(Finding::up(format!("answers as version {seen}")))
}

/// What one packet holds.
async fn packet<S: Stream>(dialogue: &mut Dialogue<S>) -> Result<Vec<u8>, Finding> {
    let head = dialogue.exactly(4).await?;
    let size = usize::from(head[0]) | usize::from(head[1]) << 8 | usize::from(head[2]) << 16;
    if size == 0 || size > MAX_PACKET {
        return Err(foreign(&head));
    }
    dialogue.exactly(size).await
}

fn framed(number: u8, body: &[u8]) -> Vec<u8> {
    let size = u32::try_from(body.len()).unwrap_or_default().to_le_bytes();
    [&[size[0], size[1], size[2], number], body].concat()
}

fn login(settings: &Mysql) -> Vec<u8> {
    let mut body = ABILITIES.to_le_bytes().to_vec();
    body.extend_from_slice(&(1_u32 << 24).to_le_bytes());
    // UTF-8, and room for what is to come.
    body.push(45);
    body.extend_from_slice(&[0; 23]);
    body.extend_from_slice(settings.username.as_bytes());
    // The end of the name, and a password of no bytes.
    body.extend_from_slice(&[0, 0]);
    body.extend_from_slice(b"mysql_native_password\0");
    body
}

/// What a refusal means: a number, a state that may be left out, and words.
fn refused(refusal: &[u8]) -> Result<Finding, Finding> {
    let Some((code, rest)) = refusal.split_first_chunk() else {
        return Err(foreign(refusal));
    };
    let code = u16::from_le_bytes(*code);
    let words = match rest {
        [b'#', _, _, _, _, _, words @ ..] => words,
        words => words,
    };
    let seen = evidence::quote(words);
    if WELL.contains(&code) {
        return Ok(Finding::up(format!("answers: {seen}")));
    }
    Err(Finding::down(format!("refuses with {code}: {seen}")))
}

fn foreign(answer: &[u8]) -> Finding {
    let seen = evidence::quote(answer);
    Finding::down(format!("answer {seen}, expected that of MySQL"))
}
