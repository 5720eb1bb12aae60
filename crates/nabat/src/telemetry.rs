//! Where the log goes, and in which form.
//!
//! Readable on a terminal, one JSON object a line otherwise. A log file is opened anew on request,
//! so that it can be rotated by renaming it.

use std::fs::{File, OpenOptions};
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

/// The log of the process.
#[derive(Debug, Clone)]
pub struct Log(Option<Arc<LogFile>>);

#[derive(Debug)]
struct LogFile {
    path: PathBuf,
    file: Mutex<File>,
}

/// Sets the log up for the whole process: to `path`, else to standard error. `level` is a filter
/// such as `info` or `nabat=debug,warn`.
///
/// # Errors
/// When the file can't be opened for appending.
pub fn start(path: Option<&Path>, level: &str) -> io::Result<Log> {
    let filter = EnvFilter::try_new(level).map_err(io::Error::other)?;
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_target(false);
    let Some(path) = path else {
        let terminal = io::stderr().is_terminal();
        if terminal {
            builder.with_ansi(true).with_writer(io::stderr).init();
        } else {
            builder.json().with_writer(io::stderr).init();
        }
        return Ok(Log(None));
    };
    let log = Log(Some(Arc::new(LogFile {
        path: path.to_owned(),
        file: Mutex::new(open(path)?),
    })));
    builder.json().with_writer(log.clone()).init();
    Ok(log)
}

fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().create(true).append(true).open(path)
}

impl Log {
    /// Opens the file anew, after it was renamed. A failure leaves the old one in use.
    ///
    /// # Errors
    /// When it can't be opened for appending.
    pub fn reopen(&self) -> io::Result<()> {
        let Some(log) = &self.0 else {
            return Ok(());
        };
        let file = open(&log.path)?;
        *log.file.lock().unwrap_or_else(PoisonError::into_inner) = file;
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Line<'a>;

    fn make_writer(&'a self) -> Line<'a> {
        Line(self.0.as_deref())
    }
}

/// Writes a line of the log.
#[derive(Debug)]
pub struct Line<'a>(Option<&'a LogFile>);

impl Write for Line<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.0 {
            Some(log) => log
                .file
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .write(bytes),
            None => io::stderr().write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
