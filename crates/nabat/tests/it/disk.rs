//! The disk takes no more, or gives back what was never written: nothing is half done, nothing
//! is forgotten, nothing is overwritten, and the words are clear.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use reqwest::Method;
use reqwest::header::RETRY_AFTER;
use serde_json::json;

use crate::world::alert::Alert;
use crate::world::site::Site;
use crate::world::{OWNER, World, nabat, wait};

/// Lets the files of a process grow to this many bytes, or as far as they like.
fn limit_files(pid: u32, bytes: Option<u64>) {
    let soft = bytes.map_or("unlimited".to_owned(), |bytes| bytes.to_string());
    let mut command = Command::new("prlimit");
    // The hard limit stays: whoever is not root could not raise it again.
    command.args(["--pid", &pid.to_string(), &format!("--fsize={soft}:")]);
    assert!(command.status().unwrap().success());
}

/// How large the largest file in a folder is.
fn largest_file(folder: &Path) -> u64 {
    let sizes = fs::read_dir(folder).unwrap();
    let sizes = sizes.map(|file| file.unwrap().metadata().unwrap().len());
    sizes.max().unwrap()
}

#[tokio::test]
async fn a_full_disk_is_answered_with_503_until_there_is_room() {
    let world = World::start().await;
    world.subscribe(OWNER, OWNER).await;
    let (before, lost) = (Alert::warning("Before"), Alert::warning("Lost"));
    world.post(&before.firing()).await;
    world.told(OWNER, "Before").await;
    world.silence().await;

    limit_files(
        world.nabat.pid(),
        Some(largest_file(&world.nabat.data_dir())),
    );
    for _ in 0..2 {
        let answer = world.nabat.post_alerts(&lost.firing()).await.unwrap();
        assert_eq!(answer.status(), 503);
        let retry_after = answer.headers()[RETRY_AFTER].to_str().unwrap();
        assert!(retry_after.parse::<u32>().unwrap() > 0, "{retry_after}");
        let problem: serde_json::Value = answer.json().await.unwrap();
        assert_eq!(problem["error"]["code"], "store_unavailable", "{problem}");
        assert!(
            problem["error"]["message"]
                .as_str()
                .unwrap()
                .contains("free space"),
            "{problem}"
        );
    }
    let client = crate::world::http::client();
    let ready = client
        .get(world.nabat.url("/-/ready"))
        .send()
        .await
        .unwrap();
    assert_eq!(ready.status(), 503);
    let healthy = client
        .get(world.nabat.url("/-/healthy"))
        .send()
        .await
        .unwrap();
    assert_eq!(healthy.status(), 200, "a restart would not help");

    limit_files(world.nabat.pid(), None);
    world.nabat.ready().await;
    assert!(
        world
            .telegram
            .messages(OWNER)
            .iter()
            .all(|message| !message.text.contains("Lost"))
    );
    world.post(&lost.firing()).await;
    world.told(OWNER, "Lost").await;
    world.post(&before.resolved()).await;
    world.told(OWNER, "✅ Resolved · Before").await;
}

#[tokio::test]
async fn what_was_told_while_the_disk_was_full_is_not_told_again() {
    let world = World::start().await;
    world.subscribe(OWNER, OWNER).await;
    let hold = telegram_emulator::FaultKind::Hold(std::time::Duration::from_millis(500));
    world.telegram.fault(telegram_emulator::Fault {
        filter: telegram_emulator::Filter {
            method: Some("sendMessage".to_owned()),
            ..Default::default()
        },
        times: 1,
        kind: hold,
    });
    world.post(&Alert::warning("DiskFull").firing()).await;
    let held = |telegram: &telegram_emulator::Emulator| {
        let calls = telegram.calls("sendMessage");
        calls.iter().any(|call| call.status == 0).then_some(())
    };
    world.telegram.wait_for(wait::PATIENCE, held).await.unwrap();
    limit_files(
        world.nabat.pid(),
        Some(largest_file(&world.nabat.data_dir())),
    );
    world.told(OWNER, "DiskFull").await;
    let failed = async || {
        let failures = world
            .nabat
            .metric("nabat_engine_commit_failures_total")
            .await?;
        (failures > 0.0).then_some(())
    };
    wait::until("a failed commit", failed).await;
    limit_files(world.nabat.pid(), None);
    world.nabat.ready().await;
    world.silence().await;
    let messages = world.telegram.messages(OWNER);
    let told = messages
        .iter()
        .filter(|message| message.text.contains("DiskFull"));
    assert_eq!(told.count(), 1, "{messages:#?}");
}

