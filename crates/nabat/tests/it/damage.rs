//! The store's files are not what was written: Nabat serves with what is left and says what is
//! lost, or does not start and says why. It never starts silently with less.

use std::fs::{self, File};
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::world::alert::Alert;
use crate::world::nabat::{self, Nabat};
use crate::world::{OWNER, TOKEN, World, http, wait};

const ALERTS: usize = 30;
/// A user who owns nothing.
const NOBODY: u32 = 65_534;

/// The files of a store as they were at one moment.
struct Image(Vec<(String, Vec<u8>)>);

impl Image {
    fn of(folder: &Path) -> Self {
        let files = fs::read_dir(folder).unwrap().map(|file| {
            let path = file.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            (name, fs::read(path).unwrap())
        });
        Self(files.collect())
    }

    fn lay_out(&self, folder: &Path) {
        for file in fs::read_dir(folder).unwrap() {
            fs::remove_file(file.unwrap().path()).unwrap();
        }
        for (name, bytes) in &self.0 {
            fs::write(folder.join(name), bytes).unwrap();
        }
    }

    fn length(&self, name: &str) -> usize {
        let file = self.0.iter().find(|(file, _)| file == name);
        file.map_or(0, |(_, bytes)| bytes.len())
    }
}

fn operators(config: &mut Value) {
    config["telegram"]["operators"] = json!([{ "bot": "ops", "chat": OWNER }]);
}

/// A world in which alerts fire, of which the last are in the log alone; Nabat was killed.
async fn world_of_alerts() -> World {
    let mut world = World::with_config(operators).await;
    world.subscribe(OWNER, OWNER).await;
    for number in 0..ALERTS {
        let alert = Alert::warning(format!("Alert{number}")).in_group("all");
        world.post(&alert.firing()).await;
        if number == ALERTS / 2 {
            // Closing brings everything into the database.
            assert!(world.nabat.terminate().await.success());
            world.nabat.restart().await;
        }
    }
    world.silence().await;
    world.nabat.kill9();
    world
}

/// How many alerts are open, without those about Nabat itself.
async fn open(nabat: &Nabat) -> usize {
    let open = nabat.metric("nabat_engine_firing").await.unwrap();
    open as usize - usize::from(nabat.log().contains("found its store damaged"))
}

/// Bytes that look like nothing.
fn noise(bytes: &mut [u8]) {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    for byte in bytes {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        *byte = state.to_le_bytes()[3];
    }
}

