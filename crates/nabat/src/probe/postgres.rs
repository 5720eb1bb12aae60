//! Asks a PostgreSQL server to let somebody in, and with a password to answer a query.
//!
//! Without one, a server that asks for it, or refuses the user, answers as it should; who leaves
//! then without a word stands in no log. One that is starting, stopping or full says so, and is down.

mod login;
mod message;
mod scram;

use std::path::PathBuf;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Deserialize;

use super::certificate::CertificateCheck;
use super::dialogue::Dialogue;
use super::stream::{self, Encryption, Starttls, Stream};
use super::trace::Trace;
use super::{Endpoint, Finding, Manner, Pattern, Report, Short, Tools, evidence, query, short};
use crate::config::Secret;
use login::login;
use message::{Message, framed};

const POSTGRES: u16 = 5432;

/// Version 3.0 of the protocol.
const VERSION: [u8; 4] = [0, 3, 0, 0];

/// The most messages that a query may be answered with.
const MAX_MESSAGES: usize = 10_000;

/// Refusals that tell of the server, not of who asks: no room, or not (or no longer) there.
const DOWN: [&[u8]; 6] = [b"53000", b"53300", b"57P01", b"57P02", b"57P03", b"XX000"];

/// A PostgreSQL server. A text alone stands for its `address`.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Postgres {
    /// Its host, with a port if that is not 5432.
    pub address: Endpoint<POSTGRES>,
    /// The user who is announced.
    #[serde(default = "nabat")]
    #[schemars(length(min = 1, max = 63), extend("default" = "nabat"))]
    pub username: String,
    /// The database that is asked for; without it, that with the user's name.
    #[schemars(length(min = 1, max = 63))]
    pub database: Option<String>,
    /// The user's password. Without one nobody logs in.
    pub password: Option<Secret>,
    /// A file that holds the password.
    pub password_file: Option<PathBuf>,
    /// A query that must succeed, for which a password is needed.
    #[schemars(length(min = 1, max = 10_000), extend("x-for-admins" = true))]
    pub query: Option<String>,
    /// A regular expression that is found in the first value of the answer to the query.
    pub matches: Option<Pattern>,
    /// Whether it has to offer TLS.
    #[serde(default)]
    pub tls: bool,
    /// How its certificate is looked at.
    #[serde(default)]
    pub certificate: CertificateCheck,
}

fn nabat() -> String {
    "nabat".to_owned()
}

impl Short for Postgres {
    fn short(text: &str) -> Result<Self, String> {
        short::by_address(text)
    }

    fn text_schema(generator: &mut SchemaGenerator) -> Schema {
        Endpoint::<POSTGRES>::json_schema(generator)
    }
}

/// Asks once.
pub async fn probe(settings: &Postgres, tools: &Tools, manner: Manner) -> Report {
    let mut trace = Trace::new(manner);
    let result = look(settings, tools, &mut trace).await;
    trace.finish(result)
}

async fn look(settings: &Postgres, tools: &Tools, trace: &mut Trace) -> Result<(), Finding> {
    let encryption = if settings.tls {
        Encryption::After(Starttls::Postgres)
    } else {
        Encryption::None
    };
    let (address, check) = (&settings.address, &settings.certificate);
    let stream = stream::open(address, encryption, check, tools, trace).await?;
    if let Some(password) = &settings.password {
        trace.hide(password.expose());
    }
    let mut dialogue = Dialogue::new(stream);
    let seen = trace.phase("login", enter(&mut dialogue, settings)).await?;
    trace.note(seen);
    if settings.password.is_none() {
        return Ok(());
    }
    if let Some(query) = &settings.query {
        let value = trace.phase("query", ask(&mut dialogue, query)).await?;
        query::note(trace, value.as_deref(), settings.matches.as_ref());
    }
    // It has answered; how it takes leave says nothing about it.
    let _ = dialogue.say(framed(b'X', &[])).await;
    Ok(())
}

/// Lets the user in, if there is a password to do so with.
async fn enter<S: Stream>(
    dialogue: &mut Dialogue<S>,
    settings: &Postgres,
) -> Result<Finding, Finding> {
    dialogue.say(startup(settings)).await?;
    let message = Message::next(dialogue).await?;
    match (message.letter, &settings.password) {
        (b'R', Some(password)) => {
            login(dialogue, &message, settings, password).await?;
            Ok(Finding::up("lets the user in"))
        }
        // `v` is a server that speaks an older protocol.
        (b'R' | b'v', _) => Ok(Finding::up("answers, and asks who comes")),
        (b'E', None) if !DOWN.contains(&message.field(b'C')) => {
            let seen = evidence::quote(message.field(b'M'));
            Ok(Finding::up(format!("answers: {seen}")))
        }
        (b'E', _) => Err(refusal("refuses", &message)),
        _ => Err(Finding::down("answer otherwise than that of PostgreSQL")),
    }
}

/// What the server says against it.
fn refusal(what: &str, message: &Message) -> Finding {
    let seen = evidence::quote(message.field(b'M'));
    Finding::down(format!("{what}: {seen}"))
}

/// The first value of the answer to `query`; nothing if there is none.
async fn ask<S: Stream>(
    dialogue: &mut Dialogue<S>,
    query: &str,
) -> Result<Option<Vec<u8>>, Finding> {
    let text = [query.as_bytes(), b"\0"].concat();
    dialogue.say(framed(b'Q', &text)).await?;
    let mut value = None;
    let mut is_answered = false;
    for _ in 0..MAX_MESSAGES {
        let message = Message::next(dialogue).await?;
        match message.letter {
            b'E' => return Err(refusal("query refused", &message)),
            b'D' if value.is_none() => value = first_value(&message.body),
            b'C' | b'I' => is_answered = true,
            // It says that it is ready once before it is asked.
            b'Z' if is_answered => return Ok(value),
            _ => {}
        }
    }
    Err(Finding::down("query with too many answers"))
}

/// A row is the number of its values, and each with its size, which is -1 for none.
fn first_value(row: &[u8]) -> Option<Vec<u8>> {
    let (size, rest) = row.get(2..)?.split_first_chunk()?;
    let size = usize::try_from(i32::from_be_bytes(*size)).ok()?;
    rest.get(..size).map(<[u8]>::to_vec)
}

/// The first message: who wants to use what.
fn startup(settings: &Postgres) -> Vec<u8> {
    let mut body = VERSION.to_vec();
    let database = settings.database.as_ref().unwrap_or(&settings.username);
    for text in ["user", &settings.username, "database", database] {
        body.extend_from_slice(text.as_bytes());
        body.push(0);
    }
    body.push(0);
    let size = u32::try_from(body.len() + 4).unwrap_or_default();
    [&size.to_be_bytes()[..], &body].concat()
}
