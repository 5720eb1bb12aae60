//! Pings a Redis server, or what speaks like one (Valkey, KeyDB, Dragonfly).

use std::path::PathBuf;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Deserialize;

use super::certificate::CertificateCheck;
use super::dialogue::Dialogue;
use super::stream::{self, Encryption, Stream};
use super::trace::Trace;
use super::{Endpoint, Finding, Manner, Report, Short, Tools, evidence, short};
use crate::config::Secret;

const REDIS: u16 = 6379;

/// A Redis server. A text alone stands for its `address`.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Redis {
    /// Its host, with a port if that is not 6379.
    pub address: Endpoint<REDIS>,
    /// The user who logs in.
    #[schemars(length(max = 1000))]
    pub username: Option<String>,
    /// The password. Without one a server that asks for it is up: it answers.
    pub password: Option<Secret>,
    /// A file that holds the password.
    pub password_file: Option<PathBuf>,
    /// Whether it speaks TLS.
    #[serde(default)]
    pub tls: bool,
    /// How its certificate is looked at.
    #[serde(default)]
    pub certificate: CertificateCheck,
}

impl Short for Redis {
    fn short(text: &str) -> Result<Self, String> {
        short::by_address(text)
    }

    fn text_schema(generator: &mut SchemaGenerator) -> Schema {
        Endpoint::<REDIS>::json_schema(generator)
    }
}

/// Pings once.
pub async fn probe(settings: &Redis, tools: &Tools, manner: Manner) -> Report {
    let mut trace = Trace::new(manner);
    let result = look(settings, tools, &mut trace).await;
    trace.finish(result)
}

async fn look(settings: &Redis, tools: &Tools, trace: &mut Trace) -> Result<(), Finding> {
    let encryption = if settings.tls {
        Encryption::FromTheStart
    } else {
        Encryption::None
    };
    let (address, check) = (&settings.address, &settings.certificate);
    let stream = stream::open(address, encryption, check, tools, trace).await?;
    if let Some(password) = &settings.password {
        trace.hide(password.expose());
    }
    let finding = trace
        .phase("dialogue", talk(Dialogue::new(stream), settings))
        .await?;
    trace.note(finding);
    Ok(())
}

async fn talk<S: Stream>(mut dialogue: Dialogue<S>, settings: &Redis) -> Result<Finding, Finding> {
    if let Some(password) = &settings.password {
        let user = settings.username.as_deref();
        let words = ["AUTH"].into_iter().chain(user).chain([password.expose()]);
        let words: Vec<&str> = words.collect();
        dialogue.say(command(&words)).await?;
        let answer = dialogue.line().await?;
        if answer != b"+OK" {
            let seen = evidence::quote(&answer);
            return Err(Finding::down(format!("login refused: {seen}")));
        }
    }
    dialogue.say(command(&["PING"])).await?;
    let answer = dialogue.line().await?;
    let seen = evidence::quote(&answer);
    if answer == b"+PONG" {
        return Ok(Finding::up("answers PING"));
    }
    if answer.starts_with(b"-NOAUTH") && settings.password.is_none() {
        return Ok(Finding::up(format!(
            "answers, and asks for a password: {seen}"
        )));
    }
    Err(Finding::down(format!("answer {seen}, expected +PONG")))
}

/// A command as the protocol has it: how many words, and each with its length.
fn command(words: &[&str]) -> String {
    let words_of = words
        .iter()
        .map(|word| format!("${}\r\n{word}\r\n", word.len()));
    format!("*{}\r\n{}", words.len(), words_of.collect::<String>())
}
