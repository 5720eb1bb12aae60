//! `cargo xtask gen`: files in the repository that `nabat` itself prints.
//!
//! A new one is a row of [`GENERATED`]. They are committed, so that people and editors can
//! read them without building, and checked, so that they cannot lie.

use std::path::Path;

use anyhow::{Context as _, Result, bail, ensure};

use crate::process;
use crate::step::Outcome;

/// Path in the repository, and the arguments with which `nabat` prints its content.
type Generated = (&'static str, &'static [&'static str]);

const GENERATED: &[Generated] = &[
    ("docs/configuration.md", &["schema", "--markdown"]),
    ("docs/configuration.schema.json", &["schema"]),
    ("docs/openapi.json", &["schema", "--api"]),
];

/// Writes every generated file; with `--check` writes none and fails if one is out of date.
pub(crate) fn run(args: &[String]) -> Result<()> {
    match args {
        [] => write(),
        [flag] if flag == "--check" => check().map(|_| ()),
        _ => bail!("takes no arguments or --check, got `{}`", args.join(" ")),
    }
}

/// Compares every generated file with what the program prints now.
pub(crate) fn check() -> Result<Outcome> {
    let mut stale = Vec::new();
    for (path, args) in GENERATED {
        let committed = std::fs::read_to_string(process::root().join(path)).unwrap_or_default();
        if committed != print(args)? {
            stale.push(*path);
        }
    }
    ensure!(stale.is_empty(), "out of date: {}", stale.join(", "));
    Ok(Outcome::Passed)
}

fn write() -> Result<()> {
    for (path, args) in GENERATED {
        let file = process::root().join(path);
        let folder = file.parent().unwrap_or(Path::new("."));
        let content = print(args)?;
        std::fs::create_dir_all(folder)
            .and_then(|()| std::fs::write(&file, content))
            .with_context(|| format!("cannot write {path}"))?;
        println!("wrote {path}");
    }
    Ok(())
}

fn print(args: &[&str]) -> Result<String> {
    let command = ["run", "--quiet", "--locked", "-p", "nabat", "--"];
    process::output(&mut process::cargo([&command, args].concat()))
}
