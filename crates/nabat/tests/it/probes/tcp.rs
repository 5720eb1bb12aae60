//! Whatever takes connections: with a talk, with TLS from the start or after a word.

use nabat::probe::tcp::{self, Tcp};
use nabat::probe::tls::{self, Tls};
use nabat::probe::{Finding, Manner, Outcome, Report, ShortOrLong, Tools};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::tls::Server;
use super::{HASTY, MANNER, assert_report, phases, settings};
use crate::world::certificates::{Authority, Validity};
use crate::world::liar::Liar;
use crate::world::smtp::SmtpServer;

async fn ask_in(manner: Manner, written: Value) -> Report {
    let ShortOrLong(tcp): ShortOrLong<Tcp> = settings(written);
    tcp::probe(&tcp, &Tools::start().unwrap(), manner).await
}

async fn ask(written: Value) -> Report {
    ask_in(MANNER, written).await
}

async fn ask_tls(written: Value) -> Report {
    let ShortOrLong(tls): ShortOrLong<Tls> = settings(written);
    tls::probe(&tls, &Tools::start().unwrap(), MANNER).await
}

/// Says `first`, and then repeats what it hears.
async fn parrot(first: &'static str) -> Liar {
    Liar::start(async move |mut stream: TcpStream| {
        let _ = stream.write_all(first.as_bytes()).await;
        let (mut from, mut to) = stream.split();
        let _ = tokio::io::copy(&mut from, &mut to).await;
    })
    .await
}

#[tokio::test]
async fn what_takes_a_connection_is_up() {
    let server = parrot("").await;
    let report = ask(json!(server.address().to_string())).await;
    assert_report(&report, Outcome::Up, &[]);
    assert_eq!(phases(&report), ["resolve", "connect"]);
    assert!(report.latency.is_some());
}

#[tokio::test]
async fn a_talk_goes_on_step_by_step() {
    let server = parrot("220 hello\r\n").await;
    let steps = json!([
        {"expect": "^220 .*\r\n"},
        {"send": "PING one\r\nPING two\r\n", "expect": "one"},
        {"expect": "^\r\nPING two\r\n$"},
    ]);
    let report = ask(json!({"address": server.address().to_string(), "steps": steps})).await;
    assert_report(&report, Outcome::Up, &[]);
    assert_eq!(report.findings.len(), 4);
}

#[tokio::test]
async fn a_talk_that_goes_wrong_is_told_with_what_was_heard() {
    let address = |server: &Liar| server.address().to_string();
    let refusing = Liar::answering_at_once("554 go\0away\r\n").await;
    let steps = json!([{"expect": "^220"}]);
    let report = ask(json!({"address": address(&refusing), "steps": steps})).await;
    let told = "answer “554 go away”, expected /^220/: connection closed after “554 go away”";
    assert_report(&report, Outcome::Down, &[told]);
    let mute = Liar::answering_at_once("").await;
    let report = ask(json!({"address": address(&mute), "steps": steps})).await;
    let told = "connection closed without an answer, expected /^220/";
    assert_report(&report, Outcome::Down, &[told]);
    let waiting = parrot("").await;
    let report = ask_in(HASTY, json!({"address": address(&waiting), "steps": steps})).await;
    let told = "no answer within 300ms (dialogue), expected /^220/";
    assert_report(&report, Outcome::Down, &[told]);
    let secret = json!([{"send": "AUTH hunter2\r\n", "expect": "OK"}]);
    let report = ask_in(
        HASTY,
        json!({"address": address(&waiting), "steps": secret}),
    )
    .await;
    let told = "answer “…”, expected /OK/: no answer within 300ms (dialogue)";
    assert_report(&report, Outcome::Down, &[told]);
    let endless = Liar::start(
        async |mut stream: TcpStream| {
            while stream.write_all(&[b'x'; 4096]).await.is_ok() {}
        },
    );
    let endless = endless.await;
    let report = ask(json!({"address": address(&endless), "steps": steps})).await;
    assert_eq!(report.outcome, Outcome::Down);
    assert!(
        report.findings[1]
            .words
            .ends_with("answer of more than 65536 bytes"),
        "{report:?}"
    );
}

#[tokio::test]
async fn every_address_of_a_name_is_tried_and_those_that_fail_are_told() {
    // Something listens on 127.0.0.1 alone, and `localhost` may be ::1 too.
    let server = parrot("").await;
    let port = server.address().port();
    let report = ask(json!(format!("localhost:{port}"))).await;
    assert_eq!(report.address, Some(server.address().ip()), "{report:?}");
    let refused = format!("connection refused by [::1]:{port}, not by 127.0.0.1:{port}");
    for finding in &report.findings[..report.findings.len() - 1] {
        assert_eq!(
            *finding,
            Finding {
                outcome: Outcome::Degraded,
                words: refused.clone()
            }
        );
    }
}

#[tokio::test]
async fn a_name_that_does_not_exist_is_no_connection() {
    let report = ask(json!("nowhere.invalid:80")).await;
    assert!(
        matches!(report.outcome, Outcome::Down | Outcome::Unknown),
        "{report:?}"
    );
    assert!(
        report.findings[0].words.contains("nowhere.invalid"),
        "{report:?}"
    );
    assert_eq!(report.latency, None);
}

