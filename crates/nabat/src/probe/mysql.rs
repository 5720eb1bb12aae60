//! Asks a MySQL or MariaDB server to let somebody in, and with a password to answer a query.
//!
//! Who breaks off after the greeting is counted, and shut out after a hundred times
//! (`max_connect_errors`); who is refused is not. So a probe without a password lets itself be
//! refused.

mod answer;
mod greeting;
mod login;
mod wire;

use std::path::PathBuf;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Deserialize;

use super::certificate::CertificateCheck;
use super::stream::Stream;
use super::trace::Trace;
use super::{
    Endpoint, Finding, Manner, Pattern, Report, Short, Tools, connect, handshake, query, short,
};
use crate::config::Secret;
use answer::ask;
use greeting::Greeting;
use wire::{Refusal, Wire, foreign};

const MYSQL: u16 = 3306;

/// The command that takes leave.
const QUIT: u8 = 1;

/// A MySQL or MariaDB server. A text alone stands for its `address`.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Mysql {
    /// Its host, with a port if that is not 3306.
    pub address: Endpoint<MYSQL>,
    /// The user who asks to be let in.
    #[serde(default = "nabat")]
    #[schemars(length(min = 1, max = 32), extend("default" = "nabat"))]
    pub username: String,
    /// The database that is used; without it, none.
    #[schemars(length(min = 1, max = 64))]
    pub database: Option<String>,
    /// The user's password. Without one the server refuses the user, and so answers.
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

impl Short for Mysql {
    fn short(text: &str) -> Result<Self, String> {
        short::by_address(text)
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
    if let Some(password) = &settings.password {
        trace.hide(password.expose());
    }
    let Endpoint { host, port } = &settings.address;
    let stream = connect::connect(host, *port, tools, trace).await?;
    let mut wire = Wire::new(stream);
    let phase = if settings.tls { "starttls" } else { "login" };
    let packet = trace.phase(phase, wire.next()).await?;
    if let Some(refusal) = Refusal::read(&packet) {
        trace.note(login::refused(&refusal, settings)?);
        return Ok(());
    }
    let greeting = Greeting::read(&packet).ok_or_else(|| foreign(&packet))?;
    if !settings.tls {
        return talk(wire, &greeting, settings, trace).await;
    }
    if !greeting.offers_tls {
        return Err(Finding::down("TLS not offered by the database"));
    }
    let asked = trace.phase("starttls", async {
        wire.say(&greeting::tls_request(settings)).await?;
        wire.into_inner()
    });
    let (stream, number) = asked.await?;
    let check = &settings.certificate;
    let secured = handshake::secure(stream, host, check, tools, trace).await?;
    let wire = Wire::going_on(secured, number);
    talk(wire, &greeting, settings, trace).await
}

/// All that follows the greeting.
async fn talk<S: Stream>(
    mut wire: Wire<S>,
    greeting: &Greeting,
    settings: &Mysql,
    trace: &mut Trace,
) -> Result<(), Finding> {
    let entered = login::enter(&mut wire, greeting, settings);
    let seen = trace.phase("login", entered).await?;
    trace.note(seen);
    if let (Some(_), Some(query)) = (&settings.password, &settings.query) {
        let value = trace.phase("query", ask(&mut wire, query)).await?;
        query::note(trace, value.as_deref(), settings.matches.as_ref());
    }
    // It has answered; how it takes leave says nothing about it.
    let _ = wire.command(QUIT, &[]).await;
    Ok(())
}
