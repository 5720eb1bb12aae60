//! The program as it is called: what it prints, with which code it ends, which signals it heeds.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::world::nabat::command;
use crate::world::process::Process;
use crate::world::{World, http, wait};

const GOOD: &str = "telegram:\n  bots: []\n";
/// Two mistakes: a misspelled key and a number that is too small.
const BAD: &str = "langauge: en\nintake:\n  max_body_bytes: 3\n";

/// A command in a folder, with none of the variables that could change what it does.
fn nabat(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = command();
    command.args(arguments).current_dir(folder);
    for name in ["CONFIG", "PORT", "HOST", "LOG", "LOG_LEVEL", "DATA_DIR"] {
        command.env_remove(format!("NABAT_{name}"));
    }
    command.env("HOME", folder).env_remove("XDG_CONFIG_HOME");
    command
}

fn run(folder: &Path, arguments: &[&str]) -> Output {
    nabat(folder, arguments).output().unwrap()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

fn write(folder: &Path, config: &str) {
    fs::write(folder.join("nabat.yml"), config).unwrap();
}

/// Starts `serve` on a free port; returns it and its address once it listens.
async fn serve(name: &str, folder: &Path, command: &mut Command) -> (Process, String) {
    let mut process = Process::start(name, folder, command);
    let address = process.word_after("listening on http://").await;
    (process, address)
}

#[test]
fn check_says_that_a_good_configuration_is_fine() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), GOOD);
    let output = run(folder.path(), &["check"]);
    assert_eq!(output.status.code(), Some(0));
    let said = text(&output.stdout);
    assert!(said.starts_with("./nabat.yml is fine: no bots"), "{said}");
    assert!(said.contains("warning: there are no bots"), "{said}");
    assert_eq!(text(&output.stderr), "");
}

#[test]
fn check_shows_every_mistake_with_its_place_and_serve_the_same() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), BAD);
    let output = run(folder.path(), &["check", "-c", "nabat.yml"]);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(text(&output.stdout), "");
    let said = text(&output.stderr);
    for part in [
        "nabat.yml:1:1: found the unknown key `langauge`",
        "did you mean `language`?",
        "nabat.yml:3:19: intake.max_body_bytes: found `3`",
        "expected a whole number from 1024 to 1073741824",
        "2 mistakes in nabat.yml",
    ] {
        assert!(said.contains(part), "`{part}` in\n{said}");
    }

    let refused = run(folder.path(), &["serve", "-c", "nabat.yml", "-p", "0"]);
    assert_eq!(refused.status.code(), Some(2));
    assert_eq!(text(&refused.stderr), said);
    assert!(
        !folder.path().join("nabat-data").exists(),
        "nothing was started"
    );
}

