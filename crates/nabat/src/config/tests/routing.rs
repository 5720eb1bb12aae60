//! What `route`, `receivers` and `fallback` come to.

use std::sync::Arc;
use std::time::Duration;

use nabat_core::alert::Labels;
use nabat_core::chat::BotId;
use nabat_core::destination::{Destination, Outlet};
use nabat_core::inhibition::Rule;
use nabat_core::matcher::list_text;
use nabat_core::route::{GroupBy, Hours, Timing};
use nabat_core::time::Timestamp;

use super::*;
use crate::config::integration::{
    Authorization, CertificateCheck, Email, Encryption, Kind, Login, Webhook,
};

/// Who is told about an alert with these labels, in order.
fn told(config: &Config, labels: &str) -> String {
    let pairs = labels.split(' ').filter_map(|pair| pair.split_once('='));
    let labels: Labels = pairs.collect();
    let routing = config.routing().unwrap();
    let found = routing.root.find(&labels);
    let names: Vec<&str> = found.iter().map(|route| &*route.receiver).collect();
    names.join(" ")
}

fn email(integration: &Integration) -> &Email {
    match &integration.kind {
        Kind::Email(email) => email,
        Kind::Webhook(_) => panic!("{integration:?}"),
    }
}

fn webhook(integration: &Integration) -> &Webhook {
    match &integration.kind {
        Kind::Webhook(webhook) => webhook,
        Kind::Email(_) => panic!("{integration:?}"),
    }
}

/// The example of Alertmanager's documentation without what Nabat does not know yet.
const OF_ALERTMANAGER: &str = r"
global:
  smtp_smarthost: 'localhost:25'
  smtp_from: 'alertmanager@example.org'
  smtp_auth_username: 'alertmanager'
  smtp_auth_password: 'password'
route:
  group_by: ['alertname', 'cluster', 'service']
  group_wait: 30s
  group_interval: 5m
  repeat_interval: 3h
  receiver: team-X-mails
  routes:
  - match_re:
      service: ^(foo1|foo2|baz)$
    receiver: team-X-mails
    routes:
    - match:
        severity: critical
      receiver: team-X-pager
  - match:
      service: files
    receiver: team-Y-mails
    routes:
    - match:
        severity: critical
      receiver: team-Y-pager
  - match:
      service: database
    receiver: team-DB-pager
    group_by: [alertname, cluster, database]
    routes:
    - match:
        owner: team-X
      receiver: team-X-pager
      continue: true
    - match:
        owner: team-Y
      receiver: team-Y-pager
receivers:
- name: 'team-X-mails'
  email_configs:
  - to: 'team-X+alerts@example.org'
- name: 'team-X-pager'
  email_configs:
  - to: 'team-X+alerts-critical@example.org'
- name: 'team-Y-mails'
  email_configs:
  - to: 'team-Y+alerts@example.org'
- name: 'team-Y-pager'
- name: 'team-DB-pager'
";

#[test]
fn the_example_of_alertmanager_means_what_it_means_there() {
    let config = fine(OF_ALERTMANAGER);
    for (labels, expected) in [
        ("service=foo1", "team-X-mails"),
        ("service=foo12", "team-X-mails"),
        ("service=baz severity=critical", "team-X-pager"),
        ("service=files", "team-Y-mails"),
        ("service=files severity=critical", "team-Y-pager"),
        ("service=database", "team-DB-pager"),
        ("service=database owner=team-X", "team-X-pager"),
        ("service=else", "team-X-mails"),
    ] {
        assert_eq!(told(&config, labels), expected, "{labels}");
    }
    let root = config.routing().unwrap().root;
    let database: Labels = [("service", "database")].into_iter().collect();
    let found = root.find(&database)[0];
    let names = ["alertname", "cluster", "database"].map(Into::into);
    assert_eq!(found.group_by, GroupBy::Labels(names.to_vec()));
    assert_eq!(found.timing.repeat_interval, Duration::from_secs(3 * 3_600));
    let names: Vec<Arc<str>> = config
        .integrations()
        .into_iter()
        .map(|one| one.name)
        .collect();
    assert_eq!(
        names.iter().map(|name| &**name).collect::<Vec<_>>(),
        [
            "team-X-mails: e-mail to team-X+alerts@example.org",
            "team-X-pager: e-mail to team-X+alerts-critical@example.org",
            "team-Y-mails: e-mail to team-Y+alerts@example.org",
        ]
    );
}

