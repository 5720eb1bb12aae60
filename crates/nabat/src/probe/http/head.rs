//! Reads of an answer no more than its head may have, until that is there.
//!
//! A server may say any number of interim answers (`100 Continue`) before the one that counts, and
//! whoever reads them all is kept for ever.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// A connection of which only so many bytes are read until [`Came::note`].
#[derive(Debug)]
pub(super) struct Bounded<S> {
    stream: S,
    left: usize,
    came: Came,
}

/// Whether the head of the answer is there. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub(super) struct Came(Arc<AtomicBool>);

impl Came {
    /// It is: what follows may be as long as it is.
    pub(super) fn note(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl<S> Bounded<S> {
    /// Reads at most `most` bytes, about, until `came`.
    pub(super) const fn new(stream: S, most: usize, came: Came) -> Self {
        Self {
            stream,
            left: most,
            came,
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Bounded<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let is_bounded = !self.came.0.load(Ordering::Relaxed);
        if is_bounded && self.left == 0 {
            return Poll::Ready(Err(io::ErrorKind::FileTooLarge.into()));
        }
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buffer))?;
        if is_bounded {
            let read = buffer.filled().len() - before;
            self.left = self.left.saturating_sub(read);
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Bounded<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
