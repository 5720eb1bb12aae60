//! Files that are not what was written: what is left goes on, what is lost is said, and nothing
//! is thrown away.

use std::collections::HashSet;
use std::path::PathBuf;

use super::*;
use crate::store::ENGINE_LEASE;

const PAGE: usize = 4_096;

/// A way to spoil bytes.
type Spoil = fn(&mut [u8], seed: usize);

fn zero(bytes: &mut [u8], _: usize) {
    bytes.fill(0);
}

/// Bytes that look like nothing, the same for the same seed.
fn noise(bytes: &mut [u8], seed: usize) {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64 ^ (seed as u64 + 1);
    for byte in bytes {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        *byte = state.to_le_bytes()[3];
    }
}

fn some_noise(bytes: &mut [u8], seed: usize) {
    let middle = bytes.len() / 2;
    noise(&mut bytes[middle..][..200], seed);
}

/// The files of a store as they were at one moment.
struct Image {
    files: Vec<(String, Vec<u8>)>,
    expected: Snapshot,
}

impl Image {
    fn of(folder: &Path, expected: Snapshot) -> Self {
        let files = fs::read_dir(folder).unwrap().map(|file| {
            let path = file.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            (name, fs::read(path).unwrap())
        });
        Self {
            files: files.collect(),
            expected,
        }
    }

    /// A store that was closed in order.
    fn closed() -> Self {
        let (folder, store) = store();
        let expected = contract::fill_pages(&store);
        drop(store);
        Self::of(&folder.path().join("sub"), expected)
    }

    /// A store whose process was killed.
    fn killed() -> Self {
        let (folder, store) = store();
        let expected = contract::fill_pages(&store);
        checkpoint(&store);
        let fence = store.acquire(ENGINE_LEASE, "test").unwrap();
        for _ in 0..20 {
            store.probe(&fence).unwrap();
        }
        Self::of(&folder.path().join("sub"), expected)
    }

    fn bytes(&mut self, name: &str) -> &mut Vec<u8> {
        let found = self.files.iter_mut().find(|(file, _)| file == name);
        &mut found.unwrap().1
    }

    fn without(mut self, name: &str) -> Self {
        self.files.retain(|(file, _)| file != name);
        self
    }

    fn spoiled(mut self, name: &str, spoil: impl FnOnce(&mut Vec<u8>)) -> Self {
        spoil(self.bytes(name));
        self
    }

    fn lay_out(&self) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        for (name, bytes) in &self.files {
            fs::write(folder.path().join(name), bytes).unwrap();
        }
        let db = folder.path().join("nabat.db");
        (folder, db)
    }
}

fn snapshot(store: &Sqlite) -> Snapshot {
    store.snapshot(Timestamp::from_millis(0)).unwrap()
}

/// Brings everything into the database; the next write begins the log anew.
fn checkpoint(store: &Sqlite) {
    let sql = "PRAGMA wal_checkpoint(PASSIVE)";
    let done = store.connection().query_row(sql, [], |_| Ok(()));
    done.unwrap();
}

fn rows(snapshot: &Snapshot) -> usize {
    let members = snapshot.cards.iter().map(|card| card.members.len());
    snapshot.incidents.len()
        + snapshot.chats.len()
        + snapshot.people.len()
        + snapshot.invites.len()
        + snapshot.subscriptions.len()
        + snapshot.silences.len()
        + snapshot.cards.len()
        + snapshot.deliveries.len()
        + snapshot.offsets.len()
        + members.sum::<usize>()
}

/// Opens what is there and lets it go on: it must take writes, and be whole the next time.
/// Returns what was wrong, and what was there.
fn go_on(db: &Path, what: &str) -> (Option<Damage>, Snapshot) {
    let store = Sqlite::open(db).unwrap_or_else(|error| panic!("{what}: {error:?}"));
    let found = snapshot(&store);
    let damage = store.damage();
    let fence = store.acquire(ENGINE_LEASE, "test").unwrap();
    store.probe(&fence).unwrap();
    drop(store);
    let again = Sqlite::open(db).unwrap();
    let there = snapshot(&again);
    // Rows that make no sense stay where they are, and are told of each time.
    let left = again.damage().map(|damage| damage.outcome);
    assert!(
        matches!(left, None | Some(Outcome::LeftOut { .. })),
        "{what}: {left:?}"
    );
    contract::assert_same(there, found.clone());
    (damage, found)
}

fn assert_nothing_made_up(found: &Snapshot, expected: &Snapshot, what: &str) {
    let known: HashSet<_> = expected.incidents.iter().map(|one| one.id).collect();
    let made_up = found.incidents.iter().find(|one| !known.contains(&one.id));
    assert!(made_up.is_none(), "{what}: {made_up:?}");
    let cards: HashSet<_> = expected.cards.iter().map(|one| one.id).collect();
    assert!(
        found.cards.iter().all(|one| cards.contains(&one.id)),
        "{what}"
    );
    let members = found.cards.iter().flat_map(|card| card.members.keys());
    for member in members {
        assert!(
            found.incidents.iter().any(|one| one.id == *member),
            "{what}: {member:?}"
        );
    }
}

