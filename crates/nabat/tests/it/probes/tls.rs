//! Certificates, good and bad, by OpenSSL's own server.

use std::path::Path;
use std::process::Command;

use nabat::probe::http::{Http, probe};
use nabat::probe::{Outcome, Report, Tools};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::{MANNER, assert_report, phases, settings};
use crate::world::certificates::{Authority, Validity};
use crate::world::liar::Liar;
use crate::world::process::Process;

/// OpenSSL's server with one certificate.
pub(super) struct Server {
    _process: Process,
    pub(super) port: u16,
}

impl Server {
    pub(super) async fn start(folder: &Path, name: &str, arguments: &[&str]) -> Self {
        let mut command = Command::new("openssl");
        command
            .current_dir(folder)
            .args(["s_server", "-accept", "127.0.0.1:0"]);
        command.args([
            "-cert",
            &format!("{name}.pem"),
            "-key",
            &format!("{name}.key"),
        ]);
        command.args(arguments);
        let mut process = Process::start(&format!("s_server-{name}"), folder, &mut command);
        let port = process.listening().await.port();
        Self {
            _process: process,
            port,
        }
    }
}

fn authority() -> (TempDir, Authority) {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new(folder.path());
    (folder, authority)
}

async fn ask(port: u16, certificate: Value) -> Report {
    let url = format!("https://localhost:{port}/");
    let http: Http = settings(json!({"url": url, "certificate": certificate}));
    probe(&http, &Tools::start().unwrap(), MANNER).await
}

#[tokio::test]
async fn a_page_by_tls_is_up_if_its_certificate_is_trusted() {
    let (folder, authority) = authority();
    authority.certify("good", "DNS:localhost", Validity::Days(40));
    let server = Server::start(folder.path(), "good", &["-www"]).await;
    let trusting = json!({"ca_file": authority.ca_file()});
    let report = ask(server.port, trusting.clone()).await;
    assert_report(&report, Outcome::Up, &[]);
    let timed = ["resolve", "connect", "tls", "first byte", "transfer"];
    assert_eq!(phases(&report), timed);
    let until = &report.findings[0].words;
    assert!(until.starts_with("certificate valid until 20"), "{until}");
    let report = ask(server.port, json!({})).await;
    let told = ["certificate of an authority that is not trusted: CN=authority"];
    assert_report(&report, Outcome::Down, &told);
    // Nothing is asked of a server that is not who it should be.
    assert_eq!(phases(&report), ["resolve", "connect", "tls"]);
    let report = ask(server.port, json!({"verify": false})).await;
    assert_report(&report, Outcome::Up, &[]);
}

#[tokio::test]
async fn each_thing_that_is_wrong_with_a_certificate_is_told() {
    let (folder, authority) = authority();
    authority.certify("old", "DNS:localhost", Validity::Past);
    authority.certify("early", "DNS:localhost", Validity::Future);
    authority.certify(
        "other",
        "DNS:a.example,DNS:*.b.example,IP:10.0.0.1",
        Validity::Past,
    );
    authority.certify(
        "named",
        "DNS:a.example,DNS:*.b.example,IP:10.0.0.1",
        Validity::Days(40),
    );
    authority.self_signed("alone", "DNS:localhost");
    let names = "certificate is for a.example, *.b.example, 10.0.0.1, expected localhost";
    let trusting = json!({"ca_file": authority.ca_file()});
    for (name, told) in [
        ("old", vec!["certificate expired on 2020-02-01"]),
        ("early", vec!["certificate not valid before 2090-01-01"]),
        ("other", vec!["certificate expired on 2020-02-01", names]),
        ("named", vec![names]),
        (
            "alone",
            vec!["certificate is self-signed, expected one of a trusted authority"],
        ),
    ] {
        let server = Server::start(folder.path(), name, &["-www"]).await;
        let report = ask(server.port, trusting.clone()).await;
        assert_eq!(report.outcome, Outcome::Down, "{report:?}");
        let unmet = report
            .findings
            .iter()
            .filter(|finding| finding.outcome == Outcome::Down);
        let unmet: Vec<&str> = unmet.map(|finding| finding.words.as_str()).collect();
        assert_eq!(unmet.len(), told.len(), "{name}: {unmet:?}");
        for (seen, told) in unmet.iter().zip(told) {
            assert!(seen.starts_with(told), "{name}: {unmet:?}");
        }
    }
    // A server whose own certificate is in the file needs no authority.
    let alone = Server::start(folder.path(), "alone", &["-www"]).await;
    let pinned = json!({"ca_file": folder.path().join("alone.pem")});
    assert_report(&ask(alone.port, pinned).await, Outcome::Up, &[]);
    // Its name may be another one.
    let named = Server::start(folder.path(), "named", &["-www"]).await;
    let elsewhere = json!({"ca_file": authority.ca_file(), "server_name": "www.b.example"});
    assert_report(&ask(named.port, elsewhere).await, Outcome::Up, &[]);
}

#[tokio::test]
async fn a_certificate_that_ends_soon_is_degraded() {
    let (folder, authority) = authority();
    authority.certify("soon", "DNS:localhost", Validity::Days(10));
    let server = Server::start(folder.path(), "soon", &["-www"]).await;
    let ca_file = authority.ca_file();
    let report = ask(server.port, json!({"ca_file": ca_file})).await;
    assert_eq!(report.outcome, Outcome::Degraded, "{report:?}");
    let words = &report.findings[0].words;
    assert!(
        words.ends_with(" days), expected 14 days at least"),
        "{words}"
    );
    for calm in [
        json!({"ca_file": ca_file, "expires_within": "5d"}),
        json!({"ca_file": ca_file, "expires_within": "0s"}),
        json!({"verify": false}),
    ] {
        let report = ask(server.port, calm).await;
        assert_report(&report, Outcome::Up, &[]);
    }
    let report = ask(
        server.port,
        json!({"verify": false, "expires_within": "14d"}),
    )
    .await;
    assert_eq!(report.outcome, Outcome::Degraded, "{report:?}");
}

#[tokio::test]
async fn what_speaks_no_tls_says_so() {
    let plain = Liar::start(async |mut stream: TcpStream| {
        stream.read_u8().await.unwrap();
        stream
            .write_all(b"220 mail.example.org ESMTP\r\n")
            .await
            .unwrap();
    });
    let plain = plain.await;
    let silent = Liar::start(async |_: TcpStream| {}).await;
    let report = ask(plain.address().port(), json!({})).await;
    assert_report(
        &report,
        Outcome::Down,
        &["localhost does not answer in TLS"],
    );
    let report = ask(silent.address().port(), json!({})).await;
    assert_eq!(report.outcome, Outcome::Down, "{report:?}");
    let (folder, authority) = authority();
    authority.certify("old", "DNS:localhost", Validity::Days(40));
    let server = Server::start(
        folder.path(),
        "old",
        &["-www", "-cipher", "AES128-SHA", "-tls1_2"],
    )
    .await;
    let report = ask(server.port, json!({})).await;
    let told = ["TLS refused by localhost: alert HandshakeFailure"];
    assert_report(&report, Outcome::Down, &told);
}

#[tokio::test]
async fn a_file_of_authorities_that_is_gone_is_no_fault_of_the_server() {
    let (folder, authority) = authority();
    authority.certify("good", "DNS:localhost", Validity::Days(40));
    let server = Server::start(folder.path(), "good", &["-www"]).await;
    let report = ask(
        server.port,
        json!({"ca_file": folder.path().join("gone.pem")}),
    )
    .await;
    assert_eq!(report.outcome, Outcome::Unknown, "{report:?}");
}
