//! What holds for every file, however wrong.

use proptest::prelude::*;

use super::*;

/// A right file with a secret in every place that can have one.
const FULL: &str = "\
telegram:
  bots:
    - name: ops
      token: SECRET
      proxy: socks5h://me:SECRET@proxy:1080
      api_url:
        - https://api.telegram.org
        - url: https://telegram.example.org
          proxy: http://SECRET@other:80
      updates: polling
      allow: [1, -2]
  operators:
    - bot: ops
      chat: -5
intake:
  max_labels_per_alert: 6
  auth:
    bearer_token: \"SECRET\"
    basic:
      username: admin
      password: 'SECRET'
    secret_path: SECRET # SECRET
api: {token: SECRET}
global:
  smtp_smarthost: mail:25
  smtp_from: a@example.org
  smtp_auth_username: me
  smtp_auth_password: SECRET
route:
  receiver: ops
  routes:
    - matchers: ['a=~b.*']
receivers:
  - name: ops
    email_configs:
      - to: b@example.org
        auth_password: 'SECRET'
    webhook_configs:
      - send_resolved: true
        url: https://me@hooks.example.org/SECRET?key=SECRET
        http_config:
          proxy_url: http://me:SECRET@proxy:1
          authorization:
            credentials: SECRET
language: en
";

#[test]
fn a_secret_that_became_a_key_is_not_shown() {
    let error = errors("api: {&token: Sesame0penSesame}\n");
    assert!(!error.contains("Sesame"), "{error}");
}

#[derive(Clone, Debug)]
enum Edit {
    Insert(usize, char),
    Remove(usize),
    SwapLines(usize, usize),
    Rename(usize),
}

fn edits() -> impl Strategy<Value = Vec<Edit>> {
    let edit = prop_oneof![
        (
            any::<usize>(),
            prop::sample::select(" \n:-[]{}'\"#&*!%|>,?@x\t0".chars().collect::<Vec<_>>())
        )
            .prop_map(|(at, c)| Edit::Insert(at, c)),
        any::<usize>().prop_map(Edit::Remove),
        (any::<usize>(), any::<usize>()).prop_map(|(a, b)| Edit::SwapLines(a, b)),
        any::<usize>().prop_map(Edit::Rename),
    ];
    prop::collection::vec(edit, 0..4)
}

fn apply(text: &str, edits: &[Edit]) -> String {
    let mut text: Vec<char> = text.chars().collect();
    for edit in edits {
        match edit {
            Edit::Insert(at, c) => text.insert(at % (text.len() + 1), *c),
            Edit::Remove(at) => drop(text.remove(at % text.len())),
            Edit::SwapLines(a, b) => {
                let whole: String = text.iter().collect();
                let mut lines: Vec<&str> = whole.lines().collect();
                let count = lines.len();
                lines.swap(a % count, b % count);
                text = lines.join("\n").chars().collect();
            }
            Edit::Rename(at) => {
                let at = at % text.len();
                if text[at].is_ascii_lowercase() {
                    text[at] = 'z';
                }
            }
        }
    }
    text.into_iter().collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn no_edit_of_a_file_makes_a_message_show_a_secret(
        edits in edits(),
        secret in prop_oneof!["[A-Z]{4}[a-zA-Z0-9]{12,20}", "[1-9][0-9]{8}:[A-Za-z0-9_-]{35}"],
    ) {
        // A placeholder of one character that no edit makes or takes apart.
        let text = apply(&FULL.replace("SECRET", "\u{1F511}"), &edits).replace('\u{1F511}', &secret);
        let shown = match read(&text) {
            Ok(config) => format!("{config:?} {}", report(Path::new("nabat.yml"), &config, Timestamp::from_millis(0))),
            Err(error) => error.to_string(),
        };
        prop_assert!(!shown.contains(&secret), "{text}\n{shown}");
    }

    #[test]
    fn no_bytes_make_the_loader_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = parse(Path::new("nabat.yml"), &bytes, &env);
    }

    #[test]
    fn no_text_makes_the_loader_panic(text in "[a-z0-9:\\-\\[\\]{}'\"#&*!|>, \n\t$é🔑]{0,80}") {
        let _ = read(&text).map_err(|error| error.to_string());
    }

    #[test]
    fn the_mistakes_of_a_file_are_the_same_each_time_and_in_its_order(edits in edits()) {
        let text = apply(FULL, &edits);
        let first = read(&text);
        prop_assert_eq!(&first, &read(&text));
        if let Err(ConfigError(mistakes)) = first {
            prop_assert!(!mistakes.is_empty());
            prop_assert!(mistakes.is_sorted_by_key(|mistake| (mistake.line, mistake.column)));
        }
    }
}
