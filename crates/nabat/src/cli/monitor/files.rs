//! Reads monitors from files.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde_json::Value;

use crate::cli::Failure;
use crate::config::{self, parse_monitors};

/// The ends of the names of files with monitors.
const EXTENSIONS: [&str; 3] = ["yml", "yaml", "json"];

/// All monitors in these files and in the folders among them, in the order of their names.
pub(super) fn read(paths: &[PathBuf]) -> Result<Vec<Value>, Failure> {
    let mut all = Vec::new();
    for path in paths {
        for file in files(path)? {
            let bytes = config::read(&file).map_err(|error| Failure::Usage(error.to_string()))?;
            let monitors = parse_monitors(&file, &bytes);
            all.extend(monitors.map_err(|error| Failure::Usage(error.to_string()))?);
        }
    }
    Ok(all)
}

fn files(path: &Path) -> anyhow::Result<Vec<PathBuf>> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut files = Vec::new();
    for entry in fs::read_dir(path).with_context(|| format!("failed to read {}", path.display()))? {
        let file = entry?.path();
        let extension = file.extension().and_then(|extension| extension.to_str());
        if extension.is_some_and(|extension| EXTENSIONS.contains(&extension)) {
            files.push(file);
        }
    }
    files.sort();
    Ok(files)
}