#[test]
fn routes_have_the_timing_of_alertmanager_and_every_kind_of_matcher() {
    let config = fine(
        r#"
route:
  receiver: all
  group_by: ['...']
  routes:
    - matchers: ['team = "db"', '{severity=~"a|b", env!="test"}']
      match_re: {path: '\d+/"x"'}
      group_wait: 0s
      repeat_interval: 1h30m
      group_by: []
      receiver: db
receivers: [{name: all}, {name: db}]
"#,
    );
    let root = config.routing().unwrap().root;
    assert_eq!(
        (&root.group_by, root.timing),
        (&GroupBy::All, Timing::default())
    );
    assert_eq!(
        told(&config, "team=db severity=b env=prod path=12/\"x\""),
        "db"
    );
    for other in [
        "team=db severity=b env=test path=12/\"x\"",
        "team=db severity=bb env=prod path=12/\"x\"",
        "team=db severity=b env=prod path=x12/\"x\"",
        "severity=b path=12/\"x\"",
    ] {
        assert_eq!(told(&config, other), "all", "{other}");
    }
    let labels: Labels = [("team", "db"), ("severity", "a"), ("path", "1/\"x\"")]
        .into_iter()
        .collect();
    let found = root.find(&labels)[0];
    assert_eq!(found.group_by, GroupBy::Labels(Vec::new()));
    assert_eq!(
        &*found.group(&labels).0,
        r#"{}/{env!="test",path=~"^(?:\\d+/\"x\")$",severity=~"a|b",team="db"}:{}"#
    );
    assert_eq!(found.timing.group_wait, Duration::ZERO);
    assert_eq!(found.timing.group_interval, Duration::from_secs(300));
    assert_eq!(found.timing.repeat_interval, Duration::from_secs(5_400));
}

#[test]
fn e_mail_inherits_what_it_does_not_say_and_each_address_is_its_own() {
    let (folder, file) = folder();
    let yaml = "
global:
  smtp_smarthost: mail.example.org:587
  smtp_from: Nabat <nabat@example.org>
  smtp_auth_username: nabat
  smtp_auth_password_file: smtp.password
  smtp_tls_config: {ca_file: ca.pem}
receivers:
  - name: ops
    email_configs:
      - to: a@example.org, Bea <b@example.org>
      - to: c@example.org
        from: other@example.org
        smarthost: '[::1]:465'
        hello: nabat
        auth_username: c
        auth_password: own
        auth_identity: d
        send_resolved: false
        tls_config: {server_name: mail, insecure_skip_verify: true}
      - {to: d@example.org, smarthost: 'localhost:25', require_tls: false}
";
    let config = parse(&file, yaml.as_bytes(), &env).unwrap();
    let all = config.integrations();
    let names: Vec<&str> = all.iter().map(|one| &*one.name).collect();
    assert_eq!(
        names,
        [
            "ops: e-mail to a@example.org",
            "ops: e-mail to b@example.org",
            "ops: e-mail to c@example.org",
            "ops: e-mail to d@example.org",
        ]
    );
    assert_eq!(
        email(&all[1]),
        &Email {
            to: "Bea <b@example.org>".parse().unwrap(),
            from: "Nabat <nabat@example.org>".parse().unwrap(),
            smarthost: "mail.example.org:587".parse().unwrap(),
            hello: "localhost".to_owned(),
            login: Some(Login {
                username: "nabat".to_owned(),
                password: Secret::new("pass word"),
                identity: None,
            }),
            encryption: Encryption::StartTls { required: true },
            certificate: CertificateCheck {
                ca_file: Some(folder.path().join("ca.pem")),
                ..CertificateCheck::default()
            },
        }
    );
    let own = email(&all[2]);
    assert_eq!(
        (own.from.to_string(), own.encryption, own.hello.as_str()),
        (
            "other@example.org".to_owned(),
            Encryption::Implicit,
            "nabat"
        )
    );
    let login = own.login.as_ref().unwrap();
    assert_eq!(
        (login.password.expose(), login.identity.as_deref()),
        ("own", Some("d"))
    );
    assert_eq!(own.certificate.server_name.as_deref(), Some("mail"));
    assert_eq!((all[1].send_resolved, all[2].send_resolved), (true, false));
    assert_eq!(
        email(&all[3]).encryption,
        Encryption::StartTls { required: false }
    );
}

