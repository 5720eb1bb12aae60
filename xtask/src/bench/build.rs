//! Builds what is measured, as it is shipped, and what it talks to.

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use serde_json::Value;

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
    let always = [
        "build",
        "--profile",
        profile,
        "--locked",
        "--message-format",
        "json",
    ];
    let messages = process::output(&mut process::cargo(always.iter().chain(what)))?;
    messages
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .find_map(|message| message["executable"].as_str().map(PathBuf::from))
        .with_context(|| format!("cargo built no program `{name}`"))
}
