//! Checks the files that git tracks: none may name a folder of the machine it was written on.

use std::process::Command;

use anyhow::{Result, bail};

use crate::process;
use crate::step::Outcome;

pub(crate) const REMEDY: &str = "name files relative to the repository, or write an example path";

/// Folders which every machine has, so that text may well speak of them.
const COMMON: &[&str] = &[
    "/", "/data", "/home", "/mnt", "/opt", "/root", "/src", "/srv", "/tmp", "/usr", "/var",
];

/// Looks for the path of this checkout, of the folder around it, and of the user's home.
///
/// Without git there is nothing that could be committed, and the check is skipped.
pub(crate) fn no_machine_paths() -> Result<Outcome> {
    let mut git = Command::new("git");
    let Ok(list) = process::output(git.args(["ls-files", "-z"]).current_dir(process::root()))
    else {
        return Ok(Outcome::Skipped("this is not a git checkout".to_owned()));
    };
    let folders = machine_folders();
    let mut found = Vec::new();
    for path in list.split('\0').filter(|path| !path.is_empty()) {
        let Ok(text) = std::fs::read_to_string(process::root().join(path)) else {
            continue; // A picture, or deleted but not yet committed.
        };
        for (number, line) in text.lines().enumerate() {
            if folders.iter().any(|folder| names(line, folder)) {
                found.push(format!("{path}:{}: {}", number + 1, line.trim()));
            }
        }
    }
    if found.is_empty() {
        return Ok(Outcome::Passed);
    }
    bail!("{}", found.join("\n"));
}

fn machine_folders() -> Vec<String> {
    let root = process::root();
    let home = std::env::var_os("HOME").unwrap_or_default();
    [Some(root), root.parent(), Some(home.as_ref())]
        .into_iter()
        .flatten()
        .map(|folder| folder.display().to_string())
        .filter(|folder| folder.starts_with('/') && !COMMON.contains(&folder.as_str()))
        .collect()
}

/// Whether `line` names `folder` or something in it, as opposed to a longer path that merely contains it.
fn names(line: &str, folder: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
    line.match_indices(folder).any(|(start, _)| {
        let before = line[..start].chars().next_back();
        let after = line[start + folder.len()..].chars().next();
        !before.is_some_and(is_part) && !after.is_some_and(is_part)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_counts_only_from_its_beginning() {
        for line in [
            "/builds/nabat",
            "see /builds/nabat/x",
            "file:///builds/nabat",
            "(/builds/nabat)",
        ] {
            assert!(names(line, "/builds/nabat"), "{line}");
        }
        for line in ["/ci/builds/nabat", "/builds/nabat-core", "builds/nabat"] {
            assert!(!names(line, "/builds/nabat"), "{line}");
        }
    }
}
