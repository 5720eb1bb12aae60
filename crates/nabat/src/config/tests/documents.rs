//! The example, the reference and the schema say what the program does.

use serde_json::Value;

use super::*;

const EXAMPLE: &str = include_str!("../../../config.example.yml");

/// The example with its commented settings in force.
fn all_settings() -> String {
    let active = |line: &str| {
        let text = line.trim_start();
        let indent = &line[..line.len() - text.len()];
        match text.strip_prefix('#') {
            Some(setting) if !setting.is_empty() && !setting.starts_with(' ') => {
                format!("{indent}{setting}\n")
            }
            _ => format!("{line}\n"),
        }
    };
    EXAMPLE.lines().map(active).collect()
}

fn load_text(text: &str) -> Config {
    let (_folder, file) = folder();
    parse(&file, text.as_bytes(), &env).unwrap_or_else(|error| panic!("{text}\n{error}"))
}

#[test]
fn the_example_loads_as_it_stands_and_with_every_setting_in_force() {
    assert_eq!(load_text(EXAMPLE).telegram.bots.len(), 1);
    assert_eq!(
        load_text(EXAMPLE)
            .routing()
            .map(|routing| routing.root.receiver.clone()),
        None
    );
    let all = load_text(&all_settings());
    assert_eq!(all.telegram.bots.len(), 2);
    assert_eq!(all.telegram.operators[0].topic, Some(5));
    assert_eq!(
        all.intake.auth.unwrap().basic.unwrap().password.expose(),
        "pass word"
    );
}

#[test]
fn the_commented_defaults_of_the_example_are_the_defaults() {
    let all = load_text(&all_settings());
    let default = Config::default();
    assert_eq!(
        (all.store, all.stale_after, all.acknowledge_for),
        (default.store, default.stale_after, default.acknowledge_for)
    );
    assert_eq!(all.alert_undelivered_after, default.alert_undelivered_after);
    assert_eq!(
        (all.language, all.time_zone),
        (default.language, default.time_zone)
    );
    assert_eq!(all.limits, default.limits);
    assert_eq!(
        Intake {
            auth: None,
            ..all.intake
        },
        default.intake
    );
    assert_eq!(
        load_text(EXAMPLE).telegram.bots[0].api_url,
        all.telegram.bots[0].api_url
    );
}

#[test]
fn the_example_names_every_setting() {
    fn names(schema: &Value, into: &mut Vec<String>) {
        if let Some(properties) = schema.get("properties").and_then(Value::as_object) {
            into.extend(properties.keys().cloned());
        }
        match schema {
            Value::Object(map) => map.values().for_each(|value| names(value, into)),
            Value::Array(list) => list.iter().for_each(|value| names(value, into)),
            _ => {}
        }
    }
    let mut all = Vec::new();
    names(&json_schema(), &mut all);
    assert!(all.len() > 30, "{all:?}");
    for name in all {
        assert!(
            EXAMPLE.contains(&name),
            "config.example.yml does not mention `{name}`"
        );
    }
}

/// The YAML blocks of a Markdown text, also those within lists.
fn yaml_blocks(page: &str) -> Vec<String> {
    let mut blocks = Vec::new();
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        let Some(indent) = line.strip_suffix("```yaml") else {
            continue;
        };
        let inside = lines.by_ref().take_while(|line| line.trim() != "```");
        let dedented = inside.map(|line| line.strip_prefix(indent).unwrap_or(line));
        blocks.push(dedented.collect::<Vec<_>>().join("\n"));
    }
    blocks
}

#[test]
fn every_yaml_of_the_reference_loads() {
    let blocks = yaml_blocks(&reference_markdown());
    assert_eq!(blocks.len(), 3);
    for block in blocks {
        load_text(&block);
    }
}

/// A block for another program begins with the name of that program's file.
#[test]
fn every_configuration_in_the_readme_and_the_guides_loads() {
    const OTHERS: [&str; 3] = ["# alertmanager.yml", "# prometheus.yml", "# rules.yml"];
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
    let guides = fs::read_dir(root.join("docs")).unwrap();
    let guides = guides.map(|entry| entry.unwrap().path());
    let mut pages: Vec<PathBuf> = guides
        .filter(|path| path.extension().is_some_and(|end| end == "md"))
        .collect();
    pages.push(root.join("README.md"));
    let mut ours = 0;
    for block in pages
        .iter()
        .flat_map(|page| yaml_blocks(&fs::read_to_string(page).unwrap()))
    {
        if !block
            .lines()
            .next()
            .is_some_and(|first| OTHERS.contains(&first))
        {
            load_text(&block);
            ours += 1;
        }
    }
    assert!(
        ours > 9,
        "only {ours} found: has the way they are written changed?"
    );
}

#[test]
fn the_committed_reference_is_that_of_the_settings() {
    let path = Path::new(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../docs/configuration.md"
    ));
    let current = reference_markdown();
    if fs::read_to_string(path).is_ok_and(|committed| committed == current) {
        return;
    }
    fs::write(path, current).unwrap();
    panic!(
        "docs/configuration.md was not that of the settings and has been written anew: commit it"
    );
}

