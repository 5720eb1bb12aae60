//! A TCP server that does exactly what a test says, however wrong that is.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// The server; its connections end when it is dropped.
pub(crate) struct Liar {
    address: SocketAddr,
    heard: Arc<Mutex<Vec<String>>>,
    _tasks: JoinSet<()>,
}

impl Liar {
    /// Does `part` with each connection, one after the other or at once.
    pub(crate) async fn start<P, F>(part: P) -> Self
    where
        P: Fn(TcpStream) -> F + Send + 'static,
        F: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                connections.spawn(part(stream));
            }
        });
        Self {
            address,
            heard: Arc::default(),
            _tasks: tasks,
        }
    }

    /// Answers each request of HTTP with `answer`, and closes. [`Self::heard`] has the requests.
    pub(crate) async fn answering(answer: impl Into<Vec<u8>>) -> Self {
        let answer: Arc<[u8]> = answer.into().into();
        let heard: Arc<Mutex<Vec<String>>> = Arc::default();
        let ear = Arc::clone(&heard);
        let mut liar = Self::start(move |mut stream| {
            let (answer, ear) = (Arc::clone(&answer), Arc::clone(&ear));
            async move {
                let request = head(&mut stream).await;
                ear.lock().unwrap().push(request);
                // The other side may have heard enough before the end.
                let _ = stream.write_all(&answer).await;
            }
        })
        .await;
        liar.heard = heard;
        liar
    }

    /// Says `words` to everyone, and closes.
    pub(crate) async fn answering_at_once(words: &'static str) -> Self {
        Self::start(async move |mut stream: TcpStream| {
            let _ = stream.write_all(words.as_bytes()).await;
        })
        .await
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// The heads of all requests so far, in lower case.
    pub(crate) fn heard(&self) -> Vec<String> {
        self.heard.lock().unwrap().clone()
    }
}

/// Reads a request of HTTP up to its body, in lower case.
pub(crate) async fn head(stream: &mut TcpStream) -> String {
    cased_head(stream).await.to_lowercase()
}

/// Reads a request of HTTP up to its body.
pub(crate) async fn cased_head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => break,
        }
    }
    String::from_utf8_lossy(&head).into_owned()
}