/// What is done to the files, and how many alerts must be left at least.
type Case = (&'static str, fn(&Path), usize);

fn spoil(path: &Path, spoil: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = fs::read(path).unwrap();
    spoil(&mut bytes);
    fs::write(path, bytes).unwrap();
}

fn spoil_log(folder: &Path, spoil_bytes: impl FnOnce(&mut Vec<u8>)) {
    spoil(&folder.join("nabat.db-wal"), spoil_bytes);
}

fn spoil_database(folder: &Path, spoil_bytes: impl FnOnce(&mut Vec<u8>)) {
    spoil(&folder.join("nabat.db"), spoil_bytes);
}

const CASES: &[Case] = &[
    (
        "the database cut to half",
        |at| spoil_database(at, |all| all.truncate(all.len() / 2)),
        0,
    ),
    (
        "the database cut to a page",
        |at| spoil_database(at, |all| all.truncate(4_096)),
        0,
    ),
    (
        "the last page missing",
        |at| spoil_database(at, |all| all.truncate(all.len() - 4_096)),
        0,
    ),
    ("the database empty", |at| spoil_database(at, Vec::clear), 0),
    (
        "the database and its log empty",
        |at| {
            spoil_database(at, Vec::clear);
            spoil_log(at, Vec::clear);
        },
        0,
    ),
    (
        "the database missing",
        |at| fs::remove_file(at.join("nabat.db")).unwrap(),
        0,
    ),
    (
        "all but the lock missing",
        |at| {
            for name in ["nabat.db", "nabat.db-wal", "nabat.db-shm"] {
                fs::remove_file(at.join(name)).unwrap();
            }
        },
        0,
    ),
    (
        "the log's header damaged",
        |at| spoil_log(at, |all| noise(&mut all[..32])),
        ALERTS / 2,
    ),
    (
        "the log damaged in the middle",
        |at| {
            spoil_log(at, |all| {
                let middle = all.len() / 2;
                noise(&mut all[middle..][..200]);
            });
        },
        ALERTS / 2,
    ),
    (
        "the log's end damaged",
        |at| {
            spoil_log(at, |all| {
                let end = all.len() - 200;
                noise(&mut all[end..]);
            });
        },
        ALERTS - 1,
    ),
    (
        "the log cut",
        |at| spoil_log(at, |all| all.truncate(all.len() / 2)),
        ALERTS / 2,
    ),
    (
        "the log missing",
        |at| fs::remove_file(at.join("nabat.db-wal")).unwrap(),
        ALERTS / 2,
    ),
];

#[tokio::test]
async fn whatever_became_of_the_files_nabat_serves_what_is_left_and_tells_the_operators() {
    let mut world = world_of_alerts().await;
    let folder = world.nabat.data_dir();
    let image = Image::of(&folder);
    for (what, spoil, left) in CASES {
        image.lay_out(&folder);
        spoil(&folder);
        let told = world.telegram.messages(OWNER).len();
        world.nabat.restart().await;
        let open = open(&world.nabat).await;
        if !world.nabat.log().contains("found its store damaged") {
            // All that was cut off is in the log too, or belongs to a commit during which the process
            // was killed, so that nobody was answered.
            let unnoticed = ["the last page missing", "the log's end damaged"];
            assert!(open == ALERTS && unnoticed.contains(what), "{what}: {open}");
            continue;
        }
        assert!(
            (*left..=ALERTS).contains(&open),
            "{what}: {open} of {ALERTS}"
        );
        wait::until(what, async || {
            let messages = world.telegram.messages(OWNER);
            let told = messages.iter().skip(told);
            told.into_iter()
                .any(|message| message.text.contains("NabatStoreDamaged"))
                .then_some(())
        })
        .await;
        world.post(&Alert::warning("After").firing()).await;
        // What was found is kept, and the next start is like any other.
        let files = Image::of(&folder).0;
        let kept = files.iter().any(|(name, _)| name.contains(".damaged-"));
        let nothing_there = ["all but the lock missing", "the log missing"].contains(what);
        assert_eq!(kept, !nothing_there, "{what}");
        world.nabat.restart().await;
        let log = world.nabat.log();
        assert!(!log.contains("found its store damaged"), "{what}: {log}");
    }
}

#[tokio::test]
async fn a_kill_is_no_damage() {
    let mut world = world_of_alerts().await;
    world.nabat.restart().await;
    let log = world.nabat.log();
    assert!(!log.contains("damaged"), "{log}");
    assert_eq!(open(&world.nabat).await, ALERTS);
}

#[tokio::test]
async fn whichever_page_is_destroyed_nabat_serves() {
    let mut world = world_of_alerts().await;
    world.nabat.restart().await;
    assert!(world.nabat.terminate().await.success());
    let image = Image::of(&world.nabat.data_dir());
    drop(world);
    let pages = image.length("nabat.db") / 4_096;
    assert!(pages > 20, "{pages}");
    for page in 0..pages {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        fs::create_dir(&data).unwrap();
        image.lay_out(&data);
        spoil_database(&data, |all| noise(&mut all[page * 4_096..][..4_096]));
        let nabat = Nabat::start(folder.path(), &lonely_config()).await;
        let damaged = nabat.log().contains("found its store damaged");
        let open = open(&nabat).await;
        assert!(
            damaged || open == ALERTS,
            "page {}: {open} of {ALERTS}",
            page + 1
        );
        let answer = nabat.post_alerts(&Alert::warning("After").firing()).await;
        assert_eq!(answer.unwrap().status(), 200, "page {}", page + 1);
    }
}

#[tokio::test]
async fn files_that_are_removed_while_it_runs_are_missed() {
    let mut world = World::with_config(operators).await;
    world.subscribe(OWNER, OWNER).await;
    for name in ["nabat.db", "nabat.db-wal", "nabat.db-shm"] {
        fs::remove_file(world.nabat.data_dir().join(name)).unwrap();
    }
    let answer = world
        .nabat
        .post_alerts(&Alert::warning("Lost").firing())
        .await;
    let answer = answer.unwrap();
    assert_eq!(answer.status(), 503);
    let problem: Value = answer.json().await.unwrap();
    let words = problem["error"]["message"].as_str().unwrap();
    assert!(words.contains("nabat.db was removed"), "{words}");
    let ready = http::client().get(world.nabat.url("/-/ready")).send();
    assert_eq!(ready.await.unwrap().status(), 503);
    world.nabat.restart().await;
    world.told(OWNER, "NabatStoreDamaged").await;
}

fn lonely_config() -> Value {
    let bot = json!({ "name": "ops", "token": TOKEN, "api_url": "http://127.0.0.1:9" });
    json!({ "telegram": { "bots": [bot] } })
}

/// A used data folder that belongs to `nobody`, in a folder that everybody may enter.
async fn folder_of_nobody() -> (TempDir, std::path::PathBuf) {
    let mut world = World::start().await;
    assert!(world.nabat.terminate().await.success());
    let image = Image::of(&world.nabat.data_dir());
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    fs::write(folder.path().join("nabat.yml"), lonely_config().to_string()).unwrap();
    let data = folder.path().join("data");
    fs::create_dir(&data).unwrap();
    image.lay_out(&data);
    for file in fs::read_dir(&data).unwrap() {
        chown(file.unwrap().path(), Some(NOBODY), Some(NOBODY)).unwrap();
    }
    chown(&data, Some(NOBODY), Some(NOBODY)).unwrap();
    (folder, data)
}

fn mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[tokio::test]
async fn a_file_that_may_not_be_written_is_named_and_so_is_the_user() {
    let can = Command::new("setpriv")
        .args(["--reuid=65534", "true"])
        .status();
    if !can.is_ok_and(|status| status.success()) {
        eprintln!("skipped: this needs `setpriv`, and to be root");
        return;
    }
    type Deny = fn(&Path);
    let cases: [(&str, &str, Deny); 5] = [
        ("a folder without a lock", "nabat.db.lock", |data| {
            fs::remove_file(data.join("nabat.db.lock")).unwrap();
            mode(data, 0o555);
        }),
        ("a folder that can only be read", "nabat.db-wal", |data| {
            mode(data, 0o555);
        }),
        ("a database that can only be read", "nabat.db", |data| {
            mode(&data.join("nabat.db"), 0o444);
        }),
        ("all can only be read", "nabat.db.lock", |data| {
            for file in fs::read_dir(data).unwrap() {
                mode(&file.unwrap().path(), 0o444);
            }
            mode(data, 0o555);
        }),
        ("all is another's", "nabat.db.lock", |data| {
            for file in fs::read_dir(data).unwrap() {
                chown(file.unwrap().path(), Some(0), Some(0)).unwrap();
            }
            chown(data, Some(0), Some(0)).unwrap();
        }),
    ];
    // Where others may not look, a copy of the program is run. Another process makes it: what this
    // one holds open to be written, another test may start a child with.
    for (what, named, deny) in cases {
        let (folder, data) = folder_of_nobody().await;
        let program = folder.path().join("nabat");
        let mut copy = Command::new("cp");
        copy.arg(nabat::command().get_program()).arg(&program);
        assert!(copy.status().unwrap().success());
        let before = fs::read(data.join("nabat.db")).unwrap();
        deny(&data);
        let mut command = Command::new("setpriv");
        command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]);
        command.arg(&program).args(["serve", "-p", "0", "-c"]);
        command
            .arg(folder.path().join("nabat.yml"))
            .arg("--data-dir")
            .arg(&data);
        let output = command.output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{what}: {said}");
        let words = format!("user 65534 may not write {}", data.join(named).display());
        assert!(said.contains(&words), "{what}: {said}");
        assert!(File::open(data.join("nabat.db")).is_ok());
        assert!(fs::read(data.join("nabat.db")).unwrap() == before, "{what}");
    }
}
