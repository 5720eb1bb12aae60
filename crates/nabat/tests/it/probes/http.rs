//! Web servers.

use std::net::TcpListener;

use nabat::probe::http::{Http, probe};
use nabat::probe::{Manner, Outcome, Reach, Report, ShortOrLong, Tools};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::{HASTY, MANNER, assert_report, phases, settings};
use crate::world::liar::{self, Liar};
use crate::world::service::Service;

const PAGE: &str = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nready";

async fn ask_in(manner: Manner, written: Value) -> Report {
    let ShortOrLong(http): ShortOrLong<Http> = settings(written);
    probe(&http, &Tools::start().unwrap(), manner).await
}

async fn ask(written: Value) -> Report {
    ask_in(MANNER, written).await
}

#[tokio::test]
async fn a_page_is_up_and_each_phase_is_timed() {
    let server = Liar::answering(PAGE).await;
    let report = ask(json!(server.url("/health?deep=1#top"))).await;
    assert_report(&report, Outcome::Up, &[]);
    assert_eq!(report.address, Some(server.address().ip()));
    assert_eq!(
        phases(&report),
        ["resolve", "connect", "first byte", "transfer"]
    );
    let theirs = report.phases[1..].iter().map(|(_, took)| *took).sum();
    assert_eq!(report.latency, Some(theirs));
    let heard = server.heard();
    assert!(
        heard[0].starts_with("get /health?deep=1 http/1.1\r\n"),
        "{heard:?}"
    );
    assert!(heard[0].contains(&format!("host: {}\r\n", server.address())));
}

#[tokio::test]
async fn what_is_not_as_expected_is_told_with_what_was_seen() {
    let server = Liar::answering("HTTP/1.1 503 Busy\r\nContent-Length: 9\r\n\r\nnot today").await;
    let report = ask(json!({
        "url": server.url("/"),
        "status": ["200-299", 401],
        "contains": "ready",
        "not_contains": "not",
        "matches": "^tomorrow",
    }));
    let told = [
        "status 503, expected 200–299, 401",
        "“ready” is not in the body: it begins “not today”",
        "“not” is in the body, expected without it",
        "/^tomorrow/ is not in the body: it begins “not today”",
    ];
    assert_report(&report.await, Outcome::Down, &told);
    let report = ask(json!({
        "url": server.url("/"),
        "status": [503],
        "contains": "day",
        "not_contains": "ready",
        "matches": "to.ay$",
    }));
    let report = report.await;
    assert_report(&report, Outcome::Up, &[]);
    assert_eq!(report.findings.len(), 4);
}

#[tokio::test]
async fn a_request_is_sent_as_it_was_written() {
    let server = Liar::answering(PAGE).await;
    let report = ask(json!({
        "url": server.url("/"),
        "method": "POST",
        "headers": {"X-Key": "abc", "User-Agent": "tester"},
        "body": "{}",
        "username": "user",
        "password": "pass",
    }));
    assert_report(&report.await, Outcome::Up, &[]);
    let heard = server.heard();
    for line in [
        "post / http/1.1",
        "x-key: abc",
        "user-agent: tester",
        "content-length: 2",
        "connection: close",
        "authorization: basic dxnlcjpwyxnz",
    ] {
        assert!(
            heard[0].lines().any(|heard| heard == line),
            "{line}: {heard:?}"
        );
    }
}

#[tokio::test]
async fn a_closed_port_refuses() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let report = ask(json!(format!("http://{address}/"))).await;
    let told = format!("connection refused by {address}");
    assert_report(&report, Outcome::Down, &[&told]);
    assert_eq!(report.latency, None);
}

#[tokio::test]
async fn redirects_are_followed_to_their_end() {
    let last = Liar::answering(PAGE).await;
    let moved = format!(
        "HTTP/1.1 302 Found\r\nLocation: {}\r\n\r\n",
        last.url("/new")
    );
    let first = Liar::answering(moved).await;
    let written = json!({"url": first.url("/old"), "method": "POST", "body": "secret",
        "headers": {"X-Key": "abc", "Accept": "text/plain"}, "bearer_token": "t0ken"});
    assert_report(&ask(written).await, Outcome::Up, &[]);
    assert!(first.heard()[0].contains("authorization: bearer t0ken"));
    // What was meant for the first server is not sent to another.
    let heard = last.heard();
    assert!(heard[0].starts_with("get /new http/1.1"), "{heard:?}");
    assert!(heard[0].contains("accept: text/plain"), "{heard:?}");
    for absent in ["t0ken", "abc", "content-length"] {
        assert!(!heard[0].contains(absent), "{heard:?}");
    }
    let stays = json!({"url": first.url("/old"), "follow_redirects": false});
    let told = ["status 302, expected 200–299"];
    assert_report(&ask(stays).await, Outcome::Down, &told);
}

