//! What right files mean.

use super::*;

#[test]
fn the_shortest_useful_configuration_has_the_defaults() {
    let config =
        fine("telegram: {bots: [{name: ops, token: '${BOT_TOKEN}', allow: [123456789, -100123]}]}");
    let bot = &config.telegram.bots[0];
    assert_eq!((bot.name.as_str(), bot.id()), ("ops", 123_456_789));
    assert_eq!(bot.token.expose(), token());
    assert_eq!(bot.allow, [123_456_789, -100_123]);
    assert_eq!(
        bot.api_url,
        [ApiUrl {
            url: OFFICIAL.to_owned(),
            proxy: None
        }]
    );
    assert_eq!(
        (bot.updates, &bot.webhook, &bot.proxy),
        (Updates::Polling, &None, &None)
    );
    assert_eq!(
        Config {
            telegram: Telegram::default(),
            ..config
        },
        Config::default()
    );
}

#[test]
fn an_empty_file_has_the_defaults() {
    for yaml in [
        "",
        "{}",
        "---\n",
        "# nothing\n",
        "~",
        "telegram:\nintake:\n  auth:\nlimits: ~\nlanguage:\n",
    ] {
        assert_eq!(fine(yaml), Config::default(), "{yaml}");
        assert!(fine(yaml).says_nothing(), "{yaml}");
    }
}

