//! Makes a new store of what can be read of a damaged one, and sets the damaged one aside.
//!
//! The new store is made complete beside the old one first. Only then the files are exchanged:
//! whatever fails before, a full disk for one, leaves everything as it was.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use rusqlite_migration::Migrations;

use super::copy::{self, Copied, Table};
use super::damage::{Damage, Outcome, Salvaged};
use super::files::{Files, beside, length, opening, private};
use super::{MIGRATIONS, check, failed};
use crate::clock;
use crate::store::{ENGINE_LEASE, StoreError};

/// Numbers that may have been given without a trace in what can be read: none is given twice.
const NUMBERS_SKIPPED: i64 = 1_000_000;
/// The same of monitors. People read and write these numbers.
const MONITORS_SKIPPED: i64 = 1_000;
/// A higher number was never given: a row that has one is not what was written.
const NUMBER_MAX: i64 = 1 << 53;
/// Tables that only Nabat itself knows of.
const HOUSEKEEPING: [&str; 4] = ["instance", "leases", "numbers", "monitor_numbers"];
/// Where the size of the database in pages stands in its first page, and the list of free ones.
const HEADER_PAGES_AT: u64 = 28;
const HEADER_FREE_PAGES_AT: u64 = 32;
/// Where the first page says that there is a log.
const HEADER_FORMATS_AT: u64 = 18;

/// Puts a new store of all that can be read in the place of a damaged one.
///
/// # Errors
/// When there is no room or no right to write; everything is as it was then.
pub(super) fn salvage(
    files: &Files,
    problem: String,
    noted: Option<i64>,
) -> Result<Damage, StoreError> {
    let draft = Files::of(&beside(&files.db, ".salvaged"));
    let patched = Files::of(&beside(&files.db, ".patched"));
    let clean = || {
        for files in [&draft, &patched] {
            for file in [&files.db, &files.wal, &files.shm] {
                // What is not there need not go; what can't go is in nobody's way but its own.
                let _ = fs::remove_file(file);
            }
        }
    };
    clean();
    let made = make(files, &draft, &patched, noted.unwrap_or(0));
    let exchanged = made.and_then(|outcome| {
        let kept_as = exchange(files, &draft).map_err(opening(&files.db))?;
        Ok((outcome, kept_as))
    });
    clean();
    match exchanged {
        Ok((outcome, kept_as)) => Ok(Damage {
            problem,
            kept_as,
            outcome,
        }),
        Err(error) => Err(StoreError::NoSalvage {
            problem,
            source: Box::new(error),
        }),
    }
}

/// Keeps a copy of the log as it is, before SQLite overwrites it.
///
/// # Errors
/// When there is no room for it.
pub(super) fn keep_log(files: &Files) -> Result<Option<PathBuf>, StoreError> {
    if length(&files.wal)? == 0 {
        return Ok(None);
    }
    let kept = aside(&files.db);
    let log = beside(&kept, "-wal");
    private(&log)
        .and_then(|_| fs::copy(&files.wal, &log))
        .map_err(|error| {
            // Half a copy is of no use to anyone.
            let _ = fs::remove_file(&log);
            opening(&log)(error)
        })?;
    Ok(Some(log))
}

/// Makes the new store in the files of `draft`.
fn make(files: &Files, draft: &Files, patched: &Files, noted: i64) -> Result<Outcome, StoreError> {
    let saving = || failed("save what can be read of the damaged store");
    private(&draft.db).map_err(opening(&draft.db))?;
    let mut to = Connection::open(&draft.db).map_err(saving())?;
    // A crash in between begins anew: the draft has to survive none.
    to.pragma_update(None, "journal_mode", "memory")
        .map_err(saving())?;
    to.pragma_update(None, "synchronous", "off")
        .map_err(saving())?;
    let migrations = Migrations::from_slice(MIGRATIONS);
    // Rows are copied as they are, and brought up to date like those of any older store.
    let version = version(files).unwrap_or(MIGRATIONS.len());
    let migrated = migrations.to_version(&mut to, version);
    migrated.map_err(super::not_migrated)?;
    let tables = copy::tables(&to).map_err(saving())?;

    let mut from = source(files, &tables);
    if from.is_none() {
        patch(files, draft, patched)?;
        from = source(patched, &tables);
    }
    let transaction = to.unchecked_transaction().map_err(saving())?;
    let mut copied = Vec::new();
    if let Some(from) = &from {
        for table in &tables {
            copied.push(copy::copy(from, &to, table).map_err(saving())?);
        }
    }
    let before = count(&to, &tables).map_err(saving())?;
    transaction.commit().map_err(saving())?;
    migrations.to_latest(&mut to).map_err(super::not_migrated)?;
    mend(&to, noted).map_err(saving())?;
    let after = count(&to, &tables).map_err(saving())?;
    to.close().map_err(|(_, error)| saving()(error))?;
    let written = File::open(&draft.db).and_then(|file| file.sync_all());
    written.map_err(opening(&draft.db))?;
    Ok(outcome(&tables, &copied, &before, &after))
}

