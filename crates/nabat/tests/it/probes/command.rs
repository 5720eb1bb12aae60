//! Programs that look for themselves.

use std::fs;
use std::time::Instant;

use nabat::probe::command::{Command, probe};
use nabat::probe::{Manner, Outcome, Report, ShortOrLong, Tools};
use serde_json::{Value, json};

use super::{HASTY, MANNER, assert_report, settings};
use crate::world::wait;

async fn run_in(manner: Manner, written: Value) -> Report {
    let ShortOrLong(command): ShortOrLong<Command> = settings(written);
    probe(&command, &Tools::start().unwrap(), manner).await
}

async fn run(line: &str) -> Report {
    run_in(MANNER, json!(line)).await
}

#[tokio::test]
async fn exit_codes_mean_what_they_mean_to_nagios() {
    let report = run("echo 'DISK OK - 40% free | /=2643MB;5948'; echo more").await;
    assert_report(&report, Outcome::Up, &[]);
    assert_eq!(report.findings[0].words, "DISK OK - 40% free");
    for (line, outcome, told) in [
        (
            "echo; echo ' DISK WARNING ' ; exit 1",
            Outcome::Degraded,
            "DISK WARNING",
        ),
        (
            "echo DISK CRITICAL; echo no >&2; exit 2",
            Outcome::Down,
            "DISK CRITICAL",
        ),
        ("echo who knows; exit 3", Outcome::Unknown, "who knows"),
        (
            "echo odd >&2; exit 77",
            Outcome::Unknown,
            "exit code 77: odd",
        ),
        ("exit 2", Outcome::Down, "exit code 2"),
        ("kill -9 $$", Outcome::Unknown, "signal: 9 (SIGKILL)"),
        (
            "printf '\\033[31m\\000red'; exit 2",
            Outcome::Down,
            " [31m red",
        ),
    ] {
        assert_report(&run(line).await, outcome, &[told.trim()]);
    }
    let report = run_in(MANNER, json!({"run": ["/no/such/program"]})).await;
    assert_eq!(report.outcome, Outcome::Unknown);
    assert!(
        report
            .words()
            .starts_with("/no/such/program cannot be run: "),
        "{report:?}"
    );
}

#[tokio::test]
async fn what_takes_too_long_is_killed_with_all_that_it_started() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("pids");
    let line = format!("sleep 600 & echo $! $$ > {}; wait", file.display());
    let report = run_in(HASTY, json!(line)).await;
    assert_report(
        &report,
        Outcome::Down,
        &["no answer within 300ms (command)"],
    );
    let pids = fs::read_to_string(file).unwrap();
    for pid in pids.split_whitespace() {
        wait::until("the end of the group", async || {
            // A zombie, whose parent has not looked yet, runs no more.
            let status = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
            (status.is_empty() || status.contains(") Z ")).then_some(())
        })
        .await;
    }
}

#[tokio::test]
async fn what_a_program_leaves_running_is_not_waited_for() {
    let begun = Instant::now();
    let report = run("sleep 8 & echo started").await;
    assert_report(&report, Outcome::Up, &[]);
    assert_eq!(report.words(), "started");
    assert!(begun.elapsed().as_secs() < 8);
}

#[tokio::test]
async fn a_program_that_never_stops_writing_fills_nothing() {
    let report = run_in(HASTY, json!("yes")).await;
    assert_report(
        &report,
        Outcome::Down,
        &["no answer within 300ms (command)"],
    );
    let report = run("head -c 3000000 /dev/zero | tr '\\0' x; exit 1").await;
    assert_eq!(report.outcome, Outcome::Degraded);
    assert_eq!(report.words().chars().count(), 300);
}

#[tokio::test]
async fn a_program_sees_nothing_of_nabat_but_what_it_is_given() {
    let given = json!({"run": ["sh", "-c", "env | sort | tr '\\n' ' '; exit 2"],
        "environment": {"TOKEN": "s3cr3t"}});
    let report = run_in(MANNER, given).await;
    let words = report.words();
    assert!(
        words.contains("TOKEN=…") && words.contains("LANG=C.UTF-8"),
        "{words}"
    );
    assert!(
        !words.contains("CARGO") && !words.contains("HOME="),
        "{words}"
    );
}
