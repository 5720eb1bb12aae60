//! Connects, and has a talk if one is written down.

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Deserialize;

use super::certificate::CertificateCheck;
use super::dialogue::Dialogue;
use super::stream::{self, Encryption, Starttls};
use super::trace::Trace;
use super::{Endpoint, Finding, Manner, Pattern, Report, Short, Tools, evidence};
use crate::config::Secret;

/// A TCP service. A text alone stands for its `address`.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Tcp {
    /// Its host and port.
    pub address: Endpoint,
    /// Whether it speaks TLS from the start.
    #[serde(default)]
    pub tls: bool,
    /// The protocol by which TLS is asked for after the start.
    pub starttls: Option<Starttls>,
    /// How its certificate is looked at.
    #[serde(default)]
    pub certificate: CertificateCheck,
    /// What is said to it, and what it answers, in this order.
    #[serde(default)]
    #[schemars(length(max = 20))]
    pub steps: Vec<Step>,
}

/// A part of a talk: something said, something awaited, or the one and then the other.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// What is sent, as it stands: end a line with `"\r\n"`.
    pub send: Option<Secret>,
    /// A regular expression that is waited for in what comes. What follows its first match is left
    /// to the next step.
    pub expect: Option<Pattern>,
}

impl Short for Tcp {
    fn short(text: &str) -> Result<Self, String> {
        Ok(Self {
            address: text.parse().map_err(|error| format!("{error}"))?,
            tls: false,
            starttls: None,
            certificate: CertificateCheck::default(),
            steps: Vec::new(),
        })
    }

    fn text_schema(generator: &mut SchemaGenerator) -> Schema {
        Endpoint::<0>::json_schema(generator)
    }
}

/// Connects once.
pub async fn probe(settings: &Tcp, tools: &Tools, manner: Manner) -> Report {
    let mut trace = Trace::new(manner);
    let result = look(settings, tools, &mut trace).await;
    trace.finish(result)
}

async fn look(settings: &Tcp, tools: &Tools, trace: &mut Trace) -> Result<(), Finding> {
    let encryption = match settings.starttls {
        Some(protocol) => Encryption::After(protocol),
        None if settings.tls => Encryption::FromTheStart,
        None => Encryption::None,
    };
    let (address, check) = (&settings.address, &settings.certificate);
    let stream = stream::open(address, encryption, check, tools, trace).await?;
    trace.note(Finding::up(format!("{address} takes connections")));
    let mut dialogue = Dialogue::new(stream);
    for step in &settings.steps {
        if let Some(send) = &step.send {
            trace.hide(send.expose().trim());
            trace.phase("dialogue", dialogue.say(send.expose())).await?;
        }
        let Some(pattern) = &step.expect else {
            continue;
        };
        let heard = trace.phase("dialogue", dialogue.matching(pattern)).await;
        let expected = format!("/{}/", pattern.as_str());
        match heard {
            Ok(heard) => {
                let seen = evidence::quote(&heard);
                trace.note(Finding::up(format!("{expected} found in {seen}")));
            }
            Err(end) if dialogue.heard().is_empty() => {
                return Err(Finding::down(format!("{}, expected {expected}", end.words)));
            }
            Err(end) => {
                let seen = evidence::quote(dialogue.heard());
                let words = format!("answer {seen}, expected {expected}: {}", end.words);
                return Err(Finding::down(words));
            }
        }
    }
    Ok(())
}
