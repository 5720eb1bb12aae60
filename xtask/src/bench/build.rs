//! Builds for release what is measured and what it talks to.

use std::path::PathBuf;

use anyhow::Result;

use crate::process;

/// Builds Nabat; returns the file.
pub(crate) fn nabat() -> Result<PathBuf> {
    release(&["-p", "nabat", "--bin", "nabat"])
}

/// Builds the emulated Telegram as a program of its own; returns the file.
pub(crate) fn emulator() -> Result<PathBuf> {
    release(&["-p", "telegram-emulator", "--example", "serve"])
}

fn release(what: &[&str]) -> Result<PathBuf> {
    let name = what[what.len() - 1];
    println!("building `{name}` for release (minutes when it is the first time)");
    process::built(&[&["--release"], what].concat())
}
