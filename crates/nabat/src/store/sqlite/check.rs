//! Looks at the store's files before anything is written: are they whole, and are they Nabat's?

use std::fs::File;
use std::io::{ErrorKind, Read as _};

use rusqlite::{Connection, OpenFlags};

use super::files::{Files, length, opening};
use super::{MIGRATIONS, failed};
use crate::store::StoreError;

/// What every SQLite database begins with.
const MAGIC: &[u8; 16] = b"SQLite format 3\0";
/// A log without any content is this long in bytes.
const WAL_HEADER_BYTES: u64 = 32;
/// A higher version was never written by anyone.
const VERSION_MAX: usize = 9_999;

/// What the files are.
#[derive(Debug)]
pub(super) enum Found {
    /// There is nothing yet.
    Nothing,
    /// A store that is whole.
    Whole,
    /// A store that is whole, but lacks this many of its last writes.
    Behind(i64),
    /// Not what was written, in words.
    Damaged(String),
}

/// Looks at the files; `noted` writes are known to have been made. Nothing is changed.
///
/// # Errors
/// When they can't be read, belong to another program, or are too new.
pub(super) fn look(files: &Files, noted: Option<i64>) -> Result<Found, StoreError> {
    let log = length(&files.wal)? > WAL_HEADER_BYTES;
    let Some(beginning) = beginning(files)? else {
        let damaged = |problem: &str| Ok(Found::Damaged(problem.to_owned()));
        return match (files.db.exists(), log || noted.is_some()) {
            (_, false) => Ok(Found::Nothing),
            (true, true) => damaged("the file is empty"),
            (false, true) => damaged("the file is missing"),
        };
    };
    if beginning != MAGIC {
        return match noted {
            Some(_) => Ok(Found::Damaged("its first page is destroyed".to_owned())),
            None => Err(foreign(files)),
        };
    }
    files.check_access()?;
    let connection = read_only(files).map_err(failed("open the store to check it"))?;
    match examine(&connection, files, log, noted.unwrap_or(0)) {
        Err(StoreError::Damaged { problem }) => Ok(Found::Damaged(problem)),
        other => other,
    }
}

/// Opens the store such that nothing is written to it.
pub(super) fn read_only(files: &Files) -> rusqlite::Result<Connection> {
    let connection = Connection::open_with_flags(&files.db, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    connection.pragma_update(None, "cell_size_check", true)?;
    Ok(connection)
}

/// The first bytes of the file, fewer if it is shorter; `None` if it has none.
fn beginning(files: &Files) -> Result<Option<Vec<u8>>, StoreError> {
    let mut bytes = Vec::new();
    match File::open(&files.db) {
        Ok(file) => {
            file.take(MAGIC.len() as u64)
                .read_to_end(&mut bytes)
                .map_err(opening(&files.db))?;
        }
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(opening(&files.db)(error)),
    }
    Ok(Some(bytes).filter(|bytes| !bytes.is_empty()))
}

fn examine(
    connection: &Connection,
    files: &Files,
    log: bool,
    noted: i64,
) -> Result<Found, StoreError> {
    let checking = || failed("check the store");
    let number = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0));
    let version = number("PRAGMA user_version").map_err(checking())?;
    let tables = number("SELECT count(*) FROM sqlite_schema").map_err(checking())?;
    match usize::try_from(version) {
        Ok(0) if tables > 0 => return Err(foreign(files)),
        Ok(version) if version <= MIGRATIONS.len() => {}
        Ok(..=VERSION_MAX) => return Err(StoreError::TooNew),
        _ => {
            return Ok(Found::Damaged(format!(
                "it says that it is of version {version}"
            )));
        }
    }
    let page = number("PRAGMA page_size").map_err(checking())?;
    let odd = length(&files.db)? % page.unsigned_abs().max(1);
    // With a log, a page that a checkpoint had begun to write is written again from there.
    if odd > 0 && !log {
        return Ok(Found::Damaged("its end is missing".to_owned()));
    }
    let verdict: String = connection
        .query_row("PRAGMA quick_check(1)", [], |row| row.get(0))
        .map_err(checking())?;
    if verdict != "ok" {
        let problem = verdict.trim_start_matches("*** in database main ***");
        let problem = problem.split_whitespace().collect::<Vec<_>>().join(" ");
        return Ok(Found::Damaged(problem));
    }
    // The second migration brought the count.
    let writes = match version {
        0 | 1 => 0,
        _ => number("SELECT coalesce(sum(writes), 0) FROM leases").map_err(checking())?,
    };
    Ok(match noted - writes {
        missing @ 1.. => Found::Behind(missing),
        _ => Found::Whole,
    })
}

fn foreign(files: &Files) -> StoreError {
    StoreError::Foreign {
        path: files.db.display().to_string(),
    }
}
