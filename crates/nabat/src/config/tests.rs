use std::path::Path;

use super::*;

const README: &str = "
telegram:
  bots:
    - name: ops
      token: ${BOT_TOKEN}
      api_url: https://api.telegram.org   # the default; may be a list, each with its own proxy
      allow: [123456789]                  # user or chat ids that need no pairing
";

fn env(name: &str) -> Option<String> {
    (name == "BOT_TOKEN").then(|| format!("123456789:{}", "A".repeat(35)))
}

#[test]
fn the_six_lines_of_the_readme_are_a_complete_configuration() {
    let config = parse(Path::new("nabat.yml"), README.as_bytes(), &env).unwrap();
    let [bot] = config.telegram.bots.as_slice() else {
        panic!("{config:?}")
    };
    assert_eq!(
        (bot.name.as_str(), bot.id(), bot.allow.as_slice()),
        ("ops", 123_456_789, &[123_456_789][..])
    );
}
