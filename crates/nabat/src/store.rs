//! Where Nabat keeps what must not be lost.
//!
//! [`Store`] is the port of the one writer: coarse on purpose, one call is one transaction. The
//! engine's decisions go in as a list of changes, applied all or not at all and on disk when
//! `apply` returns; at a start everything comes back as one snapshot. SQLite is the default,
//! `memory` serves tests, and both pass `contract`. [`History`] is for those who only look back. Nothing here decides anything.

#[cfg(test)]
mod contract;
mod history;
#[cfg(test)]
pub(crate) mod memory;
pub mod sqlite;

use std::fmt;

use nabat_core::change::{Change, Snapshot};
use nabat_core::incident::IncidentId;
use nabat_core::time::Timestamp;

pub use history::{
    GIVEN_BYTES_KEPT_OF_ONE, GIVEN_KEPT, GIVEN_KEPT_FOR, GIVEN_KEPT_OF_ONE, History, IncidentPage,
    IncidentQuery, Keep, PINGS_KEPT, Query, Record, Watched,
};

/// The lease that the writer of the alert path holds.
pub const ENGINE_LEASE: &str = "engine";

/// The right to write, until somebody else acquires it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fence {
    /// Which lease.
    pub lease: String,
    /// Grows each time the lease changes hands.
    pub epoch: i64,
}

/// Keeps the state of the alert path.
pub trait Store: Send + Sync + fmt::Debug {
    /// Makes `holder` the one who may write under `lease`; whoever held it before may no more.
    ///
    /// # Errors
    /// When the store can't be written.
    fn acquire(&self, lease: &str, holder: &str) -> Result<Fence, StoreError>;

    /// What tells this store from others, for as long as it lives: letters and digits.
    ///
    /// # Errors
    /// When the store can't be read.
    fn instance(&self) -> Result<String, StoreError>;

    /// Keeps all changes, in order, or none. They survive a power failure once this returns.
    ///
    /// # Errors
    /// See [`StoreError`]; nothing was kept.
    fn apply(&self, fence: &Fence, changes: &[Change]) -> Result<(), StoreError>;

    /// Everything the engine needs to go on: of the incidents those that are open, on a card, or
    /// ended since `ended_since`.
    ///
    /// # Errors
    /// When the store can't be read.
    fn snapshot(&self, ended_since: Timestamp) -> Result<Snapshot, StoreError>;

    /// Forgets at most `limit` incidents that ended, that no card shows and that need not be kept,
    /// with what happened to them. Returns how many.
    ///
    /// # Errors
    /// When the store can't be written.
    fn prune(&self, fence: &Fence, keep: Keep, limit: usize) -> Result<usize, StoreError>;

    /// Forgets at most `limit` deliveries of the history that need not be kept, with their
    /// attempts. Returns how many.
    ///
    /// # Errors
    /// When the store can't be written.
    fn prune_history(&self, fence: &Fence, keep: Keep, limit: usize) -> Result<usize, StoreError>;

    /// Whether something can be written now.
    ///
    /// # Errors
    /// Why not.
    fn probe(&self, fence: &Fence) -> Result<(), StoreError>;

    /// Whether what is stored is still where it was put; costs next to nothing.
    ///
    /// # Errors
    /// What became of it.
    fn look(&self) -> Result<(), StoreError> {
        Ok(())
    }
}

/// Why the store did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Somebody else may write now.
    #[error("another Nabat took over the store (`{}` is held at a later epoch than {})", fence.lease, fence.epoch)]
    Fenced {
        /// The fence that was shown.
        fence: Fence,
    },
    /// The stored incident is newer than the one to store.
    #[error("a newer revision of incident {} is stored already", incident.0)]
    Stale {
        /// Which incident.
        incident: IncidentId,
    },
    /// There is no room, or the file can't be written.
    #[error(
        "the store takes no more writes ({problem}); free space on its disk, or check its permissions"
    )]
    Full {
        /// What the system says.
        problem: String,
    },
    /// The file is not what was written.
    #[error(
        "the store's file is damaged ({problem}); start Nabat again: it sets the file aside and goes on with what can be read"
    )]
    Damaged {
        /// What SQLite says.
        problem: String,
    },
    /// The store is damaged, and what can be read of it could not be saved.
    #[error(
        "the store's file is damaged ({problem}), and what can be read of it could not be saved; everything was left as it was"
    )]
    NoSalvage {
        /// What is wrong with the store.
        problem: String,
        /// What went wrong then.
        source: Box<StoreError>,
    },
    /// The store's file was removed, replaced or cut while it is in use.
    #[error(
        "the store's file {path} was {how} while Nabat uses it; put it back, or restart Nabat to go on with what is there"
    )]
    Gone {
        /// The file.
        path: String,
        /// What was done to it.
        how: &'static str,
    },
    /// The file belongs to another program.
    #[error(
        "{path} is no store of Nabat's and was left alone; move it away, or give Nabat its own `--data-dir`"
    )]
    Foreign {
        /// The file.
        path: String,
    },
    /// This user has no right to it.
    #[error(
        "{} may not write {path} ({problem}); give the folder and all that is in it to that user, or choose another `--data-dir`",
        user.map_or("the user of this process".to_owned(), |user| format!("user {user}"))
    )]
    Denied {
        /// The file, or the folder in which it could not be made.
        path: String,
        /// The number of the user whom this process belongs to.
        user: Option<u32>,
        /// What the system says.
        problem: String,
    },
    /// The store was written by a newer Nabat.
    #[error("the store was written by a newer Nabat; use that version or a later one")]
    TooNew,
    /// Another process has the store open.
    #[error("another Nabat{} uses the store {path}; stop it first, or give this one its own `--data-dir`", owner.map_or(String::new(), |pid| format!(" (process {pid})")))]
    InUse {
        /// The store's file.
        path: String,
        /// Its process number, if it left one.
        owner: Option<u32>,
    },
    /// The file or its folder can't be opened.
    #[error("failed to open the store {path}")]
    Open {
        /// The store's file.
        path: String,
        /// What the system says.
        source: std::io::Error,
    },
    /// Anything else.
    #[error("failed to {what}")]
    Sqlite {
        /// What was being done.
        what: &'static str,
        /// What SQLite says.
        source: rusqlite::Error,
    },
}
