//! The file that says which process uses the store, and how much was written to it.
//!
//! The count is noted after each commit, without synchronising it: it may lag behind the store
//! after a power failure, but is never ahead. So a store with fewer writes than were noted has
//! lost some, whatever became of its log.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::Read as _;
use std::os::unix::fs::FileExt as _;

use super::files::{Files, opening};
use crate::store::StoreError;

/// The right to use the store's files, for as long as it lives.
#[derive(Debug)]
pub(super) struct Lock {
    file: File,
    noted: Option<i64>,
}

impl Lock {
    /// Takes the store's lock.
    ///
    /// # Errors
    /// When another process has it, or when the file can't be used.
    pub(super) fn take(files: &Files) -> Result<Self, StoreError> {
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&files.lock)
            .map_err(opening(&files.lock))?;
        let locked = file.try_lock();
        let mut text = String::new();
        // What it says only helps: that it can't be read is no reason to stop.
        let _ = file.read_to_string(&mut text);
        let mut lines = text.lines();
        let owner = lines.next().and_then(|line| line.trim().parse().ok());
        match locked {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(StoreError::InUse {
                    path: files.db.display().to_string(),
                    owner,
                });
            }
            Err(TryLockError::Error(source)) => return Err(opening(&files.lock)(source)),
        }
        let noted = lines.next().and_then(|line| line.trim().parse().ok());
        Ok(Self { file, noted })
    }

    /// How many writes were noted when the store was used last; `None` if it never was.
    pub(super) fn noted(&self) -> Option<i64> {
        self.noted
    }

    /// Notes how many writes the store has taken.
    pub(super) fn note(&self, writes: i64) {
        // Always as long, so that it can be noted on a full disk too. Without it only less can
        // be noticed later.
        let text = format!("{:<10}\n{writes:020}\n", std::process::id());
        let _ = self.file.write_all_at(text.as_bytes(), 0);
    }
}
