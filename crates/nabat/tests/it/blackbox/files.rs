//! `blackbox.yml` files: what is taken as it is, and what is refused by name.

use std::fs;
use std::process::Output;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;
use tokio::task::JoinSet;

use crate::world::blackbox::Both;
use crate::world::http;
use crate::world::liar::Liar;
use crate::world::nabat::{Nabat, command};
use crate::world::wait::{PATIENCE, until};

/// What `nabat check` says of a configuration with these modules.
fn checked(modules: &str) -> Output {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("nabat.yml");
    fs::write(&config, "probe: {modules_file: blackbox.yml}\n").unwrap();
    fs::write(folder.path().join("blackbox.yml"), modules).unwrap();
    command()
        .arg("check")
        .arg("-c")
        .arg(config)
        .output()
        .unwrap()
}

/// The examples that come with blackbox_exporter, under its licence, the Apache License 2.0.
#[tokio::test]
async fn the_examples_of_blackbox_exporter_are_taken_as_they_are() {
    for (name, example) in [
        ("example.yml", include_str!("examples/example.yml")),
        ("blackbox.yml", include_str!("examples/blackbox.yml")),
        (
            "blackbox-good.yml",
            include_str!("examples/blackbox-good.yml"),
        ),
    ] {
        // The one file that is named is nobody's.
        let example = example.replace("/certs/my_cert.crt", "/etc/ssl/certs/ca-certificates.crt");
        let output = checked(&example);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{name}: {said}");
    }
    // Both programs run with them.
    let both = Both::start(include_str!("examples/blackbox.yml")).await;
    assert!(both.agree("icmp", "127.0.0.1").await.success());
    assert!(!both.agree("ssh_banner", "127.0.0.1:1").await.success());
}

#[test]
fn what_cannot_be_done_is_refused_by_name_and_line() {
    for (modules, told) in [
        (
            "modules:\n  a:\n    prober: http\n    http:\n      oauth2: {client_id: x}\n",
            "blackbox.yml:5:7: modules.a.http: found `oauth2`, which is not supported yet",
        ),
        (
            "modules:\n  a:\n    prober: http\n    http:\n      metod: GET\n",
            "blackbox.yml:5:7: modules.a.http: found the unknown key `metod`",
        ),
        (
            "modules:\n  a: {prober: snmp}\n",
            "blackbox.yml:2:15: modules.a.prober: found `snmp`",
        ),
        (
            "modules:\n  a: {prober: icmp, icmp: {dont_fragment: true}}\n",
            "blackbox.yml:2:28: modules.a.icmp: found `dont_fragment`, which is not supported yet",
        ),
        (
            "modules:\n  a: {prober: dns}\n",
            "blackbox.yml:2:15: modules.a.prober: found `dns` without a `dns` section",
        ),
        (
            "modules:\n  a: {prober: http, http: {compression: gzip, headers: {Accept-Encoding: br}}}\n",
            "blackbox.yml:2:41: modules.a.http.compression: found `compression: gzip` with an",
        ),
        (
            "modules:\n  a: {prober: tcp, tcp: {query_response: [{expect: '('}]}}\n",
            "blackbox.yml:2:52: modules.a.tcp.query_response[0].expect: found `(`",
        ),
        (
            "modules:\n  a: {prober: http, http: {tls_config: {min_version: TLS10}}}\n",
            "modules.a.http.tls_config.min_version: found `TLS10`",
        ),
        (
            "modules:\n  a: {prober: http, http: {tls_config: {cert_file: x.pem}}}\n",
            "x.pem`, which cannot be read (there is no such file)",
        ),
    ] {
        let output = checked(modules);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success(), "{modules}");
        assert!(said.contains(told), "{told}\n{said}");
    }
    let output = checked("modules:\n  a: {prober: http, http: {bearer_token: 7, x: s3cr3t}}\n");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!said.contains("s3cr3t"), "{said}");
}

