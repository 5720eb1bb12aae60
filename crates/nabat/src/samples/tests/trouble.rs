//! Samples whose file is damaged, foreign, gone or full.

use std::os::unix::fs::FileExt as _;

use rusqlite::Connection;

use super::*;
use crate::samples::{reading, writer::Writer};

/// Begins with a file that `make` made; samples are kept in a new one, and that one is still there.
fn begins_anew_with(make: impl FnOnce(&Path)) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("samples.db");
    make(&path);
    let seconds = Arc::new(AtomicI64::new(BEGIN));
    let samples = open(&path, Keep::default(), &seconds);
    samples.put(sample(1, BEGIN));
    drop(samples);
    assert_eq!(
        super::seconds(&open(&path, Keep::default(), &seconds)),
        [BEGIN]
    );
    assert_eq!(set_aside(folder.path()), 1);
}

fn set_aside(folder: &Path) -> usize {
    let names = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name());
    let is_aside = |name: &str| {
        name.starts_with("samples.db.damaged-")
            && !name.ends_with("-wal")
            && !name.ends_with("-shm")
    };
    names
        .filter(|name| is_aside(&name.to_string_lossy()))
        .count()
}

#[test]
fn a_file_that_is_no_database_is_set_aside() {
    begins_anew_with(|path| {
        fs::write(
            path,
            "not a database, however long one looks at it ".repeat(100),
        )
        .unwrap();
    });
}

#[test]
fn a_file_of_another_program_is_set_aside() {
    begins_anew_with(|path| {
        let foreign = Connection::open(path).unwrap();
        foreign
            .execute("CREATE TABLE hours (worked INTEGER)", [])
            .unwrap();
    });
}

#[test]
fn a_file_of_a_newer_nabat_is_set_aside() {
    begins_anew_with(|path| {
        drop(open(
            path,
            Keep::default(),
            &Arc::new(AtomicI64::new(BEGIN)),
        ));
        let newer = Connection::open(path).unwrap();
        newer.pragma_update(None, "user_version", 99).unwrap();
    });
}

#[test]
fn a_file_with_damaged_pages_is_set_aside() {
    begins_anew_with(|path| {
        let samples = open(path, Keep::default(), &Arc::new(AtomicI64::new(BEGIN)));
        samples.put(sample(1, BEGIN));
        drop(samples);
        let file = fs::OpenOptions::new().write(true).open(path).unwrap();
        let length = file.metadata().unwrap().len();
        file.write_all_at(&vec![0xa5; length as usize - 4_096], 4_096)
            .unwrap();
    });
}

#[test]
fn a_file_that_is_damaged_while_it_is_used_is_set_aside_and_nothing_open_is_lost() {
    let world = World::new();
    world.put([BEGIN]);
    world.samples.flush();
    let other = Connection::open(world.folder.path().join("samples.db")).unwrap();
    other.execute("DROP TABLE journal", []).unwrap();
    world.put([BEGIN + 30]);
    world.samples.flush();
    world.samples.flush();
    assert_eq!(set_aside(world.folder.path()), 1);
    let world = world.killed();
    assert_eq!(world.seconds(), [BEGIN, BEGIN + 30]);
}

#[test]
fn a_file_that_was_removed_is_made_anew_and_nothing_open_is_lost() {
    let world = World::new();
    world.put([BEGIN]);
    world.samples.flush();
    for file in ["samples.db", "samples.db-wal", "samples.db-shm"] {
        fs::remove_file(world.folder.path().join(file)).unwrap();
    }
    world.put([BEGIN + 30]);
    world.samples.flush();
    let world = world.killed();
    assert_eq!(world.seconds(), [BEGIN, BEGIN + 30]);
}

#[test]
fn samples_wait_in_memory_for_a_folder_that_can_be_written() {
    let world = World::new();
    let folder = world.folder.path().join("later");
    fs::write(&folder, "in the way").unwrap();
    let samples = open(&folder.join("samples.db"), Keep::default(), &world.seconds);
    samples.put(sample(1, BEGIN));
    samples.flush();
    assert_eq!(seconds(&samples), [BEGIN]);
    assert_eq!(count(&samples.counters().written), 0);
    fs::remove_file(&folder).unwrap();
    samples.flush();
    assert_eq!(seconds(&samples), [BEGIN]);
    assert_eq!(count(&samples.counters().written), 1);
}

#[test]
fn samples_wait_in_memory_while_the_disk_is_full() {
    let folder = tempfile::tempdir().unwrap();
    let shared = Arc::new(Shared::default());
    let seconds = Arc::new(AtomicI64::new(BEGIN));
    let clock = Arc::clone(&seconds);
    let clock = Box::new(move || at(clock.load(Ordering::Relaxed)));
    let mut writer = Writer::new(
        &folder.path().join("samples.db"),
        Arc::clone(&shared),
        clock,
    );
    let put = |second: i64| {
        let many = (1..3_000).map(|monitor| sample(monitor, second));
        locked(&shared.waiting).extend(many);
    };
    put(BEGIN);
    writer.tick();
    let limit_pages = |writer: &mut Writer, pages: u32| {
        let db = writer.file.connection().unwrap();
        db.pragma_update(None, "max_page_count", pages).unwrap();
    };
    limit_pages(&mut writer, 1);
    let written = count(&shared.counters.written);
    put(BEGIN + 30);
    writer.tick();
    seconds.store(BEGIN + 2 * HOUR, Ordering::Relaxed);
    writer.tick();
    assert_eq!(count(&shared.counters.written), written);
    let (from, to) = ever();
    let read = || reading::range(&shared, ONE, from, to, 9).unwrap().len();
    assert_eq!(read(), 2);
    limit_pages(&mut writer, u32::MAX);
    writer.tick();
    assert_eq!(count(&shared.counters.written), 2 * written);
    assert_eq!((read(), locked(&shared.memory).hours().count()), (2, 0));
    assert_eq!(count(&shared.counters.dropped), 0);
}

#[test]
fn files_are_not_set_aside_again_and_again() {
    let world = World::new();
    for second in [BEGIN, BEGIN + 30, BEGIN + 60] {
        let other = Connection::open(world.folder.path().join("samples.db")).unwrap();
        other.execute("DROP TABLE IF EXISTS journal", []).unwrap();
        world.put([second]);
        world.samples.flush();
        world.samples.flush();
    }
    assert_eq!(set_aside(world.folder.path()), 1);
    assert_eq!(world.seconds(), [BEGIN, BEGIN + 30, BEGIN + 60]);
}