/// Opens a damaged store to be read, if it has any content: SQLite removes the log of one that
/// has none.
fn look_into(files: &Files) -> Option<Connection> {
    let length = length(&files.db).ok()?;
    let connection = (length > 0)
        .then(|| check::read_only(files).ok())
        .flatten()?;
    // So it is read although it is shorter than it says.
    connection
        .pragma_update(None, "writable_schema", true)
        .ok()?;
    Some(connection)
}

/// The version of the store's tables, if it can be read.
fn version(files: &Files) -> Option<usize> {
    let connection = look_into(files)?;
    let version = connection.query_row("PRAGMA user_version", [], |row| row.get::<_, i64>(0));
    let version = usize::try_from(version.ok()?).ok()?;
    (1..=MIGRATIONS.len()).contains(&version).then_some(version)
}

/// Opens a damaged store, if its first page can be read and knows all tables.
fn source(files: &Files, tables: &[Table]) -> Option<Connection> {
    let connection = look_into(files)?;
    let known = |table: &Table| {
        connection
            .prepare(&format!("SELECT 1 FROM {}", table.name))
            .is_ok()
    };
    tables.iter().all(known).then_some(connection)
}

/// Copies a store whose first page can't be read or is missing, with the first page of the new
/// store instead: it says where each table begins, and in all stores they begin at the same place.
fn patch(files: &Files, draft: &Files, patched: &Files) -> Result<(), StoreError> {
    let first_page = || -> io::Result<Vec<u8>> {
        let bytes = fs::read(&draft.db)?;
        // The size of a page is a number of two bytes here.
        let size = usize::from(u16::from_be_bytes([bytes[16], bytes[17]]));
        Ok(bytes[..size].to_vec())
    };
    let patch = || -> io::Result<()> {
        private(&patched.db)?;
        for (from, to) in [(&files.db, &patched.db), (&files.wal, &patched.wal)] {
            if from.exists() {
                fs::copy(from, to)?;
            }
        }
        let page = first_page()?;
        let file = OpenOptions::new().write(true).open(&patched.db)?;
        let pages = file.metadata()?.len().div_ceil(page.len() as u64).max(1);
        let pages = u32::try_from(pages).unwrap_or(u32::MAX);
        file.write_all_at(&page, 0)?;
        file.write_all_at(&[2, 2], HEADER_FORMATS_AT)?;
        file.write_all_at(&pages.to_be_bytes(), HEADER_PAGES_AT)?;
        file.write_all_at(&[0; 8], HEADER_FREE_PAGES_AT)
    };
    patch().map_err(opening(&patched.db))
}

/// Takes out what the engine could not live with, and sees to it that no number is given twice.
fn mend(to: &Connection, noted: i64) -> rusqlite::Result<()> {
    let transaction = to.unchecked_transaction()?;
    for table in [
        "incidents",
        "cards",
        "outbox",
        "deliveries",
        "entries",
        "subscriptions",
    ] {
        to.execute(
            &format!("DELETE FROM {table} WHERE id NOT BETWEEN 1 AND ?1"),
            [NUMBER_MAX],
        )?;
    }
    // Those of maintenance windows are below zero.
    to.execute("DELETE FROM silences WHERE id = 0 OR id > ?1", [NUMBER_MAX])?;
    to.execute_batch(
        "DELETE FROM incidents WHERE NOT (json_valid(labels) AND json_valid(annotations)
             AND json_valid(links) AND coalesce(json_valid(acknowledged), 1));
         DELETE FROM cards WHERE NOT coalesce(json_valid(routed), 1);
         DELETE FROM outbox WHERE NOT json_valid(content);
         DELETE FROM silences WHERE NOT (json_valid(annotations) AND json_valid(origin));
         DELETE FROM entries WHERE NOT json_valid(what);
         DELETE FROM ledger WHERE incident NOT IN (SELECT id FROM incidents)
             OR card NOT IN (SELECT id FROM cards);
         DELETE FROM cards WHERE id NOT IN (SELECT card FROM ledger);
         DELETE FROM outbox WHERE json_extract(content, '$.card') NOT IN (SELECT id FROM cards);",
    )?;
    let used: i64 = to.query_row(
        "SELECT max(used) FROM (
             SELECT used FROM numbers UNION ALL SELECT max(id) FROM incidents
             UNION ALL SELECT max(id) FROM cards UNION ALL SELECT max(id) FROM outbox
             UNION ALL SELECT max(id) FROM deliveries UNION ALL SELECT max(id) FROM silences
             UNION ALL SELECT max(id) FROM entries
             UNION ALL SELECT max(id) FROM subscriptions)
         WHERE used BETWEEN 0 AND ?1",
        [NUMBER_MAX],
        |row| row.get::<_, Option<i64>>(0).map(Option::unwrap_or_default),
    )?;
    let counted: i64 = to.query_row("SELECT coalesce(max(used), 0) FROM numbers", [], |row| {
        row.get(0)
    })?;
    // Without the counter: no store gives a number each second for as long as seconds are counted.
    let least = match counted {
        1..=NUMBER_MAX => 0,
        _ => clock::now().as_millis() / 1_000,
    };
    to.execute(
        "INSERT OR REPLACE INTO numbers (one, used) VALUES (1, ?1)",
        [used.max(least) + NUMBERS_SKIPPED],
    )?;
    to.execute(
        "INSERT OR REPLACE INTO monitor_numbers SELECT 1, ?1 + max(used) FROM (
             SELECT 0 AS used UNION ALL SELECT used FROM monitor_numbers
             UNION ALL SELECT id FROM monitors)
         WHERE used BETWEEN 0 AND ?2",
        [MONITORS_SKIPPED, NUMBER_MAX],
    )?;
    to.execute(
        "DELETE FROM leases WHERE epoch NOT BETWEEN 0 AND ?1 OR writes NOT BETWEEN 0 AND ?1",
        [NUMBER_MAX],
    )?;
    to.execute(
        "INSERT INTO leases (name, holder, epoch, writes) VALUES (?1, '', 0, ?2)
         ON CONFLICT (name) DO UPDATE SET writes = max(writes, excluded.writes)",
        (ENGINE_LEASE, noted),
    )?;
    transaction.commit()
}

