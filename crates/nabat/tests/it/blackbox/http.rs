//! Web servers.

use std::fs;
use std::path::Path;
use std::process::Command;

use axum::Router;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Redirect;
use axum::routing::get;

use crate::world::blackbox::Both;
use crate::world::certificates::{Authority, Validity};
use crate::world::http::Server;
use crate::world::liar::Liar;
use crate::world::process::Process;
use crate::world::service::Service;

const MODULES: &str = r#"
modules:
  http_2xx:
    prober: http
    timeout: 5s
    http:
  post:
    prober: http
    http: {method: POST, headers: {Content-Type: application/json}, body: '{"a": 1}'}
  codes: {prober: http, http: {valid_status_codes: [404, 301]}}
  stay: {prober: http, http: {follow_redirects: false, valid_status_codes: [307]}}
  stay_2xx: {prober: http, http: {no_follow_redirects: true}}
  body_has: {prober: http, http: {fail_if_body_not_matches_regexp: ["read[xz]", "^r"]}}
  body_has_not: {prober: http, http: {fail_if_body_matches_regexp: [unwell, broken]}}
  no_cookie:
    prober: http
    http:
      fail_if_header_matches: [{header: Set-Cookie, regexp: ".*", allow_missing: true}]
  typed:
    prober: http
    http:
      fail_if_header_not_matches: [{header: content-type, regexp: "^text/plain"}]
  missing:
    prober: http
    http:
      fail_if_header_not_matches: [{header: X-None, regexp: "."}]
  plain_only: {prober: http, http: {fail_if_ssl: true, tls_config: {insecure_skip_verify: true}}}
  secret_only: {prober: http, http: {fail_if_not_ssl: true, tls_config: {insecure_skip_verify: true}}}
  trusting: {prober: http, http: {tls_config: {ca_file: ca.pem}}}
  unchecked: {prober: http, http: {tls_config: {insecure_skip_verify: true}}}
  named: {prober: http, http: {tls_config: {ca_file: ca.pem, server_name: inside.example}}}
  shown:
    prober: http
    http: {tls_config: {ca_file: ca.pem, cert_file: client.pem, key_file: client.key}}
  newest: {prober: http, http: {tls_config: {insecure_skip_verify: true, min_version: TLS13}}}
  version_11: {prober: http, http: {valid_http_versions: ["HTTP/1.1"]}}
  version_10: {prober: http, http: {valid_http_versions: ["HTTP/1.0", "HTTP/2.0"]}}
  old: {prober: http, http: {enable_http2: false, tls_config: {insecure_skip_verify: true}}}
  gzip: {prober: http, http: {compression: gzip, fail_if_body_not_matches_regexp: ["^ready and set$"]}}
  gzip_asked: {prober: http, http: {compression: gzip, headers: {Accept-Encoding: gzip}}}
  deflate: {prober: http, http: {compression: deflate}}
  brotli: {prober: http, http: {compression: br}}
  small: {prober: http, http: {body_size_limit: 3B}}
  small_and_searched:
    prober: http
    http: {body_size_limit: 3B, fail_if_body_not_matches_regexp: [ready]}
  login: {prober: http, http: {basic_auth: {username: user, password: opensesame}}}
  token: {prober: http, http: {authorization: {credentials: opensesame}}}
  v4: {prober: http, http: {preferred_ip_protocol: ip4, ip_protocol_fallback: false}}
  v6: {prober: http, http: {preferred_ip_protocol: ip6, ip_protocol_fallback: false}}
"#;

/// `ready and set`, compressed.
const GZIPPED: [u8; 33] = [
    31, 139, 8, 0, 0, 0, 0, 0, 2, 3, 43, 74, 77, 76, 169, 84, 72, 204, 75, 81, 40, 78, 45, 1, 0,
    121, 197, 231, 67, 13, 0, 0, 0,
];
const DEFLATED: [u8; 15] = [43, 74, 77, 76, 169, 84, 72, 204, 75, 81, 40, 78, 45, 1, 0];
const BROTLIED: &[u8] = b"\x0b\x02\x80ready\x03";

/// Those whom this system trusts.
const SYSTEM: &str = "/etc/ssl/certs/ca-certificates.crt";

/// The modules, of which some trust only the authorities of `ca_file`.
fn modules(ca_file: &Path) -> String {
    let shows = "cert_file: client.pem, key_file: client.key";
    let shown = ca_file.with_file_name("client.pem");
    let text = match shown.exists() {
        true => MODULES.replace(
            shows,
            &format!(
                "cert_file: {}, key_file: {}",
                shown.display(),
                shown.with_extension("key").display()
            ),
        ),
        false => MODULES.replace(&format!(", {shows}"), ""),
    };
    text.replace("ca.pem", ca_file.to_str().unwrap())
}

