//! Silences on the command line, Nabat's and amtool's.

use std::process::{Command, Output};

use serde_json::{Value, json};

use super::{made, one, silence};
use crate::world::nabat::command;
use crate::world::talk::moment;
use crate::world::{OWNER, World};

#[tokio::test]
async fn where_anyone_may_send_the_command_line_needs_no_token_for_the_same() {
    let world = World::start().await;
    let output = without_token(&world, &["alert", "add", "Disk"]).await;
    assert_eq!(out(&output), "");
    let output = without_token(&world, &["alert", "list"]).await;
    assert!(out(&output).contains("Disk"), "{output:?}");
    let output = without_token(&world, &["silence", "add", "Disk"]).await;
    assert_eq!(out(&output).len(), 36);
    let output = without_token(&world, &["incidents"]).await;
    assert_eq!(output.status.code(), Some(1));
    let said = text(&output.stderr);
    assert!(
        said.contains("failed to read the API's token from"),
        "{said}"
    );
    assert!(said.contains("there is no such file"), "{said}");
}

/// Runs a command that finds no token.
pub(super) async fn without_token(world: &World, arguments: &[&str]) -> Output {
    let mut command = command();
    command
        .args(arguments)
        .args(["--url", &world.nabat.url("")]);
    command.args(["--data-dir", "/nowhere"]);
    command.env_remove("NABAT_TOKEN_FILE");
    ended(command).await
}

/// Runs `nabat silence` against the world's Nabat.
pub(super) async fn run(world: &World, arguments: &[&str]) -> Output {
    nabat(world, "silence", arguments).await
}

async fn nabat(world: &World, what: &str, arguments: &[&str]) -> Output {
    let mut command = command();
    command.arg(what).args(arguments);
    command.args(["--url", &world.nabat.url("")]);
    command.arg("--data-dir").arg(world.nabat.data_dir());
    command.env_remove("NABAT_TOKEN_FILE").env("USER", "ann");
    ended(command).await
}

/// Runs amtool against the world's Nabat.
async fn amtool(world: &World, arguments: &[&str]) -> Output {
    let mut command = Command::new("amtool");
    command.arg(format!("--alertmanager.url={}", world.nabat.url("")));
    command.args(arguments).env("HOME", world.nabat.data_dir());
    ended(command).await
}

async fn ended(mut command: Command) -> Output {
    tokio::task::spawn_blocking(move || command.output().unwrap())
        .await
        .unwrap()
}

pub(super) fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap().trim_end()
}

fn out(output: &Output) -> &str {
    assert!(output.status.success(), "{output:?}");
    text(&output.stdout)
}

