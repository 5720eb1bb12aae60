//! Lists that are written while they are sent, so that a long one never lies in memory whole.

use std::convert::Infallible;
use std::iter;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::Body;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use hyper::body::Frame;

/// About how much is written before it is sent, in bytes.
const CHUNK_BYTES: usize = 64 << 10;

/// A JSON array of `items`, each of which `write` appends.
pub(super) fn array<I, W>(items: I, mut write: W) -> Response
where
    I: IntoIterator<IntoIter: Send + Unpin + 'static, Item: Send + 'static>,
    W: FnMut(I::Item, &mut Vec<u8>) + Send + Unpin + 'static,
{
    let mut before = b'[';
    let items = items.into_iter().map(Some).chain(iter::once_with(|| None));
    pieces(items, move |item, out| {
        let Some(item) = item else {
            out.extend_from_slice(if before == b'[' { b"[]\n" } else { b"]\n" });
            return;
        };
        out.push(before);
        before = b',';
        write(item, out);
    })
}

/// JSON that is put together of pieces, each of which `write` appends.
pub(super) fn pieces<I, W>(pieces: I, write: W) -> Response
where
    I: Iterator + Send + Unpin + 'static,
    W: FnMut(I::Item, &mut Vec<u8>) + Send + Unpin + 'static,
{
    let headers = [(header::CONTENT_TYPE, "application/json")];
    (headers, Body::new(Pieces { pieces, write })).into_response()
}

struct Pieces<I, W> {
    pieces: I,
    write: W,
}

impl<I, W> hyper::body::Body for Pieces<I, W>
where
    I: Iterator + Unpin,
    W: FnMut(I::Item, &mut Vec<u8>) + Unpin,
{
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let Self { pieces, write } = &mut *self;
        let mut chunk = Vec::new();
        while chunk.len() < CHUNK_BYTES {
            let Some(piece) = pieces.next() else {
                break;
            };
            if chunk.is_empty() {
                chunk.reserve(CHUNK_BYTES + CHUNK_BYTES / 8);
            }
            write(piece, &mut chunk);
        }
        let frame = (!chunk.is_empty()).then(|| Ok(Frame::data(chunk.into())));
        Poll::Ready(frame)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_body_util::BodyExt as _;

    #[tokio::test]
    async fn a_list_of_any_length_is_an_array() {
        for length in [0_u32, 1, 2, 100_000] {
            let response = array(0..length, |item, out| {
                out.extend_from_slice(item.to_string().as_bytes());
            });
            let body = response.into_body().collect().await.unwrap().to_bytes();
            let read: Vec<u32> = serde_json::from_slice(&body).unwrap();
            assert_eq!(read, (0..length).collect::<Vec<_>>());
        }
    }
}
