//! The file of the state log: opened when needed, also when others moved it, and begun anew when
//! it is large.

use std::fs::{self, Metadata, OpenOptions};
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use super::Rotation;

/// The file, open or not.
#[derive(Debug)]
pub(super) struct File {
    path: PathBuf,
    rotation: Rotation,
    open: Option<Open>,
    /// Whether the last line could not be written, which was told.
    is_failing: bool,
    /// Whether the last line in the file may lack its end.
    is_torn: bool,
}

#[derive(Debug)]
struct Open {
    file: fs::File,
    /// Device and number: another file of the same name has others.
    identity: (u64, u64),
}

impl File {
    pub(super) fn at(path: &Path, rotation: Rotation) -> Self {
        Self {
            path: path.to_owned(),
            rotation,
            open: None,
            is_failing: false,
            is_torn: false,
        }
    }

    pub(super) fn append(&mut self, line: &str) {
        let path = self.path.display().to_string();
        match self.try_append(line) {
            Ok(()) if self.is_failing => {
                self.is_failing = false;
                tracing::info!("the state log `{path}` is written again");
            }
            Ok(()) => {}
            Err(error) => {
                self.close();
                if !self.is_failing {
                    tracing::error!(
                        "the state log `{path}` can't be written: {error}; changes of state are missing in it until it can"
                    );
                }
                self.is_failing = true;
            }
        }
    }

    pub(super) fn close(&mut self) {
        self.open = None;
    }

    fn try_append(&mut self, line: &str) -> io::Result<()> {
        let found = self.look()?;
        let max_bytes = self.rotation.max_bytes;
        if max_bytes > 0 && found.is_some_and(|length| length >= max_bytes) {
            self.close();
            rotate(&self.path, self.rotation.keep)?;
            self.is_torn = false;
        }
        let mut text = String::with_capacity(line.len() + 2);
        if self.is_torn {
            text.push('\n');
        }
        text.push_str(line);
        text.push('\n');
        let open = match self.open.take() {
            Some(open) => open,
            None => open(&self.path)?,
        };
        let file = &mut self.open.insert(open).file;
        let written_bytes = file.write(text.as_bytes())?;
        self.is_torn = written_bytes < text.len();
        if self.is_torn {
            return Err(ErrorKind::StorageFull.into());
        }
        Ok(())
    }

    /// How long the file of this name is; closes ours, if it is another one.
    fn look(&mut self) -> io::Result<Option<u64>> {
        let metadata = match fs::metadata(&self.path) {
            Ok(metadata) => Some(metadata),
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        if let Some(kind) = metadata.as_ref().and_then(no_file) {
            let words = format!("it is {kind}, and has to be a file");
            return Err(io::Error::other(words));
        }
        let found = metadata.as_ref().map(identity);
        if self.open.is_some() && self.open.as_ref().map(|open| open.identity) != found {
            self.close();
            self.is_torn = false;
        }
        Ok(metadata.map(|metadata| metadata.len()))
    }
}

/// What it is instead of a file. Without a reader, a pipe keeps whoever opens it waiting for ever.
fn no_file(metadata: &Metadata) -> Option<&'static str> {
    let kind = metadata.file_type();
    let kinds = [
        (kind.is_fifo(), "a pipe"),
        (kind.is_socket(), "a socket"),
        (kind.is_dir(), "a folder"),
    ];
    kinds.iter().find(|(is, _)| *is).map(|(_, name)| *name)
}

fn open(path: &Path) -> io::Result<Open> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut options = OpenOptions::new();
    // Others are meant to read it, as far as the user's mask lets them.
    let file = options.append(true).create(true).mode(0o644).open(path)?;
    let identity = identity(&file.metadata()?);
    Ok(Open { file, identity })
}

/// Makes `NAME.1` of the file, `NAME.2` of that, and so on; the last one goes.
fn rotate(path: &Path, keep: u32) -> io::Result<()> {
    let former = |number: u32| match number {
        0 => path.to_owned(),
        _ => {
            let mut name = path.as_os_str().to_owned();
            name.push(format!(".{number}"));
            PathBuf::from(name)
        }
    };
    if keep == 0 {
        return fs::remove_file(path);
    }
    for number in (0..keep).rev() {
        match fs::rename(former(number), former(number + 1)) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

fn identity(metadata: &Metadata) -> (u64, u64) {
    (metadata.dev(), metadata.ino())
}
