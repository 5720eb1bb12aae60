//! Connections as the kinds want them: plain, by TLS from the start, or by TLS after a word.

use schemars::JsonSchema;
use serde::Deserialize;
use tokio::io::{AsyncRead, AsyncWrite};

use super::certificate::CertificateCheck;
use super::dialogue::Dialogue;
use super::trace::Trace;
use super::{Endpoint, Finding, Tools, connect, handshake};

/// What carries a talk: TCP, or TLS on it.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// How a connection is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encryption {
    None,
    FromTheStart,
    After(Starttls),
}

/// The protocol in which TLS is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Starttls {
    /// Mail is handed over, usually on port 25 or 587.
    Smtp,
    /// Mail is read, usually on port 143.
    Imap,
    /// Mail is fetched, usually on port 110.
    Pop3,
    /// Files, usually on port 21.
    Ftp,
    /// A database of PostgreSQL, usually on port 5432.
    Postgres,
}

/// Connects to `endpoint` and encrypts what follows as asked.
///
/// # Errors
/// What kept it from that.
pub(super) async fn open<const PORT: u16>(
    endpoint: &Endpoint<PORT>,
    encryption: Encryption,
    check: &CertificateCheck,
    tools: &Tools,
    trace: &mut Trace,
) -> Result<Box<dyn Stream>, Finding> {
    let Endpoint { host, port } = endpoint;
    let mut stream = connect::connect(host, *port, tools, trace).await?;
    match encryption {
        Encryption::None => return Ok(Box::new(stream)),
        Encryption::FromTheStart => {}
        Encryption::After(protocol) => {
            stream = trace.phase("starttls", protocol.ask(stream)).await?;
        }
    }
    let secured = handshake::secure(stream, host, check, tools, trace);
    Ok(Box::new(secured.await?))
}

impl Starttls {
    /// Asks for TLS and leaves the connection where the handshake begins.
    async fn ask<S: Stream>(self, stream: S) -> Result<S, Finding> {
        let mut dialogue = Dialogue::new(stream);
        match self {
            Self::Smtp => {
                dialogue.reply("220").await?;
                dialogue.say("EHLO nabat\r\n").await?;
                dialogue.reply("250").await?;
                dialogue.say("STARTTLS\r\n").await?;
                dialogue.reply("220").await?;
            }
            Self::Imap => {
                dialogue.line_beginning("* OK").await?;
                dialogue.say("a STARTTLS\r\n").await?;
                // The server may tell of other things first.
                let mut line = dialogue.line().await?;
                while line.starts_with(b"* ") {
                    line = dialogue.line().await?;
                }
                Dialogue::<S>::begins(&line, "a OK")?;
            }
            Self::Pop3 => {
                dialogue.line_beginning("+OK").await?;
                dialogue.say("STLS\r\n").await?;
                dialogue.line_beginning("+OK").await?;
            }
            Self::Ftp => {
                dialogue.reply("220").await?;
                dialogue.say("AUTH TLS\r\n").await?;
                dialogue.reply("234").await?;
            }
            Self::Postgres => {
                // Its length, and the number that asks for TLS.
                dialogue.say([0, 0, 0, 8, 4, 210, 22, 47]).await?;
                if dialogue.exactly(1).await? != *b"S" {
                    return Err(Finding::down("TLS not offered by the database"));
                }
            }
        }
        dialogue.into_inner()
    }
}
