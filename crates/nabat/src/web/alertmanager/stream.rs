//! Lists that are written while they are sent, so that a long one never lies in memory whole.
//!
//! Finding and writing what is in them takes long where much fires. It is done in threads of its
//! own, a chunk at a time and not more at once than leaves a core to everything else: whoever reads
//! never holds up who sends.

use std::convert::Infallible;
use std::num::NonZeroUsize;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::{iter, thread};

use axum::body::Body;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use hyper::body::Frame;
use tokio::sync::{Semaphore, mpsc};

use super::answer::Refused;
use crate::engine::NotTaken;

/// About how much is written before it is sent, in bytes.
const CHUNK_BYTES: usize = 64 << 10;

/// Whose turn it is to find and write what is in a long list.
#[derive(Debug, Clone)]
pub struct Turns(Arc<Semaphore>);

impl Default for Turns {
    /// As many as there are cores, but one.
    fn default() -> Self {
        let cores = thread::available_parallelism().map_or(1, NonZeroUsize::get);
        Self(Arc::new(Semaphore::new(cores.saturating_sub(1).max(1))))
    }
}

impl Turns {
    /// Does something that takes long, when it is its turn. `None` when Nabat is stopping, or when
    /// it panicked.
    async fn work<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Option<T> {
        let turn = Arc::clone(&self.0).acquire_owned().await.ok()?;
        let work = move || {
            let _turn = turn;
            work()
        };
        tokio::task::spawn_blocking(work).await.ok()
    }
}

/// A list: its pieces, and how each is appended.
pub(super) struct List<I, W> {
    pieces: I,
    write: W,
}

impl<I: Iterator, W: FnMut(I::Item, &mut Vec<u8>)> List<I, W> {
    /// JSON that is put together of pieces, each of which `write` appends.
    pub(super) fn of_pieces(pieces: I, write: W) -> Self {
        Self { pieces, write }
    }

    /// What is sent next; the last chunk is shorter than [`CHUNK_BYTES`].
    fn chunk(&mut self) -> Vec<u8> {
        let mut chunk = Vec::new();
        while chunk.len() < CHUNK_BYTES {
            let Some(piece) = self.pieces.next() else {
                break;
            };
            (self.write)(piece, &mut chunk);
        }
        chunk
    }
}

/// A JSON array of `items`, each of which `write` appends.
pub(super) fn array<T>(
    items: impl IntoIterator<Item = T>,
    mut write: impl FnMut(T, &mut Vec<u8>),
) -> List<impl Iterator<Item = Option<T>>, impl FnMut(Option<T>, &mut Vec<u8>)> {
    let mut before = b'[';
    let items = items.into_iter().map(Some).chain(iter::once_with(|| None));
    List::of_pieces(items, move |item, out| {
        let Some(item) = item else {
            out.extend_from_slice(if before == b'[' { b"[]\n" } else { b"]\n" });
            return;
        };
        out.push(before);
        before = b',';
        write(item, out);
    })
}

/// Sends the list that `find` finds.
///
/// # Errors
/// When Nabat is stopping.
pub(super) async fn send<I, W>(
    turns: &Turns,
    find: impl FnOnce() -> List<I, W> + Send + 'static,
) -> Result<Response, Refused>
where
    I: Iterator + Send + 'static,
    W: FnMut(I::Item, &mut Vec<u8>) + Send + 'static,
{
    let begin = move || {
        let mut list = find();
        (list.chunk(), list)
    };
    let (first, list) = turns.work(begin).await.ok_or(NotTaken::Stopping)?;
    let body = if first.len() < CHUNK_BYTES {
        Body::from(first)
    } else {
        let (chunks, body) = mpsc::channel(1);
        tokio::spawn(send_on(turns.clone(), first, list, chunks));
        Body::new(Chunks(body))
    };
    let headers = [(header::CONTENT_TYPE, "application/json")];
    Ok((headers, body).into_response())
}

/// Sends one chunk after the other as fast as they are taken.
async fn send_on<I, W>(
    turns: Turns,
    first: Vec<u8>,
    mut list: List<I, W>,
    chunks: mpsc::Sender<Bytes>,
) where
    I: Iterator + Send + 'static,
    W: FnMut(I::Item, &mut Vec<u8>) + Send + 'static,
{
    let mut chunk = first;
    loop {
        let is_last = chunk.len() < CHUNK_BYTES;
        if chunk.is_empty() || chunks.send(chunk.into()).await.is_err() || is_last {
            return;
        }
        let write = move || (list.chunk(), list);
        let Some(written) = turns.work(write).await else {
            return;
        };
        (chunk, list) = written;
    }
}

struct Chunks(mpsc::Receiver<Bytes>);

impl hyper::body::Body for Chunks {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let chunk = self.0.poll_recv(context);
        chunk.map(|chunk| chunk.map(|chunk| Ok(Frame::data(chunk))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_body_util::BodyExt as _;

    #[tokio::test]
    async fn a_list_of_any_length_is_an_array() {
        for length in [0_u32, 1, 2, 100_000] {
            let find = move || {
                array(0..length, |item: u32, out: &mut Vec<u8>| {
                    out.extend_from_slice(item.to_string().as_bytes());
                })
            };
            let response = send(&Turns::default(), find).await.unwrap();
            let body = response.into_body().collect().await.unwrap().to_bytes();
            let read: Vec<u32> = serde_json::from_slice(&body).unwrap();
            assert_eq!(read, (0..length).collect::<Vec<_>>());
        }
    }
}
