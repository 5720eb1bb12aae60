//! What becomes of a webhook that is not simply taken.

use std::time::{Duration, Instant};

use nabat::channel::Refusal;
use tokio::io::AsyncReadExt as _;
use tokio::net::{TcpListener, TcpStream};

use super::*;

/// The address of a server that gives every connection to `serve`.
async fn server<F>(serve: impl Fn(TcpStream) -> F + Send + 'static) -> String
where
    F: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream));
        }
    });
    url
}

async fn refusal(target: &Target) -> Refusal {
    sender(target).send(&disk_full()).await.unwrap_err()
}

fn later(after: Option<u64>, reason: &str) -> Refusal {
    Refusal::Later {
        after: after.map(Duration::from_secs),
        reason: reason.into(),
    }
}

fn never(reason: &str) -> Refusal {
    Refusal::Never {
        reason: reason.into(),
    }
}

#[tokio::test]
async fn an_answer_is_understood_with_its_pause_and_its_words() {
    let recorder = Recorder::start().await;
    let sender = sender(&target(recorder.url()));
    let none = ("x-nothing", "");
    for (status, header, body, expected) in [
        (204, none, "", Ok(())),
        (200, none, "taken", Ok(())),
        (
            429,
            ("retry-after", "30"),
            "slow\ndown",
            Err(later(Some(30), "answered 429 Too Many Requests: slow down")),
        ),
        (
            503,
            ("retry-after", "86400"),
            "",
            Err(later(Some(3_600), "answered 503 Service Unavailable")),
        ),
        (
            502,
            ("retry-after", "Sun, 06 Nov 1994 08:49:37 GMT"),
            "<html>",
            Err(later(Some(0), "answered 502 Bad Gateway: <html>")),
        ),
        (
            500,
            ("retry-after", "soon"),
            "",
            Err(later(None, "answered 500 Internal Server Error")),
        ),
        (
            404,
            none,
            "no such hook",
            Err(later(None, "answered 404 Not Found: no such hook")),
        ),
        (
            422,
            none,
            "no such field",
            Err(never("answered 422 Unprocessable Entity: no such field")),
        ),
    ] {
        recorder.answer(status, header, body);
        assert_eq!(sender.send(&disk_full()).await, expected, "{status}");
    }
}

#[tokio::test]
async fn only_the_beginning_of_a_long_answer_is_kept() {
    let recorder = Recorder::start().await;
    recorder.answer(400, ("x-nothing", ""), "no ".repeat(1_000_000));
    let reason = refusal(&target(recorder.url())).await.to_string();
    assert!(reason.starts_with("answered 400 Bad Request: no no "));
    assert!(reason.chars().count() < 240, "{reason}");
}

#[tokio::test]
async fn an_answer_without_end_is_as_good_as_one() {
    let recorder = Recorder::start().await;
    let mut target = target(recorder.url());
    target.timeout = Duration::from_millis(200);
    for (status, taken) in [(200, true), (400, false)] {
        let endless = axum::body::Body::new(Endless);
        recorder.answer(status, ("x-nothing", ""), endless);
        let sent = sender(&target).send(&disk_full()).await;
        assert_eq!(sent.is_ok(), taken, "{status}: {sent:?}");
    }
}

/// A body that never comes.
struct Endless;

impl hyper::body::Body for Endless {
    type Data = bytes::Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<hyper::body::Frame<Self::Data>, Self::Error>>> {
        std::task::Poll::Pending
    }
}

#[tokio::test]
async fn whoever_says_nothing_is_asked_again() {
    let silent = server(|stream| async move {
        let _open = stream;
        std::future::pending::<()>().await;
    });
    let mut target = target(silent.await);
    target.timeout = Duration::from_millis(200);
    let begun = Instant::now();
    let expected = later(None, "no answer within 0.2 s");
    assert_eq!(refusal(&target).await, expected);
    assert!(begun.elapsed() < Duration::from_secs(10));
}

#[tokio::test]
async fn what_is_cut_off_or_reaches_nobody_is_sent_again() {
    let cutting = server(|mut stream| async move {
        // What was read is gone: the request may well have been carried out.
        let _ = stream.read(&mut [0; 1_024]).await;
    });
    let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let closed = format!("http://{}/", nobody.local_addr().unwrap());
    drop(nobody);
    for url in [
        cutting.await,
        closed,
        "http://name.that.does.not.exist.invalid/".into(),
    ] {
        let refusal = refusal(&target(&url)).await;
        let Refusal::Later {
            after: None,
            reason,
        } = refusal
        else {
            panic!("{url}: {refusal:?}");
        };
        assert!(!reason.is_empty());
    }
}

#[tokio::test]
async fn a_redirect_is_followed_only_if_the_alerts_come_along() {
    for (status, arrives) in [
        (301, false),
        (302, false),
        (303, false),
        (307, true),
        (308, true),
    ] {
        let (first, second) = (Recorder::start().await, Recorder::start().await);
        first.answer(status, ("location", &second.url()), "");
        let sent = sender(&target(first.url())).send(&disk_full()).await;
        let requests = second.requests();
        if arrives {
            assert_eq!(sent, Ok(()));
            assert_eq!(requests[0].method, "POST");
            assert_eq!(requests[0].body, first.requests()[0].body);
        } else {
            assert!(requests.is_empty(), "{status}: {requests:?}");
            let Err(Refusal::Later { reason, .. }) = sent else {
                panic!("{status}: {sent:?}");
            };
            assert!(reason.contains(&status.to_string()), "{reason}");
            assert!(!reason.contains("127.0.0.1"), "{reason}");
        }
    }
}

#[tokio::test]
async fn redirects_that_are_not_wanted_or_never_end_are_not_followed() {
    let recorder = Recorder::start().await;
    let mut target = target(recorder.url());
    for (follow, expected) in [(true, 11), (false, 1)] {
        target.follow_redirects = follow;
        let before = recorder.requests().len();
        for _ in 0..expected {
            recorder.answer(308, ("location", "/"), "");
        }
        let refusal = refusal(&target).await;
        assert!(matches!(refusal, Refusal::Later { .. }), "{refusal:?}");
        assert_eq!(recorder.requests().len() - before, expected);
    }
}