#[test]
fn without_a_configuration_the_places_are_listed() {
    let folder = tempfile::tempdir().unwrap();
    for arguments in [["check"].as_slice(), &["serve", "-p", "0"]] {
        let output = run(folder.path(), arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        let said = text(&output.stderr);
        let personal = folder.path().join(".config/nabat/nabat.yml");
        for place in [
            "./nabat.yml",
            "/etc/nabat/nabat.yml",
            personal.to_str().unwrap(),
        ] {
            assert!(said.contains(place), "{place} in {said}");
        }
    }
    let output = run(folder.path(), &["check", "-c", "elsewhere.yml"]);
    assert_eq!(output.status.code(), Some(2));
    let said = text(&output.stderr);
    assert_eq!(said, "there is no configuration file elsewhere.yml\n");
}

#[test]
fn arguments_that_make_no_sense_are_explained_in_words() {
    let folder = tempfile::tempdir().unwrap();
    for (arguments, words) in [
        (vec!["incidents", "show", "x"], "expected a number"),
        (vec!["deliveries", "show", "x"], "expected a number"),
        (
            vec!["incidents", "--url", "127.0.0.1:9093"],
            "expected an address such as `http://127.0.0.1:8080`",
        ),
        (
            vec!["alert", "add", "A", "--end", "tomorrow"],
            "neither a period as in `2h` nor a time",
        ),
    ] {
        let output = run(folder.path(), &arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        let said = text(&output.stderr);
        assert!(said.contains(words), "{arguments:?}: {said}");
    }
}

#[tokio::test]
async fn flags_of_alertmanager_that_mean_little_may_stay() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(
        folder.path().join("am.yml"),
        "route: {receiver: x}\nreceivers: [{name: x}]\n",
    )
    .unwrap();
    let mut command = nabat(
        folder.path(),
        &[
            "serve",
            "--config.file=am.yml",
            "--storage.path=state",
            "--web.listen-address=127.0.0.1:0",
            "--cluster.listen-address=",
            "--data.retention=120h",
            "--log.format=logfmt",
        ],
    );
    let (process, _) = serve("alertmanager", folder.path(), &mut command).await;
    let log = process.log();
    for words in [
        "--data.retention changes nothing",
        "--log.format changes nothing",
    ] {
        assert!(log.contains(words), "{words}: {log}");
    }
}

#[test]
fn shells_are_told_how_to_complete() {
    let folder = tempfile::tempdir().unwrap();
    let script = |shell: &str| {
        let output = run(folder.path(), &["completions", shell]);
        assert_eq!(output.status.code(), Some(0), "{shell}");
        text(&output.stdout).to_owned()
    };
    assert!(script("zsh").starts_with("#compdef nabat"));
    assert!(script("fish").contains("complete -c nabat"));
    let asked = r#"
        COMP_WORDS=(nabat silence ex) COMP_CWORD=2
        _nabat nabat ex silence
        echo "${COMPREPLY[@]}"
    "#;
    let bash = script("bash") + asked;
    let output = Command::new("bash").args(["-c", &bash]).output().unwrap();
    let completed: Vec<&str> = text(&output.stdout).split_whitespace().collect();
    assert_eq!(completed, ["expire", "extend"], "{output:?}");
}

#[test]
fn the_schema_is_json() {
    let folder = tempfile::tempdir().unwrap();
    let output = run(folder.path(), &["schema"]);
    assert_eq!(output.status.code(), Some(0));
    let schema: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(schema["$schema"].is_string());
    assert!(schema["properties"]["telegram"].is_object());
}

#[test]
fn help_helps_and_wrong_words_are_usage_mistakes() {
    let folder = tempfile::tempdir().unwrap();
    let helps: [(&[&str], &[&str]); 5] = [
        (
            &["-h"],
            &["serve", "demo", "check", "schema", "completions"],
        ),
        (
            &["serve", "-h"],
            &[
                "--port",
                "--host",
                "--config",
                "--log",
                "--data-dir",
                "NABAT_PORT",
                "NABAT_HOST",
                "NABAT_CONFIG",
                "NABAT_LOG",
                "NABAT_DATA_DIR",
                "8080",
                "127.0.0.1",
            ],
        ),
        (&["demo", "-h"], &["--port"]),
        (&["check", "-h"], &["--config"]),
        (&["schema", "-h"], &["--markdown"]),
    ];
    for (arguments, parts) in helps {
        let output = run(folder.path(), arguments);
        assert_eq!(output.status.code(), Some(0), "{arguments:?}");
        for part in parts {
            assert!(
                text(&output.stdout).contains(part),
                "{part} in {arguments:?}"
            );
        }
    }
    let version = run(folder.path(), &["--version"]);
    let expected = concat!("nabat ", env!("CARGO_PKG_VERSION"), "\n");
    assert_eq!(text(&version.stdout), expected);
    for wrong in [
        ["sreve"].as_slice(),
        &["serve", "--prot", "1"],
        &["serve", "-p", "x"],
        &[],
    ] {
        let output = run(folder.path(), wrong);
        assert_eq!(output.status.code(), Some(2), "{wrong:?}");
        assert!(
            text(&output.stderr).contains("--help") || wrong.is_empty(),
            "{wrong:?}"
        );
    }
}

/// As in the container image, which sets them for everybody.
#[tokio::test]
async fn a_flag_goes_before_a_variable() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(
        folder.path().join("alertmanager.yml"),
        "{route: {receiver: a}, receivers: [{name: a}]}",
    )
    .unwrap();
    let in_the_container = |arguments: &[&str]| {
        let mut command = nabat(folder.path(), arguments);
        command
            .env("NABAT_HOST", "0.0.0.0")
            .env("NABAT_PORT", "8080")
            .env("NABAT_CONFIG", "/nowhere/nabat.yml");
        command
    };
    let named = ["--alertmanager.config", "alertmanager.yml"];
    for given in [named.as_slice(), &["--config", "alertmanager.yml"]] {
        let checked = in_the_container(&[&["check"], given].concat())
            .output()
            .unwrap();
        assert!(checked.status.success(), "{}", text(&checked.stderr));
    }
    let unnamed = in_the_container(&["check"]).output().unwrap();
    assert!(text(&unnamed.stderr).contains("/nowhere/nabat.yml"));

    let every = ["serve", "--web.listen-address", ":0"];
    let mut command = in_the_container(&[every.as_slice(), &named].concat());
    let (_process, address) = serve("every address", folder.path(), &mut command).await;
    let (_, port) = address.rsplit_once(':').unwrap();
    let mut asked = vec!["127.0.0.1"];
    if std::net::TcpListener::bind("[::1]:0").is_ok() {
        asked.push("[::1]");
    }
    for host in asked {
        let url = format!("http://{host}:{port}/-/healthy");
        assert!(http::is_ok(&http::client(), &url).await, "{url}");
    }

    for both in [
        ["-c", "nabat.yml", named[0], named[1]],
        ["-p", "1", "--web.listen-address", ":0"],
    ] {
        let arguments = [&["serve"], both.as_slice()].concat();
        assert_eq!(
            run(folder.path(), &arguments).status.code(),
            Some(2),
            "{both:?}"
        );
    }
    let mut command = nabat(folder.path(), &["serve", named[0], named[1]]);
    let wrong = command.env("NABAT_PORT", "x").output().unwrap();
    assert_eq!(wrong.status.code(), Some(2));
    assert!(text(&wrong.stderr).contains("NABAT_PORT is `x`"));
}

