//! Routes: an `alertmanager.yml` as it is and imported, who is told by it, and the words of amtool.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use nabat::config::{Form, parse_as};
use nabat_core::alert::Labels;
use reqwest::Method;
use serde_json::{Value, json};

use crate::world::World;
use crate::world::nabat::command;

/// Where Debian keeps Alertmanager's own test files.
const TESTDATA: &str = "/usr/share/gocode/src/github.com/prometheus/alertmanager/config/testdata";
/// How many random trees are compared with amtool, and with how many alerts each.
const TREES: u64 = 12;
const ALERTS: usize = 4;

fn run(arguments: &[&str]) -> Output {
    command().args(arguments).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn amtool(arguments: &[&str]) -> Output {
    Command::new("amtool").args(arguments).output().unwrap()
}

/// Numbers from a seed (splitmix64).
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut number = self.0;
        number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (number ^ (number >> 31)) % bound
    }

    fn pick<'a>(&mut self, words: &[&'a str]) -> &'a str {
        words[usize::try_from(self.below(words.len() as u64)).unwrap()]
    }

    fn routes(&mut self, level: u64) -> Vec<Value> {
        let count = if level > 3 { 0 } else { self.below(4) };
        (0..count).map(|_| self.route(level)).collect()
    }

    fn route(&mut self, level: u64) -> Value {
        let name = self.pick(&["a", "b", "c"]);
        let matcher = match self.below(5) {
            0 => format!("{name}=\"\""),
            1 => format!("{name}=x"),
            2 => format!("{name}!=\"y\""),
            3 => format!("{name}=~\"x|y.*\""),
            _ => format!("{name}!~\"y|\""),
        };
        let mut route = json!({
            "matchers": [matcher],
            "continue": self.below(3) == 0,
            "routes": self.routes(level + 1),
        });
        if self.below(4) > 0 {
            route["receiver"] = format!("r{}", self.below(6)).into();
        }
        route
    }

    fn tree(&mut self) -> Value {
        let receivers: Vec<Value> = (0..6).map(|i| json!({"name": format!("r{i}")})).collect();
        json!({
            "route": {"receiver": "r0", "routes": self.routes(1)},
            "receivers": receivers,
        })
    }

    fn alert(&mut self) -> Vec<(String, String)> {
        let names = ["a", "b", "c"].into_iter();
        let mut labels: Vec<(String, String)> = vec![("alertname".into(), "X".into())];
        for name in names {
            let value = self.pick(&["", "x", "y", "yy", "z"]);
            if !value.is_empty() {
                labels.push((name.into(), value.into()));
            }
        }
        labels
    }
}

#[test]
fn random_trees_route_as_amtool_says() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("alertmanager.yml");
    for seed in 0..TREES {
        let mut random = Random(seed);
        let tree = random.tree().to_string();
        fs::write(&file, &tree).unwrap();
        let config = parse_as(Form::Alertmanager, &file, tree.as_bytes(), &|_| None).unwrap();
        let routing = config.routing().unwrap();
        for _ in 0..ALERTS {
            let alert = random.alert();
            let words: Vec<String> = alert.iter().map(|(k, v)| format!("{k}={v}")).collect();
            let path = format!("--config.file={}", file.display());
            let mut arguments = vec!["config", "routes", "test", path.as_str()];
            arguments.extend(words.iter().map(String::as_str));
            let theirs = text(&amtool(&arguments).stdout);
            let labels: Labels = alert
                .iter()
                .map(|(k, v)| (k.as_str(), v.as_str()))
                .collect();
            let found = routing.root.find(&labels);
            let ours: Vec<&str> = found.iter().map(|route| &*route.receiver).collect();
            assert_eq!(
                ours.join(","),
                theirs.trim(),
                "seed {seed}: {words:?}\n{tree}"
            );
        }
    }
}

/// Matchers as people write them, and what trips a reader.
const MATCHERS: [&str; 40] = [
    r"instance=~foo\.bar",
    r"instance=~foo\\.bar",
    r#"instance=~"foo\.bar""#,
    r#"instance=~"foo\\.bar""#,
    r"instance=~foo.bar",
    "instance=foo.bar",
    "instance=foo.bar team=db",
    r#"instance="foo.bar" team=db"#,
    r#"instance="foo.bar",team=db"#,
    "{instance=foo.bar, team=~d.,}",
    "{instance=foo.bar",
    "instance=foo.bar}",
    "instance=foo.bar}}",
    " {instance=foo.bar}",
    "instance=foo.bar,,team=db",
    ",",
    "instance",
    "=foo.bar",
    "instance!foo.bar",
    "instance==foo.bar",
    "instance=~(foo",
    "instance=~foo.bar|web",
    "instance=~foo",
    "instance!~foo",
    "instance!=",
    "missing=",
    r#"missing="""#,
    r#"missing=""#,
    "missing=~",
    "instance=~.*",
    r"instance=~foo\Dbar",
    r"instance=~\w+\Wbar",
    r"instance=~foo[.]b\b*ar",
    "instance=~(?i)FOO.BAR",
    r#"quoted=A"b"#,
    r#"quoted=A\"b"#,
    r#"quoted="A\"b""#,
    r"quoted=~A.b",
    r"team=d\b",
    r"team=~\p{L}+",
];

