//! Sending, to servers that are told what to answer: a real one never loses its answer when a
//! test wants it to.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use nabat_core::message::Message;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

use super::testing::{account, address, notification, text};
use super::*;
use crate::config::Secret;

/// What the server does when it hears a line that begins so.
type Script = &'static [(&'static str, Answer)];

#[derive(Clone, Copy)]
enum Answer {
    Says(&'static str),
    HangsUp,
    IsSilent,
}

use Answer::{HangsUp, IsSilent, Says};

/// A server that agrees to everything but what `script` says; counts its connections.
async fn server(script: Script) -> (u16, Arc<AtomicU32>) {
    serve(script, None).await
}

/// A server that agrees to one letter for each connection, and answers the next one so.
async fn server_that_tires(then: Answer) -> (u16, Arc<AtomicU32>) {
    serve(&[], Some(then)).await
}

async fn serve(script: Script, then: Option<Answer>) -> (u16, Arc<AtomicU32>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let count = Arc::new(AtomicU32::new(0));
    let counted = count.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            counted.fetch_add(1, Ordering::SeqCst);
            tokio::spawn(converse(stream, script, then));
        }
    });
    (port, count)
}

async fn converse(stream: TcpStream, script: Script, then: Option<Answer>) {
    let mut stream = BufReader::new(stream);
    let (mut is_letter, mut letters) = (false, 0);
    let mut line = "hello".to_owned();
    loop {
        if !is_letter || line == ".\r\n" {
            let scripted = script.iter().find(|(start, _)| line.starts_with(start));
            let scripted = scripted.map(|(_, answer)| *answer);
            letters += usize::from(is_letter);
            let tired = then.filter(|_| letters > 0 && line.starts_with("MAIL"));
            let answer = match scripted.or(tired) {
                Some(Says(answer)) => answer,
                Some(HangsUp) => return,
                Some(IsSilent) => std::future::pending().await,
                None if line == "hello" => "220 here",
                None if line.starts_with("EHLO") => "250-here\r\n250 AUTH PLAIN LOGIN",
                None if line.starts_with("DATA") => "354 go on",
                None => "250 fine",
            };
            is_letter = answer.starts_with("354");
            let answer = format!("{answer}\r\n");
            if stream.write_all(answer.as_bytes()).await.is_err() {
                return;
            }
        }
        line.clear();
        if !matches!(stream.read_line(&mut line).await, Ok(1..)) {
            return;
        }
    }
}

fn logged_in(port: u16, identity: Option<&str>) -> Account {
    Account {
        login: Some(Login {
            username: "nabat".into(),
            password: Secret::new("hunter2"),
            identity: identity.map(Into::into),
        }),
        ..account(port)
    }
}

async fn send(account: &Account, to: &str) -> Result<Sent, Refusal> {
    let to = Address::list(to).unwrap();
    let mailer = Mailer::new(account).unwrap();
    // On a task of its own, as couriers do.
    let sending = tokio::spawn(async move {
        let text = text("subject", Message::of("text"));
        mailer.send(&notification(), &text, &to).await
    });
    sending.await.unwrap()
}

#[tokio::test]
async fn an_answer_lost_after_the_letter_is_uncertain_and_before_it_is_not() {
    let (port, _) = server(&[(".\r\n", HangsUp)]).await;
    let refusal = send(&account(port), "a@example.org").await.unwrap_err();
    assert!(matches!(refusal, Refusal::Uncertain { .. }), "{refusal:?}");

    for script in [
        &[("hello", HangsUp)],
        &[("EHLO", HangsUp)],
        &[("MAIL", HangsUp)],
        &[("RCPT", HangsUp)],
        &[("DATA", HangsUp)],
    ] {
        let (port, _) = server(script).await;
        let refusal = send(&account(port), "a@example.org").await.unwrap_err();
        assert!(matches!(refusal, Refusal::Later { .. }), "{refusal:?}");
    }
}

#[tokio::test]
async fn silence_is_not_waited_for_without_end() {
    let soon = Duration::from_millis(200);
    for (script, is_uncertain) in [
        (&[("hello", IsSilent)], false),
        (&[("RCPT", IsSilent)], false),
        (&[(".\r\n", IsSilent)], true),
    ] {
        let (port, _) = server(script).await;
        let hurried = Account {
            timeouts: Timeouts {
                connect: soon,
                answer: soon,
                letter: soon,
            },
            ..account(port)
        };
        let refusal = send(&hurried, "a@example.org").await.unwrap_err();
        let uncertain = matches!(refusal, Refusal::Uncertain { .. });
        assert_eq!(uncertain, is_uncertain, "{refusal:?}");
        assert!(
            refusal.to_string().contains("silent for 200ms"),
            "{refusal}"
        );
    }
}

#[tokio::test]
async fn a_letter_goes_to_those_whom_the_server_takes() {
    let script: Script = &[("RCPT TO:<gone@", Says("550 5.1.1 no such user"))];
    let (port, _) = server(script).await;
    let account = account(port);
    let sent = send(&account, "a@example.org, gone@example.org").await;
    let unserved = sent.unwrap().unserved;
    assert_eq!(
        unserved,
        [Unserved {
            address: address("gone@example.org"),
            code: 550,
            reason: "5.1.1 no such user".into(),
        }]
    );
    let refusal = send(&account, "gone@example.org").await.unwrap_err();
    let Refusal::Never { reason } = refusal else {
        panic!("{refusal:?}");
    };
    let words = "takes no letters for gone@example.org: 550 5.1.1 no such user";
    assert!(reason.ends_with(words), "{reason}");
}

