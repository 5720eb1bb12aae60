//! The store alone: its contract, and what becomes of files that are not what was written.

mod damage;

use std::fs;

use nabat_core::silence::{Origin, Phase};

use super::*;
use crate::store::contract;

fn store() -> (tempfile::TempDir, Sqlite) {
    let folder = tempfile::tempdir().unwrap();
    let store = Sqlite::open(&folder.path().join("sub/nabat.db")).unwrap();
    (folder, store)
}

#[test]
fn fulfils_the_contract() {
    contract::run(|| {
        let (folder, store) = store();
        (folder, store)
    });
}

#[test]
fn what_was_applied_is_there_after_opening_again() {
    let (folder, store) = store();
    let expected = contract::fill(&store);
    drop(store);
    let again = Sqlite::open(&folder.path().join("sub/nabat.db")).unwrap();
    contract::assert_same(again.snapshot(Timestamp::from_millis(0)).unwrap(), expected);
}

#[test]
fn a_second_process_is_refused() {
    let (folder, _store) = store();
    let second = Sqlite::open(&folder.path().join("sub/nabat.db"));
    assert!(
        matches!(&second, Err(StoreError::InUse { owner: Some(pid), .. }) if *pid == std::process::id()),
        "{second:?}"
    );
}

#[test]
fn a_file_that_is_no_database_is_named_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("nabat.db");
    fs::write(
        &path,
        "this is not a database, it is a letter to my aunt".repeat(100),
    )
    .unwrap();
    let opened = Sqlite::open(&path);
    assert!(
        matches!(opened, Err(StoreError::Foreign { .. })),
        "{opened:?}"
    );
    assert!(
        fs::read_to_string(&path)
            .unwrap()
            .starts_with("this is not")
    );
}

#[test]
fn rows_that_can_not_be_read_keep_nothing_else_from_being_read() {
    let (_folder, store) = store();
    let mut expected = contract::fill(&store);
    let statements = "UPDATE outbox SET content = '{' WHERE id = 10;
                      UPDATE subscriptions SET text = '(' WHERE kind = 'title';";
    store.connection().execute_batch(statements).unwrap();
    expected.deliveries.retain(|delivery| delivery.id.0 != 10);
    expected
        .subscriptions
        .retain(|subscription| subscription.id.0 != 5);
    contract::assert_same(store.snapshot(Timestamp::from_millis(0)).unwrap(), expected);
}

#[test]
fn silences_of_before_they_had_a_phase_are_active() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("nabat.db");
    let old = Connection::open(&path).unwrap();
    for migration in [
        include_str!("../../../migrations/0001_alert_path.sql"),
        include_str!("../../../migrations/0002_writes.sql"),
    ] {
        old.execute_batch(migration).unwrap();
    }
    let statements = "INSERT INTO silences VALUES (7, '{a=\"b\"}', 5, 99, 'Ann', 'why');
                      PRAGMA user_version = 2;";
    old.execute_batch(statements).unwrap();
    drop(old);
    let store = Sqlite::open(&path).unwrap();
    let kept = store.snapshot(Timestamp::from_millis(0)).unwrap().silences;
    let [silence] = kept.as_slice() else {
        panic!("{kept:?}");
    };
    assert_eq!(silence.phase, Phase::Active { since: 7 });
    assert_eq!(silence.origin, Origin::Api);
    assert_eq!(silence.updated_at, silence.starts_at);
}

#[test]
fn a_store_of_a_newer_version_is_refused() {
    let (folder, store) = store();
    store
        .connection()
        .pragma_update(None, "user_version", 999)
        .unwrap();
    drop(store);
    let opened = Sqlite::open(&folder.path().join("sub/nabat.db"));
    assert!(matches!(opened, Err(StoreError::TooNew)), "{opened:?}");
}
