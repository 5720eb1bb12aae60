//! Asks a gRPC server how it is, by the health checking protocol of gRPC.

use bytes::{BufMut as _, Bytes, BytesMut};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::client::conn::http2;
use hyper::{HeaderMap, Request, StatusCode};
use hyper_util::rt::TokioIo;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Deserialize;
use tokio::io::AsyncReadExt as _;

use super::certificate::CertificateCheck;
use super::handshake::{self, Next};
use super::http::{beside, broken};
use super::stream::Stream;
use super::tether::Tether;
use super::trace::Trace;
use super::{Endpoint, Finding, Manner, Report, Short, Tools, connect, evidence, short};

/// The method that tells how a service is.
const METHOD: &str = "/grpc.health.v1.Health/Check";
/// The most bytes that an answer may have; one has nine at most.
const MAX_ANSWER: usize = 4 * 1024;
/// The most bytes that are read in all. A server may say any number of interim answers, all of which
/// would be kept.
const MAX_READ: u64 = 64 * 1024;
/// What precedes a message: whether it is compressed, and its length.
const PREFIX: usize = 5;

/// gRPC's codes of what became of a call, in the order of their numbers.
const CODES: [&str; 17] = [
    "OK",
    "CANCELLED",
    "UNKNOWN",
    "INVALID_ARGUMENT",
    "DEADLINE_EXCEEDED",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED",
    "FAILED_PRECONDITION",
    "ABORTED",
    "OUT_OF_RANGE",
    "UNIMPLEMENTED",
    "INTERNAL",
    "UNAVAILABLE",
    "DATA_LOSS",
    "UNAUTHENTICATED",
];

/// That the time was over.
const DEADLINE_EXCEEDED: usize = 4;

/// How a service may say that it is, in the order of their numbers.
pub const SERVING_STATUSES: [&str; 4] = ["UNKNOWN", "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN"];

/// What a service says that does what it should.
const SERVING: usize = 1;

/// A gRPC server that says how it is. A text alone stands for its `address`.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Grpc {
    /// Its host and port.
    pub address: Endpoint,
    /// The service that is asked for. Without it the server as a whole.
    #[serde(default)]
    #[schemars(length(max = 1000))]
    pub service: String,
    /// Whether it speaks TLS.
    #[serde(default)]
    pub tls: bool,
    /// How its certificate is looked at.
    #[serde(default)]
    pub certificate: CertificateCheck,
}

/// What came of a call, in figures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GrpcSeen {
    /// gRPC's code of what became of it.
    pub code: usize,
    /// The place of what the service says in [`SERVING_STATUSES`].
    pub serving: Option<usize>,
}

impl Grpc {
    /// The server at `address`, without TLS.
    pub fn new(address: Endpoint) -> Self {
        Self {
            address,
            service: String::new(),
            tls: false,
            certificate: CertificateCheck::default(),
        }
    }
}

impl Short for Grpc {
    fn short(text: &str) -> Result<Self, String> {
        short::by_address(text)
    }

    fn text_schema(generator: &mut SchemaGenerator) -> Schema {
        Endpoint::<0>::json_schema(generator)
    }
}

/// Asks once.
pub async fn probe(settings: &Grpc, tools: &Tools, manner: Manner) -> Report {
    let mut trace = Trace::new(manner);
    let result = look(settings, tools, &mut trace).await;
    if result.is_err() && trace.left().is_zero() {
        let serving = None;
        let code = DEADLINE_EXCEEDED;
        trace.figure(|figures| figures.grpc = Some(GrpcSeen { code, serving }));
    }
    trace.finish(result)
}

async fn look(settings: &Grpc, tools: &Tools, trace: &mut Trace) -> Result<(), Finding> {
    let Endpoint { host, port } = &settings.address;
    let stream = connect::connect(host, *port, tools, trace).await?;
    let stream: Box<dyn Stream> = if settings.tls {
        let check = &settings.certificate;
        let secured = handshake::secure_for(Next::H2, stream, host, check, tools, trace);
        Box::new(secured.await?)
    } else {
        Box::new(stream)
    };
    let (status, headers, message) = call(stream, settings, trace).await?;
    let number = |name: &str| headers.get(name)?.to_str().ok()?.parse::<usize>().ok();
    let code = number("grpc-status").unwrap_or_else(|| code_of(status));
    let serving = (code == 0).then(|| serving(&message)).flatten();
    trace.figure(|figures| figures.grpc = Some(GrpcSeen { code, serving }));
    if code != 0 {
        let name = CODES.get(code).copied().unwrap_or("of no known meaning");
        let said = headers.get("grpc-message").map(|said| said.as_bytes());
        let said = said.map(|said| format!(": {}", evidence::quote(said)));
        let said = match said {
            None if status != StatusCode::OK => format!(": status {}", status.as_u16()),
            said => said.unwrap_or_default(),
        };
        return Err(Finding::down(format!("code {code} ({name}){said}")));
    }
    let what = match settings.service.as_str() {
        "" => "the server".to_owned(),
        service => format!("the service {service}"),
    };
    trace.note(match serving {
        Some(SERVING) => Finding::up(format!("{what} says SERVING")),
        Some(other) => {
            let said = SERVING_STATUSES[other];
            Finding::down(format!("{what} says {said}, expected SERVING"))
        }
        None => Finding::down(format!("{what} does not say how it is")),
    });
    Ok(())
}