fn count(to: &Connection, tables: &[Table]) -> rusqlite::Result<Vec<u64>> {
    let rows = |table: &Table| {
        let sql = format!("SELECT count(*) FROM {}", table.name);
        to.query_row(&sql, [], |row| row.get::<_, u32>(0).map(u64::from))
    };
    tables.iter().map(rows).collect()
}

fn outcome(tables: &[Table], copied: &[Copied], before: &[u64], after: &[u64]) -> Outcome {
    let mut salvaged = Vec::new();
    for (((table, copied), before), after) in tables.iter().zip(copied).zip(before).zip(after) {
        if !HOUSEKEEPING.contains(&table.name.as_str()) {
            salvaged.push(Salvaged {
                table: table.name.clone(),
                read: before + copied.refused,
                kept: *after,
                gaps: copied.gaps,
            });
        }
    }
    match salvaged.iter().any(|table| table.kept > 0) {
        true => Outcome::Salvaged(salvaged),
        // An empty store of which every page can be read has lost nothing either.
        false if !salvaged.is_empty() && !salvaged.iter().any(|table| table.gaps) => {
            Outcome::Salvaged(salvaged)
        }
        false => Outcome::Anew,
    }
}

/// Puts the new store in the place of the damaged one, which is kept under another name.
fn exchange(files: &Files, draft: &Files) -> io::Result<Option<PathBuf>> {
    let kept = aside(&files.db);
    let kept_log = beside(&kept, "-wal");
    let (had_db, had_log) = (files.db.exists(), files.wal.exists());
    let exchange = || {
        if had_db && fs::hard_link(&files.db, &kept).is_err() {
            fs::copy(&files.db, &kept)?;
        }
        // Before the database: no log may ever be taken for that of the new one.
        if had_log {
            fs::rename(&files.wal, &kept_log)?;
        }
        if files.shm.exists() {
            fs::remove_file(&files.shm)?;
        }
        fs::rename(&draft.db, &files.db)?;
        File::open(files.folder())?.sync_all()
    };
    let exchanged = exchange();
    if exchanged.is_err() {
        // Back to what it was, as far as the disk lets us; what is kept twice does no harm.
        if had_log && !files.wal.exists() {
            let _ = fs::rename(&kept_log, &files.wal);
        }
        let _ = fs::remove_file(&kept);
    }
    exchanged.map(|()| (had_db || had_log).then_some(kept))
}

/// A free name beside the database for what is set aside now.
pub(crate) fn aside(db: &Path) -> PathBuf {
    let now = jiff::Timestamp::from_millisecond(clock::now().as_millis()).unwrap_or_default();
    let name = beside(db, &format!(".damaged-{}", now.strftime("%Y%m%dT%H%M%SZ")));
    let is_free = |name: &PathBuf| !name.exists() && !beside(name, "-wal").exists();
    let further = (2..).map(|number| beside(&name, &format!("-{number}")));
    let mut names = std::iter::once(name.clone()).chain(further);
    names.find(is_free).unwrap_or(name)
}

/// Goes on where the lost writes had come to, as far as that is known.
pub(super) fn catch_up(connection: &Connection, writes: i64) -> rusqlite::Result<()> {
    for (table, skipped) in [
        ("numbers", NUMBERS_SKIPPED),
        ("monitor_numbers", MONITORS_SKIPPED),
    ] {
        connection.execute(&format!("UPDATE {table} SET used = used + ?1"), [skipped])?;
    }
    connection.execute(
        "INSERT INTO leases (name, holder, epoch, writes) VALUES (?1, '', 0, ?2)
         ON CONFLICT (name) DO UPDATE SET writes = writes + excluded.writes",
        (ENGINE_LEASE, writes),
    )?;
    Ok(())
}