#[tokio::test]
async fn a_real_mail_server_shows_its_certificate_after_starttls() {
    let server = SmtpServer::start().await;
    let address = format!("localhost:{}", server.port());
    let certificate = json!({"ca_file": server.ca_file(), "expires_within": "1d"});
    let written = json!({"address": address, "starttls": "smtp", "certificate": certificate});
    let report = ask_tls(written.clone()).await;
    assert!(
        phases(&report).ends_with(&["connect", "starttls", "tls"]),
        "{report:?}"
    );
    assert_ne!(report.outcome, Outcome::Down, "{report:?}");
    let said = json!([{"send": "EHLO me\r\n", "expect": "(?m)^250 "}]);
    let mut written = written;
    written["steps"] = said;
    assert_ne!(ask(written).await.outcome, Outcome::Down);
    let strict = json!({"address": address, "starttls": "smtp"});
    let report = ask_tls(strict).await;
    let untrusted = "certificate of an authority that is not trusted: CN=authority";
    assert!(
        report
            .findings
            .iter()
            .any(|finding| finding.words == untrusted),
        "{report:?}"
    );
}

#[tokio::test]
async fn a_real_mail_server_that_speaks_tls_from_the_start_answers_in_it() {
    let server = SmtpServer::start_tls().await;
    let written = json!({
        "address": format!("127.0.0.1:{}", server.port()),
        "tls": true,
        "certificate": {"ca_file": server.ca_file(), "expires_within": "0s"},
        "steps": [{"expect": "^220 mail.example.org"}],
    });
    assert_report(&ask(written).await, Outcome::Up, &[]);
}

#[tokio::test]
async fn each_protocol_asks_for_tls_in_its_own_words() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new(folder.path());
    authority.certify("good", "IP:127.0.0.1", Validity::Days(40));
    let server = Server::start(folder.path(), "good", &["-www"]).await;
    let port = server.port;
    for (protocol, greeting, word, answer) in [
        (
            "imap",
            "* OK ready\r\n",
            "a STARTTLS\r\n",
            "* CAPABILITY x\r\na OK go\r\n",
        ),
        ("pop3", "+OK ready\r\n", "STLS\r\n", "+OK go\r\n"),
        (
            "ftp",
            "220-welcome\r\n220 ready\r\n",
            "AUTH TLS\r\n",
            "234 go\r\n",
        ),
        ("postgres", "", "\0\0\0\u{8}\u{4}\u{d2}\u{16}\u{2f}", "S"),
    ] {
        let word: Vec<u8> = word
            .chars()
            .map(|c| u8::try_from(u32::from(c)).unwrap())
            .collect();
        let in_front = Liar::start(move |mut stream: TcpStream| {
            let word = word.clone();
            async move {
                stream.write_all(greeting.as_bytes()).await.unwrap();
                let mut heard = vec![0; word.len()];
                stream.read_exact(&mut heard).await.unwrap();
                assert_eq!(heard, word);
                stream.write_all(answer.as_bytes()).await.unwrap();
                let mut behind = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
                let _ = tokio::io::copy_bidirectional(&mut stream, &mut behind).await;
            }
        });
        let in_front = in_front.await;
        let written = json!({
            "address": in_front.address().to_string(),
            "starttls": protocol,
            "certificate": {"ca_file": authority.ca_file()},
        });
        assert_report(&ask_tls(written).await, Outcome::Up, &[]);
    }
}

#[tokio::test]
async fn who_offers_no_tls_or_smuggles_something_in_before_it_is_down() {
    for (protocol, answer, told) in [
        ("smtp", "554 no\r\n", "answer “554 no”, expected 220"),
        ("pop3", "+OK\r\n-ERR\r\n", "answer “-ERR”, expected +OK"),
        (
            "imap",
            "* OK\r\na BAD what\r\n",
            "answer “a BAD what”, expected a OK",
        ),
        (
            "ftp",
            "220 x\r\n502 no\r\n",
            "answer “502 no”, expected 234",
        ),
        ("postgres", "N", "TLS not offered by the database"),
        (
            "pop3",
            "+OK\r\n+OK\r\n+OK evil\r\n",
            "unasked answer “+OK evil” before TLS",
        ),
    ] {
        let liar = parrot(answer).await;
        let address = liar.address().to_string();
        let report = ask_tls(json!({"address": address, "starttls": protocol})).await;
        assert_report(&report, Outcome::Down, &[told]);
    }
}

#[test]
fn an_address_alone_is_enough_and_one_that_is_none_says_why() {
    let ShortOrLong(tls): ShortOrLong<Tls> = settings(json!("example.org"));
    assert_eq!(tls.address.to_string(), "example.org:443");
    for (written, told) in [
        (json!("example.org"), "the port is missing"),
        (json!("example.org:99999"), "no number from 1 to 65535"),
        (
            json!("https://example.org:443"),
            "a host is a name or an IP address",
        ),
        (
            json!({"address": "a:1", "starttls": "xmpp"}),
            "unknown variant `xmpp`",
        ),
    ] {
        let read: Result<ShortOrLong<Tcp>, _> = serde_json::from_value(written);
        let error = read.unwrap_err().to_string();
        assert!(error.contains(told), "{error}");
    }
}
