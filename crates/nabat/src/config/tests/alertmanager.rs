//! An `alertmanager.yml` as it is.

use std::time::Duration;

use super::*;
use crate::config::integration::Kind;

fn read(yaml: &str) -> Result<Config, ConfigError> {
    let file = Path::new("alertmanager.yml");
    parse_as(Form::Alertmanager, file, yaml.as_bytes(), &env)
}

fn fine(yaml: &str) -> Config {
    read(yaml).unwrap_or_else(|error| panic!("{yaml}\n{error}"))
}

fn notes(config: &Config) -> Vec<String> {
    config.notes.iter().map(ToString::to_string).collect()
}

const WEBHOOK: &str = r"
global:
  resolve_timeout: 10s
  slack_api_url: https://hooks.slack.com/services/T0/B0/hidden
  http_config: {enable_http2: true, follow_redirects: false}
templates: ['/etc/alertmanager/template/*.tmpl']
route:
  receiver: web.hook
  group_by: [alertname]
  group_wait: 0s
  group_interval: 1s
  repeat_interval: 1ms
receivers:
- name: web.hook
  webhook_configs:
  - url: 'http://127.0.0.1:5001/${PORT}'
    max_alerts: 3
    timeout: 0s
  - {url: 'http://127.0.0.1:5002', timeout: 250ms}
";

#[test]
fn an_alertmanager_yml_is_read_as_it_is() {
    let config = fine(WEBHOOK);
    let resolve = config.global.resolve_timeout.unwrap();
    assert_eq!(resolve.duration(), Duration::from_secs(10));
    let route = config.routing().unwrap().root;
    assert_eq!(route.timing.group_wait, Duration::ZERO);
    assert_eq!(route.timing.repeat_interval, Duration::from_millis(1));
    let integrations = config.integrations();
    let Kind::Webhook(webhook) = &integrations[0].kind else {
        panic!("{integrations:?}");
    };
    assert_eq!(webhook.url.expose(), "http://127.0.0.1:5001/${PORT}");
    assert_eq!(webhook.timeout, Duration::from_secs(10));
    assert!(!webhook.follow_redirects);
    let Kind::Webhook(hasty) = &integrations[1].kind else {
        panic!("{integrations:?}");
    };
    assert_eq!(hasty.timeout, Duration::from_millis(250));
}

#[test]
fn what_is_left_out_is_named_with_its_line_and_no_secret() {
    let notes = notes(&fine(WEBHOOK));
    assert_eq!(
        notes,
        [
            "alertmanager.yml:4:3: global.slack_api_url is left out: Nabat has no such channel",
            "alertmanager.yml:5:17: global.http_config.enable_http2 is left out: calls are made over HTTP/1.1",
            "alertmanager.yml:6:1: templates is left out: Nabat writes its messages itself",
        ]
    );
}

#[test]
fn the_bots_of_telegram_configs_are_bots() {
    let other = token().replace("123456789", "987");
    let one = token();
    let config = fine(&format!(
        r"
global: {{telegram_api_url: 'https://tg.example.org'}}
route: {{receiver: ops}}
receivers:
- name: ops
  telegram_configs:
  - {{bot_token: '{one}', chat_id: -100, parse_mode: HTML, send_resolved: true}}
  - {{bot_token: '{one}', chat_id: -200, message_thread_id: 5, disable_notifications: true}}
  - bot_token: '{other}'
    chat_id: 7
    send_resolved: false
    http_config: {{proxy_url: 'http://proxy.example.org:8080'}}
"
    ));
    let bots = &config.telegram.bots;
    let names: Vec<&str> = bots.iter().map(|bot| bot.name.as_str()).collect();
    assert_eq!(names, ["alertmanager", "alertmanager-2"]);
    assert_eq!(bots[0].api_url[0].url, "https://tg.example.org");
    assert!(bots[1].proxy.is_some());
    let routing = config.routing().unwrap();
    let chats = routing.chats_of("ops").iter();
    let shown: Vec<String> = chats
        .map(|chat| format!("{}: {chat}", chat.bot.0))
        .collect();
    assert_eq!(shown, ["123456789: -100", "123456789: -200/5", "987: 7"]);
    let notes = notes(&config).join("\n");
    for key in ["parse_mode", "disable_notifications", "send_resolved"] {
        assert!(notes.contains(key), "{key}: {notes}");
    }
    assert_eq!(config.notes.len(), 3, "{notes}");
}

