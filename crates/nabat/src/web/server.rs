//! Accepts connections and serves them, within limits.
//!
//! A connection that sends its headers too slowly is closed, more connections than there is room
//! for wait, and on shutdown requests in hand are finished.

mod lenient;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use socket2::SockRef;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use tokio_util::sync::CancellationToken;

use lenient::Lenient;

/// How many connections are served at once.
const CONNECTIONS_MAX: usize = 1_024;
/// How long a request's headers may take to arrive.
const HEADER_PATIENCE: Duration = Duration::from_secs(15);
/// How long a client may leave what it was sent unread before its connection is closed.
const UNREAD_PATIENCE: Duration = Duration::from_secs(20);
/// How long requests in hand may take once Nabat is stopping.
const FAREWELL: Duration = Duration::from_secs(5);
/// How long to wait after a connection could not be accepted, for want of files most likely.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// A wish to have the configuration read again.
#[derive(Debug)]
pub struct Reload {
    /// Whether it was taken over; if not, why, in words for people.
    pub answer: oneshot::Sender<Result<(), String>>,
}

/// Serves until `shutdown`, then lets requests in hand finish.
pub async fn serve(listener: TcpListener, router: Router, shutdown: CancellationToken) {
    let room = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let graceful = GracefulShutdown::new();
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(HEADER_PATIENCE);
    loop {
        let accepted = tokio::select! {
            accepted = accept(&listener, &room) => accepted,
            () = shutdown.cancelled() => break,
        };
        let (stream, peer, place) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        let router = TowerToHyperService::new(router.clone());
        let service = service_fn(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(ConnectInfo(peer));
            router.call(request)
        });
        let (reader, writer) = stream.into_split();
        let stream = TokioIo::new(tokio::io::join(Lenient::new(reader), writer));
        let connection = graceful.watch(http.serve_connection(stream, service));
        tokio::spawn(async move {
            // A client that goes away in the middle is its own affair.
            let _ = connection.await;
            drop(place);
        });
    }
    drop(listener);
    if tokio::time::timeout(FAREWELL, graceful.shutdown())
        .await
        .is_err()
    {
        tracing::warn!("some requests were cut off");
    }
}

async fn accept(
    listener: &TcpListener,
    room: &Arc<Semaphore>,
) -> io::Result<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    let place = Arc::clone(room)
        .acquire_owned()
        .await
        .map_err(io::Error::other)?;
    let (stream, peer) = listener.accept().await?;
    stream.set_nodelay(true)?;
    SockRef::from(&stream).set_tcp_user_timeout(Some(UNREAD_PATIENCE))?;
    Ok((stream, peer, place))
}
