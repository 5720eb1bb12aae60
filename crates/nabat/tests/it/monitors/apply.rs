//! `nabat monitor apply`: whether what was added works is said when it is known.

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpListener;

use super::of;
use crate::world::World;
use crate::world::nabat::command;
use crate::world::site::Site;
use crate::world::wait::until;

/// A folder with a file of these monitors.
fn folder(monitors: &Value) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    write(&folder, monitors);
    folder
}

fn write(folder: &TempDir, monitors: &Value) {
    fs::write(folder.path().join("all.json"), monitors.to_string()).unwrap();
}

/// What has monitors applied, to be run beside the test.
fn apply(world: &World, folder: &Path, more: &[&str]) -> Command {
    let mut command = command();
    command.args(["monitor", "apply", "-f"]).arg(folder);
    command.args(more).args(["--url", &world.nabat.url("")]);
    command.arg("--data-dir").arg(world.nabat.data_dir());
    command.env_remove("NABAT_TOKEN_FILE");
    command
}

async fn output(mut command: Command) -> Output {
    let run = tokio::task::spawn_blocking(move || command.output().unwrap());
    run.await.unwrap()
}

fn said(output: &[u8]) -> String {
    String::from_utf8_lossy(output).into_owned()
}

/// A service that takes connections and never says anything.
async fn mute() -> (TcpListener, Value) {
    let mute = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", mute.local_addr().unwrap());
    let monitor = json!({ "name": "mute", "http": url, "interval": "1m", "timeout": "1m" });
    (mute, monitor)
}

#[tokio::test]
async fn whoever_waits_is_told_which_of_the_applied_are_down_and_why() {
    let (shop, blog) = (Site::start().await, Site::start().await);
    blog.answer(503);
    let world = World::start().await;
    let job = json!({ "name": "job", "heartbeat": { "period": "1d" } });
    let both = json!({ "name": "both", "group": "shop, blog" });
    let monitors = json!([of(&shop, "shop"), of(&blog, "blog"), job, both]);
    let folder = folder(&monitors);
    let first = output(apply(&world, folder.path(), &["--wait"])).await;
    let text = said(&first.stdout);
    assert_eq!(first.status.code(), Some(1), "{text}");
    assert_eq!(
        text,
        "+ shop\n+ blog\n+ job\n+ both\n4 created, 0 changed, 0 removed, 0 the same\n\
         3 of 3 looked at: 1 up, 2 down\n\
         blog is down: status 503, expected 200–299\n\
         both is down: 1 of 2 down: blog (status 503, expected 200–299)\n\
         1 heartbeat calls by itself\n"
    );
    assert!(first.stderr.is_empty(), "no bar where no terminal is");

    blog.answer(200);
    world.monitor_is("both", "up").await;
    let mut changed = of(&blog, "blog");
    changed["severity"] = json!("warning");
    write(&folder, &json!([changed]));
    let json = output(apply(&world, folder.path(), &["--wait=1m", "-o", "json"])).await;
    assert!(json.status.success(), "{json:?}");
    let applied: Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!(applied["changed"], json!(["blog"]));
    assert_eq!(said(&json.stderr), "1 of 1 looked at: 1 up\n");

    let same = output(apply(&world, folder.path(), &["--wait"])).await;
    assert!(same.status.success(), "{same:?}");
    let text = said(&same.stdout);
    assert_eq!(text, "0 created, 0 changed, 0 removed, 1 the same\n");
}

#[tokio::test]
async fn what_is_to_be_looked_at_otherwise_is_looked_at_at_once() {
    let (shop, blog) = (Site::start().await, Site::start().await);
    blog.answer(503);
    let world = World::start().await;
    let seldom = |site: &Site, more: Value| {
        let mut monitor = of(site, "page");
        monitor["interval"] = json!("1h");
        monitor["conditions"] = more;
        json!([monitor])
    };
    let folder = folder(&seldom(&shop, json!([])));
    let first = output(apply(&world, folder.path(), &["--wait=30s"])).await;
    assert!(first.status.success(), "{first:?}");
    write(&folder, &seldom(&blog, json!([])));
    let moved = output(apply(&world, folder.path(), &["--wait=30s"])).await;
    let text = said(&moved.stdout);
    assert!(text.contains("page is down: status 503"), "{text}");
    write(&folder, &seldom(&shop, json!(["latency < 0"])));
    let strict = output(apply(&world, folder.path(), &["--wait=30s"])).await;
    let text = said(&strict.stdout);
    assert!(text.contains("page is down: latency < 0"), "{text}");
    write(&folder, &seldom(&shop, json!([])));
    let mended = output(apply(&world, folder.path(), &["--wait=30s"])).await;
    assert!(mended.status.success(), "{mended:?}");
}

#[tokio::test]
async fn waiting_ends_when_time_is_up_or_somebody_leaves_and_all_stays_applied() {
    let world = World::start().await;
    let (_mute, monitor) = mute().await;
    let folder = folder(&json!([monitor]));
    let late = output(apply(&world, folder.path(), &["--wait=1s"])).await;
    let text = said(&late.stdout);
    assert_eq!(late.status.code(), Some(1), "{text}");
    let known = "0 of 1 looked at\nafter 1s, not known yet: mute; `nabat monitor list` shows";
    assert!(text.contains(known), "{text}");

    let mut renamed = monitor;
    renamed["name"] = json!("mute-2");
    write(&folder, &json!([renamed]));
    let mut waits = apply(&world, folder.path(), &["--wait=10m"]);
    let waits = waits.stdout(Stdio::piped()).spawn().unwrap();
    world.monitor_is_there("mute-2").await;
    // It listens to signals once it waits; before, it simply ends.
    let pid = waits.id();
    let left = tokio::task::spawn_blocking(move || waits.wait_with_output().unwrap());
    until("it to leave", async || {
        let _ = Command::new("sh")
            .args(["-c", &format!("kill -INT {pid} 2>/dev/null")])
            .status();
        left.is_finished().then_some(())
    })
    .await;
    assert!(!left.await.unwrap().status.success());
    world.monitor("mute-2").await;
}

#[tokio::test]
async fn at_a_terminal_a_bar_shows_how_many_were_looked_at() {
    let shop = Site::start().await;
    let world = World::start().await;
    let (_mute, mute) = mute().await;
    let folder = folder(&json!([of(&shop, "shop"), mute]));
    let apply = apply(&world, folder.path(), &["--wait=3s"]);
    let line: Vec<String> = [apply.get_program()]
        .into_iter()
        .chain(apply.get_args())
        .map(|word| format!("'{}'", word.to_str().unwrap()))
        .collect();
    // It gives a terminal to what it runs.
    let mut script = Command::new("script");
    script.args(["-q", "-e", "-c", &line.join(" "), "/dev/null"]);
    script.env_remove("NABAT_TOKEN_FILE").stdin(Stdio::null());
    let shown = output(script).await;
    let text = said(&shown.stdout);
    let half = format!("{}{}", "█".repeat(12), "░".repeat(12));
    assert!(
        text.contains(&format!("{half} 1 of 2 looked at: 1 up")),
        "{text:?}"
    );
    assert_eq!(shown.status.code(), Some(1), "{text}");
}
