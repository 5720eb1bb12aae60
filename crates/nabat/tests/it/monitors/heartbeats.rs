//! Jobs that tell Nabat that they live.

use std::process::{Output, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::watching;
use crate::world::liar::Liar;
use crate::world::nabat::command;
use crate::world::wait::until;
use crate::world::{OWNER, World, http};

/// A heartbeat that is due every second.
fn quick(key: &str) -> Value {
    json!([{ "name": "backup", "heartbeat": { "period": "1s", "grace": "1s", "key": key } }])
}

/// A heartbeat that has time.
fn slow(key: &str) -> Value {
    json!([{ "name": "backup", "heartbeat": { "period": "1d", "grace": "1h", "key": key } }])
}

async fn call(world: &World, path: &str, body: &str) -> u16 {
    let request = http::client().post(world.nabat.url(path));
    let answer = request.body(body.to_owned()).send().await.unwrap();
    answer.status().as_u16()
}

#[tokio::test]
async fn a_job_that_falls_silent_is_told_and_so_is_that_it_lives() {
    let mut world = watching(quick("backup-key")).await;
    assert_eq!(world.monitor("backup").await["status"], "pending");
    assert_eq!(call(&world, "/ping/backup-key", "").await, 200);
    world.told(OWNER, "MonitorDown: backup").await;
    assert_eq!(call(&world, "/ping/backup-key", "").await, 200);
    world.told(OWNER, "Resolved after").await;

    world.nabat.kill9();
    world.nabat.restart().await;
    world.monitor_is("backup", "down").await;
    assert_eq!(call(&world, "/ping/no-such-key", "").await, 404);
}

#[tokio::test]
async fn a_heartbeat_made_on_the_command_line_says_where_to_call() {
    let world = watching(json!([])).await;
    let add = ["monitor", "add", "heartbeat://1d"];
    let nameless = world.run(&add).await;
    assert_eq!(nameless.status.code(), Some(2));
    let made = world
        .run(&[&add[..], &["--name", "nightly"]].concat())
        .await;
    let said = String::from_utf8(made.stdout).unwrap();
    let (_, rest) = said.split_once("the job calls http").expect(&said);
    let (_, path) = rest.split_once("/ping/").expect(&said);
    let (key, _) = path.split_once(' ').expect(&said);
    assert_eq!(call(&world, &format!("/ping/{key}"), "").await, 200);
    let definition = &world.monitor_is("nightly", "up").await["definition"];
    assert_eq!(definition["heartbeat"]["period"], "1d", "{definition}");
}

#[tokio::test]
async fn a_job_that_says_that_it_failed_is_told_with_its_last_words() {
    let world = watching(slow("backup-key")).await;
    assert_eq!(call(&world, "/ping/backup-key/start?rid=1", "").await, 200);
    assert_eq!(
        call(&world, "/ping/backup-key/3?rid=1", "one\nno space left\n").await,
        200
    );
    let card = world.told(OWNER, "MonitorDown: backup").await;
    let words = "exit code 3 · no space left";
    assert!(card.text.contains(words), "{}", card.text);
    let fail = "/ping/backup-key/fail";
    assert_eq!(call(&world, fail, "no tape\n").await, 200);
    world.shows(OWNER, card.id, "no tape").await;
    assert_eq!(
        call(&world, "/ping/backup-key/log", "by the way").await,
        200
    );
    assert_eq!(call(&world, "/ping/backup-key/256", "").await, 400);
    let long = "x".repeat(20_000);
    assert_eq!(call(&world, "/ping/backup-key/0", &long).await, 200);
    world.told(OWNER, "Resolved after").await;

    let (_, pings) = world
        .api(Method::GET, "/api/v1/monitors/backup/pings")
        .await;
    let said: Vec<&Value> = pings["pings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|ping| &ping["said"])
        .collect();
    assert_eq!(said, ["exit 0", "log", "fail", "exit 3", "start"]);
    assert_eq!(pings["pings"][0]["body"].as_str().unwrap().len(), 10_000);
    assert!(pings["pings"][3]["took_ms"].is_number(), "{pings}");
    assert_eq!(pings["pings"][4]["from"], "127.0.0.1");
}

#[tokio::test]
async fn nothing_is_read_for_whoever_knows_no_key_and_mistakes_are_answered_like_all_others() {
    let world = watching(slow("backup-key")).await;
    // A body that never comes: whoever waited for it would not answer.
    let address = world.nabat.url("").replace("http://", "");
    let address = address.trim_end_matches('/').to_owned();
    let mut stream = TcpStream::connect(address).await.unwrap();
    let head = "POST /ping/no-such-key HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = vec![0; 12];
    stream.read_exact(&mut answer).await.unwrap();
    assert_eq!(answer, b"HTTP/1.1 404");

    for path in [
        "/ping/backup-key/+3",
        "/ping/backup-key/003",
        "/ping/backup-key/256",
        "/ping/backup-key?rid=1&rid=2",
        "/ping/backup-key/%ff",
        "/ping/%ff",
    ] {
        let answer = http::client()
            .get(world.nabat.url(path))
            .send()
            .await
            .unwrap();
        let status = answer.status().as_u16();
        let problem: Value = answer.json().await.unwrap();
        assert!([400, 404].contains(&status), "{path}: {status}");
        assert!(problem["error"]["hint"].is_string(), "{path}: {problem}");
    }
    let large = "x".repeat(3_000_000);
    assert_eq!(
        call(&world, "/ping/backup-key/0", &large[..900_000]).await,
        200
    );
}

#[tokio::test]
async fn a_job_is_not_kept_by_a_server_that_says_nothing() {
    let silent = Liar::start(async |_: TcpStream| std::future::pending::<()>().await).await;
    let ping = silent.url("/ping/backup-key");
    let started = |job: &str| {
        let mut command = command();
        command.args(["run", "--ping", &ping, "--", "sh", "-c", job]);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().unwrap()
    };
    let begun = Instant::now();
    let mut all = [started("exit 5"), started("echo over; exit 6")];
    // The job is over, and its end is being reported.
    let mut said = [0; 5];
    std::io::Read::read_exact(all[1].stdout.as_mut().unwrap(), &mut said).unwrap();
    let pid = Pid::from_raw(all[1].id().try_into().unwrap());
    until("the second to be stopped", async || {
        kill(pid, Signal::SIGTERM).unwrap();
        all[1].try_wait().unwrap()
    })
    .await;
    assert!(
        begun.elapsed() < Duration::from_secs(5),
        "{:?}",
        begun.elapsed()
    );
    let [first, _] = all;
    let first = tokio::task::spawn_blocking(|| first.wait_with_output());
    let first = first.await.unwrap().unwrap();
    assert_eq!(first.status.code(), Some(5));
    assert!(
        begun.elapsed() < Duration::from_secs(15),
        "{:?}",
        begun.elapsed()
    );
    let said = String::from_utf8(first.stderr).unwrap();
    assert!(
        said.contains("could not be reported (it did not answer)"),
        "{said}"
    );
}

/// Runs a job under `nabat run`.
async fn run(world: &World, job: &'static [&'static str]) -> Output {
    let ping = world.nabat.url("/ping/backup-key");
    let run = move || {
        let mut command = command();
        command.args(["run", "--ping", &ping, "--"]).args(job);
        command.output().unwrap()
    };
    tokio::task::spawn_blocking(run).await.unwrap()
}

#[tokio::test]
async fn a_job_that_is_wrapped_reports_itself_and_keeps_its_output_and_exit_code() {
    let world = watching(slow("backup-key")).await;
    let well = run(&world, &["sh", "-c", "echo out; echo err >&2"]).await;
    assert_eq!(well.status.code(), Some(0));
    assert_eq!(
        (&*well.stdout, &*well.stderr),
        (&b"out\n"[..], &b"err\n"[..])
    );
    world.monitor_is("backup", "up").await;

    let ill = run(&world, &["sh", "-c", "echo no tape; exit 7"]).await;
    assert_eq!(ill.status.code(), Some(7));
    let card = world.told(OWNER, "MonitorDown: backup").await;
    assert!(card.text.contains("no tape"), "{}", card.text);
    let none = run(&world, &["/no/such/program"]).await;
    assert_eq!(none.status.code(), Some(127));
    assert!(String::from_utf8_lossy(&none.stderr).contains("failed to run"));
}

#[tokio::test]
async fn a_job_runs_even_if_nabat_does_not() {
    let mut world = watching(slow("backup-key")).await;
    world.nabat.kill9();
    let output = run(&world, &["sh", "-c", "echo done; exit 4"]).await;
    assert_eq!(output.status.code(), Some(4));
    assert_eq!(output.stdout, b"done\n");
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("could not be reported"), "{said}");
    assert!(!said.contains("backup-key"), "the address is a secret");
}