#[test]
fn what_can_not_be_written_is_a_failure() {
    let folder = tempfile::tempdir().unwrap();
    let full = || fs::File::options().write(true).open("/dev/full").unwrap();
    for arguments in [["schema"].as_slice(), &["completions", "bash"]] {
        let output = nabat(folder.path(), arguments).stdout(full()).output();
        let output = output.unwrap();
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        let said = text(&output.stderr);
        assert!(said.starts_with("nabat: failed to write"), "{said}");
    }
}

#[test]
fn a_configuration_that_is_no_file_is_told_as_such() {
    let folder = tempfile::tempdir().unwrap();
    let output = run(folder.path(), &["check", "-c", "."]);
    assert_eq!(output.status.code(), Some(2));
    let said = text(&output.stderr);
    assert!(said.contains("it is not a regular file"), "{said}");
}

#[test]
fn a_port_that_is_taken_ends_it_with_its_address() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), GOOD);
    let other = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = other.local_addr().unwrap().port().to_string();
    let output = run(folder.path(), &["serve", "-p", &port]);
    assert_eq!(output.status.code(), Some(1));
    let said = text(&output.stderr);
    assert!(
        said.contains(&format!("failed to listen on 127.0.0.1:{port}")),
        "{said}"
    );
}

#[tokio::test]
async fn a_second_nabat_on_the_same_data_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), GOOD);
    let arguments = ["serve", "-p", "0"];
    let mut first = nabat(folder.path(), &arguments);
    let (mut first, _) = serve("first", folder.path(), &mut first).await;
    let second = run(folder.path(), &arguments);
    assert_eq!(second.status.code(), Some(1));
    let said = text(&second.stderr);
    let expected = format!("another Nabat (process {}) uses the store", first.pid());
    assert!(said.contains(&expected), "{said}");

    first.kill9();
    let mut third = nabat(folder.path(), &arguments);
    let (_third, address) = serve("third", folder.path(), &mut third).await;
    assert!(http::is_ok(&http::client(), &format!("http://{address}/-/ready")).await);
}

#[tokio::test]
async fn it_stops_in_order_when_asked_to() {
    for signal in ["TERM", "INT"] {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), GOOD);
        let mut command = nabat(folder.path(), &["serve", "-p", "0"]);
        let (mut process, _) = serve(signal, folder.path(), &mut command).await;
        let asked = Instant::now();
        process.signal(signal);
        assert_eq!(process.ended().await.code(), Some(0), "{signal}");
        assert!(asked.elapsed() < Duration::from_secs(10), "{signal}");
        assert!(process.log().contains("stopped"), "{}", process.log());
    }
}

