//! The suites as programs: compiled by Debian's Go from Debian's source, once for each version.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, Result};

use crate::process;

/// Debian's package with the suites.
const PACKAGE: &str = "golang-github-prometheus-alertmanager-dev";
/// Where Debian keeps the source of Go's libraries.
pub(super) const GOPATH: &str = "/usr/share/gocode";
/// Where Alertmanager's source is, below `src` of it.
pub(super) const SOURCE: &str = "github.com/prometheus/alertmanager";

/// A suite, ready to run.
pub(super) struct Suite {
    /// What it is called in the table.
    pub(super) name: &'static str,
    /// The program.
    pub(super) program: PathBuf,
}

/// Every suite; those that are not there yet are compiled.
pub(super) fn suites() -> Result<Vec<Suite>> {
    let version =
        process::output(Command::new("dpkg-query").args(["-W", "-f=${Version}", PACKAGE]))
            .with_context(|| format!("{PACKAGE} is not installed; run `cargo xtask setup`"))?;
    let folder = process::target()
        .join("alertmanager-suites")
        .join(version.trim());
    std::fs::create_dir_all(&folder)?;
    let mut suites = Vec::new();
    for (name, path) in [
        ("api v2", "test/with_api_v2/acceptance"),
        ("amtool", "test/cli/acceptance"),
    ] {
        let program = folder.join(format!("{}.test", name.replace(' ', "-")));
        if !program.is_file() {
            println!("compiling Alertmanager's suite `{name}`, once; this takes a minute");
            compile(path, &program)?;
        }
        suites.push(Suite { name, program });
    }
    Ok(suites)
}

fn compile(path: &str, program: &PathBuf) -> Result<()> {
    // Two hundred megabytes that nobody needs again.
    let cache = program.with_extension("cache");
    let part = program.with_extension("part");
    let mut go = Command::new("go");
    go.args(["test", "-c", "-o"]).arg(&part);
    go.arg(format!("{SOURCE}/{path}"));
    go.env("GOPATH", GOPATH).env("GO111MODULE", "off");
    go.env("GOCACHE", &cache).env("GOFLAGS", "-trimpath");
    let compiled = process::output(&mut go);
    let _ = Command::new("chmod")
        .args(["-R", "u+w"])
        .arg(&cache)
        .status();
    let _ = std::fs::remove_dir_all(&cache);
    compiled.context("Go cannot compile the suite")?;
    std::fs::rename(&part, program)?;
    Ok(())
}

impl Suite {
    /// The names of its tests.
    pub(super) fn tests(&self) -> Result<Vec<String>> {
        let mut list = Command::new(&self.program);
        // The suite of amtool looks for it before it lists anything.
        list.args(["-test.list", "."]).env("GOPATH", "/usr");
        let names = process::output(&mut list)?;
        let names = names.lines().filter(|line| line.starts_with("Test"));
        Ok(names.map(str::to_owned).collect())
    }
}
