//! No text that anyone could read holds a secret, and what can't be used is refused in words that
//! help.

use std::error::Error;
use std::time::Duration;

use nabat::channel::webhook::Access;
use tokio::net::TcpListener;

use super::*;

const SECRETS: [&str; 5] = ["t0ken", "s3cret", "p4ss", "cr3dentials", "MfKQ9r8GKYqr"];
/// What comes before the host in every address here.
const LOGIN: &str = "ann:p4ss@";

/// A target that is full of secrets, of which its host is none.
fn secretive(scheme_and_host: &str) -> Target {
    let url = scheme_and_host.replace("://", &format!("://{LOGIN}"));
    Target {
        access: Access::Authorization {
            scheme: "Bearer".into(),
            credentials: Secret::new("cr3dentials"),
        },
        signing_secret: Some(Secret::new(SIGNING_SECRET)),
        timeout: Duration::from_millis(500),
        ..target(format!("{url}/hooks/t0ken?key=s3cret"))
    }
}

fn chain(error: &dyn Error) -> String {
    let source = error.source().map(chain).unwrap_or_default();
    format!("{error} {error:?} {source}")
}

fn assert_covered(text: &str) {
    for secret in SECRETS {
        assert!(!text.contains(secret), "{text}");
    }
    assert!(!text.trim().is_empty());
}

#[tokio::test]
async fn no_error_and_no_debug_text_shows_a_secret() {
    let recorder = Recorder::start().await;
    let origin = recorder.url().trim_end_matches('/').to_owned();
    let target = secretive(&origin);
    let sender = sender(&target);
    assert_eq!(sender.endpoint(), format!("{origin}/…"));
    assert_covered(&format!("{target:?} {sender:?}"));
    let echo = format!("not found: {} Bearer cr3dentials", target.url.expose());
    for status in [400, 404, 429, 500, 302, 308, 304] {
        let header = ("location", "http://hooks.example.invalid/t0ken?s3cret");
        recorder.answer(status, header, echo.clone());
        let error = sender.send(&disk_full()).await.unwrap_err();
        assert_covered(&chain(&error));
    }
}

#[tokio::test]
async fn no_failure_on_the_way_shows_a_secret() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let silent = format!("http://{}", silent.local_addr().unwrap());
    for origin in [
        silent.as_str(),
        "http://127.0.0.1:1",
        "https://127.0.0.1:1",
        "http://name.that.does.not.exist.invalid",
    ] {
        for proxy in [None, Some("socks5://ann:p4ss@127.0.0.1:1")] {
            let mut target = secretive(origin);
            target.proxy = proxy.map(Secret::new);
            let error = sender(&target).send(&disk_full()).await.unwrap_err();
            assert_covered(&chain(&error));
        }
    }
}

#[tokio::test]
async fn what_can_not_be_used_is_refused_before_anything_is_sent() {
    let folder = tempfile::tempdir().unwrap();
    let empty = folder.path().join("empty.pem");
    std::fs::write(&empty, "").unwrap();
    let usable = || secretive("https://hooks.example.org");
    let url = |url: &str| Target {
        url: Secret::new(url),
        ..usable()
    };
    let cases = [
        (url("t0ken"), "must begin with `http://` or `https://`"),
        (url("ftp://hooks.example.org/t0ken"), "must begin with"),
        (url("https://"), "must begin with"),
        (
            Target {
                access: Access::Authorization {
                    scheme: "Bearer".into(),
                    credentials: Secret::new("cr3dentials\n"),
                },
                ..usable()
            },
            "such as a line break",
        ),
        (
            Target {
                signing_secret: Some(Secret::new("s3cret")),
                ..usable()
            },
            "openssl rand -base64 32",
        ),
        (
            Target {
                ca_file: Some(folder.path().join("none.pem")),
                ..usable()
            },
            "failed to read the certificates",
        ),
        (
            Target {
                ca_file: Some(empty),
                ..usable()
            },
            "no certificate (PEM) in",
        ),
        (
            Target {
                proxy: Some(Secret::new("http://ann:p4ss@[::1")),
                ..usable()
            },
            "failed to prepare the connection to https://hooks.example.org/…",
        ),
    ];
    for (target, words) in cases {
        let error = Sender::new(&target, &mut Clients::default()).unwrap_err();
        assert!(error.to_string().contains(words), "{error}");
        assert_covered(&chain(&error));
    }
}