#[tokio::test]
async fn a_bot_that_polls_does_not_hold_up_the_end() {
    let mut world = World::start().await;
    world.ask("/regexp all").await;
    let asked = Instant::now();
    let status = world.nabat.terminate().await;
    assert_eq!(status.code(), Some(0));
    assert!(asked.elapsed() < Duration::from_secs(10));
}

#[tokio::test]
async fn a_request_in_hand_is_finished_before_it_stops() {
    let mut world = World::start().await;
    let body = r#"{"alerts":[{"labels":{"alertname":"DiskFull"}}]}"#;
    let (first, rest) = body.split_at(20);
    let address = world.nabat.url("").replace("http://", "");
    let mut stream = TcpStream::connect(address).unwrap();
    let length = body.len();
    write!(
        stream,
        "POST / HTTP/1.1\r\nHost: nabat\r\nContent-Length: {length}\r\nExpect: 100-continue\r\n\r\n"
    )
    .unwrap();
    // Nabat says so when it begins to read the body: from then on the request is in hand.
    let mut go_on = [0; b"HTTP/1.1 100 Continue\r\n\r\n".len()];
    stream.read_exact(&mut go_on).unwrap();
    stream.write_all(first.as_bytes()).unwrap();
    world.nabat.signal("TERM");
    wait::until("it to stop", async || {
        world.nabat.log().contains("stopping").then_some(())
    })
    .await;
    stream.write_all(rest.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert_eq!(world.nabat.ended().await.code(), Some(0));
    world.nabat.restart().await;
    let all = world.ask("/alerts").await.text;
    assert!(all.starts_with("1 alert fires now."), "{all}");
}

#[tokio::test]
async fn options_can_be_given_by_the_environment() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("other.yml"), GOOD).unwrap();
    let mut command = nabat(folder.path(), &["serve"]);
    command
        .env("NABAT_CONFIG", "other.yml")
        .env("NABAT_PORT", "0")
        .env("NABAT_HOST", "127.0.0.2")
        .env("NABAT_DATA_DIR", "state")
        .env("NABAT_LOG_LEVEL", "info");
    let (_process, address) = serve("nabat", folder.path(), &mut command).await;
    assert!(address.starts_with("127.0.0.2:"), "{address}");
    assert!(folder.path().join("state/nabat.db").exists());
    let mut check = nabat(folder.path(), &["check"]);
    let output = check.env("NABAT_CONFIG", "other.yml").output().unwrap();
    assert_eq!(output.status.code(), Some(0));
}

#[tokio::test]
async fn off_a_terminal_each_line_of_the_log_is_json() {
    let world = World::start().await;
    let log = wait::until("the bot to listen", async || {
        let log = world.nabat.log();
        log.contains("the bot listens").then_some(log)
    })
    .await;
    for line in log.lines() {
        let entry: Value = serde_json::from_str(line).unwrap();
        assert!(entry["timestamp"].is_string(), "{line}");
        assert!(entry["level"].is_string(), "{line}");
        assert!(entry["fields"]["message"].is_string(), "{line}");
    }
    assert!(!log.contains(crate::world::TOKEN), "no token in the log");
}

#[tokio::test]
async fn a_log_file_is_opened_anew_after_it_was_renamed() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), GOOD);
    let log = folder.path().join("log.json");
    let old = folder.path().join("log.json.1");
    let mut command = nabat(folder.path(), &["serve", "-p", "0", "-l", "log.json"]);
    let process = Process::start("nabat", folder.path(), &mut command);
    let read = |path: &Path| fs::read_to_string(path).unwrap_or_default();
    wait::until("a log file", async || {
        read(&log).contains("listening").then_some(())
    })
    .await;

    fs::rename(&log, &old).unwrap();
    process.signal("HUP");
    wait::until("a new log file", async || {
        read(&log)
            .contains("the configuration was read again")
            .then_some(())
    })
    .await;
    assert!(!read(&old).contains("read again"));
    for line in read(&log).lines() {
        serde_json::from_str::<Value>(line).unwrap();
    }
    assert_eq!(process.log(), "", "nothing goes elsewhere");
}
