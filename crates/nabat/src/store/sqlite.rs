//! The store in one SQLite file.
//!
//! WAL with full synchronisation: what `apply` returned from survives a power failure. The file
//! belongs to one process, which a lock file beside it guards. All statements are in `rows`,
//! `history` and `incidents`; whoever only reads the history does so on a connection of its own.
//!
//! Before anything is written at a start, `check` looks whether the files are whole; if not,
//! `salvage` puts what can be read in their place, and [`Sqlite::damage`] tells of it.

mod bots;
mod check;
mod copy;
mod damage;
mod files;
mod given;
mod history;
mod incidents;
mod lock;
mod monitors;
mod reader;
mod rows;
mod salvage;
mod silences;
#[cfg(test)]
mod tests;
mod tokens;

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension, Transaction};
use rusqlite_migration::{Error as MigrationError, M, MigrationDefinitionError, Migrations};

use nabat_core::change::{Change, Given, Snapshot};
use nabat_core::delivery::{Attempt, DeliveryId};
use nabat_core::history::Entry;
use nabat_core::incident::{Incident, IncidentId};
use nabat_core::monitor::MonitorId;
use nabat_core::monitor::record::{Edge, Ping};
use nabat_core::time::Timestamp;
use nabat_core::token::Token;

use super::{
    Fence, History, IncidentPage, IncidentQuery, Keep, Query, Record, Store, StoreError, Watched,
};
use check::Found;
use files::{Files, Watch, opening};
use lock::Lock;

pub use damage::{Damage, Outcome, Salvaged};
pub(crate) use files::{beside, private};
pub(crate) use salvage::aside;

const MIGRATIONS: &[M<'_>] = &[
    M::up(include_str!("../../migrations/0001_alert_path.sql")),
    M::up(include_str!("../../migrations/0002_writes.sql")),
    M::up(include_str!("../../migrations/0003_silences.sql")),
    M::up(include_str!("../../migrations/0004_doubts.sql")),
    M::up(include_str!("../../migrations/0005_presumed_ends.sql")),
    M::up(include_str!("../../migrations/0007_entries.sql")),
    M::up(include_str!("../../migrations/0008_monitors.sql")),
    M::up(include_str!("../../migrations/0009_tokens.sql")),
    M::up(include_str!("../../migrations/0010_bots.sql")),
    M::up(include_str!("../../migrations/0011_given.sql")),
    M::up(include_str!("../../migrations/0012_monitor_numbers.sql")),
];
/// A larger log is cut to this size in bytes when it begins anew.
const WAL_KEPT_BYTES: u32 = 64 << 20;

/// The store in one SQLite file.
#[derive(Debug)]
pub struct Sqlite {
    // Dropped before the writer: only whoever writes takes the log over into the file when it is the
    // last to close it.
    reader: Mutex<Connection>,
    connection: Mutex<Connection>,
    watch: Watch,
    /// Held for as long as this process uses the file.
    lock: Lock,
    damage: Option<Damage>,
    /// Rows that the last snapshot could make no sense of.
    left_out: AtomicU64,
}