/// Makes the call: what the answer says in its headers and after its end, and the message.
async fn call(
    stream: Box<dyn Stream>,
    settings: &Grpc,
    trace: &mut Trace,
) -> Result<(StatusCode, HeaderMap, Bytes), Finding> {
    let scheme = if settings.tls { "https" } else { "http" };
    let request = Request::post(format!("{scheme}://{}{METHOD}", settings.address))
        .header("te", "trailers")
        .header("content-type", "application/grpc")
        .body(Full::new(question(&settings.service)))
        .map_err(|error| Finding::unknown(format!("no such call: {error}")))?;
    let (reads, writes) = tokio::io::split(stream);
    let stream = tokio::io::join(reads.take(MAX_READ), writes);
    let shaken = http2::handshake(Tether::of(trace), TokioIo::new(stream)).await;
    let (mut sender, connection) = shaken.map_err(|error| broken(&error))?;
    let talk = async {
        let answer = sender.send_request(request).await;
        let answer = answer.map_err(|error| broken(&error))?;
        let (head, body) = answer.into_parts();
        let body = Limited::new(body, MAX_ANSWER).collect().await;
        let body = body.map_err(|error| Finding::down(format!("answer broken off: {error}")))?;
        let mut headers = head.headers;
        headers.extend(body.trailers().cloned().unwrap_or_default());
        Ok((head.status, headers, body.to_bytes()))
    };
    trace.phase("call", beside(connection, talk)).await
}

/// What it means for gRPC that a web server answers so which does not speak it.
fn code_of(status: StatusCode) -> usize {
    match status.as_u16() {
        400 => 13,
        401 => 16,
        403 => 7,
        404 => 12,
        429 | 502 | 503 | 504 => 14,
        _ => 2,
    }
}

/// The message that asks for `service`, its field 1, with what precedes it.
fn question(service: &str) -> Bytes {
    let mut field = BytesMut::new();
    if !service.is_empty() {
        // Field 1, of a length that follows.
        field.put_u8(0x0a);
        let mut length = service.len();
        while length >= 0x80 {
            field.put_u8(u8::try_from(length & 0x7f).unwrap_or_default() | 0x80);
            length >>= 7;
        }
        field.put_u8(u8::try_from(length).unwrap_or_default());
        field.put_slice(service.as_bytes());
    }
    let mut message = BytesMut::with_capacity(PREFIX + field.len());
    message.put_u8(0);
    message.put_u32(u32::try_from(field.len()).unwrap_or(u32::MAX));
    message.unsplit(field);
    message.freeze()
}

/// What the message says of the service, its field 1.
fn serving(message: &[u8]) -> Option<usize> {
    let (prefix, field) = message.split_at_checked(PREFIX)?;
    match (prefix.first()?, field) {
        // A number of 0 need not be written.
        (0, []) => Some(0),
        (0, [0x08, number, ..]) => {
            let number = usize::from(*number);
            (number < SERVING_STATUSES.len()).then_some(number)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_are_written_as_protobuf_has_them() {
        assert_eq!(&question("")[..], [0, 0, 0, 0, 0]);
        assert_eq!(&question("ab")[..], [0, 0, 0, 0, 4, 0x0a, 2, b'a', b'b']);
        let long = question(&"x".repeat(300));
        assert_eq!(long[..8], [0, 0, 0, 1, 47, 0x0a, 0xac, 0x02]);
    }

    #[test]
    fn answers_are_read_as_protobuf_has_them() {
        for (message, said) in [
            (&[0, 0, 0, 0, 0][..], Some(0)),
            (&[0, 0, 0, 0, 2, 8, 1], Some(1)),
            (&[0, 0, 0, 0, 2, 8, 3], Some(3)),
            (&[0, 0, 0, 0, 2, 8, 9], None),
            (&[1, 0, 0, 0, 2, 8, 1], None),
            (&[0, 0], None),
        ] {
            assert_eq!(serving(message), said, "{message:?}");
        }
    }
}
