//! Letters handed to a real mail server, and what arrives.

use std::sync::Arc;

use mail_parser::{HeaderValue, Message as Mail, MessageParser};
use nabat::channel::Refusal;
use nabat::channel::email::{
    Account, Address, CertificateCheck, Login, Mailer, Smarthost, Timeouts, Tls,
};
use nabat::config::Secret;
use nabat_core::alert::Labels;
use nabat_core::card::CardId;
use nabat_core::delivery::DeliveryId;
use nabat_core::message::card::Extras;
use nabat_core::message::words::Locale;
use nabat_core::message::{Message, Span};
use nabat_core::notification::{Notification, Reason, Text};
use nabat_core::time::Timestamp;

use crate::world::smtp::{LOGIN, SmtpServer};

fn account(server: &SmtpServer, tls: Tls) -> Account {
    Account {
        smarthost: Smarthost {
            host: "127.0.0.1".into(),
            port: server.port(),
        },
        from: "Nabat <nabat@example.org>".parse().unwrap(),
        hello: "nabat.example.org".into(),
        tls,
        certificate: CertificateCheck {
            ca_file: Some(server.ca_file()),
            ..CertificateCheck::default()
        },
        login: None,
        instance: "a1b2".into(),
        timeouts: Timeouts::default(),
    }
}

fn login(password: &str) -> Option<Login> {
    Some(Login {
        username: LOGIN.0.into(),
        password: Secret::new(password),
        identity: None,
    })
}

fn notification(number: i64) -> Notification {
    Notification {
        number: DeliveryId(number),
        thread: CardId(7),
        receiver: Arc::from("mail"),
        group_key: r#"{}:{alertname="DiskFull"}"#.into(),
        group_labels: Labels::default(),
        reason: Reason::First,
        members: Vec::new(),
        extras: Extras::default(),
        locale: Locale::english(),
        at: Timestamp::default(),
    }
}

fn text(subject: &str, message: Message) -> Text {
    Text {
        subject: subject.into(),
        message,
    }
}

async fn send(account: &Account, to: &str) -> Result<(), Refusal> {
    let mailer = Mailer::new(account).unwrap();
    let to = Address::list(to).unwrap();
    let text = text("Disk full", Message::of("on db-1"));
    mailer.send(&notification(1), &text, &to).await.map(drop)
}

fn parsed(letter: &str) -> Mail<'_> {
    MessageParser::default().parse(letter.as_bytes()).unwrap()
}

fn header<'a>(mail: &'a Mail<'_>, name: &'a str) -> &'a str {
    mail.header_raw(name).unwrap_or_default().trim()
}

fn id<'a>(value: &'a HeaderValue<'_>) -> &'a str {
    value.as_text().unwrap_or_default()
}