#[tokio::test]
async fn the_command_line_makes_shows_extends_and_ends_silences() {
    let world = World::start().await;
    let output = run(&world, &["list"]).await;
    assert_eq!((out(&output), text(&output.stderr)), ("", "no silences"));

    let add = ["add", "Disk", "team=~db|web", "-d", "2h", "-c", "the move"];
    let output = run(&world, &add).await;
    let id = out(&output).to_owned();
    let shown = one(&world, &id).await;
    assert_eq!(shown["createdBy"], "ann");
    assert_eq!(shown["matchers"][1]["value"], "db|web");

    let output = run(&world, &["list"]).await;
    let lines: Vec<&str> = out(&output).lines().collect();
    assert!(
        lines[0].starts_with("ID ") && lines[0].ends_with("COMMENT"),
        "{lines:?}"
    );
    let line =
        format!("{id}  active  2h left  ann  alertname=\"Disk\", team=~\"db|web\"  the move");
    assert_eq!(lines[1..], [line]);
    let output = run(&world, &["list", "alertname=Net", "-o", "json"]).await;
    assert_eq!(out(&output), "[]");
    let output = run(&world, &["show", &id]).await;
    assert!(out(&output).contains("comment   the move"), "{output:?}");

    let output = run(&world, &["extend", &id, "-d", "1d"]).await;
    assert_eq!(out(&output), id);
    let output = run(&world, &["list"]).await;
    assert!(out(&output).contains("1d2h left"), "{output:?}");
    let output = run(&world, &["expire", &id, "-o", "json"]).await;
    let ended: Value = serde_json::from_str(out(&output)).unwrap();
    assert_eq!(ended, json!({"silenceID": id}));
    let output = run(&world, &["list", "--expired", "-o", "json"]).await;
    let all: Value = serde_json::from_str(out(&output)).unwrap();
    assert_eq!(all[0]["status"]["state"], "expired");

    let output = run(&world, &["add", "Disk", "--until-resolved", "-o", "json"]).await;
    let made: Value = serde_json::from_str(out(&output)).unwrap();
    let shown = one(&world, made["silenceID"].as_str().unwrap()).await;
    assert_eq!(shown["annotations"], json!({"nabat/until": "resolved"}));
    let output = run(&world, &["list"]).await;
    assert!(
        out(&output).contains("until resolved, 1d left"),
        "{output:?}"
    );
    let output = run(&world, &["add", "Net", "--start", "36h"]).await;
    let later = out(&output).to_owned();
    let output = run(&world, &["show", &later]).await;
    assert!(out(&output).contains("pending, in 1d12h"), "{output:?}");

    let unknown = "11111111-2222-4333-8444-555555555555";
    for (arguments, code, words) in [
        (
            vec!["extend", &*id, "-d", "1h"],
            1,
            "it is over; make another one",
        ),
        (
            vec!["expire", unknown],
            1,
            "11111111-2222-4333-8444-555555555555: not found",
        ),
        (
            vec!["show", unknown],
            1,
            "failed to show the silence 11111111-2222-4333-8444-555555555555: not found",
        ),
        (
            vec!["show", "xyz"],
            2,
            "silenceID in path must be of type uuid",
        ),
        (
            vec!["add", "a=\"\""],
            2,
            "at least one matcher must not match the empty string",
        ),
        (vec!["add", "a=b", "c"], 2, "`c` is no matcher"),
        (vec!["add", "a=b", "-d", "soon"], 2, "not a duration"),
        (vec!["add"], 2, "required"),
    ] {
        let output = run(&world, &arguments).await;
        let said = text(&output.stderr);
        assert!(
            output.status.code() == Some(code) && said.contains(words),
            "{arguments:?} {output:?}"
        );
        assert_eq!(said.lines().count() > 1, said.contains("--help"), "{said}");
    }
}

#[tokio::test]
async fn the_command_line_sends_alerts_and_shows_what_fires() {
    let world = World::start().await;
    world.subscribe(OWNER, OWNER).await;
    let output = nabat(&world, "alert", &["list"]).await;
    assert_eq!((out(&output), text(&output.stderr)), ("", "nothing fires"));
    let add = [
        "add",
        "Disk",
        "host=a b",
        "--annotation",
        "summary=the disk is full",
    ];
    assert_eq!(out(&nabat(&world, "alert", &add).await), "");
    world.told(OWNER, "the disk is full").await;
    made(&world, &silence(0, 3_600)).await;
    let output = nabat(&world, "alert", &["list", "Disk"]).await;
    let lines: Vec<&str> = out(&output).lines().collect();
    let words: Vec<&str> = lines[1].split_whitespace().collect();
    assert_eq!(words[..2], ["Disk", "suppressed"], "{lines:?}");
    assert!(
        lines[1].ends_with("host=a b  the disk is full"),
        "{lines:?}"
    );
    let output = nabat(&world, "alert", &["list", "--active", "-o", "json"]).await;
    assert_eq!(out(&output), "[]");
    // One with an end and no start begins now.
    let add = ["add", "Soon", "--end", "20m"];
    assert_eq!(out(&nabat(&world, "alert", &add).await), "");
    let add = ["add", "Long", "--start", "2h", "-o", "json"];
    out(&nabat(&world, "alert", &add).await);
    let output = nabat(&world, "alert", &["list", "-o", "json"]).await;
    let alerts: Value = serde_json::from_str(out(&output)).unwrap();
    let now = moment(1);
    for alert in alerts.as_array().unwrap() {
        assert!(
            alert["startsAt"].as_str().unwrap() < now.as_str(),
            "{alert}"
        );
    }
    for name in ["Soon", "Long"] {
        let output = nabat(&world, "alert", &["add", name, "--end", "0s"]).await;
        assert_eq!(out(&output), "");
    }
    let end = ["add", "Disk", "host=a b", "--end", &moment(-1)];
    assert_eq!(out(&nabat(&world, "alert", &end).await), "");
    let output = nabat(&world, "alert", &["list", "-o", "json"]).await;
    assert_eq!(out(&output), "[]");
    // Where alerts are open to everyone, no token is asked for.
    let elsewhere = tempfile::tempdir().unwrap();
    let mut list = command();
    list.args(["alert", "list", "-o", "json", "--url", &world.nabat.url("")]);
    list.current_dir(elsewhere.path());
    list.env_remove("NABAT_TOKEN_FILE")
        .env_remove("NABAT_DATA_DIR");
    assert_eq!(out(&ended(list).await), "[]");
    for (arguments, code, words) in [
        (vec!["add"], 2, "required"),
        (vec!["add", "Disk", "host"], 2, "`host` is not `name=value`"),
        (vec!["list", "a=b", "c"], 2, "`c` is no matcher"),
        (
            vec!["list", "--receiver", "("],
            2,
            "failed to parse receiver param",
        ),
    ] {
        let output = nabat(&world, "alert", &arguments).await;
        let said = text(&output.stderr);
        let same = output.status.code() == Some(code) && said.contains(words);
        assert!(same, "{arguments:?} {output:?}");
    }
}

