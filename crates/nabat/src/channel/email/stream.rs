//! A connection on which nobody speaks without end.
//!
//! lettre reads a line until it ends, however long that takes. A server that never ends one would
//! fill the memory, so only so much is heard between two of our own words. One that was reached
//! through TLS from the beginning has shown who it is, and is trusted that far.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use lettre::transport::smtp::client::AsyncTokioStream;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpStream, lookup_host};

/// Far more than any answer, in bytes, certificates included.
const HEARD_MAX: usize = 1 << 20;

/// A connection without TLS, which may be laid over it.
#[derive(Debug)]
pub(super) struct Stream {
    tcp: TcpStream,
    /// So many bytes came since something was said.
    heard: usize,
}

impl Stream {
    /// Connects to the first address of `server` that answers, giving `each` so long.
    ///
    /// # Errors
    /// Why the last one did not.
    pub(super) async fn open(server: (&str, u16), each: Duration) -> io::Result<Self> {
        let mut problem = io::Error::new(io::ErrorKind::NotFound, "its name has no address");
        for address in lookup_host(server).await? {
            match tokio::time::timeout(each, TcpStream::connect(address)).await {
                Ok(Ok(tcp)) => return Ok(Self { tcp, heard: 0 }),
                Ok(Err(error)) => problem = error,
                Err(_) => problem = io::Error::new(io::ErrorKind::TimedOut, "connection timed out"),
            }
        }
        Err(problem)
    }
}

impl AsyncTokioStream for Stream {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.tcp.peer_addr()
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.heard > HEARD_MAX {
            return Poll::Ready(Err(io::Error::other("its answer has no end")));
        }
        let before = buffer.filled().len();
        let polled = Pin::new(&mut this.tcp).poll_read(context, buffer);
        this.heard += buffer.filled().len() - before;
        polled
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        this.heard = 0;
        Pin::new(&mut this.tcp).poll_write(context, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().tcp).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().tcp).poll_shutdown(context)
    }
}
