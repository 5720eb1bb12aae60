//! TCP services, DNS servers and hosts.

use std::process::Command;

use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;

use crate::world::blackbox::Both;
use crate::world::certificates::{Authority, Validity};
use crate::world::liar::Liar;
use crate::world::process::Process;
use crate::world::service::Service;
use crate::world::smtp::SmtpServer;

const TCP: &str = r#"
modules:
  connect: {prober: tcp, timeout: 5s}
  v6: {prober: tcp, tcp: {preferred_ip_protocol: ip6, ip_protocol_fallback: false}}
  from: {prober: tcp, tcp: {source_ip_address: 127.0.0.9}}
  banner: {prober: tcp, tcp: {query_response: [{expect: "^SSH-2.0-"}]}}
  irc:
    prober: tcp
    tcp:
      query_response:
      - send: "NICK prober"
      - send: "USER prober prober prober :prober"
      - expect: "PING :([^ ]+)"
        send: "PONG ${1}"
      - expect: "^:[^ ]+ 001"
  tls: {prober: tcp, tcp: {tls: true, tls_config: {ca_file: ca.pem}}}
  tls_unchecked: {prober: tcp, tcp: {tls: true, tls_config: {insecure_skip_verify: true}}}
  starttls:
    prober: tcp
    tcp:
      tls_config: {ca_file: ca.pem}
      query_response:
      - expect: "^220 "
      - send: "EHLO prober\r"
      - expect: "^250[ -]STARTTLS"
      - send: "STARTTLS\r"
      - expect: "^220"
      - starttls: true
      - send: "EHLO prober\r"
      - expect: "^250[ -]SIZE"
      - send: "QUIT\r"
  starttls_elsewhere:
    prober: tcp
    tcp:
      tls_config: {ca_file: ca.pem, server_name: elsewhere.example}
      query_response:
      - expect: "^220 "
      - send: "EHLO prober\r"
      - expect: "^250[ -]STARTTLS"
      - send: "STARTTLS\r"
      - expect: "^220"
      - starttls: true
      - send: "EHLO prober\r"
      - expect: "^250[ -]SIZE"
      - send: "QUIT\r"
"#;

/// Talks as a server of IRC does, if it is answered as it wants.
async fn chatting() -> Liar {
    Liar::start(async move |stream: TcpStream| {
        let mut stream = BufReader::new(stream);
        let mut lines = Vec::new();
        let _ = stream
            .write_all(b":irc NOTICE hello\r\nPING :t0k3n\r\n")
            .await;
        while !lines.iter().any(|line: &String| line.starts_with("PONG")) {
            let mut line = String::new();
            match stream.read_line(&mut line).await {
                Ok(count) if count > 0 => lines.push(line),
                _ => return,
            }
        }
        assert_eq!(lines[0], "NICK prober\n");
        let welcome = match lines[2].as_str() {
            "PONG t0k3n\n" => ":irc 001 prober :Welcome\r\n",
            _ => "ERROR\r\n",
        };
        let _ = stream.write_all(welcome.as_bytes()).await;
    })
    .await
}

#[tokio::test]
async fn tcp_services_are_judged_alike() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new(folder.path());
    let modules = TCP.replace("ca.pem", authority.ca_file().to_str().unwrap());
    let both = Both::start(&modules).await;
    let ssh = Liar::answering_at_once("SSH-2.0-test\r\n").await;
    let other = Liar::answering_at_once("220 mail\r\n").await;
    let silent = Liar::start(async |stream: TcpStream| {
        let mut line = String::new();
        let _ = BufReader::new(stream).read_line(&mut line).await;
    })
    .await;
    let irc = chatting().await;
    let (ssh, other) = (ssh.address().to_string(), other.address().to_string());
    let (silent, irc) = (silent.address().to_string(), irc.address().to_string());
    for (module, target, success) in [
        ("connect", &*ssh, true),
        ("connect", "127.0.0.1:1", false),
        ("connect", "127.0.0.1", false),
        ("connect", "nowhere.invalid:80", false),
        ("v6", &ssh, false),
        ("from", &ssh, true),
        ("banner", &ssh, true),
        ("banner", &other, false),
        ("banner", &silent, false),
        ("irc", &irc, true),
        ("tls", &other, false),
    ] {
        let seen = both.agree(module, target).await;
        assert_eq!(seen.success(), success, "{module} {target}");
    }
    let names = "DNS:localhost,IP:127.0.0.1";
    authority.certify("good", names, Validity::Days(40));
    authority.certify("other", "DNS:other.example", Validity::Days(40));
    for (name, success) in [("good", true), ("other", false)] {
        let mut command = Command::new("openssl");
        command.current_dir(folder.path());
        command.args(["s_server", "-accept", "127.0.0.1:0", "-www"]);
        command.args(["-cert", &format!("{name}.pem")]);
        command.args(["-key", &format!("{name}.key")]);
        let mut process = Process::start(name, folder.path(), &mut command);
        let target = process.listening().await.to_string();
        let seen = both.agree("tls", &target).await;
        assert_eq!(seen.success(), success, "{name}");
        assert!(both.agree("tls_unchecked", &target).await.success());
    }
    let named = [
        ("module", "connect"),
        ("target", &ssh),
        ("hostname", "inside.example"),
    ];
    assert!(both.agree_on(&named).await.success());
}

