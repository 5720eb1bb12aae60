//! The way there: credentials, a proxy, TLS.

use std::path::Path;
use std::process::Command;

use nabat::channel::Refusal;
use nabat::channel::webhook::Access;

use super::*;
use crate::world::process::Process;

/// Takes every POST over TLS.
const TAKER: &str = r#"
import http.server, ssl

class Hook(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(204)
        self.end_headers()

server = http.server.HTTPServer(("127.0.0.1", 0), Hook)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain("cert.pem", "key.pem")
server.socket = context.wrap_socket(server.socket, server_side=True)
server.serve_forever()
"#;

#[tokio::test]
async fn credentials_come_along_but_go_nowhere_else() {
    let (first, second) = (Recorder::start().await, Recorder::start().await);
    let basic = Access::Basic {
        username: "ann".into(),
        password: Secret::new("pass:word"),
    };
    let bearer = Access::Authorization {
        scheme: "Bearer".into(),
        credentials: Secret::new("t0ken"),
    };
    let with_login = first.url().replace("http://", "http://ann:pass%3Aword@");
    for (url, access, expected) in [
        (first.url(), basic, "Basic YW5uOnBhc3M6d29yZA=="),
        (first.url(), bearer.clone(), "Bearer t0ken"),
        (
            with_login.clone(),
            Access::Open,
            "Basic YW5uOnBhc3M6d29yZA==",
        ),
        (with_login, bearer, "Bearer t0ken"),
    ] {
        let target = Target {
            access,
            ..target(url)
        };
        first.answer(307, ("location", &second.url()), "");
        sender(&target).send(&disk_full()).await.unwrap();
        let requests = first.requests();
        let sent: Vec<_> = requests[requests.len() - 1]
            .headers
            .get_all("authorization")
            .iter()
            .collect();
        assert_eq!(sent, [expected]);
    }
    for request in second.requests() {
        assert!(!request.headers.contains_key("authorization"));
    }
}

#[tokio::test]
async fn a_webhook_goes_through_the_proxy() {
    let proxy = Recorder::start().await;
    let mut target = target("http://hooks.example.invalid/alerts");
    target.proxy = Some(Secret::new(proxy.url()));
    sender(&target).send(&disk_full()).await.unwrap();
    let requests = proxy.requests();
    assert_eq!(requests[0].uri, "http://hooks.example.invalid/alerts");
}

/// Makes a certificate for 127.0.0.1 in `folder`.
fn certificate(folder: &Path) {
    let arguments = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes \
                     -keyout key.pem -out cert.pem -days 2 -subj /CN=hook \
                     -addext basicConstraints=critical,CA:FALSE \
                     -addext subjectAltName=IP:127.0.0.1";
    let made = Command::new("openssl")
        .args(arguments.split_whitespace())
        .current_dir(folder)
        .output()
        .unwrap();
    assert!(made.status.success(), "{made:?}");
}

#[tokio::test]
async fn a_certificate_counts_if_its_maker_is_trusted() {
    let folder = tempfile::tempdir().unwrap();
    certificate(folder.path());
    let mut taker = Command::new("python3");
    taker.args(["-c", TAKER]).current_dir(folder.path());
    let mut taker = Process::start("taker", folder.path(), &mut taker);
    let url = format!("https://{}/", taker.listening().await);
    let stranger = sender(&target(&url)).send(&disk_full()).await;
    let Err(Refusal::Later { reason, .. }) = stranger else {
        panic!("{stranger:?}");
    };
    assert!(reason.contains("certificate"), "{reason}");
    let known = Target {
        ca_file: Some(folder.path().join("cert.pem")),
        ..target(&url)
    };
    sender(&known).send(&disk_full()).await.unwrap();
    let careless = Target {
        insecure_skip_verify: true,
        ..target(&url)
    };
    sender(&careless).send(&disk_full()).await.unwrap();
}
