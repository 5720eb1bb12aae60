//! Files with certificates: a path is taken from the configuration's folder, and what stands there
//! must hold at least one certificate, so that a wrong path is noticed before it is needed.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use serde_json::Value;

use super::check::Check;
use super::mistake::{Spot, quote};
use super::schema::Shape;
use super::secret_file::unreadable;

/// The largest file that is read, in bytes; a system's own list has about 256 KiB.
const MAX_BYTES: u64 = 4 * 1024 * 1024;

/// What each certificate in a PEM file begins with.
const BEGINNING: &[u8] = b"-----BEGIN CERTIFICATE-----";

/// Whether one of `shapes` is the path of such a file.
pub(super) fn wanted(shapes: &[Shape<'_>]) -> bool {
    let format = |shape: &Shape<'_>| shape.text("format") == Some("certificates");
    shapes.iter().any(format)
}

/// The whole path of the file that `value` names, if it is what it should be.
pub(super) fn found(check: &mut Check<'_>, path: &str, spot: &Spot, value: Value) -> Option<Value> {
    let file = check.file(path, spot, value.as_str()?)?;
    let shown = quote(&file.display().to_string());
    let problem = match has_certificate(&file) {
        Ok(true) => return Some(file.to_str().map_or(value, Value::from)),
        Ok(false) => format!("{shown} without a certificate"),
        Err(error) => format!("{shown}, which cannot be read ({})", unreadable(&error)),
    };
    let expected = "a readable file with certificates (PEM)".to_owned();
    check.fault(path, spot, problem, expected, None);
    None
}

fn has_certificate(path: &Path) -> io::Result<bool> {
    // A pipe would be waited for, maybe for ever.
    if !path.metadata()?.is_file() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    let mut bytes = Vec::new();
    File::open(path)?.take(MAX_BYTES).read_to_end(&mut bytes)?;
    let mut windows = bytes.windows(BEGINNING.len());
    Ok(windows.any(|window| window == BEGINNING))
}