#[test]
fn a_bot_of_ones_own_is_the_one_of_the_same_token() {
    let one = token();
    let config = fine(&format!(
        r"
global: {{telegram_bot_token: '{one}', telegram_api_url: 'https://tg.example.org'}}
telegram:
  bots:
  - {{name: mine, token: '{one}', allow: [5], proxy: 'socks5://own.example.org:1'}}
route: {{receiver: ops}}
receivers:
- name: ops
  telegram_configs:
  - chat_id: -100
    http_config: {{proxy_url: 'http://proxy.example.org:8080'}}
  - {{bot_token: '{one}', chat_id: -200}}
"
    ));
    let [bot] = config.telegram.bots.as_slice() else {
        panic!("{:?}", config.telegram.bots);
    };
    assert_eq!((bot.name.as_str(), bot.allow.len()), ("mine", 1));
    // What it says itself counts.
    assert_eq!(bot.api_url[0].url, "https://tg.example.org");
    let proxy = format!("{:?}", bot.proxy);
    assert!(!proxy.contains("8080"), "{proxy}");
    assert_eq!(config.routing().unwrap().chats_of("ops").len(), 2);
}

#[test]
fn what_would_change_who_is_told_is_refused_with_its_line() {
    let yaml = r"
route: {receiver: ops}
receivers:
- name: ops
  slack_configs:
  - api_url: https://hooks.slack.com/services/T0/B0/hidden
  pagerduty_configs:
  - service_key: hidden
  telegram_configs:
  - chat_id: 5
";
    let error = read(yaml).unwrap_err().to_string();
    for expected in [
        "alertmanager.yml:5:3: receivers[0]: found `slack_configs`, which is not supported yet",
        "alertmanager.yml:7:3: receivers[0]: found `pagerduty_configs`, which is not supported yet",
        "tell this receiver by",
        "alertmanager.yml:10:5: receivers[0].telegram_configs[0]: found neither `bot_token` nor",
    ] {
        assert!(error.contains(expected), "no {expected} in:\n{error}");
    }
    assert!(!error.contains("hidden"), "{error}");
    assert!(error.ends_with("3 mistakes in alertmanager.yml"), "{error}");
}

#[test]
fn the_texts_of_letters_are_left_out() {
    let yaml = r"
global: {smtp_smarthost: 'localhost:25', smtp_from: a@example.org}
route: {receiver: ops}
receivers:
- name: ops
  email_configs:
  - to: b@example.org
    html: '{{ template hidden }}'
    headers: {Subject: hidden}
    text: ''
";
    let config = fine(yaml);
    assert_eq!(config.integrations().len(), 1);
    assert_eq!(notes(&config).len(), 2, "{:?}", config.notes);
}