#[tokio::test]
async fn redirects_without_end_are_given_up() {
    let server = Liar::answering("HTTP/1.1 301 Moved\r\nLocation: /again\r\n\r\n").await;
    let report = ask(json!(server.url("/"))).await;
    assert_report(&report, Outcome::Down, &["more than 10 redirects"]);
    assert_eq!(server.heard().len(), 11);
    let server =
        Liar::answering("HTTP/1.1 301 Moved\r\nLocation: file:///etc/passwd\r\n\r\n").await;
    let report = ask(json!(server.url("/"))).await;
    assert_report(
        &report,
        Outcome::Down,
        &["redirect to what is no web address"],
    );
}

#[tokio::test]
async fn those_who_may_ask_public_addresses_only_reach_nothing_here() {
    let server = Liar::answering(PAGE).await;
    let manner = Manner {
        reach: Reach::PublicOnly,
        ..MANNER
    };
    let port = server.address().port();
    for host in [
        "127.0.0.1",
        "localhost",
        "2130706433",
        "0x7f.1",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "0.0.0.0",
        "169.254.169.254",
        "[fd00:ec2::254]",
    ] {
        let report = ask_in(manner, json!(format!("http://{host}:{port}/"))).await;
        assert_eq!(report.outcome, Outcome::Unknown, "{report:?}");
        assert_eq!(report.address, None);
        let words = &report.findings[0].words;
        assert!(
            words
                .ends_with("is not on the internet: only an owner may have such a place looked at"),
            "{words}"
        );
    }
    let proxied = json!({"url": "http://example.org/", "proxy": server.url("")});
    let report = ask_in(manner, proxied).await;
    assert_report(&report, Outcome::Unknown, &["a proxy may not be used here"]);
    assert_eq!(server.heard(), Vec::<String>::new());
}

#[tokio::test]
async fn who_keeps_saying_that_an_answer_will_come_is_not_listened_to_for_ever() {
    let flood = Liar::start(async |mut stream: TcpStream| {
        liar::head(&mut stream).await;
        let many = "HTTP/1.1 100 Continue\r\n\r\n".repeat(1_000);
        while stream.write_all(many.as_bytes()).await.is_ok() {}
    });
    let flood = flood.await;
    let report = ask(json!(flood.url("/"))).await;
    assert_report(
        &report,
        Outcome::Down,
        &["answer with a head that is too long"],
    );
    let polite = format!("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\n{PAGE}");
    let server = Liar::answering(polite).await;
    assert_report(&ask(json!(server.url("/"))).await, Outcome::Up, &[]);
    let long = format!(
        "HTTP/1.1 200 OK\r\nContent-Length: 900000\r\n\r\n{}",
        "x".repeat(900_000)
    );
    let server = Liar::answering(long).await;
    assert_report(&ask(json!(server.url("/"))).await, Outcome::Up, &[]);
}

#[tokio::test]
async fn who_dawdles_is_told_with_the_phase() {
    let silent = Liar::start(async |mut stream: TcpStream| {
        liar::head(&mut stream).await;
        std::future::pending::<()>().await;
    });
    let silent = silent.await;
    let report = ask_in(HASTY, json!(silent.url("/"))).await;
    assert_report(
        &report,
        Outcome::Down,
        &["no answer within 300ms (first byte)"],
    );
    let halting = Liar::start(async |mut stream: TcpStream| {
        liar::head(&mut stream).await;
        let begin = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nbeg";
        stream.write_all(begin).await.unwrap();
        std::future::pending::<()>().await;
    });
    let halting = halting.await;
    let report = ask_in(HASTY, json!(halting.url("/"))).await;
    assert_report(
        &report,
        Outcome::Down,
        &["no answer within 300ms (transfer)"],
    );
}