impl Sqlite {
    /// Opens the store at `path`, making it and its folder if they are not there. A damaged one is
    /// set aside, and what can be read of it goes on in a new one.
    ///
    /// # Errors
    /// When another process or program uses it, when it is too new, or when it can't be used.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let files = Files::of(path);
        files.make_folder()?;
        let lock = Lock::take(&files)?;
        let noted = lock.noted();
        let damage = match check::look(&files, noted)? {
            Found::Nothing | Found::Whole => None,
            Found::Behind(writes) => Some(Damage {
                problem: "changes that were stored are not in it any more".to_owned(),
                kept_as: salvage::keep_log(&files)?,
                outcome: Outcome::Behind { writes },
            }),
            Found::Damaged(problem) => Some(salvage::salvage(&files, problem, noted)?),
        };
        private(path).map_err(opening(path))?;
        files.check_access()?;
        let mut connection = Connection::open(path).map_err(failed("open the store"))?;
        set_up(&connection).map_err(failed("set up the store"))?;
        migrate(&mut connection)?;
        if let Some(Outcome::Behind { writes }) = damage.as_ref().map(|damage| &damage.outcome) {
            salvage::catch_up(&connection, *writes).map_err(failed("set up the store"))?;
        }
        let writes = connection
            .query_row("SELECT coalesce(sum(writes), 0) FROM leases", [], |row| {
                row.get(0)
            })
            .map_err(failed("count the writes"))?;
        lock.note(writes);
        let reader = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)
            .map_err(failed("open the store to read it"))?;
        Ok(Self {
            connection: Mutex::new(connection),
            reader: Mutex::new(reader),
            watch: Watch::begin(&files, WAL_KEPT_BYTES.into())?,
            lock,
            damage,
            left_out: AtomicU64::new(0),
        })
    }

    /// What was wrong with the files when they were opened, or with rows that were read since.
    pub fn damage(&self) -> Option<Damage> {
        let left_out = || match self.left_out.load(Ordering::Relaxed) {
            0 => None,
            rows => Some(Damage {
                problem: "some of what is in it makes no sense".to_owned(),
                kept_as: None,
                outcome: Outcome::LeftOut { rows },
            }),
        };
        self.damage.clone().or_else(left_out)
    }

    fn connection(&self) -> MutexGuard<'_, Connection> {
        // A panic while the lock was held rolled its transaction back.
        self.connection
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn reader(&self) -> MutexGuard<'_, Connection> {
        self.reader.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does `work` in one transaction, if the fence still holds and the files are still there.
    fn write<T>(
        &self,
        fence: &Fence,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.watch.look()?;
        let mut connection = self.connection();
        let (transaction, writes) = begin(&mut connection, fence)?;
        let done = work(&transaction)?;
        transaction.commit().map_err(failed("commit"))?;
        self.lock.note(writes);
        Ok(done)
    }
}

impl History for Sqlite {
    fn deliveries(&self, query: &Query) -> Result<Vec<Record>, StoreError> {
        history::deliveries(&self.reader(), query).map_err(failed("read the history"))
    }

    fn delivery(&self, id: DeliveryId) -> Result<Option<Record>, StoreError> {
        history::delivery(&self.reader(), id).map_err(failed("read the history"))
    }

    fn attempts(&self, id: DeliveryId) -> Result<Vec<Attempt>, StoreError> {
        history::attempts(&self.reader(), id).map_err(failed("read the history"))
    }

    fn incidents(&self, query: &IncidentQuery) -> Result<IncidentPage, StoreError> {
        incidents::page(&self.reader(), query).map_err(failed("read the history"))
    }

    fn incident(&self, id: IncidentId) -> Result<Option<Incident>, StoreError> {
        incidents::one(&self.reader(), id).map_err(failed("read the history"))
    }

    fn entries(&self, id: IncidentId) -> Result<Vec<Entry>, StoreError> {
        incidents::entries(&self.reader(), id).map_err(failed("read the history"))
    }

    fn monitors(&self) -> Result<Watched, StoreError> {
        monitors::all(&self.reader()).map_err(failed("read the monitors"))
    }

    fn tokens(&self) -> Result<Vec<Token>, StoreError> {
        tokens::all(&self.reader()).map_err(failed("read the tokens"))
    }

    fn given(&self, since: Timestamp) -> Result<Vec<Given>, StoreError> {
        given::since(&self.reader(), since).map_err(failed("read the answers"))
    }

    fn edges(&self, id: MonitorId, since: Timestamp) -> Result<Vec<Edge>, StoreError> {
        monitors::edges(&self.reader(), id, since).map_err(failed("read the history"))
    }

    fn pings(&self, id: MonitorId, limit: usize) -> Result<Vec<Ping>, StoreError> {
        monitors::pings(&self.reader(), id, limit).map_err(failed("read the history"))
    }
}

impl Store for Sqlite {
    fn acquire(&self, lease: &str, holder: &str) -> Result<Fence, StoreError> {
        let epoch = self
            .connection()
            .query_row(
                "INSERT INTO leases (name, holder, epoch) VALUES (?1, ?2, 1)
                 ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, epoch = epoch + 1
                 RETURNING epoch",
                (lease, holder),
                |row| row.get(0),
            )
            .map_err(failed("acquire the lease"))?;
        Ok(Fence {
            lease: lease.to_owned(),
            epoch,
        })
    }

    fn instance(&self) -> Result<String, StoreError> {
        self.connection()
            .query_row("SELECT name FROM instance", [], |row| row.get(0))
            .map_err(failed("read the instance"))
    }

