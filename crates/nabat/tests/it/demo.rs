//! The demo, as somebody sees it who follows what it prints.

use std::process::Stdio;

use serde_json::{Value, json};

use crate::world::http;
use crate::world::nabat::command;
use crate::world::process::Process;
use crate::world::wait;

#[tokio::test]
async fn the_demo_is_a_chat_in_which_alerts_arrive_and_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let temporary = folder.path().join("tmp");
    std::fs::create_dir(&temporary).unwrap();
    let mut start = command();
    start.args(["demo", "-p", "0", "--chat-port", "0"]);
    start.current_dir(&temporary).env("TMPDIR", &temporary);
    start.stdin(Stdio::null());
    let mut demo = Process::start("demo", folder.path(), &mut start);
    let page = demo.word_after("Open   ").await;
    let nabat = demo.word_after("application/json' \\\n    ").await;
    let printed = demo.log();
    let (_, curl) = printed.split_once("-d '").unwrap();
    let (body, _) = curl.split_once('\'').unwrap();
    let alert: Value = serde_json::from_str(body).unwrap();

    let client = http::client();
    assert!(http::is_ok(&client, &page).await, "{page}");
    let (control, _) = page.split_once("/?").unwrap();
    let chat = async |contains: &str| {
        wait::until(contains, async || {
            let url = format!("{control}/control/chats/1001/messages");
            let messages = client.get(url).send().await.ok()?.text().await.ok()?;
            messages.contains(contains).then_some(())
        })
        .await;
    };
    chat("You are an owner of this bot now").await;
    let words = json!({ "chat": "1001", "from": 1001, "text": "/regexp cpu|disk" });
    let said = client.post(format!("{control}/control/say")).json(&words);
    assert!(said.send().await.unwrap().status().is_success());
    chat("Subscribed to cpu|disk.").await;
    let taken = client.post(nabat).json(&alert).send().await.unwrap();
    assert!(taken.status().is_success());
    chat("DiskFull: /var is 97 % full").await;

    let (_, command_line) = printed.split_once("export NABAT_URL=").unwrap();
    let (settings, _) = command_line.split_once('\n').unwrap();
    let (url, data) = settings.split_once(" NABAT_DATA_DIR=").unwrap();
    let listed = command()
        .args(["alert", "list"])
        .envs([("NABAT_URL", url), ("NABAT_DATA_DIR", data)])
        .output()
        .unwrap();
    let listed = String::from_utf8(listed.stdout).unwrap();
    assert!(listed.contains("DiskFull"), "{listed}");

    demo.signal("INT");
    assert_eq!(demo.ended().await.code(), Some(0), "{}", demo.log());
    let left: Vec<_> = std::fs::read_dir(&temporary).unwrap().collect();
    assert!(left.is_empty(), "{left:?}");
}