#[tokio::test]
async fn a_body_without_end_is_read_up_to_its_limit() {
    let endless = Liar::start(async |mut stream: TcpStream| {
        liar::head(&mut stream).await;
        let head = b"HTTP/1.1 200 OK\r\n\r\n";
        stream.write_all(head).await.unwrap();
        while stream.write_all(&[b'x'; 4096]).await.is_ok() {}
    });
    let endless = endless.await;
    let report = ask(json!({"url": endless.url("/"), "max_body": 10_000})).await;
    assert_report(&report, Outcome::Up, &[]);
    let wanting = json!({"url": endless.url("/"), "max_body": 10_000, "contains": "ready"});
    let report = ask(wanting).await;
    assert_eq!(report.outcome, Outcome::Down);
    let words = &report.findings[1].words;
    let told = "“ready” is not in the first 10000 bytes of the body: it begins “xxx";
    assert!(words.starts_with(told), "{words}");
    assert!(words.chars().count() <= 300, "{words}");
}

#[tokio::test]
async fn what_is_no_whole_answer_is_down() {
    let many: String = (0..200).map(|i| format!("X-{i}: {i}\r\n")).collect();
    let long = "x".repeat(100_000);
    for (answer, told) in [
        ("", "connection closed before the answer was complete"),
        ("220 mail ESMTP\r\n", "answer that is not HTTP"),
        ("\0\u{1}\u{2}garbage\r\n\r\n", "answer that is not HTTP"),
        ("HTTP/1.1 200 OK\r\nContent-", "connection closed before"),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort",
            "connection closed before",
        ),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
            "answer that is not HTTP",
        ),
        (
            &format!("HTTP/1.1 200 OK\r\n{many}\r\n"),
            "answer with a head",
        ),
        (
            &format!("HTTP/1.1 200 OK\r\nX-A: {long}\r\n\r\n"),
            "answer with a head",
        ),
    ] {
        let server = Liar::answering(answer.to_owned()).await;
        let report = ask(json!(server.url("/"))).await;
        assert_eq!(report.outcome, Outcome::Down, "{report:?}");
        let words = &report.findings[0].words;
        assert!(words.starts_with(told), "{told}: {report:?}");
        assert!(
            !words.contains(char::is_control) && words.chars().count() <= 300,
            "{words}"
        );
    }
}

#[tokio::test]
async fn a_reset_is_told_as_one() {
    let rude = Liar::start(async |mut stream: TcpStream| {
        stream.read_u8().await.unwrap();
        stream.set_zero_linger().unwrap();
    });
    let rude = rude.await;
    let report = ask(json!(rude.url("/"))).await;
    assert_report(&report, Outcome::Down, &["connection reset by the server"]);
}

