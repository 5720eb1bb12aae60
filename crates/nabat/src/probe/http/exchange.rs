//! One request and its answer, on a connection that was made for them.

use std::error::Error;
use std::future::{Future, poll_fn};
use std::io::{self, ErrorKind};
use std::pin::pin;
use std::task::Poll;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper::{HeaderMap, Request, StatusCode};
use hyper_util::rt::TokioIo;

use crate::probe::stream::Stream;
use crate::probe::trace::Trace;
use crate::probe::{Finding, failure};

/// The most bytes that the head of an answer may have. It may have 100 headers.
const MAX_HEAD: usize = 64 * 1024;

/// An answer as far as it was read.
pub(in crate::probe) struct Answer {
    pub(in crate::probe) head: hyper::http::response::Parts,
    /// Its body, if it was to be kept.
    pub(in crate::probe) body: Vec<u8>,
    /// Whether there was more of the body.
    pub(super) is_cut: bool,
}

/// How much of the body is read, and what becomes of it.
#[derive(Clone, Copy)]
pub(super) struct Reading {
    pub(super) most: usize,
    pub(super) keep: bool,
}

/// Sends `request` and reads what `reading` wants of the answer.
///
/// # Errors
/// If no whole answer comes.
pub(super) async fn exchange(
    stream: impl Stream,
    request: Request<Full<Bytes>>,
    reading: impl FnOnce(StatusCode, &HeaderMap) -> Reading,
    trace: &mut Trace,
) -> Result<Answer, Finding> {
    let shaken = http1::Builder::new()
        .max_buf_size(MAX_HEAD)
        .max_header_size(MAX_HEAD)
        .handshake(TokioIo::new(stream))
        .await;
    let (mut sender, connection) = shaken.map_err(|error| broken(&error))?;
    let talk = async {
        let response = trace.phase("first byte", async {
            sender
                .send_request(request)
                .await
                .map_err(|error| broken(&error))
        });
        let response = response.await?;
        let reading = reading(response.status(), response.headers());
        let (head, body) = response.into_parts();
        let (body, is_cut) = match reading.most {
            0 => (Vec::new(), true),
            _ => trace.phase("transfer", read(body, reading)).await?,
        };
        Ok(Answer { head, body, is_cut })
    };
    beside(connection, talk).await
}

async fn read(mut body: Incoming, reading: Reading) -> Result<(Vec<u8>, bool), Finding> {
    let mut kept = Vec::new();
    let mut seen = 0;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| broken(&error))?;
        let Some(data) = frame.data_ref() else {
            continue;
        };
        let room = reading.most - seen;
        if reading.keep {
            kept.extend_from_slice(&data[..data.len().min(room)]);
        }
        if data.len() > room {
            return Ok((kept, true));
        }
        seen += data.len();
    }
    Ok((kept, false))
}

/// Does `talk` while `connection` carries it, in one task. How the connection ends, the talk hears.
async fn beside<T>(connection: impl Future, talk: impl Future<Output = T>) -> T {
    let mut connection = pin!(connection);
    let mut talk = pin!(talk);
    let mut is_over = false;
    poll_fn(|cx| {
        // The talk first, so that what it asks for goes out at once.
        if let Poll::Ready(result) = talk.as_mut().poll(cx) {
            return Poll::Ready(result);
        }
        if !is_over {
            is_over = connection.as_mut().poll(cx).is_ready();
            // What has come meanwhile may be all that the talk waits for.
            return talk.as_mut().poll(cx);
        }
        Poll::Pending
    })
    .await
}

fn broken(error: &hyper::Error) -> Finding {
    let cause = error.source();
    let io = cause.and_then(|cause| cause.downcast_ref::<io::Error>());
    let kind = io.map(io::Error::kind);
    if error.is_incomplete_message() || kind == Some(ErrorKind::UnexpectedEof) {
        return Finding::down("connection closed before the answer was complete");
    }
    if error.is_parse_too_large() {
        return Finding::down("answer with a head that is too long");
    }
    let garbled = matches!(kind, Some(ErrorKind::InvalidData | ErrorKind::InvalidInput));
    match (io, cause) {
        (Some(io), _) if garbled => Finding::down(format!("answer that is not HTTP: {io}")),
        (Some(io), _) => failure::later(io, "the server"),
        _ if error.is_parse() => Finding::down(format!("answer that is not HTTP: {error}")),
        (None, Some(cause)) => Finding::down(format!("{error}: {cause}")),
        (None, None) => Finding::down(error.to_string()),
    }
}