/// The table that shows that a text means here what it means to Alertmanager.
#[test]
fn matchers_mean_what_they_mean_to_amtool() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("alertmanager.yml");
    let alerts: [&[(&str, &str)]; 3] = [
        &[("instance", "foo.bar"), ("team", "db")],
        &[("instance", "fooxbar"), ("team", "дб")],
        &[("quoted", "A\"b"), ("instance", "foo.bar team=db")],
    ];
    for matchers in MATCHERS {
        let tree = json!({
            "route": {"receiver": "others", "routes": [{"matchers": [matchers], "receiver": "those"}]},
            "receivers": [{"name": "others"}, {"name": "those"}],
        })
        .to_string();
        fs::write(&file, &tree).unwrap();
        let theirs = amtool(&["check-config", &file.display().to_string()]);
        let ours = parse_as(Form::Alertmanager, &file, tree.as_bytes(), &|_| None);
        assert_eq!(
            ours.is_ok(),
            theirs.status.success(),
            "{matchers}: {ours:?}"
        );
        let Ok(config) = ours else {
            continue;
        };
        let routing = config.routing().unwrap();
        for alert in alerts {
            let escaped = |value: &str| value.replace('"', "\\\"");
            let words = alert.iter().map(|(k, v)| format!("{k}={}", escaped(v)));
            let words: Vec<String> = words.collect();
            let path = format!("--config.file={}", file.display());
            let mut arguments = vec!["config", "routes", "test", path.as_str()];
            arguments.extend(words.iter().map(String::as_str));
            let theirs = amtool(&arguments);
            assert!(
                theirs.status.success(),
                "{words:?}: {}",
                text(&theirs.stderr)
            );
            let labels: Labels = alert.iter().copied().collect();
            let ours = &routing.root.find(&labels)[0].receiver;
            assert_eq!(
                &**ours,
                text(&theirs.stdout).trim(),
                "{matchers}: {alert:?}"
            );
        }
    }
}

fn samples() -> Vec<PathBuf> {
    let mut files = vec![PathBuf::from("/etc/prometheus/alertmanager.yml")];
    let known = fs::read_dir(TESTDATA).expect("`cargo xtask setup` installs it");
    files.extend(known.map(|file| file.unwrap().path()));
    let fine = |file: &PathBuf| {
        let path = file.display().to_string();
        path.ends_with(".yml") && amtool(&["check-config", &path]).status.success()
    };
    files.into_iter().filter(fine).collect()
}

/// What amtool accepts is imported whole, or it is said what is not, and why.
#[test]
fn alertmanagers_own_files_are_imported() {
    let folder = tempfile::tempdir().unwrap();
    let made = folder.path().join("nabat.yml");
    let samples = samples();
    assert!(samples.len() > 5, "{samples:?}");
    for file in samples {
        let path = file.display().to_string();
        let imported = run(&["import", "alertmanager", &path]);
        let said = text(&imported.stderr);
        fs::write(&made, &imported.stdout).unwrap();
        let check = run(&["check", "--config", &made.display().to_string()]);
        let refused = said.contains("not taken over: ");
        // Some name files of secrets that are not there.
        let in_the_way = said.contains("which cannot be read");
        assert_eq!(
            imported.status.success(),
            !refused && !in_the_way,
            "{path}: {said}"
        );
        assert_eq!(
            check.status.success(),
            !in_the_way,
            "{path}: {}",
            text(&check.stderr)
        );
        let as_it_is = run(&["check", "--alertmanager.config", &path]);
        let taken = as_it_is.status.success();
        assert_eq!(
            taken,
            imported.status.success(),
            "{path}: {}",
            text(&as_it_is.stderr)
        );
    }
}

