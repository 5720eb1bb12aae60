//! Builds what is measured, as it is shipped, and what it talks to.

use std::path::PathBuf;

use anyhow::Result;

use crate::process;

/// Builds Nabat; returns the file.
pub(crate) fn nabat() -> Result<PathBuf> {
    build("dist", &["-p", "nabat", "--bin", "nabat"])
}

/// Builds the emulated Telegram as a program of its own; returns the file.
pub(crate) fn emulator() -> Result<PathBuf> {
    build(
        "release",
        &["-p", "telegram-emulator", "--example", "serve"],
    )
}

fn build(profile: &str, what: &[&str]) -> Result<PathBuf> {
    let name = what[what.len() - 1];
    println!("building `{name}` with the profile `{profile}` (minutes when it is the first time)");
    process::built(&[&["--profile", profile], what].concat())
}
