//! Secrets that stand in a file of their own: `token_file` beside `token`, and so on.
//!
//! Any setting `x` with a setting `x_file` beside it can be given either way, not both. The content
//! of the file becomes the value of `x`. It is taken for a secret, and never shown.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use serde_json::{Map, Value};

use super::check::{Check, Mapping, scalar_value};
use super::environment::join;
use super::mistake::quote;
use super::schema::{self, describe, shapes};
use super::yaml::{Origin, Scalar};

/// The largest file that is read as a secret, in bytes.
const MAX_BYTES: u64 = 64 * 1024;

/// Fills the secrets of one mapping from their files, and notes those given twice or not at all.
pub(super) fn fill(check: &mut Check<'_>, mapping: &Mapping<'_>, object: &mut Map<String, Value>) {
    let Mapping {
        spot, path, shape, ..
    } = *mapping;
    for (name, schema) in shape.properties() {
        let file_name = format!("{name}_file");
        if shape.property(&file_name).is_none() {
            continue;
        }
        let expected = describe(&shapes(schema));
        let place = join(path, &file_name);
        let Some(spot) = check.places.get(&place).cloned() else {
            let mentioned = mapping.mentions(check, name) || mapping.mentions(check, &file_name);
            if !mentioned && !schema::is_optional(schema) {
                let found = format!("neither `{name}` nor `{file_name}`");
                let hint = Some(format!("`{name}` is {expected}"));
                check.fault(path, spot, found, "one of them".to_owned(), hint);
            }
            continue;
        };
        if check.places.contains_key(&join(path, name)) {
            let found = format!("both `{name}` and `{file_name}`");
            check.fault(path, &spot, found, "only one of them".to_owned(), None);
            continue;
        }
        let Some(file) = object.get(&file_name).and_then(Value::as_str) else {
            continue;
        };
        let Some(from) = check.file(&place, &spot, file) else {
            continue;
        };
        let shown = quote(&from.display().to_string());
        match read(&from) {
            Err(error) => {
                let found = format!("{shown}, which cannot be read ({})", unreadable(&error));
                let wanted = "a readable text file that holds the secret alone".to_owned();
                check.fault(&place, &spot, found, wanted, None);
            }
            Ok(text) => {
                let scalar = Scalar {
                    text,
                    origin: Origin::Environment,
                };
                match scalar_value(&scalar, &shapes(schema)) {
                    Ok(value) => drop(object.insert(name.to_owned(), value)),
                    Err(hint) => {
                        let found = format!("{shown} with other content");
                        check.fault(&place, &spot, found, expected, hint);
                    }
                }
            }
        }
    }
}

/// Why a file cannot be read, in a few words.
pub(super) fn unreadable(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "there is no such file".to_owned(),
        kind => kind.to_string(),
    }
}

/// The content without the line break at its end.
fn read(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    let size = File::open(path)?
        .take(MAX_BYTES + 1)
        .read_to_string(&mut text)?;
    if u64::try_from(size).unwrap_or(u64::MAX) > MAX_BYTES {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    text.truncate(text.trim_end_matches(['\n', '\r']).len());
    Ok(text)
}
