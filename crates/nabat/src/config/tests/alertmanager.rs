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
            "line 6: templates is left out: Nabat writes its messages itself",
            "line 4: global.slack_api_url is left out: Nabat has no such channel",
            "line 5: global.http_config.enable_http2 is left out: calls are made over HTTP/1.1",
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
        "take it out, and tell this receiver by",
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
    # left out: pagerduty_configs (line 6): Nabat has no such setting: take it out, and tell this receiver by `telegram_configs`, `email_configs` or `webhook_configs`
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
    assert_eq!(imported.refused.len(), 1);
    assert!(imported.mistakes.is_none(), "{:?}", imported.mistakes);
}