const TREE: &str = "
route:
  receiver: all
  group_by: [alertname]
  routes:
  - matchers: [team=~\"db|web\"]
    receiver: archive
    continue: true
  - matchers: [team=\"db\"]
    group_wait: 0s
    receiver: db
    mute_time_intervals: [nights]
time_intervals:
- name: nights
  time_intervals: [{times: [{start_time: '22:00', end_time: '24:00'}]}]
receivers:
- name: all
- name: archive
  webhook_configs: [{url: 'http://archive.example.org/x'}]
- name: db
";

#[test]
fn routes_are_drawn_and_tested_from_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("alertmanager.yml");
    fs::write(&file, TREE).unwrap();
    let path = file.display().to_string();
    let shown = run(&["routes", "show", "--config.file", &path]);
    assert_eq!(
        text(&shown.stdout),
        "everything → all; by alertname; first after 30s, news every 5m, again every 4h
├─ team=~\"db|web\" → archive, and goes on
└─ team=\"db\" → db, not during nights; by alertname; first after 0s, news every 5m, again every 4h
receiver all: nobody
receiver archive: webhook http://archive.example.org/…
receiver db: nobody
"
    );
    let test = |receivers: &str| {
        let receivers = format!("--receivers={receivers}");
        run(&[
            "routes",
            "test",
            "--config.file",
            &path,
            &receivers,
            "team=db",
            "alertname=X",
        ])
    };
    let told = test("archive,db");
    assert!(told.status.success(), "{}", text(&told.stderr));
    let said = text(&told.stdout);
    assert!(said.contains("because  team=~\"db|web\"\n"), "{said}");
    assert!(
        said.contains("group    {}/{team=\"db\"}:{alertname=\"X\"}\n"),
        "{said}"
    );
    assert!(
        said.contains("again every 4h, not during nights\n"),
        "{said}"
    );
    let other = test("db");
    assert_eq!(other.status.code(), Some(1));
    assert!(text(&other.stderr).contains("it goes to archive, db, not to db"));
    let test = ["routes", "test", "--config.file", &path];
    let named = run(&[&test[..], &["X", "team=db"]].concat());
    assert!(text(&named.stdout).contains(r#":{alertname="X"}"#));
    let usage = run(&[&test[..], &["X", "team"]].concat());
    assert_eq!(usage.status.code(), Some(2));
}

const HOURS: &str = "
global:
  telegram_api_url: http://telegram.example.org
route:
  receiver: people
  routes:
  - matchers: ['team=db']
    receiver: people
    mute_time_intervals: [always]
    continue: true
  - matchers: ['severity=critical']
    receiver: people
    active_time_intervals: [always]
time_intervals:
- name: always
  time_intervals: [{times: [{start_time: '00:00', end_time: '24:00'}]}]
receivers:
- name: people
  webhook_configs: [{url: 'http://people.example.org/x'}]
  telegram_configs: [{bot_token: '7:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA', chat_id: 42}]
";

#[test]
fn routes_that_are_quiet_now_say_so_and_a_chat_is_told_by_another() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("alertmanager.yml");
    fs::write(&file, HOURS).unwrap();
    let path = file.display().to_string();
    let shown = run(&["routes", "show", "--config.file", &path]);
    let drawn = text(&shown.stdout);
    for line in [
        "→ people, not during always (quiet now, with no end in sight), and goes on\n",
        "→ people, only during always\n",
    ] {
        assert!(drawn.contains(line), "{drawn}{}", text(&shown.stderr));
    }
    let test = |labels: &[&str]| {
        let mut arguments = vec!["routes", "test", "--config.file", &path, "-o", "json"];
        arguments.extend(labels);
        let told: Value = serde_json::from_slice(&run(&arguments).stdout).unwrap();
        told["routes"].clone()
    };
    let routes = test(&["team=db", "severity=critical"]);
    let webhook = json!("webhook http://people.example.org/…");
    assert_eq!(routes[0]["mute_time_intervals"], json!(["always"]));
    assert_eq!(routes[0]["muted"], json!({"by": ["always"], "until": null}));
    assert_eq!(routes[0]["told"], json!([webhook]));
    assert_eq!(routes[0]["told_otherwise"].as_array().unwrap().len(), 1);
    assert_eq!(routes[1]["muted"], Value::Null);
    assert_eq!(
        routes[1]["told"],
        json!([webhook, routes[0]["told_otherwise"][0]])
    );
    assert_eq!(routes[1]["told_otherwise"], json!([]));
    let alone = test(&["team=db"]);
    assert_eq!(alone[0]["told"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_running_nabat_tells_of_its_routes_and_subscriptions() {
    let world = World::start().await;
    let (status, shown) = world.api(Method::GET, "/api/v1/routes").await;
    assert!(status.is_success(), "{shown}");
    assert_eq!(shown["route"], Value::Null);
    let told = world
        .run(&["routes", "test", "-o", "json", "alertname=X"])
        .await;
    let told: Value = serde_json::from_slice(&told.stdout).unwrap();
    assert_eq!(told, json!({"routes": [], "subscriptions": []}));
}

#[test]
fn an_import_of_nothing_is_a_mistake_of_the_caller() {
    let missing = Path::new("/nowhere/alertmanager.yml").display().to_string();
    let imported = run(&["import", "alertmanager", &missing]);
    assert_eq!(imported.status.code(), Some(2));
    assert_eq!(text(&imported.stdout), "");
}
