//! One request and its answer, on a connection that was made for them.

use std::error::Error;
use std::future::{Future, poll_fn};
use std::io::{self, ErrorKind};
use std::pin::pin;
use std::task::Poll;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Body as _, Incoming};
use hyper::client::conn::{http1, http2};
use hyper::header::{CONTENT_LENGTH, LAST_MODIFIED};
use hyper::{HeaderMap, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;

use super::head::{Bounded, Came};
use super::question::Form;
use crate::probe::stream::Stream;
use crate::probe::tether::Tether;
use crate::probe::trace::Trace;
use crate::probe::{Finding, HttpSeen, failure};

/// The most bytes that the head of an answer may have. It may have 100 headers.
const MAX_HEAD: usize = 64 * 1024;
/// The same by HTTP/2.
const MAX_HEADERS: u32 = 64 * 1024;
/// The most bytes that are read until it is there, with all interim answers before it and what may
/// be read of the body along with it.
const MAX_UNTIL_HEAD: usize = 4 * MAX_HEAD;

/// An answer as far as it was read.
pub(in crate::probe) struct Answer {
    pub(in crate::probe) head: hyper::http::response::Parts,
    /// Its body, if it was to be kept.
    pub(in crate::probe) body: Vec<u8>,
    /// How many bytes of the body were read.
    pub(super) length: usize,
    /// Whether there was more of the body.
    pub(super) is_cut: bool,
    /// The length of the body by the server's word.
    told_length: Option<u64>,
    /// Whether it came by TLS.
    pub(super) is_by_tls: bool,
}

impl Answer {
    /// What there is to see of it in figures.
    pub(super) fn seen(&self) -> HttpSeen {
        let header = |name| self.head.headers.get(name)?.to_str().ok();
        let last_modified = header(LAST_MODIFIED).and_then(moment);
        HttpSeen {
            status: self.head.status.as_u16(),
            version: self.head.version,
            told_length: self.told_length,
            body_length: self.length,
            last_modified,
        }
    }
}

/// A date as in HTTP, in seconds of Unix time.
fn moment(text: &str) -> Option<i64> {
    let zoned = jiff::fmt::rfc2822::parse(text).ok()?;
    Some(zoned.timestamp().as_second())
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
    stream: Box<dyn Stream>,
    form: Form,
    request: Request<Full<Bytes>>,
    reading: impl FnOnce(StatusCode, &HeaderMap) -> Reading,
    trace: &mut Trace,
) -> Result<Answer, Finding> {
    if form == Form::Http2 {
        let shaken = http2::Builder::new(Tether::of(trace))
            .max_header_list_size(MAX_HEADERS)
            .handshake(TokioIo::new(stream));
        let (mut sender, connection) = shaken.await.map_err(|error| broken(&error))?;
        let response = sender.send_request(request);
        return beside(connection, talk(response, reading, trace)).await;
    }
    let came = Came::default();
    let stream = Bounded::new(stream, MAX_UNTIL_HEAD, came.clone());
    let shaken = http1::Builder::new()
        .max_buf_size(MAX_HEAD)
        .max_header_size(MAX_HEAD)
        .handshake(TokioIo::new(stream));
    let (mut sender, connection) = shaken.await.map_err(|error| broken(&error))?;
    let response = async {
        let response = sender.send_request(request).await;
        came.note();
        response
    };
    beside(connection, talk(response, reading, trace)).await
}

/// Waits for `response` and reads what `reading` wants of it.
async fn talk(
    response: impl Future<Output = hyper::Result<Response<Incoming>>>,
    reading: impl FnOnce(StatusCode, &HeaderMap) -> Reading,
    trace: &mut Trace,
) -> Result<Answer, Finding> {
    let response = trace.phase("first byte", async {
        response.await.map_err(|error| broken(&error))
    });
    let response = response.await?;
    let reading = reading(response.status(), response.headers());
    let (head, body) = response.into_parts();
    let told = head.headers.get(CONTENT_LENGTH);
    let told = told.and_then(|told| told.to_str().ok()?.parse().ok());
    let told_length = told.or(body.size_hint().exact());
    let mut read = Read::default();
    let result = match reading.most {
        0 => {
            read.is_cut = true;
            Ok(())
        }
        _ => trace.phase("transfer", read.all(body, reading)).await,
    };
    let answer = Answer {
        head,
        body: read.kept,
        length: read.length,
        is_cut: read.is_cut,
        told_length,
        is_by_tls: false,
    };
    if result.is_err() {
        trace.figure(|figures| figures.http = Some(answer.seen()));
    }
    result.map(|()| answer)
}

/// A body as far as it was read.
#[derive(Default)]
struct Read {
    kept: Vec<u8>,
    length: usize,
    /// Whether there is more of it.
    is_cut: bool,
}

impl Read {
    async fn all(&mut self, mut body: Incoming, reading: Reading) -> Result<(), Finding> {
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|error| broken(&error))?;
            let Some(data) = frame.data_ref() else {
                continue;
            };
            let room = reading.most - self.length;
            let taken = data.len().min(room);
            if reading.keep {
                self.kept.extend_from_slice(&data[..taken]);
            }
            self.length += taken;
            if data.len() > room {
                self.is_cut = true;
                return Ok(());
            }
        }
        Ok(())
    }
}

/// Does `talk` while `connection` carries it, in one task. How the connection ends, the talk hears.
pub(in crate::probe) async fn beside<T>(
    connection: impl Future,
    talk: impl Future<Output = T>,
) -> T {
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

/// What an error of HTTP says of the server.
pub(in crate::probe) fn broken(error: &hyper::Error) -> Finding {
    let cause = error.source();
    let io = cause.and_then(|cause| cause.downcast_ref::<io::Error>());
    let kind = io.map(io::Error::kind);
    if error.is_incomplete_message() || kind == Some(ErrorKind::UnexpectedEof) {
        return Finding::down("connection closed before the answer was complete");
    }
    if error.is_parse_too_large() || kind == Some(ErrorKind::FileTooLarge) {
        return Finding::down("answer with a head that is too long");
    }
    let garbled = matches!(kind, Some(ErrorKind::InvalidData | ErrorKind::InvalidInput));
    match (io, cause) {
        (Some(io), _) if garbled => Finding::down(format!("answer that is not HTTP: {io}")),
        (Some(io), _) => failure::later(io, "the server").into(),
        _ if error.is_parse() => Finding::down(format!("answer that is not HTTP: {error}")),
        (None, Some(cause)) => Finding::down(format!("{error}: {cause}")),
        (None, None) => Finding::down(error.to_string()),
    }
}
