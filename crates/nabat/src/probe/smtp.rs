//! Greets a mail server, and hands it nothing.

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Deserialize;

use super::certificate::CertificateCheck;
use super::condition::Fact;
use super::dialogue::Dialogue;
use super::stream::{self, Encryption, Starttls, Stream};
use super::trace::Trace;
use super::{Endpoint, Finding, Manner, Report, Short, Tools, evidence, short};

const SMTP: u16 = 25;

/// A mail server. A text alone stands for its `address`.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Smtp {
    /// Its host, with a port if that is not 25.
    pub address: Endpoint<SMTP>,
    /// Whether it speaks TLS from the start, as on port 465.
    #[serde(default)]
    pub tls: bool,
    /// Whether it has to offer TLS after the greeting.
    #[serde(default)]
    pub starttls: bool,
    /// How its certificate is looked at.
    #[serde(default)]
    pub certificate: CertificateCheck,
}

impl Short for Smtp {
    fn short(text: &str) -> Result<Self, String> {
        short::by_address(text)
    }

    fn text_schema(generator: &mut SchemaGenerator) -> Schema {
        Endpoint::<SMTP>::json_schema(generator)
    }
}

/// Greets once.
pub async fn probe(settings: &Smtp, tools: &Tools, manner: Manner) -> Report {
    let mut trace = Trace::new(manner);
    let result = look(settings, tools, &mut trace).await;
    trace.finish(result)
}

async fn look(settings: &Smtp, tools: &Tools, trace: &mut Trace) -> Result<(), Finding> {
    let encryption = match settings {
        Smtp { starttls: true, .. } => Encryption::After(Starttls::Smtp),
        Smtp { tls: true, .. } => Encryption::FromTheStart,
        _ => Encryption::None,
    };
    let (address, check) = (&settings.address, &settings.certificate);
    let stream = stream::open(address, encryption, check, tools, trace).await?;
    let is_greeted = settings.starttls;
    let answer = trace
        .phase("dialogue", talk(Dialogue::new(stream), is_greeted))
        .await?;
    let seen = evidence::quote(&answer);
    trace.keep("banner", Fact::text(&answer));
    trace.note(Finding::up(format!("takes mail: {seen}")));
    Ok(())
}

/// What the server says of itself.
async fn talk<S: Stream>(mut dialogue: Dialogue<S>, is_greeted: bool) -> Result<Vec<u8>, Finding> {
    if !is_greeted {
        dialogue.reply("220").await?;
    }
    dialogue.say("EHLO nabat\r\n").await?;
    let lines = dialogue.reply("250").await?;
    // It has answered; how it takes leave says nothing about it.
    let _ = dialogue.say("QUIT\r\n").await;
    let _ = dialogue.line().await;
    Ok(lines.into_iter().next().unwrap_or_default())
}
