//! Asks an SSH server for its greeting.

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Deserialize;

use super::certificate::CertificateCheck;
use super::condition::Fact;
use super::dialogue::Dialogue;
use super::stream::{self, Encryption};
use super::trace::Trace;
use super::{Endpoint, Finding, Manner, Pattern, Report, Short, Tools, evidence, short};

const SSH: u16 = 22;

/// The most lines that may come before the greeting.
const MAX_LINES: usize = 50;

/// An SSH server. A text alone stands for its `address`.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Ssh {
    /// Its host, with a port if that is not 22.
    pub address: Endpoint<SSH>,
    /// A regular expression that is found in the greeting, such as `OpenSSH_9`.
    pub matches: Option<Pattern>,
}

impl Short for Ssh {
    fn short(text: &str) -> Result<Self, String> {
        short::by_address(text)
    }

    fn text_schema(generator: &mut SchemaGenerator) -> Schema {
        Endpoint::<SSH>::json_schema(generator)
    }
}

/// Asks once.
pub async fn probe(settings: &Ssh, tools: &Tools, manner: Manner) -> Report {
    let mut trace = Trace::new(manner);
    let result = look(settings, tools, &mut trace).await;
    trace.finish(result)
}

async fn look(settings: &Ssh, tools: &Tools, trace: &mut Trace) -> Result<(), Finding> {
    let check = CertificateCheck::default();
    let stream = stream::open(&settings.address, Encryption::None, &check, tools, trace).await?;
    let mut dialogue = Dialogue::new(stream);
    let greeting = trace.phase("greeting", greeting(&mut dialogue)).await?;
    let seen = evidence::quote(&greeting);
    // Version 1.99 is 2 that speaks 1 as well (RFC 4253).
    if !greeting.starts_with(b"SSH-2.0-") && !greeting.starts_with(b"SSH-1.99-") {
        return Err(Finding::down(format!("greeting {seen}, expected SSH-2.0")));
    }
    trace.keep("banner", Fact::text(&greeting));
    trace.note(match &settings.matches {
        Some(pattern) if !pattern.is_match(&greeting) => {
            let expected = pattern.as_str();
            Finding::down(format!("greeting {seen}, expected /{expected}/"))
        }
        _ => Finding::up(format!("greeting {seen}")),
    });
    Ok(())
}

/// The first line that begins as a greeting; others may come before.
async fn greeting<S: stream::Stream>(dialogue: &mut Dialogue<S>) -> Result<Vec<u8>, Finding> {
    let mut line = dialogue.line().await?;
    for _ in 0..MAX_LINES {
        if line.starts_with(b"SSH-") {
            break;
        }
        line = dialogue.line().await?;
    }
    Ok(line)
}