#[test]
fn a_webhook_says_how_it_is_called() {
    let config = fine(
        "
global: {http_config: {bearer_token: inherited}}
receivers:
  - name: ops
    webhook_configs:
      - url: ${HOOK_URL}
      - url: http://me:pw@127.0.0.1:9000/
        send_resolved: false
        max_alerts: 5
        timeout: 1m
        hmac_secret: ${SIGNING_SECRET}
        http_config:
          basic_auth: {username: me, password: pw}
          proxy_url: socks5h://proxy:1080
          follow_redirects: false
          tls_config: {insecure_skip_verify: true}
",
    );
    let all = config.integrations();
    assert_eq!(&*all[0].name, "ops: webhook https://hooks.example.org/…");
    assert_eq!(&*all[1].name, "ops: webhook http://127.0.0.1:9000");
    let first = webhook(&all[0]);
    assert_eq!(
        first.url.expose(),
        "https://hooks.example.org/T0K3N?key=hidden"
    );
    assert_eq!(
        first.authorization,
        Some(Authorization::Scheme {
            scheme: "Bearer".to_owned(),
            credentials: Secret::new("inherited"),
        })
    );
    assert_eq!(
        (
            first.timeout,
            first.max_alerts,
            first.follow_redirects,
            &first.hmac_secret
        ),
        (Duration::from_secs(10), None, true, &None)
    );
    let second = webhook(&all[1]);
    let basic = Authorization::Basic {
        username: "me".to_owned(),
        password: Secret::new("pw"),
    };
    assert_eq!(second.authorization, Some(basic));
    assert_eq!(
        second.proxy.as_ref().map(Secret::expose),
        Some("socks5h://proxy:1080")
    );
    assert_eq!(second.max_alerts.map(usize::from), Some(5));
    assert_eq!(second.timeout, Duration::from_secs(60));
    assert!(second.certificate.insecure_skip_verify && !second.follow_redirects);
    assert!(second.hmac_secret.is_some() && !all[1].send_resolved);
    assert!(!format!("{all:?}").contains("hidden"));
}

#[test]
fn an_integration_keeps_its_number_when_others_come_and_go() {
    let ids = |receivers: &str| {
        let start = "global: {smtp_from: n@example.org, smtp_smarthost: 'mail:25'}\nreceivers:\n";
        let all = fine(&format!("{start}{receivers}")).integrations();
        all.into_iter().map(|one| one.id.0).collect::<Vec<_>>()
    };
    let mail = "  - {name: ops, email_configs: [{to: 'a@example.org, b@example.org'}]}\n";
    let hook = "  - {name: web, webhook_configs: [{url: 'http://h/'}]}\n";
    let before = ids(&format!("{mail}{hook}"));
    // They stand in stores that must be understood tomorrow.
    assert_eq!(
        before,
        [
            -750_562_660_643_389_990,
            -7_812_806_204_966_797_363,
            244_579_090_621_274_152
        ]
    );
    let turned = "  - {name: ops, email_configs: [{to: b@example.org, send_resolved: false}, {to: a@example.org}]}\n";
    let after = ids(&format!("{hook}{turned}"));
    assert_eq!(after, [before[2], before[1], before[0]]);
    assert_ne!(ids(&mail.replace("ops", "dev"))[0], before[0]);
}

