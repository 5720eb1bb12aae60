//! A program that a test has started.
//!
//! Dropping it kills it; when that happens because the test failed, the end of its log is
//! printed. A program that has ended when nobody asked it to fails the test, even if the test
//! would not have noticed.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};

use super::wait;

/// Lines of the log to print under a failed test.
const LOG_TAIL: usize = 60;

pub(crate) struct Process {
    name: String,
    child: Child,
    log: PathBuf,
    /// Size of the log when this process was started: a restarted program adds to the old log.
    log_start: usize,
    /// Whether the test knows that it has ended.
    end_seen: bool,
}

impl Process {
    /// Starts `command` with its output in `folder/name.log`.
    pub(crate) fn start(name: &str, folder: &Path, command: &mut Command) -> Self {
        let log = folder.join(format!("{name}.log"));
        let log_start = fs::metadata(&log).map_or(0, |log| log.len() as usize);
        let file = File::options()
            .create(true)
            .append(true)
            .open(&log)
            .unwrap();
        let child = command
            .stdin(Stdio::null())
            .stdout(file.try_clone().unwrap())
            .stderr(file)
            .spawn()
            .unwrap_or_else(|error| {
                panic!("cannot start {name}; does `cargo xtask setup` help? {error}")
            });
        Self {
            name: name.to_owned(),
            child,
            log,
            log_start,
            end_seen: false,
        }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What the process has printed so far.
    pub(crate) fn log(&self) -> String {
        let log = fs::read(&self.log).unwrap_or_default();
        String::from_utf8_lossy(log.get(self.log_start..).unwrap_or_default()).into_owned()
    }

    /// Waits until the process has printed `prefix`; returns the word that follows it.
    pub(crate) async fn word_after(&mut self, prefix: &str) -> String {
        let what = format!("{} to print `{prefix}`", self.name);
        wait::until(&what, async || {
            self.assert_alive();
            let log = self.log();
            let (_, rest) = log.split_once(prefix)?;
            // The word is complete when something follows it.
            let end = rest.find(|c: char| c.is_whitespace() || c == '"')?;
            Some(rest[..end].to_owned())
        })
        .await
    }

    /// Waits until the process listens on a TCP port of 127.0.0.1; returns the lowest.
    ///
    /// So a program that was told port 0 is found, without guessing at a port that another
    /// test might take first.
    pub(crate) async fn listening(&mut self) -> SocketAddr {
        let what = format!("{} to listen", self.name);
        wait::until(&what, async || {
            self.assert_alive();
            let port = listening_ports(self.pid()).ok()?.into_iter().min()?;
            Some(SocketAddr::from(([127, 0, 0, 1], port)))
        })
        .await
    }

    /// Ends the process as a crash would: no signal handler runs.
    pub(crate) fn kill9(&mut self) -> ExitStatus {
        self.end_seen = true;
        self.child.kill().unwrap();
        self.child.wait().unwrap()
    }

    /// Sends a signal by its name without `SIG`, such as `TERM`.
    pub(crate) fn signal(&self, signal: &str) {
        // The standard library can only kill; the shell's built-in `kill` is on every machine.
        let script = format!("kill -{signal} {}", self.pid());
        let status = Command::new("sh").args(["-c", &script]).status().unwrap();
        assert!(status.success(), "cannot signal {}", self.name);
    }

    /// Waits for the process to end by itself.
    pub(crate) async fn ended(&mut self) -> ExitStatus {
        let what = format!("{} to end", self.name);
        self.end_seen = true;
        wait::until(&what, async || self.child.try_wait().unwrap()).await
    }

    fn assert_alive(&mut self) {
        if let Some(status) = self.child.try_wait().unwrap() {
            panic!("{} ended with {status}", self.name);
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let ended = self.child.try_wait().ok().flatten();
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
        let surprise = ended.filter(|_| !self.end_seen);
        let is_failing = std::thread::panicking();
        if is_failing || surprise.is_some() {
            let log = self.log();
            let lines: Vec<&str> = log.lines().collect();
            let tail = &lines[lines.len().saturating_sub(LOG_TAIL)..];
            eprintln!(
                "--- {} (pid {}):\n{}",
                self.name,
                self.pid(),
                tail.join("\n")
            );
        }
        if let (Some(status), false) = (surprise, is_failing) {
            panic!("{} ended by itself with {status}", self.name);
        }
    }
}

fn listening_ports(pid: u32) -> io::Result<Vec<u16>> {
    let mut sockets = HashSet::new();
    for descriptor in fs::read_dir(format!("/proc/{pid}/fd"))? {
        let target = fs::read_link(descriptor?.path())?;
        if let Some(inode) = target.to_string_lossy().strip_prefix("socket:[") {
            sockets.insert(inode.trim_end_matches(']').to_owned());
        }
    }
    let table = fs::read_to_string(format!("/proc/{pid}/net/tcp"))?;
    let port = |line: &str| {
        // Fields as in proc(5): local address, remote address, state (0A: listen), …, inode.
        let fields: Vec<&str> = line.split_whitespace().collect();
        let is_ours = *fields.get(3)? == "0A" && sockets.contains(*fields.get(9)?);
        let (_, port) = fields[1].split_once(':')?;
        is_ours.then(|| u16::from_str_radix(port, 16).ok())?
    };
    Ok(table.lines().filter_map(port).collect())
}

/// These are tests of the harness: a harness that cannot see a program start or end would make
/// every other test lie.
mod tests {
    use std::panic::AssertUnwindSafe;

    use super::*;

    fn shell(folder: &Path, script: &str) -> Process {
        Process::start("script", folder, Command::new("sh").args(["-c", script]))
    }

    #[tokio::test]
    async fn a_word_in_the_log_is_found_in_text_and_in_json() {
        for line in [
            "at http://127.0.0.1:80 now",
            r#"{"message":"at http://127.0.0.1:80"}"#,
        ] {
            let folder = tempfile::tempdir().unwrap();
            let mut process = shell(folder.path(), &format!("echo '{line}'; exec sleep 60"));
            assert_eq!(process.word_after("at http://127.0.0.1:").await, "80");
        }
    }

    #[tokio::test]
    async fn a_signal_reaches_the_program_and_its_exit_code_comes_back() {
        let folder = tempfile::tempdir().unwrap();
        let script = "trap 'exit 3' TERM; echo ready now; while :; do sleep 0.01; done";
        let mut process = shell(folder.path(), script);
        process.word_after("ready ").await;
        process.signal("TERM");
        assert_eq!(process.ended().await.code(), Some(3));
    }

    #[tokio::test]
    async fn a_program_that_dies_unnoticed_fails_the_test() {
        let folder = tempfile::tempdir().unwrap();
        let mut process = shell(folder.path(), "echo last words; exec sleep 60");
        process.word_after("last ").await;
        process.signal("KILL");
        let is_dead = async || process.child.try_wait().unwrap();
        wait::until("the script to die", is_dead).await;
        let dropped = std::panic::catch_unwind(AssertUnwindSafe(|| drop(process)));
        let message = dropped.unwrap_err().downcast::<String>().unwrap();
        assert!(message.starts_with("script ended by itself"), "{message}");
    }

    #[tokio::test]
    async fn the_log_of_a_restarted_program_begins_anew() {
        let folder = tempfile::tempdir().unwrap();
        let mut first = shell(folder.path(), "echo first run; exec sleep 60");
        first.word_after("first ").await;
        assert_eq!(first.kill9().code(), None);
        let mut second = shell(folder.path(), "echo second run; exec sleep 60");
        second.word_after("second ").await;
        assert_eq!(second.log(), "second run\n");
    }
}
