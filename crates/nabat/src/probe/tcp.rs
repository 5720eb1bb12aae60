//! Connects, and has a talk if one is written down.

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Deserialize;

use super::certificate::CertificateCheck;
use super::dialogue::Dialogue;
use super::stream::{self, Encryption, Starttls, Stream};
use super::trace::Trace;
use super::{Endpoint, Finding, Manner, Pattern, Report, Short, Tools, evidence, handshake, short};
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
    /// How else it is done.
    #[serde(skip)]
    pub script: Option<Script>,
}

/// What a step does as blackbox_exporter's do: it reads lines until one is as expected, completes
/// what it sends by what it found there, and ends it as a line; then it may go over to TLS.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Script {
    /// Labels that are made of what was found: each name with its value.
    pub labels: Vec<(String, String)>,
    /// Whether TLS begins after it.
    pub starttls: bool,
}

impl Tcp {
    /// The port at `address`, with nothing special about it.
    pub fn new(address: Endpoint) -> Self {
        Self {
            address,
            tls: false,
            starttls: None,
            certificate: CertificateCheck::default(),
            steps: Vec::new(),
        }
    }
}

impl Short for Tcp {
    fn short(text: &str) -> Result<Self, String> {
        short::by_address(text)
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
        if let Some(script) = &step.script {
            dialogue = script
                .follow(step, dialogue, settings, tools, trace)
                .await?;
            continue;
        }
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

impl Script {
    async fn follow(
        &self,
        step: &Step,
        mut dialogue: Dialogue<Box<dyn Stream>>,
        settings: &Tcp,
        tools: &Tools,
        trace: &mut Trace,
    ) -> Result<Dialogue<Box<dyn Stream>>, Finding> {
        let mut send = step.send.as_ref().map_or("", Secret::expose).to_owned();
        if let Some(pattern) = &step.expect {
            let line = loop {
                let heard = trace.phase("dialogue", dialogue.line()).await;
                let line = match heard {
                    Ok(line) => line,
                    Err(end) => match dialogue.last_line() {
                        Some(line) => line,
                        None => {
                            // Only who was heard out did not say it.
                            let was_heard = dialogue.is_over();
                            trace.figure(|figures| figures.failed_by_pattern = was_heard);
                            let expected = pattern.as_str();
                            let words = format!("{}, expected a line with /{expected}/", end.words);
                            return Err(Finding::down(words));
                        }
                    },
                };
                if pattern.is_match(&line) {
                    break line;
                }
            };
            let seen = evidence::quote(&line);
            trace.note(Finding::up(format!(
                "/{}/ found in {seen}",
                pattern.as_str()
            )));
            send = pattern.complete(&send, &line);
            let labels = self.labels.iter();
            let labels = labels.map(|(name, value)| (name.clone(), pattern.complete(value, &line)));
            trace.figure(|figures| figures.labels.extend(labels));
        }
        if !send.is_empty() {
            trace.hide(send.trim());
            send.push('\n');
            trace.phase("dialogue", dialogue.say(&send)).await?;
        }
        if !self.starttls {
            return Ok(dialogue);
        }
        let stream = dialogue.into_inner()?;
        let (host, check) = (&settings.address.host, &settings.certificate);
        let secured = handshake::secure(stream, host, check, tools, trace).await?;
        Ok(Dialogue::new(Box::new(secured)))
    }
}