#[test]
fn fallbacks_lead_to_all_integrations_of_a_receiver() {
    let config = fine(
        "
telegram: {bots: [{name: a, token: '${BOT_TOKEN}', fallback: {receiver: mail}}]}
global: {smtp_from: n@example.org, smtp_smarthost: 'mail:25'}
receivers:
  - name: web
    webhook_configs: [{url: 'http://h/1'}, {url: 'http://h/2'}]
    fallback: {receiver: mail, after: 90s}
  - {name: mail, email_configs: [{to: 'a@example.org, b@example.org'}]}
",
    );
    let all = config.integrations();
    let ids: Vec<_> = all.iter().map(|one| one.id).collect();
    let fallbacks = config.fallbacks();
    assert_eq!(fallbacks.len(), 3);
    let to = [
        Destination::Integration(ids[2]),
        Destination::Integration(ids[3]),
    ];
    let of_bot = &fallbacks[&Outlet::Bot(BotId(123_456_789))];
    assert_eq!(
        (of_bot.after.as_secs(), of_bot.to.as_slice()),
        (600, to.as_slice())
    );
    for id in &ids[..2] {
        let own = &fallbacks[&Outlet::Integration(*id)];
        assert_eq!(
            (own.after.as_secs(), own.to.as_slice()),
            (90, to.as_slice())
        );
    }
    // Without a route nobody is told by labels, but the engine knows all names.
    let routing = config.routing().unwrap();
    assert_eq!(&*routing.root.receiver, "");
    for integration in config.integrations() {
        assert!(routing.integration(integration.id).is_some());
    }
    assert!(fine("{}").routing().is_none());
}

#[test]
fn a_fallback_that_chats_would_not_have_is_refused() {
    let yaml = |of_bot: &str| {
        format!(
            "
telegram: {{bots: [{{name: a, token: '${{BOT_TOKEN}}'{of_bot}}}]}}
route: {{receiver: web}}
receivers:
  - name: web
    webhook_configs: [{{url: 'http://h/1'}}]
    telegram_configs: [{{bot: a, chat_id: -100}}]
    fallback: {{receiver: other}}
  - {{name: other, webhook_configs: [{{url: 'http://h/2'}}]}}
"
        )
    };
    let error = errors(&yaml(""));
    assert!(
        error.contains("nabat.yml:8:15: receivers[0].fallback: found a fallback that is none for the chats of the bot `a`"),
        "{error}"
    );
    let config = fine(&yaml(", fallback: {receiver: other}"));
    assert_eq!(config.fallbacks().len(), 2);
}

#[test]
fn routes_keep_quiet_in_the_hours_that_they_name() {
    let config = fine(
        "
route:
  receiver: all
  routes:
    - {receiver: mail, mute_time_intervals: [nights, weekends]}
    - {receiver: mail, active_time_intervals: [office]}
time_intervals:
  - name: nights
    time_intervals:
      - times: [{start_time: 22:00, end_time: 24:00}, {start_time: '00:00', end_time: '07:00'}]
        location: Europe/Berlin
  - name: office
    time_intervals: [{weekdays: ['Monday:friday'], times: [{start_time: '09:00', end_time: '17:00'}]}]
mute_time_intervals:
  - {name: weekends, time_intervals: [{weekdays: [saturday, sunday]}, {months: [1], days_of_month: ['1'], years: [2027]}]}
receivers: [{name: all}, {name: mail}]
",
    );
    let routing = config.routing().unwrap();
    assert_eq!(routing.root.hours, Hours::default());
    let hours = |mute: &[&str], active: &[&str]| Hours {
        mute: mute.iter().map(|name| (*name).into()).collect(),
        active: active.iter().map(|name| (*name).into()).collect(),
    };
    let found = routing.root.find(&Labels::default());
    assert_eq!(found[0].hours, hours(&["nights", "weekends"], &[]));
    for (hours, at, expected) in [
        (&found[0].hours, "2026-11-20T20:59:00Z", ""),
        (&found[0].hours, "2026-11-20T21:00:00Z", "nights"),
        (&found[0].hours, "2026-11-21T03:00:00Z", "nights weekends"),
        (&found[0].hours, "2027-01-01T12:00:00Z", "weekends"),
        (&hours(&[], &["office"]), "2026-11-20T12:00:00Z", ""),
        (&hours(&[], &["office"]), "2026-11-20T18:00:00Z", "office"),
    ] {
        let at = Timestamp::parse_rfc3339(at).unwrap().unwrap();
        let muting = routing.calendar.muting(hours, at).join(" ");
        assert_eq!(muting, expected, "{hours:?} at {at}");
    }
}