#[tokio::test]
async fn amtool_works_as_with_alertmanager() {
    let world = World::start().await;
    let add = [
        "silence",
        "add",
        "Disk",
        "team=~db|web",
        "-a",
        "me",
        "-c",
        "why",
        "-d",
        "1h",
    ];
    let output = amtool(&world, &add).await;
    let id = out(&output).to_owned();
    assert_eq!(id.len(), 36, "{id}");

    let output = amtool(&world, &["silence", "query"]).await;
    let lines: Vec<&str> = out(&output).lines().collect();
    assert_eq!(lines.len(), 2, "{lines:?}");
    let words: Vec<&str> = lines[1].split_whitespace().collect();
    assert_eq!(words[..3], [&*id, "alertname=\"Disk\"", "team=~\"db|web\""]);
    assert_eq!(words[words.len() - 2..], ["me", "why"]);
    let output = amtool(&world, &["silence", "query", "-q", "alertname=Disk"]).await;
    assert_eq!(out(&output), id);
    let output = amtool(&world, &["silence", "query", "-q", "alertname=Net"]).await;
    assert_eq!(out(&output), "");

    let exported = amtool(&world, &["silence", "query", "-o", "json"]).await;
    let file = world.nabat.data_dir().join("silences.json");
    std::fs::write(&file, out(&exported)).unwrap();

    let output = amtool(
        &world,
        &["silence", "update", "-d", "2h", "-c", "longer", &id],
    )
    .await;
    assert!(out(&output).contains("longer"), "{output:?}");
    assert_eq!(one(&world, &id).await["comment"], "longer");

    let output = amtool(&world, &["silence", "expire", &id]).await;
    assert_eq!(out(&output), "");
    let output = amtool(&world, &["silence", "query", "-q"]).await;
    assert_eq!(out(&output), "");
    let output = amtool(
        &world,
        &["silence", "query", "-q", "--expired", "--within", "1h"],
    )
    .await;
    assert_eq!(out(&output), id);

    let output = amtool(&world, &["silence", "import", file.to_str().unwrap()]).await;
    let imported = out(&output);
    assert_eq!(
        imported.len(),
        36,
        "an expired one is made anew: {output:?}"
    );
    assert_ne!(imported, id);
    let other = std::fs::read_to_string(&file)
        .unwrap()
        .replace(&id, "11111111-2222-4333-8444-555555555555");
    std::fs::write(&file, other).unwrap();
    let output = amtool(&world, &["silence", "import", file.to_str().unwrap()]).await;
    assert_eq!(
        out(&output).len(),
        36,
        "one of another Alertmanager too: {output:?}"
    );

    let output = amtool(
        &world,
        &["silence", "expire", "11111111-2222-4333-8444-555555555555"],
    )
    .await;
    assert_eq!(output.status.code(), Some(1));
    let output = amtool(&world, &["silence", "add", "a=~\"(\"", "-c", "x"]).await;
    assert_eq!(output.status.code(), Some(1), "{output:?}");
}
