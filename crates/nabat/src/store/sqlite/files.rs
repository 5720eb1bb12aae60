//! The files of a store: their names, whether this user may use them, whether they are still there.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::store::StoreError;

/// The names of a store's files.
#[derive(Debug, Clone)]
pub(super) struct Files {
    /// The database.
    pub(super) db: PathBuf,
    /// What was committed and is not in the database yet.
    pub(super) wal: PathBuf,
    /// SQLite's index of the log; it can be made anew at any time.
    pub(super) shm: PathBuf,
    /// Says which process uses the store.
    pub(super) lock: PathBuf,
}

impl Files {
    pub(super) fn of(db: &Path) -> Self {
        Self {
            wal: beside(db, "-wal"),
            shm: beside(db, "-shm"),
            lock: beside(db, ".lock"),
            db: db.to_owned(),
        }
    }

    /// The folder they are in.
    pub(super) fn folder(&self) -> &Path {
        let folder = self.db.parent();
        folder
            .filter(|folder| !folder.as_os_str().is_empty())
            .unwrap_or(Path::new("."))
    }

    /// Makes the folder, if it is not there.
    pub(super) fn make_folder(&self) -> Result<(), StoreError> {
        fs::create_dir_all(self.folder()).map_err(opening(&self.db))
    }

    /// Whether this user may read and write what is there and make what is not. The database
    /// is not made here.
    pub(super) fn check_access(&self) -> Result<(), StoreError> {
        for file in [&self.db, &self.shm] {
            match OpenOptions::new().read(true).write(true).open(file) {
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                other => drop(other.map_err(opening(file))?),
            }
        }
        // SQLite makes an empty log itself: that it can be made says that the folder can be used.
        private(&self.wal).map(drop).map_err(opening(&self.wal))
    }
}

/// Opens a file to be read and written by this user alone, making it if it is not there.
/// Alerts and people are nobody else's business; SQLite's further files inherit the mode.
pub(crate) fn private(file: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    options.mode(0o600).open(file)
}

/// The file's path with something added to its name.
pub(crate) fn beside(file: &Path, suffix: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// How long a file is in bytes; one that is not there is empty.
pub(super) fn length(file: &Path) -> Result<u64, StoreError> {
    match fs::metadata(file) {
        Ok(metadata) => Ok(metadata.len()),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(0),
        Err(error) => Err(opening(file)(error)),
    }
}

/// Tells why a file can't be used.
pub(super) fn opening(file: &Path) -> impl Fn(io::Error) -> StoreError {
    move |source| {
        let path = file.display().to_string();
        match source.kind() {
            ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => StoreError::Denied {
                path,
                user: user(),
                problem: source.to_string(),
            },
            ErrorKind::StorageFull | ErrorKind::FileTooLarge | ErrorKind::QuotaExceeded => {
                StoreError::Full {
                    problem: source.to_string(),
                }
            }
            _ => StoreError::Open { path, source },
        }
    }
}

/// The number of the user whom this process belongs to, if the system says so.
fn user() -> Option<u32> {
    fs::metadata("/proc/self").ok().map(|process| process.uid())
}

/// Notices when the files in use were removed, replaced or cut: SQLite does not, and goes on
/// writing where nobody will look.
#[derive(Debug)]
pub(super) struct Watch {
    db: Watched,
    wal: Watched,
}

#[derive(Debug)]
struct Watched {
    path: PathBuf,
    /// Device and number: another file of the same name has others.
    identity: (u64, u64),
    length: AtomicU64,
    /// It may shrink down to this many bytes.
    shrinks_to: u64,
}

impl Watch {
    /// Watches the files as they are now. The log is only ever cut to `wal_kept` bytes.
    pub(super) fn begin(files: &Files, wal_kept: u64) -> Result<Self, StoreError> {
        let watched = |path: &Path, shrinks_to| {
            let metadata = fs::metadata(path).map_err(opening(path))?;
            Ok(Watched {
                path: path.to_owned(),
                identity: identity(&metadata),
                length: AtomicU64::new(metadata.len()),
                shrinks_to,
            })
        };
        Ok(Self {
            db: watched(&files.db, u64::MAX)?,
            wal: watched(&files.wal, wal_kept)?,
        })
    }

    /// Whether they are the files that they were.
    pub(super) fn look(&self) -> Result<(), StoreError> {
        self.db.look()?;
        self.wal.look()
    }
}

impl Watched {
    fn look(&self) -> Result<(), StoreError> {
        let gone = |how: &'static str| StoreError::Gone {
            path: self.path.display().to_string(),
            how,
        };
        let metadata = match fs::metadata(&self.path) {
            Ok(metadata) => metadata,
            Err(error) if error.kind() == ErrorKind::NotFound => return Err(gone("removed")),
            Err(error) => return Err(opening(&self.path)(error)),
        };
        if identity(&metadata) != self.identity {
            return Err(gone("replaced"));
        }
        let before = self.length.load(Ordering::Relaxed);
        if metadata.len() < before.min(self.shrinks_to) {
            return Err(gone("cut"));
        }
        self.length.store(metadata.len(), Ordering::Relaxed);
        Ok(())
    }
}

fn identity(metadata: &Metadata) -> (u64, u64) {
    (metadata.dev(), metadata.ino())
}