#[test]
fn the_routes_are_shown_with_their_hours() {
    let config = fine(
        "
route:
  receiver: a
  routes:
    - {mute_time_intervals: [x, y], continue: true}
    - {match: {b: c}, mute_time_intervals: [x], active_time_intervals: [y]}
time_intervals: [{name: x, time_intervals: []}, {name: y, time_intervals: []}]
receivers: [{name: a}]
",
    );
    let report = report(Path::new("nabat.yml"), &config, Timestamp::from_millis(0));
    assert!(
        report.contains(
            "  everything to a, not during x, y, and goes on\n  {b=\"c\"} to a, not during x, only during y\n"
        ),
        "{report}"
    );
}

#[test]
fn inhibition_rules_are_read_in_both_forms() {
    let config = fine(
        r#"
inhibit_rules:
  - name: a node explains what runs on it
    source_matchers: ['alertname="NodeDown"', 'env!="test"']
    target_matchers: ['severity=~"warning|info",team=db']
    equal: [instance, cluster]
  - source_match: {severity: critical, cluster: 1}
    source_match_re: {job: 'a|b'}
    target_match: {severity: warning}
    target_match_re: {job: 'c|d'}
  - {}
"#,
    );
    let rules = config.inhibit_rules();
    let shown = |rule: &Rule| {
        let (source, target) = (list_text(&rule.source), list_text(&rule.target));
        format!("{source} {target} {}", rule.equal.join(","))
    };
    assert_eq!(
        rules.iter().map(shown).collect::<Vec<_>>(),
        [
            r#"{alertname="NodeDown",env!="test"} {severity=~"warning|info",team="db"} instance,cluster"#,
            r#"{cluster="1",severity="critical",job=~"a|b"} {severity="warning",job=~"c|d"} "#,
            "{} {} ",
        ]
    );
}

#[test]
fn the_other_settings_have_their_defaults_and_values() {
    let config = fine("{}");
    assert_eq!(config.acknowledge_for.to_string(), "8h");
    assert_eq!(config.alert_undelivered_after.to_string(), "5m");
    let config = fine(
        "api: {token: '${INTAKE_TOKEN}'}\nexternal_url: https://n.example.org/\nacknowledge_for: 1d",
    );
    assert_eq!(config.api.unwrap().token.expose(), "0123456789abcdef");
    assert_eq!(
        config.external_url.as_deref(),
        Some("https://n.example.org")
    );
    assert_eq!(config.acknowledge_for.to_string(), "1d");
}

#[test]
fn routes_may_reach_thirty_levels_and_not_more() {
    let nested = |levels: usize| {
        let start = "{routes: [".repeat(levels - 1);
        let end = "]}".repeat(levels - 1);
        let below = start.replacen('{', "{receiver: a, ", 1);
        format!("receivers: [{{name: a}}]\nroute: {below}{{}}{end}")
    };
    fine(&nested(30));
    let error = errors(&nested(31));
    assert!(
        error.contains("found routes on level 31, expected at most 30 levels of routes"),
        "{error}"
    );
}

#[test]
fn what_is_probably_not_meant_is_warned_about() {
    let config = fine(
        "
global: {smtp_from: n@example.org, smtp_smarthost: 'mail:25', smtp_require_tls: false}
route: {receiver: ops}
receivers:
  - name: ops
    email_configs: [{to: a@example.org, auth_username: me, auth_password: hunter2}, {to: b@example.org}]
  - name: lost
time_intervals: [{name: nights, time_intervals: []}]
",
    );
    assert_eq!(
        config.warnings(),
        [
            "ops: e-mail to a@example.org: nothing will be sent there, because the password would go to \
             mail:25 unencrypted; let `require_tls` be true, or leave user name and password out",
            "receiver lost is named by no route and no fallback",
            "time interval nights is named by no route",
        ]
    );
}