#[test]
fn whichever_page_is_destroyed_the_rest_goes_on_and_the_loss_is_told() {
    let mut image = Image::closed();
    let whole = image.bytes("nabat.db").clone();
    let total = rows(&image.expected);
    let spoils: [(&str, Spoil); 3] = [
        ("zeros", zero),
        ("noise", noise),
        ("some noise", some_noise),
    ];
    for page in 0..whole.len() / PAGE {
        for (how, spoil) in spoils {
            let what = format!("page {}: {how}", page + 1);
            let bytes = image.bytes("nabat.db");
            bytes.clone_from(&whole);
            spoil(&mut bytes[page * PAGE..][..PAGE], page);
            let spoiled = bytes.clone();
            let (_folder, db) = image.lay_out();
            let (damage, found) = go_on(&db, &what);
            if how != "some noise" {
                assert_nothing_made_up(&found, &image.expected, &what);
            }
            match damage {
                None if how == "some noise" => assert_eq!(rows(&found), total, "{what}"),
                None => contract::assert_same(found, image.expected.clone()),
                Some(damage) => {
                    if rows(&found) < total {
                        assert!(damage.lost_some(), "{what}: {damage}");
                    }
                    if let Some(kept_as) = damage.kept_as {
                        assert!(fs::read(kept_as).unwrap() == spoiled, "{what}");
                    }
                }
            }
        }
    }
}

#[test]
fn a_file_that_was_cut_goes_on_with_the_rest() {
    let cuts: [(&str, fn(usize) -> usize); 6] = [
        ("half of it", |length| length / 2),
        ("one page", |_| PAGE),
        ("all but a page", |length| length - PAGE),
        ("all but a bit", |length| length - 1_000),
        ("a few bytes", |_| 10),
        ("nothing", |_| 0),
    ];
    for (what, cut) in cuts {
        let image = Image::closed().spoiled("nabat.db", |bytes| bytes.truncate(cut(bytes.len())));
        let (_folder, db) = image.lay_out();
        let (damage, found) = go_on(&db, what);
        let damage = damage.expect(what);
        assert_nothing_made_up(&found, &image.expected, what);
        assert!(damage.kept_as.unwrap().exists(), "{what}");
        assert!(found.numbers_used >= 1_000_000, "{what}");
    }
}

#[test]
fn a_file_that_is_missing_is_missed() {
    let (_folder, db) = Image::closed().without("nabat.db").lay_out();
    let (damage, found) = go_on(&db, "missing");
    let damage = damage.unwrap();
    assert_eq!((damage.outcome, damage.kept_as), (Outcome::Anew, None));
    assert!(found.numbers_used > 1_000_000);
}

#[test]
fn the_log_alone_brings_back_what_is_in_it() {
    let (folder, store) = store();
    let expected = contract::fill_pages(&store);
    for what in ["missing", "empty"] {
        let mut image = Image::of(&folder.path().join("sub"), expected.clone());
        match what {
            "empty" => image.bytes("nabat.db").clear(),
            _ => image = image.without("nabat.db"),
        }
        for lock in [true, false] {
            if !lock {
                image = image.without("nabat.db.lock");
            }
            let (_folder, db) = image.lay_out();
            let (damage, mut found) = go_on(&db, what);
            let damage = damage.unwrap();
            assert!(!damage.lost_some(), "{what}: {damage}");
            assert!(super::files::beside(&damage.kept_as.unwrap(), "-wal").exists());
            assert!(found.numbers_used > expected.numbers_used + 100_000);
            found.numbers_used = expected.numbers_used;
            contract::assert_same(found, expected.clone());
        }
    }
}

#[test]
fn a_killed_process_is_no_damage() {
    let image = Image::killed();
    let (_folder, db) = image.lay_out();
    let (damage, found) = go_on(&db, "killed");
    assert_eq!(damage, None);
    contract::assert_same(found, image.expected);
}

#[test]
fn a_write_that_was_never_finished_is_no_damage() {
    for torn in [1, 100, 3_000, 4_120, 9_000] {
        let image = Image::killed().spoiled("nabat.db-wal", |bytes| {
            let tail = bytes[bytes.len() - torn..].to_vec();
            bytes.extend(tail);
        });
        let (_folder, db) = image.lay_out();
        let (damage, found) = go_on(&db, "torn");
        assert_eq!(damage, None, "{torn}");
        contract::assert_same(found, image.expected);
    }
}