async fn site() -> Server {
    let token = |headers: HeaderMap| async move {
        match headers.get(header::AUTHORIZATION) {
            Some(value) if value == "Bearer opensesame" => StatusCode::OK,
            _ => StatusCode::UNAUTHORIZED,
        }
    };
    let login = |headers: HeaderMap| async move {
        match headers.get(header::AUTHORIZATION) {
            Some(value) if value == "Basic dXNlcjpvcGVuc2VzYW1l" => StatusCode::OK,
            _ => StatusCode::UNAUTHORIZED,
        }
    };
    let host = |headers: HeaderMap| async move {
        headers
            .get(header::HOST)
            .unwrap()
            .to_str()
            .unwrap()
            .to_owned()
    };
    let posted = async |headers: HeaderMap, body: String| {
        let kind = headers.get(header::CONTENT_TYPE).unwrap();
        assert_eq!(
            (kind.to_str().unwrap(), &*body),
            ("application/json", r#"{"a": 1}"#)
        );
        "taken"
    };
    let dated = [(header::LAST_MODIFIED, "Wed, 21 Oct 2015 07:28:00 GMT")];
    let cookie = [(header::SET_COOKIE, "a=b")];
    let router = Router::new()
        .route("/", get("ready").post(posted))
        .route("/dated", get((dated, "ready")))
        .route("/cookie", get((cookie, "ready")))
        .route("/empty", get(StatusCode::NO_CONTENT))
        .route("/unwell", get("quite unwell"))
        .route("/wrong", get((StatusCode::SERVICE_UNAVAILABLE, "unwell")))
        .route("/gzip", get(|| async { GZIPPED.to_vec() }))
        .route("/deflate", get(|| async { DEFLATED.to_vec() }))
        .route("/brotli", get(|| async { BROTLIED.to_vec() }))
        .route("/once", get(|| async { Redirect::temporary("/twice") }))
        .route("/twice", get(|| async { Redirect::to("/dated") }))
        .route(
            "/for-ever",
            get(|| async { Redirect::temporary("/for-ever") }),
        )
        .route("/token", get(token))
        .route("/login", get(login))
        .route("/host", get(host));
    Server::start(router).await
}

#[tokio::test]
async fn answers_are_judged_and_measured_alike() {
    let both = Both::start(&modules(SYSTEM.as_ref())).await;
    let site = site().await;
    for (module, path, success) in [
        ("http_2xx", "/", true),
        ("http_2xx", "/dated", true),
        ("http_2xx", "/empty", true),
        ("http_2xx", "/nowhere", false),
        ("http_2xx", "/wrong", false),
        ("http_2xx", "/once", true),
        ("http_2xx", "/for-ever", false),
        ("post", "/", true),
        ("codes", "/nowhere", true),
        ("codes", "/", false),
        ("stay", "/once", true),
        ("stay_2xx", "/once", false),
        ("stay_2xx", "/", true),
        ("body_has", "/", false),
        ("body_has_not", "/", true),
        ("body_has_not", "/unwell", false),
        ("body_has_not", "/wrong", false),
        ("no_cookie", "/", true),
        ("no_cookie", "/cookie", false),
        ("typed", "/", true),
        ("typed", "/gzip", false),
        ("missing", "/", false),
        ("secret_only", "/", false),
        ("plain_only", "/", true),
        ("version_11", "/", true),
        ("version_10", "/", false),
        ("gzip", "/gzip", true),
        ("gzip", "/", false),
        ("gzip_asked", "/gzip", true),
        ("deflate", "/deflate", true),
        ("brotli", "/brotli", true),
        ("small", "/", false),
        ("small_and_searched", "/", false),
        ("login", "/login", true),
        ("http_2xx", "/login", false),
        ("token", "/token", true),
        ("v4", "/", true),
        ("v6", "/", false),
    ] {
        let target = format!("{}{path}", site.address);
        let seen = both.agree(module, &target).await;
        assert_eq!(seen.success(), success, "{module} {path}");
    }
    let once = both
        .agree("http_2xx", &format!("http://{}/once", site.address))
        .await;
    assert_eq!(once.value("probe_http_redirects"), 2.0);
    let hostname = [
        ("target", &*format!("{}/host", site.address)),
        ("hostname", "inside.example"),
    ];
    let named = both.agree_on(&hostname).await;
    assert_eq!(named.value("probe_http_content_length"), 14.0);
}

#[tokio::test]
async fn what_does_not_answer_fails_alike() {
    let both = Both::start(&modules(SYSTEM.as_ref())).await;
    let garbled = Liar::answering_at_once("SSH-2.0-x\r\n").await;
    let old = Liar::answering("HTTP/1.0 200 OK\r\n\r\nready").await;
    let cut = Liar::answering("HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nready").await;
    for (target, success) in [
        ("127.0.0.1:1".to_owned(), false),
        ("nowhere.invalid".to_owned(), false),
        ("http://[::1]:1/".to_owned(), false),
        ("ht tp".to_owned(), false),
        (garbled.address().to_string(), false),
        (old.address().to_string(), true),
        (cut.address().to_string(), false),
    ] {
        let seen = both.agree("http_2xx", &target).await;
        assert_eq!(seen.success(), success, "{target}");
    }
    let seen = both.agree("version_10", &old.address().to_string()).await;
    assert!(seen.success());
    // What is not asked for at all.
    for parameters in [
        &[("module", "nothing"), ("target", "127.0.0.1")][..],
        &[("module", "http_2xx")],
        &[("target", "")],
        &[("module", "v4"), ("hostname", "a"), ("x", "y")],
    ] {
        assert_eq!(both.agree_on(parameters).await.status, 400);
    }
}

#[tokio::test]
async fn certificates_are_judged_and_shown_alike() {
    let service = Service::nginx(true).await;
    let both = Both::start(&modules(&service.ca_file())).await;
    let page = format!("https://{}/page", service.address());
    for (module, success, version) in [
        ("trusting", true, 2.0),
        ("http_2xx", false, 0.0),
        ("unchecked", true, 2.0),
        ("old", true, 1.1),
        ("plain_only", false, 2.0),
        ("secret_only", true, 2.0),
        ("named", false, 0.0),
    ] {
        let seen = both.agree(module, &page).await;
        assert_eq!(seen.success(), success, "{module}");
        assert_eq!(seen.value("probe_http_version"), version, "{module}");
    }
    let moved = format!("https://{}/old", service.address());
    let seen = both.agree("trusting", &moved).await;
    assert_eq!(seen.value("probe_http_redirects"), 1.0);
    assert_eq!(seen.value("probe_http_ssl"), 1.0);
}

#[tokio::test]
async fn what_is_wrong_with_a_certificate_fails_alike() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new(folder.path());
    let both = Both::start(&modules(&authority.ca_file())).await;
    let names = "DNS:localhost,DNS:inside.example,IP:127.0.0.1";
    authority.certify("good", names, Validity::Days(40));
    authority.certify("old", names, Validity::Past);
    authority.certify("early", names, Validity::Future);
    authority.certify("other", "DNS:other.example", Validity::Days(40));
    authority.self_signed("alone", names);
    fs::write(folder.path().join("page"), "ready").unwrap();
    for (name, success) in [
        ("good", true),
        ("old", false),
        ("early", false),
        ("other", false),
        ("alone", false),
    ] {
        let server = secret_server(folder.path(), name, &[]).await;
        let target = format!("https://localhost:{}/page", server.1);
        let seen = both.agree("trusting", &target).await;
        assert_eq!(seen.success(), success, "{name}");
        assert!(both.agree("unchecked", &target).await.success(), "{name}");
        let named = both.agree("named", &target).await;
        assert_eq!(named.success(), name == "good", "{name}");
    }
}

