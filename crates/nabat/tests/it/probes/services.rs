//! Databases, mail, SSH and WebSockets: as they are, and as what claims to be one.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use nabat::probe::grpc::{self, Grpc};
use nabat::probe::mysql::{self, Mysql};
use nabat::probe::postgres::{self, Postgres};
use nabat::probe::redis::{self, Redis};
use nabat::probe::smtp::{self, Smtp};
use nabat::probe::ssh::{self, Ssh};
use nabat::probe::websocket::{self, Websocket};
use nabat::probe::{Outcome, Report, ShortOrLong, Tools};
use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::Instant;

use super::{MANNER, assert_report, phases, settings};
use crate::world::certificates::{Authority, Validity};
use crate::world::liar::{self, Liar};
use crate::world::service::Service;
use crate::world::smtp::SmtpServer;

/// Looks once at what `written` says, of the kind `$kind`.
macro_rules! look {
    ($kind:ident, $settings:ty, $written:expr) => {{
        let ShortOrLong(read): ShortOrLong<$settings> = settings($written);
        $kind::probe(&read, &Tools::start().unwrap(), MANNER).await
    }};
}

async fn ssh(written: Value) -> Report {
    look!(ssh, Ssh, written)
}

async fn smtp(written: Value) -> Report {
    look!(smtp, Smtp, written)
}

async fn redis(written: Value) -> Report {
    look!(redis, Redis, written)
}

async fn postgres(written: Value) -> Report {
    look!(postgres, Postgres, written)
}

async fn mysql(written: Value) -> Report {
    look!(mysql, Mysql, written)
}

async fn grpc(written: Value) -> Report {
    look!(grpc, Grpc, written)
}

async fn websocket(written: Value) -> Report {
    look!(websocket, Websocket, written)
}

#[track_caller]
fn assert_up(report: &Report, words: &str) {
    assert_report(report, Outcome::Up, &[]);
    assert!(report.words().contains(words), "{report:?}");
}

/// What says something else is no such server.
async fn wrong(said: &'static str) -> Value {
    // It is kept alive by the test's end: a task of the runtime.
    let liar = Box::leak(Box::new(Liar::answering_at_once(said).await));
    json!(liar.address().to_string())
}

#[tokio::test]
async fn a_real_ssh_server_greets() {
    let server = Service::ssh().await;
    assert_up(&ssh(json!(server.address())).await, "SSH-2.0-OpenSSH");
    let other = json!({"address": server.address(), "matches": "dropbear"});
    let report = ssh(other).await;
    assert_eq!(report.outcome, Outcome::Down);
    assert!(
        report.words().ends_with("expected /dropbear/"),
        "{report:?}"
    );
    let told = ["greeting “SSH-1.5-old”, expected SSH-2.0"];
    let report = ssh(wrong("hello\r\nSSH-1.5-old\r\n").await).await;
    assert_report(&report, Outcome::Down, &told);
    let told = ["connection closed without an answer"];
    assert_report(&ssh(wrong("").await).await, Outcome::Down, &told);
}

#[tokio::test]
async fn a_real_mail_server_greets_in_the_clear_and_by_tls() {
    let server = SmtpServer::start().await;
    let address = format!("localhost:{}", server.port());
    assert_up(
        &smtp(json!(address)).await,
        "takes mail: “250-mail.example.org",
    );
    let certificate = json!({"ca_file": server.ca_file(), "expires_within": "0s"});
    let by_tls = json!({"address": address, "starttls": true, "certificate": certificate});
    assert_up(&smtp(by_tls).await, "takes mail");
    let told = ["answer “554 not today”, expected 220"];
    let report = smtp(wrong("554 not today\r\n").await).await;
    assert_report(&report, Outcome::Down, &told);
}

#[tokio::test]
async fn a_real_redis_answers_with_and_without_its_password() {
    let open = Service::redis(false).await;
    assert_up(&redis(json!(open.address())).await, "answers PING");
    let locked = Service::redis(true).await;
    assert_up(&redis(json!(locked.address())).await, "asks for a password");
    let with = |password: &str| json!({"address": locked.address(), "password": password});
    assert_up(&redis(with("opensesame")).await, "answers PING");
    let report = redis(with("wr0ng-one")).await;
    assert_eq!(report.outcome, Outcome::Down);
    assert!(
        report.words().starts_with("login refused: “-WRONGPASS"),
        "{report:?}"
    );
    let told = ["answer “-LOADING Redis is loading”, expected +PONG"];
    let report = redis(wrong("-LOADING Redis is loading\r\n").await).await;
    assert_report(&report, Outcome::Down, &told);
}