#[tokio::test]
async fn nobody_is_asked_without_modules_and_no_secret_is_shown() {
    let folder = tempfile::tempdir().unwrap();
    let without = json!({"watch": {"witnesses": []}});
    let nabat = Nabat::start(folder.path(), &without).await;
    let url = nabat.url("/probe?target=127.0.0.1&module=login&debug=true");
    let client = http::client();
    let off = client.get(&url).send().await.unwrap();
    assert_eq!(off.status(), 404);

    let modules =
        "modules: {login: {prober: http, http: {basic_auth: {username: u, password: s3cr3t}}}}";
    fs::write(folder.path().join("blackbox.yml"), modules).unwrap();
    nabat.configure(&json!({
        "watch": {"witnesses": []},
        "probe": {"modules_file": "blackbox.yml"},
    }));
    let reload = client.post(nabat.url("/-/reload")).send().await.unwrap();
    assert_eq!(reload.status(), 200);
    let shown = client.get(&url).send().await.unwrap().text().await.unwrap();
    assert!(shown.contains("probe_success 0"), "{shown}");
    assert!(
        shown.contains("connection refused by 127.0.0.1:80"),
        "{shown}"
    );
    assert!(shown.contains(r#""username":"u""#), "{shown}");
    assert!(!shown.contains("s3cr3t"), "{shown}");

    fs::write(
        folder.path().join("blackbox.yml"),
        "modules: {a: {prober: snmp}}",
    )
    .unwrap();
    let reload = client.post(nabat.url("/-/reload")).send().await.unwrap();
    assert_eq!(reload.status(), 422);
    let impatient = client
        .get(&url)
        .header("X-Prometheus-Scrape-Timeout-Seconds", "soon");
    assert_eq!(impatient.send().await.unwrap().status(), 500);
}

#[tokio::test]
async fn labels_are_made_of_what_was_expected() {
    let server = Liar::answering_at_once("SSH-2.0-OpenSSH_9.2 Debian\r\n").await;
    let folder = tempfile::tempdir().unwrap();
    let modules = r#"
modules:
  ssh:
    prober: tcp
    tcp:
      query_response:
      - expect: "^SSH-2.0-([^ ]+)( (.*))?$"
        labels:
        - {name: ssh_software, value: "${1}"}
        - {name: ssh_comments, value: "${3}"}
"#;
    fs::write(folder.path().join("blackbox.yml"), modules).unwrap();
    let config = json!({"probe": {"modules_file": "blackbox.yml"}, "watch": {"witnesses": []}});
    let nabat = Nabat::start(folder.path(), &config).await;
    let url = nabat.url(&format!("/probe?module=ssh&target={}", server.address()));
    let text = http::client().get(url).send().await.unwrap();
    let text = text.text().await.unwrap();
    let series = r#"probe_expect_info{ssh_software="OpenSSH_9.2",ssh_comments="Debian"} 1"#;
    assert!(text.contains(series), "{text}");
}

#[tokio::test]
async fn only_so_many_probes_are_made_at_once() {
    const AT_ONCE: usize = 200;
    let asked = Arc::new(AtomicUsize::new(0));
    let silent = {
        let asked = Arc::clone(&asked);
        Liar::start(move |stream| {
            asked.fetch_add(1, Ordering::Relaxed);
            async move {
                let _stream = stream;
                std::future::pending::<()>().await;
            }
        })
        .await
    };
    let folder = tempfile::tempdir().unwrap();
    let modules = "modules: {web: {prober: http, timeout: 60s}}";
    fs::write(folder.path().join("blackbox.yml"), modules).unwrap();
    let config = json!({"probe": {"modules_file": "blackbox.yml"}, "watch": {"witnesses": []}});
    let nabat = Nabat::start(folder.path(), &config).await;
    let url = nabat.url(&format!("/probe?module=web&target={}", silent.address()));
    let client = http::client();
    let mut waiting = JoinSet::new();
    for _ in 0..AT_ONCE {
        let request = client.get(&url).timeout(PATIENCE * 2).send();
        waiting.spawn(request);
    }
    until("all of them to be asked", async || {
        (asked.load(Ordering::Relaxed) == AT_ONCE).then_some(())
    })
    .await;
    let late = client.get(&url).send().await.unwrap();
    assert_eq!(late.status(), 503);
    let said = late.text().await.unwrap();
    assert!(said.contains("too_many_probes"), "{said}");
    assert_eq!(asked.load(Ordering::Relaxed), AT_ONCE);
    // Who waits no more leaves room.
    waiting.shutdown().await;
    let free = nabat.url("/probe?module=web&target=127.0.0.1:1");
    assert_eq!(client.get(free).send().await.unwrap().status(), 200);
    let twice = client.get(format!("{url}&target=b")).send().await.unwrap();
    assert_eq!(twice.status(), 400);
    let said = twice.text().await.unwrap();
    assert!(said.contains("duplicate field"), "{said}");
}
