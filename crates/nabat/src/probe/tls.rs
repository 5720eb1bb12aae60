//! Looks at the certificate of whatever speaks TLS.

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Deserialize;

use super::certificate::CertificateCheck;
use super::stream::{self, Encryption, Starttls};
use super::trace::Trace;
use super::{Endpoint, Finding, Manner, Report, Short, Tools, short};

/// The usual port.
const HTTPS: u16 = 443;

/// A service that speaks TLS, for the sake of its certificate. A text alone stands for its `address`.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Tls {
    /// Its host, with a port if that is not 443.
    pub address: Endpoint<HTTPS>,
    /// The protocol by which TLS is asked for, if it does not begin by itself.
    pub starttls: Option<Starttls>,
    /// How its certificate is looked at.
    #[serde(default)]
    pub certificate: CertificateCheck,
}

impl Short for Tls {
    fn short(text: &str) -> Result<Self, String> {
        short::by_address(text)
    }

    fn text_schema(generator: &mut SchemaGenerator) -> Schema {
        Endpoint::<HTTPS>::json_schema(generator)
    }
}

/// Makes one handshake.
pub async fn probe(settings: &Tls, tools: &Tools, manner: Manner) -> Report {
    let mut trace = Trace::new(manner);
    let result = look(settings, tools, &mut trace).await;
    trace.finish(result)
}

async fn look(settings: &Tls, tools: &Tools, trace: &mut Trace) -> Result<(), Finding> {
    let started = settings.starttls.map(Encryption::After);
    let encryption = started.unwrap_or(Encryption::FromTheStart);
    let (address, check) = (&settings.address, &settings.certificate);
    stream::open(address, encryption, check, tools, trace).await?;
    Ok(())
}