#[tokio::test]
async fn nothing_is_done_to_monitors_that_is_answered_with_503() {
    let site = Site::start().await;
    let world = World::with_config(|config| {
        config["monitors"] = json!([
            { "name": "shop", "http": site.url(), "interval": "1s" },
            { "name": "job", "heartbeat": { "period": "1d", "key": "the-key-of-job" } },
        ]);
    })
    .await;
    let status = async |name: &str| {
        let path = format!("/api/v1/monitors/{name}");
        world.api(Method::GET, &path).await.1["status"].clone()
    };
    let is = async |name: &str, expected: &str| {
        let as_expected = async || (status(name).await == expected).then_some(());
        wait::until("a status", as_expected).await;
    };
    is("shop", "up").await;
    let ping = |end: &str| {
        let url = world.nabat.url(&format!("/ping/the-key-of-job{end}"));
        crate::world::http::client().post(url).send()
    };
    assert_eq!(ping("").await.unwrap().status(), 200);
    world.silence().await;

    limit_files(
        world.nabat.pid(),
        Some(largest_file(&world.nabat.data_dir())),
    );
    let lost = Alert::warning("Lost").firing();
    let answer = world.nabat.post_alerts(&lost).await.unwrap();
    assert_eq!(answer.status(), 503);
    let shop = "/api/v1/monitors/shop";
    let hour = json!({ "duration": "1h" });
    for (path, body) in [("pause", json!({})), ("maintenance", hour)] {
        let path = format!("{shop}/{path}");
        let (status, answer) = world.api_with(Method::POST, &path, &body).await;
        assert_eq!(status, 503, "{answer}");
    }
    assert_eq!(ping("/fail").await.unwrap().status(), 503);
    assert_eq!(status("shop").await, "up");
    assert_eq!(status("job").await, "up");

    limit_files(world.nabat.pid(), None);
    world.nabat.ready().await;
    assert_eq!(ping("").await.unwrap().status(), 200);
    assert_eq!(status("shop").await, "up");
    assert_eq!(status("job").await, "up");
}

#[tokio::test]
async fn an_alert_that_waits_for_a_full_disk_does_not_outlive_its_monitor() {
    let site = Site::start().await;
    let world = World::start().await;
    let shop = "/api/v1/monitors/shop";
    let quick = json!({ "http": site.url(), "interval": "1s", "retries": [] });
    world.api_with(Method::PUT, shop, &quick).await;
    let stands = async |expected: &str| {
        let as_expected = async || {
            let (_, monitor) = world.api(Method::GET, shop).await;
            (monitor["status"] == expected).then_some(())
        };
        wait::until("a status", as_expected).await;
    };
    stands("up").await;
    world.silence().await;
    limit_files(
        world.nabat.pid(),
        Some(largest_file(&world.nabat.data_dir())),
    );
    site.answer(503);
    stands("down").await;
    limit_files(world.nabat.pid(), None);
    wait::until("room to remove it", async || {
        let (status, _) = world.api_with(Method::DELETE, shop, &json!({})).await;
        (status == 204).then_some(())
    })
    .await;
    site.answer(200);
    let (status, _) = world.api_with(Method::PUT, shop, &quick).await;
    assert_eq!(status, 201, "all that was decided before is kept");
    assert_eq!(world.nabat.metric("nabat_engine_firing").await, Some(0.0));
}

/// Runs `nabat serve` on a data folder until it ends by itself; its files can grow to that many
/// blocks.
fn serve(folder: &Path, blocks: &str) -> Output {
    let config = folder.join("nabat.yml");
    let bot =
        json!({ "name": "ops", "token": crate::world::TOKEN, "api_url": "http://127.0.0.1:9" });
    let text = json!({ "telegram": { "bots": [bot] } }).to_string();
    fs::write(&config, text).unwrap();
    let mut shell = Command::new("sh");
    let script = format!(r#"trap "" XFSZ; ulimit -f {blocks}; exec "$0" "$@""#);
    shell
        .args(["-c", &script])
        .arg(nabat::command().get_program());
    shell.args(["serve", "-p", "0", "-c"]).arg(config);
    shell.arg("--data-dir").arg(folder.join("data"));
    shell.output().unwrap()
}

/// A database that was used and then closed in order.
async fn used_database() -> (World, std::path::PathBuf) {
    let mut world = World::start().await;
    world.subscribe(OWNER, OWNER).await;
    world.post(&Alert::warning("DiskFull").firing()).await;
    world.told(OWNER, "DiskFull").await;
    world.silence().await;
    assert!(world.nabat.terminate().await.success());
    let file = world.nabat.data_dir().join("nabat.db");
    (world, file)
}

#[tokio::test]
async fn a_file_that_is_no_database_is_named_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("data/nabat.db");
    fs::create_dir(file.parent().unwrap()).unwrap();
    let letter = "this is not a database, it is a letter to my aunt".repeat(100);
    fs::write(&file, &letter).unwrap();
    let output = serve(folder.path(), "unlimited");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("nabat.db is no store of Nabat's"), "{said}");
    assert_eq!(fs::read_to_string(&file).unwrap(), letter);
}

#[tokio::test]
async fn a_write_that_was_torn_by_the_crash_takes_nothing_along() {
    let mut world = World::start().await;
    world.subscribe(OWNER, OWNER).await;
    world.telegram.vanish().await;
    world.post(&Alert::warning("DiskFull").firing()).await;
    world.nabat.kill9();
    let log = world.nabat.data_dir().join("nabat.db-wal");
    let mut bytes = fs::read(&log).unwrap();
    let torn = bytes[bytes.len() - 3_000..].to_vec();
    bytes.extend(torn);
    fs::write(&log, bytes).unwrap();
    world.nabat.restart().await;
    world.telegram.resume().await.unwrap();
    world.told(OWNER, "DiskFull").await;
}

#[test]
fn a_data_folder_that_cannot_be_made_is_named() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("data"), "in the way").unwrap();
    let output = serve(folder.path(), "unlimited");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("data/nabat.db"), "{said}");
}

#[tokio::test]
async fn a_disk_that_is_full_at_the_start_is_named_and_the_database_left_alone() {
    let (_world, file) = used_database().await;
    let whole = fs::read(&file).unwrap();
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("data")).unwrap();
    let copy = folder.path().join("data/nabat.db");
    fs::write(&copy, &whole).unwrap();
    let output = serve(folder.path(), "0");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("free space on its disk"), "{said}");
    assert!(fs::read(&copy).unwrap() == whole, "the file was changed");
}