#[test]
fn what_alertmanager_reads_loosely_is_read_so() {
    let config = fine(
        r"
global: {resolve_timeout: 0s}
route:
  receiver: ops
  routes:
  - &night {receiver: ops, group_wait: 1s, match: {location: , team: db}}
  - <<: *night
    group_wait: 2s
    continue: Yes
  - <<: [{group_wait: 3s}, *night]
receivers:
- name: ops
  webhook_configs:
  - {url: 'http://127.0.0.1:1', send_resolved: no, http_config: {follow_redirects: OFF}}
inhibit_rules:
- {source_match: {a: }, target_match: {b: c}, equal: [host, host, rack]}
time_intervals:
- {name: n, time_intervals: [{location: ''}, {location: Local}]}
",
    );
    let routes = &config.route.as_ref().unwrap().routes;
    let waits = routes
        .iter()
        .map(|route| route.group_wait.unwrap().to_string());
    let waits: Vec<String> = waits.collect();
    assert_eq!(waits, ["1s", "2s", "3s"]);
    for route in routes {
        let matchers = nabat_core::matcher::list_text(&route.r#match);
        assert_eq!(matchers, r#"{location="",team="db"}"#);
    }
    assert!(routes[1].continues && !routes[0].continues);
    let Kind::Webhook(webhook) = &config.integrations()[0].kind else {
        panic!("{config:?}");
    };
    assert!(!webhook.follow_redirects && !config.integrations()[0].send_resolved);
    assert_eq!(*config.inhibit_rules[0].equal, ["host", "rack"]);
    let expected = "alertmanager.yml:2:10: global.resolve_timeout is left out: what has no end would be over at once";
    assert_eq!(notes(&config), [expected]);
}

#[test]
fn what_no_mapping_is_is_not_merged() {
    let error = read("route:\n  receiver: ops\n  <<: 5\nreceivers: [{name: ops}]\n");
    let error = error.unwrap_err().to_string();
    assert!(error.contains("the unknown key `<<`"), "{error}");
}

#[test]
fn a_file_without_a_route_is_refused() {
    for yaml in [
        "",
        "# soon\n",
        "{}",
        "route:\n",
        "receivers: [{name: ops}]\n",
    ] {
        let error = read(yaml).unwrap_err().to_string();
        let expected = "alertmanager.yml:1:1: found no `route`, expected the route that every";
        assert!(error.contains(expected), "{yaml:?}: {error}");
    }
    let error = read("route: {receiver: ops}\n").unwrap_err().to_string();
    assert!(!error.contains("no `route`"), "{error}");
}

/// What the `nabat.yml` made of `yaml` says, without its header.
fn imported(yaml: &str) -> Imported {
    import(Path::new("alertmanager.yml"), yaml.as_bytes()).unwrap()
}

#[test]
fn an_imported_file_means_the_same() {
    let imported = imported(WEBHOOK);
    assert_eq!(imported.refused, [""; 0]);
    assert!(imported.mistakes.is_none(), "{}", imported.yaml);
    let file = Path::new("nabat.yml");
    let mut as_nabat = parse(file, imported.yaml.as_bytes(), &|_| None).unwrap();
    let as_it_is = fine(WEBHOOK);
    as_nabat.notes.clone_from(&as_it_is.notes);
    assert_eq!(as_nabat, as_it_is, "{}", imported.yaml);
}

#[test]
fn an_import_says_what_it_leaves_out() {
    let yaml = r"
global: {slack_api_url: 'https://hidden.example.org'}
route: {receiver: pager, group_by: ['a,b', c]}
receivers:
- name: pager
  pagerduty_configs:
  - service_key: hidden
- name: 'it''s me'
  telegram_configs:
  - bot_token: '123:${TOKEN}'
    chat_id: -5
    message: '{{ .Status }}'
";
    let imported = imported(&yaml.replace("123:${TOKEN}", &token()));
    let expected = format!(
        "
global:
  # left out: slack_api_url (line 2): Nabat has no such channel

route:
  receiver: pager
  group_by: ['a,b', c]

receivers:
  - name: pager
    # left out: pagerduty_configs (line 6): Nabat has no such setting: tell this receiver by `telegram_configs`, `email_configs` or `webhook_configs` instead
    # This receiver tells nobody.
  - name: 'it''s me'
    telegram_configs:
      - # left out: message (line 12): Nabat writes its messages itself
        chat_id: -5
        bot: 'alertmanager'

telegram:
  bots:
    - name: 'alertmanager'
      token: '{}'
",
        token()
    );
    let (_, yaml) = imported.yaml.split_once("this file.\n").unwrap();
    assert_eq!(yaml, expected);
    assert_eq!(
        imported.refused,
        [
            "receiver pager: pagerduty_configs (line 6): Nabat has no such setting: tell this receiver by `telegram_configs`, `email_configs` or `webhook_configs` instead"
        ]
    );
    assert!(imported.mistakes.is_none(), "{:?}", imported.mistakes);
}

#[test]
fn an_import_keeps_the_comments() {
    let yaml = "\
# Who is on call.
route: # the first
  # by name
  receiver: ops
  group_by: [a] # once
receivers:
# us
- name: ops
  webhook_configs:
  - url: http://a.example.org/#x # the hook
    # soon
    max_alerts: 3
# the end
";
    let expected = "
# Who is on call.
# the first
route:
  # by name
  receiver: ops
  # once
  group_by: [a]

receivers:
  # us
  - name: ops
    webhook_configs:
      # the hook
      - url: http://a.example.org/#x
        # soon
        max_alerts: 3
# the end
";
    let imported = imported(yaml);
    let (_, said) = imported.yaml.split_once("this file.\n").unwrap();
    assert_eq!(said, expected);
}

#[test]
fn an_import_of_a_bad_value_keeps_it_and_says_what_is_wrong() {
    let yaml = "
route: {receiver: ops}
global: {smtp_smarthost: 'localhost:25', smtp_from: a@example.org}
receivers:
- name: ops
  email_configs:
  - to: a@b, c
";
    let imported = imported(yaml);
    assert_eq!(imported.refused, [""; 0]);
    assert!(
        imported.yaml.contains("- to: a@b, c\n"),
        "{}",
        imported.yaml
    );
    let mistakes = imported.mistakes.unwrap().to_string();
    assert!(
        mistakes.contains("receivers[0].email_configs[0].to"),
        "{mistakes}"
    );
}

#[test]
fn bots_inherit_the_proxy_of_global_and_nothing_else_in_silence() {
    let yaml = |http: &str, own: &str| {
        let token = token();
        format!(
            r"
global:
  http_config:
    {http}
route: {{receiver: ops}}
receivers:
- name: ops
  telegram_configs:
  - {{bot_token: '{token}', chat_id: -100, {own}}}
  - {{bot_token: '{token}', chat_id: -200, {own}}}
"
        )
    };
    let proxies = |yaml: &str| {
        let config = fine(yaml);
        let bots = config.telegram.bots.iter();
        bots.map(|bot| bot.proxy.as_ref().map(|proxy| proxy.expose().to_owned()))
            .collect::<Vec<_>>()
    };
    let proxy = "{proxy_url: 'http://proxy.example.org:8080', follow_redirects: true}";
    let inherited = Some("http://proxy.example.org:8080".to_owned());
    assert_eq!(proxies(&yaml(proxy, "")), std::slice::from_ref(&inherited));
    assert_eq!(proxies(&yaml(proxy, "http_config:")), [inherited]);
    let own = "http_config: {proxy_url: 'http://own.example.org:1'}";
    let own_proxy = Some("http://own.example.org:1".to_owned());
    assert_eq!(proxies(&yaml(proxy, own)), [own_proxy]);
    let none = "http_config: {follow_redirects: true}";
    assert_eq!(proxies(&yaml(proxy, none)), [None]);

    let more =
        "{tls_config: {insecure_skip_verify: true}, basic_auth: {username: a, password: hidden}}";
    let error = read(&yaml(more, "")).unwrap_err().to_string();
    for key in ["tls_config", "basic_auth"] {
        let expected =
            format!("global.http_config.{key}: found `{key}`, which `telegram_configs` inherit");
        assert!(error.contains(&expected), "no {expected} in:\n{error}");
    }
    assert!(error.contains("alertmanager.yml:4:6"), "{error}");
    assert!(error.ends_with("2 mistakes in alertmanager.yml"), "{error}");
    assert!(!error.contains("hidden"), "{error}");
    fine(&yaml(more, none));
}