async fn secret_server(folder: &Path, name: &str, arguments: &[&str]) -> (Process, u16) {
    let mut command = Command::new("openssl");
    command.current_dir(folder);
    command.args(["s_server", "-accept", "127.0.0.1:0", "-WWW"]);
    command.args(arguments);
    command.args([
        "-cert",
        &format!("{name}.pem"),
        "-key",
        &format!("{name}.key"),
    ]);
    let mut process = Process::start(&format!("s_server-{name}"), folder, &mut command);
    let port = process.listening().await.port();
    (process, port)
}

#[tokio::test]
async fn who_we_are_is_shown_and_old_versions_are_refused_alike() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new(folder.path());
    authority.certify("good", "DNS:localhost", Validity::Days(40));
    authority.certify("client", "DNS:prober.example", Validity::Days(40));
    fs::write(folder.path().join("page"), "ready").unwrap();
    let both = Both::start(&modules(&authority.ca_file())).await;
    let asking = ["-Verify", "1", "-verify_return_error", "-CAfile", "ca.pem"];
    let server = secret_server(folder.path(), "good", &asking).await;
    let target = format!("https://localhost:{}/page", server.1);
    assert!(both.agree("shown", &target).await.success());
    assert!(!both.agree("trusting", &target).await.success());
    let older = secret_server(folder.path(), "good", &["-tls1_2"]).await;
    let target = format!("https://localhost:{}/page", older.1);
    assert!(both.agree("trusting", &target).await.success());
    assert!(!both.agree("newest", &target).await.success());
}