/// A keyword that the checker did not know would be a promise to editors that `nabat check` breaks.
#[test]
fn the_checker_knows_every_keyword_of_the_schema() {
    const KNOWN: [&str; 30] = [
        "$defs",
        "$ref",
        "$schema",
        "additionalProperties",
        "anyOf",
        "const",
        "default",
        "description",
        "enum",
        "format",
        "items",
        "maxItems",
        "maxLength",
        "maximum",
        "minItems",
        "minLength",
        "minimum",
        "not",
        "oneOf",
        "pattern",
        "properties",
        "propertyNames",
        "required",
        "title",
        "type",
        "writeOnly",
        "x-expected",
        "x-for-admins",
        "x-secret-if-wrong",
        "x-unsupported",
    ];
    fn visit(schema: &Value) {
        let Some(map) = schema.as_object() else {
            return;
        };
        for (keyword, value) in map {
            assert!(
                KNOWN.contains(&keyword.as_str()),
                "unknown keyword {keyword}"
            );
            match keyword.as_str() {
                "$defs" | "properties" => value.as_object().unwrap().values().for_each(visit),
                "anyOf" | "oneOf" => value.as_array().unwrap().iter().for_each(visit),
                "items" | "propertyNames" => visit(value),
                "additionalProperties" if value.is_object() => visit(value),
                "additionalProperties" => assert_eq!(value, &Value::Bool(false)),
                "x-unsupported" => {
                    assert!(value.as_object().unwrap().values().all(Value::is_string));
                }
                "pattern" => {
                    let pattern = regex::Regex::new(value.as_str().unwrap()).unwrap();
                    assert!(
                        pattern.is_match("${NAME}") && !pattern.is_match(""),
                        "{pattern}"
                    );
                }
                "format" => {
                    let format = value.as_str().unwrap();
                    let number = format.starts_with("int") || format.starts_with("uint");
                    assert!(
                        number || super::super::format::expected(format).is_some(),
                        "unknown format {format}"
                    );
                }
                _ => {}
            }
        }
    }
    visit(&json_schema());
}

#[test]
fn every_setting_has_a_description() {
    fn visit(schema: &Value) {
        if let Some(properties) = schema.get("properties").and_then(Value::as_object) {
            for (name, schema) in properties {
                let text = schema
                    .get("description")
                    .and_then(Value::as_str)
                    .unwrap_or_default();
                assert!(text.ends_with('.'), "{name}: {text}");
                visit(schema);
            }
        }
        schema.get("items").into_iter().for_each(visit);
    }
    visit(&json_schema());
}

#[test]
fn a_fine_configuration_is_summed_up_with_its_routing() {
    let all = load_text(&all_settings());
    assert_eq!(
        report(Path::new("nabat.yml"), &all, Timestamp::from_millis(0)),
        format!(
            "nabat.yml is fine: 2 bots (ops, night-shift), {} monitors, 1 module for /probe, ",
            all.monitors.len()
        ) + "intake for those with a bearer token or a name and password or a secret path, store sqlite:nabat.db\n\
         route: everything to ops, except\n  \
         {team=\"db\",service=~\"^(?:postgres|mysql)$\",severity=~\"warning|critical\"} to db, not during nights, and goes on\n\
         receiver ops: e-mail to ops@example.org, e-mail to boss@example.org; if that fails for 10m: db\n\
         receiver db: webhook https://hooks.example.org/…, chat -1001234567890/5 by ops, chat -100 by ops\n\
         maintenance backups: {team=\"db\",severity!=\"critical\"} for 1h30m, next at 1970-01-04 02:00 (Europe/Berlin)\n"
    );
    assert_eq!(
        report(
            Path::new("nabat.yml"),
            &fine("{}"),
            Timestamp::from_millis(0)
        ),
        "nabat.yml is fine: no bots, intake open to everyone who can reach it, store sqlite:nabat.db\n\
         warning: there are no bots: alerts are kept and shown, but nobody is told\n"
    );
}

#[test]
fn an_open_window_says_until_when() {
    let config =
        fine("maintenance: [{name: now, matchers: [a=b], start: '0 0 1 1 *', duration: 1d}]");
    let at = Timestamp::from_millis(3_600_000);
    let report = report(Path::new("nabat.yml"), &config, at);
    let line = "maintenance now: {a=\"b\"} for 1d, open until 1970-01-02 00:00 (UTC)\n";
    assert!(report.contains(line), "{report}");
}

#[test]
fn an_unencrypted_way_and_a_short_token_are_warned_about() {
    let yaml = "
telegram:
  bots:
    - {name: a, token: '${BOT_TOKEN}', api_url: ['http://10.0.0.1', 'http://[::1]:80', 'http://localhost:1/']}
intake: {auth: {bearer_token: short}}
";
    assert_eq!(
        fine(yaml).warnings(),
        [
            "the token of bot a goes to http://10.0.0.1 unencrypted",
            "intake.auth.bearer_token has fewer than 16 characters and can be guessed"
        ]
    );
}