#[tokio::test]
async fn a_real_postgresql_answers_whoever_asks() {
    let server = Service::postgres().await;
    let anyone = postgres(json!(server.address())).await;
    assert_up(&anyone, "answers, and asks who comes");
    let without_tls = json!({"address": server.address(), "tls": true});
    let told = ["TLS not offered by the database"];
    assert_report(&postgres(without_tls).await, Outcome::Down, &told);
    let full = "E\0\0\0\u{2c}SFATAL\0C53300\0Msorry, too many clients\0\0";
    let told = ["refuses: “sorry, too many clients”"];
    assert_report(&postgres(wrong(full).await).await, Outcome::Down, &told);
    let report = postgres(wrong("HTTP/1.1 400 Bad Request\r\n").await).await;
    let told = ["answer “HTTP/”, expected that of PostgreSQL"];
    assert_report(&report, Outcome::Down, &told);
    let login = |password: &str, query: &str| {
        json!({"address": server.address(), "username": "boss", "database": "postgres",
            "password": password, "query": query, "matches": "^4[0-9]$"})
    };
    let report = postgres(login(
        "opensesame",
        "select 42, 7 union select 43, 8 order by 1",
    ))
    .await;
    assert_up(&report, "lets the user in; query answered “42”");
    for (password, query, told) in [
        (
            "opensesame",
            "select 7",
            "query answered “7”, expected /^4[0-9]$/",
        ),
        (
            "opensesame",
            "select 7 where false",
            "query answered nothing, expected /^4[0-9]$/",
        ),
        (
            "opensesame",
            "select * from x",
            "query refused: “relation \"x\" does not exist”",
        ),
        (
            "wr0ng",
            "select 1",
            "login refused: “password authentication failed for user \"boss\"”",
        ),
    ] {
        let report = postgres(login(password, query)).await;
        assert_report(&report, Outcome::Down, &[told]);
    }
}

#[tokio::test]
async fn a_real_mariadb_refuses_and_so_is_up() {
    let server = Service::mysql().await;
    let report = mysql(json!(server.address())).await;
    assert_up(&report, "Access denied for user");
    let full = "\u{17}\0\0\0\u{7f}\u{10}\u{4}Too many connections";
    // 0xff cannot stand in a text of UTF-8.
    let bytes = [&full.as_bytes()[..4], &[0xff], &full.as_bytes()[5..]].concat();
    let liar = Liar::start(move |mut stream: TcpStream| {
        let bytes = bytes.clone();
        async move {
            let _ = stream.write_all(&bytes).await;
        }
    });
    let liar = liar.await;
    let report = mysql(json!(liar.address().to_string())).await;
    let told = ["refuses with 1040: “Too many connections”"];
    assert_report(&report, Outcome::Down, &told);
    let report = mysql(wrong("HTTP/1.1 400 Bad Request\r\n").await).await;
    let told = ["answer “HTTP”, expected that of MySQL"];
    assert_report(&report, Outcome::Down, &told);
    let old = json!({"address": wrong("\u{7}\0\0\0\u{a}5.5.5\0").await, "tls": true});
    let told = ["TLS not offered by the database"];
    assert_report(&mysql(old).await, Outcome::Down, &told);
}

#[tokio::test]
async fn a_real_mariadb_lets_in_who_has_the_password() {
    let server = Service::mysql().await;
    let login = |password: &str, database: &str, query: &str| {
        json!({"address": server.address(), "username": "boss", "password": password,
            "database": database, "query": query, "matches": "^4[0-9]$"})
    };
    let query = "select 42, 7 union select 43, 8 order by 1";
    let mut written = login("opensesame", "shop", query);
    let report = mysql(written.clone()).await;
    assert_up(&report, "lets the user in; query answered “42”");
    assert_eq!(phases(&report), ["resolve", "connect", "login", "query"]);
    written["tls"] = json!(true);
    let report = mysql(written.clone()).await;
    let told = "certificate of an authority that is not trusted: CN=authority";
    assert_report(&report, Outcome::Down, &[told]);
    written["certificate"] = json!({"ca_file": server.ca_file()});
    let cipher = "select variable_value <> '' from information_schema.session_status \
                  where variable_name = 'ssl_cipher'";
    written["query"] = json!(cipher);
    written["matches"] = json!("^1$");
    let report = mysql(written).await;
    assert_up(&report, "lets the user in; query answered “1”");
    for (password, database, query, told) in [
        (
            "opensesame",
            "shop",
            "select database()",
            "query answered “shop”, expected /^4[0-9]$/",
        ),
        (
            "opensesame",
            "shop",
            "select null",
            "query answered nothing, expected /^4[0-9]$/",
        ),
        (
            "opensesame",
            "shop",
            "set @a = 42",
            "query answered nothing, expected /^4[0-9]$/",
        ),
        (
            "opensesame",
            "shop",
            "select * from x",
            "query refused with 1146: “Table 'shop.x' doesn't exist”",
        ),
        (
            "opensesame",
            "nowhere",
            "select 42",
            "login refused with 1049: “Unknown database 'nowhere'”",
        ),
        (
            "wr0ng",
            "shop",
            "select 42",
            "login refused with 1045: \
             “Access denied for user 'boss'@'127.0.0.1' (using password: YES)”",
        ),
    ] {
        let report = mysql(login(password, database, query)).await;
        assert_report(&report, Outcome::Down, &[told]);
    }
}