#[tokio::test]
async fn mail_servers_go_over_to_tls_alike() {
    let server = SmtpServer::start().await;
    let both = Both::start(&TCP.replace("ca.pem", server.ca_file().to_str().unwrap())).await;
    let target = format!("localhost:{}", server.port());
    let seen = both.agree("starttls", &target).await;
    assert!(seen.success());
    assert!(seen.value("probe_ssl_earliest_cert_expiry") > 0.0);
    assert!(!both.agree("starttls_elsewhere", &target).await.success());
}

const DNS: &str = r#"
modules:
  a: {prober: dns, dns: {query_name: example.test, query_type: A}}
  any: {prober: dns, dns: {query_name: example.test}}
  none: {prober: dns, dns: {query_name: nobody.test, query_type: A}}
  none_is_right: {prober: dns, dns: {query_name: nobody.test, query_type: A, valid_rcodes: [NXDOMAIN]}}
  elsewhere: {prober: dns, dns: {query_name: example.org, query_type: A}}
  tcp: {prober: dns, dns: {query_name: big.example.test, query_type: TXT, transport_protocol: tcp}}
  udp: {prober: dns, dns: {query_name: big.example.test, query_type: TXT, transport_protocol: udp}}
  soa: {prober: dns, dns: {query_name: example.test, query_type: SOA}}
  mx: {prober: dns, dns: {query_name: example.test, query_type: MX}}
  alone: {prober: dns, dns: {query_name: example.test, query_type: A, recursion_desired: false}}
  chaos: {prober: dns, dns: {query_name: version.bind, query_type: TXT, query_class: CH}}
  from: {prober: dns, dns: {query_name: example.test, query_type: A, source_ip_address: 127.0.0.9}}
  exact:
    prober: dns
    dns:
      query_name: two.example.test
      query_type: A
      validate_answer_rrs:
        fail_if_matches_regexp: ["127.0.0.1"]
        fail_if_not_matches_regexp: ["^two.example.test.\t[0-9]+\tIN\tA\t10.1.2.[45]$"]
        fail_if_none_matches_regexp: ["10.1.2.4$", "nothing"]
  all: {prober: dns, dns: {query_name: two.example.test, query_type: A, validate_answer_rrs: {fail_if_all_match_regexp: ["10.1.2"]}}}
  not_all: {prober: dns, dns: {query_name: two.example.test, query_type: A, validate_answer_rrs: {fail_if_all_match_regexp: ["10.1.2.4", "10.1.2.5"]}}}
  matches: {prober: dns, dns: {query_name: example.test, query_type: A, validate_answer_rrs: {fail_if_matches_regexp: ["10.1.2.3"]}}}
  text: {prober: dns, dns: {query_name: example.test, query_type: TXT, validate_answer_rrs: {fail_if_not_matches_regexp: ["\tIN\tTXT\t\"v=spf1 -all\"$"]}}}
  mail: {prober: dns, dns: {query_name: example.test, query_type: MX, validate_answer_rrs: {fail_if_not_matches_regexp: ["\tIN\tMX\t10 mail.example.test.$"]}}}
  other_name: {prober: dns, dns: {query_name: www.example.test, query_type: A, validate_answer_rrs: {fail_if_none_matches_regexp: ["\tIN\tCNAME\texample.test.$"]}}}
  missing: {prober: dns, dns: {query_name: example.test, query_type: CAA, validate_answer_rrs: {fail_if_not_matches_regexp: ["."]}}}
  authority: {prober: dns, dns: {query_name: example.test, query_type: A, validate_authority_rrs: {fail_if_none_matches_regexp: ["."]}}}
"#;

#[tokio::test]
async fn dns_servers_are_judged_alike() {
    let both = Both::start(DNS).await;
    let service = Service::dns().await;
    for (module, success) in [
        ("a", true),
        ("none", false),
        ("none_is_right", true),
        ("elsewhere", false),
        ("tcp", true),
        ("udp", true),
        ("soa", true),
        ("mx", true),
        ("alone", true),
        ("chaos", true),
        ("from", true),
        ("exact", true),
        ("all", true),
        ("not_all", false),
        ("matches", false),
        ("text", true),
        ("mail", true),
        ("other_name", true),
        ("missing", false),
        ("authority", false),
    ] {
        let seen = both.agree(module, &service.address()).await;
        assert_eq!(seen.success(), success, "{module}");
    }
    let answered = both.agree("any", &service.address()).await;
    assert!(answered.value("probe_dns_answer_rrs") > 1.0);
    for target in ["127.0.0.1:1", "nowhere.invalid"] {
        assert!(!both.agree("a", target).await.success(), "{target}");
    }
}

const ICMP: &str = r#"
modules:
  icmp: {prober: icmp}
  v4: {prober: icmp, timeout: 5s, icmp: {preferred_ip_protocol: ip4, source_ip_address: 127.0.0.1}}
  v6: {prober: icmp, icmp: {ip_protocol_fallback: false}}
  near: {prober: icmp, icmp: {ttl: 5, payload_size: 1000}}
"#;

#[tokio::test]
async fn hosts_are_pinged_alike() {
    let both = Both::start(ICMP).await;
    for (module, target, success) in [
        ("icmp", "127.0.0.1", true),
        ("icmp", "localhost", true),
        ("icmp", "nowhere.invalid", false),
        ("v4", "127.0.0.2", true),
        ("v6", "127.0.0.1", false),
        ("near", "127.0.0.1", true),
    ] {
        let seen = both.agree(module, target).await;
        assert_eq!(seen.success(), success, "{module} {target}");
    }
}
