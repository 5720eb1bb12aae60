//! The token of the API that is there from the first start on: a file that only who runs Nabat
//! can read.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;

use crate::config::Secret;

/// The file's name within the data folder.
pub const FILE: &str = "api-token";
/// How many random bytes a token is made of.
const TOKEN_BYTES: usize = 32;

/// The token that the file in `data_dir` holds; makes one if there is none.
///
/// # Errors
/// When the file can't be read or written, or there are no random numbers.
pub fn open(data_dir: &Path) -> io::Result<Secret> {
    let path = data_dir.join(FILE);
    match read(&path) {
        Ok(token) if !token.expose().is_empty() => return Ok(token),
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    let mut bytes = [0; TOKEN_BYTES];
    getrandom::fill(&mut bytes).map_err(io::Error::other)?;
    let token = BASE64_URL_SAFE_NO_PAD.encode(bytes);
    // Under another name first: nobody is to read half a token.
    let draft = data_dir.join(format!("{FILE}.new"));
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    let mut file = options.open(&draft)?;
    writeln!(file, "{token}")?;
    file.sync_all()?;
    fs::rename(draft, path)?;
    Ok(Secret::new(token))
}

/// The token in a file, without the white space around it.
///
/// # Errors
/// When the file can't be read.
pub fn read(path: &Path) -> io::Result<Secret> {
    fs::read_to_string(path).map(|text| Secret::new(text.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn a_token_is_made_once_and_is_private() {
        let folder = tempfile::tempdir().unwrap();
        let token = open(folder.path()).unwrap();
        assert_eq!(token.expose().len(), 43);
        assert_eq!(open(folder.path()).unwrap(), token);
        let mode = fs::metadata(folder.path().join(FILE))
            .unwrap()
            .permissions();
        assert_eq!(mode.mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);

        fs::write(folder.path().join(FILE), " of my own\n").unwrap();
        assert_eq!(open(folder.path()).unwrap().expose(), "of my own");
        fs::write(folder.path().join(FILE), "\n").unwrap();
        assert_eq!(open(folder.path()).unwrap().expose().len(), 43);
    }
}