/// Opens every WebSocket, but answers the key with `add` behind it.
async fn opener(add: &'static str) -> Liar {
    Liar::start(move |mut stream: TcpStream| async move {
        let head = liar::cased_head(&mut stream).await;
        let key = head
            .lines()
            .find_map(|line| line.strip_prefix("Sec-WebSocket-Key: "))
            .unwrap();
        let whole = format!("{key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11{add}");
        let accept = BASE64_STANDARD.encode(digest(&SHA1_FOR_LEGACY_USE_ONLY, whole.as_bytes()));
        let answer = format!(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             sec-websocket-accept: {accept}\r\n\r\n"
        );
        stream.write_all(answer.as_bytes()).await.unwrap();
    })
    .await
}

#[tokio::test]
async fn a_websocket_opens_for_who_answers_the_key() {
    let url = |liar: &Liar| liar.url("/events?a=b").replace("http", "ws");
    let good = opener("").await;
    assert_up(&websocket(json!(url(&good))).await, "opens a WebSocket");
    let bad = opener("x").await;
    let told = ["status 101 without the answer to the key"];
    assert_report(&websocket(json!(url(&bad))).await, Outcome::Down, &told);
    let plain = Liar::answering("HTTP/1.1 404 Not Found\r\n\r\n").await;
    let told = ["answer “HTTP/1.1 404 Not Found”, expected status 101"];
    let with = json!({"url": url(&plain), "headers": {"Origin": "https://a"}});
    assert_report(&websocket(with).await, Outcome::Down, &told);
    let heard = plain.heard();
    assert!(
        heard[0].starts_with("get /events?a=b http/1.1\r\n"),
        "{heard:?}"
    );
    assert!(heard[0].contains("\r\norigin: https://a\r\n"), "{heard:?}");
}

#[tokio::test]
async fn a_grpc_server_says_how_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new(folder.path());
    authority.certify("server", "IP:127.0.0.1", Validity::Days(40));
    let (_plain, plain) = crate::world::grpc::server(folder.path(), None).await;
    let (_secret, secret) = crate::world::grpc::server(folder.path(), Some("server")).await;
    assert_up(&grpc(json!(plain)).await, "the server says SERVING");
    let long = json!({"address": plain, "service": "x".repeat(300)});
    assert_eq!(grpc(long).await.outcome, Outcome::Up);
    let check = json!({"ca_file": authority.ca_file()});
    let good = json!({"address": secret, "service": "good", "tls": true, "certificate": check});
    let report = grpc(good).await;
    assert_report(&report, Outcome::Up, &[]);
    assert_eq!(phases(&report), ["resolve", "connect", "tls", "call"]);
    for (service, told) in [
        ("bad", "the service bad says NOT_SERVING, expected SERVING"),
        ("nobody", "code 5 (NOT_FOUND): “unknown service”"),
    ] {
        let report = grpc(json!({"address": plain, "service": service})).await;
        assert_report(&report, Outcome::Down, &[told]);
    }
    let untrusted = grpc(json!({"address": secret, "tls": true})).await;
    let told = ["certificate of an authority that is not trusted: CN=authority"];
    assert_report(&untrusted, Outcome::Down, &told);
}

/// A server that says it speaks HTTP/2, and then `frames` for as long as anybody listens.
async fn babbler(frames: &'static [u8]) -> Liar {
    const SETTINGS: &[u8] = b"\0\0\0\x04\0\0\0\0\0";
    /// The words with which a client begins, and the frame of its call.
    const CALL: usize = 64;
    Liar::start(async move |mut stream: TcpStream| {
        let mut call = [0; CALL];
        if stream.write_all(SETTINGS).await.is_err() || stream.read_exact(&mut call).await.is_err()
        {
            return;
        }
        let many = frames.repeat(100);
        while stream.write_all(&many).await.is_ok() {}
    })
    .await
}

#[tokio::test]
async fn a_grpc_server_is_not_listened_to_for_ever() {
    for frames in [
        // Interim answers: status 103.
        &b"\0\0\x05\x01\x04\0\0\0\x01\x08\x03103"[..],
        // Questions whether anybody is there.
        b"\0\0\x08\x06\0\0\0\0\0nabat-is",
    ] {
        let liar = babbler(frames).await;
        let begun = Instant::now();
        let report = grpc(json!(liar.address().to_string())).await;
        assert_eq!(report.outcome, Outcome::Down, "{report:?}");
        let words = report.words();
        assert!(!words.starts_with("no answer within"), "{words}");
        assert!(begun.elapsed() < MANNER.timeout, "{words}");
    }
}
