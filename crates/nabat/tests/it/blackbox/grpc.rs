//! gRPC servers.

use axum::Router;

use crate::world::blackbox::Both;
use crate::world::certificates::{Authority, Validity};
use crate::world::http::Server;
use crate::world::{grpc, liar::Liar};

const MODULES: &str = r#"
modules:
  plain: {prober: grpc, grpc: {preferred_ip_protocol: ip4}}
  good: {prober: grpc, grpc: {service: good}}
  bad: {prober: grpc, grpc: {service: bad}}
  odd: {prober: grpc, grpc: {service: odd}}
  mute: {prober: grpc, grpc: {service: mute}}
  nobody: {prober: grpc, grpc: {service: nobody}}
  secret: {prober: grpc, grpc: {tls: true, tls_config: {ca_file: ca.pem}}}
  unchecked: {prober: grpc, grpc: {service: bad, tls: true, tls_config: {insecure_skip_verify: true}}}
"#;

#[tokio::test]
async fn grpc_servers_are_judged_alike() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new(folder.path());
    let modules = MODULES.replace("ca.pem", authority.ca_file().to_str().unwrap());
    let both = Both::start(&modules).await;
    let (_plain, address) = grpc::server(folder.path(), None).await;
    for (module, success) in [
        ("plain", true),
        ("good", true),
        ("bad", false),
        ("odd", false),
        ("mute", false),
        ("nobody", false),
        ("secret", false),
    ] {
        let seen = both.agree(module, &address).await;
        assert_eq!(seen.success(), success, "{module}");
    }
    for (name, names, success) in [
        ("good", "DNS:localhost,IP:127.0.0.1", true),
        ("other", "DNS:other.example", false),
    ] {
        authority.certify(name, names, Validity::Days(40));
        let (_secret, address) = grpc::server(folder.path(), Some(name)).await;
        let seen = both.agree("secret", &address).await;
        assert_eq!(seen.success(), success, "{name}");
        let seen = both.agree("unchecked", &address).await;
        assert_eq!(seen.value("probe_grpc_ssl"), 1.0);
        assert!(!both.agree("plain", &address).await.success());
    }
    let page = Server::start(Router::new()).await;
    let other = Liar::answering_at_once("220 mail\r\n").await;
    for target in [
        page.address.to_string(),
        other.address().to_string(),
        "127.0.0.1:1".to_owned(),
        "nowhere.invalid:50051".to_owned(),
    ] {
        assert!(!both.agree("plain", &target).await.success(), "{target}");
    }
}
