//! Lists that are written while they are sent, so that a long one never lies in memory whole.

use std::convert::Infallible;
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
pub(super) fn array<I, W>(items: I, write: W) -> Response
where
    I: IntoIterator<IntoIter: Send + Unpin + 'static>,
    W: FnMut(I::Item, &mut Vec<u8>) + Send + Unpin + 'static,
{
    let list = List {
        items: Some(items.into_iter()),
        write,
        separator: b'[',
    };
    let headers = [(header::CONTENT_TYPE, "application/json")];
    (headers, Body::new(list)).into_response()
}

struct List<I, W> {
    /// `None` when everything was sent.
    items: Option<I>,
    write: W,
    /// What comes before the next item.
    separator: u8,
}

impl<I, W> List<I, W>
where
    I: Iterator,
    W: FnMut(I::Item, &mut Vec<u8>),
{
    fn chunk(&mut self) -> Option<Bytes> {
        let items = self.items.as_mut()?;
        let mut chunk = Vec::with_capacity(CHUNK_BYTES + CHUNK_BYTES / 8);
        while chunk.len() < CHUNK_BYTES {
            let Some(item) = items.next() else {
                self.items = None;
                if self.separator == b'[' {
                    chunk.push(b'[');
                }
                chunk.extend_from_slice(b"]\n");
                break;
            };
            chunk.push(self.separator);
            self.separator = b',';
            (self.write)(item, &mut chunk);
        }
        Some(chunk.into())
    }
}

impl<I, W> hyper::body::Body for List<I, W>
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
        Poll::Ready(self.chunk().map(|chunk| Ok(Frame::data(chunk))))
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