#[tokio::test]
async fn a_connection_serves_several_letters_and_is_replaced_when_it_is_dead() {
    let (port, connections) = server(&[("RCPT TO:<gone@", Says("550 no"))]).await;
    let mailer = Mailer::new(&account(port)).unwrap();
    let (told, text) = (notification(), text("subject", Message::of("text")));
    let opened = || connections.load(Ordering::SeqCst);
    for _ in 0..3 {
        mailer
            .send(&told, &text, &[address("a@example.org")])
            .await
            .unwrap();
    }
    assert_eq!(opened(), 1);
    let refused = mailer
        .send(&told, &text, &[address("gone@example.org")])
        .await;
    assert!(refused.is_err());
    mailer
        .send(&told, &text, &[address("a@example.org")])
        .await
        .unwrap();
    assert_eq!(opened(), 2);
}

#[tokio::test]
async fn a_connection_that_the_server_closed_meanwhile_costs_nothing() {
    // After its first letter, a connection is told to go away, or cut.
    for then in [Says("421 enough"), HangsUp] {
        let (port, connections) = server_that_tires(then).await;
        let mailer = Mailer::new(&account(port)).unwrap();
        let (told, text) = (notification(), text("subject", Message::of("text")));
        for sent in 1..=3 {
            mailer
                .send(&told, &text, &[address("a@example.org")])
                .await
                .unwrap();
            assert_eq!(connections.load(Ordering::SeqCst), sent);
        }
    }
}

#[tokio::test]
async fn no_error_shows_the_password() {
    // `nabat`, `hunter2`, with and without the identity `ops`.
    let script: Script = &[
        (
            "AUTH PLAIN AG5hYmF0AGh1bnRlcjI=",
            Says("535 not hunter2 nor AG5hYmF0AGh1bnRlcjI="),
        ),
        (
            "AUTH PLAIN b3BzAG5hYmF0AGh1bnRlcjI=",
            Says("535 not b3BzAG5hYmF0AGh1bnRlcjI="),
        ),
    ];
    let (port, _) = server(script).await;
    for (identity, said) in [(None, "535 not … nor …"), (Some("ops"), "535 not …")] {
        let account = logged_in(port, identity);
        let refusal = send(&account, "a@example.org").await.unwrap_err();
        let Refusal::Later { reason, .. } = &refusal else {
            panic!("{refusal:?}");
        };
        assert!(reason.ends_with(said), "{reason}");
        let mailer = Mailer::new(&account).unwrap();
        assert!(!format!("{mailer:?}{account:?}").contains("hunter2"));
    }
}

#[tokio::test]
async fn an_account_that_cannot_be_used_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let empty = folder.path().join("empty.pem");
    std::fs::write(&empty, "nothing").unwrap();
    let ca_file = |path| Account {
        tls: Tls::Implicit,
        certificate: CertificateCheck {
            ca_file: Some(path),
            ..CertificateCheck::default()
        },
        ..account(465)
    };
    let remote = |tls| Account {
        smarthost: Smarthost {
            host: "mail.example.org".into(),
            port: 25,
        },
        tls,
        ..logged_in(25, None)
    };
    for (account, words) in [
        (ca_file(empty), "is no PEM file"),
        (ca_file("/nowhere/ca.pem".into()), "failed to read"),
        (remote(Tls::Off), "a password without TLS"),
        (
            remote(Tls::StartTls { required: false }),
            "a password without TLS",
        ),
    ] {
        let error = Mailer::new(&account).unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
    }
    assert!(Mailer::new(&logged_in(25, None)).is_ok());
    let by_the_system = Account {
        tls: Tls::Implicit,
        ..account(465)
    };
    assert!(Mailer::new(&by_the_system).is_ok());
}

#[tokio::test]
async fn nothing_is_said_in_the_clear_where_tls_is_required() {
    let (port, _) = server(&[("MAIL", Says("250 heard it"))]).await;
    let account = Account {
        tls: Tls::StartTls { required: true },
        certificate: CertificateCheck {
            insecure_skip_verify: true,
            ..CertificateCheck::default()
        },
        ..account(port)
    };
    let refusal = send(&account, "a@example.org").await.unwrap_err();
    let Refusal::Later { reason, .. } = refusal else {
        panic!("{refusal:?}");
    };
    assert!(reason.contains("STARTTLS is not supported"), "{reason}");
}

#[tokio::test]
async fn a_server_that_is_not_there_may_be_there_later() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let refusal = send(&account(port), "a@example.org").await.unwrap_err();
    let Refusal::Later { reason, .. } = refusal else {
        panic!("{refusal:?}");
    };
    assert!(reason.contains("Connection refused"), "{reason}");
}

#[tokio::test]
async fn an_answer_without_end_is_not_heard_to_the_end() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let account = account(listener.local_addr().unwrap().port());
    tokio::spawn(async move {
        let (mut client, _) = listener.accept().await.unwrap();
        while client.write_all(&[b'2'; 65_536]).await.is_ok() {}
    });
    let refusal = send(&account, "a@example.org").await.unwrap_err();
    assert!(matches!(refusal, Refusal::Later { .. }));
    assert!(refusal.to_string().contains("has no end"), "{refusal}");
}
