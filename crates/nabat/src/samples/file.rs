//! The SQLite file of the samples: opened, set aside when it is of no use, opened again when it is
//! not the one that lies there any more.

use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode, OpenFlags};
use rusqlite_migration::{Error as MigrationError, M, MigrationDefinitionError, Migrations};

use super::{SamplesError, failed};
use crate::channel::chain;
use crate::store::sqlite::{aside, beside, private};

const MIGRATIONS: &[M<'_>] = &[M::up(include_str!("0001_samples.sql"))];
/// Says in its head that a file is one of samples: "nabS".
const APPLICATION_ID: i32 = 0x6e61_6253;
/// Twice the default: the samples of a monitor that is looked at each five seconds stay in one page.
const PAGE_BYTES: u32 = 8_192;
/// A larger log is cut to this size in bytes when it begins anew.
const WAL_KEPT_BYTES: u32 = 16 << 20;

/// No more than one file is set aside in so long.
const RENEWED_EACH: Duration = Duration::from_secs(3_600);

/// The file, open or not.
#[derive(Debug)]
pub(super) struct File {
    path: PathBuf,
    open: Option<Open>,
    /// When a file was set aside last.
    renewed_at: Option<Instant>,
}

#[derive(Debug)]
struct Open {
    connection: Connection,
    /// Device and number: another file of the same name has others.
    identity: (u64, u64),
}

impl File {
    pub(super) fn at(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            open: None,
            renewed_at: None,
        }
    }

    /// Opens the file, unless it is open. What is of no use is set aside. Returns another
    /// connection, which can only read, if it opened one.
    ///
    /// # Errors
    /// When it can't be used now.
    pub(super) fn ensure_open(&mut self) -> Result<Option<Connection>, SamplesError> {
        let found = fs::metadata(&self.path).as_ref().map(identity).ok();
        match (&self.open, found) {
            (Some(open), Some(found)) if open.identity == found => return Ok(None),
            (Some(_), _) => {
                let path = self.path.display();
                tracing::warn!("`{path}` was removed or replaced; samples go on in a new one");
                self.open = None;
            }
            (None, _) => {}
        }
        let connection = match open(&self.path) {
            Err(error) if is_useless(&error) => {
                self.set_aside(error)?;
                open(&self.path)?
            }
            other => other?,
        };
        let reader = Connection::open_with_flags(&self.path, OpenFlags::SQLITE_OPEN_READ_ONLY)
            .map_err(failed("open the samples to read them"))?;
        let metadata = fs::metadata(&self.path).map_err(cannot_open(&self.path))?;
        self.open = Some(Open {
            connection,
            identity: identity(&metadata),
        });
        Ok(Some(reader))
    }

    /// The connection of the file that is open.
    ///
    /// # Errors
    /// When none is.
    pub(super) fn connection(&mut self) -> Result<&mut Connection, SamplesError> {
        let path = &self.path;
        let open = self.open.as_mut();
        open.map(|open| &mut open.connection)
            .ok_or_else(|| cannot_open(path)(io::ErrorKind::NotFound.into()))
    }

    /// How long it is in bytes.
    pub(super) fn length(&self) -> u64 {
        fs::metadata(&self.path).map_or(0, |metadata| metadata.len())
    }

    /// Gives the file, of which `why` makes no use possible, another name, so that a new one can be
    /// made. Soon after it was done it is not done again: a bad disk must not be filled with files.
    ///
    /// # Errors
    /// `why`, or that the folder can't be written.
    pub(super) fn set_aside(&mut self, why: SamplesError) -> Result<(), SamplesError> {
        if self
            .renewed_at
            .is_some_and(|at| at.elapsed() < RENEWED_EACH)
        {
            return Err(why);
        }
        self.open = None;
        let kept = aside(&self.path);
        // The log first: it may never be taken for that of the new file.
        for suffix in ["-wal", "-shm", ""] {
            match fs::rename(beside(&self.path, suffix), beside(&kept, suffix)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(cannot_open(&self.path)(error));
                }
                _ => {}
            }
        }
        self.renewed_at = Some(Instant::now());
        let (why, path, kept) = (chain(&why), self.path.display(), kept.display());
        tracing::error!(
            "{why}; samples begin anew in another `{path}`, and this one is kept as `{kept}`"
        );
        Ok(())
    }
}

/// Whether nothing can be done with the file but to set it aside.
pub(super) fn is_useless(error: &SamplesError) -> bool {
    match error {
        SamplesError::Foreign { .. } | SamplesError::TooNew { .. } => true,
        SamplesError::Sqlite { source, .. } => matches!(
            source.sqlite_error_code(),
            // The last one: its tables are not what they should be.
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase | ErrorCode::Unknown)
        ),
        SamplesError::Thread(_) | SamplesError::Open { .. } => false,
    }
}

fn open(path: &Path) -> Result<Connection, SamplesError> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(cannot_open(path))?;
    }
    private(path).map_err(cannot_open(path))?;
    let mut connection = Connection::open(path).map_err(failed("open the samples"))?;
    if !is_ours(&connection).map_err(failed("read the samples"))? {
        return Err(SamplesError::Foreign {
            path: path.display().to_string(),
        });
    }
    set_up(&connection).map_err(failed("set up the samples"))?;
    let migrated = Migrations::from_slice(MIGRATIONS).to_latest(&mut connection);
    migrated.map_err(|error| match error {
        MigrationError::RusqliteError { err, .. } => failed("set up the samples' tables")(err),
        MigrationError::MigrationDefinition(MigrationDefinitionError::DatabaseTooFarAhead) => {
            SamplesError::TooNew {
                path: path.display().to_string(),
            }
        }
        _ => SamplesError::Foreign {
            path: path.display().to_string(),
        },
    })?;
    Ok(connection)
}

/// Whether the file is one of samples, or has nothing in it yet.
fn is_ours(connection: &Connection) -> rusqlite::Result<bool> {
    let id: i32 = connection.query_row("PRAGMA application_id", [], |row| row.get(0))?;
    let tables: i64 =
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    Ok(id == APPLICATION_ID || tables == 0)
}

fn set_up(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update(None, "page_size", PAGE_BYTES)?;
    connection.pragma_update(None, "journal_mode", "wal")?;
    // A power failure may cost what came since the last checkpoint; what a crash of Nabat costs is
    // what came since the last commit.
    connection.pragma_update(None, "synchronous", "normal")?;
    connection.pragma_update(None, "cache_size", -1_000)?;
    connection.pragma_update(None, "journal_size_limit", WAL_KEPT_BYTES)?;
    connection.pragma_update(None, "application_id", APPLICATION_ID)
}

fn cannot_open(path: &Path) -> impl Fn(io::Error) -> SamplesError {
    move |source| SamplesError::Open {
        path: path.display().to_string(),
        source,
    }
}

fn identity(metadata: &Metadata) -> (u64, u64) {
    (metadata.dev(), metadata.ino())
}