#[tokio::test]
async fn an_alert_and_its_end_arrive_as_one_thread() {
    let server = SmtpServer::start().await;
    let mailer = Mailer::new(&account(&server, Tls::Off)).unwrap();
    let to = Address::list("ops@example.org, Смена <duty@example.org>").unwrap();
    let runbook = Span::link("Инструкция", "https://example.org/?a=1&b=2");
    let long = "x".repeat(40_000);
    let fires = Message::of("Диск <полон>")
        .line([runbook])
        .quote(&long, true);
    let fires = text("🔥 Диск полон\r\nBcc: all@example.org", fires);
    let ended = text("✅ Диск полон", Message::of(".\n.\nкончилось"));
    for (number, text) in [(1, &fires), (2, &ended)] {
        let sent = mailer.send(&notification(number), text, &to).await.unwrap();
        assert_eq!(sent.unserved, []);
    }

    let letters = server.letters(4).await;
    assert_eq!(letters.len(), 4, "each letter once for each address");
    let mails: Vec<Mail<'_>> = letters.iter().map(|letter| parsed(letter)).collect();
    let of = |subject: &str, to: &str| {
        let is_it =
            |mail: &&Mail<'_>| mail.subject() == Some(subject) && header(mail, "Envelope-to") == to;
        mails.iter().find(is_it).unwrap()
    };
    let first = of("🔥 Диск полон Bcc: all@example.org", "ops@example.org");
    assert_eq!(header(first, "Return-path"), "<nabat@example.org>");
    assert_eq!(header(first, "Auto-Submitted"), "auto-generated");
    assert!(first.bcc().is_none());
    assert_eq!(first.from().unwrap().first().unwrap().name(), Some("Nabat"));
    assert_eq!(first.to().unwrap().iter().count(), 2);
    let text = first.body_text(0).unwrap();
    assert!(text.starts_with("Диск <полон>"), "{text:.80}");
    assert!(text.contains("Инструкция <https://example.org/?a=1&b=2>"));
    assert!(text.contains(&long));
    let html = first.body_html(0).unwrap();
    assert!(
        html.contains("<div>Диск &lt;полон&gt;</div>"),
        "{html:.800}"
    );
    assert!(html.contains(r#"<a href="https://example.org/?a=1&amp;b=2">"#));

    let last = of("✅ Диск полон", "duty@example.org");
    let text = last.body_text(0).unwrap().replace("\r\n", "\n");
    assert_eq!(text, ".\n.\nкончилось\n");
    assert_ne!(first.message_id(), last.message_id());
    for mail in [first, last] {
        assert_eq!(id(mail.references()), "nabat.a1b2.thread.7@example.org");
        assert_eq!(id(mail.in_reply_to()), id(mail.references()));
    }
}

#[tokio::test]
async fn a_letter_goes_by_starttls_with_a_login() {
    let server = SmtpServer::start().await;
    let account = Account {
        login: login(LOGIN.1),
        ..account(&server, Tls::StartTls { required: true })
    };
    send(&account, "members@example.org").await.unwrap();
    let letters = server.letters(1).await;
    let received = parsed(&letters[0]);
    let received = header(&received, "Received");
    // Extended SMTP under TLS with a login; see RFC 3848.
    assert!(received.contains("with esmtpsa"), "{received}");
}

#[tokio::test]
async fn a_letter_goes_by_tls_from_the_first_byte() {
    let server = SmtpServer::start_tls().await;
    let account = Account {
        login: login(LOGIN.1),
        ..account(&server, Tls::Implicit)
    };
    send(&account, "members@example.org").await.unwrap();
    let letters = server.letters(1).await;
    let received = parsed(&letters[0]);
    assert!(header(&received, "Received").contains("with esmtpsa"));
}

#[tokio::test]
async fn a_certificate_that_nobody_vouches_for_stops_only_who_requires_tls() {
    let server = SmtpServer::start().await;
    let stranger = SmtpServer::start().await;
    let required = Account {
        certificate: CertificateCheck {
            ca_file: Some(stranger.ca_file()),
            ..CertificateCheck::default()
        },
        ..account(&server, Tls::StartTls { required: true })
    };
    let refusal = send(&required, "ops@example.org").await.unwrap_err();
    let Refusal::Later { reason, .. } = refusal else {
        panic!("{refusal:?}");
    };
    assert!(reason.contains("certificate"), "{reason}");

    let misnamed = Account {
        certificate: CertificateCheck {
            server_name: Some("mail.example.org".into()),
            ..account(&server, Tls::Off).certificate
        },
        ..required.clone()
    };
    let refusal = send(&misnamed, "ops@example.org").await.unwrap_err();
    assert!(matches!(refusal, Refusal::Later { .. }), "{refusal:?}");

    let careless = Account {
        certificate: CertificateCheck {
            insecure_skip_verify: true,
            ..CertificateCheck::default()
        },
        ..required.clone()
    };
    send(&careless, "ops@example.org").await.unwrap();
    let optional = Account {
        tls: Tls::StartTls { required: false },
        ..required
    };
    send(&optional, "ops@example.org").await.unwrap();
    for letter in server.letters(2).await {
        let letter = parsed(&letter);
        assert!(header(&letter, "Received").contains("with esmtps"));
    }
}

#[tokio::test]
async fn the_servers_refusals_become_the_right_ones() {
    let server = SmtpServer::start().await;
    let plain = account(&server, Tls::Off);
    let refused = Account {
        login: login("wrong"),
        ..account(&server, Tls::StartTls { required: true })
    };
    for (account, to, is_final, words) in [
        (
            &plain,
            "gone@example.org",
            true,
            "gone@example.org: 550 no such user",
        ),
        (
            &plain,
            "later@example.org",
            false,
            "later@example.org: 451 come back later",
        ),
        (
            &plain,
            "members@example.org",
            true,
            "550 only after a login",
        ),
        (
            &refused,
            "members@example.org",
            false,
            "user name or the password, correct them: 535",
        ),
    ] {
        let refusal = send(account, to).await.unwrap_err();
        assert_eq!(
            matches!(refusal, Refusal::Never { .. }),
            is_final,
            "{refusal:?}"
        );
        assert!(refusal.to_string().contains(words), "{refusal}");
        assert!(!refusal.to_string().contains("wrong"), "{refusal}");
    }
    send(&plain, "gone@example.org, ops@example.org")
        .await
        .unwrap();
    let letters = server.letters(1).await;
    assert_eq!(
        header(&parsed(&letters[0]), "Envelope-to"),
        "ops@example.org"
    );
}
