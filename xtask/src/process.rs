//! Runs other programs: finds them, collects what they print, gives up after a while.

use std::ffi::OsStr;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail};

/// The root of the repository.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("xtask lies in the repository")
}

/// A `cargo` call in the root of the repository.
pub(crate) fn cargo<I: AsRef<OsStr>>(args: impl IntoIterator<Item = I>) -> Command {
    let mut command = Command::new("cargo");
    command.args(args).current_dir(root());
    // What `cargo xtask` says about its own package would make build scripts that look at these
    // run again, and half of the dependencies after them, each time somebody calls cargo directly.
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
            command.env_remove(&name);
        }
    }
    command
}

/// Where cargo keeps what it builds.
pub(crate) fn target() -> PathBuf {
    let own = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    root().join(own.unwrap_or_else(|| "target".into()))
}

/// Builds a program with these words for `cargo build`; returns the file.
pub(crate) fn built(what: &[&str]) -> Result<PathBuf> {
    let name = what.last().copied().unwrap_or_default();
    let always = ["build", "--locked", "--message-format", "json"];
    let messages = output(&mut cargo(always.iter().chain(what)))?;
    messages
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .find_map(|message| message["executable"].as_str().map(PathBuf::from))
        .with_context(|| format!("cargo built no program `{name}`"))
}

/// The file that would run as `name`: looked for in `PATH`, then where Debian keeps servers, which
/// is in root's `PATH` alone, and where cargo installs to.
pub(crate) fn find(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let cargo_home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cargo"));
    std::env::split_paths(&path)
        .chain([PathBuf::from("/usr/sbin")])
        .chain(cargo_home.or(home).map(|home| home.join("bin")))
        .map(|folder| folder.join(name))
        .find(|file| file.is_file())
}

/// Runs `command` to its end and returns what it wrote to stdout.
///
/// # Errors
/// When it cannot be started, or fails: then the error carries all that it printed.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let line = line(command);
    let output = command
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("cannot start `{line}`"))?;
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    if !output.status.success() {
        let stderr = String::from_utf8_lossy(&output.stderr);
        bail!("{stderr}{stdout}`{line}` ended with {}", output.status);
    }
    Ok(stdout)
}

/// Runs `command` with our terminal as its own.
///
/// # Errors
/// When it cannot be started or fails.
pub(crate) fn attached(command: &mut Command) -> Result<()> {
    let line = line(command);
    let status = command
        .status()
        .with_context(|| format!("cannot start `{line}`"))?;
    anyhow::ensure!(status.success(), "`{line}` ended with {status}");
    Ok(())
}

/// Runs `command` silently; when it takes longer than `limit`, kills it with all that it has
/// started, and returns an error.
pub(crate) fn silent_within(limit: Duration, command: &mut Command) -> Result<ExitStatus> {
    let line = line(command);
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()
        .with_context(|| format!("cannot start `{line}`"))?;
    let mut status = None;
    let ended = wait_until(limit, || {
        status = child.try_wait().ok().flatten();
        status.is_some()
    });
    if !ended {
        // The standard library kills one process; the shell's `kill` takes a whole group.
        output(Command::new("sh").args(["-c", &format!("kill -KILL -{}", child.id())]))?;
        child.wait()?;
    }
    status.ok_or_else(|| anyhow!("`{line}` took longer than {} s", limit.as_secs()))
}

/// Asks `condition` again and again, for at most `limit`; says whether it came true.
pub(crate) fn wait_until(limit: Duration, mut condition: impl FnMut() -> bool) -> bool {
    let start = Instant::now();
    loop {
        if condition() {
            return true;
        }
        if start.elapsed() >= limit {
            return false;
        }
        pause(Duration::from_millis(1));
    }
}

/// Lets `duration` go by.
#[expect(
    clippy::disallowed_methods,
    reason = "the one place that paces polling and load"
)]
pub(crate) fn pause(duration: Duration) {
    thread::sleep(duration);
}

/// The command as a person would type it.
pub(crate) fn line(command: &Command) -> String {
    std::iter::once(command.get_program())
        .chain(command.get_args())
        .map(|word| word.to_string_lossy())
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failing_program_tells_what_it_printed() {
        let error = output(Command::new("sh").args(["-c", "echo out; echo err >&2; exit 3"]))
            .unwrap_err()
            .to_string();
        assert!(error.contains("out") && error.contains("err"), "{error}");
    }

    #[test]
    fn a_program_that_hangs_is_killed() {
        let start = Instant::now();
        let error = silent_within(Duration::from_millis(50), Command::new("sleep").arg("60"))
            .unwrap_err()
            .to_string();
        assert!(error.contains("`sleep 60` took longer"), "{error}");
        assert!(start.elapsed() < Duration::from_secs(30));
    }
}