#[tokio::test]
async fn no_secret_is_told_even_if_the_server_repeats_it() {
    let body = "user pa55word dXNlcjpwYTU1d29yZA== k3y";
    let answer = format!(
        "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let server = Liar::answering(answer).await;
    let url = server.url("/").replace("http://", "http://user:pa55word@");
    let written = json!({"url": url, "headers": {"X-Key": "k3y"}, "contains": "ready"});
    let report = ask(written.clone()).await;
    assert_report(
        &report,
        Outcome::Down,
        &["“ready” is not in the body: it begins “user … … …”"],
    );
    assert!(server.heard()[0].contains("authorization: basic "));
    let ShortOrLong(http): ShortOrLong<Http> = settings(written);
    let debug = format!("{http:?}");
    assert!(
        !debug.contains("pa55word") && !debug.contains("k3y"),
        "{debug}"
    );
}

#[tokio::test]
async fn a_proxy_passes_on_what_is_plain_and_is_told_its_password() {
    let proxy = Liar::answering(PAGE).await;
    let with_password = proxy.url("").replace("http://", "http://me:it@");
    let written = json!({"url": "http://example.org/a?b", "proxy": with_password});
    assert_report(&ask(written).await, Outcome::Up, &[]);
    let heard = proxy.heard();
    assert!(
        heard[0].starts_with("get http://example.org/a?b http/1.1"),
        "{heard:?}"
    );
    assert!(heard[0].contains("host: example.org\r\n"), "{heard:?}");
    assert!(
        heard[0].contains("proxy-authorization: basic bwu6axq="),
        "{heard:?}"
    );
    let refusing = Liar::answering("HTTP/1.1 403 Forbidden\r\n\r\n").await;
    let written = json!({"url": "https://example.org/", "proxy": refusing.url("")});
    let told = ["no way through the proxy, which answers “HTTP/1.1 403 Forbidden”"];
    assert_report(&ask(written).await, Outcome::Down, &told);
    assert!(refusing.heard()[0].starts_with("connect example.org:443 http/1.1"));
}

#[tokio::test]
async fn a_real_web_server_is_asked_in_the_clear_and_by_tls() {
    for is_secret in [false, true] {
        let server = Service::nginx(is_secret).await;
        let scheme = if is_secret { "https" } else { "http" };
        let written = |path: &str| {
            json!({
                "url": format!("{scheme}://{}{path}", server.address()),
                "contains": "ready",
                "certificate": {"ca_file": server.ca_file()},
            })
        };
        for path in ["/page", "/old"] {
            assert_report(&ask(written(path)).await, Outcome::Up, &[]);
        }
        let report = ask(written("/locked")).await;
        assert!(
            report
                .words()
                .starts_with("status 401, expected 200–299; “ready”"),
            "{report:?}"
        );
        let mut with_password = written("/locked");
        with_password["username"] = json!("user");
        with_password["password"] = json!("opensesame");
        assert_report(&ask(with_password).await, Outcome::Up, &[]);
        let mut gone = written("/gone");
        gone["method"] = json!("HEAD");
        gone.as_object_mut().unwrap().remove("contains");
        assert_report(
            &ask(gone).await,
            Outcome::Down,
            &["status 404, expected 200–299"],
        );
    }
}

#[test]
fn settings_that_cannot_be_say_why() {
    for (written, told) in [
        (json!("example.org"), "relative URL without a base"),
        (
            json!("ftp://example.org"),
            "begins with `http://` or `https://`",
        ),
        (
            json!({"url": "http://a", "status": ["2xx"]}),
            "status codes go from 100 to 599",
        ),
        (
            json!({"url": "http://a", "status": [99]}),
            "status codes go from 100 to 599",
        ),
        (json!({"url": "http://a", "matches": "("}), "unclosed group"),
        (
            json!({"url": "http://a", "headers": {"a b": "c"}}),
            "`a b` is no name of a header",
        ),
        (
            json!({"url": "http://a", "headers": {"Connection": "x"}}),
            "Nabat's own",
        ),
        (
            json!({"url": "http://a", "proxy": "socks5://b"}),
            "begins with `http://`",
        ),
        (
            json!({"url": "http://a", "methd": "GET"}),
            "unknown field `methd`",
        ),
        (json!(7), "a text or a mapping"),
    ] {
        let read: Result<ShortOrLong<Http>, _> = serde_json::from_value(written);
        let error = read.unwrap_err().to_string();
        assert!(error.contains(told), "{error}");
    }
}

#[tokio::test]
async fn web_servers_are_asked_by_http_2_if_they_speak_it() {
    let nginx = Service::nginx(true).await;
    let url = format!("https://{}/old", nginx.address());
    let page = |more: Value| {
        let mut written = json!({
            "url": url,
            "contains": "ready",
            "certificate": {"ca_file": nginx.ca_file()},
        });
        written
            .as_object_mut()
            .unwrap()
            .append(&mut more.as_object().unwrap().clone());
        ask(written)
    };
    let report = page(json!({"versions": ["2"]})).await;
    assert_report(&report, Outcome::Up, &[]);
    let timed = ["resolve", "connect", "tls", "first byte", "transfer"];
    assert_eq!(phases(&report), timed);
    let report = page(json!({"versions": ["1.0", "1.1"]})).await;
    assert_report(&report, Outcome::Down, &["HTTP 2, expected 1.0, 1.1"]);
    let report = page(json!({"versions": ["1.1"], "http2": false})).await;
    assert_report(&report, Outcome::Up, &[]);
    // Headers that HTTP/2 has not are no obstacle.
    let login = json!({
        "url": format!("https://{}/locked", nginx.address()),
        "method": "HEAD",
        "headers": {"Host": "inside.example", "X-Key": "abc"},
        "username": "user",
        "password": "opensesame",
        "versions": ["2"],
        "certificate": {"ca_file": nginx.ca_file()},
    });
    assert_report(&ask(login).await, Outcome::Up, &[]);
    // Without TLS nobody says which version is spoken.
    let plain = Service::nginx(false).await;
    let written = json!({"url": format!("http://{}/page", plain.address()), "versions": ["1.1"]});
    assert_report(&ask(written).await, Outcome::Up, &[]);
}
