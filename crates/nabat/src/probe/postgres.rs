//! Asks a PostgreSQL server to let somebody in, up to where it wants a password.
//!
//! A server that asks for one, or refuses the user, answers as it should. One that is starting,
//! stopping or full says so, and is down. Who leaves without a word stands in no log.

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Deserialize;

use super::certificate::CertificateCheck;
use super::dialogue::Dialogue;
use super::stream::{self, Encryption, Starttls, Stream};
use super::trace::Trace;
use super::{Endpoint, Finding, Manner, Report, Short, Tools, evidence};

const POSTGRES: u16 = 5432;

/// Version 3.0 of the protocol.
const VERSION: [u8; 4] = [0, 3, 0, 0];

/// The largest message that is taken, in bytes.
const MAX_MESSAGE: usize = 32 * 1024;

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
        Ok(Self {
            address: text.parse().map_err(|error| format!("{error}"))?,
            username: nabat(),
            database: None,
            tls: false,
            certificate: CertificateCheck::default(),
        })
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
    let finding = trace
        .phase("dialogue", talk(Dialogue::new(stream), settings))
        .await?;
    trace.note(finding);
    Ok(())
}

async fn talk<S: Stream>(
    mut dialogue: Dialogue<S>,
    settings: &Postgres,
) -> Result<Finding, Finding> {
    dialogue.say(startup(settings)).await?;
    let head = dialogue.exactly(5).await?;
    let size = head[1..]
        .iter()
        .fold(0, |size, byte| size << 8 | usize::from(*byte));
    // The size counts itself.
    let is_postgres = matches!(head[0], b'R' | b'E' | b'v') && (8..=MAX_MESSAGE).contains(&size);
    if !is_postgres {
        let seen = evidence::quote(&head);
        return Err(Finding::down(format!(
            "answer {seen}, expected that of PostgreSQL"
        )));
    }
    let body = dialogue.exactly(size - 4).await?;
    if head[0] != b'E' {
        return Ok(Finding::up("answers, and asks who comes"));
    }
    let (code, message) = (field(&body, b'C'), field(&body, b'M'));
    let seen = evidence::quote(message);
    if DOWN.contains(&code) {
        return Err(Finding::down(format!("refuses everybody: {seen}")));
    }
    Ok(Finding::up(format!("answers: {seen}")))
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

/// A part of a refusal, by its letter.
fn field(body: &[u8], letter: u8) -> &[u8] {
    let mut fields = body.split(|byte| *byte == 0);
    let field = fields.find(|field| field.first() == Some(&letter));
    field.and_then(|field| field.get(1..)).unwrap_or_default()
}