    fn apply(&self, fence: &Fence, changes: &[Change]) -> Result<(), StoreError> {
        self.write(fence, |transaction| {
            changes
                .iter()
                .try_for_each(|change| rows::apply(transaction, change))
        })
    }

    fn snapshot(&self, ended_since: Timestamp) -> Result<Snapshot, StoreError> {
        let mut connection = self.connection();
        let transaction = connection
            .transaction()
            .map_err(failed("begin reading the store"))?;
        let (snapshot, left_out) =
            rows::snapshot(&transaction, ended_since).map_err(failed("read the store"))?;
        self.left_out.store(left_out, Ordering::Relaxed);
        Ok(snapshot)
    }

    fn prune(&self, fence: &Fence, keep: Keep, limit: usize) -> Result<usize, StoreError> {
        self.write(fence, |transaction| {
            incidents::prune(transaction, keep, limit).map_err(failed("forget old incidents"))
        })
    }

    fn prune_history(&self, fence: &Fence, keep: Keep, limit: usize) -> Result<usize, StoreError> {
        self.write(fence, |transaction| {
            history::prune(transaction, keep, limit).map_err(failed("forget old deliveries"))
        })
    }

    fn probe(&self, fence: &Fence) -> Result<(), StoreError> {
        // Each write is counted, and so writes something.
        self.write(fence, |_| Ok(()))
    }

    fn look(&self) -> Result<(), StoreError> {
        self.watch.look()
    }
}

/// Begins a write, if the fence still holds; says which one it is.
fn begin<'c>(
    connection: &'c mut Connection,
    fence: &Fence,
) -> Result<(Transaction<'c>, i64), StoreError> {
    let transaction = connection
        .transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)
        .map_err(failed("begin a write"))?;
    let writes: Option<i64> = transaction
        .prepare_cached(
            "UPDATE leases SET writes = writes + 1 WHERE name = ?1 AND epoch = ?2
             RETURNING writes",
        )
        .and_then(|mut statement| {
            statement
                .query_row((&fence.lease, fence.epoch), |row| row.get(0))
                .optional()
        })
        .map_err(failed("check the lease"))?;
    match writes {
        Some(writes) => Ok((transaction, writes)),
        None => Err(StoreError::Fenced {
            fence: fence.clone(),
        }),
    }
}

fn set_up(connection: &Connection) -> rusqlite::Result<()> {
    connection.set_prepared_statement_cache_capacity(64);
    connection.pragma_update(None, "journal_mode", "wal")?;
    connection.pragma_update(None, "synchronous", "full")?;
    // Half of the default: what is written is mostly at the ends of tables, and idle memory counts.
    connection.pragma_update(None, "cache_size", -1_000)?;
    // A checkpoint each 16 MiB: few enough not to be felt, often enough to keep the log small.
    connection.pragma_update(None, "wal_autocheckpoint", 4_000)?;
    connection.pragma_update(None, "journal_size_limit", WAL_KEPT_BYTES)
}

fn migrate(connection: &mut Connection) -> Result<(), StoreError> {
    Migrations::from_slice(MIGRATIONS)
        .to_latest(connection)
        .map_err(not_migrated)
}

fn not_migrated(error: MigrationError) -> StoreError {
    match error {
        MigrationError::MigrationDefinition(MigrationDefinitionError::DatabaseTooFarAhead) => {
            StoreError::TooNew
        }
        MigrationError::RusqliteError { err, .. } => failed("set up the tables")(err),
        other => StoreError::Damaged {
            problem: other.to_string(),
        },
    }
}

/// Tells what SQLite's answer means to the caller.
fn failed(what: &'static str) -> impl Fn(rusqlite::Error) -> StoreError {
    move |source| {
        let problem = source.to_string();
        match source.sqlite_error_code() {
            Some(
                ErrorCode::DiskFull
                | ErrorCode::ReadOnly
                | ErrorCode::SystemIoFailure
                | ErrorCode::CannotOpen
                | ErrorCode::PermissionDenied,
            ) => StoreError::Full { problem },
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
                StoreError::Damaged { problem }
            }
            _ => StoreError::Sqlite { what, source },
        }
    }
}

#[cfg(test)]
impl Sqlite {
    /// Lets the file grow to this many pages only: SQLite then says that the disk is full.
    pub(crate) fn limit_pages(&self, pages: u32) {
        self.connection()
            .pragma_update(None, "max_page_count", pages)
            .unwrap();
    }
}