#[test]
fn a_damaged_or_missing_log_is_missed_and_kept() {
    // What follows the first 20 frames or so is left from before the checkpoint.
    let spoils: [(&str, fn(&mut Vec<u8>)); 5] = [
        ("header", |bytes| noise(&mut bytes[..32], 1)),
        ("early", |bytes| noise(&mut bytes[5_000..5_100], 1)),
        ("late", |bytes| noise(&mut bytes[70_000..70_100], 1)),
        ("cut", |bytes| bytes.truncate(40_000)),
        ("empty", Vec::clear),
    ];
    for (what, spoil) in spoils {
        let mut image = Image::killed().spoiled("nabat.db-wal", spoil);
        let log = image.bytes("nabat.db-wal").clone();
        let (_folder, db) = image.lay_out();
        let (damage, found) = go_on(&db, what);
        let damage = damage.expect(what);
        assert!(
            matches!(damage.outcome, Outcome::Behind { writes: 1.. }),
            "{what}: {damage}"
        );
        match damage.kept_as {
            Some(kept) => assert!(fs::read(kept).unwrap() == log, "{what}"),
            None => assert_eq!(what, "empty"),
        }
        assert!(found.numbers_used > 1_000_000, "{what}");
        assert!(!found.subscriptions.is_empty(), "{what}");
    }
    let (_folder, db) = Image::killed().without("nabat.db-wal").lay_out();
    let (damage, _) = go_on(&db, "missing");
    assert!(damage.unwrap().to_string().contains("changes are lost"));
}

#[test]
fn a_database_of_another_program_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let db = folder.path().join("nabat.db");
    let other = Connection::open(&db).unwrap();
    other.execute_batch("CREATE TABLE theirs (a)").unwrap();
    drop(other);
    let before = fs::read(&db).unwrap();
    let opened = Sqlite::open(&db);
    assert!(
        matches!(opened, Err(StoreError::Foreign { .. })),
        "{opened:?}"
    );
    assert!(fs::read(&db).unwrap() == before);
}

#[test]
fn what_can_not_be_saved_is_left_as_it_was() {
    let mut image = Image::closed();
    noise(&mut image.bytes("nabat.db")[10 * PAGE..20 * PAGE], 1);
    let (folder, db) = image.lay_out();
    // In the way of the new store.
    fs::create_dir(folder.path().join("nabat.db.salvaged")).unwrap();
    let opened = Sqlite::open(&db);
    assert!(
        matches!(opened, Err(StoreError::NoSalvage { .. })),
        "{opened:?}"
    );
    assert!(fs::read(&db).unwrap() == *image.bytes("nabat.db"));
    let names = fs::read_dir(folder.path()).unwrap();
    let mut names = names.map(|file| file.unwrap().file_name().into_string().unwrap());
    assert!(names.all(|name| !name.contains("damaged")));
}

#[test]
fn a_store_of_the_first_version_is_brought_up_to_date_damaged_or_not() {
    let folder = tempfile::tempdir().unwrap();
    let db = folder.path().join("nabat.db");
    let mut old = Connection::open(&db).unwrap();
    Migrations::from_slice(&MIGRATIONS[..1])
        .to_latest(&mut old)
        .unwrap();
    let people = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 999)
                  INSERT INTO people SELECT i, 'Ann', 'member', 1 FROM n";
    old.execute_batch(people).unwrap();
    drop(old);
    let whole = fs::read(&db).unwrap();
    let (damage, found) = go_on(&db, "whole");
    assert_eq!((damage, found.people.len()), (None, 999));

    let folder = tempfile::tempdir().unwrap();
    let db = folder.path().join("nabat.db");
    fs::write(&db, &whole[..whole.len() - PAGE]).unwrap();
    let (damage, found) = go_on(&db, "damaged");
    assert!(damage.unwrap().lost_some());
    assert!(
        (500..999).contains(&found.people.len()),
        "{}",
        found.people.len()
    );
}

#[test]
fn files_that_are_taken_away_or_cut_while_in_use_are_noticed() {
    let spoils: [(&str, &str, fn(&Path)); 6] = [
        ("removed", "nabat.db", |path| fs::remove_file(path).unwrap()),
        ("removed", "nabat.db-wal", |path| {
            fs::remove_file(path).unwrap();
        }),
        ("replaced", "nabat.db", |path| {
            let other = path.with_extension("other");
            fs::copy(path, &other).unwrap();
            fs::rename(&other, path).unwrap();
        }),
        ("cut", "nabat.db", |path| {
            fs::File::options()
                .write(true)
                .open(path)
                .unwrap()
                .set_len(5_000)
                .unwrap();
        }),
        ("cut", "nabat.db-wal", |path| {
            fs::File::options()
                .write(true)
                .open(path)
                .unwrap()
                .set_len(0)
                .unwrap();
        }),
        ("removed", "", |path| fs::remove_dir_all(path).unwrap()),
    ];
    for (how, file, spoil) in spoils {
        let (folder, store) = store();
        contract::fill_pages(&store);
        let fence = store.acquire(ENGINE_LEASE, "test").unwrap();
        store.probe(&fence).unwrap();
        checkpoint(&store);
        store.look().unwrap();
        spoil(&folder.path().join("sub").join(file));
        for answer in [store.look(), store.probe(&fence), store.apply(&fence, &[])] {
            assert!(
                matches!(&answer, Err(StoreError::Gone { how: said, .. }) if *said == how),
                "{file} {how}: {answer:?}"
            );
        }
    }
}
