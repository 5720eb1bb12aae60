//! The program under test, where the suites look for it, and a run of them.

use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};

use super::compile::{GOPATH, Suite};
use super::report::{Row, Verdict, rows};
use crate::process;

/// The flags, as the suites set them, that the program does not have; each has a value, in a word of
/// its own or behind `=`. Each Alertmanager of the suites names itself as its peer.
const NOT_NABAT: &[&str] = &["--cluster.peer", "--template.default"];
/// Debian's suites set flags which Debian's Alertmanager does not have.
const NOT_ALERTMANAGER: &[&str] = &["--template.default", "--web.ui-path"];

/// When more tests than this fail, it is not for want of time, and none runs again.
const AGAIN_MAX: usize = 6;

/// What is tested.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Subject {
    Nabat,
    Alertmanager,
}

impl Subject {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Nabat => "Nabat",
            Self::Alertmanager => "Alertmanager",
        }
    }

    pub(super) fn is_nabat(self) -> bool {
        self == Self::Nabat
    }

    /// The shell's words that call it, and the flags that it does not have.
    fn call(self) -> Result<(String, &'static [&'static str])> {
        match self {
            Self::Nabat => {
                let program = process::built(&["-p", "nabat", "--bin", "nabat"])?;
                Ok((format!("'{}' serve", program.display()), NOT_NABAT))
            }
            Self::Alertmanager => {
                let program = process::find("prometheus-alertmanager")
                    .context("there is no prometheus-alertmanager; run `cargo xtask setup`")?;
                Ok((format!("'{}'", program.display()), NOT_ALERTMANAGER))
            }
        }
    }
}

/// A folder that looks to the suites like one in which Alertmanager was built.
pub(super) struct Bench {
    folder: PathBuf,
}

impl Bench {
    pub(super) fn new(subject: &Subject) -> Result<Self> {
        let (call, unknown) = subject.call()?;
        let folder = std::env::temp_dir().join(format!("nabat-acceptance-{}", std::process::id()));
        let bench = Self { folder };
        let bin = bench.folder.join("bin");
        std::fs::create_dir_all(&bin)?;
        std::fs::create_dir_all(bench.folder.join("tmp"))?;
        symlink(Path::new(GOPATH).join("src"), bench.folder.join("src"))?;
        let amtool = process::find("amtool").context("there is no amtool")?;
        symlink(amtool, bin.join("amtool"))?;
        let shim = bin.join("prometheus-alertmanager");
        std::fs::write(&shim, script(&call, unknown))?;
        std::fs::set_permissions(&shim, std::fs::Permissions::from_mode(0o755))?;
        Ok(bench)
    }

    /// Runs these tests; those that fail once more, one by one.
    pub(super) fn run(&self, suite: &Suite, tests: &[String]) -> Result<Vec<Row>> {
        let mut rows = self.once(suite, tests)?;
        let failed = rows
            .iter()
            .filter(|row| matches!(row.verdict, Verdict::Failed(_)));
        if failed.count() > AGAIN_MAX {
            return Ok(rows);
        }
        for row in &mut rows {
            if matches!(row.verdict, Verdict::Failed(_)) {
                let again = self.once(suite, std::slice::from_ref(&row.test))?;
                let second = again.into_iter().next();
                if let Some(second) = second.filter(|second| second.verdict == Verdict::Passed) {
                    row.verdict = Verdict::PassedAlone;
                    row.seconds = second.seconds;
                }
            }
        }
        Ok(rows)
    }

    fn once(&self, suite: &Suite, tests: &[String]) -> Result<Vec<Row>> {
        let mut run = Command::new(&suite.program);
        run.arg("-test.v").arg("-test.run");
        run.arg(format!("^({})$", tests.join("|")));
        // All of them wait most of the time, and one waits for half a minute.
        run.args(["-test.parallel", "16", "-test.timeout", "5m"]);
        run.current_dir(&self.folder).env("GOPATH", &self.folder);
        run.env("TMPDIR", self.folder.join("tmp"));
        let output = run
            .output()
            .with_context(|| format!("cannot start {}", suite.program.display()))?;
        let text = [output.stdout, output.stderr].concat();
        Ok(rows(suite.name, tests, &String::from_utf8_lossy(&text)))
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        // Only temporary files.
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// Calls `call` with all words but these flags and their values.
fn script(call: &str, unknown: &[&str]) -> String {
    let apart = unknown.join("|");
    let joined = unknown.join("=*|");
    format!(
        r#"#!/bin/sh
left=$#
while [ "$left" -gt 0 ]; do
  word=$1; shift; left=$((left - 1))
  case $word in
    {apart}) shift; left=$((left - 1)) ;;
    {joined}=*) ;;
    *) set -- "$@" "$word" ;;
  esac
done
exec {call} "$@"
"#
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shim_leaves_out_flags_with_their_values() {
        let script = script("echo", &["--a", "--b.c"]);
        let words = ["--x", "1 2", "--a", "3", "--b.c=4", "--b.cd=5", "--y"];
        let mut shell = Command::new("sh");
        shell.args(["-c", &script, "shim"]).args(words);
        assert_eq!(
            process::output(&mut shell).unwrap(),
            "--x 1 2 --b.cd=5 --y\n"
        );
    }
}