#[test]
fn addresses_are_one_or_many_and_have_the_nearest_proxy() {
    let config = fine(
        "
telegram:
  bots:
    - name: a
      token: ${BOT_TOKEN}
      proxy: socks5h://u:p@proxy:1080
      api_url: [https://one.example/, {url: http://two.example, proxy: https://near:3128}]
",
    );
    let bot = &config.telegram.bots[0];
    let ways: Vec<_> = bot
        .api_url
        .iter()
        .map(|api| (api.url.as_str(), bot.proxy_for(api).map(Secret::expose)))
        .collect();
    assert_eq!(
        ways,
        [
            ("https://one.example", Some("socks5h://u:p@proxy:1080")),
            ("http://two.example", Some("https://near:3128"))
        ]
    );
}

#[test]
fn variables_are_filled_in_and_escapes_taken_off() {
    let config = fine(
        "limits: {max_subscriptions: '1${PORT}', max_expression_length: '${PORT}'}\nstale_after: ${PORT}m\nintake: {auth: {bearer_token: 'a$${b}$c${EMPTY}${WORD}'}}",
    );
    assert_eq!(config.limits.max_subscriptions, 199);
    assert_eq!(config.limits.max_expression_length, 99);
    assert_eq!(config.stale_after.to_string(), "1h39m");
    assert_eq!(
        config.intake.auth.unwrap().bearer_token.unwrap().expose(),
        "a${b}$cwort"
    );
}

#[test]
fn what_looks_like_a_number_is_text_where_text_is_wanted() {
    let auth = fine("intake: {auth: {basic: {username: 0123, password: no}}}")
        .intake
        .auth
        .unwrap();
    let basic = auth.basic.unwrap();
    assert_eq!(
        (basic.username.as_str(), basic.password.expose()),
        ("0123", "no")
    );
}

#[test]
fn aliases_repeat_what_they_name() {
    let config = fine("telegram: {bots: [{name: a, token: '${BOT_TOKEN}', allow: &ids [1, 2]}, {name: b, token_file: ops.token}]}"
        .replace("token_file: ops.token", "token: '9${BOT_TOKEN}', allow: *ids").as_str());
    assert_eq!(config.telegram.bots[1].allow, [1, 2]);
}

#[test]
fn everything_else_is_read_too() {
    let config = fine(
        "
telegram:
  bots:
    - {name: a, token: '${BOT_TOKEN}', updates: webhook, webhook: {url: https://nabat.example.org/base}}
  operators: [{bot: a, chat: -1001234567890, topic: 5}]
store: sqlite:///var/lib/nabat/state.db
stale_after: 1d12h
language: pt-BR
time_zone: America/Sao_Paulo
",
    );
    assert_eq!(
        config.telegram.bots[0].webhook.as_ref().unwrap().url,
        "https://nabat.example.org/base"
    );
    assert_eq!(
        config.telegram.operators,
        [Operator {
            bot: "a".to_owned(),
            chat: -1_001_234_567_890,
            topic: Some(5)
        }]
    );
    assert_eq!(
        config.store,
        Store::Sqlite("/var/lib/nabat/state.db".into())
    );
    assert_eq!(config.stale_after.to_string(), "1d12h");
    assert_eq!(config.language.code(), "pt-BR");
    assert_eq!(config.time_zone.iana_name(), Some("America/Sao_Paulo"));
}

#[test]
fn a_secret_is_read_from_its_file_beside_the_configuration() {
    let (_folder, file) = folder();
    fs::write(
        &file,
        "telegram: {bots: [{name: a, token_file: ops.token}]}",
    )
    .unwrap();
    let config = load(&own(&file), &env).unwrap();
    assert_eq!(config.telegram.bots[0].id(), 987_654_321);
}

#[test]
fn the_id_of_a_chat_is_read_from_its_file_too() {
    let (_folder, file) = folder();
    let load_with = |id: &str| {
        fs::write(file.with_file_name("chat"), id).unwrap();
        let yaml = "
telegram: {bots: [{name: a, token_file: ops.token}]}
route: {receiver: ops}
receivers: [{name: ops, telegram_configs: [{bot: a, chat_id_file: chat}]}]";
        fs::write(&file, yaml).unwrap();
        load(&own(&file), &env)
    };
    assert_eq!(load_with("-1001\n").unwrap().chats()[0].1.chat, -1001);
    for id in ["0", "", "the group", "1 2"] {
        let error = load_with(id).unwrap_err().to_string();
        assert!(error.contains("chat_id_file: found `"), "{error}");
    }
}

#[test]
fn a_secret_file_with_other_content_is_a_mistake_that_does_not_show_it() {
    let (_folder, file) = folder();
    fs::write(file.with_file_name("big"), "x".repeat(64 * 1024 + 1)).unwrap();
    for (name, reason) in [
        ("intake.password", "with other content"),
        ("big", "file too large"),
        (".", "directory"),
    ] {
        fs::write(
            &file,
            format!("telegram: {{bots: [{{name: a, token_file: {name}}}]}}"),
        )
        .unwrap();
        let error = load(&own(&file), &env).unwrap_err().to_string();
        assert!(
            error.contains(reason) && !error.contains("pass word"),
            "{error}"
        );
    }
}

#[test]
fn a_missing_file_and_an_unreadable_one_differ() {
    let (folder, file) = folder();
    assert!(matches!(
        load(&own(&file), &env),
        Err(LoadError::Missing { .. })
    ));
    assert!(matches!(
        load(&own(folder.path()), &env),
        Err(LoadError::Unreadable { .. })
    ));
}

#[test]
fn a_file_may_have_four_mebibytes_and_not_a_byte_more() {
    let comment = |bytes: usize| format!("#{}", "x".repeat(bytes - 1));
    fine(&comment(MAX_BYTES));
    let error = errors(&comment(MAX_BYTES + 1));
    assert!(
        error.contains("found a larger file, expected at most 4194304 bytes"),
        "{error}"
    );
}

#[test]
fn a_byte_that_is_not_utf_8_has_a_place() {
    let error = parse(Path::new("nabat.yml"), b"language: en\nstore: \xff", &env).unwrap_err();
    assert_eq!(
        error.to_string(),
        "nabat.yml:2:8: found a byte that is not UTF-8, expected a file in UTF-8\n1 mistake in nabat.yml"
    );
}

#[test]
fn numbers_and_lists_may_reach_their_bounds_and_not_pass_them() {
    for (setting, least, most) in [
        ("intake: {max_body_bytes: N}", 1024, 1_073_741_824),
        ("intake: {max_alerts_per_request: N}", 1, 1_000_000),
        ("intake: {max_labels_per_alert: N}", 1, 1024),
        ("limits: {max_open_incidents: N}", 1, 10_000_000),
        ("limits: {max_subscriptions: N}", 1, 10_000_000),
        ("limits: {max_expression_length: N}", 1, 4096),
    ] {
        let with = |number: i64| setting.replace('N', &number.to_string());
        fine(&with(least));
        fine(&with(most));
        errors(&with(least - 1));
        errors(&with(most + 1));
    }
    let allow = |count: usize| {
        format!(
            "telegram: {{bots: [{{name: a, token: '${{BOT_TOKEN}}', allow: [{}]}}]}}",
            "1,".repeat(count)
        )
    };
    fine(&allow(10_000));
    errors(&allow(10_001));
    for (period, ok) in [
        ("5m", true),
        ("4m59s999ms", false),
        ("1y", true),
        ("1y1ms", false),
    ] {
        assert_eq!(
            read(&format!("stale_after: {period}")).is_ok(),
            ok,
            "{period}"
        );
    }
    for (length, ok) in [(15, false), (16, true), (128, true), (129, false)] {
        let yaml = format!("intake: {{auth: {{secret_path: {}}}}}", "x".repeat(length));
        assert_eq!(read(&yaml).is_ok(), ok, "{length}");
    }
    for (length, ok) in [(0, false), (1, true), (32, true), (33, false)] {
        let yaml = format!(
            "telegram: {{bots: [{{name: '{}', token: '${{BOT_TOKEN}}'}}]}}",
            "x".repeat(length)
        );
        assert_eq!(read(&yaml).is_ok(), ok, "{length}");
    }
}

#[test]
fn a_file_full_of_mistakes_is_refused_with_the_first_thousand() {
    let lines: String = (0..5_000).map(|i| format!("k{i}: hunter2\n")).collect();
    let one_line = format!("{{{}}}", lines.replace('\n', ", "));
    for yaml in [lines, one_line] {
        let error = errors(&yaml);
        assert!(
            error.ends_with("1000 mistakes in nabat.yml, and maybe more"),
            "{}",
            error.len()
        );
        assert!(!error.contains("hunter2"));
    }
}

#[test]
fn a_long_line_is_shown_around_the_mistake() {
    let error = errors(&format!(
        "{{language: en, {}: 1, {}}}",
        "x".repeat(30),
        "y: 2, ".repeat(60)
    ));
    let mut lines = error.lines();
    let (_, line, mark) = (lines.next(), lines.next().unwrap(), lines.next().unwrap());
    assert!(line.ends_with('…') && line.chars().count() < 140, "{line}");
    assert_eq!(mark.trim_start_matches([' ', '|']).len(), 30, "{mark}");
    assert_eq!(
        line.chars().position(|c| c == 'x'),
        mark.chars().position(|c| c == '^')
    );
}

#[test]
fn aliases_cannot_grow_a_file_beyond_measure() {
    let mut bomb = "a: &a [x,x,x,x,x,x,x,x,x,x]\n".to_owned();
    for (name, of) in [
        ('b', 'a'),
        ('c', 'b'),
        ('d', 'c'),
        ('e', 'd'),
        ('f', 'e'),
        ('g', 'f'),
    ] {
        bomb += &format!("{name}: &{name} [{}]\n", format!("*{of},").repeat(10));
    }
    assert!(errors(&bomb).contains("found too many values"));
    let mut tower = "a0: &a0 [x]\n".to_owned();
    for level in 1..100 {
        tower += &format!("a{level}: &a{level} [*a{}]\n", level - 1);
    }
    assert!(errors(&tower).contains("found values nested too deeply"));
}

#[test]
fn secrets_are_equal_only_to_themselves_and_print_as_nothing() {
    let secret = Secret::new("hunter2");
    assert_eq!(secret, Secret::new("hunter2"));
    assert_ne!(secret, Secret::new("hunter3"));
    assert_ne!(secret, Secret::new("hunter"));
    assert_eq!(format!("{secret} {secret:?}"), "… …");
}
