//! The TCP side: listens, serves, and can cut connections in the middle, as a bad network does.
//!
//! axum answers every request that it has read. To leave one without an answer, each connection carries a
//! [`Cut`]: once it is pulled, reads and writes fail and hyper drops the connection.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::Router;
use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

/// Cuts one connection.
#[derive(Clone, Debug)]
pub(crate) struct Cut(CancellationToken);

impl Cut {
    pub(crate) fn pull(&self) {
        self.0.cancel();
    }
}

impl Connected<IncomingStream<'_, CuttableListener>> for Cut {
    fn connect_info(stream: IncomingStream<'_, CuttableListener>) -> Cut {
        Cut(stream.io().cut.clone())
    }
}

/// A running server.
#[derive(Debug)]
pub(crate) struct Server {
    stopping: CancellationToken,
    connections: CancellationToken,
    task: JoinHandle<()>,
}

impl Server {
    /// Serves on a bound listener. `stopping` is cancelled first when the server is stopped, so that waiting
    /// requests can end.
    pub(crate) fn start(listener: TcpListener, app: Router, stopping: CancellationToken) -> Server {
        let connections = CancellationToken::new();
        let listener = CuttableListener {
            inner: listener,
            connections: connections.clone(),
        };
        let service = app.into_make_service_with_connect_info::<Cut>();
        let stopped = stopping.clone().cancelled_owned();
        let task = tokio::spawn(async move {
            if let Err(error) = axum::serve(listener, service)
                .with_graceful_shutdown(stopped)
                .await
            {
                tracing::warn!(%error, "the emulated Telegram stopped");
            }
        });
        Server {
            stopping,
            connections,
            task,
        }
    }

    /// Answers what is in hand, then ends.
    pub(crate) async fn stop(self) {
        self.stopping.cancel();
        let _ = self.task.await;
    }

    /// Ends at once: connections are cut and the port refuses new ones.
    pub(crate) async fn cut(self) {
        self.connections.cancel();
        self.stopping.cancel();
        self.task.abort();
        let _ = self.task.await;
    }
}

pub(crate) struct CuttableListener {
    inner: TcpListener,
    connections: CancellationToken,
}

impl Listener for CuttableListener {
    type Io = CuttableStream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (CuttableStream, SocketAddr) {
        let (inner, address) = Listener::accept(&mut self.inner).await;
        let cut = self.connections.child_token();
        let gone = Box::pin(cut.clone().cancelled_owned());
        (CuttableStream { inner, cut, gone }, address)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.inner.local_addr()
    }
}

/// A connection that fails once it is cut.
pub(crate) struct CuttableStream {
    inner: TcpStream,
    cut: CancellationToken,
    gone: Pin<Box<WaitForCancellationFutureOwned>>,
}

impl CuttableStream {
    fn check(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        match self.gone.as_mut().poll(cx) {
            Poll::Ready(()) => Err(io::Error::new(
                io::ErrorKind::ConnectionReset,
                "cut by order",
            )),
            Poll::Pending => Ok(()),
        }
    }
}

impl AsyncRead for CuttableStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.check(cx)?;
        Pin::new(&mut self.inner).poll_read(cx, into)
    }
}

impl AsyncWrite for CuttableStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        data: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.check(cx)?;
        Pin::new(&mut self.inner).poll_write(cx, data)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}
