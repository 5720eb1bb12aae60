//! What lines look like, and where they go.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;

use jiff::tz::{Offset, TimeZone};
use proptest::prelude::*;
use tempfile::TempDir;

use super::*;

fn offline(name: &str, target: Option<&str>, words: &str) -> String {
    let at = Timestamp::from_millis(1_763_640_245_678);
    let zone = TimeZone::fixed(Offset::constant(3));
    line(at, &zone, State::Offline, name, target, words)
}

#[test]
fn lines_are_for_people_and_programs() {
    let cases = [
        (
            offline("web-1", Some("http://h/"), "connection refused"),
            "web-1 http://h/ : connection refused",
        ),
        (offline("job", None, ""), "job -"),
        (
            offline("my web", Some(""), "a : b"),
            r#"my web" "" : a : b"#,
        ),
        (
            offline("a\"b\\", Some(":"), "no\nline\u{1b}"),
            r#""a\"b\\" ":" : no\nline\u{1b}"#,
        ),
        (offline("-", Some("C:\\x"), "é"), "\"-\" C:\\x : é"),
    ];
    for (line, expected) in cases {
        let expected = if expected.starts_with("my") {
            format!("\"{expected}")
        } else {
            expected.to_owned()
        };
        assert_eq!(
            line,
            format!("2025-11-20T15:04:05+03:00 OFFLINE {expected}")
        );
    }
}

proptest! {
    #[test]
    fn a_line_is_one_line_and_its_first_words_are_found(
        name in any::<String>(), target in any::<String>(), words in any::<String>(),
    ) {
        let line = offline(&name, Some(&target), &words);
        prop_assert_eq!(line.lines().count(), 1);
        prop_assert!(!line.chars().any(|character| character.is_control()));
        prop_assert_eq!(line.split(' ').nth(1), Some("OFFLINE"));
    }
}

fn written(log: &StateLog, line: &str) {
    log.write(line.to_owned());
    assert!(log.flush(Duration::from_secs(20)));
}

/// A log in a folder of its own.
struct World {
    folder: TempDir,
    log: StateLog,
}

impl World {
    fn new(rotation: Rotation) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("logs").join("state.log");
        let log = StateLog::open(Some(&path), rotation);
        Self { folder, log }
    }

    fn write(&self, line: &str) {
        written(&self.log, line);
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join("logs").join(name)
    }

    fn text(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }
}

#[test]
fn lines_are_appended_to_what_is_there() {
    let world = World::new(Rotation::default());
    world.write("one");
    let again = StateLog::open(Some(&world.path("state.log")), Rotation::default());
    written(&again, "two");
    world.write("three");
    assert_eq!(world.text("state.log"), "one\ntwo\nthree\n");
}

#[test]
fn without_a_file_nothing_is_written() {
    let log = StateLog::open(None, Rotation::default());
    written(&log, "one");
}

#[test]
fn a_log_that_was_moved_or_removed_begins_anew() {
    let world = World::new(Rotation::default());
    world.write("one");
    fs::rename(world.path("state.log"), world.path("moved")).unwrap();
    world.write("two");
    assert_eq!(
        (world.text("moved"), world.text("state.log")),
        ("one\n".to_owned(), "two\n".to_owned())
    );
    fs::remove_file(world.path("state.log")).unwrap();
    world.write("three");
    assert_eq!(world.text("state.log"), "three\n");
    // What `copytruncate` does.
    fs::File::create(world.path("state.log")).unwrap();
    world.write("four");
    assert_eq!(world.text("state.log"), "four\n");
}

#[test]
fn a_large_log_makes_room_and_the_oldest_goes() {
    let world = World::new(Rotation {
        max_bytes: 8,
        keep: 2,
    });
    for number in 1..=9 {
        world.write(&format!("line{number}"));
    }
    assert_eq!(world.text("state.log"), "line9\n");
    assert_eq!(world.text("state.log.1"), "line7\nline8\n");
    assert_eq!(world.text("state.log.2"), "line5\nline6\n");
    assert!(!world.path("state.log.3").exists());
}

#[test]
fn a_log_of_which_nothing_is_kept_is_cut_and_one_without_a_limit_is_not() {
    for (max_bytes, expected) in [(8, "line3\n"), (0, "line1\nline2\nline3\n")] {
        let world = World::new(Rotation { max_bytes, keep: 0 });
        for number in 1..=3 {
            world.write(&format!("line{number}"));
        }
        assert_eq!(world.text("state.log"), expected);
    }
}

#[test]
fn a_full_disk_stops_nothing_and_lines_go_on_when_there_is_room() {
    let world = World::new(Rotation::default());
    fs::create_dir(world.path("")).unwrap();
    symlink("/dev/full", world.path("state.log")).unwrap();
    world.write("lost");
    world.write("lost");
    fs::remove_file(world.path("state.log")).unwrap();
    world.write("kept");
    assert_eq!(world.text("state.log"), "kept\n");
}

#[test]
fn a_pipe_that_nobody_reads_stops_nothing() {
    let world = World::new(Rotation::default());
    fs::create_dir(world.path("")).unwrap();
    let mut command = std::process::Command::new("mkfifo");
    let made = command.arg(world.path("state.log")).status().unwrap();
    assert!(made.success());
    world.write("lost");
    fs::remove_file(world.path("state.log")).unwrap();
    world.write("kept");
    assert_eq!(world.text("state.log"), "kept\n");
}

#[test]
fn lines_for_a_disk_that_does_not_answer_are_dropped_and_nobody_waits() {
    let (jobs, _never_read) = mpsc::sync_channel(1);
    let log = StateLog(Some(Queue {
        jobs,
        dropped: AtomicU64::new(0),
    }));
    for _ in 0..3 {
        log.write("line".to_owned());
    }
    assert!(!log.flush(Duration::from_millis(1)));
    let dropped = log.0.unwrap().dropped;
    assert_eq!(dropped.into_inner(), 2);
}
